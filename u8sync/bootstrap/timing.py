"""What the schedule means for a run, a status line and a card: the history and the audit locks are looked at here.

Nothing is decided: ``u8sync/scheduling`` computes from what this room reads. Everything a person is told has its words
here, so that the run, the command ``schedule`` and whoever else shows it say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from u8sync.audit.lock import holder_of
from u8sync.config.settings import Settings
from u8sync.domain.run_entry import RunEntry
from u8sync.domain.run_schedule import RunSchedule
from u8sync.domain.timeliness import Timeliness
from u8sync.errors import InputError, RefusedError
from u8sync.history.store import read_history
from u8sync.scheduling import due
from u8sync.scheduling.installed import read_installed
from u8sync.scheduling.window import Permission
from u8sync.scheduling.work_days import WorkDays, work_days_of
from u8sync.text import Message, listed, msg

__all__ = [
    "NotDue",
    "Scheduled",
    "late_words",
    "next_starts",
    "refused",
    "runs_at_work",
    "scheduled_start",
    "shown_at",
    "timeliness",
    "timeliness_words",
]

_NEWEST: Final = 2000
"""More entries than can belong to :data:`u8sync.scheduling.due.LOOK_BACK`."""

_JUST_BEGUN: Final = timedelta(minutes=10)
"""A run takes its lock within this time; until then its entry alone says that it is at work."""

_NAMED: Final = 5
"""So many missed starts are named; the rest is counted."""


@dataclass(frozen=True)
class Scheduled:
    """A run that is due.

    Attributes:
        start: The start it is for, aware UTC.
        doubts: What is not certain about the days.
    """

    start: datetime
    doubts: tuple[Message, ...]


@dataclass(frozen=True)
class NotDue:
    """Nothing is to be run now.

    Attributes:
        why: In words.
        doubts: What is not certain about the days.
    """

    why: Message
    doubts: tuple[Message, ...]


def scheduled_start(settings: Settings, now: datetime) -> Scheduled | NotDue:
    """Whether a run begun on schedule at this instant (aware) has anything to do.

    On a day that does not count it has nothing, but for a start of the evening before that came a little late.
    Raises InputError when the configuration means no starts.
    """
    schedule = settings.schedule
    if schedule is None or schedule.at is None:
        raise InputError(
            msg("The configuration does not say when runs are meant to start"),
            hint=msg('Write it there, for instance: schedule: {{at: "02:00"}}'),
        )
    days = work_days_of(schedule)
    today = days(now.astimezone(ZoneInfo(schedule.timezone)).date())
    doubts = () if today.doubt is None else (today.doubt,)
    entries = read_history(settings.runs_folder, _NEWEST, now=now).entries
    at_work = runs_at_work(settings, entries, now)
    found = due.due_start(schedule, _counts(days), entries, now, at_work, since=_since(settings))
    late = timedelta(minutes=schedule.late_minutes)
    if found.start is None:
        return NotDue(
            msg(
                "Nothing to do: no start has come since the schedule was set up, or for {days} days.",
                days=due.LOOK_BACK.days,
            ),
            doubts,
        )
    if found.answered_by is not None:
        answered = msg(
            "Nothing to do: run {run} answered the start of {start}.",
            run=found.answered_by.run_id,
            start=shown_at(found.start, schedule),
        )
        return NotDue(answered if today.why is None or today.counts else _no_day(today.why), doubts)
    if not today.counts and today.why is not None and now - found.start > late:
        return NotDue(_no_day(today.why), doubts)
    return Scheduled(found.start, doubts)


def timeliness(settings: Settings, now: datetime) -> Timeliness | None:
    """Whether runs came when the schedule meant them; null when it means none. ``now`` is aware."""
    schedule = settings.schedule
    if schedule is None or schedule.at is None:
        return None
    entries = read_history(settings.runs_folder, _NEWEST, now=now).entries
    return due.timeliness(
        schedule,
        _counts(work_days_of(schedule)),
        entries,
        now,
        since=_since(settings),
        at_work=runs_at_work(settings, entries, now),
    )


def next_starts(schedule: RunSchedule, now: datetime, most: int) -> tuple[tuple[datetime, ...], tuple[Message, ...]]:
    """The next starts, aware UTC, and what is not certain about their days."""
    days = work_days_of(schedule)
    found = due.next_starts(schedule, _counts(days), now, most)
    zone = ZoneInfo(schedule.timezone)
    doubts = (days(start.astimezone(zone).date()).doubt for start in found)
    return found, tuple({str(doubt): doubt for doubt in doubts if doubt is not None}.values())


def timeliness_words(found: Timeliness, schedule: RunSchedule) -> Iterator[Message]:
    """What a person should know of it; nothing when every run came in time."""
    if found.missed:
        named = ", ".join(shown_at(start, schedule) for start in found.missed[-_NAMED:])
        yield msg(
            "{count} start(s) on schedule were answered by no run: {earlier}{starts}",
            count=len(found.missed),
            starts=named,
            earlier="" if len(found.missed) <= _NAMED else "…, ",
        )
    if found.late_by is not None:
        yield late_words(found.late_by)
    if found.ahead:
        yield msg(
            "The history holds {count} run(s) from the future, such as {run}: the clock of this machine was ahead then,"
            " or is behind now. They answer no start.",
            count=len(found.ahead),
            run=found.ahead[0],
        )


def late_words(late_by: timedelta) -> Message:
    """How late a run began."""
    minutes = int(late_by.total_seconds()) // 60
    return msg(
        "The run began {hours} h {minutes} min after its start on schedule.", hours=minutes // 60, minutes=minutes % 60
    )


def shown_at(instant: datetime, schedule: RunSchedule) -> str:
    """An instant as the account set's clock shows it."""
    return f"{instant.astimezone(ZoneInfo(schedule.timezone)):%Y-%m-%d %H:%M}"


def refused(permission: Permission, schedule: RunSchedule) -> RefusedError:
    """The error of a run that may not write now."""
    rule = permission.refusal or msg("it is forbidden")
    again = None if permission.until is None else shown_at(permission.until, schedule)
    person = msg("A person may write all the same: --allow-window --reason TEXT. 'u8sync plan' works at any time.")
    return RefusedError(
        msg("Nothing was written to U8: {rule}", rule=rule),
        hint=person
        if again is None
        else listed(
            [msg("U8 may be written again from {time} ({zone}) on.", time=again, zone=schedule.timezone), person], " "
        ),
    )


def runs_at_work(settings: Settings, entries: tuple[RunEntry, ...], now: datetime) -> frozenset[str]:
    """The runs that are at work: who holds an audit log, and who began a moment ago and may not have come to it yet."""
    found = {
        entry.run_id
        for entry in entries
        if entry.state == "running" and timedelta() <= now - entry.started_at < _JUST_BEGUN
    }
    for lock in settings.audit_folder.glob("*/.lock"):
        holder = holder_of(lock.parent)
        if isinstance(holder, Message):
            found.add(str(holder.args["run"]))
    return frozenset(found)


def _since(settings: Settings) -> datetime | None:
    installed = read_installed(settings.runs_folder)
    return None if installed is None else installed.since


def _no_day(why: Message) -> Message:
    return msg("Nothing to do: {why}.", why=why)


def _counts(days: WorkDays) -> due.Counts:
    return lambda day: days(day).counts
