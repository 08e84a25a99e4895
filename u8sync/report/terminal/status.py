"""Whether all is well with the runs, on one screen: what needs a look first, then what was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.status import Concern, Status
from u8sync.report.figures import duration
from u8sync.report.language import Language, words_of
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.terminal.entries import FATES, count_words, end_words, local
from u8sync.report.words import LOGGED
from u8sync.text import Message, Translate, listed, msg

__all__ = ["status_view"]

_TOPICS: Final[dict[str, Message]] = {
    "audit": msg("Audit log"),
    "died": msg("Last run"),
    "unknown": msg("Last run"),
    "no_run": msg("Last run"),
    "ended_badly": msg("Last run"),
    "troubles": msg("Last run"),
    "waiting": msg("Approval"),
    "missed": msg("Schedule"),
    "clock": msg("Clock"),
    "disk": msg("Disk"),
    "history": msg("History"),
}
"""What a concern is about."""


def status_view(
    status: Status, concerns: Sequence[Concern], translate: Translate, language: Language, *, zone: tzinfo
) -> RenderableType:
    """One screen: is all well, and what was looked at."""
    write = Writer(translate)
    title = msg("All is well.") if not concerns else msg("{count} thing(s) need a look.", count=len(concerns))
    parts: list[RenderableType] = [write.title(title)]
    for concern in concerns:
        words = msg("{topic}: {found}", topic=_TOPICS[concern.key], found=concern.found)
        parts.append(write.line(words, indent=2))
        if concern.hint is not None:
            parts.append(write.line(concern.hint, indent=4))
    parts.append(write.heading(msg("What was looked at")))
    parts.append(write.facts(_rows(status, language, zone)))
    return Group(*parts)


def _rows(status: Status, language: Language, zone: tzinfo) -> Iterator[tuple[Message, Cell]]:
    for entry, fate in status.newer:
        since = local(entry.started_at, zone)
        yield (
            msg("At work") if fate == "at_work" else msg("No end"),
            msg("run {run} since {since}: {words}", run=entry.run_id, since=since, words=FATES.get(fate, fate)),
        )
    known = {entry.run_id for entry, _ in status.newer}
    for one in status.at_work:
        if one.run_id not in known:
            words = msg("run {run}, process {pid} on {host}", run=str(one.run_id), pid=str(one.pid), host=str(one.host))
            yield msg("At work"), words
    yield from _last_rows(status, language, zone)
    if status.due is not None:
        yield msg("Next start"), None if status.due.next_due is None else local(status.due.next_due, zone)
        if status.due.missed:
            yield msg("Missed starts"), ", ".join(local(missed, zone) for missed in status.due.missed[-5:])
        if status.due.late_by is not None:
            yield msg("The newest run was late by"), duration(status.due.late_by)
    else:
        yield msg("Next start"), msg("the configuration has no schedule")
    if status.free_bytes is not None:
        free = f"{status.free_bytes // 1024**2:,}"
        yield msg("Disk of the audit log"), msg("{free} MiB free", free=free)


def _last_rows(status: Status, language: Language, zone: tzinfo) -> Iterator[tuple[Message, Cell]]:
    last = status.last
    if last is None:
        yield msg("Last run"), None
        return
    yield msg("Last run"), last.run_id
    yield msg("Ended ({zone})", zone=str(zone)), None if last.ended_at is None else local(last.ended_at, zone)
    yield msg("How it ended"), end_words(last, "ended")
    if last.error is not None:
        yield msg("Error"), words_of(last.error, language)
    endings = [
        msg("{count}: {ending}", ending=LOGGED.get(status_, status_), count=f"{count:,}")
        for status_, count in last.endings.items()
    ]
    yield msg("Planned changes"), count_words(last.planned)
    yield msg("What became of them"), listed(endings) if endings else None
    if last.waiting is not None:
        yield msg("Waiting for approval"), count_words(last.waiting)
    for trouble in last.troubles:
        yield msg("Trouble"), words_of(trouble, language)
    if status.audit is not None and last.audit_count is not None:
        now = status.audit.count
        yield (
            msg("Audit log"),
            msg(
                "{then} records after the last run, {now} now",
                then=f"{last.audit_count:,}",
                now="?" if now is None else f"{now:,}",
            ),
        )
