"""The schedule on the terminal: what is set up, the next starts, the last runs, and what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType

from u8sync.domain.run_entry import RunEntry
from u8sync.domain.run_schedule import RunSchedule
from u8sync.report.language import Language
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.text import Message, Translate, msg

__all__ = ["schedule_view"]


def schedule_view(
    schedule: RunSchedule,
    translate: Translate,
    language: Language,
    *,
    facts: Sequence[tuple[Message, Cell]],
    coming: Sequence[datetime],
    runs: Sequence[RunEntry],
    remarks: Sequence[Message],
) -> RenderableType:
    """All of it.

    Args:
        schedule: For its zone; every time is shown in it.
        translate: Puts messages into words.
        language: Of the sentences that entries hold.
        facts: What is set up, and whether U8 may be written now.
        coming: The next starts, aware.
        runs: The last runs, oldest first.
        remarks: Missed starts and doubts.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [write.facts(facts)]
    if coming:
        parts.append(write.heading(msg("Next starts")))
        parts += [write.line(_shown(start, schedule), indent=2) for start in coming]
    if runs:
        parts.append(write.heading(msg("Last runs")))
        columns = (msg("Began"), msg("For the start of"), msg("Ended with"), msg("Why"))
        parts.append(
            write.table([(title, "left") for title in columns], (_row(run, schedule, language) for run in runs))
        )
    parts += [write.line(remark, above=0 if number else 1) for number, remark in enumerate(remarks)]
    return Group(*parts)


def _row(run: RunEntry, schedule: RunSchedule, language: Language) -> tuple[Cell, ...]:
    why = run.error
    return (
        _shown(run.started_at, schedule),
        None if run.scheduled_for is None else _shown(run.scheduled_for, schedule),
        msg("it did not say") if run.exit_code is None else str(run.exit_code),
        None if why is None else (why.zh if language == "zh" else why.en),
    )


def _shown(instant: datetime, schedule: RunSchedule) -> str:
    return f"{instant.astimezone(ZoneInfo(schedule.timezone)):%Y-%m-%d %H:%M}"
