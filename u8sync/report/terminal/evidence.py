"""Evidence on the terminal: why a customer has its tier by the log, and what changed outside the tool.

Values from the ERP are shown with every invisible character written out: an auditor must see what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.domain.canonical import decimal_text
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE
from u8sync.domain.recompute import Difference, Recomputed, Tried
from u8sync.domain.run import LoggedChange
from u8sync.report.cells import escaped
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.text import Message, Translate, msg

__all__ = ["FINDINGS", "reconciliation_view", "why_view"]

FINDINGS: Final = {
    "changed": msg("U8 holds another value"),
    "gone": msg("not in U8 any more"),
    "open": msg("no end recorded: the next run settles it"),
    "unread": msg("the column cannot be read now"),
}
"""What reconciliation says of a value."""

WHAT: Final = {
    "tier": msg("tier"),
    "score": msg("score"),
    "ranks": msg("ranks of {metric}"),
    "points": msg("points of {metric}"),
    "contribution": msg("contribution of {metric}"),
}
"""What can differ between a record and what follows from it."""


def why_view(
    title: Message,
    facts: Iterable[tuple[Message, Cell]],
    changes: Sequence[LoggedChange],
    found: Recomputed | Message,
    translate: Translate,
) -> RenderableType:
    """One change with everything that led to it, and whether its tier follows from the record.

    Args:
        title: Whose change.
        facts: Who, when, by which rules.
        changes: What was changed, one field each.
        found: The tier worked out again, or why it cannot be.
        translate: The language.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [
        write.title(title),
        write.facts((name, _shown(value)) for name, value in facts),
        write.heading(msg("What was written")),
        write.table(
            [
                (msg("Field"), "left"),
                (msg("Column"), "left"),
                (msg("Before"), "left"),
                (msg("After"), "left"),
                (msg("Meaning before"), "left"),
                (msg("Meaning after"), "left"),
            ],
            (
                tuple(map(_shown, (one.field, one.column, one.before, one.after, one.was, one.becomes)))
                for one in changes
            ),
        ),
        write.heading(msg("Recomputed from the record")),
    ]
    if isinstance(found, Message):
        return Group(*parts, write.line(found))
    parts += _metrics(found, write)
    parts += _conditions(found.tried, write)
    parts.append(
        write.facts([(msg("Score"), _exact(found.score)), (msg("Tier"), _shown(found.tier))]),
    )
    if not found.differences:
        parts.append(write.line(msg("Recomputed: same")))
        # What follows from a record says nothing of whether somebody wrote that record later.
        return Group(*parts, write.line(msg("That no record was changed is for 'u8sync audit verify' to say.")))
    parts.append(write.line(msg("Recomputed: NOT the same")))
    parts.append(
        write.table(
            [(msg("What"), "left"), (msg("Recorded"), "left"), (msg("Recomputed"), "left")],
            ((difference_words(one), _shown(one.recorded), _shown(one.recomputed)) for one in found.differences),
        )
    )
    return Group(*parts)


def difference_words(difference: Difference) -> Message:
    """What differs."""
    words = WHAT[difference.what]
    return words if difference.metric is None else Message(words.template, {"metric": _metric(difference.metric)})


def _metrics(found: Recomputed, write: Writer) -> Iterator[RenderableType]:
    if not found.lines:
        yield write.line(msg("The customer had no business in the window."))
        return
    yield write.table(
        [
            (msg("Metric"), "left"),
            (msg("Value"), "right"),
            (msg("Beats"), "right"),
            (msg("Level with"), "right"),
            (msg("Of others"), "right"),
            (msg("Points"), "right"),
            (msg("Weight"), "right"),
            (msg("Contribution"), "right"),
        ],
        [
            *(
                (
                    _metric(line.metric),
                    _exact(line.value),
                    _count(line.beaten),
                    _count(line.tied),
                    _count(line.others),
                    _exact(line.points),
                    f"{line.percent} %",
                    _exact(line.contribution),
                )
                for line in found.lines
            ),
            *((_metric(name), _exact(value), *[None] * 6) for name, value in found.measured.items()),
        ],
    )
    yield Text("")


def _conditions(tried: Sequence[Tried], write: Writer) -> Iterator[RenderableType]:
    if tried:
        yield write.table(
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
                    msg("yes") if one.met else msg("NO"),
                    _shown(one.tier),
                    _metric(one.subject),
                    _exact(one.at_least),
                    _exact(one.below),
                    _exact(one.value),
                    _shown(one.rule),
                )
                for one in tried
            ),
        )
        yield Text("")


def reconciliation_view(
    facts: Iterable[tuple[Message, Cell]],
    findings: Sequence[tuple[str, LoggedChange, str | None]],
    translate: Translate,
    *,
    limit: int = 100,
) -> RenderableType:
    """What U8 holds that is not what the log says.

    Args:
        facts: How much was compared, and how it came out.
        findings: Kind (see :data:`FINDINGS`), the logged change, and what U8 holds.
        translate: The language.
        limit: Most findings that are listed.
    """
    write = Writer(translate)
    verdict = msg("U8 holds every value that the log says") if not findings else msg("Not as the log says")
    parts: list[RenderableType] = [write.title(verdict), write.facts((name, _shown(value)) for name, value in facts)]
    if findings:
        parts += [
            write.heading(msg("Findings")),
            write.table(
                [
                    (msg("Customer"), "left"),
                    (msg("Field"), "left"),
                    (msg("Finding"), "left"),
                    (msg("By the log"), "left"),
                    (msg("U8 holds now"), "left"),
                    (msg("Time (UTC)"), "left"),
                    (msg("Record"), "right"),
                    (msg("Run"), "left"),
                ],
                (
                    (
                        _shown(change.customer),
                        _shown(change.field),
                        FINDINGS[kind],
                        _shown(change.after),
                        _shown(live),
                        change.at[:19].replace("T", " "),
                        str(change.seq),
                        _shown(change.run_id),
                    )
                    for kind, change, live in findings[:limit]
                ),
            ),
        ]
    if len(findings) > limit:
        parts.append(write.line(msg("... and {count} more; --out FILE has all of them.", count=len(findings) - limit)))
    return Group(*parts)


def _shown(cell: Cell) -> Cell:
    return escaped(cell) if isinstance(cell, str) else cell


def _metric(name: str) -> Cell:
    """What people call a metric; one that this version does not know keeps its name."""
    if name == SCORE:
        return msg("score")
    return METRICS[name].label if name in METRICS else escaped(name)


def _exact(value: Decimal | None) -> str:
    text = decimal_text(value)
    return "-" if text is None else text


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
