"""Starts that were meant, and those that no run answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from u8sync.domain.run_schedule import RunSchedule
from u8sync.scheduling.due import LOOK_BACK, due_start, next_starts, starts, timeliness

NIGHTLY = RunSchedule(at="0 2 * * *", timezone="Asia/Shanghai")
DAY = timedelta(days=1)


def always(_day: date) -> bool:
    return True


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(moments: Any, zone: str) -> list[str]:
    return [f"{moment.astimezone(ZoneInfo(zone)):%d %H:%M %z}" for moment in moments]


def test_a_start_is_meant_at_its_local_time() -> None:
    found = starts(NIGHTLY, always, utc("2026-11-01 00:00"), utc("2026-11-03 00:00"))
    assert list(found) == [utc("2026-11-01 18:00"), utc("2026-11-02 18:00")]


def test_the_beginning_is_left_out_and_the_end_is_not() -> None:
    found = starts(NIGHTLY, always, utc("2026-11-01 18:00"), utc("2026-11-02 18:00"))
    assert list(found) == [utc("2026-11-02 18:00")]


@pytest.mark.parametrize(
    ("at", "zone", "after", "until", "expected"),
    [
        pytest.param(
            "30 2 * * *", "America/New_York", "2026-03-07 12:00", "2026-03-09 12:00",
            ["08 03:00 -0400", "09 02:30 -0400"], id="a time that spring passes over counts when the clock is moved",
        ),
        pytest.param(
            "0 2,3 * * *", "America/New_York", "2026-03-08 00:00", "2026-03-09 00:00",
            ["08 03:00 -0400"], id="two that fall on the same moment count once",
        ),
        pytest.param(
            "30 1 * * *", "America/New_York", "2026-10-31 12:00", "2026-11-02 12:00",
            ["01 01:30 -0400", "02 01:30 -0500"], id="a time that autumn shows twice counts once",
        ),
        pytest.param(
            "*/30 1 * * *", "America/New_York", "2026-11-01 00:00", "2026-11-02 00:00",
            ["01 01:00 -0400", "01 01:30 -0400"], id="whatever the form of the expression",
        ),
        pytest.param(
            "30 2 * * *", "Asia/Shanghai", "1988-04-16 12:00", "1988-04-18 12:00",
            ["17 03:00 +0900", "18 02:30 +0900"], id="Shanghai had summer time",
        ),
        pytest.param(
            "0 2 30 12 *", "Pacific/Apia", "2011-12-28 00:00", "2012-01-02 00:00",
            ["31 00:00 +1400"], id="a day that a country left out",
        ),
        pytest.param(
            "0 2 29 2 *", "UTC", "2026-01-01 00:00", "2029-01-01 00:00", ["29 02:00 +0000"], id="a leap day",
        ),
    ],
)  # fmt: skip
def test_each_local_start_comes_once_also_when_clocks_are_moved(
    at: str, zone: str, after: str, until: str, expected: list[str]
) -> None:
    found = starts(RunSchedule(at=at, timezone=zone), always, utc(after), utc(until))
    assert shown(found, zone) == expected


@given(
    some.sampled_from(["30 2 * * *", "0,30 0-3 * * *", "15 */6 * * *", "0 2 * * 1-5", "59 23 L * *", "0 1 * * 0"]),
    some.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC", "Africa/Casablanca"]),
    some.datetimes(datetime(1985, 1, 1), datetime(2030, 1, 1)),
    some.integers(0, 40 * 24 * 60),
    some.integers(0, 40 * 24 * 60),
)
def test_a_stretch_of_time_has_the_starts_of_its_parts(
    at: str, zone: str, began: datetime, first: int, second: int
) -> None:
    schedule = RunSchedule(at=at, timezone=zone)
    a = began.replace(tzinfo=UTC)
    b, c = a + timedelta(minutes=first), a + timedelta(minutes=first + second)
    whole = list(starts(schedule, always, a, c))
    assert whole == [*starts(schedule, always, a, b), *starts(schedule, always, b, c)]
    assert whole == sorted(set(whole))


@given(
    some.datetimes(datetime(1986, 1, 1), datetime(2030, 1, 1)), some.sampled_from(["America/New_York", "Asia/Shanghai"])
)
def test_every_local_day_has_one_nightly_start(day: datetime, zone: str) -> None:
    where = ZoneInfo(zone)
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=where)
    before = midnight.astimezone(UTC) - timedelta(seconds=1)
    following = (midnight + DAY).astimezone(UTC) - timedelta(seconds=1)
    schedule = RunSchedule(at="30 2 * * *", timezone=zone)
    assert len(list(starts(schedule, always, before, following))) == 1


def test_days_that_do_not_count_have_no_starts() -> None:
    found = starts(NIGHTLY, lambda day: day.day != 3, utc("2026-11-01 19:00"), utc("2026-11-04 00:00"))
    assert list(found) == [utc("2026-11-03 18:00")]


def test_the_next_starts_end_where_there_are_no_more() -> None:
    only = RunSchedule(at="0 2 29 2 *", timezone="UTC")
    assert next_starts(only, always, utc("2027-01-01 00:00"), 5) == (utc("2028-02-29 02:00"),)
    assert next_starts(RunSchedule(at=None, timezone="UTC"), always, utc("2027-01-01 00:00"), 5) == ()


def test_when_every_run_came_nothing_is_missed(run_at: Any) -> None:
    history = [run_at("2026-11-01 18:00"), run_at("2026-11-02 18:01")]
    found = timeliness(NIGHTLY, always, history, utc("2026-11-03 01:00"))
    assert found.missed == ()
    assert (found.last_due, found.next_due) == (utc("2026-11-02 18:00"), utc("2026-11-03 18:00"))
    assert found.late_by is None


def test_a_night_without_a_run_is_missed_and_the_last_one_only_once_it_is_overdue(run_at: Any) -> None:
    history = [run_at("2026-11-01 18:00")]
    assert timeliness(NIGHTLY, always, history, utc("2026-11-02 19:00")).missed == ()
    assert timeliness(NIGHTLY, always, history, utc("2026-11-02 19:01")).missed == (utc("2026-11-02 18:00"),)
    assert timeliness(NIGHTLY, always, history, utc("2026-11-03 18:30")).missed == (utc("2026-11-02 18:00"),)


@pytest.mark.parametrize(("code", "answers"), [(0, 1), (2, 1), (4, 1), (69, 1), (78, 1), (65, 1), (3, 0), (75, 0)])
def test_what_a_run_came_to_says_whether_it_answered(run_at: Any, code: int, answers: int) -> None:
    history = [run_at("2026-11-01 18:00"), run_at("2026-11-02 18:00", exit_code=code)]
    assert len(timeliness(NIGHTLY, always, history, utc("2026-11-03 08:00")).missed) == 1 - answers


def test_a_run_that_never_said_how_it_ended_answers_only_while_it_is_at_work(run_at: Any) -> None:
    died = run_at("2026-11-02 18:00", state="running", exit_code=None)
    history, now = [run_at("2026-11-01 18:00"), died], utc("2026-11-02 20:00")
    assert timeliness(NIGHTLY, always, history, now).missed == (utc("2026-11-02 18:00"),)
    assert timeliness(NIGHTLY, always, history, now, at_work={died.run_id}).missed == ()


def test_a_run_by_hand_in_the_night_answers_and_an_applied_plan_does_not(run_at: Any) -> None:
    first, now = run_at("2026-11-01 18:00"), utc("2026-11-03 08:00")
    assert timeliness(NIGHTLY, always, [first, run_at("2026-11-02 21:00")], now).missed == ()
    assert timeliness(NIGHTLY, always, [first, run_at("2026-11-02 21:00", command="apply")], now).missed != ()


def test_a_run_that_caught_up_answers_the_start_that_it_names_and_is_late(run_at: Any) -> None:
    history = [run_at("2026-11-01 18:00"), run_at("2026-11-03 00:30", scheduled_for=utc("2026-11-02 18:00"))]
    found = timeliness(NIGHTLY, always, history, utc("2026-11-03 08:00"))
    assert (found.missed, found.late_by) == ((), timedelta(hours=6, minutes=30))


def test_an_entry_from_the_future_hides_no_missed_night_and_is_told(run_at: Any) -> None:
    ahead = run_at("2027-01-01 00:00", scheduled_for=utc("2026-11-02 18:00"))
    found = timeliness(NIGHTLY, always, [run_at("2026-11-01 18:00"), ahead], utc("2026-11-03 08:00"))
    assert (found.missed, found.ahead) == ((utc("2026-11-02 18:00"),), (ahead.run_id,))


def test_before_anything_is_known_nothing_was_missed_and_the_set_up_is_known() -> None:
    now = utc("2026-11-03 08:00")
    assert timeliness(NIGHTLY, always, [], now).missed == ()
    assert timeliness(NIGHTLY, always, [], now, since=utc("2026-11-02 00:00")).missed == (utc("2026-11-02 18:00"),)


def test_a_machine_that_stood_still_for_years_is_told_the_last_month(run_at: Any) -> None:
    found = timeliness(NIGHTLY, always, [run_at("1990-01-01 00:00")], utc("2026-11-03 08:00"))
    assert len(found.missed) == LOOK_BACK.days


def test_the_start_that_is_due_is_the_last_one_or_one_that_comes_in_a_moment(run_at: Any) -> None:
    history = [run_at("2026-11-01 18:00")]
    assert due_start(NIGHTLY, always, history, utc("2026-11-01 18:30"), set()).answered_by == history[0]
    early = due_start(NIGHTLY, always, history, utc("2026-11-02 17:59"), set())
    assert (early.start, early.answered_by) == (utc("2026-11-02 18:00"), None)
    assert due_start(NIGHTLY, always, history, utc("2026-11-03 08:00"), set()).answered_by is None


@given(some.lists(some.integers(0, 30 * 24 * 60), max_size=40), some.integers(0, 30 * 24 * 60))
def test_one_more_run_never_makes_more_starts_missed(minutes: list[int], extra: int) -> None:
    from schedule_world import entry

    began = utc("2026-10-01 00:00")
    now = began + 31 * DAY
    first = entry(began)
    some_runs = sorted((entry(began + timedelta(minutes=each)) for each in minutes), key=lambda one: one.started_at)
    more = sorted([*some_runs, entry(began + timedelta(minutes=extra))], key=lambda one: one.started_at)
    missed = set(timeliness(NIGHTLY, always, [first, *some_runs], now).missed)
    assert set(timeliness(NIGHTLY, always, [first, *more], now).missed) <= missed


def test_a_start_before_the_schedule_was_set_up_is_nobodys_to_make_up_for(run_at: Any) -> None:
    now, set_up = utc("2026-11-03 08:00"), utc("2026-11-03 07:00")
    assert due_start(NIGHTLY, always, [], now, set(), since=set_up).start is None
    history = [run_at("2026-11-01 18:00")]
    assert timeliness(NIGHTLY, always, history, now, since=set_up).missed == ()


def test_runs_of_an_earlier_schedule_answer_the_starts_of_this_one(run_at: Any) -> None:
    nights = [f"2026-10-{day} 18:00" for day in range(10, 31)]
    history = [run_at(night, scheduled_for=utc(night)) for night in nights]
    moved = RunSchedule(at="0 3 * * *", timezone="Asia/Shanghai")
    assert timeliness(moved, always, history, utc("2026-10-30 19:30")).missed == ()
