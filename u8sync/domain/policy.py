"""The tier policy as the engine uses it: which metrics weigh how much, the ladder, and how fast tiers move.

Read-only values; what they mean is worked out in ``scoring.py``, ``tiers.py`` and ``movement.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from u8sync.domain.windows import WindowRule
from u8sync.text import Place

__all__ = [
    "SCORE",
    "Band",
    "Condition",
    "CoolDown",
    "EditedRule",
    "Evidence",
    "Method",
    "Movement",
    "Pin",
    "Policy",
    "Quota",
    "Tier",
    "Unknown",
    "Weight",
    "eased",
]

SCORE: Final = "score"
"""Name of the score where a condition may also name a metric."""

Unknown = Literal["leave_out", "zero"]
"""What an unknown metric counts: its weight goes to the other metrics, or it earns no points."""

Method = Literal["rank", "threshold", "percent_of_customers", "cumulative_share"]
"""How a metric's value becomes points.

``rank``: the share of the other customers that are beaten. ``threshold``: bands of the value itself.
``percent_of_customers``: bands of the place among all, the best 5 percent of the customers for example.
``cumulative_share``: bands of what the customers ahead bring together, as in ABC analysis: those that bring the first
80 percent.
"""

EditedRule = Literal["respect", "ask", "overwrite"]
"""What happens to a tier that a person changed in U8 since u8sync wrote it: it stays; it stays until somebody allows
the change; it is written over."""


@dataclass(frozen=True)
class Band:
    """Points for a part of the values; the bands of a metric hold every value exactly once, the best band first.

    Attributes:
        points: 0 to 100; the better the band, the more.
        at_least: ``threshold``: lower bound of the value, included; null: none.
        below: ``threshold``: upper bound, not included; null: none.
        top: The other methods: percent, counted from the best customer; null: all the rest.
        place: Its line in the policy file.
    """

    points: Decimal
    at_least: Decimal | None
    below: Decimal | None
    top: Decimal | None
    place: Place


@dataclass(frozen=True)
class Weight:
    """How much one metric counts in the score.

    Attributes:
        metric: Name in :data:`u8sync.domain.metrics.METRICS`.
        percent: Its part of the score; the weights of a policy add up to 100.
        unknown: What it counts where its value is unknown.
        place: Its line in the policy file.
        method: How its value becomes points.
        bands: The best first; none for ``rank``.
        within: Canonical field: customers are compared with those of the same value; null: with everybody.
        shrink: So many documents does the mean of the group count for, see :mod:`u8sync.domain.scoring`; null: the
            value is taken as it is.
    """

    metric: str
    percent: int
    unknown: Unknown
    place: Place
    method: Method = "rank"
    bands: tuple[Band, ...] = ()
    within: str | None = None
    shrink: int | None = None


@dataclass(frozen=True)
class Condition:
    """What a tier asks of the score or of one metric; an unknown value meets no condition. All given parts must hold.

    Attributes:
        subject: :data:`SCORE` or the name of a metric.
        at_least: Lower bound of the value, included; null: none.
        below: Upper bound, not included; null: none.
        place: Its line in the policy file.
        top_percent: Among the best so many percent of the customers; null: any place.
        top_share: Among the best customers that bring so many percent together; null: any.
        within: Canonical field: the two places are among customers of the same value; null: among all.
    """

    subject: str
    at_least: Decimal | None
    below: Decimal | None
    place: Place
    top_percent: Decimal | None = None
    top_share: Decimal | None = None
    within: str | None = None

    @property
    def ranked(self) -> bool:
        """Whether it asks for a place among others."""
        return self.top_percent is not None or self.top_share is not None


@dataclass(frozen=True)
class Quota:
    """How many customers a tier takes at most: the best by score of those that meet its conditions.

    Attributes:
        percent: Of the rated customers; null: ``customers`` says how many.
        customers: How many; null: ``percent`` says how many.
        place: Its line in the policy file.
    """

    percent: Decimal | None
    customers: int | None
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
        quota: How many it takes at most; null: everybody.
    """

    name: str
    conditions: tuple[Condition, ...]
    without_business: bool
    service: str
    place: Place
    quota: Quota | None = None


@dataclass(frozen=True)
class Evidence:
    """How much must be known of a customer before it is rated; with less it gets the tier without business.

    Attributes:
        min_orders: Documents in the window, orders or, where none are kept, invoices; null: any number.
        min_history_days: Days since the first sale; null: any number.
        place: Its line in the policy file.
    """

    min_orders: int | None
    min_history_days: int | None
    place: Place


@dataclass(frozen=True)
class CoolDown:
    """A tier that changed rests.

    Attributes:
        days: From the day of the change on.
        holds: Whether it may go neither way or only not down.
    """

    days: int
    holds: Literal["both", "down"]


@dataclass(frozen=True)
class Movement:
    """How fast tiers follow what customers have earned.

    Attributes:
        margin: Percent by which the bounds of a tier are eased for those that have it already.
        down_after: So many evaluations in a row must find a customer below before it falls.
        most_steps: So many steps of the ladder for one as-of day at most; null: any number.
        review: Days of the year, (month, day), at which tiers may fall; empty: at any time.
        cool_down: After a change; null: none.
        place: Its line in the policy file.
    """

    margin: Decimal
    down_after: int
    most_steps: int | None
    review: tuple[tuple[int, int], ...]
    cool_down: CoolDown | None
    place: Place


@dataclass(frozen=True)
class Pin:
    """A tier that somebody set by hand; it wins over everything until it expires.

    Attributes:
        customer: The code.
        tier: The tier.
        reason: Why.
        by: Who answers for it.
        until: Last day on which it holds.
        place: Its line in the policy file.
    """

    customer: str
    tier: str
    reason: str
    by: str
    until: date
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
        evidence: What must be known before a customer is rated; null: any business will do.
        smallest_group: A group with fewer rated customers is compared with everybody.
        movement: How fast tiers move; null: at once.
        edited: What happens to tiers that people changed in U8.
        pins: Tiers set by hand, in the order of the file; a customer stands once.
        excluded_at: Excluded code -> its line in the policy file.
    """

    window: WindowRule
    weights: tuple[Weight, ...]
    tiers: tuple[Tier, ...]
    exclude: frozenset[str]
    digest: str
    evidence: Evidence | None = None
    smallest_group: int = 1
    movement: Movement | None = None
    edited: EditedRule = "ask"
    pins: tuple[Pin, ...] = ()
    excluded_at: Mapping[str, Place] = field(default_factory=dict, compare=False)

    @property
    def top(self) -> Tier:
        """The highest tier."""
        return self.tiers[0]

    def rank(self, name: str | None) -> int | None:
        """Height of a tier, 0 the lowest; null when the ladder does not know the name."""
        for height, tier in enumerate(reversed(self.tiers)):
            if tier.name == name:
                return height
        return None

    @property
    def groups(self) -> frozenset[str]:
        """The canonical fields in whose groups customers are compared."""
        weights = {weight.within for weight in self.weights}
        conditions = {condition.within for tier in self.tiers for condition in tier.conditions}
        return frozenset(name for name in weights | conditions if name is not None)

    @property
    def conditioned(self) -> frozenset[str]:
        """The metrics that conditions name."""
        return frozenset(condition.subject for tier in self.tiers for condition in tier.conditions) - {SCORE}

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics that a tier depends on."""
        return self.conditioned | {weight.metric for weight in self.weights}


def eased(policy: Policy, percent: Decimal) -> Policy:
    """The policy with every bound of its ladder moved outwards by ``percent``; inwards when that is negative.

    A bound moves by that part of its own size, so that one below zero moves the same way as one above.
    """
    part = percent / 100

    def moved(bound: Decimal | None, way: int) -> Decimal | None:
        return None if bound is None else (bound + way * part * abs(bound)).quantize(_STEP)

    def top(bound: Decimal | None) -> Decimal | None:
        return None if bound is None else min((bound * (1 + part)).quantize(_STEP), Decimal(100))

    def wider(quota: Quota | None) -> Quota | None:
        if quota is None:
            return None
        customers = None if quota.customers is None else int(quota.customers * (1 + part))
        return replace(quota, percent=top(quota.percent), customers=customers)

    return replace(
        policy,
        tiers=tuple(
            replace(
                tier,
                conditions=tuple(
                    replace(
                        condition,
                        at_least=moved(condition.at_least, -1),
                        below=moved(condition.below, 1),
                        top_percent=top(condition.top_percent),
                        top_share=top(condition.top_share),
                    )
                    for condition in tier.conditions
                ),
                quota=wider(tier.quota),
            )
            for tier in policy.tiers
        ),
    )


_STEP: Final = Decimal("0.0001")
