"""What is to be noticed about the weights of a policy: metrics that tell nothing, bands without customers, ties."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import polars as pl

from u8sync.domain.canonical import plain
from u8sync.domain.finding import Finding, label_of
from u8sync.domain.ladder_findings import uses_score
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import DOCUMENTS, METRICS
from u8sync.domain.policy import Policy, Weight
from u8sync.domain.scoring import points_of, score, shrunk_of
from u8sync.domain.tiers import EARNED, recommend
from u8sync.text import Message, Place, msg

__all__ = ["MANY_TIED", "weight_findings"]

MANY_TIED: Final = Fraction(1, 3)
"""When more of the rated customers than this share one value, places say little about them."""


def weight_findings(judged: pl.DataFrame, policy: Policy) -> Iterator[Finding]:
    """Findings about metrics, bands and weights.

    Args:
        judged: Every customer, see :func:`u8sync.domain.decision.judge_customers`; somebody is rated.
        policy: The policy that judged them.
    """
    rated = judged.filter("rated")
    dull: set[str] = set()
    for metric, place in _places(policy).items():
        weight = next((one for one in policy.weights if one.metric == metric), None)
        for found in _metric(rated, metric, place, weight):
            dull.add(metric)
            yield found
    for weight in policy.weights:
        if weight.metric not in dull:
            yield from _ties(rated, weight)
        yield from _bands(rated, weight)
    if uses_score(policy):
        yield from _idle(judged, policy, {weight.metric for weight in policy.weights} - dull)


def _places(policy: Policy) -> dict[str, Place]:
    """Each metric that the policy names, with its weight's place, or that of the first condition on it."""
    places = {weight.metric: weight.place for weight in policy.weights}
    for tier in policy.tiers:
        for condition in tier.conditions:
            if condition.subject in METRICS:
                places.setdefault(condition.subject, condition.place)
    return places


def _metric(rated: pl.DataFrame, metric: str, place: Place, weight: Weight | None) -> Iterator[Finding]:
    """A metric that is unknown for most, or the same for everybody."""
    values = rated[metric]
    known = values.len() - values.null_count()
    if values.null_count() * 2 > values.len():
        message = msg(
            "{metric} is unknown for {unknown} of the {count} rated customers: {why}",
            metric=label_of(metric),
            unknown=values.null_count(),
            count=values.len(),
            why=METRICS[metric].null_means,
        )
        yield Finding("metric_unknown", place, message, _counts_as(weight))
    elif known > 1 and values.n_unique() - (values.null_count() > 0) == 1:
        message = msg(
            "{metric} is {value} for all {count} customers of whom it is known: it tells nobody from anybody",
            metric=label_of(metric),
            value=plain(values.drop_nulls()[0]),
            count=known,
        )
        yield Finding("metric_same", place, message)


def _counts_as(weight: Weight | None) -> Message:
    """What an unknown value does."""
    if weight is None:
        return msg("Who has no value meets no condition on it.")
    if weight.unknown == "zero":
        return msg("They get no points for it ('unknown: zero').")
    return msg("For them its weight goes to the other metrics ('unknown: leave_out').")


def _ties(rated: pl.DataFrame, weight: Weight) -> Iterator[Finding]:
    """Where places are counted and one value is too frequent for places to mean much."""
    if weight.method == "threshold":
        return
    value = pl.col(shrunk_of(weight.metric) if weight.shrink else weight.metric).alias("value")
    counts = rated.select(value).drop_nulls().group_by("value").len().sort("len", "value", descending=True)
    if counts.is_empty() or counts["len"][0] <= MANY_TIED * rated.height:
        return
    message = msg(
        "{metric} is {value} for {count} of the {rated} rated customers: they are level and get the same points",
        metric=label_of(weight.metric),
        value=plain(counts["value"][0]),
        count=counts["len"][0],
        rated=rated.height,
    )
    hint = msg("Places say little among so many ties; 'method: threshold' gives points by the value itself.")
    yield Finding("ties", weight.place, message, hint)


def _bands(rated: pl.DataFrame, weight: Weight) -> Iterator[Finding]:
    """Bands that no customer lies in; points fall from band to band, so they tell which one it was."""
    found = rated[points_of(weight.metric)].drop_nulls()
    if found.is_empty():
        return
    for band in weight.bands:
        if not (found == band.points).any():
            message = msg(
                "no customer lies in this band of {metric}, worth {points} points",
                metric=label_of(weight.metric),
                points=plain(band.points),
            )
            hint = msg("Customers that are level reach a band together or not at all.") if band.top else None
            yield Finding("band_empty", band.place, message, hint)


def _idle(judged: pl.DataFrame, policy: Policy, metrics: set[str]) -> Iterator[Finding]:
    """Weights without which every customer would get the same tier."""
    if len(policy.weights) == 1:
        return
    measured = judged.select(CODE, "eligible", "rated", DOCUMENTS, *METRICS, *sorted(policy.groups))
    for weight in policy.weights:
        if weight.metric in metrics:
            rest = tuple(one for one in policy.weights if one is not weight)
            without = recommend(score(measured, rest, smallest_group=policy.smallest_group), policy)
            if without[EARNED].equals(judged[EARNED], null_equal=True):
                message = msg(
                    "without the weight of {metric} every customer would get the same tier",
                    metric=label_of(weight.metric),
                )
                yield Finding("weight_idle", weight.place, message)
