"""Why one customer has its tier, and what would lift it to the next one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from u8sync.domain.decision import CAUSE, CURRENT
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.policy import SCORE, Condition, Policy, Tier, Weight
from u8sync.domain.scoring import contribution_of, points_of, score
from u8sync.domain.tiers import TIER

__all__ = ["Explanation", "Lift", "MetricLine", "Test", "explain"]


_STEP: Final = Decimal("0.0001")
"""The smallest difference between two metric values."""


@dataclass(frozen=True)
class MetricLine:
    """One metric of the customer.

    Attributes:
        metric: Its name.
        value: Its value; null: unknown.
        percent: Its weight; null when it does not count in the score.
        points: Percentile rank, 0 to 100; null: unknown or no part of the score.
        contribution: Its part of the score; null likewise.
        rank: 1 for the best of the rated customers, ties share the better rank; null: unknown.
        of: Number of rated customers whose value is known.
    """

    metric: str
    value: Decimal | None
    percent: int | None
    points: Decimal | None
    contribution: Decimal | None
    rank: int | None
    of: int


@dataclass(frozen=True)
class Test:
    """One condition of a tier, tried on the customer.

    Attributes:
        condition: The condition.
        value: The customer's score or metric; null: unknown.
        met: Whether it holds.
    """

    condition: Condition
    value: Decimal | None
    met: bool


@dataclass(frozen=True)
class Lift:
    """What one metric alone would have to be for the next tier's score: the nearest value of another customer.

    Attributes:
        metric: The metric.
        now: Its value; null: unknown.
        needed: The value it would need.
        beyond: Whether it must be better than ``needed``, the value of the best; else reaching it will do.
    """

    metric: str
    now: Decimal | None
    needed: Decimal
    beyond: bool


@dataclass(frozen=True)
class Explanation:
    """Why one customer has its tier.

    Attributes:
        code: The customer.
        name: Its name, if the mapping has one.
        cause: Why it gets no tier; null when it gets one.
        rated: Whether it had business in the window.
        current: The tier that U8 holds; null: none or not known.
        tier: The recommended tier; null when it gets none.
        score: 0 to 100; null: not rated, or every metric unknown.
        metrics: Those of the score first, in the order of the policy.
        tests: The conditions of the recommended tier.
        next_tier: The tier above; null at the top, or when it gets none.
        next_tests: The conditions of the tier above.
        lifts: What would lift the score far enough, one metric at a time; empty when the score is not what is missing,
            or no single metric can do it.
    """

    code: str
    name: str | None
    cause: str | None
    rated: bool
    current: str | None
    tier: Tier | None
    score: Decimal | None
    metrics: tuple[MetricLine, ...]
    tests: tuple[Test, ...]
    next_tier: Tier | None
    next_tests: tuple[Test, ...]
    lifts: tuple[Lift, ...]


def explain(customers: pl.DataFrame, code: str, policy: Policy) -> Explanation | None:
    """Explain one customer of a decision's frame; null when the archive has no such customer."""
    found = customers.filter(pl.col(CODE) == code)
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    heights = {tier.name: index for index, tier in enumerate(policy.tiers)}
    index = heights.get(row[TIER])
    tier = None if index is None else policy.tiers[index]
    above = policy.tiers[index - 1] if index else None
    next_tests = tuple(_try(condition, row) for condition in above.conditions) if above else ()
    return Explanation(
        code=code,
        name=row.get("name"),
        cause=row[CAUSE],
        rated=row["rated"],
        current=row[CURRENT],
        tier=tier,
        score=row[SCORE],
        metrics=tuple(_metric_lines(customers, row, policy.weights)),
        tests=tuple(_try(condition, row) for condition in tier.conditions) if tier else (),
        next_tier=above,
        next_tests=next_tests,
        lifts=tuple(_lifts(customers, row, policy.weights, next_tests)) if row["rated"] else (),
    )


def _try(condition: Condition, row: dict[str, object]) -> Test:
    value = row[condition.subject]
    if not isinstance(value, Decimal):
        return Test(condition, None, met=False)
    low_enough = condition.below is None or value < condition.below
    high_enough = condition.at_least is None or value >= condition.at_least
    return Test(condition, value, met=low_enough and high_enough)


def _metric_lines(customers: pl.DataFrame, row: dict[str, object], weights: Sequence[Weight]) -> Iterator[MetricLine]:
    percents = {weight.metric: weight.percent for weight in weights}
    for name in [*percents, *(name for name in METRICS if name not in percents)]:
        known = customers.filter(pl.col("rated") & pl.col(name).is_not_null())[name]
        if METRICS[name].extras and name not in percents and known.is_empty():
            continue  # it was not read
        value = row[name]
        better = None
        if isinstance(value, Decimal) and row["rated"]:
            better = (known > value) if METRICS[name].higher_is_better else (known < value)
        yield MetricLine(
            metric=name,
            value=value if isinstance(value, Decimal) else None,
            percent=percents.get(name),
            points=_decimal(row.get(points_of(name))),
            contribution=_decimal(row.get(contribution_of(name))),
            rank=None if better is None else 1 + int(better.sum()),
            of=known.len(),
        )


def _decimal(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _lifts(
    customers: pl.DataFrame, row: dict[str, object], weights: Sequence[Weight], tests: Sequence[Test]
) -> Iterator[Lift]:
    """Try each metric at every better value that another customer has, and just beyond the best of them."""
    bounds = [(t.condition.at_least, t.value) for t in tests if t.condition.subject == SCORE]
    missed = [low for low, value in bounds if low is not None and (value is None or value < low)]
    if not missed:
        return
    wanted = max(missed)
    rated = customers.filter("rated").select(CODE, "rated", *METRICS)
    mine = pl.col(CODE) == row[CODE]
    for name in (weight.metric for weight in weights):
        higher = METRICS[name].higher_is_better
        now = _decimal(row[name])
        others = rated.filter(~mine)[name].drop_nulls().unique().sort(descending=not higher).to_list()
        steps = [value for value in others if now is None or (value > now if higher else value < now)]
        best = (others or [now])[-1] if steps or now is None else now
        if best is None:
            continue
        beyond = best + _STEP if higher else best - _STEP
        # A count of days cannot fall below zero.
        candidates = [*steps, beyond] if higher or beyond >= 0 else steps

        def reaches(value: Decimal, name: str = name) -> bool:
            tried = rated.with_columns(pl.when(mine).then(pl.lit(value, dtype=MONEY)).otherwise(name).alias(name))
            result = _decimal(score(tried, weights).filter(mine)[SCORE].item())
            return result is not None and result >= wanted

        # A better value never lowers the score, so the first value that suffices is found by halving.
        first = bisect_left(candidates, True, key=reaches)
        if first < len(steps):
            yield Lift(name, now, needed=candidates[first], beyond=False)
        elif first < len(candidates):
            yield Lift(name, now, needed=best, beyond=True)
