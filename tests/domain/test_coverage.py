"""What value tables cover: counted as a run would read, value by value, without a look at anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.conditions import Condition
from u8sync.domain.coverage import Coverage, ValueLine, cover, is_looked_at, tables_of, totals
from u8sync.domain.mapping import CustomerMapping, Field, read_customers
from u8sync.domain.tables import Match, ValueTable
from u8sync.text import Place

ROLES = {"01": "dealer", "经销商": "dealer", "NO": "agent"}


def archive(rows: Sequence[Mapping[str, str | None]]) -> pl.DataFrame:
    """Rows of physical columns; codes are 0000, 0001 and so on."""
    columns = ["code", *dict.fromkeys(name for row in rows for name in row)]
    full = [{"code": f"{number:04}", **row} for number, row in enumerate(rows)]
    return pl.DataFrame(
        [{name: row.get(name) for name in columns} for row in full], schema=dict.fromkeys(columns, pl.String)
    )


def covered(*fields: Field, rows: Sequence[Mapping[str, str | None]]) -> Coverage:
    return cover(archive(rows), CustomerMapping(tuple(fields), "m" * 64), "sql")


def told(lines: Sequence[ValueLine]) -> list[tuple[str | None, int, str | None, str]]:
    return [(line.value, line.customers, line.meaning, line.status) for line in lines]


def test_each_value_is_told_with_its_customers_line_and_meaning(world: Any) -> None:
    table = world.table("roles", ROLES, line=50)
    field = world.mapped("f", world.operator("trim"), world.operator("table", table))
    found = covered(field, rows=[{"f": value} for value in ("01", " 01 ", "NO", "X9", "X9", "X9", None, "  ")])
    [part] = found.tables
    assert told(part.values) == [
        ("X9", 3, None, "unmapped"),
        ("01", 2, "dealer", "mapped"),
        ("NO", 1, "agent", "mapped"),
        (None, 2, None, "empty"),
    ]
    assert [line.entry.place.line if line.entry else None for line in part.values] == [None, 51, 53, None]
    assert (part.customers, part.covered, part.refused) == (8, 5, 0)
    assert (found.customers, found.covered, found.whole) == (8, 5, False)
    assert [entry.raw for entry in found.never_seen["roles"]] == ["经销商"]


def test_a_table_judges_what_the_operators_before_it_leave(world: Any) -> None:
    table = world.table("classes", {"01": "retail", "02": "wholesale"})
    operators = (world.operator("trim"), world.operator("prefix", 2), world.operator("table", table))
    field = world.mapped("f", *operators, line=10)
    found = covered(field, rows=[{"f": value} for value in ("0101", "0102", "0301", "9")])
    [part] = found.tables
    assert told(part.values) == [("01", 2, "retail", "mapped"), ("03", 1, None, "unmapped")]
    assert (part.covered, part.refused) == (2, 1)
    [unreadable] = found.unreadable
    assert (unreadable.value, unreadable.customers, unreadable.place.line) == ("9", 1, 12)
    assert str(unreadable.message) == "is shorter than 2 characters"


def test_the_parts_of_a_list_are_judged_one_by_one(world: Any) -> None:
    table = world.operator("table", world.table("roles", ROLES), "list")
    field = world.mapped("f", world.operator("split", ","), table, kind="list")
    found = covered(field, rows=[{"f": value} for value in ("01, NO", "NO，NO", "??、01", "??", None)])
    [part] = found.tables
    assert told(part.values) == [
        ("01", 2, "dealer", "mapped"),
        ("??", 2, None, "unmapped"),
        ("NO", 2, "agent", "mapped"),
        (None, 1, None, "empty"),
    ]
    assert part.covered == 3


@pytest.mark.parametrize(
    ("match", "lines", "values", "expected"),
    [
        pytest.param(
            "prefix",
            {"01": "a", "0102": "b"},
            ("0101", "0102", "010203", "02"),
            {"0101": "a", "0102": "b", "010203": "b", "02": None},
            id="the longest beginning",
        ),
        pytest.param(
            "pattern",
            {"0[12].*": "a", "02.*": "b", "03": "c"},
            ("0101", "0202", "03", "031"),
            {"0101": "a", "0202": "a", "03": "c", "031": None},
            id="the first pattern",
        ),
    ],
)
def test_the_line_that_decides_is_the_one_of_a_run(
    world: Any, match: Match, lines: Mapping[str, str], values: Sequence[str], expected: Mapping[str, str | None]
) -> None:
    table = replace(world.table("t", lines), match=match)
    found = covered(world.mapped("f", world.operator("table", table)), rows=[{"f": value} for value in values])
    assert {line.value: line.meaning for line in found.tables[0].values} == expected
    unseen = set(lines.values()) - set(expected.values())
    assert {entry.canonical for entry in found.never_seen["t"]} == unseen


def test_what_a_table_says_of_other_values_is_told_and_covers_them(world: Any) -> None:
    keeps = world.table("keeps", ROLES, unmapped="keep")
    falls_back = replace(world.table("falls_back", ROLES, unmapped="default"), default="other")
    fields = [
        world.mapped(n, world.operator("table", t), columns={"sql": "f"}) for n, t in (("a", keeps), ("b", falls_back))
    ]
    found = covered(*fields, rows=[{"f": "X9"}])
    assert [told(part.values) for part in found.tables] == [
        [("X9", 1, "X9", "kept")],
        [("X9", 1, "other", "default")],
    ]
    assert found.whole


def test_an_empty_value_is_told_with_the_default_of_the_field(world: Any) -> None:
    table = world.table("roles", ROLES)
    field = world.mapped("f", world.operator("table", table), default="dealer", required=True)
    found = covered(field, rows=[{"f": None}])
    assert told(found.tables[0].values) == [(None, 1, "dealer", "empty")]
    assert found.whole


def test_an_empty_value_of_a_required_field_is_not_covered(world: Any) -> None:
    field = world.mapped("f", world.operator("table", world.table("roles", ROLES)), required=True)
    found = covered(field, rows=[{"f": None}, {"f": "01"}])
    assert (found.tables[0].covered, found.covered) == (1, 1)


def test_a_second_table_of_a_field_judges_what_the_first_gives(world: Any) -> None:
    first = world.table("roles", ROLES, line=50)
    second = world.table("groups", {"dealer": "trade", "maker": "industry"}, line=60)
    field = world.mapped("f", world.operator("table", first), world.operator("table", second))
    found = covered(field, rows=[{"f": value} for value in ("01", "经销商", "NO", "??")])
    assert [part.table.name for part in found.tables] == ["roles", "groups"]
    assert told(found.tables[1].values) == [("dealer", 2, "trade", "mapped"), ("agent", 1, None, "unmapped")]
    assert (found.tables[1].covered, found.tables[1].refused) == (2, 1)
    assert found.covered == 2


def test_a_shared_table_is_counted_field_by_field_and_a_line_is_never_seen_when_no_field_saw_it(world: Any) -> None:
    table = world.table("roles", ROLES)
    fields = [world.mapped(name, world.operator("table", table)) for name in ("a", "b")]
    found = covered(*fields, rows=[{"a": "01", "b": "NO"}, {"a": "01", "b": "??"}, {"a": "??", "b": "!!"}])
    assert [told(part.values) for part in found.tables] == [
        [("01", 2, "dealer", "mapped"), ("??", 1, None, "unmapped")],
        [("!!", 1, None, "unmapped"), ("??", 1, None, "unmapped"), ("NO", 1, "agent", "mapped")],
    ]
    assert [entry.raw for entry in found.never_seen["roles"]] == ["经销商"]
    lines, others = totals(found.tables)
    assert {entry.raw: count for entry, count in lines.items()} == {"01": 2, "NO": 1}
    assert told(list(others.values())) == [("??", 2, None, "unmapped"), ("!!", 1, None, "unmapped")]


def test_one_field_alone_keeps_what_the_others_saw(world: Any) -> None:
    table = world.table("roles", ROLES)
    fields = [world.mapped(name, world.operator("table", table)) for name in ("a", "b")]
    found = covered(*fields, rows=[{"a": "01", "b": "NO"}, {"a": "01", "b": "??"}]).only("a")
    assert [part.field.name for part in found.tables] == ["a"]
    assert (found.covered, found.whole) == (2, True)
    assert [entry.raw for entry in found.never_seen["roles"]] == ["经销商"]


def test_lines_are_not_called_unseen_while_a_field_of_their_table_cannot_be_read(world: Any) -> None:
    table = world.table("roles", ROLES)
    here = world.mapped("a", world.operator("table", table))
    elsewhere = world.mapped("b", world.operator("table", table), columns={"openapi": "b"})
    found = covered(here, elsewhere, rows=[{"a": "01"}])
    assert [field.name for field in found.not_read] == ["b"]
    assert found.never_seen == {}


def test_dates_that_cannot_be_read_are_told_by_value(world: Any) -> None:
    field = world.mapped("f", world.operator("date"), kind="date", line=10)
    found = covered(field, rows=[{"f": v} for v in ("2025-01-01", "01.02.2025", "01.02.2025", "soon", None)])
    assert [(each.value, each.customers, each.place.line) for each in found.unreadable] == [
        ("01.02.2025", 2, 11),
        ("soon", 1, 11),
    ]
    assert found.covered == 2


def test_values_of_fields_without_a_table_are_never_told(world: Any) -> None:
    name = world.mapped("name", world.operator("trim"), columns={"sql": "name"}, required=True)
    cut = world.mapped("cut", world.operator("prefix", 3), columns={"sql": "name"})
    found = covered(name, cut, rows=[{"name": "王五"}, {"name": "张三丰"}])
    assert not is_looked_at(name)
    assert [(each.field.name, each.value, each.customers) for each in found.unreadable] == [("cut", None, 1)]
    assert "王五" not in repr(found)


def test_an_archive_without_customers_is_covered(world: Any) -> None:
    field = world.mapped("f", world.operator("table", world.table("roles", ROLES)))
    nobody = pl.DataFrame(schema={"code": pl.String, "f": pl.String})
    found = cover(nobody, CustomerMapping((field,), "m"), "sql")
    assert (found.customers, found.covered, found.whole) == (0, 0, True)
    assert found.tables[0].values == ()
    assert [entry.raw for entry in found.never_seen["roles"]] == list(ROLES)


def test_a_derived_field_begins_with_what_another_comes_to(world: Any) -> None:
    source = world.mapped("area", world.operator("trim"), world.operator("prefix", 2), columns={"sql": "a"})
    table = world.table("roles", {**ROLES, "02": "agent"})
    field = replace(world.mapped("f", world.operator("table", table), columns={}), from_field="area")
    found = covered(source, field, rows=[{"a": value} for value in (" 0101", "0102", "02", "09", "1", None)])
    [part] = found.tables
    assert told(part.values) == [
        ("01", 2, "dealer", "mapped"),
        ("02", 1, "agent", "mapped"),
        ("09", 1, None, "unmapped"),
        (None, 2, None, "empty"),
    ]
    assert (found.covered, found.fields) == (4, {"area": 5, "f": 5})


def test_customers_in_whom_a_field_does_not_count_are_not_counted(world: Any) -> None:
    area = world.mapped("area", columns={"sql": "a"})
    only_if = (Condition("area", "text", "begins", ("01",), Place("m.yaml", 1, 1)),)
    field = replace(
        world.mapped("f", world.operator("table", world.table("roles", ROLES)), default="dealer"), only_if=only_if
    )
    rows = [{"a": "0101", "f": "NO"}, {"a": "02", "f": "??"}, {"a": "01", "f": None}, {"a": None, "f": "01"}]
    found = covered(area, field, rows=rows)
    [part] = found.tables
    assert told(part.values) == [("NO", 1, "agent", "mapped"), (None, 1, "dealer", "empty")]
    assert (part.customers, part.covered, found.whole) == (2, 2, True)


def test_the_tables_of_a_mapping_are_found_in_its_fields(world: Any) -> None:
    assert list(tables_of(world.mapping)) == ["categories", "tiers", "roles"]


# Laws.

RAW = st.none() | st.text("01经NO?,、 \u3000", max_size=6) | st.sampled_from([*ROLES, "01、NO", "经销商,01"])
TABLES = st.sampled_from(["issue", "keep", "default"])


@given(raw=st.lists(RAW, max_size=12), unmapped=TABLES, many=st.booleans(), required=st.booleans())
def test_who_is_covered_is_who_has_no_issue_in_a_run(
    world: Any, *, raw: list[str | None], unmapped: Any, many: bool, required: bool
) -> None:
    default = "dealer" if unmapped == "default" else None
    table: ValueTable = replace(world.table("roles", ROLES, unmapped=unmapped), default=default)
    lookup = world.operator("table", table, "list" if many else "text")
    split = [world.operator("split", ",")] if many else []
    field = world.mapped(
        "f", world.operator("trim"), *split, lookup, kind="list" if many else "text", required=required
    )
    mapping = CustomerMapping((field,), "m")
    rows = pl.DataFrame(
        {"code": [f"{n:03}" for n in range(len(raw))], "f": raw}, schema={"code": pl.String, "f": pl.String}
    )
    found = cover(rows, mapping, "sql")
    _, issues = read_customers(rows, mapping, "sql")
    assert (
        found.covered == found.fields["f"] == found.tables[0].covered == len(raw) - len({each.code for each in issues})
    )
    if not many:
        assert sum(line.customers for line in found.tables[0].values) == len(raw)
    assert {line.entry for line in found.tables[0].values} - {None} | set(found.never_seen["roles"]) == set(
        table.entries
    )


@given(raw=st.lists(RAW, max_size=8), data=st.data())
def test_the_order_of_customers_changes_nothing(world: Any, raw: list[str | None], data: Any) -> None:
    field = world.mapped("f", world.operator("table", world.table("roles", ROLES)))
    shuffled = data.draw(st.permutations(raw))
    both = [covered(field, rows=[{"f": value} for value in order] or [{"f": None}]) for order in (raw, shuffled)]
    assert both[0] == both[1]
