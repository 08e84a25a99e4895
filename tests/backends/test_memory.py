"""What the backend in memory adds to the contract: a journal, hooks, and rows that somebody else changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from u8sync.backends.memory import JournalEntry, MemoryBackend
from u8sync.domain.model import FACTS_SCHEMA, AccountSet, Facts, Month, Window
from u8sync.errors import TransientError, UnknownOutcomeError
from u8sync.ports import ColumnLimit, Edit, Stamp
from u8sync.text import msg

STAMP = Stamp("u8sync", datetime(2026, 4, 1, tzinfo=UTC))
GOLD = Edit("A", {"cCusDefine4": None}, {"cCusDefine4": "金"})


class Quiet:
    def start(self, step: Any, total: Any) -> None: ...
    def advance(self, units: Any) -> None: ...
    def finish(self) -> None: ...


def memory(facts: Any = None) -> MemoryBackend:
    account = AccountSet("memory", "", "UFDATA_999_2020", "999", "测试", "")
    return MemoryBackend(account, {"A": {"cCusName": "甲"}, "B": {}}, facts, writable={"cCusDefine4": ColumnLimit(10)})


def test_the_journal_holds_what_was_written_and_nothing_else() -> None:
    backend = memory()
    backend.change("B", {"cCusDefine4": "银"})
    backend.write([GOLD, Edit("B", {"cCusDefine4": "铜"}, {"cCusDefine4": "金"})], STAMP)
    assert backend.journal == [JournalEntry("A", "cCusDefine4", None, "金")]


def test_a_hook_can_change_a_row_between_the_call_and_the_decision() -> None:
    backend = memory()
    backend.on_write = lambda _edits: backend.change("A", {"cCusDefine4": "银"})
    (outcome,) = backend.write([GOLD], STAMP)
    assert (outcome.status, outcome.seen) == ("conflict", {"cCusDefine4": "银"})


def test_an_error_before_the_write_leaves_nothing_behind() -> None:
    backend = memory()

    def busy(edits: Any) -> None:
        raise TransientError(msg("busy"))

    backend.on_write = busy
    with pytest.raises(TransientError):
        backend.write([GOLD], STAMP)
    assert backend.journal == []
    assert backend.read(["A"], ["cCusDefine4"])["A"].values == {"cCusDefine4": None}


def test_an_error_after_the_write_is_an_answer_that_went_missing() -> None:
    backend = memory()

    def lost(edits: Any) -> None:
        raise UnknownOutcomeError(msg("lost"))

    backend.on_written = lost
    with pytest.raises(UnknownOutcomeError):
        backend.write([GOLD], STAMP)
    assert backend.read(["A"], ["cCusDefine4"])["A"].values == {"cCusDefine4": "金"}


def test_the_customers_given_are_not_changed() -> None:
    given = {"A": {"cCusDefine4": None}}
    account = AccountSet("memory", "", "UFDATA_999_2020", "999", "测试", "")
    MemoryBackend(account, given, writable={"cCusDefine4": ColumnLimit(10)}).write([GOLD], STAMP)
    assert given == {"A": {"cCusDefine4": None}}


def test_a_frame_of_facts_counts_as_posted_for_all_complete_months() -> None:
    frame = pl.DataFrame({"code": ["A"], "invoices": [1], "orders": [0]}, schema_overrides=FACTS_SCHEMA)
    backend = memory(frame)
    assert backend.facts(Window(date(2026, 1, 1), date(2026, 3, 15)), Quiet()).posted == (
        Month(2026, 1),
        Month(2026, 2),
    )
    assert backend.facts(Window(date(2026, 1, 1), date(2026, 1, 15)), Quiet()).posted is None
    assert memory().facts(Window(date(2026, 1, 1), date(2026, 1, 31)), Quiet()).frame.is_empty()


@pytest.mark.parametrize("as_function", [False, True])
def test_extras_are_told_only_when_they_are_asked_for(as_function: bool) -> None:  # noqa: FBT001
    frame = pl.DataFrame(
        {"code": ["A"], "invoices": [1], "orders": [0], "active_months": [3], "receipts": [Decimal(5)]},
        schema_overrides=FACTS_SCHEMA,
    )
    whole = pl.concat([pl.DataFrame(schema=FACTS_SCHEMA), frame], how="diagonal")
    backend = memory(facts=(lambda window: Facts(whole, window, None)) if as_function else whole)
    window = Window(date(2026, 1, 1), date(2026, 1, 31))
    for extras, told in ((set(), (None, None)), ({"months"}, (3, None)), ({"months", "receivables"}, (3, 5))):
        [row] = backend.facts(window, Quiet(), frozenset(extras)).frame.to_dicts()
        assert (row["active_months"], row["receipts"]) == told
