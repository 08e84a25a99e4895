"""A plan that takes a run back, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType

from u8sync.domain.plan import Change
from u8sync.domain.undo import PlannedUndo
from u8sync.report.figures import causes, shown_values
from u8sync.report.terminal.blocks import Cell, Writer, rest_line
from u8sync.report.terminal.plan import guard_lines
from u8sync.report.words import CAUSES, account_set_words, digits
from u8sync.text import Message, Translate, msg

__all__ = ["undo_view"]


def undo_view(undo: PlannedUndo, translate: Translate, *, limit: int | None = 20) -> RenderableType:
    """An undo: what would be put back, what is left alone and why, the guards, and what the next night will do.

    Args:
        undo: The plan with what the guards found.
        translate: The language.
        limit: Most changes and most customers left alone that are listed; null: all.
    """
    write = Writer(translate)
    title = msg(
        "Undo of run {run} on account set {account_set}",
        run=undo.run_id,
        account_set=account_set_words(undo.account_set),
    )
    return Group(
        write.title(title),
        write.facts(_facts(undo, translate)),
        *_changes(undo.plan.changes, write, limit),
        *_left_alone(undo, write, limit),
        *(guard_lines(undo.verdicts, write) if undo.verdicts else ()),
        *_afterwards(undo, write),
    )


def _facts(undo: PlannedUndo, translate: Translate) -> Iterator[tuple[Message, Cell]]:
    left = causes(undo.plan.skipped)
    yield msg("Changes"), f"{len(undo.plan.changes):,}"
    if left:
        yield msg("Left alone"), "; ".join(f"{translate(CAUSES[cause])}: {count:,}" for cause, count in left.items())
    yield msg("Fingerprint"), digits(undo.plan.fingerprint)


def _changes(changes: Sequence[Change], write: Writer, limit: int | None) -> Iterator[RenderableType]:
    yield write.heading(msg("Changes"))
    if not changes:
        yield write.line(msg("Nothing to undo: of what was asked for, U8 holds nothing that this run wrote."))
        return
    yield write.table(
        [
            (msg("Customer"), "left"),
            (msg("Field"), "left"),
            (msg("Before"), "left"),
            (msg("After"), "left"),
            (msg("Takes back"), "left"),
        ],
        (row for change in changes[:limit] for row in _rows(change)),
    )
    yield from rest_line(len(changes), limit, write)


def _rows(change: Change) -> Iterator[Sequence[Cell]]:
    for index, field in enumerate(change.fields):
        before, after = shown_values(field)
        yield change.code, field.field, before, after, change.undoes.op_id if change.undoes and index == 0 else ""


def _left_alone(undo: PlannedUndo, write: Writer, limit: int | None) -> Iterator[RenderableType]:
    skipped = undo.plan.skipped
    if not skipped:
        return
    yield write.heading(msg("Left alone"))
    yield write.table(
        [(msg("Customer"), "left"), (msg("Field"), "left"), (msg("Why"), "left")],
        ((one.code, one.field or msg("(all)"), CAUSES[one.cause]) for one in skipped[:limit]),
    )
    yield from rest_line(len(skipped), limit, write)


def _afterwards(undo: PlannedUndo, write: Writer) -> Iterator[RenderableType]:
    if undo.plan.changes:
        yield write.heading(msg("Worth knowing"))
        yield write.line(
            msg(
                "The next night plans the same values again, unless the mapping or the policy says otherwise by then,"
                " or the customers stand under guards.protected once this undo is written."
            )
        )
