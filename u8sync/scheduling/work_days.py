"""Which days count: the holiday calendar of China, which the State Council decides anew each year, and the exceptions.

The idea: a year that the calendar does not know yet is no reason to stop a night. Monday to Friday stand in for it, and
whoever asks is told so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from u8sync.domain.run_schedule import RunSchedule
from u8sync.errors import InputError
from u8sync.text import Message, msg

__all__ = ["WorkDay", "WorkDays", "work_days_of"]

_FRIDAY: Final = 4


@dataclass(frozen=True)
class WorkDay:
    """Whether a day counts.

    Attributes:
        counts: Whether runs are meant on it.
        why: What says so; null: nothing special.
        doubt: Why that is not certain; null: it is.
    """

    counts: bool
    why: Message | None = None
    doubt: Message | None = None


WorkDays = Callable[[date], WorkDay]
"""Says of a day whether it counts."""


def work_days_of(schedule: RunSchedule, *, strict: bool = False) -> WorkDays:
    """The days of a schedule.

    Args:
        schedule: The schedule.
        strict: Whether a calendar that is not installed is an error (InputError): before anything is set up, it is;
            in the night, Monday to Friday stand in for it, and the doubt says so.
    """
    china = None if schedule.work_days == "all" else _china(strict=strict)

    def of(day: date) -> WorkDay:
        if day in schedule.skipped:
            return WorkDay(False, msg("{day} stands in 'except'", day=day.isoformat()))
        if day in schedule.also:
            return WorkDay(True, msg("{day} stands in 'also'", day=day.isoformat()))
        return WorkDay(True) if china is None else china(day)

    return of


def _china(*, strict: bool) -> WorkDays:
    try:
        import chinese_calendar
    except ModuleNotFoundError:
        missing = msg("the holiday calendar of China is not installed, so Monday to Friday count as work days")
        if strict:
            raise InputError(
                msg("'work_days: china' needs the holiday calendar, which is not installed"),
                hint=msg('Install it with pip install "u8sync[calendar]", or write work_days: all.'),
            ) from None
        return lambda day: _by_week(day, missing)

    def of(day: date) -> WorkDay:
        try:
            works = chinese_calendar.is_workday(day)
        except NotImplementedError:
            return _by_week(
                day,
                msg(
                    "the holidays of {year} are not known yet, so Monday to Friday count as work days in it;"
                    ' pip install --upgrade "u8sync[calendar]" brings them once they are announced',
                    year=day.year,
                ),
            )
        return WorkDay(works, None if works else _not_working(day))

    return of


def _by_week(day: date, doubt: Message) -> WorkDay:
    works = day.weekday() <= _FRIDAY
    return WorkDay(works, None if works else _not_working(day), doubt)


def _not_working(day: date) -> Message:
    return msg("{day} is no work day in China", day=day.isoformat())
