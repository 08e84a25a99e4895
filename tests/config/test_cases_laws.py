"""Laws of cases: what a run reads passes, anything else fails, and what decided is what a slower look finds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich_mapping import RICH

from u8sync.config.cases_file import load_cases
from u8sync.config.mapping_file import load_mapping
from u8sync.domain.case_runner import run_cases
from u8sync.domain.cases import CaseFile, Reading
from u8sync.domain.decision import needed_columns
from u8sync.domain.mapping import CODE, CustomerMapping, read_customers
from u8sync.domain.tracing import TracedField, trace
from u8sync.domain.trails import trails_of
from u8sync.text import Place

WAYS = st.sampled_from(["sql", "openapi"])
CODES = ["01", "0102", "0101001", "02", "9", "A1", "none", "1e3", "~", "NO", "S", "Ｓ", "W", "2024-02-29", "2023-02-29"]
WORDS = st.sampled_from([*CODES, "VIP", "贵宾", "重点", "终端", "供应商", "供货商、分销商", "分销商，x"])
VALUES = st.none() | WORDS | st.text(st.sampled_from("0129AVx供分、, \u3000'\"\\:#"), max_size=6)
ROWS = st.lists(st.lists(VALUES, min_size=9, max_size=9), min_size=1, max_size=4)
slow = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@cache
def mapping_in(folder: Path) -> CustomerMapping:
    path = folder / "m.yaml"
    path.write_text(RICH, encoding="utf-8", newline="\n")
    return load_mapping(path, "m.yaml")


def customers(mapping: CustomerMapping, way: str, rows: list[list[str | None]]) -> list[dict[str, str | None]]:
    """The rows as physical columns; no customer of U8 is without a code."""
    found = [dict(zip(needed_columns(mapping, way), row, strict=False)) for row in rows]
    code = mapping.columns(way)[CODE]
    return [{**row, code: (row[code] or "").strip(" \u3000") or "0"} for row in found]


def what_a_run_reads(
    mapping: CustomerMapping, way: str, given_rows: list[dict[str, str | None]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The canonical values of each customer, and its issues by field; each customer is read on its own."""
    frames, issues = [], []
    for row in given_rows:
        code_column = mapping.columns(way)[CODE]
        raw = {CODE: row[code_column] if code_column == CODE else "1", **{c: v for c, v in row.items() if c != CODE}}
        frame, found = read_customers(pl.DataFrame([raw], schema=dict.fromkeys(raw, pl.String)), mapping, way)
        frames += frame.rows(named=True)
        issues.append({issue.field: str(issue.message) for issue in found})
    return frames, issues


def as_file(folder: Path, way: str, cases: list[dict[str, Any]]) -> CaseFile:
    """The cases as somebody writes them, read again."""
    path = folder / "x.cases.yaml"
    document = {"version": 1, "mapping": "m.yaml", "way": way, "cases": cases}
    text = yaml.dump(document, allow_unicode=True, default_style='"').replace('!!int "1"', "1")
    text = text.replace('!!bool "true"', "true").replace('!!bool "false"', "false").replace('!!null "null"', "~")
    path.write_text(text, encoding="utf-8", newline="\n")
    return load_cases(path, "x.cases.yaml", (mapping_in(folder), "m.yaml"))


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def case_of(number: int, row: Mapping[str, str | None], read: Mapping[str, Any], issues: Mapping[str, str]) -> Any:
    expect = {name: plain(value) for name, value in read.items() if name not in (CODE, "set_aside")}
    return {"name": f"case {number}", "given": row, "expect": expect, "issues": issues, "set_aside": read["set_aside"]}


@slow
@given(way=WAYS, rows=ROWS)
def test_a_case_made_from_what_a_run_reads_passes(tmp_path: Path, way: str, rows: list[list[str | None]]) -> None:
    mapping = mapping_in(tmp_path)
    given_rows = customers(mapping, way, rows)
    read, issues = what_a_run_reads(mapping, way, given_rows)
    file = as_file(
        tmp_path, way, [case_of(n, *each) for n, each in enumerate(zip(given_rows, read, issues, strict=True))]
    )
    for result in run_cases(file.mapping, file.cases).results:
        assert result.differences == ()


@slow
@given(way=WAYS, rows=ROWS, data=st.data())
def test_any_other_expectation_makes_it_fail(
    tmp_path: Path, way: str, rows: list[list[str | None]], data: st.DataObject
) -> None:
    mapping = mapping_in(tmp_path)
    given_rows = customers(mapping, way, rows[:1])
    [read], [issues] = what_a_run_reads(mapping, way, given_rows)
    case = case_of(0, given_rows[0], read, issues)
    what = data.draw(st.sampled_from(["value", "issue", "set_aside"]))
    name = "" if what == "set_aside" else data.draw(st.sampled_from(list(case["expect"])))
    if what == "value":
        case["expect"][name] = data.draw(another(read[name]))
    elif what == "issue" and name in issues:
        case["issues"] = {field: part for field, part in issues.items() if field != name}
    elif what == "issue":
        case["issues"] = {**issues, name: data.draw(st.sampled_from([None, "is not", ""]))}
    else:
        case["set_aside"] = not read["set_aside"]
    [result] = run_cases(mapping, as_file(tmp_path, way, [case]).cases).results
    assert [(one.kind, one.name) for one in result.differences] == [(what, name)]


def another(value: Any) -> st.SearchStrategy[object]:
    """Another value of the same kind."""
    if isinstance(value, list):
        return st.sampled_from([None, [*value, "x"], *([value[::-1]] if len(value) > 1 else [])])
    if isinstance(value, date):
        return st.sampled_from([None, "1999-12-31"])
    # Whether the field is a date or a list cannot be seen where it is empty; both take one day for a value.
    return st.just("1999-12-31") if value is None else st.sampled_from([None, f"{value} ", "x"])


@slow
@given(way=WAYS, rows=ROWS)
def test_what_decided_is_what_following_each_customer_step_by_step_finds(
    tmp_path: Path, way: str, rows: list[list[str | None]]
) -> None:
    mapping = mapping_in(tmp_path)
    given_rows = customers(mapping, way, rows)
    codes = [str(row.get(CODE, n)) for n, row in enumerate(given_rows)]
    raw = pl.DataFrame(
        [{**row, CODE: code} for row, code in zip(given_rows, codes, strict=True)],
        schema=dict.fromkeys([CODE, *needed_columns(mapping, way)], pl.String),
    )
    canonical, _ = read_customers(raw, mapping, way)
    trails = trails_of(raw, canonical, mapping, way)
    for index, (row, code) in enumerate(zip(given_rows, codes, strict=True)):
        values = {column: value for column, value in row.items() if column != CODE}
        traced = {one.field.name: one for one in trace(values, code, mapping, way)}
        for name, one in traced.items():
            assert trails[name][index].decided == decided(one, traced), name
            lines = {found.entry.place for step in one.steps for found in step.found if found.entry is not None}
            assert trails[name][index].passed == lines | ({one.rule.place} if one.rule else set()), name


def decided(one: TracedField, traced: Mapping[str, TracedField]) -> tuple[Place, ...]:
    """The places, by the slower look."""
    field = one.field
    if one.unmet:
        return (one.unmet[0].place,)
    if field.choose:
        return (field.place,) if one.rule is None else (one.rule.place,)
    tables = [step for step in one.steps if step.found]
    if tables:
        found = tables[-1].found
        return tuple(dict.fromkeys(each.table.place if each.entry is None else each.entry.place for each in found))
    start = traced[field.from_field].value if field.from_field else one.raw
    if field.steps and start not in (None, "") and (field.from_field or str(start).rstrip(" \u3000")):
        return (field.steps[-1].place,)
    return decided(traced[field.from_field], traced) if field.from_field else (field.place,)


@pytest.mark.parametrize("way", ["sql", "openapi"])
def test_the_rich_mapping_can_be_read_in_both_ways(tmp_path: Path, way: str) -> None:
    mapping = mapping_in(tmp_path)
    assert len(needed_columns(mapping, way)) == {"sql": 9, "openapi": 8}[way]
    case = Reading("a", way, Place("x", 1, 1), {mapping.columns(way)["name"]: "x"}, {"name": "x"}, {}, None, {})
    assert run_cases(mapping, [case]).results[0].passed
