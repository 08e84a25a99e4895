"""What the commands that plan and run print, and the files that they are asked to write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import msg

if TYPE_CHECKING:
    from u8sync.bootstrap import Installation
    from u8sync.bootstrap.nights import Done
    from u8sync.domain.run import Planned, RunResult
    from u8sync.domain.run_entry import RunEntry, StepTime
    from u8sync.domain.undo import PlannedUndo

__all__ = [
    "end_of",
    "show_end",
    "show_planned",
    "show_result",
    "show_timings",
    "show_undo",
    "write_report",
    "write_workbook",
]


def show_planned(session: Session, installation: Installation, planned: Planned, *, limit: int | None) -> None:
    """Print a plan."""
    from u8sync.report.terminal.plan import planned_view

    session.out.print(planned_view(planned, installation.policy, session.translate, limit=limit))


def show_undo(session: Session, undo: PlannedUndo, *, limit: int | None) -> None:
    """Print a plan that takes a run back."""
    from u8sync.report.terminal.undo import undo_view

    session.out.print(undo_view(undo, session.translate, limit=limit))


def write_report(
    session: Session, installation: Installation, planned: Planned, result: RunResult | None, path: Path
) -> None:
    """Write the report file. Raises InputError when it cannot be written."""
    from u8sync.report.html import render_report

    page = render_report(planned, result, installation.policy, session.translate, session.language)
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            msg("The report cannot be written to {path}: {why}", path=str(path), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written."),
        ) from None
    session.aside(msg("Report: {path}", path=str(path)))


def write_workbook(
    session: Session,
    installation: Installation,
    planned: Planned,
    result: RunResult | None,
    path: Path,
    *,
    entry: RunEntry | None = None,
) -> None:
    """Write the Excel workbook. Raises InputError when it cannot be written."""
    from u8sync.report.workbook import save_workbook

    save_workbook(planned, result, installation.policy, session.translate, path, language=session.language, entry=entry)
    session.aside(msg("Workbook: {path}", path=str(path)))


def show_result(session: Session, result: RunResult, *, as_json: bool) -> None:
    """Print what became of a run."""
    if as_json:
        from u8sync.cli.as_json import result_json

        session.emit(json.dumps(result_json(result), ensure_ascii=False, indent=1))
    else:
        from u8sync.report.terminal.run import result_view

        session.out.print(result_view(result, session.translate))


def show_end(session: Session, done: Done, *, as_json: bool) -> None:
    """Print what became of a run, and what went wrong around it."""
    if done.result is not None:
        show_result(session, done.result, as_json=as_json)
    for trouble in (*done.notes, *done.troubles):
        session.note(trouble)
    if done.entry.waiting:
        session.note(msg("{count:,} changes wait for a person: u8sync approve", count=done.entry.waiting))


def show_timings(session: Session, steps: Sequence[StepTime], *, as_json: bool) -> None:
    """Print where the time went; beside the results when those are for a machine."""
    from u8sync.report.terminal.entries import timings_view

    console = session.err if as_json else session.out
    console.print()
    console.print(timings_view(steps, session.translate, session.language))


def end_of(done: Done) -> ExitCode:
    """The exit code of a run; the error that ended it early is raised, so that it is shown like any other."""
    ended_by = done.error or (None if done.result is None else done.result.stopped_by)
    if ended_by is not None:
        raise ended_by
    return done.exit_code
