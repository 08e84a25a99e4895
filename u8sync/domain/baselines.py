"""What a policy is measured against: the two orders in which most companies would call their customers without it.

What lives here: the orders, and how much of an amount the first customers of any order hold. What does not: periods,
tiers and what is made of the figures (``backtest.py``).

Tie rule, for every order and for the policy's own score alike: customers that stand level are one group, and a cut
inside a group takes the group's mean amount times the places that are left. The places may be a fraction: the top 5 %
of 30 customers are one and a half. So a figure depends on no order of rows, and no luck helps an order with few steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final, Literal

import polars as pl

from u8sync.domain.model import MONEY

__all__ = ["BASELINES", "LAST_REVENUE", "QUINTILES", "RFM", "Baseline", "Curve", "curve", "with_rfm"]

Baseline = Literal["last_revenue", "rfm"]

LAST_REVENUE: Final = "last_revenue"
"""Column and name of the order by revenue of the period before: as long as the one to come, up to the same day."""

RFM: Final = "rfm"
"""Column and name of the order by the sum of the quintiles of recency, frequency and revenue, 3 to 15."""

BASELINES: Final[tuple[Baseline, ...]] = (LAST_REVENUE, RFM)

QUINTILES: Final = 5

_LATELY_OFTEN_MUCH: Final = (("recency", True), ("order_frequency", False), ("revenue", False))
"""The metrics that the quintiles are made of, over the policy's own window; whether less of it is better."""


def with_rfm(judged: pl.DataFrame) -> pl.DataFrame:
    """The frame with the column :data:`RFM`.

    The quintile of a customer follows from its place among the rated: ``1 + 5 x (beaten + level with / 2) / n``, cut to
    a whole number. Level customers so get the same quintile, that of the middle of their group.

    Args:
        judged: ``n × (code, rated, recency, order_frequency, revenue)``.

    Returns:
        ``judged`` with ``rfm``: Int64; null where the customer is not rated. An unknown metric counts as the lowest
        quintile.
    """
    rated = pl.col("rated")
    parts = []
    for metric, descending in _LATELY_OFTEN_MUCH:
        value = pl.when(rated).then(pl.col(metric))
        lowest, highest = (value.rank(way, descending=descending).cast(pl.Int64) for way in ("min", "max"))
        # beaten = lowest - 1, level with = highest - lowest: twice the middle place is their sum.
        quintile = 1 + QUINTILES * (lowest + highest - 2) // (2 * value.is_not_null().sum().cast(pl.Int64))
        parts.append(quintile.fill_null(1))
    return judged.with_columns(pl.when(rated).then(pl.sum_horizontal(*parts)).alias(RFM))


@dataclass(frozen=True)
class Curve:
    """How much the first customers of an order hold, for any number of them.

    Attributes:
        groups: One row a group of level customers, best first: ``places`` and ``amount``, both added up from the top.
    """

    groups: pl.DataFrame

    def first(self, places: Fraction | int) -> Fraction:
        """What the first so many customers hold; all of it when there are not so many."""
        if places <= 0 or self.groups.is_empty():
            return Fraction(0)
        # Places are whole: the first group that reaches a fraction is the first that reaches the next number.
        at = min(int(self.groups["places"].search_sorted(ceil(places))), self.groups.height - 1)
        before, held = self._up_to(at - 1)
        upto, with_group = self._up_to(at)
        return held + (with_group - held) * min(Fraction(1), (places - before) / Fraction(upto - before))

    def _up_to(self, at: int) -> tuple[int, Fraction]:
        if at < 0:
            return 0, Fraction(0)
        amount: Decimal = self.groups["amount"][at]
        return self.groups["places"][at], Fraction(amount)


def curve(customers: pl.DataFrame, *, by: str, amount: str) -> Curve:
    """The curve of an order.

    Args:
        customers: ``n × (by, amount)``; amounts are not negative.
        by: The column that orders; more is better, unknown comes last.
        amount: The column that is added up; Decimal.
    """
    groups = (
        customers.group_by(by)
        .agg(pl.len().cast(pl.Int64).alias("places"), pl.col(amount).cast(MONEY).sum().alias("amount"))
        .sort(by, descending=True, nulls_last=True)
        .select(pl.col("places", "amount").cum_sum())
    )
    return Curve(groups)
