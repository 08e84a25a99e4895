"""What is to be noticed about the ladder of a policy: tiers that nobody reaches, quotas that never bind.

The tier for customers without business is left out: every ladder has one, needed or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import cast

import polars as pl

from u8sync.domain.canonical import plain
from u8sync.domain.finding import Finding, label_of, labels_of
from u8sync.domain.policy import SCORE, Condition, Policy, Tier
from u8sync.domain.tiers import EARNED, meets, quota_of, stands_on
from u8sync.text import Message, msg

__all__ = ["ladder_findings", "uses_score"]


def ladder_findings(rated: pl.DataFrame, policy: Policy) -> Iterator[Finding]:
    """Findings about tiers and quotas.

    Args:
        rated: The rated customers of a judged frame, see :func:`u8sync.domain.decision.judge_customers`; not empty.
        policy: The policy that judged them.
    """
    if not uses_score(policy):
        yield Finding(
            "score_unused",
            policy.weights[0].place,
            msg("no tier asks for the score, so no weight decides anything"),
            msg("Give a tier a condition on 'score', or a quota, which goes to the best by score."),
        )
    for index, tier in enumerate(policy.tiers):
        if not tier.without_business:
            reached = int((rated[EARNED] == tier.name).sum())
            if not reached:
                yield _empty(rated, index, tier)
            elif tier.quota is not None:
                yield _quota(rated, index, tier, reached)


def uses_score(policy: Policy) -> bool:
    """Whether any tier depends on the score."""
    return any(
        tier.quota is not None or any(condition.subject == SCORE for condition in tier.conditions)
        for tier in policy.tiers
    )


def _empty(rated: pl.DataFrame, index: int, tier: Tier) -> Finding:
    """A tier that nobody reaches, with the reason."""
    unmet = [condition for condition in tier.conditions if not rated.select(meets(condition).any()).item()]
    if unmet:
        why = msg("no customer meets its condition on: {subjects}", subjects=labels_of(one.subject for one in unmet))
        return _unreached(tier, why, _values(rated, unmet[0]))
    meeting = rated.filter(stands_on(tier))
    if meeting.is_empty():
        why = msg("each of its conditions is met by somebody, but nobody meets all of them")
        return _unreached(tier, why, _alone(rated, tier.conditions))
    if tier.quota is not None:
        ahead, tied, places = (meeting[name].drop_nulls() for name in quota_of(index))
        if ahead.len():
            why = msg(
                "its quota has {places} place(s), and the first {tied} of the {count} customers that meet its"
                " conditions are level",
                places=places[0],
                tied=int(tied.filter(ahead == 0)[0]) + 1,
                count=ahead.len(),
            )
            return _unreached(tier, why, msg("Customers that are level get a place together or not at all."))
    why = msg("the tiers above take all {count} customers that meet its conditions", count=meeting.height)
    return _unreached(tier, why, None)


def _unreached(tier: Tier, why: Message, hint: Message | None) -> Finding:
    message = msg("nobody reaches the tier '{tier}': {why}", tier=tier.name, why=why)
    return Finding("tier_empty", tier.place, message, hint)


def _values(rated: pl.DataFrame, condition: Condition) -> Message:
    """Where the customers stand whom a condition leaves out."""
    label, known = label_of(condition.subject), rated[condition.subject].drop_nulls()
    if known.is_empty():
        return msg("{subject}: unknown for all {count} rated customers.", subject=label, count=rated.height)
    low, high = condition.at_least, condition.below
    inside = known.filter(
        (known >= low if low is not None else known.is_not_null())
        & (known < high if high is not None else known.is_not_null())
    )
    if inside.is_empty():
        ends = (plain(cast("Decimal", end)) for end in (known.min(), known.max()))
        return msg("{subject}: from {low} to {high}.", subject=label, low=next(ends), high=next(ends))
    return msg(
        "{subject}: the best are level, or so few percent of {count} are less than one.",
        subject=label,
        count=known.len(),
    )


def _alone(rated: pl.DataFrame, conditions: Sequence[Condition]) -> Message:
    """How many meet the condition that fewest meet."""
    counts = {one: int(rated.select(meets(one).sum()).item()) for one in conditions}
    rarest = min(conditions, key=counts.__getitem__)
    return msg(
        "Fewest meet the one on {subject}: {count} customer(s).", subject=label_of(rarest.subject), count=counts[rarest]
    )


def _quota(rated: pl.DataFrame, index: int, tier: Tier, reached: int) -> Finding:
    """Whether the quota of a tier that somebody reached leaves anybody out."""
    _, _, names = quota_of(index)
    asked = rated[names].drop_nulls()
    place = tier.place if tier.quota is None else tier.quota.place
    cut, places = asked.len() - reached, asked[0]
    if not cut:
        message = msg(
            "the quota of the tier '{tier}' leaves nobody out: {count} customers meet its conditions, and there are"
            " {places} places",
            tier=tier.name,
            count=reached,
            places=places,
        )
        return Finding("quota_idle", place, message)
    message = msg(
        "the quota of the tier '{tier}' leaves out {cut} of the {count} customers that meet its conditions",
        tier=tier.name,
        cut=cut,
        count=asked.len(),
    )
    empty = places - reached
    hint = msg("{empty} of its {places} places stay empty: those next in line are level.", empty=empty, places=places)
    return Finding("quota_cuts", place, message, hint if empty else None, warns=False)
