"""Stored values as the OpenAPI writes them: nearly everything is text, and what is empty is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["amount", "day", "drop_empty", "figure", "flag", "given", "original"]

UNITS: Final = 10_000
"""Amounts are stored in ten-thousandths."""
CENT: Final = 100


def amount(units: int | None) -> str | None:
    """An amount, stored in ten-thousandths, with four decimals."""
    if units is None:
        return None
    whole, rest = divmod(abs(units), UNITS)
    return f"{'-' if units < 0 else ''}{whole}.{rest:04d}"


def figure(value: float | None) -> str | None:
    """A quantity, a price or a rate, with four decimals; never ``-0.0000``."""
    if value is None:
        return None
    text = f"{value:.4f}"
    return text[1:] if text == "-0.0000" else text


def day(stored: str | None) -> str | None:
    """The day of a stored point in time: ``yyyy-MM-dd``."""
    return stored[:10] if stored else None


def flag(stored: int | None) -> str:
    """``1`` or ``0``; null is 0."""
    return str(int(bool(stored)))


def given(stored: str | None) -> str | None:
    """A person who did something; blanks mean that nobody did."""
    return stored if stored and stored.strip() else None


def original(units: int | None, rate: float | None) -> int | None:
    """An amount of the home currency in the document's own; ten-thousandths both.

    Order lines of an embedded account set hold the home currency only. Documents are made out in cents, so the rounding
    gives back the amount that the home currency was worked out from.
    """
    if units is None or rate is None or rate in {0, 1}:
        return units
    return round(units / rate / CENT) * CENT


def drop_empty(row: Mapping[str, object]) -> dict[str, object]:
    """The row without fields that are null or the empty text."""
    return {name: value for name, value in row.items() if value is not None and value != ""}
