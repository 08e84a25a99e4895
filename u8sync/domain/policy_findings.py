"""What is to be noticed about a policy on the customers of an account set: what is idle, out of date or out of reach.

A policy that loads is sound in itself; here it meets the data. Nothing of it is an error: a tier that nobody reaches
today may be meant for tomorrow. What lives here: who is rated at all, groups, pins, exclusions. The ladder:
``ladder_findings.py``; metrics and weights: ``weight_findings.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

import polars as pl

from u8sync.domain.finding import Finding, FindingKind
from u8sync.domain.ladder_findings import ladder_findings
from u8sync.domain.mapping import CODE
from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS
from u8sync.domain.policy import Condition, Policy, Weight
from u8sync.domain.tiers import CAUSE
from u8sync.domain.weight_findings import weight_findings
from u8sync.text import Message, Place, msg

__all__ = ["SOON", "Finding", "FindingKind", "findings"]

SOON: Final = timedelta(days=30)
"""A pin that ends within so many days is worth a word."""

_IDLE: Final[Mapping[str, Message]] = {
    "set_aside": msg("the mapping sets the customer aside, so that it gets no tier"),
    "disabled": msg("the customer is disabled in U8 and gets no tier"),
    "excluded": msg("the customer is excluded and gets no tier"),
    "protected": msg("the customer is protected by the configuration and never changed"),
}
"""Why a pin does nothing."""


def findings(judged: pl.DataFrame, policy: Policy, as_of: date) -> tuple[Finding, ...]:
    """Everything noticed, in the order of the policy file.

    Args:
        judged: Every customer of the archive, see :func:`u8sync.domain.decision.judge_customers`.
        policy: The policy that judged them.
        as_of: The day that was asked for.
    """
    found = [*_evidence(judged, policy), *_pins(judged, policy, as_of), *_excluded(judged, policy)]
    rated = judged.filter("rated")
    if rated.is_empty():
        found.append(
            Finding(
                "nobody_rated",
                None,
                msg(
                    "nobody is rated: none of {count} customers has enough business in the window", count=judged.height
                ),
                msg("Neither tiers nor weights can be judged; see the window and '--as-of'."),
            )
        )
    else:
        found += ladder_findings(rated, policy)
        found += weight_findings(judged, policy)
        found += _groups(rated, policy)
    return tuple(sorted(found, key=lambda one: (one.place is not None, one.place or _START)))


_START: Final = Place("", 1, 1)


def _evidence(judged: pl.DataFrame, policy: Policy) -> Iterator[Finding]:
    """Rules of evidence that leave out most of those that have business."""
    evidence = policy.evidence
    active = judged.filter(pl.col("eligible") & pl.col("has_business"))
    left_out = active.filter(~pl.col("rated"))
    if evidence is None or left_out.height * 2 <= active.height:
        return
    few, young = (
        0 if least is None else int((active[column].fill_null(0) < least).sum())
        for column, least in ((DOCUMENTS, evidence.min_orders), (HISTORY_DAYS, evidence.min_history_days))
    )
    message = msg(
        "too little is known of {count} of the {active} customers with business, so that they are not rated",
        count=left_out.height,
        active=active.height,
    )
    hint = msg("Too few documents: {few}; too short a history: {young}.", few=few, young=young)
    yield Finding("evidence_strict", evidence.place, message, hint)


def _groups(rated: pl.DataFrame, policy: Policy) -> Iterator[Finding]:
    """Groups in which customers are not compared, or with nobody."""
    places: dict[str, Place] = {}
    parts: list[Weight | Condition] = [*policy.weights]
    parts += [condition for tier in policy.tiers for condition in tier.conditions]
    for part in parts:
        if part.within is not None:
            places.setdefault(part.within, part.place)
    for field, place in places.items():
        sizes = rated.select(pl.col(field)).drop_nulls().group_by(field).len()["len"]
        nameless = rated.height - int(sizes.sum())
        small = sizes.filter(sizes < policy.smallest_group)
        alone = int((sizes == 1).sum())
        if small.len():
            message = msg(
                "{groups} group(s) of '{field}' have fewer than {smallest} rated customers: {count} customer(s) are"
                " compared with everybody instead",
                groups=small.len(),
                field=field,
                smallest=policy.smallest_group,
                count=int(small.sum()),
            )
            yield Finding("group_small", place, message)
        elif alone:
            message = msg("{count} customer(s) are alone in their group of '{field}'", count=alone, field=field)
            hint = msg("There is nobody to compare them with; 'smallest_group' compares them with everybody.")
            yield Finding("group_alone", place, message, hint)
        if nameless * 2 > rated.height:
            message = msg(
                "{count} of the {rated} rated customers have no value in '{field}' and are compared with everybody",
                count=nameless,
                rated=rated.height,
                field=field,
            )
            yield Finding("group_unknown", place, message)


def _pins(judged: pl.DataFrame, policy: Policy, as_of: date) -> Iterator[Finding]:
    """Pins that have run out or soon will, and pins of customers that are not there or get no tier."""
    pinned = judged.filter(pl.col(CODE).is_in([pin.customer for pin in policy.pins]))
    causes: dict[str, str | None] = dict(pinned.select(CODE, CAUSE).iter_rows())
    for pin in policy.pins:
        if pin.until < as_of:
            message = msg("this pin ran out on {day} and does nothing any more", day=pin.until.isoformat())
            yield Finding("pin_expired", pin.place, message, msg("Take it out, or let {by} renew it.", by=pin.by))
            continue
        if pin.customer not in causes:
            message = msg("the archive has no customer '{code}', so the pin does nothing", code=pin.customer)
            yield Finding("pin_unknown", pin.place, message)
        elif (cause := causes[pin.customer]) is not None:
            message = msg("the pin of '{code}' does nothing: {why}", code=pin.customer, why=_IDLE[cause])
            yield Finding("pin_idle", pin.place, message)
        elif pin.until - as_of <= SOON:
            message = msg(
                "this pin runs out soon: its last day is {day}, {days} day(s) after the as-of day",
                day=pin.until.isoformat(),
                days=(pin.until - as_of).days,
            )
            yield Finding("pin_soon", pin.place, message, msg("{by} answers for it.", by=pin.by))


def _excluded(judged: pl.DataFrame, policy: Policy) -> Iterator[Finding]:
    there = set(judged.filter(pl.col(CODE).is_in(sorted(policy.exclude)))[CODE])
    for code in sorted(policy.exclude - there):
        message = msg("the archive has no customer '{code}', so to exclude it does nothing", code=code)
        yield Finding("exclude_unknown", policy.excluded_at.get(code), message)
