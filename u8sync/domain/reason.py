"""Why a tier is recommended: figures from which anybody can work it out again; as plain values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from u8sync.domain.canonical import Json, decimal_text

__all__ = ["Contribution", "Moved", "Pinned", "Places", "Rank", "Reason", "reason_json", "reason_of"]


@dataclass(frozen=True)
class Contribution:
    """What one metric brought to a score.

    Attributes:
        metric: Name of the metric.
        value: Its value; null: unknown.
        points: Percentile rank, 0 to 100; null: unknown.
        contribution: Its part of the score; null: unknown.
        beaten: How many of ``others`` the customer beats; null: unknown.
        tied: How many of ``others`` it is level with; null: unknown.
        others: How many other customers were compared, those whose value is known; null: unknown.
        ahead: What the customers ahead bring together; null unless the method is ``cumulative_share``.
        total: What all that were compared bring; null likewise.
        shrunk: The value that was judged in place of ``value``; null unless the policy shrinks it.
        mean: The mean that it was drawn to; null likewise.
        group: The group that the customer was compared in; null: everybody.
    """

    metric: str
    value: Decimal | None
    points: Decimal | None
    contribution: Decimal | None
    beaten: int | None = None
    tied: int | None = None
    others: int | None = None
    ahead: Decimal | None = None
    total: Decimal | None = None
    shrunk: Decimal | None = None
    mean: Decimal | None = None
    group: str | None = None


@dataclass(frozen=True)
class Rank:
    """A customer's place that a condition asks for.

    Attributes:
        subject: The score or a metric.
        within: Canonical field whose groups are compared; null: everybody.
        group: The group that the customer was compared in; null: everybody.
        beaten: As in :class:`Contribution`; null: not compared.
        tied: Likewise.
        others: Likewise.
        ahead: Likewise; null unless a condition asks for a share of the sum.
        total: Likewise.
    """

    subject: str
    within: str | None
    group: str | None
    beaten: int | None
    tied: int | None
    others: int | None
    ahead: Decimal | None = None
    total: Decimal | None = None


@dataclass(frozen=True)
class Places:
    """A customer among those that meet the conditions of a tier with a quota.

    Attributes:
        tier: The tier.
        ahead: How many of them have a better score.
        tied: How many of the others have the same.
        places: How many places there are.
    """

    tier: str
    ahead: int
    tied: int
    places: int


@dataclass(frozen=True)
class Pinned:
    """A tier that somebody set by hand.

    Attributes:
        tier: The tier.
        reason: Why.
        by: Who answers for it.
        until: Last as-of day on which it holds.
        rule: ``file:line`` of the pin.
    """

    tier: str
    reason: str
    by: str
    until: date
    rule: str


@dataclass(frozen=True)
class Moved:
    """How the rules of movement made the tier of what the ladder gives.

    Attributes:
        earned: The tier that the ladder gives.
        current: The tier that U8 held; null: none of the ladder.
        holds: The highest tier whose eased conditions are met; null without movement rules.
        below: Evaluations in a row that found the customer below, this one included.
        held: Why the tier is not the earned one; null: it is.
        as_of: Day of the evaluation.
        changed_on: Day of the last change before; null: none is known.
        review: Whether tiers may fall at this evaluation.
        pin: The pin that set the tier; null: none.
        eased: The places by quotas that were eased, in the order of the ladder.
        seats: The places that those who keep a tier leave.
    """

    earned: str | None
    current: str | None
    holds: str | None
    below: int
    held: str | None
    as_of: date
    changed_on: date | None
    review: bool
    pin: Pinned | None
    eased: tuple[Places, ...] = ()
    seats: tuple[Places, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a tier is recommended.

    Attributes:
        tier: The recommended tier.
        score: 0 to 100; null for a customer without business.
        contributions: In the order of the policy; empty for a customer without business.
        rule: ``file:line`` of the tier in the policy file.
        measured: Metric -> value, of the metrics that conditions name and no weight does; null: unknown. Empty for a
            customer without business.
        ranks: The places that conditions ask for.
        quotas: The tiers with a quota whose conditions were met, from the top down to the one that was given.
        documents: Documents in the window, where the policy asks for evidence or shrinks a metric; null: it does not.
        history_days: Days since the first sale, where the policy asks for it; null: it does not, or there is no sale.
        moved: How the rules of movement made the tier; null: there are none, and no pin.
    """

    tier: str
    score: Decimal | None
    contributions: tuple[Contribution, ...]
    rule: str
    measured: Mapping[str, Decimal | None] = field(default_factory=dict)
    ranks: tuple[Rank, ...] = ()
    quotas: tuple[Places, ...] = ()
    documents: int | None = None
    history_days: int | None = None
    moved: Moved | None = None


def reason_json(reason: Reason) -> dict[str, Json]:
    """A reason as plain values; decimals as text, null where unknown.

    What only some policies ask for is there only then: places, quotas, evidence, movement.
    """
    plain: dict[str, Json] = {
        "tier": reason.tier,
        "score": decimal_text(reason.score),
        "rule": reason.rule,
        "contributions": [_contribution_json(part) for part in reason.contributions],
        "measured": {metric: decimal_text(value) for metric, value in reason.measured.items()},
    }
    return plain | _filled(
        ranks=[_rank_json(rank) for rank in reason.ranks] or None,
        quotas=[_places_json(one) for one in reason.quotas] or None,
        documents=reason.documents,
        history_days=reason.history_days,
        moved=None if reason.moved is None else _moved_json(reason.moved),
    )


def reason_of(plain: Mapping[str, Any]) -> Reason:
    """The reason that :func:`reason_json` made these values of.

    Raises KeyError, TypeError, ValueError or ArithmeticError when they are no reason.
    """
    return Reason(
        tier=plain["tier"],
        score=_decimal(plain["score"]),
        contributions=tuple(
            Contribution(**{**part, **_decimals(part, "value", "points", "contribution", *_AMOUNTS)})
            for part in plain["contributions"]
        ),
        rule=plain["rule"],
        measured={metric: _decimal(value) for metric, value in plain["measured"].items()},
        ranks=tuple(
            Rank(**{"within": None, "group": None, **rank, **_decimals(rank, *_AMOUNTS)})
            for rank in plain.get("ranks", ())
        ),
        quotas=tuple(Places(**one) for one in plain.get("quotas", ())),
        documents=plain.get("documents"),
        history_days=plain.get("history_days"),
        moved=_moved_of(plain["moved"]) if "moved" in plain else None,
    )


_AMOUNTS: Final = ("ahead", "total", "shrunk", "mean")


def _moved_of(plain: Mapping[str, Any]) -> Moved:
    pin = plain.get("pin")
    found = {
        **plain,
        "as_of": date.fromisoformat(plain["as_of"]),
        "changed_on": None if plain["changed_on"] is None else date.fromisoformat(plain["changed_on"]),
        "pin": None if pin is None else Pinned(**{**pin, "until": date.fromisoformat(pin["until"])}),
    }
    places = {name: tuple(Places(**one) for one in plain.get(name, ())) for name in ("eased", "seats")}
    return Moved(**{**found, **places})


def _decimals(plain: Mapping[str, Any], *names: str) -> dict[str, Decimal | None]:
    return {name: _decimal(plain[name]) for name in names if name in plain}


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _contribution_json(part: Contribution) -> dict[str, Json]:
    """One metric's part of the score as plain values: a run has some of each customer, so nothing is made in vain."""
    plain: dict[str, Json] = {
        "metric": part.metric,
        "value": decimal_text(part.value),
        "points": decimal_text(part.points),
        "contribution": decimal_text(part.contribution),
        "beaten": part.beaten,
        "tied": part.tied,
        "others": part.others,
    }
    for name in _AMOUNTS:
        if (amount := getattr(part, name)) is not None:
            plain[name] = decimal_text(amount)
    if part.group is not None:
        plain["group"] = part.group
    return plain


def _rank_json(rank: Rank) -> dict[str, Json]:
    """The place that a condition asks for as plain values."""
    return {
        "subject": rank.subject,
        "beaten": rank.beaten,
        "tied": rank.tied,
        "others": rank.others,
        **_filled(
            within=rank.within,
            group=rank.group,
            ahead=decimal_text(rank.ahead),
            total=decimal_text(rank.total),
        ),
    }


def _moved_json(moved: Moved) -> dict[str, Json]:
    """The movement as plain values."""
    return {
        "earned": moved.earned,
        "current": moved.current,
        "holds": moved.holds,
        "below": moved.below,
        "held": moved.held,
        "as_of": moved.as_of.isoformat(),
        "changed_on": None if moved.changed_on is None else moved.changed_on.isoformat(),
        "review": moved.review,
        **_filled(
            pin=None
            if moved.pin is None
            else {
                "tier": moved.pin.tier,
                "reason": moved.pin.reason,
                "by": moved.pin.by,
                "until": moved.pin.until.isoformat(),
                "rule": moved.pin.rule,
            },
            eased=[_places_json(one) for one in moved.eased] or None,
            seats=[_places_json(one) for one in moved.seats] or None,
        ),
    }


def _places_json(places: Places) -> dict[str, Json]:
    """The place in a quota as plain values."""
    return {"tier": places.tier, "ahead": places.ahead, "tied": places.tied, "places": places.places}


def _filled(**values: Json) -> dict[str, Json]:
    """What is not null."""
    return {name: value for name, value in values.items() if value is not None}
