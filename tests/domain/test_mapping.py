"""From raw columns to canonical fields: what becomes of empty, wrong, aliased and missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.mapping import CustomerMapping, Field, read_customers
from u8sync.domain.model import Issue, bare

ROLES = {"01": "dealer", "经销商": "dealer", "NO": "agent"}


def read(*fields: Field, rows: Sequence[Mapping[str, str | None]]) -> tuple[pl.DataFrame, tuple[Issue, ...]]:
    """Read rows of physical columns; codes are 001, 002 and so on where a row gives none."""
    columns = ["code", *dict.fromkeys(name for row in rows for name in row if name != "code")]
    full = [{"code": f"{number:03}", **row} for number, row in enumerate(rows, start=1)]
    raw = pl.DataFrame(
        [{name: row.get(name) for name in columns} for row in full], schema=dict.fromkeys(columns, pl.String)
    )
    return read_customers(raw, CustomerMapping(tuple(fields), "m" * 64), "sql")


def values(field: Field, *raw: str | None) -> list[Any]:
    """The canonical values of one field."""
    frame, _ = read(field, rows=[{field.columns["sql"]: value} for value in raw])
    return frame[field.name].to_list()


NOTHING = [None, "", " ", "   ", "\u3000", " \u3000 "]
EMPTY = pytest.mark.parametrize("empty", NOTHING, ids=["NULL", "empty text", "a blank", "blanks", "full width", "both"])


@EMPTY
@pytest.mark.parametrize("operators", [(), ("trim",), ("upper",), ("date",), ("trim", "upper")], ids="-".join)
def test_nothing_is_null_whatever_operators_the_field_has(world: Any, operators: tuple[str, ...], empty: str) -> None:
    field = world.mapped("f", *map(world.operator, operators), kind="date" if "date" in operators else "text")
    frame, issues = read(field, rows=[{"f": empty}])
    assert frame["f"].to_list() == [None]
    assert issues == ()


@EMPTY
def test_nothing_is_not_looked_up_and_not_too_short(world: Any, empty: str) -> None:
    looked_up = world.mapped("f", world.operator("table", world.table("roles", ROLES)))
    cut = world.mapped("g", world.operator("prefix", 2))
    split = world.mapped("h", world.operator("split", ","), kind="list")
    frame, issues = read(looked_up, cut, split, rows=[{"f": empty, "g": empty, "h": empty}])
    assert frame.row(0)[1:4] == (None, None, None)
    assert issues == ()


@EMPTY
def test_a_required_field_that_is_empty_sets_the_customer_aside(world: Any, empty: str) -> None:
    field = world.mapped("f", required=True, line=10)
    frame, [issue] = read(field, rows=[{"f": empty}])
    assert frame["set_aside"].to_list() == [True]
    assert (issue.code, issue.field, issue.value, issue.sets_aside) == ("001", "f", empty, True)
    assert str(issue.message) == "is empty, and the field is required"
    assert issue.place.line == 10


@EMPTY
def test_the_default_stands_for_an_empty_value(world: Any, empty: str) -> None:
    field = world.mapped("f", world.operator("table", world.table("roles", ROLES)), default="unknown", required=True)
    frame, issues = read(field, rows=[{"f": empty}])
    assert frame["f"].to_list() == ["unknown"]
    assert frame["set_aside"].to_list() == [False]
    assert issues == ()


def test_the_default_never_stands_for_a_wrong_value(world: Any) -> None:
    field = world.mapped("f", world.operator("table", world.table("roles", ROLES)), default="unknown")
    frame, issues = read(field, rows=[{"f": "??"}])
    assert frame["f"].to_list() == [None]
    assert [issue.value for issue in issues] == ["??"]


def test_the_default_never_stands_for_a_value_that_an_earlier_operator_refused(world: Any) -> None:
    table = world.operator("table", world.table("roles", ROLES))
    field = world.mapped("f", world.operator("prefix", 2), table, default="unknown", line=10)
    frame, issues = read(field, rows=[{"f": "0"}])
    assert frame["f"].to_list() == [None]
    assert [(issue.value, issue.place.line) for issue in issues] == [("0", 11)]


def test_the_default_of_a_list_is_a_list(world: Any) -> None:
    table = world.operator("table", world.table("roles", ROLES), "list")
    field = world.mapped("f", world.operator("split", ","), table, kind="list", default="unknown")
    assert values(field, None, " ,, ", "NO") == [["unknown"], ["unknown"], ["agent"]]


def test_an_unknown_value_is_an_issue_and_the_run_goes_on(world: Any) -> None:
    field = world.mapped("f", world.operator("trim"), world.operator("table", world.table("roles", ROLES)), line=10)
    frame, [issue] = read(field, rows=[{"f": "01"}, {"f": " ?? "}, {"f": "NO"}])
    assert frame["f"].to_list() == ["dealer", None, "agent"]
    assert frame["set_aside"].to_list() == [False, False, False]
    assert (issue.code, issue.field, issue.value, issue.sets_aside) == ("002", "f", " ?? ", False)
    assert str(issue.message) == "is not in the value table 'roles'"
    assert (issue.place.file, issue.place.line) == ("m.yaml", 12)


def test_an_unknown_value_in_a_required_field_sets_only_that_customer_aside(world: Any) -> None:
    field = world.mapped("f", world.operator("table", world.table("roles", ROLES)), required=True)
    frame, [issue] = read(field, rows=[{"f": "01"}, {"f": "??"}])
    assert frame["set_aside"].to_list() == [False, True]
    assert (issue.code, issue.sets_aside) == ("002", True)
    assert str(issue.message) == "is not in the value table 'roles'"


def test_a_list_with_one_unknown_part_keeps_the_others_and_reports(world: Any) -> None:
    table = world.operator("table", world.table("roles", ROLES), "list")
    field = world.mapped("f", world.operator("split", "、"), table, kind="list")
    frame, issues = read(field, rows=[{"f": "NO，??; 经销商"}, {"f": "??、!!"}, {"f": "01,经销商"}])
    assert frame["f"].to_list() == [["agent", "dealer"], None, ["dealer"]]
    assert [(issue.code, issue.value) for issue in issues] == [("001", "NO，??; 经销商"), ("002", "??、!!")]


def test_a_table_that_keeps_reports_nothing(world: Any) -> None:
    table = world.table("roles", ROLES, unmapped="keep")
    single = world.mapped("f", world.operator("table", table))
    many = world.mapped("g", world.operator("split", "、"), world.operator("table", table, "list"), kind="list")
    frame, issues = read(single, many, rows=[{"f": "老客户", "g": "老客户,01"}])
    assert frame.row(0)[1:3] == ("老客户", ["老客户", "dealer"])
    assert issues == ()


def test_codes_stay_text(world: Any) -> None:
    field = world.mapped("f", world.operator("trim"))
    raw = ["007", "0101", "NO", "1e5", "0x1F", "true", "null", "08"]
    frame, _ = read(field, rows=[{"code": value, "f": value} for value in raw])
    assert frame["f"].to_list() == raw
    assert frame["code"].to_list() == raw


def test_a_field_whose_column_this_way_does_not_have_is_null_and_no_issue(world: Any) -> None:
    elsewhere = world.mapped("f", required=True, default="x", columns={"openapi": "f"})
    absent = world.mapped("g", world.operator("date"), kind="date", columns={"sql": "gone"})
    many = world.mapped("h", world.operator("split", ","), kind="list", columns={})
    frame, issues = read(elsewhere, absent, many, rows=[{"f": "here"}])
    assert frame.row(0) == ("001", None, None, None, False)
    assert frame.schema["g"] == pl.Date
    assert frame.schema["h"] == pl.List(pl.String)
    assert issues == ()


def test_fields_have_the_type_of_their_kind_and_the_order_of_the_file(world: Any) -> None:
    frame, _ = read(*world.mapping.fields, rows=[dict.fromkeys(world.mapping.columns("sql").values())])
    assert frame.columns == [
        "code", "name", "category", "tier", "roles", "developed_on", "created_on", "disabled_on", "set_aside"
    ]  # fmt: skip
    assert frame.schema["roles"] == pl.List(pl.String)
    assert frame.schema["disabled_on"] == pl.Date


def test_an_archive_without_customers_is_read_too(world: Any) -> None:
    raw = world.raw([])
    frame, issues = read_customers(raw, world.mapping, "sql")
    assert frame.height == 0
    assert issues == ()


def test_rows_keep_their_order_and_issues_are_ordered_by_customer_and_field(world: Any) -> None:
    second = world.mapped("b", world.operator("date"), kind="date")
    first = world.mapped("a", world.operator("prefix", 3))
    rows = [{"code": code, "a": "1", "b": "x"} for code in ("10", "9", "099", "A", "重")]
    frame, issues = read(second, first, rows=rows)
    assert frame["code"].to_list() == ["10", "9", "099", "A", "重"]
    assert [(issue.code, issue.field) for issue in issues] == [
        (code, name) for code in ("099", "10", "9", "A", "重") for name in ("a", "b")
    ]


def test_two_complaints_about_one_value_come_in_the_order_of_the_operators(world: Any) -> None:
    table = world.operator("table", world.table("roles", ROLES))
    field = world.mapped("f", world.operator("prefix", 2), table, required=True, line=10)
    _, issues = read(field, rows=[{"f": "9"}, {"f": "99"}, {"f": None}])
    assert [(issue.code, issue.place.line) for issue in issues] == [("001", 11), ("002", 12), ("003", 10)]


@pytest.mark.parametrize(
    ("name", "canonical", "raw"),
    [
        pytest.param("tier", "key", "02", id="a tier is written in the first spelling"),
        pytest.param("roles", ("agent", "dealer"), "NO、01", id="a list is written part by part"),
        pytest.param("disabled_on", date(2025, 1, 2), "2025-01-02", id="a date"),
        pytest.param("name", "华星", "华星", id="a text"),
        pytest.param("tier", None, None, id="null"),
    ],
)
def test_a_field_writes_one_value_back_through_all_operators(world: Any, name: str, canonical: Any, raw: str) -> None:
    assert world.mapping.field(name).raw(canonical) == raw


@pytest.mark.parametrize(
    ("name", "canonical"), [("category", "retail"), ("tier", "no such tier"), ("name", ("a", "b"))]
)
def test_a_field_that_cannot_go_back_says_so(world: Any, name: str, canonical: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        world.mapping.field(name).raw(canonical)


def test_a_mapping_knows_its_fields_and_the_columns_of_each_way(world: Any) -> None:
    both = world.mapped("a", columns={"sql": "x", "openapi": "y"})
    one = world.mapped("b", columns={"sql": "z"})
    mapping = CustomerMapping((both, one), "d")
    assert mapping.field("b") is one
    assert mapping.field("c") is None
    assert mapping.columns("sql") == {"a": "x", "b": "z"}
    assert mapping.columns("openapi") == {"a": "y"}


# Laws.

RAW = st.none() | st.text("01经NO?,、 \u3000", max_size=6) | st.sampled_from([*ROLES, "01、NO", "经销商,01"])


@given(raw=st.lists(RAW, min_size=1, max_size=5))
def test_a_field_without_operators_is_the_raw_value_as_u8_means_it(world: Any, raw: list[str | None]) -> None:
    assert values(world.mapped("f"), *raw) == [bare(value) for value in raw]


@given(raw=st.lists(RAW, min_size=1, max_size=5))
def test_blanks_at_the_end_change_nothing(world: Any, raw: list[str | None]) -> None:
    for field in (world.mapping.field("tier"), world.mapping.field("roles")):
        padded = [value if value is None else value + " \u3000" for value in raw]
        assert values(field, *raw) == values(field, *padded)


@given(raw=st.lists(RAW, min_size=1, max_size=5))
def test_what_a_writable_field_read_is_written_and_read_again_as_the_same(world: Any, raw: list[str | None]) -> None:
    for field in (world.mapping.field("tier"), world.mapping.field("roles"), world.mapping.field("name")):
        canonical = values(field, *raw)
        back = [field.raw(tuple(value) if isinstance(value, list) else value) for value in canonical]
        assert values(field, *back) == canonical


@given(raw=st.lists(RAW, min_size=1, max_size=5), data=st.data())
def test_the_order_of_rows_decides_neither_values_nor_issues(world: Any, raw: list[str | None], data: Any) -> None:
    rows = [{"code": f"{number:03}", "cCusDefine1": value} for number, value in enumerate(raw)]
    shuffled = data.draw(st.permutations(rows))
    frame, issues = read(world.mapping.field("tier"), rows=rows)
    other, same_issues = read(world.mapping.field("tier"), rows=shuffled)
    assert other.sort("code").equals(frame)
    assert same_issues == issues


@given(raw=st.lists(RAW, min_size=1, max_size=5))
def test_a_customer_has_a_value_or_an_issue_or_nothing_to_read(world: Any, raw: list[str | None]) -> None:
    frame, issues = read(world.mapping.field("tier"), rows=[{"cCusDefine1": value} for value in raw])
    complained = {issue.code for issue in issues}
    for code, value, original in zip(frame["code"], frame["tier"], raw, strict=True):
        assert (value is not None) + (code in complained) + (bare((original or "").strip()) is None) == 1
