"""Which days count, by a rule of the policy and the fiscal periods of the account set. Pure.

A rule names days the way people do: the last twelve months, this fiscal year, the last one. Where the fiscal periods
(会计期间) of U8 are not known, calendar months and years stand in for them, and a note says so.

What the window is compared with (growth): a window of months with as many months before it; the last fiscal year with
the one before it; the current one with the same part of the year before: up to the same day of the same period, its
last day where that period is shorter or the window ends with its period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Literal

from u8sync.domain.model import CREDIT_DAYS, FLOOR_DAYS, Month, Period, Window
from u8sync.text import Message, msg

__all__ = ["FiscalYear", "Until", "WindowRule", "window_by"]

FiscalYear = Literal["current", "last"]
"""The fiscal year that the last day lies in, or the one before it."""

Until = Literal["as_of", "last_closed_month"]
"""The last day: the as-of day itself, or the last day of the last fiscal period that is over by its end."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class WindowRule:
    """How a policy names the days that count.

    Attributes:
        months: So many months up to the last day; null: a fiscal year.
        fiscal_year: Which fiscal year; null: months. Exactly one of the two is given.
        until: Where it ends; the last fiscal year ends where it ends.
        floor_days: A rate a year is never worked out over fewer days.
        credit_days: Days that customers have to pay.
    """

    months: int | None = None
    fiscal_year: FiscalYear | None = None
    until: Until = "as_of"
    floor_days: int = FLOOR_DAYS
    credit_days: int = CREDIT_DAYS

    def __post_init__(self) -> None:
        if (self.months is None) == (self.fiscal_year is None):
            raise ValueError("a window is one of months or of a fiscal year")

    @property
    def needs_periods(self) -> bool:
        """Whether the days depend on the fiscal periods of the account set."""
        return self.fiscal_year is not None or self.until == "last_closed_month"


def window_by(rule: WindowRule, as_of: date, periods: Sequence[Period]) -> tuple[Window, tuple[Message, ...]]:
    """The days that count.

    Args:
        rule: How the policy names them.
        as_of: The day that is asked for; no day after it counts.
        periods: The fiscal periods of the account set, in any order; empty: not known.

    Returns:
        The window, and what people should know of it.
    """
    if not rule.needs_periods:
        return _finished(rule, Window.ending(as_of, months=rule.months or 1), as_of), ()
    calendar, notes = _calendar_of(periods, as_of)
    last = as_of
    if rule.until == "last_closed_month":
        now = calendar.period(as_of)
        last = as_of if as_of == now.last else now.first - _DAY
    if rule.months is not None:
        window = Window.ending(last, months=rule.months)
    elif rule.fiscal_year == "last":
        year = calendar.period(last).year
        start, end = calendar.first_day(year - 1), calendar.first_day(year) - _DAY
        window = Window(start, end, (calendar.first_day(year - 2), start - _DAY))
    else:
        window = _current_year(calendar, last)
    return _finished(rule, window, as_of), (*notes, *calendar.notes)


def _finished(rule: WindowRule, window: Window, as_of: date) -> Window:
    asked_on = as_of if as_of > window.as_of else None
    earlier = (window.before.start, window.before.as_of)
    return replace(window, earlier=earlier, floor_days=rule.floor_days, credit_days=rule.credit_days, asked_on=asked_on)


def _current_year(calendar: _Calendar, last: date) -> Window:
    """The fiscal year up to a day, and the same part of the year before."""
    now = calendar.period(last)
    start = calendar.first_day(now.year)
    then = next((one for one in calendar.year(now.year - 1) if one.number == now.number), None)
    if then is None:
        end = _year_earlier(last)
    elif last == now.last:
        end = then.last
    else:
        end = min(then.last, then.first + (last - now.first))
    first = calendar.first_day(now.year - 1)
    return Window(start, last, (first, max(first, min(end, start - _DAY))))


def _calendar_of(periods: Sequence[Period], as_of: date) -> tuple[_Calendar, list[Message]]:
    years: dict[int, list[Period]] = {}
    for period in sorted(periods, key=lambda one: (one.first, one.last)):
        years.setdefault(period.year, []).append(period)
    whole = {year: tuple(several) for year, several in years.items() if _is_whole(several)}
    now = [year for year, several in whole.items() if several[0].first <= as_of <= several[-1].last]
    if now:
        return _Calendar(max(now), whole), []
    if periods:
        note = msg("The fiscal periods of U8 do not cover {day}: calendar months and years are taken.", day=as_of)
    else:
        note = msg("The fiscal periods of U8 cannot be read: calendar months and years are taken.")
    return _Calendar(as_of.year, {as_of.year: _calendar_year(as_of.year)}), [note]


def _is_whole(periods: Sequence[Period]) -> bool:
    """Whether the periods of a year follow one upon another, without gap and overlap."""
    joined = all(one.last + _DAY == two.first for one, two in pairwise(periods))
    return joined and all(one.first <= one.last for one in periods)


def _calendar_year(year: int) -> tuple[Period, ...]:
    months = (Month(year, number) for number in range(1, 13))
    return tuple(Period(year, month.month, month.first, month.last) for month in months)


class _Calendar:
    """The fiscal year of a day and those before it.

    A year that is not known, or does not end where the next one begins, is made from the next one.

    Args:
        latest: The year of that day.
        years: The periods of each year, without gaps; those of ``latest`` are there.

    Attributes:
        notes: The years that were made.
    """

    def __init__(self, latest: int, years: Mapping[int, tuple[Period, ...]]) -> None:
        self._latest = latest
        self._given = years
        self._years = {latest: years[latest]}
        self.notes: list[Message] = []

    def period(self, day: date) -> Period:
        """The period of a day that is not past the latest year."""
        year = self._latest
        while self.first_day(year) > day:
            year -= 1
        return next(one for one in reversed(self.year(year)) if one.first <= day)

    def first_day(self, year: int) -> date:
        """The first day of a fiscal year."""
        return self.year(year)[0].first

    def year(self, year: int) -> tuple[Period, ...]:
        """The periods of a fiscal year, at most the latest."""
        if year not in self._years:
            following, given = self.year(year + 1), self._given.get(year)
            if given is not None and given[-1].last + _DAY == following[0].first:
                self._years[year] = given
            else:
                self._years[year] = made = _shifted(following)
                if made != _calendar_year(year):
                    self.notes.append(
                        msg(
                            "U8 has no fiscal periods for {year}: those of {following}, a year earlier, stand in.",
                            year=year,
                            following=year + 1,
                        )
                    )
        return self._years[year]


def _shifted(following: Sequence[Period]) -> tuple[Period, ...]:
    """The periods a year earlier: each begins a year earlier, the last one ends the day before the year begins."""
    firsts = [_year_earlier(one.first) for one in following]
    ends = [*(first - _DAY for first in firsts[1:]), following[0].first - _DAY]
    return tuple(
        Period(one.year - 1, one.number, first, last) for one, first, last in zip(following, firsts, ends, strict=True)
    )


def _year_earlier(day: date) -> date:
    """The same day a year earlier; for February 29 the day before."""
    return date(day.year - 1, day.month, min(day.day, Month(day.year - 1, day.month).last.day))
