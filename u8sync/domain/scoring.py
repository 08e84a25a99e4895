"""The score: how a customer stands, metric by metric, weighted.

All arithmetic is on whole ten-thousandths of a point, so that a score is the same on every machine, in every order of
rows, and months later from the audit record alone.

Definition. Each metric gives *points*, 0 to 100, by its method:

* ``rank``: the percentile rank, the share of the other rated customers that the customer beats, those it is level with
  counted half. Ties therefore always get the same points. A customer that is alone stands in the middle, at 50.
* ``threshold``: those of the band that the value lies in.
* ``percent_of_customers`` and ``cumulative_share``: those of the first band that the customer's place reaches, see
  :mod:`u8sync.domain.ranks`.

A metric whose value is unknown earns nothing; with ``unknown: leave_out`` its weight is shared out among the known
ones, with ``zero`` it is lost. The *score* is the weighted sum of the points over the known weight, cut to
ten-thousandths. A *contribution* is a metric's part of it, cut likewise; the last known one takes what the cuts left,
so that the contributions always add up to the score.

*Shrinkage.* A ratio that rests on few documents says little. With ``shrink: k`` a customer with *n* documents and the
value *m* is judged by ``(n * m + k * M) / (n + k)``, where *M* is the mean of its group, weighted by documents: as if
*k* documents of an average customer were added. Each mean is cut to ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from u8sync.domain.metrics import DOCUMENTS, METRICS
from u8sync.domain.policy import SCORE, Weight
from u8sync.domain.ranks import (
    UNIT,
    Standing,
    as_decimal,
    group_of,
    in_top_percent,
    in_top_share,
    place,
    units,
    with_groups,
)

__all__ = [
    "UNIT",
    "contribution_of",
    "evidence_of",
    "mean_of",
    "points_of",
    "rank_of",
    "score",
    "shrunk_of",
]


def points_of(metric: str) -> str:
    """Name of the column with the points of a metric."""
    return f"{metric}.points"


def contribution_of(metric: str) -> str:
    """Name of the column with what a metric contributes to the score."""
    return f"{metric}.contribution"


def rank_of(metric: str) -> tuple[str, str, str]:
    """Names of the columns with the customer's place: others beaten, level with, compared."""
    return Standing(metric).counts


def shrunk_of(metric: str) -> str:
    """Name of the column with the value that is judged in place of the customer's own."""
    return f"{metric}.shrunk"


def mean_of(metric: str) -> str:
    """Name of the column with the mean of the group, towards which the value is drawn."""
    return f"{metric}.mean"


def evidence_of(weight: Weight) -> list[str]:
    """Names of the columns, beside value, points and contribution, that a metric's points follow from."""
    standing = Standing(weight.metric)
    return [
        *(standing.counts if weight.method != "threshold" else ()),
        *(standing.sums if weight.method == "cumulative_share" else ()),
        *((shrunk_of(weight.metric), mean_of(weight.metric)) if weight.shrink else ()),
    ]


def score(measured: pl.DataFrame, weights: Sequence[Weight], *, smallest_group: int = 1) -> pl.DataFrame:
    """Score every customer that is rated.

    Args:
        measured: ``n × (code, rated, *METRICS)``; metric values Decimal, null where unknown. ``rated`` marks the
            customers that are compared with each other; the others take no part and get no score. With the fields in
            whose groups they are compared, and :data:`u8sync.domain.metrics.DOCUMENTS` where a weight shrinks.
        weights: What counts, and how much.
        smallest_group: A group with fewer rated customers is compared with everybody.

    Returns:
        ``measured`` with ``score`` and, for each weight, ``<metric>.points`` and ``<metric>.contribution``: Decimal
        with four places, 0 to 100; and the columns of :func:`evidence_of`: counts Int64, amounts Decimal. Null where
        the customer is not rated or the metric unknown; ``score`` is null too where every metric is unknown.
    """
    fields = sorted({weight.within for weight in weights if weight.within is not None})
    frame = with_groups(measured, fields, smallest_group)
    shrunk = [column for weight in weights if weight.shrink for column in _shrunk(weight, weight.shrink)]
    frame = frame.with_columns(shrunk) if shrunk else frame
    ranked = [column for weight in weights if weight.method != "threshold" for column in _places(weight)]
    frame = frame.with_columns(ranked).with_columns(
        _points(weight).alias(points_of(weight.metric)) for weight in weights
    )
    return _weighted(frame, weights).with_columns(
        as_decimal(pl.col(name)).alias(name)
        for weight in weights
        for name in evidence_of(weight)
        if name not in Standing(weight.metric).counts
    )


def _known(weight: Weight) -> pl.Expr:
    return pl.col("rated") & pl.col(weight.metric).is_not_null()


def _judged(weight: Weight) -> pl.Expr:
    """The value that points follow from, in ten-thousandths; null where the metric is unknown."""
    value = pl.col(shrunk_of(weight.metric)) if weight.shrink else units(weight.metric)
    return pl.when(_known(weight)).then(value)


def _shrunk(weight: Weight, count: int) -> Iterator[pl.Expr]:
    known = _known(weight)
    own = pl.when(known).then(units(weight.metric))
    documents = pl.when(known).then(pl.col(DOCUMENTS).fill_null(0).cast(pl.Int128))
    weighed, among = (own * documents).sum(), documents.sum()
    plain, people = own.sum(), own.count().cast(pl.Int128)
    if weight.within is not None:
        group = pl.col(group_of(weight.within))
        weighed, among, plain, people = (
            pl.when(group.is_not_null()).then(total.over(group)).otherwise(total)
            for total in (weighed, among, plain, people)
        )
    # Where nobody has a document, every customer counts as much as the next.
    mean = pl.when(known).then(pl.when(among > 0).then(weighed // among).otherwise(plain // people))
    yield mean.alias(mean_of(weight.metric))
    yield ((documents * own + count * mean) // (documents + count)).alias(shrunk_of(weight.metric))


def _places(weight: Weight) -> Iterator[pl.Expr]:
    return place(
        Standing(weight.metric),
        _judged(weight),
        higher_is_better=METRICS[weight.metric].higher_is_better,
        field=weight.within,
        sums=weight.method == "cumulative_share",
    )


def _points(weight: Weight) -> pl.Expr:
    """Points in whole ten-thousandths; null where the metric is not known."""
    standing = Standing(weight.metric)
    if weight.method == "rank":
        beaten, tied, others = (pl.col(name) for name in standing.counts)
        alone = pl.when(others == 0).then(pl.lit(50 * UNIT, dtype=pl.Int64))
        return pl.when(others > 0).then((2 * beaten + tied) * (100 * UNIT) // (2 * others)).otherwise(alone)
    points: pl.Expr = pl.lit(None, dtype=pl.Int64)
    for band in reversed(weight.bands):
        earned = pl.lit(int(band.points * UNIT), dtype=pl.Int64)
        if weight.method == "threshold":
            inside = pl.lit(value=True)
            if band.at_least is not None:
                inside = inside & (_judged(weight) >= int(band.at_least * UNIT))
            if band.below is not None:
                inside = inside & (_judged(weight) < int(band.below * UNIT))
        elif band.top is None:
            inside = pl.lit(value=True)
        elif weight.method == "percent_of_customers":
            inside = in_top_percent(standing, band.top)
        else:
            inside = in_top_share(standing, band.top)
        points = pl.when(inside).then(earned).otherwise(points)
    return pl.when(_known(weight)).then(points)


def _weighted(points: pl.DataFrame, weights: Sequence[Weight]) -> pl.DataFrame:
    """Add the score and the contributions, and turn points into decimals."""
    known = {weight.metric: pl.col(points_of(weight.metric)).is_not_null() for weight in weights}
    counted = pl.sum_horizontal(
        *(pl.lit(w.percent) if w.unknown == "zero" else known[w.metric].cast(pl.Int64) * w.percent for w in weights)
    ).cast(pl.Int64)
    weighted = [pl.col(points_of(w.metric)) * w.percent for w in weights]
    total = pl.sum_horizontal(*(part.fill_null(0) for part in weighted)) // pl.col(_COUNTED)
    cut = [part // pl.col(_COUNTED) for part in weighted]
    rest = total - pl.sum_horizontal(*(part.fill_null(0) for part in cut))
    known_later = [
        pl.any_horizontal(*(known[w.metric] for w in weights[at:]), pl.lit(value=False))
        for at in range(1, len(weights) + 1)
    ]
    return (
        points.with_columns(counted.alias(_COUNTED))
        .with_columns(
            as_decimal(pl.when(pl.any_horizontal(*known.values())).then(total)).alias(SCORE),
            *(
                as_decimal(part + pl.when(later).then(0).otherwise(rest)).alias(contribution_of(w.metric))
                for w, part, later in zip(weights, cut, known_later, strict=True)
            ),
        )
        .with_columns(as_decimal(pl.col(points_of(w.metric))).alias(points_of(w.metric)) for w in weights)
        .drop(_COUNTED)
    )


_COUNTED: Final = "score.counted_weight"
