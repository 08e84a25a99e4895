"""Mappings far larger than anybody writes by hand can be read, followed and counted in a time like their size."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from u8sync.config.mapping_file import load_mapping
from u8sync.domain.coverage import cover
from u8sync.domain.mapping import CustomerMapping, read_customers
from u8sync.domain.tracing import trace
from u8sync.domain.trails import trails_of

HEAD = "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
A = "  a: {label: A, columns: {sql: cA}}\n"


def loaded(tmp_path: Path, text: str) -> CustomerMapping:
    path = tmp_path / "m.yaml"
    path.write_text(HEAD + text, encoding="utf-8", newline="\n")
    return load_mapping(path, "m.yaml")


def last_field(mapping: CustomerMapping, *values: str | None) -> list[object]:
    """What the last field comes to when the column cA has these values; step by step it comes to the same."""
    name = mapping.fields[-1].name
    codes = [f"{number:03}" for number in range(len(values))]
    raw = pl.DataFrame({"code": codes, "cA": values}, schema={"code": pl.String, "cA": pl.String})
    frame, issues = read_customers(raw, mapping, "sql")
    assert cover(raw, mapping, "sql").covered == len(values) - len(issues)
    traced = trace({"cA": values[0]}, "000", mapping, "sql")
    assert traced[-1].value == frame[name].item(0)
    return frame[name].to_list()


def test_a_field_may_have_many_operators_and_be_written(tmp_path: Path) -> None:
    steps = ", ".join(["trim", "half_width", "upper", "{table: t}"] * 12)
    field = f"  a: {{label: A, columns: {{sql: cA}}, operators: [{steps}], write: canonical}}\n"
    mapping = loaded(tmp_path, field + "tables: {t: {unmapped: keep, values: {甲: 一, 乙: 二}, spellings: {一: 甲}}}\n")
    assert last_field(mapping, " ｘ ", "甲", None) == ["X", "一", None]


def test_a_field_may_have_thousands_of_rules(tmp_path: Path) -> None:
    rules = "".join(f"      - {{when: {{a: w{n}}}, value: v{n}}}\n" for n in range(3_000))
    mapping = loaded(tmp_path, f"{A}  b:\n    label: B\n    choose:\n{rules}      - {{when: {{a: w7}}, value: late}}\n")
    assert last_field(mapping, "w2999", "w7", "w", None) == ["v2999", "v7", None, None]


def test_a_table_may_have_thousands_of_patterns(tmp_path: Path) -> None:
    lines = ", ".join(f"'a{n}.*': v{n}" for n in range(1_000, 0, -1))
    field = "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\n"
    mapping = loaded(tmp_path, f"{field}tables: {{t: {{match: pattern, values: {{{lines}}}}}}}\n")
    assert last_field(mapping, "a999x", "a1", "b") == ["v999", "v1", None]


@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_fields_may_start_from_one_another_a_thousand_times(tmp_path: Path, order: str) -> None:
    numbers = range(1_000, 0, -1) if order == "backwards" else range(1, 1_001)
    derived = "".join(f"  f{n}: {{label: F, from_field: {f'f{n - 1}' if n > 1 else 'a'}}}\n" for n in numbers)
    mapping = loaded(tmp_path, derived + A if order == "backwards" else A + derived)
    raw = pl.DataFrame({"code": ["001"], "cA": ["x"]})
    assert read_customers(raw, mapping, "sql")[0]["f1000"].to_list() == ["x"]


def test_cases_follow_a_field_with_many_operators_too(tmp_path: Path) -> None:
    steps = ", ".join(["trim", "half_width", "upper", "{table: t}"] * 12)
    field = f"  a: {{label: A, columns: {{sql: cA}}, operators: [{steps}]}}\n"
    mapping = loaded(tmp_path, field + "tables: {t: {unmapped: keep, values: {甲: 一, 乙: 二}}}\n")
    raw = pl.DataFrame({"code": ["1", "2"], "cA": ["甲", None]}, schema={"code": pl.String, "cA": pl.String})
    canonical, _ = read_customers(raw, mapping, "sql")
    [known, empty] = trails_of(raw, canonical, mapping, "sql")["a"]
    assert [place.line for place in known.decided] == [5]
    assert [place.line for place in empty.decided] == [4]
