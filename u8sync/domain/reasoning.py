"""From the judged customers to the reasons of those whose tier changes. Python objects are made for these only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS
from u8sync.domain.movement import BASE, BELOW, CHANGED_ON, HELD, HOLDS, PINNED, REVIEW, eased_quota_of, seat_of
from u8sync.domain.policy import SCORE, Policy, Weight
from u8sync.domain.ranks import Standing, group_of
from u8sync.domain.reason import Contribution, Moved, Pinned, Places, Rank, Reason
from u8sync.domain.scoring import contribution_of, evidence_of, mean_of, points_of, shrunk_of
from u8sync.domain.tiers import EARNED, TIER, quota_of, ranked_conditions, standing_of

__all__ = ["reasons_of"]

_Row = Mapping[str, Any]


def reasons_of(judged: pl.DataFrame, policy: Policy, *, as_of: date) -> Iterator[tuple[str, Reason]]:
    """Code and reason of each row, in their order.

    Args:
        judged: Customers with a recommended tier, as :func:`u8sync.domain.movement.move` returns them.
        policy: What they were judged by.
        as_of: Day of the evaluation.
    """
    rules = {tier.name: f"{tier.place.file}:{tier.place.line}" for tier in policy.tiers}
    pins = {
        pin.customer: Pinned(pin.tier, pin.reason, pin.by, pin.until, f"{pin.place.file}:{pin.place.line}")
        for pin in policy.pins
    }
    weighed = {
        weight.metric: (_figures(weight), _evidence(weight), weight.within and group_of(weight.within))
        for weight in policy.weights
    }
    tested = sorted(policy.conditioned - weighed.keys())
    evidence = policy.evidence is not None
    counted = evidence or any(weight.shrink for weight in policy.weights)
    needed = set(_columns(policy))
    for row in judged.select(name for name in judged.columns if name in needed).iter_rows(named=True):
        rated = row["rated"]
        pin = pins[row[CODE]] if row[PINNED] is not None else None
        yield (
            row[CODE],
            Reason(
                tier=row[TIER],
                score=row[SCORE],
                contributions=tuple(Contribution(metric, *_values(row, *names)) for metric, names in weighed.items())
                if rated
                else (),
                rule=rules[row[TIER]],
                measured={metric: row[metric] for metric in tested} if rated else {},
                ranks=tuple(_ranks(policy, row)) if rated else (),
                quotas=tuple(_places(policy, row, quota_of)),
                documents=row[DOCUMENTS] if counted else None,
                history_days=row[HISTORY_DAYS] if evidence else None,
                moved=None
                if policy.movement is None and pin is None and row[HELD] is None
                else _moved(policy, row, pin, as_of=as_of),
            ),
        )


def _columns(policy: Policy) -> Iterator[str]:
    """What a reason may be made of; some policies leave some of it out."""
    yield from (CODE, "rated", BASE, EARNED, TIER, SCORE, DOCUMENTS, HISTORY_DAYS)
    yield from (PINNED, HELD, HOLDS, REVIEW, BELOW, CHANGED_ON, *policy.metrics, *map(group_of, policy.groups))
    for weight in policy.weights:
        yield from (*_figures(weight), *evidence_of(weight))
    for condition in ranked_conditions(policy):
        yield from (*standing_of(condition).counts, *standing_of(condition).sums)
    for index, _ in enumerate(policy.tiers):
        yield from (*quota_of(index), *eased_quota_of(index), *seat_of(index))


def _figures(weight: Weight) -> tuple[str, ...]:
    """The columns of value, points and contribution, which every policy has."""
    return (weight.metric, points_of(weight.metric), contribution_of(weight.metric))


def _evidence(weight: Weight) -> tuple[str, ...]:
    """The columns of a contribution's fields from ``beaten`` to ``mean``; some policies leave some of them out."""
    standing = Standing(weight.metric)
    return (*standing.counts, *standing.sums, shrunk_of(weight.metric), mean_of(weight.metric))


def _values(row: _Row, figures: Sequence[str], evidence: Sequence[str], group: str | None) -> Iterator[Any]:
    """The fields of a contribution behind ``metric``, in their order."""
    yield from (row[name] for name in figures)
    yield from map(row.get, evidence)
    yield None if group is None else row[group]


def _ranks(policy: Policy, row: _Row) -> Iterator[Rank]:
    for condition in ranked_conditions(policy):
        standing = standing_of(condition)
        beaten, tied, others = (row[column] for column in standing.counts)
        ahead, total = (row.get(column) for column in standing.sums)
        group = None if condition.within is None else row[group_of(condition.within)]
        yield Rank(condition.subject, condition.within, group, beaten, tied, others, ahead, total)


def _places(policy: Policy, row: _Row, names: Callable[[int], tuple[str, str, str]]) -> Iterator[Places]:
    for index, tier in enumerate(policy.tiers):
        ahead, tied, places = names(index)
        if row.get(ahead) is not None:
            yield Places(tier.name, row[ahead], row[tied], row[places])


def _moved(policy: Policy, row: _Row, pin: Pinned | None, *, as_of: date) -> Moved:
    return Moved(
        earned=row[EARNED],
        current=row[BASE],
        holds=row[HOLDS],
        below=row[BELOW],
        held=row[HELD],
        as_of=as_of,
        changed_on=row[CHANGED_ON],
        review=row[REVIEW],
        pin=pin,
        eased=tuple(_places(policy, row, eased_quota_of)),
        seats=tuple(_places(policy, row, seat_of)),
    )
