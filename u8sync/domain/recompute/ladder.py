"""The ladder climbed again by one customer, by its recorded values and places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from u8sync.domain.recompute.figures import Rule, count, decimal, in_top_percent, in_top_share, share_of

__all__ = ["Tried", "climb", "eased", "without_business"]


@dataclass(frozen=True)
class Tried:
    """One condition of the ladder, tried again.

    Attributes:
        tier: The tier that it belongs to.
        rule: ``file:line`` of the tier.
        subject: ``score`` or a metric.
        at_least: Lower bound, included; null: none.
        below: Upper bound, not included; null: none.
        value: What was tried; null: unknown.
        met: Whether it holds.
        top_percent: Among the best so many percent; null: any place.
        top_share: Among those that bring the first so many percent; null: any.
        within: The field whose groups are compared; null: everybody.
        ahead: The recorded place: how many are ahead or level; null: no place is asked for, or there is none.
        others: Of how many others; null likewise.
        places: Set instead of a subject for a quota: how many places there are.
        group: The recorded group of the place; null: everybody.
        share: Percent of all that the customers ahead bring; null: no share is asked for, or nobody brings any.
    """

    tier: str
    rule: str
    subject: str
    at_least: Decimal | None
    below: Decimal | None
    value: Decimal | None
    met: bool
    top_percent: Decimal | None = None
    top_share: Decimal | None = None
    within: str | None = None
    ahead: int | None = None
    others: int | None = None
    places: int | None = None
    group: str | None = None
    share: Decimal | None = None


def without_business(ladder: Sequence[Rule]) -> str | None:
    """The tier of customers that are not rated."""
    return next((step["name"] for step in ladder if step["without_business"]), None)


def climb(
    ladder: Sequence[Rule],
    values: Mapping[str, Decimal | None],
    ranks: Sequence[Rule],
    quotas: Sequence[Rule],
) -> tuple[str | None, tuple[Tried, ...]]:
    """The highest tier whose conditions all hold and that has a place, and what was tried on the way down to it.

    Args:
        ladder: The recorded tiers, highest first.
        values: The score and the metrics.
        ranks: The recorded places that conditions ask for.
        quotas: The recorded places in the tiers with a quota.
    """
    tried: list[Tried] = []
    for step in ladder:
        if step["without_business"]:
            continue
        own = [_try(step, condition, values[condition["subject"]], ranks) for condition in step["conditions"]]
        if all(one.met for one in own) and "at_most" in step:
            own.append(_quota(step, quotas))
        tried += own
        if all(one.met for one in own):
            return step["name"], tuple(tried)
    return None, tuple(tried)


def _try(step: Rule, condition: Rule, value: Decimal | None, ranks: Sequence[Rule]) -> Tried:
    low, high = decimal(condition["at_least"]), decimal(condition["below"])
    met = value is not None and (low is None or value >= low) and (high is None or value < high)
    percent, share, within = (condition.get(name) for name in ("top_percent", "top_share", "within"))
    ahead = others = group = brought = None
    if percent is not None or share is not None:
        rank = next(one for one in ranks if (one["subject"], one.get("within")) == (condition["subject"], within))
        beaten, others = count(rank["beaten"]), count(rank["others"])
        ahead = None if beaten is None or others is None else others - beaten
        group = rank.get("group")
        brought = None if share is None else share_of(rank.get("ahead"), rank.get("total"))
        met = met and (percent is None or in_top_percent(beaten, others, percent))
        met = met and (share is None or in_top_share(rank.get("ahead"), rank.get("total"), share))
    return Tried(
        step["name"],
        step["rule"],
        condition["subject"],
        low,
        high,
        value,
        met,
        top_percent=decimal(percent),
        top_share=decimal(share),
        within=within,
        ahead=ahead,
        others=others,
        group=group,
        share=brought,
    )


def _quota(step: Rule, quotas: Sequence[Rule]) -> Tried:
    """The place in a quota; raises StopIteration when the record has none."""
    place = next(one for one in quotas if one["tier"] == step["name"])
    ahead, tied, places = (int(place[name]) for name in ("ahead", "tied", "places"))
    met = ahead + tied + 1 <= places
    return Tried(
        step["name"], step["rule"], "score", None, None, None, met, ahead=ahead + tied, others=None, places=places
    )


def eased(ladder: Sequence[Rule], margin: Decimal) -> list[Rule]:
    """The ladder with every bound moved outwards by ``margin`` percent, as ``policy.eased`` does it."""
    part = margin / 100

    def moved(bound: str | None, way: int) -> str | None:
        value = decimal(bound)
        return None if value is None else str((value + way * part * abs(value)).quantize(_STEP))

    def top(bound: str) -> str:
        return str(min((Decimal(bound) * (1 + part)).quantize(_STEP), Decimal(100)))

    return [
        {
            **step,
            "conditions": [
                {
                    **condition,
                    "at_least": moved(condition["at_least"], -1),
                    "below": moved(condition["below"], 1),
                    **{name: top(condition[name]) for name in ("top_percent", "top_share") if name in condition},
                }
                for condition in step["conditions"]
            ],
        }
        for step in ladder
    ]


_STEP = Decimal("0.0001")
