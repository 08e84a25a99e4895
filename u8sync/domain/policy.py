"""The tier policy as the engine uses it: which metrics weigh how much, and the ladder of tiers. Read-only values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from u8sync.domain.windows import WindowRule
from u8sync.text import Place

__all__ = ["SCORE", "Condition", "Policy", "Tier", "Unknown", "Weight"]

SCORE: Final = "score"
"""Name of the score where a condition may also name a metric."""

Unknown = Literal["leave_out", "zero"]
"""What an unknown metric counts: its weight goes to the other metrics, or it earns no points."""


@dataclass(frozen=True)
class Weight:
    """How much one metric counts in the score.

    Attributes:
        metric: Name in :data:`u8sync.domain.metrics.METRICS`.
        percent: Its part of the score; the weights of a policy add up to 100.
        unknown: What it counts where its value is unknown.
        place: Its line in the policy file.
    """

    metric: str
    percent: int
    unknown: Unknown
    place: Place


@dataclass(frozen=True)
class Condition:
    """``at_least <= subject < below``; an unknown value meets no condition.

    Attributes:
        subject: :data:`SCORE` or the name of a metric.
        at_least: Lower bound, included; null: none.
        below: Upper bound, not included; null: none.
        place: Its line in the policy file.
    """

    subject: str
    at_least: Decimal | None
    below: Decimal | None
    place: Place


@dataclass(frozen=True)
class Tier:
    """One step of the ladder.

    Attributes:
        name: Canonical name, e.g. ``VIP``.
        conditions: All must hold; none means that every customer with business meets it.
        without_business: Whether it is the tier of customers without business in the window (潜在).
        service: The service policy in words; empty when there is none.
        place: Its line in the policy file.
    """

    name: str
    conditions: tuple[Condition, ...]
    without_business: bool
    service: str
    place: Place


@dataclass(frozen=True)
class Policy:
    """A tier policy that was checked when it was loaded.

    Attributes:
        window: Which days count.
        weights: In the order of the file; their percents add up to 100.
        tiers: Highest first; the last but one takes every customer with business, the last one is ``without_business``.
        exclude: Customer codes that get no tier (inter-company customers).
        digest: SHA-256 of the file's bytes, hex.
    """

    window: WindowRule
    weights: tuple[Weight, ...]
    tiers: tuple[Tier, ...]
    exclude: frozenset[str]
    digest: str

    @property
    def top(self) -> Tier:
        """The highest tier."""
        return self.tiers[0]

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics that it weighs or names in a condition."""
        tested = {condition.subject for tier in self.tiers for condition in tier.conditions}
        return frozenset({weight.metric for weight in self.weights} | tested) - {SCORE}

    def rank(self, name: str | None) -> int | None:
        """Height of a tier, 0 the lowest; null when the ladder does not know the name."""
        for height, tier in enumerate(reversed(self.tiers)):
            if tier.name == name:
                return height
        return None
