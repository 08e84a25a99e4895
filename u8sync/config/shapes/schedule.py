"""The shape of ``schedule:``: when runs are meant to start, and when they may write to U8."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final, Literal, Self

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, PlainValidator, StringConstraints, WithJsonSchema, model_validator

from u8sync.config.checking import shown
from u8sync.config.shapes.words import Day, Shape, one_line
from u8sync.text import msg

__all__ = ["MOST_STARTS", "BlackoutShape", "ScheduleShape", "WindowShape"]

MOST_STARTS: Final = 24
"""Starts on one day; a task of the Windows Task Scheduler has room for 48 triggers, and a run takes minutes."""

_FIELDS: Final = 5
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_MOMENT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T]" + _TIME + ")?"


def _at(value: object) -> str:
    """A cron expression; a plain time of day becomes one."""
    text = value if isinstance(value, str) else str(value)
    if re.fullmatch(_TIME, text):
        return f"{int(text[3:])} {int(text[:2])} * * *"
    hint = msg('A time such as "02:00", or minute, hour, day of month, month and day of week: "30 1 * * 1-5".')
    fields = text.split()
    if len(fields) != _FIELDS:
        raise ValueError(msg("'{text}' is neither a time of day nor a cron expression", text=shown(text)), hint)
    expression = " ".join(fields)
    try:
        meant = CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 - local times, whatever the zone
    except CronSimError as error:
        raise ValueError(msg("'{text}' is no cron expression: {why}", text=shown(text), why=str(error)), hint) from None
    if next(meant, None) is None:
        raise ValueError(msg("'{text}' never comes: there is no such day", text=shown(text)), hint)
    starts = len(meant.hours) * len(meant.minutes)
    if starts > MOST_STARTS:
        raise ValueError(
            msg(
                "'{text}' means {count} starts a day, {most} at most are allowed",
                text=shown(text),
                count=starts,
                most=MOST_STARTS,
            ),
            hint,
        )
    return expression


def _time_of_day(value: object) -> time:
    if isinstance(value, str) and re.fullmatch(_TIME, value):
        return time.fromisoformat(value)
    raise ValueError(msg('expected a time of day between "00:00" and "23:59"'))


def _moment(value: object) -> date | datetime:
    """A day, or a day with a time."""
    if isinstance(value, str) and re.fullmatch(_MOMENT, value):
        try:
            return date.fromisoformat(value) if value.count(":") == 0 else datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(msg("there is no such day: {day}", day=value)) from None
    raise ValueError(msg("expected a date (YYYY-MM-DD) or a date with a time (YYYY-MM-DD HH:MM)"))


TimeOfDay = Annotated[time, PlainValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": f"^{_TIME}$"})]
Moment = Annotated[
    date | datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "pattern": f"^{_MOMENT}$"})
]
At = Annotated[str, PlainValidator(_at), WithJsonSchema({"type": "string"})]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(one_line)
]
Days = Annotated[int, Field(ge=1, le=28)]


class WindowShape(Shape):
    """每天可以写入 U8 的时段。The hours of each day in which U8 may be written."""

    start: TimeOfDay = Field(alias="from", description="从几点起。From this local time on.")
    end: TimeOfDay = Field(
        alias="to", description="到几点止（不含）；早于起点即跨午夜。Until then; earlier than 'from': across midnight."
    )

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError(
                msg("this window has no length: it begins and ends at {time}", time=f"{self.start:%H:%M}"),
                msg("Leave the window out if U8 may be written at any time."),
            )
        return self


class BlackoutShape(Shape):
    """不写入 U8 的一段时间。A period in which nothing is written to U8: from and to, or days of every month."""

    start: Moment | None = Field(default=None, alias="from", description="从何时起，日期或日期加时间。Its beginning.")
    end: Moment | None = Field(
        default=None, alias="to", description="到何时止；日期含当天。Its end; a date includes that whole day."
    )
    first_days: Days | None = Field(default=None, description="每月头几天。So many first days of every month.")
    last_days: Days | None = Field(default=None, description="每月最后几天。So many last days of every month.")
    reason: Reason = Field(description="原因，会写进提示和记录。Why; messages and entries show it.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        once = self.start is not None or self.end is not None
        monthly = self.first_days is not None or self.last_days is not None
        if once == monthly or (self.start is None) != (self.end is None):
            raise ValueError(msg("a blackout has 'from' and 'to', or 'first_days' and 'last_days' of every month"))
        if once and self.until <= self.since:
            raise ValueError(
                msg("this blackout ends before it begins: {start} to {end}", start=str(self.start), end=str(self.end)),
                msg("Change the two; a date as its end includes that whole day."),
            )
        return self

    @property
    def since(self) -> datetime:
        """Its first moment, local."""
        return _midnight(self.start)

    @property
    def until(self) -> datetime:
        """The first moment after it, local."""
        end = _midnight(self.end)
        return end if isinstance(self.end, datetime) else end + timedelta(days=1)


def _midnight(moment: date | datetime | None) -> datetime:
    """A day's first moment; a moment as it is."""
    if isinstance(moment, datetime):
        return moment
    if moment is None:
        raise AssertionError  # the shape saw to it
    return datetime.combine(moment, time())


class ScheduleShape(Shape):
    """何时运行，何时可以写入 U8。When runs start by themselves, and when they may write to U8."""

    at: At | None = Field(
        default=None,
        description='如 "02:00"，或 cron 表达式；本地时间。A time such as "02:00", or a cron expression; local.',
    )
    work_days: Literal["all", "china"] = Field(
        default="all",
        description="all 每天；china 只在中国法定工作日（含调休上班的周末）。Every day, or only China's work days.",
    )
    also: list[Day] = Field(default=[], description="另加的运行日。Days that count whatever work_days says.")
    skipped: list[Day] = Field(
        default=[], alias="except", description="不运行的日子。Days that do not count whatever else says so."
    )
    late_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="迟于计划多少分钟算迟到或漏跑。Minutes after which a start counts as late or overdue.",
    )
    window: WindowShape | None = Field(
        default=None, description="每天可以写入的时段；不写则不限。When U8 may be written; absent: at any time."
    )
    blackout: list[BlackoutShape] = Field(
        default=[], description="禁止写入的期间，如月结。Periods without writing, such as month-end closing."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        both = sorted(set(self.also) & set(self.skipped))
        if both:
            raise ValueError(msg("{day} stands in both 'also' and 'except'", day=str(both[0])))
        return self
