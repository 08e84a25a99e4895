"""Value tables by prefix and by pattern, width and order: compared with the plain way to say it in Python."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.conditions import Condition, all_hold
from u8sync.domain.operators import OPERATORS, Operator
from u8sync.domain.operators.lookup import Lookup, line_of
from u8sync.domain.patterns import MAX_LENGTH, MAX_REPEATS, what_is_wrong_with
from u8sync.domain.tables import Match, TableEntry, ValueTable
from u8sync.text import Place

PLACE = Place("m.yaml", 1, 1)


def table(entries: dict[str, str], match: Match, **more: Any) -> ValueTable:
    lines = tuple(TableEntry(raw, meaning, PLACE) for raw, meaning in entries.items())
    return replace(ValueTable("t", lines, "issue", PLACE, match=match), **more)


def read(operator: Operator, *values: Any, dtype: Any = pl.String) -> list[Any]:
    frame = pl.DataFrame({"v": list(values)}, schema={"v": dtype})
    return frame.select(operator.read(pl.col("v")).alias("v"))["v"].to_list()


CODES = st.text("019ab甲", max_size=5)


@given(entries=st.dictionaries(st.text("019ab甲", min_size=1, max_size=4), st.sampled_from("xyz"), min_size=1),
       values=st.lists(st.none() | CODES, max_size=8))  # fmt: skip
def test_of_a_table_of_prefixes_the_longest_that_begins_the_value_counts(
    entries: dict[str, str], values: list[str | None]
) -> None:
    def expected(value: str | None) -> str | None:
        fitting = [raw for raw in entries if value is not None and value.startswith(raw)]
        return entries[max(fitting, key=len)] if fitting else None

    assert read(Lookup(table(entries, "prefix"), many=False), *values) == [expected(value) for value in values]


PATTERNS = st.lists(
    st.sampled_from(["0.*", "[0-9]+", "a|b", "甲{2}", ".", ".*甲", "(?i)AB?", r"\d{2,3}", "^0", "1$"]),
    min_size=1, max_size=4, unique=True,
)  # fmt: skip


@given(patterns=PATTERNS, values=st.lists(st.none() | CODES, max_size=8))
def test_of_a_table_of_patterns_the_first_that_covers_the_whole_value_counts(
    patterns: list[str], values: list[str | None]
) -> None:
    def expected(value: str | None) -> str | None:
        return next((p for p in patterns if value is not None and re.fullmatch(p, value)), None)

    entries = {pattern: pattern for pattern in patterns}
    assert read(Lookup(table(entries, "pattern"), many=False), *values) == [expected(value) for value in values]


@pytest.mark.parametrize("match", ["exact", "prefix", "pattern"])
@given(entries=st.dictionaries(st.text("01甲", min_size=1, max_size=3), st.sampled_from("xyz"), min_size=1),
       values=st.lists(st.text("01甲", max_size=4), min_size=1, max_size=6))  # fmt: skip
def test_the_line_that_decides_gives_the_meaning(match: Match, entries: dict[str, str], values: list[str]) -> None:
    lines = table(entries, match)
    frame = pl.DataFrame({"v": values})
    found = frame.select(line_of(lines, pl.col("v")).alias("line"))["line"].to_list()
    meant = [None if line is None else lines.entries[line].canonical for line in found]
    assert meant == read(Lookup(lines, many=False), *values)


@given(values=st.lists(st.text(max_size=6), max_size=5))
def test_half_width_is_what_unicode_calls_the_twin_and_leaves_the_rest(values: list[str]) -> None:
    operator = OPERATORS["half_width"].make(None, "text")

    def narrowed(character: str) -> str:
        twin = unicodedata.normalize("NFKC", character)
        return twin if "\uff01" <= character <= "\uff5e" or character == "\u3000" else character

    once = read(operator, *values)
    assert once == ["".join(map(narrowed, value)) for value in values]
    assert read(operator, *once) == once


@given(
    values=st.lists(st.lists(st.text("ab甲0", min_size=1, max_size=2), min_size=1, max_size=5), min_size=1, max_size=4)
)
def test_a_sorted_list_is_written_in_its_order_and_read_as_itself(values: list[list[str]]) -> None:
    operator = OPERATORS["sort"].make(None, "list")
    assert read(operator, *values, dtype=pl.List(pl.String)) == [sorted(value) for value in values]
    for value in values:
        written = operator.write(tuple(value))
        assert read(operator, list(written), dtype=pl.List(pl.String)) == [list(written)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "more", "spellings"),
    [
        ({"01": "x", "02": "x", "03": "y"}, {}, {"x": "01", "y": "03"}),
        ({"01": "x", "02": "x", "03": "y"}, {"chosen": {"x": "02"}}, {"x": "02", "y": "03"}),
        ({"0.*": "x"}, {"match": "pattern"}, {}),
        ({"0.*": "x", "1": "y"}, {"match": "pattern", "chosen": {"x": "00"}}, {"x": "00"}),
        ({"01": "x"}, {"unmapped": "default", "default": "z"}, {"x": "01"}),
    ],
    ids=["first line", "chosen", "patterns", "chosen pattern", "default"],
)
def test_how_a_meaning_is_written(entries: dict[str, str], more: dict[str, Any], spellings: dict[str, str]) -> None:
    lines = table(entries, more.pop("match", "exact"), **more)
    assert dict(lines.spellings) == spellings
    assert lines.results == tuple(dict.fromkeys([*entries.values(), *([lines.default] if lines.default else [])]))


@pytest.mark.parametrize(
    "pattern", ["(", "a)(b", "[", "*", r"\\"[:1], "(?=a)", r"(a)\1", "a" * (MAX_LENGTH + 1), "(a{40}){40}", "a{2,1}"]
)
def test_a_pattern_that_cannot_be_used_is_told_and_not_raised(pattern: str) -> None:
    assert what_is_wrong_with(pattern) is not None


@pytest.mark.parametrize(
    "pattern", ["a" * MAX_LENGTH, f"a{{{MAX_REPEATS}}}", "(a+)+$", "(x*)*y", r"\d{4}-\d{2}", "a{3,}"]
)
def test_a_pattern_that_would_be_slow_elsewhere_is_none_here(pattern: str) -> None:
    assert what_is_wrong_with(pattern) is None
    # (a+)+$ and its like take Python's engine longer than anybody waits; here they are done before one looks.
    assert read(Lookup(table({pattern: "x"}, "pattern"), many=False), "a" * 5_000 + "!") == [None]


@given(pattern=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_any_pattern_is_refused_or_can_be_used(pattern: str) -> None:
    if what_is_wrong_with(pattern) is None:
        read(Lookup(table({pattern: "x"}, "pattern"), many=False), "a", "", None, "甲乙")


WORDS = st.sampled_from(["01", "02", "甲"])
LISTS = st.lists(st.text("012甲", min_size=1, max_size=3), min_size=1, max_size=3)
TESTS = st.sampled_from(["is", "is_not", "begins", "empty", "filled"])


@given(
    test=TESTS,
    words=st.lists(WORDS, min_size=1, max_size=2),
    many=st.booleans(),
    values=st.lists(st.none() | LISTS, max_size=6),
)
def test_a_condition_says_of_each_customer_what_it_says(
    *, test: Any, words: list[str], many: bool, values: list[list[str] | None]
) -> None:
    def holds(parts: list[str] | None) -> bool:
        one_is = any(part in words for part in parts or ())
        begins = any(part.startswith(tuple(words)) for part in parts or ())
        empty = parts is None
        return {"is": one_is, "is_not": not one_is, "begins": begins, "empty": empty, "filled": not empty}[test]

    if not many:
        values = [None if parts is None else parts[:1] for parts in values]
    column = [parts if many or parts is None else parts[0] for parts in values]
    frame = pl.DataFrame({"f": column}, schema={"f": pl.List(pl.String) if many else pl.String})
    condition = Condition("f", "list" if many else "text", test, tuple(words), PLACE)
    assert frame.select(all_hold([condition]).alias("f"))["f"].to_list() == [holds(parts) for parts in values]
