"""When runs are meant to start, and when they may write to U8: what the configuration says, and nothing computed.

How starts, missed ones and closed hours follow from it: ``u8sync/scheduling``. Every time here is local to the account
set: people close a month on the last day of their calendar, not of UTC's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

__all__ = ["Blackout", "DailyWindow", "MonthlyBlackout", "RunSchedule", "WorkDayRule"]

WorkDayRule = Literal["all", "china"]
"""``all``: every day; ``china``: the work days of China's holiday calendar, made-up weekends included."""


@dataclass(frozen=True)
class DailyWindow:
    """The hours of each day in which U8 may be written; ``start`` later than ``end``: it crosses midnight.

    Attributes:
        start: First moment, local.
        end: First moment after it, local; never the same as ``start``.
    """

    start: time
    end: time


@dataclass(frozen=True)
class Blackout:
    """A period in which nothing is written.

    Attributes:
        start: First moment, local time without a zone.
        end: First moment after it; later than ``start``.
        reason: Why, in the words of whoever wrote it.
    """

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True)
class MonthlyBlackout:
    """Whole days of every month in which nothing is written, such as those of the month-end closing.

    Attributes:
        first_days: So many days from the first on.
        last_days: So many days up to the last.
        reason: Why, in the words of whoever wrote it.
    """

    first_days: int
    last_days: int
    reason: str


@dataclass(frozen=True)
class RunSchedule:
    """What the section ``schedule:`` of a configuration says.

    Attributes:
        at: A cron expression of five fields; null: no run is meant to start by itself.
        timezone: IANA name of the zone that every time here is local to.
        work_days: Which days count.
        also: Days that count whatever ``work_days`` says.
        skipped: Days that do not count whatever else says they do.
        late_minutes: How long after its start a run counts as late, and a start without one as overdue.
        window: When U8 may be written; null: at any time.
        blackouts: When it may not, all the same.
    """

    at: str | None
    timezone: str
    work_days: WorkDayRule = "all"
    also: frozenset[date] = frozenset()
    skipped: frozenset[date] = frozenset()
    late_minutes: int = 60
    window: DailyWindow | None = None
    blackouts: tuple[Blackout | MonthlyBlackout, ...] = ()
