"""Counting what stands in a column, as a mapping would read it."""

from __future__ import annotations

from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.operators.words import BLANKS
from u8sync.domain.survey import Count, Use, count_parts, count_values


def raw(*values: str | None) -> pl.DataFrame:
    codes = [str(number) for number in range(len(values))]
    return pl.DataFrame({"code": codes, "x": list(values)}, schema={"code": pl.String, "x": pl.String})


def test_blanks_are_no_value_and_do_not_tell_values_apart() -> None:
    assert count_values(raw("01", " 01", "01\u3000", "", "  ", None), "x", most=5) == Count(3, 1, (Use("01", 3),))


def test_codes_are_not_numbers() -> None:
    assert {use.value for use in count_values(raw("7", "07", "007", "7.0"), "x", most=5).uses} == {
        "7",
        "07",
        "007",
        "7.0",
    }


def test_the_most_frequent_values_come_first_and_equals_by_value() -> None:
    count = count_values(raw("b", "a", "c", "c", "b", "a", "z"), "x", most=3)
    assert count.uses == (Use("a", 2), Use("b", 2), Use("c", 2))
    assert (count.customers, count.distinct, count.complete) == (7, 4, False)
    assert count_values(raw("b", "a"), "x", most=2).complete


def test_nobody_has_nothing() -> None:
    assert count_values(raw(), "x", most=5) == Count(0, 0, ())
    assert count_parts(raw(None, " , "), "x", most=5) == Count(0, 0, ())


def test_parts_are_counted_once_a_customer() -> None:
    count = count_parts(raw("供应商，分销商", "分销商; 分销商", None, "终端"), "x", most=5)
    assert count == Count(3, 3, (Use("分销商", 2), Use("供应商", 1), Use("终端", 1)))


@given(values=st.lists(st.none() | st.text(max_size=4)), most=st.integers(1, 4))
def test_every_value_is_counted(values: list[str | None], most: int) -> None:
    wanted = Counter(value.strip(BLANKS) for value in values if value is not None and value.strip(BLANKS))
    count = count_values(raw(*values), "x", most=most)
    assert (count.customers, count.distinct) == (wanted.total(), len(wanted))
    assert all(wanted[use.value] == use.customers for use in count.uses)
    assert len(count.uses) == min(most, len(wanted))
    left_out = wanted.keys() - {use.value for use in count.uses}
    assert all(wanted[value] <= count.uses[-1].customers for value in left_out)
