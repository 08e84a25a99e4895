"""The score: how a customer stands among all customers with business, metric by metric, weighted.

All arithmetic is on whole ten-thousandths of a point, so that a score is the same on every machine, in every order of
rows, and months later from the audit record alone.

Definition. *Points* of a metric are its percentile rank, 0 to 100: the share of the other rated customers that the
customer beats, those it is level with counted half. Ties therefore always get the same points. A customer that is
alone stands in the middle, at 50. A metric whose value is unknown earns nothing; with ``unknown: leave_out`` its weight
is shared out among the known ones, with ``zero`` it is lost. The *score* is the weighted sum of the points over the
known weight, cut to ten-thousandths. A *contribution* is a metric's part of it, cut likewise; the last known one takes
what the cuts left, so that the contributions always add up to the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from u8sync.domain.metrics import METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.policy import SCORE, Weight

__all__ = ["contribution_of", "points_of", "score"]

UNIT: Final = 10_000
"""Ten-thousandths in one point."""


def points_of(metric: str) -> str:
    """Name of the column with the points of a metric."""
    return f"{metric}.points"


def contribution_of(metric: str) -> str:
    """Name of the column with what a metric contributes to the score."""
    return f"{metric}.contribution"


def score(measured: pl.DataFrame, weights: Sequence[Weight]) -> pl.DataFrame:
    """Score every customer that is rated.

    Args:
        measured: ``n × (code, rated, *METRICS)``; metric values Decimal, null where unknown. ``rated`` marks the
            customers that are compared with each other; the others take no part and get no score.
        weights: What counts, and how much.

    Returns:
        ``measured`` with ``score`` and, for each weight, ``<metric>.points`` and ``<metric>.contribution``: Decimal
        with four places, 0 to 100. Null where the customer is not rated or the metric unknown; ``score`` is null too
        where every metric is unknown.
    """
    rated = pl.col("rated")
    known = {w.metric: rated & pl.col(w.metric).is_not_null() for w in weights}
    counted_weight = pl.sum_horizontal(
        *(pl.lit(w.percent) if w.unknown == "zero" else known[w.metric].cast(pl.Int64) * w.percent for w in weights)
    )
    points = measured.with_columns(
        *(_points(w.metric, known[w.metric]).alias(points_of(w.metric)) for w in weights),
        counted_weight.cast(pl.Int64).alias("counted_weight"),
    )
    weighted = [pl.col(points_of(w.metric)) * w.percent for w in weights]
    total = pl.sum_horizontal(*(part.fill_null(0) for part in weighted)) // pl.col("counted_weight")
    cut = [part // pl.col("counted_weight") for part in weighted]
    rest = total - pl.sum_horizontal(*(part.fill_null(0) for part in cut))
    known_later = [
        pl.any_horizontal(*(known[w.metric] for w in weights[at:]), pl.lit(value=False))
        for at in range(1, len(weights) + 1)
    ]
    columns = [name(w.metric) for w in weights for name in (points_of, contribution_of)]
    return (
        points.with_columns(
            pl.when(pl.any_horizontal(*known.values())).then(total).alias(SCORE),
            *(
                (part + pl.when(later).then(0).otherwise(rest)).alias(contribution_of(w.metric))
                for w, part, later in zip(weights, cut, known_later, strict=True)
            ),
        )
        .with_columns(pl.col(SCORE, *columns).cast(MONEY) / UNIT)
        .drop("counted_weight")
    )


def _points(metric: str, known: pl.Expr) -> pl.Expr:
    """Points in whole ten-thousandths; null where the metric is not known or the customer not rated."""
    value = pl.when(known).then(pl.col(metric))
    descending = not METRICS[metric].higher_is_better
    beaten_twice = (
        value.rank("min", descending=descending).cast(pl.Int64)
        + value.rank("max", descending=descending).cast(pl.Int64)
        - 2
    )
    others = known.sum().cast(pl.Int64) - 1
    alone = pl.when(known).then(pl.lit(50 * UNIT, dtype=pl.Int64))
    return pl.when(others > 0).then(beaten_twice * (100 * UNIT) // (2 * others)).otherwise(alone)
