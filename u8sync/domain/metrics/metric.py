"""What a metric is: one exact figure a customer, with its unit, its direction and what null means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from u8sync.domain.model import MONEY, Extra, Facts
from u8sync.text import Message

__all__ = ["Evidence", "Metric", "Unit", "percent_of"]

Unit = Literal["money", "percent", "count", "orders_per_year", "days", "months", "years"]
"""``money``: home currency, four decimals, untaxed unless the label says otherwise. ``percent``: 0 to 100 where it is a
share, any number where it is a change. ``count``: documents."""

Evidence = Literal["documents"]
"""What the reliability of a figure grows with: ``documents``, the column of that name of :func:`measure`."""


@dataclass(frozen=True)
class Metric:
    """An entry of the table of metrics.

    Attributes:
        label: What people call it.
        unit: Unit of its values.
        higher_is_better: Direction: whether more of it lifts the score.
        fields: Canonical fields of the mapping that it reads besides the facts; they are part of what must still hold
            when a change that rests on the metric is written.
        null_means: What an unknown value says.
        source: Where U8 keeps what it is made of.
        measure: Facts -> expression over ``facts ⋈ canonical customers``, Decimal with four places; null: unknown.
        extras: What must be read of the documents besides the usual; where it was not, every value is null.
        additive: Whether a sum over several customers means something.
        evidence: What few of make the value unreliable, so that it may be drawn towards that of the group; null for a
            sum or a count, which is what it is however small.
    """

    label: Message
    unit: Unit
    higher_is_better: bool
    fields: tuple[str, ...]
    null_means: Message
    source: str
    measure: Callable[[Facts], pl.Expr]
    extras: frozenset[Extra] = frozenset()
    additive: bool = False
    evidence: Evidence | None = None


def percent_of(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """``part`` in percent of ``whole``, to four decimals; null where ``whole`` is not above 0."""
    above = pl.when(whole > 0).then(whole)
    return ((part * 100).cast(MONEY) / above).cast(MONEY)
