"""What a metric is: one exact figure a customer, with its unit, its direction and what null means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from u8sync.domain.model import Facts
from u8sync.text import Message

__all__ = ["Metric", "Unit"]

Unit = Literal["money", "orders_per_year", "days", "years"]
"""``money``: home currency, untaxed, four decimals."""


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
    """

    label: Message
    unit: Unit
    higher_is_better: bool
    fields: tuple[str, ...]
    null_means: Message
    source: str
    measure: Callable[[Facts], pl.Expr]
    additive: bool = False
    evidence: str | None = None
