"""Whether U8 may be written now, until when, and if not, which rule says so and when it may again.

Pure. The rules are those of the local calendar: the daily window, and periods closed by people. Reading and planning
are never refused here.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from u8sync.domain.run_schedule import Blackout, MonthlyBlackout, RunSchedule
from u8sync.scheduling.wall_clock import instant_of, local
from u8sync.text import Message, msg

__all__ = ["Permission", "may_write"]

_AHEAD: Final = 400
"""Days that are searched for the next moment at which writing is allowed."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Permission:
    """Whether U8 may be written.

    Attributes:
        until: If it may: the first moment at which it may not, aware UTC; null: none in the next two days. If it may
            not: the next moment at which it may; null: none in the next 400 days.
        refusal: Which rule forbids it, in words; null: it may be written.
    """

    until: datetime | None
    refusal: Message | None

    @property
    def granted(self) -> bool:
        """Whether it may be written."""
        return self.refusal is None


def may_write(schedule: RunSchedule, now: datetime) -> Permission:
    """What the schedule says of writing at this instant (aware)."""
    zone = ZoneInfo(schedule.timezone)
    now = now.astimezone(UTC)
    refusal = _refusal(schedule, local(now, zone))
    days = 2 if refusal is None else _AHEAD
    for moment in _changes(schedule, now, zone, days):
        if (_refusal(schedule, local(moment, zone)) is None) != (refusal is None):
            return Permission(moment, refusal)
    return Permission(None, refusal)


def _refusal(schedule: RunSchedule, shown: datetime) -> Message | None:
    """Which rule forbids writing while the clock shows this; the periods that people closed come first."""
    for blackout in schedule.blackouts:
        if _closed(blackout, shown):
            return msg("closed for: {reason}", reason=blackout.reason)
    window = schedule.window
    if window is None:
        return None
    clock = shown.time()
    inside = (
        window.start <= clock < window.end if window.start < window.end else clock >= window.start or clock < window.end
    )
    if inside:
        return None
    return msg(
        "it is {now}, and U8 is written only from {start} to {end}",
        now=f"{clock:%H:%M}",
        start=f"{window.start:%H:%M}",
        end=f"{window.end:%H:%M}",
    )


def _closed(blackout: Blackout | MonthlyBlackout, shown: datetime) -> bool:
    if isinstance(blackout, Blackout):
        return blackout.start <= shown < blackout.end
    last = monthrange(shown.year, shown.month)[1]
    return shown.day <= blackout.first_days or shown.day > last - blackout.last_days


def _changes(schedule: RunSchedule, now: datetime, zone: tzinfo, days: int) -> Iterator[datetime]:
    """Every later instant at which a rule may begin or end to hold, in order: edges, midnights, moved clocks."""
    today = local(now, zone).date()
    edges = {time()}
    if schedule.window is not None:
        edges |= {schedule.window.start, schedule.window.end}
    single = [edge for one in schedule.blackouts if isinstance(one, Blackout) for edge in (one.start, one.end)]
    for number in range(-1, days + 1):
        day = today + timedelta(days=number)
        shown = [datetime.combine(day, edge) for edge in edges]
        shown += [edge for edge in single if edge.date() == day]
        moments = {instant_of(each, zone) for each in shown}
        moments |= {instant_of(each, zone, not_before=datetime.max.replace(tzinfo=UTC)) for each in shown}
        midnight = instant_of(datetime.combine(day, time()), zone)
        following = instant_of(datetime.combine(day + _DAY, time()), zone)
        if following - midnight != _DAY:
            moments |= set(_moves(midnight, following, zone))
        yield from sorted(moment for moment in moments if moment > now)


def _moves(start: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The minutes of a day at which the clock is moved."""
    minute = timedelta(minutes=1)
    moment = start
    while moment < end:
        if local(moment, zone) - local(moment - minute, zone) != minute:
            yield moment
        moment += minute
