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

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import polars as pl

from u8sync.domain.metrics import METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.policy import SCORE, Weight

__all__ = ["UNIT", "contribution_of", "points_of", "rank_of", "score"]

UNIT: Final = 10_000
"""Ten-thousandths in one point."""

_RANKS: Final[tuple[Literal["min"], Literal["max"]]] = ("min", "max")


def points_of(metric: str) -> str:
    """Name of the column with the points of a metric."""
    return f"{metric}.points"


def contribution_of(metric: str) -> str:
    """Name of the column with what a metric contributes to the score."""
    return f"{metric}.contribution"


def rank_of(metric: str) -> tuple[str, str, str]:
    """Names of the columns with the evidence that points follow from: others beaten, level with, compared."""
    return f"{metric}.beaten", f"{metric}.tied", f"{metric}.others"


def score(measured: pl.DataFrame, weights: Sequence[Weight]) -> pl.DataFrame:
    """Score every customer that is rated.

    Args:
        measured: ``n × (code, rated, *METRICS)``; metric values Decimal, null where unknown. ``rated`` marks the
            customers that are compared with each other; the others take no part and get no score.
        weights: What counts, and how much.

    Returns:
        ``measured`` with ``score`` and, for each weight, ``<metric>.points`` and ``<metric>.contribution``: Decimal
        with four places, 0 to 100; and ``<metric>.beaten``, ``.tied``, ``.others``: Int64, the whole numbers that the
        points follow from. Null where the customer is not rated or the metric unknown; ``score`` is null too where
        every metric is unknown.
    """
    rated = pl.col("rated")
    known = {w.metric: rated & pl.col(w.metric).is_not_null() for w in weights}
    counted_weight = pl.sum_horizontal(
        *(pl.lit(w.percent) if w.unknown == "zero" else known[w.metric].cast(pl.Int64) * w.percent for w in weights)
    )
    ranked = measured.with_columns(
        *(rank for w in weights for rank in _ranks(w.metric, known[w.metric])),
        counted_weight.cast(pl.Int64).alias("counted_weight"),
    )
    points = ranked.with_columns(_points(w.metric).alias(points_of(w.metric)) for w in weights)
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


def _ranks(metric: str, known: pl.Expr) -> Iterator[pl.Expr]:
    """How many others are beaten, level with and compared; null where the metric is not known, or nobody is rated."""
    value = pl.when(known).then(pl.col(metric))
    descending = not METRICS[metric].higher_is_better
    lowest, highest = (value.rank(way, descending=descending).cast(pl.Int64) for way in _RANKS)
    beaten, tied, others = rank_of(metric)
    yield (lowest - 1).alias(beaten)
    yield (highest - lowest).alias(tied)
    yield pl.when(known).then(known.sum().cast(pl.Int64) - 1).alias(others)


def _points(metric: str) -> pl.Expr:
    """Points in whole ten-thousandths; null where the ranks are."""
    beaten, tied, others = (pl.col(name) for name in rank_of(metric))
    alone = pl.when(others == 0).then(pl.lit(50 * UNIT, dtype=pl.Int64))
    return pl.when(others > 0).then((2 * beaten + tied) * (100 * UNIT) // (2 * others)).otherwise(alone)
