"""Windows, months, blanks and the identity of an account set."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from u8sync.domain.model import MONEY, AccountSet, Month, Window, amount, bare, same

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))


@pytest.mark.parametrize(
    ("as_of", "months", "start", "days", "complete"),
    [
        pytest.param("2025-12-31", 12, "2025-01-01", 365, 12, id="a calendar year"),
        pytest.param("2024-12-31", 12, "2024-01-01", 366, 12, id="a leap year"),
        pytest.param("2026-02-28", 12, "2025-03-01", 365, 12, id="end of February"),
        pytest.param("2024-02-29", 12, "2023-03-01", 366, 12, id="end of February in a leap year"),
        pytest.param("2024-02-28", 12, "2023-02-28", 366, 11, id="a year back to a day that February lacks"),
        pytest.param("2025-02-28", 1, "2025-02-01", 28, 1, id="one short month"),
        pytest.param("2026-03-31", 1, "2026-03-01", 31, 1, id="one long month"),
        pytest.param("2026-03-30", 1, "2026-02-28", 31, 0, id="a month back to a day that February lacks"),
        pytest.param("2026-07-14", 3, "2026-04-15", 91, 2, id="the middle of a month"),
        pytest.param("2026-07-01", 1, "2026-06-02", 30, 0, id="the first of a month"),
        pytest.param("2025-12-31", 24, "2024-01-01", 731, 24, id="two years"),
    ],
)
def test_a_window_ends_on_its_day_and_reaches_whole_months_back(
    as_of: str, months: int, start: str, days: int, complete: int
) -> None:
    window = Window.ending(date.fromisoformat(as_of), months=months)
    assert window.start == date.fromisoformat(start)
    assert window.days == days
    assert len(window.complete_months()) == complete


def test_the_complete_months_are_named_in_order() -> None:
    window = Window(date(2024, 11, 2), date(2025, 2, 27))
    assert [str(month) for month in window.complete_months()] == ["2024-12", "2025-01"]


def test_a_window_of_no_months_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="starts 2026-01-01 after it ends 2025-12-31"):
        Window.ending(date(2025, 12, 31), months=0)


def test_a_window_of_one_day_is_a_window() -> None:
    window = Window(date(2025, 5, 5), date(2025, 5, 5))
    assert (window.days, window.after, window.complete_months()) == (1, date(2025, 5, 6), ())


@given(day=DAYS, months=st.integers(1, 60))
def test_a_window_of_m_months_has_m_complete_ones_at_a_month_end_and_else_one_less(day: date, months: int) -> None:
    at_end = Month.of(day).last
    window = Window.ending(at_end, months=months)
    assert window.start.day == 1
    assert len(window.complete_months()) == months
    if day != at_end:
        assert len(Window.ending(day, months=months).complete_months()) == months - 1


@given(day=DAYS, months=st.integers(1, 60))
def test_the_days_of_a_window_are_counted_with_both_ends(day: date, months: int) -> None:
    window = Window.ending(day, months=months)
    assert window.start + timedelta(days=window.days - 1) == window.as_of == day
    assert all(window.start <= month.first <= month.last <= window.as_of for month in window.complete_months())


@given(day=DAYS, first=st.integers(1, 30), second=st.integers(1, 30))
def test_windows_that_end_with_a_month_follow_each_other_without_a_gap(day: date, first: int, second: int) -> None:
    later = Window.ending(Month.of(day).last, months=first)
    earlier = Window.ending(later.start - timedelta(days=1), months=second)
    assert earlier.start == Window.ending(later.as_of, months=first + second).start


@given(year=st.integers(1950, 2100), month=st.integers(1, 12), shift=st.integers(-500, 500))
def test_months_go_forth_and_back(year: int, month: int, shift: int) -> None:
    here = Month(year, month)
    there = here.plus(shift)
    assert there.plus(-shift) == here
    assert (there > here) == (shift > 0)
    assert 1 <= there.month <= 12
    assert here.last == date(year, month, monthrange(year, month)[1])
    assert here.plus(1).first == here.last + timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        pytest.param(None, "", True, id="NULL and the empty text"),
        pytest.param(None, "   ", True, id="NULL and blanks"),
        pytest.param("", "\u3000 ", True, id="the empty text and full-width blanks"),
        pytest.param("VIP", "VIP  ", True, id="trailing blanks"),
        pytest.param("VIP", "VIP\u3000", True, id="a trailing full-width blank"),
        pytest.param("VIP", " VIP", False, id="a leading blank"),
        pytest.param("VIP", "vip", False, id="another case"),
        pytest.param("7", "007", False, id="codes with leading zeros"),
        pytest.param(None, "0", False, id="NULL and zero"),
    ],
)
def test_two_raw_values_mean_the_same_to_u8(left: str | None, right: str | None, equal: bool) -> None:  # noqa: FBT001
    assert same(left, right) is equal
    assert same(right, left) is equal


@given(value=st.none() | st.text(" \u3000aV重", max_size=6))
def test_the_bare_value_is_bare_already(value: str | None) -> None:
    assert bare(bare(value)) == bare(value)
    assert same(value, bare(value))


ACCOUNTS = AccountSet("sqlserver", "erp01", "UFDATA_999_2026", "999", "演示账套", "L1")


@pytest.mark.parametrize("part", ["backend", "server", "database", "code", "lineage"])
def test_another_machine_database_code_or_lineage_is_another_account_set(part: str) -> None:
    other = replace(ACCOUNTS, **{part: "other"})
    assert other.key != ACCOUNTS.key
    assert other.folder != ACCOUNTS.folder


def test_the_name_of_an_account_set_is_no_part_of_its_identity() -> None:
    renamed = replace(ACCOUNTS, name="another name")
    assert (renamed.key, renamed.folder) == (ACCOUNTS.key, ACCOUNTS.folder)


@given(database=st.text(max_size=200), server=st.text(max_size=20))
def test_the_folder_of_an_account_set_is_safe_on_every_file_system(database: str, server: str) -> None:
    folder = replace(ACCOUNTS, database=database, server=server).folder
    assert len(folder) <= 64
    assert folder.isascii()
    assert folder.replace("-", "").replace("_", "").isalnum()


@example(Decimal("1E+2"))
@example(Decimal("-0.0001"))
@given(st.decimals(min_value=-(10**14), max_value=10**14, places=4))
def test_an_amount_in_a_frame_is_exactly_the_number(value: Decimal) -> None:
    found = pl.select(amount(value)).to_series()
    assert found.dtype == MONEY
    assert found.item() == value
