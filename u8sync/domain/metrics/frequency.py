"""How often, how steadily and how lately a customer orders.

The average amount of an order is no metric: one more small order lowers it, and more orders shall never lower a tier.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.metrics.metric import Metric
from u8sync.domain.model import MONEY, Facts
from u8sync.text import msg

__all__ = ["ACTIVE_MONTHS", "ORDER_COUNT", "ORDER_FREQUENCY", "RECENCY", "counted"]


def counted(facts: Facts) -> pl.Expr:
    """Approved orders of the window; accounts that keep no orders count invoices (the reader says which)."""
    return pl.col("orders" if facts.frame["orders"].sum() else "invoices")


def _order_count(facts: Facts) -> pl.Expr:
    return counted(facts).cast(MONEY)


def _order_frequency(facts: Facts) -> pl.Expr:
    """Approved orders a year. A short window counts as its floor: three orders of one month are not 36 a year."""
    return (counted(facts).cast(MONEY) * 365 / max(facts.window.days, facts.window.floor_days)).cast(MONEY)


def _active_months(_facts: Facts) -> pl.Expr:
    """Calendar months of the window with an approved order or invoice that is no return."""
    return pl.col("active_months").cast(MONEY)


def _recency(facts: Facts) -> pl.Expr:
    """Days from the last sale to the window's end; 0 on the last day itself."""
    return (pl.lit(facts.window.as_of) - pl.col("last_sale_on")).dt.total_days().cast(MONEY)


ORDER_COUNT: Final = Metric(
    label=msg("number of orders"),
    unit="count",
    higher_is_better=True,
    fields=(),
    null_means=msg("no document in the window"),
    source="SO_SOMain, SaleBillVouch",
    measure=_order_count,
    additive=True,
)

ACTIVE_MONTHS: Final = Metric(
    label=msg("months with business"),
    unit="months",
    higher_is_better=True,
    fields=(),
    null_means=msg("no document at all"),
    source="SO_SOMain.dDate, SaleBillVouch.dDate",
    measure=_active_months,
    extras=frozenset({"months"}),
)

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
