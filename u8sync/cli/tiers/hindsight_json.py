"""What was found in hindsight, as JSON: shares and amounts are decimal text, days ISO dates, keys are stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from u8sync.cli.tiers.periods import months_words
from u8sync.domain.canonical import Json, decimal_text
from u8sync.text import Message

if TYPE_CHECKING:
    from u8sync.bootstrap.hindsight import History
    from u8sync.domain.backtest import Backtest

__all__ = ["backtest_json", "history_json", "plain"]


def plain(value: object) -> Json:
    """A value of the domain with only what JSON knows; a dataclass becomes an object with its fields' names."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, Message):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return _single(value)


def _single(value: object) -> Json:
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return decimal_text(value)
        case date() | Message():
            return str(value)
        case _:
            raise TypeError(f"no JSON form for {type(value).__name__}")


def history_json(history: History) -> dict[str, Json]:
    """What was looked at."""
    return {
        "account_set": history.past.account_set.key,
        "policy": history.shown_as,
        "policy_digest": history.policy.digest,
        "until": history.schedule.until.isoformat(),
        "every": months_words(history.schedule.every),
        "horizon": months_words(history.schedule.horizon),
    }


def backtest_json(history: History, found: Backtest) -> dict[str, Json]:
    """The whole of a back-test."""
    return {
        **history_json(history),
        "periods": plain(found.periods),
        "overall": plain(found.overall),
        "churn": plain({"periods": found.churn, "overall": found.churn_overall}),
        "churn_with_movement": None
        if found.moved_churn is None
        else plain({"periods": found.moved_churn, "overall": found.moved_churn_overall}),
        "notes": plain(found.notes),
    }
