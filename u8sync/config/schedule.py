"""From the shape of ``schedule:`` to what it means; the shape has checked it all."""

from __future__ import annotations

from u8sync.config.shapes.schedule import BlackoutShape, ScheduleShape
from u8sync.domain.run_schedule import Blackout, DailyWindow, MonthlyBlackout, RunSchedule

__all__ = ["schedule_of"]


def schedule_of(shape: ScheduleShape, timezone: str) -> RunSchedule:
    """The schedule in the account set's time zone."""
    return RunSchedule(
        at=shape.at,
        timezone=timezone,
        work_days=shape.work_days,
        also=frozenset(shape.also),
        skipped=frozenset(shape.skipped),
        late_minutes=shape.late_minutes,
        window=None if shape.window is None else DailyWindow(shape.window.start, shape.window.end),
        blackouts=tuple(map(_blackout, shape.blackout)),
    )


def _blackout(shape: BlackoutShape) -> Blackout | MonthlyBlackout:
    if shape.start is None:
        return MonthlyBlackout(shape.first_days or 0, shape.last_days or 0, shape.reason)
    return Blackout(shape.since, shape.until, shape.reason)
