"""The figures of one customer as an audit record holds them, read strictly; a figure that is missing is an error."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

__all__ = ["UNIT", "Rule", "count", "decimal", "from_units", "in_top_percent", "in_top_share", "share_of", "to_units"]

UNIT: Final = 10_000
"""Ten-thousandths in one point: the arithmetic is on these."""

Rule = Mapping[str, Any]
"""A part of the recorded rules or of a recorded reason."""


def count(value: object) -> int | None:
    """A whole number; null stays null. Raises TypeError for anything else."""
    if value is not None and type(value) is not int:
        raise TypeError(value)
    return value


def decimal(text: str | None) -> Decimal | None:
    """A decimal; null stays null."""
    return None if text is None else Decimal(text)


def to_units(value: Decimal) -> int:
    """Ten-thousandths; what is finer is cut."""
    return int(value.scaleb(4))


def from_units(units: int | None) -> Decimal | None:
    """Ten-thousandths as a decimal; null stays null."""
    return None if units is None else Decimal(units).scaleb(-4)


def in_top_percent(beaten: int | None, others: int | None, top: str) -> bool:
    """Whether a place is among the best ``top`` percent, as ``ranks.py`` defines it; no place is not."""
    if beaten is None or others is None:
        return False
    return (others - beaten + 1) * 100 * UNIT <= (others + 1) * to_units(Decimal(top))


def in_top_share(ahead: str | None, total: str | None, top: str) -> bool:
    """Whether a customer is among those that bring the first ``top`` percent, likewise."""
    if ahead is None or total is None:
        return False
    return to_units(Decimal(ahead)) * 100 * UNIT < to_units(Decimal(total)) * to_units(Decimal(top))


def share_of(ahead: str | None, total: str | None) -> Decimal | None:
    """What the customers ahead bring, in percent, four places; null when nobody asked or nobody brings any."""
    if ahead is None or total is None or not Decimal(total):
        return None
    return (100 * Decimal(ahead) / Decimal(total)).quantize(Decimal("0.0001"))
