"""The weights of a policy file: how a value becomes points. Gaps, overlaps, and weights that do nothing.

What lives here: bands and what goes with the methods. What does not: the ladder (``policy_check.py``). The idea: every
value lies in exactly one band, and a better one never earns less.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from u8sync.config.findings import Findings
from u8sync.config.located_yaml import Route
from u8sync.config.shapes.policy import BandShape, WeightShape
from u8sync.domain.metrics import METRICS
from u8sync.text import Message, msg

__all__ = ["WHOLE", "Interval", "amounts_hint", "check_weight", "highest_score", "intervals"]

WHOLE: Final = 100
"""What all weights add up to, and the highest score."""

Interval = tuple[Decimal | None, Decimal | None]
"""Lower bound, included, and upper bound, not included; null: none."""


def check_weight(found: Findings, metric: str, weight: WeightShape) -> None:
    """How one metric becomes points."""
    route: Route = ("score", metric)
    if weight.method == "rank" and weight.bands:
        found.add(found.key(*route, "bands"), msg("the method 'rank' takes no bands"))
    if weight.method != "rank" and not weight.bands:
        found.add(found.key(*route), msg("the method '{method}' needs 'bands'", method=weight.method))
    if weight.method == "cumulative_share" and not METRICS[metric].additive:
        found.add(
            found.value(*route, "method"),
            msg("'{metric}' is no amount that could be added up over customers", metric=metric),
            amounts_hint(),
        )
    if weight.shrink is not None and METRICS[metric].evidence is None:
        found.add(
            found.key(*route, "shrink"),
            msg("only a ratio can be drawn to the mean of its group; '{metric}' is none", metric=metric),
            msg("Ratios: {names}.", names=", ".join(name for name, one in METRICS.items() if one.evidence is not None)),
        )
    if weight.within is not None and weight.method == "threshold" and weight.shrink is None:
        found.add(found.key(*route, "within"), msg("a threshold compares with nobody, so 'within' does nothing"))
    if len(weight.bands) == 1:
        found.add(
            found.value(*route, "bands", 0),
            msg("a single band gives every customer the same points, so the weight does nothing"),
        )
    if weight.method == "rank" or not weight.bands:
        return
    _check_points(found, route, weight.bands)
    if weight.method == "threshold":
        _check_intervals(found, route, weight.bands, metric)
    else:
        _check_tops(found, route, weight.bands)


def amounts_hint() -> Message:
    """Which metrics can be added up."""
    return msg("Amounts: {names}.", names=", ".join(name for name, one in METRICS.items() if one.additive))


def _check_points(found: Findings, route: Route, bands: Sequence[BandShape]) -> None:
    for index in range(1, len(bands)):
        if bands[index].points >= bands[index - 1].points:
            found.add(
                found.value(*route, "bands", index, "points"),
                msg(
                    "must be less than {points}, the points of the band above: the best band stands first",
                    points=bands[index - 1].points,
                ),
            )


def _check_tops(found: Findings, route: Route, bands: Sequence[BandShape]) -> None:
    """Bands of places: each takes more than the one above, the last one the rest."""
    above = Decimal(0)
    for index, band in enumerate(bands):
        place = (*route, "bands", index)
        for key in ("at_least", "below"):
            if getattr(band, key) is not None:
                found.add(found.key(*place, key), msg("'{key}' is for the method 'threshold'; use 'top'", key=key))
        if index == len(bands) - 1:
            if band.top is not None:
                found.add(
                    found.key(*place, "top"),
                    msg("the last band takes all the rest, so it has no 'top'"),
                )
        elif band.top is None:
            found.add(found.value(*place), msg("'top' is missing: only the last band takes all the rest"))
        else:
            if band.top <= above:
                found.add(
                    found.value(*place, "top"),
                    msg("must be more than {top}: 'top' is counted from the best customer on", top=above),
                )
            above = max(above, band.top)


def intervals(bands: Sequence[BandShape], metric: str) -> list[Interval]:
    """Lower and upper bound of each band of a threshold; a bound that is not given is the neighbour's.

    The best band stands first: the one with the highest values, or with the lowest where less is better.
    """
    higher = METRICS[metric].higher_is_better
    found = []
    for index, band in enumerate(bands):
        better = bands[index - 1] if index else None
        worse = bands[index + 1] if index + 1 < len(bands) else None
        above, under = (better, worse) if higher else (worse, better)
        low = band.at_least if band.at_least is not None or under is None else under.below
        high = band.below if band.below is not None or above is None else above.at_least
        found.append((low, high))
    return found


def _check_intervals(found: Findings, route: Route, bands: Sequence[BandShape], metric: str) -> None:
    """Bands of values: every value lies in exactly one of them."""
    higher = METRICS[metric].higher_is_better
    resolved = intervals(bands, metric)
    for index, (band, (low, high)) in enumerate(zip(bands, resolved, strict=True)):
        place = (*route, "bands", index)
        if band.top is not None:
            found.add(
                found.key(*place, "top"), msg("'top' is for bands of places; a threshold has 'at_least' and 'below'")
            )
        if low is not None and high is not None and low >= high:
            found.add(
                found.value(*place),
                msg("no value lies in this band: from {low} up to, but not including, {high}", low=low, high=high),
            )
    ordered = list(enumerate(resolved))[::-1] if higher else list(enumerate(resolved))
    first, last = ordered[0], ordered[-1]
    if first[1][0] is not None:
        found.add(
            found.value(*route, "bands", first[0]),
            msg("values below {low} lie in no band", low=first[1][0]),
            msg("Leave 'at_least' out in the band at this end."),
        )
    if last[1][1] is not None:
        found.add(
            found.value(*route, "bands", last[0]),
            msg("values from {high} up lie in no band", high=last[1][1]),
            msg("Leave 'below' out in the band at this end."),
        )
    for (_, (_, high)), (index, (low, _)) in pairwise(ordered):
        where = found.value(*route, "bands", index)
        if high is None or low is None:
            message = msg("nothing says where this band ends and the next one begins: give 'at_least' or 'below'")
            found.add(where, message)
        elif high < low:
            found.add(where, msg("a gap: values from {high} up to {low} lie in no band", high=high, low=low))
        elif high > low:
            found.add(where, msg("an overlap: values from {low} up to {high} lie in two bands", low=low, high=high))


def highest_score(weights: Iterable[WeightShape]) -> Decimal:
    """The highest score that a customer can have, with the metrics known that suit it best."""
    best = [
        (max((band.points for band in weight.bands), default=Decimal(WHOLE)), weight.weight, weight.unknown)
        for weight in weights
    ]
    counted = sum(weight for _, weight, unknown in best if unknown == "zero")
    total = sum((points * weight for points, weight, unknown in best if unknown == "zero"), Decimal(0))
    for points, weight, unknown in sorted(best, reverse=True):
        if unknown == "leave_out" and (not counted or points * counted > total):
            counted += weight
            total += points * weight
    return total / counted if counted else Decimal(WHOLE)
