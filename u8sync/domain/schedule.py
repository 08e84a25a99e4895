"""The days on which a policy is judged in hindsight, and the windows around each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from u8sync.domain.model import Month, Window

__all__ = ["Schedule", "Slot", "months_before"]


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; from a month's last day always to a month's last day."""
    month = Month.of(day).plus(-months)
    return month.last if day == Month.of(day).last else date(month.year, month.month, min(day.day, month.last.day))


@dataclass(frozen=True)
class Slot:
    """One evaluation.

    Attributes:
        as_of: The day on which the policy is asked; nothing after it may be known.
        outcome: The days after it whose revenue judges the answer.
        before: As many months up to the day: what plain last-period revenue is taken from.
    """

    as_of: date
    outcome: Window
    before: Window


@dataclass(frozen=True)
class Schedule:
    """When to look.

    Attributes:
        until: Last day of the last outcome.
        periods: How many evaluations, at least 1.
        every: Months from one to the next, at least 1.
        horizon: Months of each outcome, at least 1. Longer than ``every``: the outcomes overlap.
    """

    until: date
    periods: int
    every: int
    horizon: int

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Oldest first. Every day is counted back from ``until``, so that month ends stay month ends."""
        return tuple(self._slot(index) for index in reversed(range(self.periods)))

    def _slot(self, back: int) -> Slot:
        """The evaluation with so many after it."""
        end, as_of, start = (months_before(self.until, back * self.every + times * self.horizon) for times in range(3))
        day = timedelta(days=1)
        return Slot(as_of, Window(as_of + day, end), Window(start + day, as_of))
