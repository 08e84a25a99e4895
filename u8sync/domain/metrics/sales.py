"""Revenue, gross profit, the margin of both, and growth."""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.metrics.metric import Metric, percent_of
from u8sync.domain.model import Facts
from u8sync.text import msg

__all__ = ["GROSS_MARGIN", "GROSS_PROFIT", "GROWTH", "REVENUE"]


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


def _gross_margin(facts: Facts) -> pl.Expr:
    """Gross profit in percent of the revenue of the posted months, where that is above 0 and cost is known.

    At most 100: when more goods came back than were sold, cost is negative, and a share above the whole would fall as
    revenue grows. So more revenue at the same cost, or more profit at the same revenue, never lowers it.
    """
    revenue = pl.col("revenue_posted")
    share = percent_of(_gross_profit(facts), revenue)
    return pl.when(share > 100).then(100).otherwise(share)  # noqa: PLR2004 - per cent


def _growth(facts: Facts) -> pl.Expr:
    """Change of revenue against the window before, in percent of what it was there.

    -100 for a customer with business and no invoice. Null where the window before has no revenue above 0: there is no
    share of nothing, and a new customer is told by its length of relation.
    """
    before = pl.col("revenue_before")
    return percent_of(_revenue(facts) - before, before)


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

GROSS_MARGIN: Final = Metric(
    label=msg("gross margin"),
    unit="percent",
    higher_is_better=True,
    fields=(),
    null_means=msg("no posted cost, or no revenue above 0 in the posted months"),
    source="SaleBillVouch(s).iNatMoney, IA_Subsidiary.iAOutPrice",
    measure=_gross_margin,
    evidence="documents",
)

GROWTH: Final = Metric(
    label=msg("growth of revenue"),
    unit="percent",
    higher_is_better=True,
    fields=(),
    null_means=msg("no revenue above 0 in the window before, or no business in this one"),
    source="SaleBillVouch(s).iNatMoney",
    measure=_growth,
    extras=frozenset({"before"}),
    evidence="documents",
)
