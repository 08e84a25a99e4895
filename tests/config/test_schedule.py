"""The section ``schedule:`` of the configuration."""

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import pytest

from u8sync.config.settings import load_settings
from u8sync.domain.run_schedule import Blackout, DailyWindow, MonthlyBlackout, RunSchedule

Expect = Callable[..., None]
HEAD = "version: 1\naccount_set: {backend: sqlite}\nmapping: m.yaml\npolicy: t.yaml\n"


def loaded(tmp_path: Path, section: str) -> RunSchedule | None:
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + section, encoding="utf-8")
    return load_settings(path).schedule


def test_without_the_section_no_schedule_is_known(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") is None


def test_the_example_holds_when_its_marks_are_taken_away(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "config.example.yaml"
    text = example.read_text(encoding="utf-8")
    section = text[text.index("# schedule:") :].replace("\n# ", "\n").removeprefix("# ")
    assert loaded(tmp_path, section) == RunSchedule(
        at="0 2 * * *",
        timezone="Asia/Shanghai",
        window=DailyWindow(time(22), time(6)),
        blackouts=(
            MonthlyBlackout(first_days=1, last_days=2, reason="月结"),
            Blackout(datetime(2026, 12, 30), datetime(2027, 1, 3), "年结"),
        ),
    )


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ('"02:00"', "0 2 * * *"),
        ("02:05", "5 2 * * *"),
        ("23:45", "45 23 * * *"),
        ('"30 1 * * 1-5"', "30 1 * * 1-5"),
        ('"0  2 L * *"', "0 2 L * *"),
    ],
)
def test_a_time_of_day_is_a_cron_expression_too(tmp_path: Path, at: str, expected: str) -> None:
    schedule = loaded(tmp_path, f"schedule: {{at: {at}}}\n")
    assert schedule is not None
    assert schedule.at == expected


def test_days_are_dates_and_a_blackout_may_have_times(tmp_path: Path) -> None:
    schedule = loaded(
        tmp_path,
        'timezone: UTC\nschedule:\n  also: [2026-10-10]\n  except: ["2026-12-31"]\n  work_days: china\n'
        '  blackout:\n    - {from: "2026-12-30 18:00", to: "2026-12-31 06:30", reason: x}\n',
    )
    assert schedule is not None
    assert (schedule.timezone, schedule.work_days) == ("UTC", "china")
    assert (schedule.also, schedule.skipped) == ({date(2026, 10, 10)}, {date(2026, 12, 31)})
    assert schedule.blackouts == (Blackout(datetime(2026, 12, 30, 18), datetime(2026, 12, 31, 6, 30), "x"),)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("  at: ▲tonight\n", "'tonight' is neither a time of day nor a cron expression"),
        ('  at: ▲"25:00"\n', "'25:00' is neither a time of day nor a cron expression"),
        ('  at: ▲"0 25 * * *"\n', "'0 25 * * *' is no cron expression: Bad hour"),
        ('  at: ▲"0 2 30 2 *"\n', "'0 2 30 2 *' is no cron expression: Bad day-of-month"),
        ('  at: ▲"0 2 * * MON#5,9"\n', "'0 2 * * MON#5,9' is no cron expression: Bad day-of-week"),
        ('  at: ▲"*/5 * * * *"\n', "'*/5 * * * *' means 288 starts a day, 24 at most are allowed"),
        ("  window: ▲{from: '06:00', to: '06:00'}\n", "this window has no length: it begins and ends at 06:00"),
        ("  window: {from: ▲'6', to: '07:00'}\n", 'expected a time of day between "00:00" and "23:59"'),
        (
            "  blackout:\n    - ▲{from: 2026-12-31, to: 2026-12-30, reason: x}\n",
            "this blackout ends before it begins: 2026-12-31 to 2026-12-30",
        ),
        (
            "  blackout:\n    - ▲{from: 2026-12-31, reason: x}\n",
            "a blackout has 'from' and 'to', or 'first_days' and 'last_days' of every month",
        ),
        (
            "  blackout:\n    - ▲{from: 2026-12-31, to: 2027-01-01, last_days: 1, reason: x}\n",
            "a blackout has 'from' and 'to', or 'first_days' and 'last_days' of every month",
        ),
        ("  blackout:\n    - {from: ▲2026-02-30, to: 2026-03-01, reason: x}\n", "there is no such day: 2026-02-30"),
        ("  ▲also: [2026-12-31]\n  except: [2026-12-31]\n", "2026-12-31 stands in both 'also' and 'except'"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(expect: Expect, section: str, message: str) -> None:
    expect(f"{HEAD}schedule:\n{section}", load_settings, message)
