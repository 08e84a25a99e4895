"""The customers of each tier, for the people who act on its service policy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import polars as pl

from u8sync.domain.edges import near_edges
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import METRICS, extras_for
from u8sync.domain.policy import SCORE, Policy, Tier
from u8sync.domain.tiers import CURRENT, TIER

__all__ = ["By", "TierList", "known_tiers", "list_tiers", "metrics_read"]

By = Literal["recommended", "current"]
"""Which tier puts a customer on a list: the one that the policy gives, or the one that U8 holds."""


@dataclass(frozen=True)
class TierList:
    """The customers of one tier.

    Attributes:
        name: The tier; null: U8 holds none, or a value that the mapping does not know.
        tier: The step of the ladder; null when the ladder has no such tier.
        customers: ``n × (code, name, current, recommended, score, borderline, *metrics)``, the highest score first,
            then by code; ``name`` is null where the mapping has none; see :func:`metrics_read`.
        edges: Of those that are borderline, see :func:`u8sync.domain.edges.near_edges`.
    """

    name: str | None
    tier: Tier | None
    customers: pl.DataFrame
    edges: pl.DataFrame


def metrics_read(policy: Policy) -> tuple[str, ...]:
    """The metrics that can be shown: those that need no more of the documents than was read for the policy."""
    read = extras_for(policy.metrics)
    return tuple(name for name, metric in METRICS.items() if metric.extras <= read)


def known_tiers(judged: pl.DataFrame, policy: Policy, by: By) -> tuple[str, ...]:
    """The tiers that can be listed: those of the ladder, and those that only U8 holds where that is asked."""
    ladder = [tier.name for tier in policy.tiers]
    if by == "recommended":
        return tuple(ladder)
    held = judged.filter("eligible")[CURRENT].drop_nulls().unique().sort().to_list()
    return tuple(dict.fromkeys([*ladder, *held]))


def list_tiers(judged: pl.DataFrame, policy: Policy, by: By, wanted: Collection[str] = ()) -> tuple[TierList, ...]:
    """Put every customer that gets a tier on the list of one.

    Args:
        judged: See :attr:`u8sync.domain.decision.Decision.customers`.
        policy: By which it was judged.
        by: Which tier counts.
        wanted: Only these tiers; none: all, and those whose tier in U8 is empty or not known as the last one if there
            are any.
    """
    name = pl.col("name").cast(pl.String) if "name" in judged.columns else pl.lit(None, dtype=pl.String).alias("name")
    eligible = judged.filter("eligible")
    edges = near_edges(eligible, policy)
    listed = eligible.with_columns(pl.col(CODE).is_in(edges[CODE].unique().to_list()).alias("borderline")).select(
        CODE, name, CURRENT, TIER, SCORE, "borderline", *metrics_read(policy)
    )
    ordered = listed.sort(pl.col(SCORE), CODE, descending=[True, False], nulls_last=True)
    column = TIER if by == "recommended" else CURRENT
    names: list[str | None] = [each for each in known_tiers(judged, policy, by) if not wanted or each in wanted]
    if not wanted and ordered[column].null_count():
        names.append(None)
    steps = {tier.name: tier for tier in policy.tiers}
    lists = []
    for each in names:
        customers = ordered.filter(pl.col(column).eq_missing(pl.lit(each, dtype=pl.String)))
        near = edges.join(customers.select(CODE), on=CODE, how="semi", maintain_order="left")
        lists.append(TierList(each, steps.get(each or ""), customers, near))
    return tuple(lists)
