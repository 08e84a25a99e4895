"""What a recomputed tier rests on beyond its score: methods, groups, places, quotas, movement; figures in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from u8sync.domain.canonical import decimal_text
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE, Condition, Movement
from u8sync.domain.reason import Moved
from u8sync.domain.recompute import Line, Recomputed, Tried
from u8sync.domain.rules import Ruled
from u8sync.report.cells import escaped
from u8sync.report.edge_words import bound_words
from u8sync.report.rule_words import (
    condition_words,
    evidence_words,
    judged_words,
    method_words,
    pin_words,
    place_words,
    quota_words,
    standing_words,
)
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.terminal.movement import movement_parts
from u8sync.report.words import tier_name
from u8sync.text import Message, Place, msg

__all__ = ["condition_parts", "exact", "metric_parts", "metric_words", "moved_parts", "shown"]


def shown(cell: Cell) -> Cell:
    """Text from the log, with every invisible character written out."""
    return escaped(cell) if isinstance(cell, str) else cell


def metric_words(name: str) -> str | Message:
    """What people call a metric; one that this version does not know keeps its name."""
    if name == SCORE:
        return msg("score")
    return METRICS[name].label if name in METRICS else escaped(name)


def exact(value: Decimal | None) -> str:
    """To the last digit."""
    text = decimal_text(value)
    return "-" if text is None else text


def metric_parts(found: Recomputed, ruled: Ruled | None, write: Writer) -> Iterator[RenderableType]:
    """How each metric became points, where that is not the percentile rank among everybody; and the evidence."""
    if ruled is None or not found.lines:
        return
    weights = {weight.metric: weight for weight in ruled.weights}
    any_shown = False
    for line in found.lines:
        weight = weights[line.metric]
        if weight.method == "rank" and weight.within is None and weight.shrink is None:
            continue
        any_shown = True
        method, *rest = method_words(weight)
        yield write.line(msg("{metric}: {how}", metric=metric_words(line.metric), how=method))
        judged = judged_words(
            weight,
            group=None if line.group is None else escaped(line.group),
            documents=found.documents,
            judged=None if line.shrunk is None else exact(line.shrunk),
            mean=None if line.mean is None else exact(line.mean),
            ahead=line.share,
        )
        yield from (write.line(words, indent=2) for words in (*rest, *(judged if _compared(line) else ())))
    if ruled.evidence is not None:
        any_shown = True
        yield write.facts(
            [
                (msg("Documents in the window"), _count(found.documents)),
                (msg("Days since the first sale"), _count(found.history_days)),
            ]
        )
        yield from (write.line(words, indent=2) for words in evidence_words(ruled.evidence))
    if any_shown:
        yield Text("")


def _compared(line: Line) -> bool:
    return line.points is not None


def condition_parts(tried: Sequence[Tried], ruled: Ruled | None, write: Writer) -> Iterator[RenderableType]:
    """The conditions in the order in which they were tried; in words where some ask for more than a value."""
    if not tried:
        return
    if ruled is not None and any(map(_ranked, tried)):
        yield _in_words(tried, ruled, write)
    else:
        yield _in_figures(tried, write)
    yield Text("")


def _ranked(one: Tried) -> bool:
    return one.places is not None or one.top_percent is not None or one.top_share is not None


def _in_figures(tried: Sequence[Tried], write: Writer) -> RenderableType:
    return write.table(
        [
            (msg("Met?"), "left"),
            (msg("Tier"), "left"),
            (msg("Condition on"), "left"),
            (msg("At least"), "right"),
            (msg("Below"), "right"),
            (msg("This customer"), "right"),
            (msg("Rule"), "left"),
        ],
        (
            (
                _met(one),
                shown(one.tier),
                metric_words(one.subject),
                exact(one.at_least),
                exact(one.below),
                exact(one.value),
                shown(one.rule),
            )
            for one in tried
        ),
    )


def _in_words(tried: Sequence[Tried], ruled: Ruled, write: Writer) -> RenderableType:
    return write.table(
        [
            (msg("Met?"), "left"),
            (msg("Tier"), "left"),
            (msg("Condition"), "left"),
            (msg("This customer"), "right"),
            (msg("Rule"), "left"),
        ],
        ((_met(one), shown(one.tier), _asked(one, ruled), _stands(one), shown(one.rule)) for one in tried),
    )


def _met(one: Tried) -> Message:
    return msg("yes") if one.met else msg("NO")


def _asked(one: Tried, ruled: Ruled) -> Message:
    if one.places is not None:
        quota = next((tier.quota for tier in ruled.tiers if tier.name == one.tier), None)
        return bound_words(SCORE, "places", Decimal(one.places)) if quota is None else quota_words(quota)
    return condition_words(
        Condition(
            one.subject,
            one.at_least,
            one.below,
            _NOWHERE,
            top_percent=one.top_percent,
            top_share=one.top_share,
            within=one.within,
        )
    )


_NOWHERE: Final = Place("", 0, 0)


def _stands(one: Tried) -> str | Message:
    """The customer's value and place, those that are level with it counted before it."""
    if one.places is not None:
        return place_words((one.ahead or 0) + 1, one.places)
    if one.ahead is None or one.others is None:
        return exact(one.value)
    words = standing_words(exact(one.value), one.ahead + 1, one.others + 1, one.share)
    return words if one.group is None else msg("{standing} in '{group}'", standing=words, group=escaped(one.group))


def moved_parts(moved: Moved, rules: Movement | None, write: Writer) -> Iterator[RenderableType]:
    """How the tier followed what the ladder gave, by the record."""
    yield from movement_parts(
        write,
        rules=rules,
        held=moved.held,
        pin=None if moved.pin is None else pin_words(moved.pin),
        edited=None,
        holds=moved.holds,
        below=moved.below,
        changed_on=moved.changed_on,
        review=moved.review,
        before=[
            (msg("Day of the evaluation"), str(moved.as_of)),
            (msg("Tier before"), tier_name(moved.current)),
            (msg("Tier by the ladder"), moved.earned),
        ],
    )
    for eased in moved.eased:
        place = place_words(eased.ahead + eased.tied + 1, eased.places)
        yield write.line(msg("With the margin, {tier}: {place}", tier=escaped(eased.tier), place=place), indent=2)
    for seat in moved.seats:
        place = place_words(seat.ahead + seat.tied + 1, seat.places)
        yield write.line(
            msg("Places that those who keep {tier} leave: {place}", tier=escaped(seat.tier), place=place), indent=2
        )


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
