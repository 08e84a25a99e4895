"""What waits for approval, on the terminal: in a plan, and between the runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.approvals import PendingChange, Sorted
from u8sync.domain.names import ApprovalCause
from u8sync.domain.plan import Change
from u8sync.domain.policy import Policy
from u8sync.report.figures import cut, shown_values
from u8sync.report.terminal.blocks import Cell, Column, Writer, rest_line
from u8sync.report.words import APPROVAL_CAUSES, reason_words
from u8sync.text import Translate, msg

__all__ = ["pending_view", "sorting_parts"]

_CHANGE: Final[tuple[Column, ...]] = (
    (msg("Customer"), "left"),
    (msg("Field"), "left"),
    (msg("Before"), "left"),
    (msg("After"), "left"),
    (msg("Score"), "right"),
    (msg("Strongest reasons"), "left"),
    (msg("Needs approval for"), "left"),
)


def pending_view(
    waiting: Sequence[PendingChange], policy: Policy, translate: Translate, zone: tzinfo
) -> RenderableType:
    """What waits between the runs, each with its reasons, who asked and until when it can be answered."""
    write = Writer(translate)
    if not waiting:
        return write.line(msg("Nothing waits for approval."))
    rows = (
        (*row, *((one.request.asked_by, _time(one.request.until, zone)) if first else ("", "")))
        for one in waiting
        for first, row in _rows(one.change, one.request.cause, policy, write)
    )
    return Group(
        write.title(msg("Waiting for approval: {count:,}", count=len(waiting))),
        write.table([*_CHANGE, (msg("Asked by"), "left"), (msg("Open until"), "left")], rows),
    )


def sorting_parts(sorting: Sorted, policy: Policy, write: Writer, limit: int | None) -> Iterator[RenderableType]:
    """What a plan leaves to a person, in a plan; nothing when there is none."""
    if sorting.waiting:
        yield write.heading(msg("Waiting for approval: {count:,}", count=len(sorting.waiting)))
        rows = (row for one in sorting.waiting[:limit] for _, row in _rows(one.change, one.cause, policy, write))
        yield write.table(list(_CHANGE), rows)
        yield from rest_line(len(sorting.waiting), limit, write)
        yield write.line(msg("A run asks for them and writes the rest; 'u8sync approve' takes the answers."), above=1)
    if sorting.refused:
        codes = ", ".join(one.change.code for one in sorting.refused[:limit])
        yield write.line(
            msg("Refused by a person and left alone: {count:,} ({codes})", count=len(sorting.refused), codes=codes),
            above=1,
        )
    if sorting.approved:
        yield write.line(msg("Approved by a person: {count:,} of the changes", count=len(sorting.approved)), above=1)


def _rows(change: Change, cause: ApprovalCause, policy: Policy, write: Writer) -> Iterator[tuple[bool, Sequence[Cell]]]:
    """A line for each field; what concerns the customer as a whole stands on the first."""
    score = change.reason.score if change.reason else None
    reasons = "; ".join(write.say(reason) for reason in reason_words(change, policy))
    for at, field in enumerate(change.fields):
        before, after = shown_values(field)
        whole: tuple[Cell, Cell, Cell] = ("", "", "")
        if at == 0:
            whole = (None if score is None else cut(score, 2), reasons, APPROVAL_CAUSES[cause])
        yield at == 0, (change.code, field.field, before, after, *whole)


def _time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
