"""A tier worked out again from the audit log alone: two records in, the same figures out, or what differs.

The record ``plan`` holds the rules (weights and ladder), the record ``intent`` what was known of the customer: the
value of each metric, and how many others it beat, was level with and was compared to. From these the points, the
contributions, the score and the tier follow by whole-number arithmetic; no data of other customers, no mapping and no
policy file is needed. This is a second way to the figures beside ``scoring.py`` and ``tiers.py``, one customer at a
time and without polars, so that agreement says something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from u8sync.domain.canonical import Json, canonical_bytes, decimal_text
from u8sync.domain.policy import SCORE, Policy
from u8sync.text import Message, msg

__all__ = ["Difference", "Line", "Recomputed", "Tried", "recompute", "rules_json"]

UNIT: Final = 10_000
"""Ten-thousandths in one point: the arithmetic is on these."""

MOST_BYTES: Final = 48 * 1024
"""Rules larger than this have no room in a record."""


@dataclass(frozen=True)
class Line:
    """One metric that weighs in the score, worked out again.

    Attributes:
        metric: Its name.
        value: Its recorded value; null: unknown.
        percent: Its weight.
        unknown: What it counts where its value is unknown.
        beaten: Recorded: others that the customer beats; null: unknown.
        tied: Recorded: others that it is level with; null: unknown.
        others: Recorded: others that it was compared with; null: unknown.
        points: Worked out: 0 to 100; null: unknown.
        contribution: Worked out: its part of the score; null: unknown.
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


@dataclass(frozen=True)
class Tried:
    """One condition of the ladder, tried again.

    Attributes:
        tier: The tier that it belongs to.
        rule: ``file:line`` of the tier.
        subject: ``score`` or a metric.
        at_least: Lower bound, included; null: none.
        below: Upper bound, not included; null: none.
        value: What was tried; null: unknown.
        met: Whether it holds.
    """

    tier: str
    rule: str
    subject: str
    at_least: Decimal | None
    below: Decimal | None
    value: Decimal | None
    met: bool


@dataclass(frozen=True)
class Difference:
    """One figure that does not follow from the recorded evidence.

    Attributes:
        what: What differs; ``ranks``: no population has a customer with these, or there are ranks without a value.
        metric: The metric that it is of; null for the tier and the score.
        recorded: As it stands in the record; null: none.
        recomputed: As it follows from the evidence; null: none.
    """

    what: Literal["tier", "score", "ranks", "points", "contribution"]
    metric: str | None
    recorded: str | None
    recomputed: str | None


@dataclass(frozen=True)
class Recomputed:
    """A tier that was worked out again.

    Attributes:
        tier: The tier; null when the recorded ladder has none for the customer.
        score: 0 to 100; null for a customer without business, or when every metric is unknown.
        lines: The metrics that weigh, in the order of the policy; empty for a customer without business.
        measured: Metric -> recorded value of those that only conditions name; null: unknown.
        tried: The conditions from the highest tier down to the one that was reached; empty without business.
        differences: Where the record says something else; empty: recomputed the same.
    """

    tier: str | None
    score: Decimal | None
    lines: tuple[Line, ...]
    measured: Mapping[str, Decimal | None]
    tried: tuple[Tried, ...]
    differences: tuple[Difference, ...]


def rules_json(policy: Policy) -> Json:
    """The rules as the record ``plan`` holds them; null when they are too large for a record.

    Excluded customers are counted, not listed: they get no tier, so no change rests on them.
    """
    window: dict[str, Json] = {name: value for name, value in asdict(policy.window).items() if value is not None}
    rules: dict[str, Json] = {
        "months": policy.window.months,
        "window": window,
        "weights": [
            {"metric": weight.metric, "percent": weight.percent, "unknown": weight.unknown} for weight in policy.weights
        ],
        "tiers": [
            {
                "name": tier.name,
                "without_business": tier.without_business,
                "conditions": [
                    {
                        "subject": condition.subject,
                        "at_least": decimal_text(condition.at_least),
                        "below": decimal_text(condition.below),
                    }
                    for condition in tier.conditions
                ],
                "rule": f"{tier.place.file}:{tier.place.line}",
            }
            for tier in policy.tiers
        ],
        "excluded": len(policy.exclude),
    }
    return rules if len(canonical_bytes(rules)) <= MOST_BYTES else None


def recompute(plan: Mapping[str, Json], intent: Mapping[str, Json]) -> Recomputed | Message:
    """Work a tier out again.

    Args:
        plan: The record ``plan`` of the run.
        intent: The record ``intent`` of the customer's change.

    Returns:
        The figures with the differences, or why the two records do not say enough.
    """
    rules, reason = plan.get("rules"), intent.get("reason")
    if reason is None:
        return msg("The change rests on no rule: it is a change of spelling, or it takes an earlier change back.")
    if not isinstance(rules, dict) or not isinstance(reason, dict) or "measured" not in reason:
        return msg(
            "The tier cannot be recomputed from this record: it was written by a version of u8sync that did not keep"
            " the rules and ranks, or the rules were too large for a record."
        )
    try:
        return _recomputed(rules, reason)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return msg("The tier cannot be recomputed from this record: a figure is missing or no number.")


def _recomputed(rules: Mapping[str, Any], reason: Mapping[str, Any]) -> Recomputed:
    recorded: Sequence[Mapping[str, Any]] = reason["contributions"]
    weights: Sequence[Mapping[str, Any]] = rules["weights"]
    measured = {metric: _decimal(value) for metric, value in reason["measured"].items()}
    has_business = bool(recorded)
    lines = tuple(_lines(weights, recorded)) if has_business else ()
    score = _score(lines)
    values = {**measured, **{line.metric: line.value for line in lines}, SCORE: score}
    tier, tried = _climb(rules["tiers"], values) if has_business else (_without_business(rules["tiers"]), ())
    return Recomputed(tier, score, lines, measured, tried, tuple(_differences(reason, tier, score, lines)))


def _without_business(ladder: Sequence[Mapping[str, Any]]) -> str | None:
    return next((step["name"] for step in ladder if step["without_business"]), None)


def _climb(
    ladder: Sequence[Mapping[str, Any]], values: Mapping[str, Decimal | None]
) -> tuple[str | None, tuple[Tried, ...]]:
    """The highest tier whose conditions all hold, and the conditions that were tried on the way down to it."""
    tried: list[Tried] = []
    for step in ladder:
        if step["without_business"]:
            continue
        own = [_try(step, condition, values[condition["subject"]]) for condition in step["conditions"]]
        tried += own
        if all(one.met for one in own):
            return step["name"], tuple(tried)
    return None, tuple(tried)


def _try(step: Mapping[str, Any], condition: Mapping[str, Any], value: Decimal | None) -> Tried:
    low, high = _decimal(condition["at_least"]), _decimal(condition["below"])
    met = value is not None and (low is None or value >= low) and (high is None or value < high)
    return Tried(step["name"], step["rule"], condition["subject"], low, high, value, met)


def _lines(weights: Iterable[Mapping[str, Any]], recorded: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """The metrics with their points and contributions, as ``scoring.py`` defines both."""
    parts = {str(part["metric"]): part for part in recorded}
    ranks = {
        name: (_count(part["beaten"]), _count(part["tied"]), _count(part["others"])) for name, part in parts.items()
    }
    rules = [(str(w["metric"]), int(w["percent"]), str(w["unknown"])) for w in weights]
    points = {metric: _points(*ranks[metric]) for metric, _, _ in rules}
    counted = sum(percent for metric, percent, unknown in rules if unknown == "zero" or points[metric] is not None)
    weighted = {metric: known * percent for metric, percent, _ in rules if (known := points[metric]) is not None}
    cut = {metric: part // counted for metric, part in weighted.items()}
    if cut:
        cut[next(reversed(cut))] += sum(weighted.values()) // counted - sum(cut.values())
    for metric, percent, unknown in rules:
        yield Line(
            metric,
            _decimal(parts[metric]["value"]),
            percent,
            unknown,
            beaten=ranks[metric][0],
            tied=ranks[metric][1],
            others=ranks[metric][2],
            points=_from_units(points[metric]),
            contribution=_from_units(cut.get(metric)),
        )


def _points(beaten: int | None, tied: int | None, others: int | None) -> int | None:
    """Percentile rank in ten-thousandths; null where the metric is unknown."""
    if beaten is None or tied is None or others is None:
        return None
    return (2 * beaten + tied) * 100 * UNIT // (2 * others) if others else 50 * UNIT


def _score(lines: Iterable[Line]) -> Decimal | None:
    known = [line.contribution for line in lines if line.contribution is not None]
    return sum(known, Decimal(0)) if known else None


def _differences(
    reason: Mapping[str, Any], tier: str | None, score: Decimal | None, lines: Iterable[Line]
) -> Iterator[Difference]:
    """Texts are compared, so that not even a lost zero passes."""
    found = [
        Difference("tier", None, reason["tier"], tier),
        Difference("score", None, reason["score"], decimal_text(score)),
    ]
    parts = {part["metric"]: part for part in reason["contributions"]}
    for line in lines:
        part = parts.pop(line.metric)
        if not _possible(line):
            found.append(Difference("ranks", line.metric, f"{line.beaten}, {line.tied}, {line.others}", None))
        found.append(Difference("points", line.metric, part["points"], decimal_text(line.points)))
        found.append(Difference("contribution", line.metric, part["contribution"], decimal_text(line.contribution)))
    # A contribution that the rules give no weight has no place in the score.
    found += [Difference("contribution", metric, str(part["contribution"]), None) for metric, part in parts.items()]
    yield from (each for each in found if each.recorded != each.recomputed)


def _possible(line: Line) -> bool:
    """Whether a customer can have these ranks: as many as there are others at most, and none without a value."""
    if line.beaten is None or line.tied is None or line.others is None:
        return line.value is None and line.beaten is line.tied is line.others is None
    return (
        line.value is not None
        and min(line.beaten, line.tied, line.others) >= 0
        and line.beaten + line.tied <= line.others
    )


def _count(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise TypeError(value)
    return value


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _from_units(units: int | None) -> Decimal | None:
    return None if units is None else Decimal(units).scaleb(-4)
