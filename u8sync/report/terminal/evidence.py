"""Evidence on the terminal: why a customer has its tier by the log, and what changed outside the tool.

Values from the ERP are shown with every invisible character written out: an auditor must see what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.domain.logged import LoggedLeft
from u8sync.domain.reason import Reason
from u8sync.domain.recompute import Difference, Recomputed
from u8sync.domain.rules import Ruled
from u8sync.domain.run import LoggedChange
from u8sync.report.rule_words import evidence_words, held_words, little_words
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.terminal.movement import hold_words
from u8sync.report.terminal.recomputed import condition_parts, exact, metric_parts, metric_words, moved_parts, shown
from u8sync.text import Message, Translate, msg

__all__ = ["FINDINGS", "reconciliation_view", "why_view"]

FINDINGS: Final = {
    "changed": msg("U8 holds another value"),
    "gone": msg("not in U8 any more"),
    "open": msg("no end recorded: the next run settles it"),
    "unread": msg("the column cannot be read now"),
}
"""What reconciliation says of a value."""

_HELD_SHOWN: Final = 5
"""So many of the last evaluations that held a tier are listed."""

WHAT: Final = {
    "tier": msg("tier"),
    "score": msg("score"),
    "ranks": msg("ranks of {metric}"),
    "points": msg("points of {metric}"),
    "contribution": msg("contribution of {metric}"),
    "shrunk": msg("value of {metric} as it was drawn to the mean"),
    "earned": msg("tier by the ladder"),
    "holds": msg("tier that holds with the margin"),
    "held": msg("what held the tier"),
}
"""What can differ between a record and what follows from it."""


def why_view(
    title: Message,
    facts: Iterable[tuple[Message, Cell]],
    changes: Sequence[LoggedChange],
    found: Recomputed | Message,
    translate: Translate,
    *,
    ruled: Ruled | None = None,
    reason: Reason | None = None,
    held: Sequence[LoggedLeft] = (),
) -> RenderableType:
    """One change with everything that led to it, and whether its tier follows from the record.

    Args:
        title: Whose change.
        facts: Who, when, by which rules.
        changes: What was changed, one field each.
        found: The tier worked out again, or why it cannot be.
        translate: The language.
        ruled: The recorded rules, for their words; null: this version does not know them.
        reason: The recorded reason, likewise.
        held: When the tier was held since, oldest first.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [
        write.title(title),
        write.facts((name, shown(value)) for name, value in facts),
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
                tuple(map(shown, (one.field, one.column, one.before, one.after, one.was, one.becomes)))
                for one in changes
            ),
        ),
        *_edits(changes, write),
        *_held_since(held, write),
        write.heading(msg("Recomputed from the record")),
    ]
    if isinstance(found, Message):
        return Group(*parts, write.line(found))
    parts += _metrics(found, ruled, write)
    parts += metric_parts(found, ruled, write)
    parts += condition_parts(found.tried, ruled, write)
    parts.append(
        write.facts([(msg("Score"), exact(found.score)), (msg("Tier"), shown(found.tier))]),
    )
    if reason is not None and reason.moved is not None:
        parts += moved_parts(reason.moved, None if ruled is None else ruled.movement, write)
        parts.append(Text(""))
    if not found.differences:
        parts.append(write.line(msg("Recomputed: same")))
        # What follows from a record says nothing of whether somebody wrote that record later.
        return Group(*parts, write.line(msg("That no record was changed is for 'u8sync audit verify' to say.")))
    parts.append(write.line(msg("Recomputed: NOT the same")))
    parts.append(
        write.table(
            [(msg("What"), "left"), (msg("Recorded"), "left"), (msg("Recomputed"), "left")],
            ((difference_words(one), *map(shown, _said(one))) for one in found.differences),
        )
    )
    return Group(*parts)


def difference_words(difference: Difference) -> Message:
    """What differs."""
    words = WHAT[difference.what]
    return words if difference.metric is None else Message(words.template, {"metric": metric_words(difference.metric)})


def _said(difference: Difference) -> tuple[Cell, Cell]:
    """What stands in the record, and what comes out."""
    recorded, recomputed = difference.recorded, difference.recomputed
    if difference.what != "held":
        return recorded, recomputed
    return (
        None if recorded is None else hold_words(recorded),
        None if recomputed is None else hold_words(recomputed),
    )


def _edits(changes: Sequence[LoggedChange], write: Writer) -> Iterator[RenderableType]:
    """Where a person had changed what u8sync wrote."""
    for change in changes:
        if change.edited is not None:
            wrote = shown(change.edited.wrote) or "-"
            told = {"field": shown(change.field), "column": shown(change.column), "wrote": wrote}
            yield write.line(
                msg("A person had changed {field} ({column}) in U8; u8sync had written: {wrote}", **told), above=1
            )


def _held_since(held: Sequence[LoggedLeft], write: Writer) -> Iterator[RenderableType]:
    """The evaluations that would have given another tier, the last ones."""
    if not held:
        return
    yield write.heading(msg("Held since then, {count} time(s)", count=f"{len(held):,}"))
    for one in held[-_HELD_SHOWN:]:
        when = msg("record {seq} at {time} (UTC), run {run}", seq=str(one.seq), time=one.at, run=shown(one.run_id))
        yield write.line(msg("{when}: {why}", when=when, why=held_words(one)), indent=2)
    if len(held) > _HELD_SHOWN:
        yield write.line(
            msg("All of them: 'u8sync audit list --customer {code} --not-written'", code=held[0].customers[0]), indent=2
        )


def _metrics(found: Recomputed, ruled: Ruled | None, write: Writer) -> Iterator[RenderableType]:
    if not found.lines:
        if ruled is not None and ruled.evidence is not None and found.documents:
            yield write.line(little_words(found.documents, found.history_days))
            for words in evidence_words(ruled.evidence):
                yield write.line(words, indent=2)
        else:
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
                    metric_words(line.metric),
                    exact(line.value),
                    _count(line.beaten),
                    _count(line.tied),
                    _count(line.others),
                    exact(line.points),
                    f"{line.percent} %",
                    exact(line.contribution),
                )
                for line in found.lines
            ),
            *((metric_words(name), exact(value), *[None] * 6) for name, value in found.measured.items()),
        ],
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
    parts: list[RenderableType] = [write.title(verdict), write.facts((name, shown(value)) for name, value in facts)]
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
                        shown(change.customer),
                        shown(change.field),
                        FINDINGS[kind],
                        shown(change.after),
                        shown(live),
                        change.at[:19].replace("T", " "),
                        str(change.seq),
                        shown(change.run_id),
                    )
                    for kind, change, live in findings[:limit]
                ),
            ),
        ]
    if len(findings) > limit:
        parts.append(write.line(msg("... and {count} more; --out FILE has all of them.", count=len(findings) - limit)))
    return Group(*parts)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
