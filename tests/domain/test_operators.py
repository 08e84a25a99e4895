"""Each operator on its own: what it reads, what it refuses, what it writes, and that it goes back."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.operators import OPERATORS, SEPARATORS, Canonical, Operator
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.text import Place

BLANKS = " \t\r\n\u00a0\u3000"
WORDS = st.text("aA7ßé重、,;" + BLANKS, max_size=8)
PARTS = st.lists(st.text("ab重0", min_size=1, max_size=3), min_size=1, max_size=4, unique=True).map(tuple)


def table_of(entries: dict[str, str], unmapped: str = "issue") -> ValueTable:
    place = Place("m.yaml", 1, 1)
    return ValueTable(
        "roles", tuple(TableEntry(raw, meaning, place) for raw, meaning in entries.items()), unmapped, place
    )


CODES = table_of({"007": "Bond", "0101": "retail", "NO": "Norway", "7": "seven", "经销": "dealer", "代理": "dealer"})
KEPT = table_of({"01": "dealer"}, "keep")

TRIM = OPERATORS["trim"].make(None, "text")
UPPER = OPERATORS["upper"].make(None, "text")
PREFIX = OPERATORS["prefix"].make(2, "text")
DAY = OPERATORS["date"].make(None, "text")
SPLIT = OPERATORS["split"].make("、", "text")
LOOKUP = OPERATORS["table"].make(CODES, "text")
LOOKUP_KEPT = OPERATORS["table"].make(KEPT, "text")
LOOKUP_LIST = OPERATORS["table"].make(CODES, "list")
LOOKUP_LIST_KEPT = OPERATORS["table"].make(KEPT, "list")


def read(operator: Operator, *values: Any, dtype: pl.DataType | None = None) -> list[Any]:
    """What the operator makes of each value; a list comes back as a tuple."""
    frame = pl.DataFrame({"v": list(values)}, schema={"v": dtype or pl.String()})
    result = frame.select(operator.read(pl.col("v")).alias("v"))["v"].to_list()
    return [tuple(value) if isinstance(value, list) else value for value in result]


def refused(operator: Operator, *values: Any, dtype: pl.DataType | None = None) -> list[bool]:
    """Which of the values the operator refuses."""
    frame = pl.DataFrame({"v": list(values)}, schema={"v": dtype or pl.String()})
    refusal = operator.refuses(pl.col("v"))
    if refusal is None:
        return [False] * len(values)
    return frame.select(refusal[0].fill_null(value=False).alias("v"))["v"].to_list()


LIST = pl.List(pl.String())


@pytest.mark.parametrize(
    ("operator", "raw", "canonical"),
    [
        pytest.param(TRIM, "  华星 \u3000", "华星", id="trim strips full-width blanks too"),
        pytest.param(TRIM, "\t\r\n\u00a0x", "x", id="trim strips tabs, line ends and no-break spaces"),
        pytest.param(TRIM, "a b", "a b", id="trim leaves blanks inside"),
        pytest.param(TRIM, "\u3000 ", None, id="trim: nothing left is null"),
        pytest.param(TRIM, "", None, id="trim: the empty text is null"),
        pytest.param(TRIM, "007", "007", id="trim keeps leading zeros"),
        pytest.param(UPPER, "no", "NO", id="upper"),
        pytest.param(UPPER, "Ab重7", "AB重7", id="upper leaves what has no case"),
        pytest.param(PREFIX, "0101", "01", id="prefix keeps the leading zero"),
        pytest.param(PREFIX, "重点客户", "重点", id="prefix counts characters, not bytes"),
        pytest.param(PREFIX, "01", "01", id="prefix of a text that is just long enough"),
        pytest.param(DAY, "2024-02-29", date(2024, 2, 29), id="date in a leap year"),
        pytest.param(DAY, "0001-01-01", date(1, 1, 1), id="the first date there is"),
        pytest.param(DAY, "9999-12-31", date(9999, 12, 31), id="the last date there is"),
        pytest.param(SPLIT, "a、b", ("a", "b"), id="split at a full-width enumeration comma"),
        pytest.param(SPLIT, "a,b，c;d；e、f", ("a", "b", "c", "d", "e", "f"), id="split at every separator"),
        pytest.param(SPLIT, " a ，\u3000b\u3000", ("a", "b"), id="split trims the parts"),
        pytest.param(SPLIT, "a,,;b、", ("a", "b"), id="split drops empty parts"),
        pytest.param(SPLIT, "b,a, b,a", ("b", "a"), id="split drops duplicates and keeps the order"),
        pytest.param(SPLIT, "a b", ("a b",), id="split leaves a blank inside a part"),
        pytest.param(SPLIT, " ,；", None, id="split: no part is null"),
        pytest.param(SPLIT, "", None, id="split: the empty text is null"),
        pytest.param(LOOKUP, "007", "Bond", id="table: a code with leading zeros is not the number"),
        pytest.param(LOOKUP, "7", "seven", id="table: and the number is not the code"),
        pytest.param(LOOKUP, "NO", "Norway", id="table: a word that YAML may take for false"),
        pytest.param(LOOKUP, "代理", "dealer", id="table: an alias"),
        pytest.param(LOOKUP_KEPT, "99", "99", id="table that keeps: an unlisted value stays"),
        pytest.param(LOOKUP_KEPT, "01", "dealer", id="table that keeps: a listed value is looked up"),
    ],
)
def test_an_operator_reads(operator: Operator, raw: str, canonical: Canonical) -> None:
    assert read(operator, raw) == [canonical]
    assert refused(operator, raw) == [False]


@pytest.mark.parametrize(
    ("operator", "raw", "complaint"),
    [
        pytest.param(PREFIX, "0", "is shorter than 2 characters", id="a code that is too short"),
        pytest.param(DAY, "2025-02-29", "is not a date (YYYY-MM-DD)", id="a day that does not exist"),
        pytest.param(DAY, "2025-13-01", "is not a date (YYYY-MM-DD)", id="a month that does not exist"),
        pytest.param(DAY, "24-01-05", "is not a date (YYYY-MM-DD)", id="a year of two digits"),
        pytest.param(DAY, "2024-1-5", "is not a date (YYYY-MM-DD)", id="a month of one digit"),
        pytest.param(DAY, "0000-01-01", "is not a date (YYYY-MM-DD)", id="the year 0, which Python has not"),
        pytest.param(DAY, "+12000-01-01", "is not a date (YYYY-MM-DD)", id="a year beyond 9999, which Python has not"),
        pytest.param(DAY, "-001-01-01", "is not a date (YYYY-MM-DD)", id="a year before 0"),
        pytest.param(DAY, "２０２４-01-05", "is not a date (YYYY-MM-DD)", id="full-width digits"),
        pytest.param(DAY, "2024-01-05 00:00:00", "is not a date (YYYY-MM-DD)", id="a date with a time"),
        pytest.param(DAY, "2024/01/05", "is not a date (YYYY-MM-DD)", id="slashes"),
        pytest.param(DAY, "soon", "is not a date (YYYY-MM-DD)", id="a word"),
        pytest.param(LOOKUP, "01", "is not in the value table 'roles'", id="a value that is not listed"),
        pytest.param(LOOKUP, "no", "is not in the value table 'roles'", id="a listed value in another case"),
        pytest.param(LOOKUP, "007 ", "is not in the value table 'roles'", id="a listed value with a blank"),
    ],
)
def test_an_operator_refuses_and_reads_nothing(operator: Operator, raw: str, complaint: str) -> None:
    refusal = operator.refuses(pl.col("v"))
    assert refusal is not None
    assert refused(operator, raw) == [True]
    assert read(operator, raw) == [None]
    assert str(refusal[1]) == complaint


@pytest.mark.parametrize(
    ("operator", "parts", "canonical", "is_refused"),
    [
        pytest.param(LOOKUP_LIST, ["007", "NO"], ("Bond", "Norway"), False, id="every part is looked up"),
        pytest.param(LOOKUP_LIST, ["代理", "经销"], ("dealer",), False, id="parts of one meaning count once"),
        pytest.param(LOOKUP_LIST, ["NO", "??", "007"], ("Norway", "Bond"), True, id="an unlisted part is left out"),
        pytest.param(LOOKUP_LIST, ["??"], None, True, id="only unlisted parts are nothing"),
        pytest.param(LOOKUP_LIST_KEPT, ["01", "??"], ("dealer", "??"), False, id="a table that keeps keeps parts"),
        pytest.param(LOOKUP_LIST_KEPT, ["dealer", "01"], ("dealer",), False, id="a kept part may mean the same"),
    ],
)
def test_a_table_over_a_list(
    operator: Operator,
    parts: list[str],
    canonical: Canonical,
    is_refused: bool,  # noqa: FBT001
) -> None:
    assert read(operator, parts, dtype=LIST) == [canonical]
    assert refused(operator, parts, dtype=LIST) == [is_refused]


@pytest.mark.parametrize(
    ("operator", "dtype"),
    [
        pytest.param(TRIM, None, id="trim"),
        pytest.param(UPPER, None, id="upper"),
        pytest.param(PREFIX, None, id="prefix"),
        pytest.param(DAY, None, id="date"),
        pytest.param(SPLIT, None, id="split"),
        pytest.param(LOOKUP, None, id="table"),
        pytest.param(LOOKUP_KEPT, None, id="table that keeps"),
        pytest.param(LOOKUP_LIST, LIST, id="table over a list"),
        pytest.param(LOOKUP_LIST_KEPT, LIST, id="table over a list that keeps"),
    ],
)
def test_null_is_read_as_null_and_never_refused(operator: Operator, dtype: pl.DataType | None) -> None:
    assert read(operator, None, dtype=dtype) == [None]
    assert refused(operator, None, dtype=dtype) == [False]


@pytest.mark.parametrize(
    ("operator", "canonical", "raw"),
    [
        pytest.param(TRIM, "a", "a", id="trim writes the text"),
        pytest.param(UPPER, "NO", "NO", id="upper writes the text"),
        pytest.param(DAY, date(2024, 2, 9), "2024-02-09", id="date writes YYYY-MM-DD"),
        pytest.param(DAY, date(900, 2, 9), "0900-02-09", id="date writes four digits of the year"),
        pytest.param(SPLIT, ("a", "b"), "a、b", id="split joins with its separator"),
        pytest.param(SPLIT, (), None, id="split: no part is null"),
        pytest.param(LOOKUP, "dealer", "经销", id="table writes the first spelling"),
        pytest.param(LOOKUP, "Bond", "007", id="table writes a code as text"),
        pytest.param(LOOKUP_KEPT, "99", "99", id="table that keeps writes what it kept"),
        pytest.param(LOOKUP_LIST, ("dealer", "Bond"), ("经销", "007"), id="table over a list writes every part"),
    ],
)
def test_an_operator_writes(operator: Operator, canonical: Canonical, raw: Canonical) -> None:
    assert operator.write(canonical) == raw


@pytest.mark.parametrize("operator", [TRIM, UPPER, DAY, SPLIT, LOOKUP, LOOKUP_KEPT, LOOKUP_LIST])
def test_a_reversible_operator_writes_null_for_null(operator: Operator) -> None:
    assert operator.write(None) is None


@pytest.mark.parametrize(
    ("operator", "canonical"),
    [
        pytest.param(PREFIX, "01", id="prefix has lost the rest"),
        pytest.param(LOOKUP, "agent", id="a meaning that no line of the table gives"),
        pytest.param(LOOKUP_LIST, ("dealer", "agent"), id="one such part in a list"),
        pytest.param(SPLIT, ("a,b", "c"), id="a part that holds a separator"),
        pytest.param(SPLIT, "a", id="a text where a list is meant"),
        pytest.param(DAY, "tomorrow", id="a word where a date is meant"),
    ],
)
def test_what_has_no_way_back_is_an_error(operator: Operator, canonical: Canonical) -> None:
    with pytest.raises(ValueError, match=r".*"):
        operator.write(canonical)


def test_the_table_of_operators_tells_which_can_go_back() -> None:
    assert {name for name, kind in OPERATORS.items() if not kind.reversible} == {"prefix"}


@pytest.mark.parametrize(("name", "argument"), [("prefix", "2"), ("prefix", None), ("table", "roles"), ("table", 3)])
def test_an_operator_is_not_made_from_a_wrong_argument(name: str, argument: str | int | None) -> None:
    with pytest.raises(TypeError):
        OPERATORS[name].make(argument, "text")


# Laws. An operator is a lens: what it has read once, it writes and reads again as the same.


def goes_back(operator: Operator, canonical: Canonical, dtype: pl.DataType | None = None) -> None:
    raw = operator.write(canonical)
    value = list(raw) if isinstance(raw, tuple) else raw
    assert read(operator, value, dtype=dtype) == [canonical]
    assert refused(operator, value, dtype=dtype) == [False]


@pytest.mark.parametrize("operator", [TRIM, UPPER, SPLIT, LOOKUP_KEPT], ids=["trim", "upper", "split", "keeping table"])
@given(raw=WORDS)
def test_whatever_was_read_can_be_written_and_read_again(operator: Operator, raw: str) -> None:
    [canonical] = read(operator, raw)
    goes_back(operator, canonical)


@given(day=st.dates())
def test_every_day_goes_back(day: date) -> None:
    goes_back(DAY, day)


@given(parts=PARTS, joint=st.sampled_from(SEPARATORS))
def test_every_list_goes_back_whatever_the_separator(parts: tuple[str, ...], joint: str) -> None:
    goes_back(OPERATORS["split"].make(joint, "text"), parts)


TABLES = st.dictionaries(st.text("ab0重", min_size=1, max_size=2), st.text("ab0重", min_size=1, max_size=2), min_size=1)


@given(
    entries=TABLES,
    unmapped=st.sampled_from(["issue", "keep"]),
    others=st.lists(st.text("ab0重", min_size=1), max_size=3),
)
def test_every_value_that_a_table_gives_goes_back(entries: dict[str, str], unmapped: str, others: list[str]) -> None:
    table = table_of(entries, unmapped)
    single, many = OPERATORS["table"].make(table, "text"), OPERATORS["table"].make(table, "list")
    for canonical in read(single, *entries, *others):
        goes_back(single, canonical)
    [parts] = read(many, [*others, *entries], dtype=LIST)
    goes_back(many, parts, LIST)


@given(values=st.lists(WORDS, min_size=1, max_size=6))
def test_reading_is_row_by_row(values: list[str]) -> None:
    for operator in (TRIM, UPPER, PREFIX, DAY, SPLIT, LOOKUP, LOOKUP_KEPT):
        assert read(operator, *values) == [read(operator, value)[0] for value in values]


@given(value=st.text("0123456789-+/ ２年", max_size=12) | st.dates().map(str))
def test_a_date_is_read_exactly_where_python_reads_one_of_that_form(value: str) -> None:
    try:
        expected = date.fromisoformat(value) if len(value) == 10 and value[4] == value[7] == "-" else None
    except ValueError:
        expected = None
    assert read(DAY, value) == [expected]
