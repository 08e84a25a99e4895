"""The free numbers of a policy: its weights, and the scores from which its tiers begin.

What lives here: taking them out, putting others in, and the bounds that keep tiers as large as wanted. What does not:
which numbers are good (``suggestion.py``) and how they get into a file (``config/policy_edit.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Final

import polars as pl

from u8sync.domain.policy import SCORE, Condition, Policy, Tier, Weight
from u8sync.domain.tiers import meets

__all__ = ["STEP", "WHOLE", "Numbers", "bounds_for", "free_bound", "free_tiers", "numbers_of", "with_numbers"]

WHOLE: Final = 100
"""What all weights add up to, and the highest score."""

STEP: Final = Decimal("0.1")
"""Bounds are multiples of this."""


@dataclass(frozen=True)
class Numbers:
    """What a suggestion may change.

    Attributes:
        weights: Metric -> percent, at least 1 each, 100 together; in the order of the policy.
        bounds: Tier -> least score, for the tiers that ask for one; the higher the tier, the higher the score.
    """

    weights: Mapping[str, int]
    bounds: Mapping[str, Decimal]


def free_bound(tier: Tier) -> Condition | None:
    """The condition of a tier whose bound is free: a least score and nothing else; null when it has none."""
    for condition in tier.conditions:
        if condition.subject == SCORE and condition.at_least is not None and condition.below is None:
            return None if condition.ranked else condition
    return None


def free_tiers(policy: Policy) -> tuple[Tier, ...]:
    """The tiers with a free bound, from the top."""
    return tuple(tier for tier in policy.tiers if free_bound(tier) is not None)


def numbers_of(policy: Policy) -> Numbers:
    """The free numbers as the policy has them."""
    bounds = {tier.name: bound.at_least for tier in policy.tiers if (bound := free_bound(tier)) is not None}
    return Numbers(
        {weight.metric: weight.percent for weight in policy.weights},
        {name: bound for name, bound in bounds.items() if bound is not None},
    )


def with_numbers(policy: Policy, numbers: Numbers) -> Policy:
    """The policy with other numbers.

    A metric that the policy does not name is ranked among all customers, and left out where it is unknown; one that
    ``numbers`` do not name is dropped.
    """
    known = {weight.metric: weight for weight in policy.weights}
    usual = Weight("", 0, "leave_out", policy.weights[0].place)
    return replace(
        policy,
        weights=tuple(
            replace(known.get(metric, usual), metric=metric, percent=percent)
            for metric, percent in numbers.weights.items()
        ),
        tiers=tuple(_with_bound(tier, numbers.bounds.get(tier.name)) for tier in policy.tiers),
    )


def _with_bound(tier: Tier, bound: Decimal | None) -> Tier:
    free = free_bound(tier)
    if bound is None or free is None:
        return tier
    return replace(tier, conditions=tuple(replace(c, at_least=bound) if c is free else c for c in tier.conditions))


def bounds_for(scored: Sequence[pl.DataFrame], policy: Policy, sizes: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """The lowest bounds with which no tier, taken with all above it, is larger than wanted.

    A tier that nobody could reach whatever the score keeps its bound, as far as the order of the ladder allows.

    Args:
        scored: The customers of each evaluation: ``n × (rated, score, *METRICS)``; all evaluations count together.
        policy: The ladder; what its tiers ask for beside the score stays.
        sizes: Tier -> share of the rated customers, 0 to 1; one for each of :func:`free_tiers`.
    """
    tiers = free_tiers(policy)
    rated = [frame.filter("rated") for frame in scored]
    people = sum(frame.height for frame in rated)
    found: dict[str, Decimal] = {}
    least = Decimal(0)
    for index in reversed(range(len(tiers))):
        upto = tiers[: index + 1]
        allowed = int(sum((sizes[tier.name] for tier in upto), Fraction(0)) * people)
        reached = pl.any_horizontal(*(_rest(tier) for tier in upto))
        scores = pl.concat([frame.filter(reached)[SCORE] for frame in rated]).drop_nulls()
        bound = least
        if scores.len() > allowed:
            # The best one that must stay outside: the bound is the next step above its score.
            outside: Decimal = scores.sort(descending=True)[allowed]
            bound = max(least, (outside / STEP).to_integral_value(ROUND_FLOOR) * STEP + STEP)
        elif scores.is_empty():
            now = free_bound(tiers[index])
            bound = max(least, now.at_least if now and now.at_least is not None else least)
        found[tiers[index].name] = min(bound, Decimal(WHOLE) - STEP * index)
        least = found[tiers[index].name] + STEP
    return {tier.name: found[tier.name] for tier in tiers}


def _rest(tier: Tier) -> pl.Expr:
    """Whether a customer meets all that a tier asks for beside the score."""
    free = free_bound(tier)
    rest = [meets(condition) for condition in tier.conditions if condition is not free and not condition.ranked]
    return pl.all_horizontal(pl.lit(value=True), *rest)
