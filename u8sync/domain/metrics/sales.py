"""Revenue and gross profit."""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.metrics.metric import Metric
from u8sync.domain.model import Facts
from u8sync.text import msg

__all__ = ["GROSS_PROFIT", "REVENUE"]


def _revenue(_facts: Facts) -> pl.Expr:
    """Invoices less returns; 0 for a customer whose orders have not been invoiced."""
    return pl.when(pl.col("orders") > 0).then(pl.col("revenue").fill_null(0)).otherwise(pl.col("revenue"))


def _gross_profit(_facts: Facts) -> pl.Expr:
    """Revenue less cost, in the posted months only; null where U8 cannot know it yet.

    The two sides may fall into different months of the posted ones, so either may be missing. Cost without revenue is a
    loss. Revenue without any cost record is unknown, not all profit: nobody can tell a service from goods whose cost
    has not been posted.
    """
    return pl.when(pl.col("cost").is_not_null()).then(pl.col("revenue_posted").fill_null(0) - pl.col("cost"))


REVENUE: Final = Metric(
    label=msg("revenue"),
    unit="money",
    higher_is_better=True,
    fields=(),
    null_means=msg("no approved order or invoice in the window"),
    source="SaleBillVouch(s).iNatMoney",
    measure=_revenue,
    additive=True,
)

GROSS_PROFIT: Final = Metric(
    label=msg("gross profit"),
    unit="money",
    higher_is_better=True,
    fields=(),
    null_means=msg("stock accounting has posted no cost for this customer in the window"),
    source="SaleBillVouch(s).iNatMoney, IA_Subsidiary.iAOutPrice",
    measure=_gross_profit,
    additive=True,
)
