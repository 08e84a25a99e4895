"""Which starts were meant, and which of them a run answered. Pure: schedule, entries and now in, answers out.

A run answers a start when it did that night's work, or told a person why it could not:

- The start that its entry names (``scheduled_for``); else the last one at or before its own beginning. A run by hand at
  03:00 answers the start of 02:00.
- Any end answers, also a guard's stop, a refusal or a U8 that could not be reached: its entry says so, and a second
  try would meet the same. Three do not: another run was at work (3), "try again" (75: somebody stopped it, or U8 was
  busy for too long), and an end that was never said, unless that run is still at work. Of those the next start on
  schedule may take the place.
- Only ``run`` answers; ``apply`` writes what a person chose.

A machine whose clock was ahead leaves entries from the future. They answer nothing, or the missed nights up to then
would stay hidden; they are told instead.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from u8sync.domain.run_entry import RunEntry
from u8sync.domain.run_schedule import RunSchedule
from u8sync.domain.timeliness import Timeliness
from u8sync.errors import ExitCode
from u8sync.scheduling.wall_clock import instant_of, local

__all__ = ["EARLY", "LOOK_BACK", "Due", "due_start", "next_starts", "starts", "timeliness"]

LOOK_BACK: Final = timedelta(days=31)
"""So far back missed starts are told: after a machine stood in a corner for a year, the rest helps nobody."""

LOOK_AHEAD: Final = timedelta(days=800)
"""So far ahead the next start is sought: 29 February may be four years away, and is then not told."""

EARLY: Final = timedelta(minutes=2)
"""A timer may fire a moment before its time, and two clocks may differ by as much."""

_UNANSWERED: Final = frozenset({int(ExitCode.LOCK_HELD), int(ExitCode.TEMPORARY)})

Counts = Callable[[date], bool]
"""Whether runs are meant on a local day."""


@dataclass(frozen=True)
class Due:
    """The start that is due now.

    Attributes:
        start: The last one meant, aware UTC; null: none was meant yet.
        answered_by: The run that answered it; null: none did.
    """

    start: datetime | None
    answered_by: RunEntry | None


def starts(schedule: RunSchedule, counts: Counts, after: datetime, until: datetime) -> Iterator[datetime]:
    """The starts meant later than ``after`` and not later than ``until``, aware UTC, oldest first, each once.

    A local time that the clock passes over in spring counts at the moment at which it is moved; one that it shows
    twice in autumn counts once.
    """
    if schedule.at is None:
        return
    zone = ZoneInfo(schedule.timezone)
    # A day earlier: times that were passed over count later than they say. cronsim is asked in plain local times,
    # because its own way with moved clocks depends on the form of the expression.
    told = after
    for shown in CronSim(schedule.at, local(after, zone) - timedelta(days=2)):
        start = instant_of(shown, zone)
        if start > until:
            return
        if told < start and counts(shown.date()):
            told = start
            yield start


def next_starts(schedule: RunSchedule, counts: Counts, now: datetime, most: int) -> tuple[datetime, ...]:
    """The next ``most`` starts, fewer when there are not so many in :data:`LOOK_AHEAD`."""
    coming = starts(schedule, counts, now, now + LOOK_AHEAD)
    return tuple(start for start, _ in zip(coming, range(most), strict=False))


def due_start(
    schedule: RunSchedule,
    counts: Counts,
    entries: Sequence[RunEntry],
    now: datetime,
    at_work: AbstractSet[str],
    *,
    since: datetime | None = None,
) -> Due:
    """The start that a run begun now on schedule is for, and whether another run answered it before.

    Args:
        schedule: The schedule.
        counts: Which days count.
        entries: The history, oldest first.
        now: Aware UTC; a timer that is up to :data:`EARLY` early is forgiven.
        at_work: Runs that are known to be at work.
        since: When the schedule was set up: a start before that is nobody's to make up for; null: not known.
    """
    meant = list(starts(schedule, counts, max(now - LOOK_BACK, since or now - LOOK_BACK), now + EARLY))
    if not meant:
        return Due(None, None)
    answers = _answers(meant, entries, now, at_work)
    return Due(meant[-1], answers.get(meant[-1]))


def timeliness(
    schedule: RunSchedule,
    counts: Counts,
    entries: Sequence[RunEntry],
    now: datetime,
    *,
    since: datetime | None = None,
    at_work: AbstractSet[str] = frozenset(),
) -> Timeliness:
    """Whether runs came when they were meant.

    Args:
        schedule: The schedule.
        counts: Which days count.
        entries: The history, oldest first.
        now: Aware UTC.
        since: When the schedule was set up; null: not known. No start before that is missed; when it is not known, none
            before the oldest entry.
        at_work: Runs that are known to be at work; others that never said how they ended have died.
    """
    ahead = tuple(entry.run_id for entry in entries if entry.started_at > now + EARLY)
    past = [entry for entry in entries if entry.started_at <= now + EARLY]
    meant = list(starts(schedule, counts, now - LOOK_BACK, now))
    first = since or (past[0].started_at if past else now)
    answers = _answers(meant, past, now, at_work)
    late = timedelta(minutes=schedule.late_minutes)
    missed = tuple(
        start
        for start, following in pairwise([*meant, None])
        if start is not None
        and start not in answers
        and start >= first
        and (following is not None or now - start > late)
    )
    coming = next_starts(schedule, counts, now, 1)
    return Timeliness(
        last_due=meant[-1] if meant else None,
        next_due=coming[0] if coming else None,
        missed=missed,
        late_by=_late_by(past, late),
        ahead=ahead,
    )


def _late_by(past: Sequence[RunEntry], late: timedelta) -> timedelta | None:
    """How late the newest run was that the schedule started."""
    newest = next((entry for entry in reversed(past) if entry.command == "run"), None)
    if newest is None or newest.scheduled_for is None:
        return None
    behind = newest.started_at - newest.scheduled_for
    return behind if behind > late else None


def _answers(
    meant: Sequence[datetime], entries: Sequence[RunEntry], now: datetime, at_work: AbstractSet[str]
) -> dict[datetime, RunEntry]:
    """Start -> the first run that answered it."""
    known = set(meant)
    answers: dict[datetime, RunEntry] = {}
    for entry in entries:
        if entry.command != "run" or entry.started_at > now + EARLY or not _did_its_part(entry, at_work):
            continue
        start = None if entry.scheduled_for is None else entry.scheduled_for.astimezone(UTC)
        if start not in known:  # by hand, or the schedule was another one then
            index = bisect_right(meant, entry.started_at)
            start = meant[index - 1] if index else None
        if start is not None:
            answers.setdefault(start, entry)
    return answers


def _did_its_part(entry: RunEntry, at_work: AbstractSet[str]) -> bool:
    if entry.state == "running":
        return entry.run_id in at_work
    return entry.exit_code not in _UNANSWERED
