"""How often and how lately a customer orders."""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.metrics.metric import Metric
from u8sync.domain.model import MONEY, Facts
from u8sync.text import msg

__all__ = ["ORDER_FREQUENCY", "RECENCY"]


def _order_frequency(facts: Facts) -> pl.Expr:
    """Approved orders a year; accounts that keep no orders count invoices (the reader says which)."""
    count = "orders" if facts.frame["orders"].sum() else "invoices"
    return (pl.col(count).cast(MONEY) * 365 / facts.window.days).cast(MONEY)


def _recency(facts: Facts) -> pl.Expr:
    """Days from the last sale to the window's end; 0 on the last day itself."""
    return (pl.lit(facts.window.as_of) - pl.col("last_sale_on")).dt.total_days().cast(MONEY)


ORDER_FREQUENCY: Final = Metric(
    label=msg("order frequency"),
    unit="orders_per_year",
    higher_is_better=True,
    fields=(),
    null_means=msg("no document in the window"),
    source="SO_SOMain, SaleBillVouch",
    measure=_order_frequency,
)

RECENCY: Final = Metric(
    label=msg("days since the last sale"),
    unit="days",
    higher_is_better=False,
    fields=(),
    null_means=msg("never sold to"),
    source="SaleBillVouch.dDate, SO_SOMain.dDate",
    measure=_recency,
)
