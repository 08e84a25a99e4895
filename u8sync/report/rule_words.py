"""The words for the rules of a policy: methods, conditions, quotas, movement, and why a tier is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, cast

from u8sync.domain.canonical import plain
from u8sync.domain.logged import LoggedLeft
from u8sync.domain.movement import Hold
from u8sync.domain.plan import Change
from u8sync.domain.policy import Condition, EditedRule, Evidence, Method, Movement, Pin, Policy, Quota, Weight
from u8sync.domain.reason import Pinned
from u8sync.report.figures import cut
from u8sync.report.words import subject_label, value_words
from u8sync.text import Message, listed, msg

__all__ = [
    "EDITED",
    "HELD",
    "METHODS",
    "condition_words",
    "evidence_words",
    "figure_words",
    "held_words",
    "judged_words",
    "little_words",
    "method_words",
    "movement_words",
    "pin_words",
    "place_words",
    "quota_words",
    "standing_words",
]

HELD: Final[Mapping[Hold, Message]] = {
    "pinned": msg("set by hand"),
    "edited": msg("changed in U8 by a person: it stays"),
    "margin": msg("keeps its tier within the margin"),
    "count": msg("not often enough below yet"),
    "review": msg("waits for the next review day"),
    "cool_down": msg("changed lately: it rests"),
    "steps": msg("goes one step after the other"),
    "quota": msg("no place is free in the higher tier"),
}
"""Why the tier is not the one that the ladder gives."""

METHODS: Final[Mapping[Method, Message]] = {
    "rank": msg("percentile rank"),
    "threshold": msg("bands of the value"),
    "percent_of_customers": msg("bands of the place among the customers"),
    "cumulative_share": msg("bands of what the customers ahead bring together"),
}
"""How a value becomes points."""

EDITED: Final[Mapping[EditedRule, Message]] = {
    "respect": msg("A tier that people changed in U8 since u8sync wrote it stays."),
    "ask": msg("A tier that people changed in U8 since u8sync wrote it stays until somebody allows the change."),
    "overwrite": msg("A tier that people changed in U8 since u8sync wrote it is written over."),
}
"""What happens to tiers that people changed in U8."""


def held_words(left: LoggedLeft) -> Message:
    """What held the tier of customers, by the audit log, and what they keep for it; a cause of a later version too."""
    held: Mapping[str, Message] = {str(cause): words for cause, words in HELD.items()}
    why = held.get(left.held_by or "", left.held_by or "-")
    told = {"why": why, "tier": left.tier or "-", "earned": left.earned or "-"}
    if left.below:
        return msg(
            "tier held: {why}; given {tier}, by the ladder {earned}; below in a row: {count}", count=left.below, **told
        )
    return msg("tier held: {why}; given {tier}, by the ladder {earned}", **told)


def method_words(weight: Weight) -> Iterator[Message]:
    """How one metric becomes points: the method, and each band."""
    yield METHODS[weight.method]
    for band in weight.bands:
        points = plain(band.points)
        if weight.method == "threshold":
            low, high = (
                None if bound is None else value_words(weight.metric, bound) for bound in (band.at_least, band.below)
            )
            if low is not None and high is not None:
                yield msg("{points} points: from {low} up to, not including, {high}", points=points, low=low, high=high)
            elif low is not None:
                yield msg("{points} points: from {low} up", points=points, low=low)
            else:
                yield msg("{points} points: below {high}", points=points, high=high)
        elif band.top is None:
            yield msg("{points} points: all others", points=points)
        elif weight.method == "percent_of_customers":
            yield msg("{points} points: the best {top} % of the customers", points=points, top=plain(band.top))
        else:
            yield msg("{points} points: the customers that bring the first {top} %", points=points, top=plain(band.top))
    if weight.within is not None:
        yield msg("compared with customers of the same '{field}'", field=weight.within)
    if weight.shrink is not None:
        yield msg("few documents: drawn to the mean, which counts like {count} documents", count=weight.shrink)


def _parts(condition: Condition) -> Iterator[Message]:
    """All that a condition asks for."""
    subject = subject_label(condition.subject)
    low, high = (
        None if bound is None else value_words(condition.subject, bound)
        for bound in (condition.at_least, condition.below)
    )
    if low is not None and high is not None:
        yield msg("{subject} at least {low} and below {high}", subject=subject, low=low, high=high)
    elif low is not None:
        yield msg("{subject} at least {low}", subject=subject, low=low)
    elif high is not None:
        yield msg("{subject} below {high}", subject=subject, high=high)
    percent, share, field = condition.top_percent, condition.top_share, condition.within
    if percent is not None and field is None:
        yield msg("among the best {percent} by {subject}", percent=_percent(percent), subject=subject)
    elif percent is not None:
        yield msg(
            "among the best {percent} of its '{field}' by {subject}",
            percent=_percent(percent),
            field=field,
            subject=subject,
        )
    if share is not None and field is None:
        yield msg("among those that bring the first {percent} of {subject}", percent=_percent(share), subject=subject)
    elif share is not None:
        yield msg(
            "among those of its '{field}' that bring the first {percent} of {subject}",
            percent=_percent(share),
            field=field,
            subject=subject,
        )


def condition_words(condition: Condition) -> Message:
    """The same in one sentence."""
    return listed(list(_parts(condition)), "; ")


def quota_words(quota: Quota) -> Message:
    """How many customers a tier takes."""
    if quota.percent is not None:
        return msg("at most {percent} of the rated customers, the best by score", percent=_percent(quota.percent))
    return msg("at most {count} customers, the best by score", count=f"{quota.customers or 0:,}")


def evidence_words(evidence: Evidence) -> Iterator[Message]:
    """What must be known of a customer before it is rated."""
    if evidence.min_orders is not None:
        yield msg("rated from {count} documents in the window", count=evidence.min_orders)
    if evidence.min_history_days is not None:
        yield msg("rated from {count} days after the first sale", count=evidence.min_history_days)


def judged_words(
    weight: Weight,
    *,
    group: str | None,
    documents: int | None,
    judged: str | Message | None,
    mean: str | Message | None,
    ahead: Decimal | None,
) -> Iterator[Message]:
    """How the points of a customer came about where they are no plain percentile rank among everybody.

    Args:
        weight: The metric's weight.
        group: The group that the customer is compared in; null: everybody.
        documents: Documents in the window.
        judged: The value that was judged in place of its own, as it is shown; null: it was judged by its own.
        mean: The mean that it was drawn to, likewise.
        ahead: Percent of the sum that the customers ahead bring; null: nobody asked, or nobody brings any.
    """
    metric = subject_label(weight.metric)
    if group is not None:
        told = {"metric": metric, "field": weight.within, "group": group}
        yield msg("{metric} is compared within {field} '{group}'.", **told)
    elif weight.within is not None:
        yield msg(
            "{metric} is compared with everybody: the customer has no {field}, or its group is too small.",
            metric=metric,
            field=weight.within,
        )
    if judged is not None and mean is not None:
        yield msg(
            "{metric} is judged as {judged}: n = {n} documents, drawn to the mean {mean} with k = {k}.",
            metric=metric,
            judged=judged,
            n=documents,
            k=weight.shrink,
            mean=mean,
        )
    if ahead is not None and weight.method == "cumulative_share":
        yield msg("{metric}: the customers ahead bring {percent} of it.", metric=metric, percent=_percent(ahead))


def little_words(documents: int | None, history_days: int | None) -> Message:
    """How little is known of a customer that is not rated for it."""
    return msg(
        "Too little is known of it to rate it: {documents} documents in the window, first sale {days} days ago.",
        documents="-" if documents is None else documents,
        days="-" if history_days is None else history_days,
    )


def standing_words(value: str | Message, rank: int, count: int, ahead: Decimal | None) -> Message:
    """A customer's value with its place; ``ahead`` is the percent that those ahead bring, null: nobody asked."""
    if ahead is None:
        return msg("{value}; place {rank} of {count}", value=value, rank=rank, count=count)
    return msg(
        "{value}; place {rank} of {count}, {percent} brought by those ahead",
        value=value,
        rank=rank,
        count=count,
        percent=_percent(ahead),
    )


def place_words(rank: int, places: int) -> Message:
    """A customer's place where places are counted."""
    return msg("place {rank} of {places}", rank=rank, places=places)


def movement_words(movement: Movement) -> Iterator[Message]:
    """How fast tiers follow."""
    if movement.margin:
        margin = _percent(movement.margin)
        yield msg("Who has a tier keeps it while its bounds, eased by {percent}, hold.", percent=margin)
    if movement.down_after > 1:
        yield msg("A tier falls only after {count} evaluations below in a row.", count=movement.down_after)
    if movement.review:
        days = ", ".join(f"{month:02d}-{day:02d}" for month, day in movement.review)
        yield msg("Tiers fall only at the first evaluation on or after: {days}.", days=days)
    if movement.most_steps is not None:
        yield msg("At most {count} step(s) of the ladder for one as-of day.", count=movement.most_steps)
    rest = movement.cool_down
    if rest is not None and rest.holds == "both":
        yield msg("After a change a tier rests for {days} days.", days=rest.days)
    elif rest is not None:
        yield msg("After a change a tier does not fall for {days} days.", days=rest.days)


def pin_words(pin: Pin | Pinned) -> Message:
    """A tier that somebody set by hand, by the policy or by the audit log."""
    place = pin.rule if isinstance(pin, Pinned) else f"{pin.place.file}:{pin.place.line}"
    return msg(
        "'{tier}' until {until}, by {by}: {reason} ({place})",
        tier=pin.tier,
        until=pin.until,
        by=pin.by,
        reason=pin.reason,
        place=place,
    )


def _percent(value: Decimal) -> str:
    return f"{plain(value)} %"


def figure_words(change: Change, policy: Policy) -> Iterator[Message]:
    """All figures that a change of tier rests on, a line each; nothing for a change of spelling or an undo."""
    reason = change.reason
    if reason is None:
        return
    weights = {weight.metric: weight for weight in policy.weights}
    for part in reason.contributions:
        told = {
            "metric": subject_label(part.metric),
            "value": value_words(part.metric, part.value),
            "percent": f"{weights[part.metric].percent} %" if part.metric in weights else "-",
        }
        if part.points is None or part.contribution is None:
            yield msg("{metric}: {value} ({percent})", **told)
            continue
        told |= {"points": cut(part.points, 4), "contribution": cut(part.contribution, 4)}
        if part.others is None or part.beaten is None:
            yield msg("{metric}: {value}, {points} points × {percent}: {contribution}", **told)
        else:
            place = part.others - part.beaten - (part.tied or 0) + 1
            yield msg(
                "{metric}: {value}, place {place} of {count}, {points} points × {percent}: {contribution}",
                **told,
                place=place,
                count=part.others + 1,
            )
    for metric, value in reason.measured.items():
        yield msg("{subject} {value}", subject=subject_label(metric), value=value_words(metric, value))
    moved = reason.moved
    if moved is not None and moved.held is not None:
        yield msg("Held: {why}", why=HELD[cast("Hold", moved.held)])
