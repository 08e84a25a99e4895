"""Which days count, by a rule and the fiscal periods."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.model import Month, Period, Window
from u8sync.domain.windows import WindowRule, window_by

CALENDAR = tuple(
    Period(year, month, Month(year, month).first, Month(year, month).last)
    for year in (2024, 2025, 2026)
    for month in range(1, 13)
)


def year_of(year: int, *firsts: date, until: date) -> tuple[Period, ...]:
    """The periods of a year by their first days."""
    ends = [*(first - timedelta(days=1) for first in firsts[1:]), until]
    return tuple(
        Period(year, number, first, last) for number, (first, last) in enumerate(zip(firsts, ends, strict=True), 1)
    )


def from_26th(year: int) -> tuple[Period, ...]:
    """A fiscal year whose months run from the 26th to the 25th."""
    firsts = [date(year - 1, 12, 26), *(date(year, month, 26) for month in range(1, 12))]
    return year_of(year, *firsts, until=date(year, 12, 25))


APRIL = tuple(
    Period(year, number, Month(year, 3).plus(number).first, Month(year, 3).plus(number).last)
    for year in (2023, 2024, 2025)
    for number in range(1, 13)
)
"""Fiscal years that begin in April."""


def days(window: Window) -> tuple[str, str, str, str]:
    """First and last day of the window, and of the one before."""
    before = window.before
    return str(window.start), str(window.as_of), str(before.start), str(before.as_of)


@pytest.mark.parametrize(
    ("rule", "as_of", "periods", "expected"),
    [
        pytest.param(
            WindowRule(months=12),
            date(2026, 2, 28),
            (),
            ("2025-03-01", "2026-02-28", "2024-03-01", "2025-02-28"),
            id="twelve months",
        ),
        pytest.param(
            WindowRule(months=3),
            date(2026, 11, 15),
            CALENDAR,
            ("2026-08-16", "2026-11-15", "2026-05-16", "2026-08-15"),
            id="three months up to a day of a month",
        ),
        pytest.param(
            WindowRule(months=12, until="last_closed_month"),
            date(2026, 11, 15),
            CALENDAR,
            ("2025-11-01", "2026-10-31", "2024-11-01", "2025-10-31"),
            id="twelve closed months",
        ),
        pytest.param(
            WindowRule(months=12, until="last_closed_month"),
            date(2026, 11, 30),
            CALENDAR,
            ("2025-12-01", "2026-11-30", "2024-12-01", "2025-11-30"),
            id="a month is closed by the end of its last day",
        ),
        pytest.param(
            WindowRule(months=6, until="last_closed_month"),
            date(2026, 11, 15),
            from_26th(2026),
            ("2026-04-26", "2026-10-25", "2025-10-26", "2026-04-25"),
            id="closed periods that are no calendar months",
        ),
        pytest.param(
            WindowRule(fiscal_year="last"),
            date(2026, 11, 15),
            CALENDAR,
            ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31"),
            id="last fiscal year, the calendar year",
        ),
        pytest.param(
            WindowRule(fiscal_year="last"),
            date(2026, 3, 31),
            APRIL,
            ("2024-04-01", "2025-03-31", "2023-04-01", "2024-03-31"),
            id="last fiscal year, on the last day of the present one",
        ),
        pytest.param(
            WindowRule(fiscal_year="current"),
            date(2025, 11, 15),
            APRIL,
            ("2025-04-01", "2025-11-15", "2024-04-01", "2024-11-15"),
            id="this fiscal year so far",
        ),
        pytest.param(
            WindowRule(fiscal_year="current"),
            date(2025, 4, 1),
            APRIL,
            ("2025-04-01", "2025-04-01", "2024-04-01", "2024-04-01"),
            id="the first day of a fiscal year",
        ),
        pytest.param(
            WindowRule(fiscal_year="current", until="last_closed_month"),
            date(2025, 11, 15),
            APRIL,
            ("2025-04-01", "2025-10-31", "2024-04-01", "2024-10-31"),
            id="the closed months of this fiscal year",
        ),
        pytest.param(
            WindowRule(fiscal_year="current", until="last_closed_month"),
            date(2025, 4, 15),
            APRIL,
            ("2024-04-01", "2025-03-31", "2023-04-01", "2024-03-31"),
            id="in the first month, the year of the last closed one",
        ),
        pytest.param(
            WindowRule(fiscal_year="current"),
            date(2024, 2, 29),
            (*CALENDAR, *(Period(2023, m, Month(2023, m).first, Month(2023, m).last) for m in range(1, 13))),
            ("2024-01-01", "2024-02-29", "2023-01-01", "2023-02-28"),
            id="the end of February is compared with the end of February",
        ),
        pytest.param(
            WindowRule(fiscal_year="current"),
            date(2026, 1, 20),
            (*from_26th(2025), *from_26th(2026)),
            ("2025-12-26", "2026-01-20", "2024-12-26", "2025-01-20"),
            id="as many days into the same period",
        ),
    ],
)
def test_a_rule_names_these_days(
    rule: WindowRule, as_of: date, periods: tuple[Period, ...], expected: tuple[str, ...]
) -> None:
    window, notes = window_by(rule, as_of, periods)
    assert days(window) == expected
    assert notes == ()
    assert window.looked_at_on == as_of


def test_floor_and_credit_come_from_the_rule() -> None:
    window, _ = window_by(WindowRule(months=1, floor_days=180, credit_days=0), date(2026, 1, 31), ())
    assert (window.floor_days, window.credit_days, window.due_until) == (180, 0, date(2026, 1, 31))
    assert (window.before.floor_days, window.before.credit_days) == (180, 0)


@pytest.mark.parametrize("rule", [WindowRule(months=3, until="last_closed_month"), WindowRule(fiscal_year="last")])
def test_calendar_months_stand_in_for_periods_that_are_not_known_and_a_note_says_so(rule: WindowRule) -> None:
    known, _ = window_by(rule, date(2026, 11, 15), CALENDAR)
    window, notes = window_by(rule, date(2026, 11, 15), ())
    assert days(window) == days(known)
    assert [str(note) for note in notes] == [
        "The fiscal periods of U8 cannot be read: calendar months and years are taken."
    ]


@pytest.mark.parametrize(
    "periods",
    [
        pytest.param(APRIL, id="years that are over"),
        pytest.param(CALENDAR[:22] + CALENDAR[23:34] + CALENDAR[35:], id="a gap in the year"),
        pytest.param((*CALENDAR[24:], Period(2026, 13, date(2026, 12, 1), date(2026, 12, 31))), id="an overlap"),
        pytest.param((Period(2026, 1, date(2026, 12, 31), date(2026, 1, 1)),), id="back to front"),
    ],
)
def test_periods_that_cannot_be_used_are_told(periods: tuple[Period, ...]) -> None:
    window, notes = window_by(WindowRule(fiscal_year="current"), date(2026, 11, 15), periods)
    assert days(window) == ("2026-01-01", "2026-11-15", "2025-01-01", "2025-11-15")
    assert [str(note) for note in notes] == [
        "The fiscal periods of U8 do not cover 2026-11-15: calendar months and years are taken."
    ]


def test_a_year_without_periods_is_made_from_the_next_one_and_told() -> None:
    window, notes = window_by(WindowRule(fiscal_year="last"), date(2023, 5, 1), APRIL[:12])
    assert days(window) == ("2022-04-01", "2023-03-31", "2021-04-01", "2022-03-31")
    assert [str(note) for note in notes] == [
        "U8 has no fiscal periods for 2022: those of 2023, a year earlier, stand in.",
        "U8 has no fiscal periods for 2021: those of 2022, a year earlier, stand in.",
    ]


def test_a_year_that_does_not_meet_the_next_one_is_made_too() -> None:
    early = year_of(2025, date(2025, 1, 1), until=date(2025, 11, 30))
    window, notes = window_by(WindowRule(fiscal_year="last"), date(2026, 6, 1), (*early, *from_26th(2026)))
    assert (window.start, window.as_of) == (date(2024, 12, 26), date(2025, 12, 25))
    assert len(notes) == 2


def test_calendar_years_are_made_without_a_word() -> None:
    window, notes = window_by(WindowRule(fiscal_year="last"), date(2026, 6, 1), CALENDAR[24:])
    assert days(window) == ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31")
    assert notes == ()


def test_a_window_that_ends_earlier_remembers_the_day_that_was_asked_for() -> None:
    window, _ = window_by(WindowRule(fiscal_year="last"), date(2026, 11, 15), CALENDAR)
    assert (window.as_of, window.looked_at_on) == (date(2025, 12, 31), date(2026, 11, 15))


@pytest.mark.parametrize("wrong", [{}, {"months": 12, "fiscal_year": "last"}])
def test_a_window_of_both_or_of_neither_cannot_be_made(wrong: Any) -> None:
    with pytest.raises(ValueError, match="of months or of a fiscal year"):
        WindowRule(**wrong)


# --- the window before ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), ("2024-01-01", "2024-12-31")),
        (date(2024, 1, 1), date(2024, 2, 29), ("2023-11-01", "2023-12-31")),
        (date(2025, 3, 1), date(2025, 3, 31), ("2025-02-01", "2025-02-28")),
        (date(2025, 3, 16), date(2025, 4, 15), ("2025-02-16", "2025-03-15")),
        (date(2025, 3, 1), date(2025, 3, 30), ("2025-01-30", "2025-02-28")),
        (date(2025, 3, 5), date(2025, 3, 5), ("2025-03-04", "2025-03-04")),
    ],
    ids=["a year", "two months", "a month", "the 16th to the 15th", "thirty days", "a day"],
)
def test_whole_months_are_compared_with_as_many_months_and_other_windows_with_as_many_days(
    start: date, end: date, expected: tuple[str, str]
) -> None:
    before = Window(start, end).before
    assert (str(before.start), str(before.as_of)) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"earlier": (date(2025, 1, 1), date(2025, 3, 1))},
        {"earlier": (date(2025, 2, 2), date(2025, 2, 1))},
        {"asked_on": date(2025, 3, 30)},
    ],
    ids=["overlap", "back to front", "asked for before its end"],
)
def test_a_window_that_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(date(2025, 3, 1), date(2025, 3, 31), **wrong)


# --- laws -------------------------------------------------------------------------------------------------------------

DAYS = st.dates(date(1995, 1, 1), date(2060, 12, 31))
RULES = st.one_of(
    st.builds(WindowRule, months=st.integers(1, 60), until=st.sampled_from(["as_of", "last_closed_month"])),
    st.builds(
        WindowRule,
        fiscal_year=st.sampled_from(["current", "last"]),
        until=st.sampled_from(["as_of", "last_closed_month"]),
    ),
)


@st.composite
def fiscal_years(draw: st.DrawFn) -> tuple[Period, ...]:
    """Some years one after another, each cut into 12 periods somewhere, in any order, and now and then one missing."""
    first = draw(DAYS)
    periods = []
    for year in range(first.year, first.year + draw(st.integers(1, 4))):
        cuts = sorted(draw(st.sets(st.integers(1, 364), min_size=11, max_size=11)))
        starts = [first + timedelta(days=cut) for cut in (0, *cuts)]
        first += timedelta(days=draw(st.sampled_from([365, 366])))
        periods += year_of(year, *starts, until=first - timedelta(days=1))
    if draw(st.booleans()):
        periods.remove(draw(st.sampled_from(periods)))
    return tuple(draw(st.permutations(periods)))


@given(rule=RULES, as_of=DAYS, periods=st.just(()) | fiscal_years())
def test_no_day_after_the_one_asked_for_counts_and_the_window_before_ends_before_it(
    rule: WindowRule, as_of: date, periods: tuple[Period, ...]
) -> None:
    window, _ = window_by(rule, as_of, periods)
    assert window.start <= window.as_of <= as_of == window.looked_at_on
    assert window.before.start <= window.before.as_of < window.start


@given(data=st.data(), rule=RULES, periods=fiscal_years())
def test_what_is_known_of_the_periods_is_kept_to(data: st.DataObject, rule: WindowRule, periods: Any) -> None:
    as_of = data.draw(st.sampled_from(periods)).first + timedelta(days=data.draw(st.integers(0, 30)))
    window, notes = window_by(rule, as_of, periods)
    if rule.needs_periods and not notes and rule.until == "last_closed_month":
        assert window.as_of in {period.last for period in periods}
    if rule.fiscal_year is not None and not notes:
        assert window.start in {period.first for period in periods if period.number == 1}


@given(rule=RULES, as_of=DAYS, periods=fiscal_years(), data=st.data())
def test_the_order_of_the_periods_means_nothing(
    rule: WindowRule, as_of: date, periods: tuple[Period, ...], data: st.DataObject
) -> None:
    other = tuple(data.draw(st.permutations(periods)))
    assert window_by(rule, as_of, periods) == window_by(rule, as_of, other)


@given(as_of=DAYS, fiscal_year=st.sampled_from(["current", "last"]))
def test_a_later_day_never_begins_an_earlier_window(as_of: date, fiscal_year: Any) -> None:
    rule = WindowRule(fiscal_year=fiscal_year)
    starts = [window_by(rule, as_of + timedelta(days=step), ())[0].start for step in (0, 1, 31, 365)]
    assert all(one <= two for one, two in pairwise(starts))
