"""The ladder: the highest tier whose conditions a customer meets and that has a place for it.

A quota goes to the best by score of those that meet the tier's conditions; customers that are level are taken together
or not at all, so that a quota is never exceeded and never splits a tie. Who finds no place is tried on the next tier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from u8sync.domain.metrics import METRICS
from u8sync.domain.model import amount
from u8sync.domain.policy import SCORE, Condition, Policy, Quota, Tier
from u8sync.domain.ranks import (
    UNIT,
    Standing,
    as_decimal,
    in_top_percent,
    in_top_share,
    place,
    units,
    with_groups,
)

__all__ = [
    "CAUSE",
    "CURRENT",
    "EARNED",
    "TIER",
    "gets_a_place",
    "line_up",
    "meets",
    "places_of",
    "quota_of",
    "ranked_conditions",
    "recommend",
    "standing_of",
    "stands_on",
]

TIER: Final = "recommended"
"""Column with the tier that a customer is to have."""

CAUSE: Final = "cause"
"""Column: why a customer gets no tier, as :class:`u8sync.domain.plan.Skipped` names it; null when it gets one."""

CURRENT: Final = "current"
"""Column: canonical meaning of the tier that U8 holds now; null when empty or not known."""

EARNED: Final = "tier.earned"
"""Column with the tier that the ladder gives; the recommended one follows it as fast as the movement rules allow."""

_OPEN: Final = "tier.open"
"""Column: rated customers that have not found their tier yet."""


def standing_of(condition: Condition) -> Standing:
    """The columns with the place that a condition asks for."""
    return Standing(f"{condition.subject}@{condition.within or ''}")


def quota_of(index: int) -> tuple[str, str, str]:
    """Names of the columns with the evidence of the quota of the tier with this index.

    How many of those that meet its conditions have a better score, how many the same, how many places there are; null
    for customers that do not meet them or had their tier already.
    """
    return f"quota{index}.ahead", f"quota{index}.tied", f"quota{index}.places"


def recommend(scored: pl.DataFrame, policy: Policy, *, placed: bool = False) -> pl.DataFrame:
    """Recommend a tier for every customer that is to have one.

    Args:
        scored: ``n × (code, rated, eligible, score, *METRICS)``, see :func:`u8sync.domain.scoring.score`.
            ``eligible`` marks the customers that get a tier at all; those of them that are not ``rated`` have no
            business in the window, or too little.
        policy: The ladder.
        placed: Whether ``scored`` holds the places already: it came from here, by a ladder that differs in its bounds
            only. Where customers stand does not depend on what is asked of them.

    Returns:
        ``scored`` with ``tier.earned`` and the same as ``recommended``, the name of a tier; null where the customer is
        not eligible. With the columns of :func:`standing_of` and :func:`quota_of`.
    """
    frame = scored if placed else _placed(scored, policy)
    frame = frame.with_columns(pl.col("rated").alias(_OPEN), pl.lit(None, dtype=pl.String).alias(EARNED))
    for index, step in enumerate(policy.tiers):
        frame = _filled(frame, index, step)
    earned = pl.when(pl.col("eligible")).then(pl.col(EARNED))
    frame = frame.with_columns(earned.alias(EARNED), earned.alias(TIER)).drop(_OPEN)
    return frame if placed else _with_amounts(frame, policy)


def _filled(frame: pl.DataFrame, index: int, tier: Tier) -> pl.DataFrame:
    """Put those who are still open and belong there on this step."""
    if tier.without_business:
        return frame.with_columns(pl.when(pl.col("rated")).then(EARNED).otherwise(pl.lit(tier.name)).alias(EARNED))
    taken = pl.col(_OPEN) & stands_on(tier)
    if tier.quota is not None:
        frame = frame.with_columns(line_up(quota_of(index), taken, places_of(tier.quota)))
        taken = gets_a_place(quota_of(index))
    return frame.with_columns(
        pl.when(taken).then(pl.lit(tier.name)).otherwise(EARNED).alias(EARNED), (pl.col(_OPEN) & ~taken).alias(_OPEN)
    )


def line_up(names: tuple[str, str, str], who: pl.Expr, places: pl.Expr) -> Iterator[pl.Expr]:
    """The columns of customers that stand in line for places, the best by score first.

    Args:
        names: What the columns are called: how many are ahead, how many level, how many places there are. They are null
            for everybody else.
        who: Whether a customer stands in line. Without a score it stands behind all that have one.
        places: How many places there are.
    """
    ahead, tied, there = names
    height = pl.when(who).then(units(SCORE).fill_null(-1))
    lowest, highest = (height.rank(way, descending=True).cast(pl.Int64) for way in ("min", "max"))
    yield (lowest - 1).alias(ahead)
    yield (highest - lowest).alias(tied)
    yield pl.when(who).then(places).alias(there)


def gets_a_place(names: tuple[str, str, str]) -> pl.Expr:
    """Whether a customer of the line gets a place; those who are level are taken together or not at all."""
    ahead, tied, places = (pl.col(name) for name in names)
    return (ahead + tied + 1 <= places).fill_null(value=False)


def places_of(quota: Quota) -> pl.Expr:
    """How many customers a tier takes, cut to whole ones."""
    if quota.customers is not None or quota.percent is None:
        return pl.lit(quota.customers, dtype=pl.Int64)
    return pl.col("rated").sum().cast(pl.Int64) * int(quota.percent * UNIT) // (100 * UNIT)


def _placed(scored: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add the places that conditions ask for."""
    ranked = ranked_conditions(policy)
    if not ranked:
        return scored
    fields = sorted({condition.within for condition in ranked if condition.within is not None})
    frame = with_groups(scored, fields, policy.smallest_group)
    return frame.with_columns(column for condition in ranked for column in _place(condition))


def ranked_conditions(policy: Policy) -> list[Condition]:
    """The conditions on places, one of those that ask for the same; with the sums if any of them needs them."""
    found: dict[str, Condition] = {}
    for tier in policy.tiers:
        for condition in tier.conditions:
            if condition.ranked:
                prefix = standing_of(condition).prefix
                if prefix not in found or condition.top_share is not None:
                    found[prefix] = condition
    return list(found.values())


def _place(condition: Condition) -> Iterator[pl.Expr]:
    subject = condition.subject
    return place(
        standing_of(condition),
        pl.when(pl.col("rated")).then(units(subject)),
        higher_is_better=subject == SCORE or METRICS[subject].higher_is_better,
        field=condition.within,
        sums=condition.top_share is not None,
    )


def _with_amounts(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Sums as decimals, now that nothing is reckoned with them any more."""
    sums = [
        name
        for condition in ranked_conditions(policy)
        if condition.top_share is not None
        for name in standing_of(condition).sums
    ]
    return frame.with_columns(as_decimal(pl.col(name)).alias(name) for name in sums) if sums else frame


def stands_on(tier: Tier) -> pl.Expr:
    """Whether a customer meets all that the tier asks for, its quota apart."""
    if tier.without_business:
        return ~pl.col("rated")
    return pl.all_horizontal(pl.col("rated"), *(meets(condition) for condition in tier.conditions))


def meets(condition: Condition) -> pl.Expr:
    """Whether a customer meets the condition; an unknown value meets none."""
    subject = pl.col(condition.subject)
    parts = [subject.is_not_null()]
    if condition.at_least is not None:
        parts.append(subject >= amount(condition.at_least))
    if condition.below is not None:
        parts.append(subject < amount(condition.below))
    if condition.top_percent is not None:
        parts.append(in_top_percent(standing_of(condition), condition.top_percent))
    if condition.top_share is not None:
        parts.append(in_top_share(standing_of(condition), condition.top_share))
    return pl.all_horizontal(*(part.fill_null(value=False) for part in parts))
