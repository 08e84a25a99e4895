"""One past day, looked back on: who was a customer then, how the policy judges it, and what followed.

No look-ahead. The facts of an evaluation are those of a window that ends on its day, and documents are dated, so what
came later is not in them. Who was a customer then follows from a date on the card or a document *up to* that day.
:data:`UNKNOWABLE` says what a replay cannot know all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from u8sync.domain.baselines import LAST_REVENUE, with_rfm
from u8sync.domain.decision import judge_customers
from u8sync.domain.edited import written_tiers
from u8sync.domain.mapping import CODE, CustomerMapping
from u8sync.domain.model import MONEY, Facts
from u8sync.domain.policy import Policy
from u8sync.domain.schedule import Slot
from u8sync.text import Message, msg

__all__ = ["NEXT_REVENUE", "UNKNOWABLE", "Look", "customers_then", "look_back"]

NEXT_REVENUE: Final = "next_revenue"
"""Column: revenue of the outcome, net of returns; 0 without a document."""

UNKNOWABLE: Final[tuple[Message, ...]] = (
    msg("Documents count from their own date, also where they were approved, changed or deleted later."),
    msg("Costs count in the month they belong to, also where they were posted after the evaluation day."),
    msg("Fields of the customer archive (class, region), exclusions and pins are those of today."),
    msg("Customers that were deleted from the archive since are missing."),
)
"""What no replay can know, for every report of one."""


@dataclass(frozen=True)
class Look:
    """One evaluation, with what followed.

    Attributes:
        slot: When.
        judged: One row a customer of the day: the columns of :func:`u8sync.domain.decision.judge_customers`,
            ``next_revenue``, ``last_revenue`` and ``rfm``.
        not_yet: Customers of today's archive that no date on the card and no document shows to have been there.
        newcomers: Net revenue of the outcome from those.
    """

    slot: Slot
    judged: pl.DataFrame
    not_yet: int
    newcomers: Decimal


def customers_then(canonical: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """The customers that were there on the day that the facts were asked for: a card or a document says so.

    Nothing after the day is looked at: a customer without any date on its card is there from its first document on.
    """
    dates = [name for name in ("developed_on", "created_on") if name in canonical.columns]
    day = facts.window.looked_at_on
    documented = facts.frame.filter(
        (pl.col("first_sale_on") <= day).fill_null(value=False)
        | pl.col("revenue").is_not_null()
        | (pl.col("invoices") + pl.col("orders") > 0)
    )
    known = pl.any_horizontal(
        pl.col(CODE).is_in(documented["code"].implode()),
        *((pl.col(name) <= day).fill_null(value=False) for name in dates),
    )
    return canonical.filter(known)


def look_back(
    slot: Slot,
    canonical: pl.DataFrame,
    *,
    facts: Facts,
    outcome: Facts,
    before: Facts,
    mapping: CustomerMapping,
    policy: Policy,
    way: str,
    protected: Collection[str],
) -> Look:
    """Judge the customers of a past day, and lay beside each what followed.

    Args:
        slot: When.
        canonical: Today's archive, see :func:`u8sync.domain.mapping.read_customers`.
        facts: Of the policy's window that ends on the day.
        outcome: Of the days after it; only the revenue is used.
        before: Of the period before it; only the revenue is used.
        mapping: As for a run.
        policy: As for a run.
        way: As for a run.
        protected: As for a run.
    """
    # The tiers that U8 holds today are news of later days; which tier a customer had then follows from the replay.
    untold = [pl.lit(None, dtype=canonical.schema[f.name]).alias(f.name) for f in written_tiers(mapping, way)]
    there = customers_then(canonical, facts).with_columns(untold)
    judged = judge_customers(there, facts, mapping=mapping, policy=policy, way=way, protected=protected)
    later = canonical.select(CODE).join(there.select(CODE), on=CODE, how="anti")
    revenue_of_later = later.join(_revenue(outcome, NEXT_REVENUE), on=CODE, how="inner")[NEXT_REVENUE].sum()
    beside = judged
    for side, name in ((outcome, NEXT_REVENUE), (before, LAST_REVENUE)):
        beside = beside.join(
            _revenue(side, name), on=CODE, how="left", maintain_order="left", validate="1:1"
        ).with_columns(pl.col(name).fill_null(0))
    return Look(slot, with_rfm(beside), not_yet=later.height, newcomers=Decimal(revenue_of_later or 0))


def _revenue(facts: Facts, name: str) -> pl.DataFrame:
    return facts.frame.select("code", pl.col("revenue").cast(MONEY).alias(name))
