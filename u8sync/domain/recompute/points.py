"""Points, contributions and score of one customer, worked out again as ``scoring.py`` defines them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from u8sync.domain.recompute.figures import (
    UNIT,
    Rule,
    count,
    decimal,
    from_units,
    in_top_percent,
    in_top_share,
    share_of,
    to_units,
)

__all__ = ["Line", "lines_of", "possible", "score_of"]


@dataclass(frozen=True)
class Line:
    """One metric that weighs in the score, worked out again.

    Attributes:
        metric: Its name.
        value: Its recorded value; null: unknown.
        percent: Its weight.
        unknown: What it counts where its value is unknown.
        beaten: Recorded: others that the customer beats; null: unknown, or the method compares with nobody.
        tied: Recorded: others that it is level with; null likewise.
        others: Recorded: others that it was compared with; null likewise.
        points: Worked out: 0 to 100; null: unknown.
        contribution: Worked out: its part of the score; null: unknown.
        method: How the value became points.
        ahead: Recorded: what the customers ahead bring; null unless the method asks for it.
        total: Recorded: what all bring; null likewise.
        mean: Recorded: the mean that the value was drawn to; null: it was not.
        shrunk: Worked out: the value that was judged; null likewise.
        shrink: So many documents the mean counts for; null: the value is taken as it is.
        group: Recorded: the group that the customer was compared in; null: everybody.
        share: Worked out: percent of all that the customers ahead bring; null: nobody asked, or nobody brings any.
    """

    metric: str
    value: Decimal | None
    percent: int
    unknown: str
    beaten: int | None
    tied: int | None
    others: int | None
    points: Decimal | None
    contribution: Decimal | None
    method: str = "rank"
    ahead: Decimal | None = None
    total: Decimal | None = None
    mean: Decimal | None = None
    shrunk: Decimal | None = None
    shrink: int | None = None
    group: str | None = None
    share: Decimal | None = None


def lines_of(weights: Sequence[Rule], recorded: Iterable[Rule], documents: int | None) -> Iterator[Line]:
    """The metrics of a rated customer.

    Args:
        weights: The recorded rules.
        recorded: The recorded contributions.
        documents: The recorded number of documents; null: no weight asks for it.
    """
    parts = {str(part["metric"]): part for part in recorded}
    shrunk = {str(w["metric"]): _shrunk(w, parts[w["metric"]], documents) for w in weights}
    points = {str(w["metric"]): _points(w, parts[w["metric"]], shrunk[w["metric"]]) for w in weights}
    counted = sum(int(w["percent"]) for w in weights if w["unknown"] == "zero" or points[w["metric"]] is not None)
    weighted = {
        str(w["metric"]): known * int(w["percent"]) for w in weights if (known := points[w["metric"]]) is not None
    }
    cut = {metric: part // counted for metric, part in weighted.items()}
    if cut:
        cut[next(reversed(cut))] += sum(weighted.values()) // counted - sum(cut.values())
    for weight in weights:
        metric, part = str(weight["metric"]), parts[weight["metric"]]
        yield Line(
            metric,
            decimal(part["value"]),
            int(weight["percent"]),
            str(weight["unknown"]),
            beaten=count(part["beaten"]),
            tied=count(part["tied"]),
            others=count(part["others"]),
            points=from_units(points[metric]),
            contribution=from_units(cut.get(metric)),
            method=weight.get("method", "rank"),
            ahead=decimal(part.get("ahead")),
            total=decimal(part.get("total")),
            mean=decimal(part.get("mean")),
            shrunk=from_units(shrunk[metric]),
            shrink=count(weight.get("shrink")),
            group=part.get("group"),
            share=share_of(part.get("ahead"), part.get("total")),
        )


def _shrunk(weight: Rule, part: Rule, documents: int | None) -> int | None:
    """The value drawn to the mean; null where the value is unknown, or is taken as it is."""
    if "shrink" not in weight or part["value"] is None:
        return None
    if documents is None:
        raise KeyError("documents")
    own, mean, drawn = to_units(Decimal(part["value"])), to_units(Decimal(part["mean"])), int(weight["shrink"])
    return (documents * own + drawn * mean) // (documents + drawn)


def _points(weight: Rule, part: Rule, shrunk: int | None) -> int | None:
    """Points in ten-thousandths; null where the metric is unknown."""
    beaten, tied, others = (count(part[name]) for name in ("beaten", "tied", "others"))
    method = weight.get("method", "rank")
    if method == "rank":
        if beaten is None or tied is None or others is None:
            return None
        return (2 * beaten + tied) * 100 * UNIT // (2 * others) if others else 50 * UNIT
    if part["value"] is None:
        return None
    judged = to_units(Decimal(part["value"])) if shrunk is None else shrunk
    for band in weight["bands"]:
        if method == "threshold":
            low, high = decimal(band.get("at_least")), decimal(band.get("below"))
            inside = (low is None or judged >= to_units(low)) and (high is None or judged < to_units(high))
        elif "top" not in band:
            inside = True
        elif method == "percent_of_customers":
            inside = in_top_percent(beaten, others, band["top"])
        else:
            inside = in_top_share(part.get("ahead"), part.get("total"), band["top"])
        if inside:
            return to_units(Decimal(band["points"]))
    return None


def score_of(lines: Iterable[Line]) -> Decimal | None:
    """The contributions together; null when every metric is unknown."""
    known = [line.contribution for line in lines if line.contribution is not None]
    return sum(known, Decimal(0)) if known else None


def possible(line: Line) -> bool:
    """Whether a customer can have this place: no more than there are others, and none without a value."""
    if line.beaten is None or line.tied is None or line.others is None:
        compares = line.value is not None and line.method != "threshold"
        return not compares and line.beaten is line.tied is line.others is None
    sums = (line.ahead is None and line.total is None) or (
        line.ahead is not None and line.total is not None and 0 <= line.ahead <= line.total
    )
    return (
        line.value is not None
        and min(line.beaten, line.tied, line.others) >= 0
        and line.beaten + line.tied <= line.others
        and sums
    )
