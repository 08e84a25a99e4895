"""Operators on dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from u8sync.domain.operators.operator import Canonical, Refusal
from u8sync.text import msg

__all__ = ["Day"]


@dataclass(frozen=True)
class Day:
    """A day in the form ``YYYY-MM-DD``, as every way into U8 gives it."""

    def read(self, value: pl.Expr) -> pl.Expr:
        """The day; null when the text is no date."""
        day = value.str.to_date("%Y-%m-%d", strict=False)
        # polars alone would take 24-01-05 for a day of the year 24, and knows years that Python does not.
        exact = value.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$") & (day >= pl.lit(date.min))
        return pl.when(exact).then(day)

    def refuses(self, value: pl.Expr) -> Refusal | None:
        """Text that is no date."""
        return value.is_not_null() & self.read(value).is_null(), msg("is not a date (YYYY-MM-DD)")

    def write(self, value: Canonical) -> Canonical:
        """``YYYY-MM-DD``."""
        if value is None:
            return None
        return date.fromisoformat(str(value)).isoformat()
