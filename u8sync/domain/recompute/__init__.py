"""A tier worked out again from the audit log alone: two records in, the same figures out, or what differs.

The record ``plan`` holds the rules (weights, ladder, movement; see :mod:`u8sync.domain.rules`), the record ``intent``
what was known of the customer: the value of each metric, its place among the others, and what earlier evaluations had
left. From these the points, the contributions, the score, the tier that the ladder gives and the tier that the customer
gets follow by whole-number arithmetic; no data of other customers, no mapping and no policy file is needed. This is a
second way to the figures beside ``scoring.py``, ``tiers.py`` and ``movement.py``, one customer at a time and without
polars, so that agreement says something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from u8sync.domain.canonical import Json, decimal_text
from u8sync.domain.policy import SCORE
from u8sync.domain.recompute.figures import count, decimal
from u8sync.domain.recompute.following import follow
from u8sync.domain.recompute.ladder import Tried, climb, eased, without_business
from u8sync.domain.recompute.points import Line, lines_of, possible, score_of
from u8sync.text import Message, msg

__all__ = ["Difference", "Line", "Recomputed", "Tried", "recompute"]


@dataclass(frozen=True)
class Difference:
    """One figure that does not follow from the recorded evidence.

    Attributes:
        what: What differs; ``ranks``: no population has a customer with this place, or there is a place without a
            value; ``earned``: the tier that the ladder gives; ``holds``: the one that the eased ladder gives; ``held``:
            what held the tier.
        metric: The metric that it is of; null for the tier and the score.
        recorded: As it stands in the record; null: none.
        recomputed: As it follows from the evidence; null: none.
    """

    what: Literal["tier", "score", "ranks", "points", "contribution", "shrunk", "earned", "holds", "held"]
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
        tried: The conditions from the highest tier down to the one that the ladder gives; empty without business.
        differences: Where the record says something else; empty: recomputed the same.
        earned: The tier that the ladder gives.
        held: What held the tier, if it is another one; null: nothing.
        holds: The tier that the ladder gives with its bounds eased by the margin; null: there are no movement rules.
        documents: Recorded: documents in the window; null: the policy asks for none.
        history_days: Recorded: days since the first sale; null: likewise, or there was no sale.
    """

    tier: str | None
    score: Decimal | None
    lines: tuple[Line, ...]
    measured: Mapping[str, Decimal | None]
    tried: tuple[Tried, ...]
    differences: tuple[Difference, ...]
    earned: str | None = None
    held: str | None = None
    holds: str | None = None
    documents: int | None = None
    history_days: int | None = None


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
    except (KeyError, TypeError, ValueError, ArithmeticError, StopIteration):
        return msg("The tier cannot be recomputed from this record: a figure is missing or no number.")


def _recomputed(rules: Mapping[str, Any], reason: Mapping[str, Any]) -> Recomputed:
    recorded: Sequence[Mapping[str, Any]] = reason["contributions"]
    measured = {metric: decimal(value) for metric, value in reason["measured"].items()}
    rated = bool(recorded)
    lines = tuple(lines_of(rules["weights"], recorded, reason.get("documents"))) if rated else ()
    score = score_of(lines)
    values = {**measured, **{line.metric: line.value for line in lines}, SCORE: score}
    ranks = reason.get("ranks", ())
    ladder = rules["tiers"]
    last = without_business(ladder)
    earned, tried = climb(ladder, values, ranks, reason.get("quotas", ())) if rated else (last, ())
    tier, held, holds = earned, None, None
    moved = reason.get("moved")
    if moved is not None:
        if "movement" in rules:
            easier = eased(ladder, Decimal(rules["movement"]["margin"]))
            holds = climb(easier, values, ranks, moved.get("eased", ()))[0] if rated else last
        met = [str(last)]
        if rated:
            plain = [{name: part for name, part in step.items() if name != "at_most"} for step in ladder]
            met = [str(climb([step], values, ranks, ())[0]) for step in plain if not step["without_business"]]
        tier, held = follow(rules, moved, earned=earned, holds=holds, met=[name for name in met if name != "None"])
    found = [*_differences(reason, tier, score, lines)]
    if moved is not None:
        again = [
            Difference("earned", None, moved["earned"], earned),
            Difference("holds", None, moved["holds"], holds),
            Difference("held", None, moved["held"], held),
        ]
        found += [each for each in again if each.recorded != each.recomputed]
    return Recomputed(
        tier,
        score,
        lines,
        measured,
        tried,
        tuple(found),
        earned,
        held,
        holds,
        count(reason.get("documents")),
        count(reason.get("history_days")),
    )


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
        if not possible(line):
            found.append(Difference("ranks", line.metric, f"{line.beaten}, {line.tied}, {line.others}", None))
        found.append(Difference("shrunk", line.metric, part.get("shrunk"), decimal_text(line.shrunk)))
        found.append(Difference("points", line.metric, part["points"], decimal_text(line.points)))
        found.append(Difference("contribution", line.metric, part["contribution"], decimal_text(line.contribution)))
    # A contribution that the rules give no weight has no place in the score.
    found += [Difference("contribution", metric, str(part["contribution"]), None) for metric, part in parts.items()]
    yield from (each for each in found if each.recorded != each.recomputed)
