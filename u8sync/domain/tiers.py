"""The ladder: the highest tier whose conditions a customer meets."""

from __future__ import annotations

from typing import Final

import polars as pl

from u8sync.domain.policy import Condition, Policy, Tier

__all__ = ["TIER", "meets", "recommend"]

TIER: Final = "recommended"
"""Column with the recommended tier."""


def recommend(scored: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Recommend a tier for every customer that is to have one.

    Args:
        scored: ``n × (code, rated, eligible, score, *METRICS)``, see :func:`u8sync.domain.scoring.score`.
            ``eligible`` marks the customers that get a tier at all; those of them that are not ``rated`` have no
            business in the window.
        policy: The ladder.

    Returns:
        ``scored`` with ``recommended``, the name of a tier; null where the customer is not eligible.
    """
    tier: pl.Expr = pl.lit(None, dtype=pl.String)
    for step in reversed(policy.tiers):
        tier = pl.when(_stands_on(step)).then(pl.lit(step.name)).otherwise(tier)
    return scored.with_columns(pl.when(pl.col("eligible")).then(tier).alias(TIER))


def _stands_on(tier: Tier) -> pl.Expr:
    if tier.without_business:
        return ~pl.col("rated")
    return pl.all_horizontal(pl.col("rated"), *(meets(condition) for condition in tier.conditions))


def meets(condition: Condition) -> pl.Expr:
    """Whether a customer meets the condition; an unknown value meets none."""
    subject = pl.col(condition.subject)
    bounds = [pl.lit(value=True)]
    if condition.at_least is not None:
        bounds.append(subject >= pl.lit(condition.at_least))
    if condition.below is not None:
        bounds.append(subject < pl.lit(condition.below))
    return pl.all_horizontal(subject.is_not_null(), *(bound.fill_null(value=False) for bound in bounds))
