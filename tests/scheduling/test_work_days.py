"""Which days count: China's calendar, its unknown years, and the exceptions of a configuration."""

from __future__ import annotations

import sys
from datetime import date

import pytest

from u8sync.domain.run_schedule import RunSchedule
from u8sync.errors import InputError
from u8sync.scheduling.work_days import work_days_of

CHINA = RunSchedule(at="0 2 * * *", timezone="Asia/Shanghai", work_days="china")


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        pytest.param(date(2026, 10, 1), False, id="national day, a Thursday"),
        pytest.param(date(2026, 10, 10), True, id="a Saturday that makes up for it"),
        pytest.param(date(2026, 11, 28), False, id="a Saturday"),
        pytest.param(date(2026, 11, 27), True, id="a Friday"),
    ],
)
def test_holidays_and_made_up_weekends(day: date, counts: bool) -> None:
    found = work_days_of(CHINA)(day)
    assert (found.counts, found.doubt) == (counts, None)
    assert (found.why is None) is counts


@pytest.mark.parametrize(
    ("day", "counts"), [(date(2090, 10, 6), True), (date(2090, 10, 7), False), (date(1999, 1, 1), True)]
)
def test_in_a_year_that_is_not_known_monday_to_friday_stand_in_and_it_is_said(day: date, counts: bool) -> None:
    found = work_days_of(CHINA)(day)
    assert found.counts is counts
    assert f"the holidays of {day.year} are not known yet" in str(found.doubt)


def test_without_the_calendar_the_night_goes_on_and_setting_up_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    found = work_days_of(CHINA)(date(2026, 10, 1))
    assert found.counts
    assert "is not installed" in str(found.doubt)
    with pytest.raises(InputError) as error:
        work_days_of(CHINA, strict=True)
    assert 'pip install "u8sync[calendar]"' in str(error.value.hint)


def test_the_configuration_knows_better_than_any_calendar() -> None:
    holiday, friday = date(2026, 10, 1), date(2026, 11, 27)
    days = work_days_of(
        RunSchedule(None, "Asia/Shanghai", "china", also=frozenset({holiday}), skipped=frozenset({friday}))
    )
    assert days(holiday).counts
    assert not days(friday).counts
    assert str(days(friday).why) == "2026-11-27 stands in 'except'"


def test_all_days_count_unless_something_is_said() -> None:
    assert work_days_of(RunSchedule(None, "UTC"))(date(2026, 10, 1)).counts
