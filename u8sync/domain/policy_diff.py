"""Two policies on the same customers: who goes where, and what made the difference.

Why a customer gets another tier is told by changing one part of the policy at a time, in this order: the window, then
how customers are scored, then the ladder. A part is named when the tier changed at its step. Another order could name
other parts where several work together, which is why the parts are called what made the difference *as far as it can be
told*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

import polars as pl

from u8sync.domain.mapping import CODE
from u8sync.domain.model import MONEY
from u8sync.domain.outcome import Ground, Outcome
from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.scoring import contribution_of
from u8sync.domain.tiers import CURRENT, EARNED, meets

__all__ = [
    "MOVES_SCHEMA",
    "Cell",
    "Comparison",
    "Missed",
    "TierTurnover",
    "Way",
    "compare",
    "matrix_of",
    "missed_by",
    "way_between",
]

Way = Literal["stay", "up", "down", "enter", "leave", "other"]
"""Where a customer goes: ``enter`` from no tier, ``leave`` to none, ``other`` between tiers that no ladder orders."""

MOVES_SCHEMA: Final[dict[str, pl.DataType]] = {
    "code": pl.String(),
    "name": pl.String(),
    "current": pl.String(),
    "was": pl.String(),
    "becomes": pl.String(),
    "way": pl.String(),
    "score_was": MONEY,
    "score_is": MONEY,
    "by_exclusion": pl.Boolean(),
    "by_window": pl.Boolean(),
    "by_scoring": pl.Boolean(),
    "by_ladder": pl.Boolean(),
    "metric": pl.String(),
    "metric_was": MONEY,
    "metric_is": MONEY,
    "business_was": pl.Boolean(),
    "business_is": pl.Boolean(),
}
"""Columns of :attr:`Comparison.moves`."""


@dataclass(frozen=True)
class Cell:
    """So many customers go from one tier to another; null: no tier, or one that the mapping does not know."""

    was: str | None
    becomes: str | None
    customers: int
    way: Way


@dataclass(frozen=True)
class TierTurnover:
    """How a tier's customers change.

    Attributes:
        tier: A tier of either ladder.
        was: Customers by the present policy.
        gained: Those that only the other policy puts there.
        lost: Those that only the present one does.
    """

    tier: str
    was: int
    gained: int
    lost: int

    @property
    def becomes(self) -> int:
        """Customers by the other policy."""
        return self.was + self.gained - self.lost


@dataclass(frozen=True)
class Comparison:
    """The present policy beside another one.

    Attributes:
        matrix: Present tier by other tier, over the customers to whom at least one of the policies gives a tier.
        turnover: One a tier: those of the other ladder, highest first, then those that only the present one has.
        moves: One row a customer that gets another tier, by way, then by tier and code, with the columns of
            :data:`MOVES_SCHEMA`: ``current`` is what U8 holds; the four ``by_…`` say which parts of the policy made the
            difference; ``metric`` is the one whose contribution to the score changed most in the move's direction,
            with its contributions before and after; null where the scoring made no difference.
        without: Customers that neither policy gives a tier.
    """

    matrix: tuple[Cell, ...]
    turnover: tuple[TierTurnover, ...]
    moves: pl.DataFrame
    without: int


def way_between(was: str | None, becomes: str | None, ladders: Sequence[Policy]) -> Way:
    """Which way a customer goes; by the first ladder that knows both tiers."""
    if was == becomes:
        return "stay"
    if was is None:
        return "enter"
    if becomes is None:
        return "leave"
    for policy in ladders:
        left, right = policy.rank(was), policy.rank(becomes)
        if left is not None and right is not None:
            return "up" if right > left else "down"
    return "other"


def matrix_of(customers: pl.DataFrame, was: str, becomes: str, ladders: Sequence[Policy]) -> tuple[Cell, ...]:
    """How many customers go from each tier to each other, from the highest down, no tier last.

    Args:
        customers: One row a customer.
        was: Column with the tier that it comes from.
        becomes: Column with the tier that it goes to.
        ladders: Their order; see :func:`way_between`.
    """
    counts = customers.group_by(was, becomes).len().rows()
    order = {name: at for at, name in enumerate(_names(ladders))}

    def place(name: str | None) -> tuple[int, str]:
        return (len(order) + 1, "") if name is None else (order.get(name, len(order)), name)

    cells = (Cell(left, right, count, way_between(left, right, ladders)) for left, right, count in counts)
    return tuple(sorted(cells, key=lambda cell: (place(cell.was), place(cell.becomes))))


def _names(ladders: Sequence[Policy]) -> tuple[str, ...]:
    """The tiers of several ladders, each once, those of the first one first."""
    return tuple(dict.fromkeys(tier.name for policy in ladders for tier in policy.tiers))


def compare(ground: Ground, now: Outcome, then: Outcome) -> Comparison:
    """Put what two policies give side by side.

    Args:
        ground: The archive that both judged.
        now: By the present policy.
        then: By the other one; the same facts when the windows are equal.
    """
    ladders = (then.policy, now.policy)
    both = _side_by_side(now, then)
    placed = both.filter(pl.col("was").is_not_null() | pl.col("becomes").is_not_null())
    matrix = matrix_of(placed, "was", "becomes", ladders)
    return Comparison(
        matrix=matrix,
        turnover=tuple(_turnover(matrix, _names(ladders))),
        moves=_moves(ground, now, then, placed, ladders),
        without=both.height - placed.height,
    )


def _side_by_side(now: Outcome, then: Outcome) -> pl.DataFrame:
    name = pl.col("name") if "name" in now.customers.columns else pl.lit(None, dtype=pl.String).alias("name")
    left = now.customers.select(
        CODE,
        name,
        CURRENT,
        pl.col(EARNED).alias("was"),
        pl.col(SCORE).alias("score_was"),
        pl.col("eligible").alias("eligible_was"),
        pl.col("rated").alias("business_was"),
    )
    right = then.customers.select(
        CODE,
        pl.col(EARNED).alias("becomes"),
        pl.col(SCORE).alias("score_is"),
        pl.col("eligible").alias("eligible_is"),
        pl.col("rated").alias("business_is"),
    )
    return left.join(right, on=CODE, how="left", maintain_order="left", validate="1:1")


def _turnover(matrix: Sequence[Cell], names: Sequence[str]) -> Iterator[TierTurnover]:
    for name in names:
        yield TierTurnover(
            tier=name,
            was=sum(cell.customers for cell in matrix if cell.was == name),
            gained=sum(cell.customers for cell in matrix if cell.becomes == name and cell.was != name),
            lost=sum(cell.customers for cell in matrix if cell.was == name and cell.becomes != name),
        )


def _moves(
    ground: Ground, now: Outcome, then: Outcome, placed: pl.DataFrame, ladders: Sequence[Policy]
) -> pl.DataFrame:
    """The customers that get another tier, with what made the difference."""
    moved = placed.filter(pl.col("was").ne_missing(pl.col("becomes")))
    if moved.is_empty():
        return pl.DataFrame(schema=MOVES_SCHEMA)
    # One part after the other becomes that of the other policy: the window, the scoring, the ladder.
    windowed = now.customers if then.facts is now.facts else ground.judge(now.policy, then.facts)
    rescored = ground.judge(replace(then.policy, tiers=now.policy.tiers), then.facts)
    steps = moved.join(windowed.select(CODE, pl.col(EARNED).alias("windowed")), on=CODE, how="left").join(
        rescored.select(CODE, pl.col(EARNED).alias("rescored")), on=CODE, how="left"
    )
    excluded = pl.col("eligible_was") != pl.col("eligible_is")
    told = steps.with_columns(
        excluded.alias("by_exclusion"),
        (~excluded & pl.col("was").ne_missing(pl.col("windowed"))).alias("by_window"),
        (~excluded & pl.col("windowed").ne_missing(pl.col("rescored"))).alias("by_scoring"),
        (~excluded & pl.col("rescored").ne_missing(pl.col("becomes"))).alias("by_ladder"),
        _way_column(steps, ladders),
    ).join(_telling_metric(now, then), on=CODE, how="left")
    scored = pl.col("by_scoring") | pl.col("by_window")
    # Both scores go up and down with the customer where they tell anything; else no metric is named.
    rises = pl.col("score_is") > pl.col("score_was")
    falls = pl.col("score_is") < pl.col("score_was")
    for name in ("metric", "metric_was", "metric_is"):
        chosen = pl.when(scored & rises).then(f"{name}_rise").when(scored & falls).then(f"{name}_fall")
        told = told.with_columns(chosen.alias(name))
    names = _names(ladders)
    order = {name: at for at, name in enumerate(names)}
    ways: dict[str, int] = {"down": 0, "up": 1, "leave": 2, "enter": 3, "other": 4}
    return told.sort(
        pl.col("way").replace_strict(ways, return_dtype=pl.Int64),
        pl.col("was").replace_strict(order, return_dtype=pl.Int64, default=len(names)),
        pl.col("becomes").replace_strict(order, return_dtype=pl.Int64, default=len(names)),
        CODE,
    ).select(pl.col(name).cast(kind) for name, kind in MOVES_SCHEMA.items())


def _way_column(moved: pl.DataFrame, ladders: Sequence[Policy]) -> pl.Series:
    """Decided once for each pair of tiers."""
    pairs = moved.select("was", "becomes")
    each = pairs.unique()
    ways = each.with_columns(pl.Series("way", [way_between(was, becomes, ladders) for was, becomes in each.rows()]))
    return pairs.join(ways, on=["was", "becomes"], how="left", nulls_equal=True, maintain_order="left")["way"]


def _telling_metric(now: Outcome, then: Outcome) -> pl.DataFrame:
    """``n × (code, metric_rise, metric_fall, …)``: the metric whose contribution rose most, and that which fell most.

    A metric that does not count in a policy, or is not known, contributes 0.
    """
    metrics = tuple(dict.fromkeys(weight.metric for policy in (now.policy, then.policy) for weight in policy.weights))
    zero = pl.lit(0, dtype=MONEY)

    def contributions(outcome: Outcome, suffix: str) -> Iterator[pl.Expr]:
        counted = {weight.metric for weight in outcome.policy.weights}
        for metric in metrics:
            column = pl.col(contribution_of(metric)).fill_null(0) if metric in counted else zero
            yield column.alias(f"{metric}{suffix}")

    sides = now.customers.select(CODE, *contributions(now, ".was")).join(
        then.customers.select(CODE, *contributions(then, ".is")), on=CODE, how="left", maintain_order="left"
    )
    told: dict[str, pl.Expr] = {}
    for name, best in (("rise", pl.max_horizontal), ("fall", pl.min_horizontal)):
        change = {metric: pl.col(f"{metric}.is") - pl.col(f"{metric}.was") for metric in metrics}
        most = best(*change.values())
        chosen: dict[str, pl.Expr] = {
            "metric": pl.lit(None, dtype=pl.String),
            "metric_was": pl.lit(None, dtype=MONEY),
            "metric_is": pl.lit(None, dtype=MONEY),
        }
        for metric in reversed(metrics):
            it = change[metric] == most
            chosen["metric"] = pl.when(it).then(pl.lit(metric)).otherwise(chosen["metric"])
            for side in ("was", "is"):
                column = pl.col(f"{metric}.{side}")
                chosen[f"metric_{side}"] = pl.when(it).then(column).otherwise(chosen[f"metric_{side}"])
        told |= {f"{key}_{name}": value for key, value in chosen.items()}
    return sides.select(CODE, *(value.alias(key) for key, value in told.items()))


@dataclass(frozen=True)
class Missed:
    """A condition that a customer does not meet.

    Attributes:
        tier: The tier that asks for it.
        position: Which of the tier's conditions, from 0.
        value: Where the customer stands, in the subject's unit; null: unknown.
    """

    tier: str
    position: int
    value: Decimal | None


def missed_by(outcome: Outcome, wanted: pl.DataFrame) -> Mapping[str, tuple[Missed, ...]]:
    """The conditions that customers do not meet of one tier each; customers that meet all of them are absent.

    Args:
        outcome: By which policy.
        wanted: ``n × (code, tier)``: the customers, and the tier whose conditions are tried. A tier that the
            ladder does not have asks for nothing.
    """
    found: dict[str, list[Missed]] = {}
    asked = wanted.select(CODE, pl.col("tier").alias("wanted")).join(outcome.customers, on=CODE, how="inner")
    for tier in outcome.policy.tiers:
        of_tier = asked.filter(pl.col("wanted") == tier.name)
        for position, condition in enumerate(tier.conditions):
            missed = of_tier.filter(~meets(condition)).select(CODE, pl.col(condition.subject).cast(MONEY))
            for code, value in missed.iter_rows():
                found.setdefault(code, []).append(Missed(tier.name, position, value))
    return {code: tuple(each) for code, each in found.items()}
