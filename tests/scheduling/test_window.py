"""Whether U8 may be written, until when, and which rule forbids it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from u8sync.domain.run_schedule import Blackout, DailyWindow, MonthlyBlackout, RunSchedule
from u8sync.scheduling.window import may_write

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHTS = DailyWindow(time(22), time(6))
CLOSING = MonthlyBlackout(first_days=1, last_days=2, reason="月结")


def schedule(*blackouts: Blackout | MonthlyBlackout, window: DailyWindow | None = None) -> RunSchedule:
    return RunSchedule(at=None, timezone="Asia/Shanghai", window=window, blackouts=blackouts)


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "granted", "until"),
    [
        ("2026-11-10 21:59", False, "2026-11-10 22:00"),
        ("2026-11-10 22:00", True, "2026-11-11 06:00"),
        ("2026-11-11 05:59", True, "2026-11-11 06:00"),
        ("2026-11-11 06:00", False, "2026-11-11 22:00"),
    ],
)
def test_a_window_across_midnight(now: str, granted: bool, until: str) -> None:
    found = may_write(schedule(window=NIGHTS), here(now))
    assert (found.granted, found.until) == (granted, here(until))


def test_the_rule_that_refuses_is_named() -> None:
    refusal = may_write(schedule(window=NIGHTS), here("2026-11-10 12:30")).refusal
    assert str(refusal) == "it is 12:30, and U8 is written only from 22:00 to 06:00"
    assert str(may_write(schedule(CLOSING, window=NIGHTS), here("2026-11-30 12:30")).refusal) == "closed for: 月结"


def test_without_rules_it_may_be_written_for_ever() -> None:
    found = may_write(schedule(), here("2026-11-10 12:00"))
    assert (found.granted, found.until) == (True, None)


@pytest.mark.parametrize(
    ("now", "granted", "until"),
    [
        ("2026-11-28 12:00", True, "2026-11-29 00:00"),
        ("2026-11-29 00:00", False, "2026-12-02 00:00"),
        ("2026-12-01 23:59", False, "2026-12-02 00:00"),
        ("2026-12-02 00:00", True, None),
        ("2028-02-28 00:00", False, "2028-03-02 00:00"),
        ("2028-02-27 23:59", True, "2028-02-28 00:00"),
    ],
)
def test_days_of_the_month_end_closing(now: str, granted: bool, until: str | None) -> None:
    found = may_write(schedule(CLOSING), here(now))
    assert (found.granted, found.until) == (granted, None if until is None else here(until))


def test_a_period_begins_in_the_middle_of_the_window_and_ends_in_another() -> None:
    stocktaking = Blackout(datetime(2026, 11, 10, 23), datetime(2026, 11, 12), "盘点")
    rules = schedule(stocktaking, window=NIGHTS)
    assert may_write(rules, here("2026-11-10 22:30")).until == here("2026-11-10 23:00")
    refused = may_write(rules, here("2026-11-10 23:00"))
    assert (str(refused.refusal), refused.until) == ("closed for: 盘点", here("2026-11-12 00:00"))


def test_who_closed_every_day_of_every_month_is_told_of_no_other() -> None:
    assert may_write(schedule(MonthlyBlackout(28, 28, "never")), here("2026-11-10 12:00")).until is None


RULES = some.builds(
    RunSchedule,
    at=some.none(),
    timezone=some.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]),
    window=some.none()
    | some.sampled_from([NIGHTS, DailyWindow(time(1, 30), time(2, 30)), DailyWindow(time(0), time(1))]),
    blackouts=some.lists(
        some.sampled_from([CLOSING, Blackout(datetime(2026, 3, 7, 12), datetime(2026, 3, 8, 2, 30), "b")]), max_size=2
    ).map(tuple),
)
MINUTE = timedelta(minutes=1)


@given(
    RULES,
    some.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))
    | some.datetimes(datetime(2026, 3, 7), datetime(2026, 3, 9))
    | some.datetimes(datetime(2026, 10, 31), datetime(2026, 11, 2)),
    some.floats(0, 1),
)
def test_nothing_changes_until_the_moment_that_is_named_and_then_it_does(
    rules: RunSchedule, moment: datetime, part: float
) -> None:
    now = moment.replace(tzinfo=UTC)
    found = may_write(rules, now)
    if found.until is None:
        return
    assert found.until > now
    assert may_write(rules, found.until).granted is not found.granted
    assert may_write(rules, now + (found.until - now) * min(part, 0.999)).granted is found.granted
