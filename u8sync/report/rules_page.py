"""What the page says of the rules, and of those whose tier is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from u8sync.domain.movement import Hold
from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned
from u8sync.report.rule_words import (
    EDITED,
    HELD,
    condition_words,
    evidence_words,
    method_words,
    movement_words,
    pin_words,
    quota_words,
)
from u8sync.report.words import tier_name
from u8sync.text import Message, msg

__all__ = ["HeldRow", "Rules", "TierRules", "held_rows", "rules_in_words"]


@dataclass(frozen=True)
class TierRules:
    """What one tier asks for, and the service that it carries."""

    name: str
    without_business: bool
    asks: tuple[Message, ...]
    service: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """The policy in words: metrics with their methods, the ladder, and everything else that decides.

    Attributes:
        ranked: Whether every metric is a percentile rank among all customers.
        methods: Metric -> how its value becomes points.
        tiers: Highest first.
        others: Evidence, groups, movement, edits.
        pins: Customer and pin.
    """

    ranked: bool
    methods: Mapping[str, tuple[Message, ...]]
    tiers: tuple[TierRules, ...]
    others: tuple[Message, ...]
    pins: tuple[tuple[str, Message], ...]


def rules_in_words(policy: Policy) -> Rules:
    """The rules in words."""
    evidence, movement = policy.evidence, policy.movement
    others: list[Message] = [*evidence_words(evidence)] if evidence is not None else []
    if policy.groups and policy.smallest_group > 1:
        count = policy.smallest_group
        others.append(msg("A group with fewer than {count} rated customers is compared with everybody.", count=count))
    others += [*movement_words(movement)] if movement is not None else []
    return Rules(
        ranked=all(weight.method == "rank" and weight.within is None for weight in policy.weights),
        methods={weight.metric: tuple(method_words(weight)) for weight in policy.weights},
        tiers=tuple(
            TierRules(
                tier.name,
                tier.without_business,
                (
                    *(condition_words(condition) for condition in tier.conditions),
                    *(() if tier.quota is None else (quota_words(tier.quota),)),
                ),
                tuple(tier.service.strip().splitlines()),
            )
            for tier in policy.tiers
        ),
        others=(*others, EDITED[policy.edited]),
        pins=tuple((pin.customer, pin_words(pin)) for pin in policy.pins),
    )


@dataclass(frozen=True)
class HeldRow:
    """A customer whose tier is not the one that the ladder gives, or was set by hand."""

    code: str
    name: str | None
    tier: str | Message
    earned: str | None
    why: Message
    below: int


def held_rows(planned: Planned, names: Mapping[str, str]) -> Iterator[HeldRow]:
    """Those whose tier is held, by code."""
    for held in planned.plan.held:
        if held.cause is not None:
            why = HELD[cast("Hold", held.cause)]
            yield HeldRow(held.code, names.get(held.code), tier_name(held.tier), held.earned, why, held.below)
