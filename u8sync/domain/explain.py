"""Why one customer has its tier, and what would lift it to the next one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

import polars as pl

from u8sync.domain.edges import near_edges
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS, METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.movement import BELOW, CHANGED_ON, EDITED, HELD, HOLDS, PINNED, REVIEW, Past
from u8sync.domain.policy import SCORE, Condition, Pin, Policy, Quota, Tier, Weight
from u8sync.domain.ranks import Standing, group_of
from u8sync.domain.scoring import contribution_of, mean_of, points_of, score, shrunk_of
from u8sync.domain.tiers import CAUSE, CURRENT, EARNED, TIER, meets, quota_of, standing_of

__all__ = ["Explanation", "Lift", "MetricLine", "Moving", "QuotaTest", "Test", "explain"]


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
        of: Number of rated customers whose value is known, of the group if there is one.
        method: How the value becomes points; null when it does not count in the score.
        group: The group that the customer is compared in; null: everybody.
        judged: The value that points follow from, where it was drawn to the mean of the group; null: ``value`` itself.
        mean: That mean; null likewise.
        shrink: So many documents the mean counts for; null likewise.
        ahead: Percent of the sum that the customers ahead bring; null unless the method asks for it.
    """

    metric: str
    value: Decimal | None
    percent: int | None
    points: Decimal | None
    contribution: Decimal | None
    rank: int | None
    of: int
    method: str | None = None
    group: str | None = None
    judged: Decimal | None = None
    mean: Decimal | None = None
    shrink: int | None = None
    ahead: Decimal | None = None


@dataclass(frozen=True)
class Test:
    """One condition of a tier, tried on the customer.

    Attributes:
        condition: The condition.
        value: The customer's score or metric; null: unknown.
        met: Whether it holds.
        rank: The place that it asks about, those that are level all counted; null: it asks for none, or unknown.
        of: Among so many customers; null likewise.
        ahead: Percent of the sum that the customers ahead bring; null: it asks for no share, or nobody brings any.
        group: The group that is compared; null: everybody.
    """

    condition: Condition
    value: Decimal | None
    met: bool
    rank: int | None = None
    of: int | None = None
    ahead: Decimal | None = None
    group: str | None = None


@dataclass(frozen=True)
class QuotaTest:
    """The place of a customer in a tier's quota.

    Attributes:
        tier: The tier.
        quota: How many it takes.
        rank: Its place by score among those that meet the conditions, those that are level all counted; null: it does
            not meet them.
        places: How many places there are; null likewise.
        met: Whether it gets one of them.
    """

    tier: Tier
    quota: Quota
    rank: int | None
    places: int | None
    met: bool


@dataclass(frozen=True)
class Moving:
    """How the tier follows what the ladder gives.

    Attributes:
        held: Why it is another tier, a :data:`u8sync.domain.movement.Hold`; null: it is the same.
        holds: The highest tier whose eased conditions are met; null without movement rules.
        below: Evaluations in a row that found the customer below, this one included; 0: it is not.
        changed_on: As-of day of the last change; null: none is known.
        evaluated_on: As-of day of the evaluation before; null: this is the first one.
        review: Whether tiers may fall at this evaluation.
        pin: The pin that sets the tier; null: none.
        edited: Whether a person changed the tier in U8 since u8sync wrote it, and it stays for that.
    """

    held: str | None
    holds: str | None
    below: int
    changed_on: date | None
    evaluated_on: date | None
    review: bool
    pin: Pin | None
    edited: bool


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
        rated: Whether it had business in the window, and enough of it.
        current: The tier that U8 holds; null: none or not known.
        tier: The recommended tier; null when it gets none.
        earned: The tier that the ladder gives; the recommended one follows it as the movement rules allow.
        score: 0 to 100; null: not rated, or every metric unknown.
        metrics: Those of the score first, in the order of the policy.
        tests: The conditions of the earned tier.
        next_tier: The tier above the earned one; null at the top, or when it gets none.
        next_tests: The conditions of the tier above.
        lifts: What would lift the score far enough, one metric at a time; empty when the score is not what is missing,
            or no single metric can do it.
        quotas: The quotas of the earned tier and the one above.
        moving: How the tier follows; null without movement rules, pins and edits.
        edges: Rows of :func:`u8sync.domain.edges.near_edges`: the bounds that it is near; empty: it is not borderline.
        unrated: Why it is not rated; null: it is, or it gets no tier at all.
        documents: Its documents in the window.
        history_days: Days since its first sale; null: none.
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
    earned: Tier | None = None
    quotas: tuple[QuotaTest, ...] = ()
    moving: Moving | None = None
    edges: tuple[dict[str, object], ...] = ()
    unrated: Literal["no_business", "little_evidence"] | None = None
    documents: int = 0
    history_days: int | None = None


def explain(customers: pl.DataFrame, code: str, policy: Policy, *, past: Past | None = None) -> Explanation | None:
    """Explain one customer of a decision's frame; null when the archive has no such customer.

    Args:
        customers: See :attr:`u8sync.domain.decision.Decision.customers`.
        code: The customer.
        policy: What it was judged by.
        past: What earlier evaluations left; null: this is the first one.
    """
    found = customers.filter(pl.col(CODE) == code)
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    ladder = {tier.name: index for index, tier in enumerate(policy.tiers)}
    index = ladder.get(row[EARNED])
    earned = None if index is None else policy.tiers[index]
    above = policy.tiers[index - 1] if index else None
    tests = tuple(_tests(found, earned))
    next_tests = tuple(_tests(found, above))
    unrated: Literal["no_business", "little_evidence"] | None = None
    if row["eligible"] and not row["rated"]:
        unrated = "little_evidence" if row["has_business"] else "no_business"
    return Explanation(
        code=code,
        name=row.get("name"),
        cause=row[CAUSE],
        rated=row["rated"],
        current=row[CURRENT],
        tier=policy.tiers[ladder[row[TIER]]] if row[TIER] in ladder else None,
        score=row[SCORE],
        metrics=tuple(_metric_lines(customers, row, policy.weights)),
        tests=tests,
        next_tier=above,
        next_tests=next_tests,
        lifts=tuple(_lifts(customers, row, policy, next_tests)) if row["rated"] else (),
        earned=earned,
        quotas=tuple(_quotas(row, policy, earned, above)),
        moving=_moving(row, policy, past or Past()),
        edges=tuple(near_edges(customers, policy).filter(pl.col(CODE) == code).iter_rows(named=True)),
        unrated=unrated,
        documents=row[DOCUMENTS] or 0,
        history_days=row[HISTORY_DAYS],
    )


def _tests(found: pl.DataFrame, tier: Tier | None) -> Iterator[Test]:
    for condition in () if tier is None else tier.conditions:
        row = found.with_columns(meets(condition).alias("met")).row(0, named=True)
        rank, of, ahead = _place(row, standing_of(condition)) if condition.ranked else (None, None, None)
        yield Test(
            condition,
            _decimal(row[condition.subject]),
            row["met"],
            rank,
            of,
            ahead,
            None if condition.within is None or not condition.ranked else row.get(group_of(condition.within)),
        )


def _place(row: dict[str, object], standing: Standing) -> tuple[int | None, int | None, Decimal | None]:
    """Place with all that are level, number of those compared, and the part of the sum that those ahead bring."""
    beaten, _, others = (row.get(name) for name in standing.counts)
    ahead, total = (_decimal(row.get(name)) for name in standing.sums)
    if not isinstance(beaten, int) or not isinstance(others, int):
        return None, None, None
    part = (100 * ahead / total).quantize(_STEP) if ahead is not None and total else None
    return others - beaten + 1, others + 1, part


def _quotas(row: dict[str, object], policy: Policy, *tiers: Tier | None) -> Iterator[QuotaTest]:
    for index, tier in enumerate(policy.tiers):
        if tier in tiers and tier.quota is not None:
            ahead, tied, places = (row.get(name) for name in quota_of(index))
            if isinstance(ahead, int) and isinstance(tied, int) and isinstance(places, int):
                yield QuotaTest(tier, tier.quota, ahead + tied + 1, places, met=ahead + tied + 1 <= places)
            else:
                yield QuotaTest(tier, tier.quota, None, None, met=False)


def _moving(row: dict[str, object], policy: Policy, past: Past) -> Moving | None:
    rules = policy.movement
    pin = next((one for one in policy.pins if one.customer == row[CODE] and row[PINNED] is not None), None)
    if rules is None and pin is None and not row[EDITED]:
        return None
    held, holds, below, changed_on = row[HELD], row[HOLDS], row[BELOW], row[CHANGED_ON]
    return Moving(
        held=held if isinstance(held, str) else None,
        holds=holds if isinstance(holds, str) else None,
        below=below if isinstance(below, int) else 0,
        changed_on=changed_on if isinstance(changed_on, date) else None,
        evaluated_on=past.evaluated_on,
        review=bool(row[REVIEW]),
        pin=pin,
        edited=bool(row[EDITED]),
    )


def _metric_lines(customers: pl.DataFrame, row: dict[str, object], weights: Sequence[Weight]) -> Iterator[MetricLine]:
    weighed = {weight.metric: weight for weight in weights}
    for name in [*weighed, *(name for name in METRICS if name not in weighed)]:
        weight = weighed.get(name)
        known = customers.filter(pl.col("rated") & pl.col(name).is_not_null())
        if METRICS[name].extras and weight is None and known.is_empty():
            continue  # it was not read
        group = None
        if weight is not None and weight.within is not None:
            found = row[group_of(weight.within)]
            group = found if isinstance(found, str) else None
            if group is not None:
                known = known.filter(pl.col(group_of(weight.within)) == group)
        value = row[name]
        better = None
        if isinstance(value, Decimal) and row["rated"]:
            better = (known[name] > value) if METRICS[name].higher_is_better else (known[name] < value)
        shrunk = weight is not None and weight.shrink is not None
        yield MetricLine(
            metric=name,
            value=value if isinstance(value, Decimal) else None,
            percent=None if weight is None else weight.percent,
            points=_decimal(row.get(points_of(name))) if weight is not None else None,
            contribution=_decimal(row.get(contribution_of(name))) if weight is not None else None,
            rank=None if better is None else 1 + int(better.sum()),
            of=known.height,
            method=None if weight is None else weight.method,
            group=group,
            judged=_decimal(row[shrunk_of(name)]) if shrunk else None,
            mean=_decimal(row[mean_of(name)]) if shrunk else None,
            shrink=weight.shrink if weight is not None else None,
            ahead=_place(row, Standing(name))[2],
        )


def _decimal(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _lifts(customers: pl.DataFrame, row: dict[str, object], policy: Policy, tests: Sequence[Test]) -> Iterator[Lift]:
    """Try each metric at every better value that another customer has, and just beyond the best of them."""
    bounds = [(t.condition.at_least, t.value) for t in tests if t.condition.subject == SCORE]
    missed = [low for low, value in bounds if low is not None and (value is None or value < low)]
    if not missed:
        return
    wanted = max(missed)
    groups = sorted({weight.within for weight in policy.weights if weight.within is not None})
    rated = customers.filter("rated").select(CODE, "rated", DOCUMENTS, *METRICS, *groups)
    mine = pl.col(CODE).eq(row[CODE])
    for name in (weight.metric for weight in policy.weights):
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
            scored = score(tried, policy.weights, smallest_group=policy.smallest_group)
            result = _decimal(scored.filter(mine)[SCORE].item())
            return result is not None and result >= wanted

        # A better value never lowers the score, so the first value that suffices is found by halving.
        first = bisect_left(candidates, True, key=reaches)
        if first < len(steps):
            yield Lift(name, now, needed=candidates[first], beyond=False)
        elif first < len(candidates):
            yield Lift(name, now, needed=best, beyond=True)
