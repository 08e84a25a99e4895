"""The mapping works on columns: no Python call a customer, and together customers come to what each comes to alone."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.conditions import Condition
from u8sync.domain.coverage import cover
from u8sync.domain.mapping import CustomerMapping, Rule, read_customers
from u8sync.text import Place

PLACE = Place("m.yaml", 90, 1)


@pytest.fixture(scope="module")
def every_kind(world: Any) -> CustomerMapping:
    """A mapping with every way to match, derived fields, a choice and a field that counts under a condition."""
    exact = world.table("exact", {"01": "dealer", "经销商": "dealer", "NO": "agent"})
    prefix = replace(world.table("prefix", {"01": "south", "0102": "east"}), match="prefix")
    pattern = replace(world.table("pattern", {"(?i)vip.*": "VIP", "[0-9]+": "number"}), match="pattern")
    whether = Condition("roles", "list", "is", ("dealer",), PLACE)
    fields = (
        world.mapped("code", required=True),
        world.mapped("name", world.operator("trim"), world.operator("upper"), required=True),
        world.mapped("roles", world.operator("split", ","), world.operator("table", exact, "list"), kind="list"),
        world.mapped("area", world.operator("trim"), world.operator("table", prefix), default="elsewhere"),
        world.mapped("kind", world.operator("table", pattern)),
        world.mapped("since", world.operator("trim"), world.operator("date"), kind="date", required=True),
        replace(world.mapped("sorted", world.operator("sort", None, "list"), kind="list"), from_field="roles"),
        replace(world.mapped("level", default="other"), choose=(Rule((whether,), "trade", PLACE),), columns={}),
        replace(world.mapped("dealt", world.operator("trim"), required=True), only_if=(whether,)),
    )
    return CustomerMapping(fields, "m" * 64)


GOOD = {
    "code": ["001", "002"],
    "name": [" Aurora", "北极星"],
    "roles": ["01，NO", "经销商"],
    "area": ["0102", "01"],
    "kind": ["Vip 1", "12"],
    "since": ["2024-02-29", " 2025-12-31"],
    "dealt": ["a", "b"],
}


def calls_of(raw: pl.DataFrame, mapping: CustomerMapping) -> int:
    """The calls, of functions in Python and from Python, that reading takes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.disable()  # whoever listens to it is none of ours
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        _, issues = read_customers(raw, mapping, "sql")
    finally:
        sys.setprofile(before)
        gc.enable()
    assert issues == ()
    return calls


def test_no_function_is_called_for_a_customer(world: Any, every_kind: CustomerMapping) -> None:
    names = {name: world.columns.get(name, name) for name in GOOD if name != "code"}
    good = pl.DataFrame(GOOD).rename(names)
    ten, many = (pl.concat([good] * times) for times in (5, 5_000))
    # Of each customer a name of its own: what the steps do once for each distinct value is not done for each name.
    number = pl.int_range(pl.len()).cast(pl.String)
    ten, many = (
        each.with_columns(number.alias("code"), (" 客户" + number).alias(names["name"])) for each in (ten, many)
    )
    calls_of(ten, every_kind)  # what is imported late is there from now on
    assert calls_of(many, every_kind) == calls_of(ten, every_kind) > 0


def holds_a_function(expression: pl.Expr) -> bool:
    """Whether polars would call Python for it: on threads of its own, where nobody counts.

    Written out, such an expression takes the function along in Python's pickled form, or cannot be written out at all
    where the library for that is missing.
    """
    try:
        return b"pickle" in expression.meta.serialize(format="binary")
    except pl.exceptions.ComputeError:
        return True


def test_no_operator_holds_a_function_that_polars_would_call_for_each_value(every_kind: CustomerMapping) -> None:
    value = pl.col("value")
    expressions = [step.operator.read(value) for field in every_kind.fields for step in field.steps]
    refusals = [step.operator.refuses(value) for field in every_kind.fields for step in field.steps]
    expressions += [refusal[0] for refusal in refusals if refusal is not None]
    assert len(expressions) > 12
    assert not [each for each in expressions if holds_a_function(each)]
    assert holds_a_function(value.list.eval(pl.element().map_elements(str.upper, return_dtype=pl.String)))


VALUES = st.sampled_from([None, "", " ", "01", "0102", "NO,01", "NO、??", "经销商", "vip", "2024-02-29", "2024-02-30"])
ROWS = st.lists(st.fixed_dictionaries({name: VALUES for name in GOOD if name != "code"}), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_customers_read_together_come_to_what_each_comes_to_alone(
    world: Any, every_kind: CustomerMapping, rows: list[dict[str, str | None]]
) -> None:
    names = {name: world.columns.get(name, name) for name in GOOD}
    full = [
        {"code": f"{number:03}", **{names[name]: value for name, value in row.items()}}
        for number, row in enumerate(rows)
    ]
    raw = pl.DataFrame(full, schema={"code": pl.String, **{names[n]: pl.String for n in GOOD if n != "code"}})
    frame, issues = read_customers(raw, every_kind, "sql")
    alone = [read_customers(raw[at : at + 1], every_kind, "sql") for at in range(raw.height)]
    assert frame.rows() == [row for one, _ in alone for row in one.rows()]
    assert issues == tuple(issue for _, found in alone for issue in found)
    assert cover(raw, every_kind, "sql").covered == sum(
        cover(raw[at : at + 1], every_kind, "sql").whole for at in range(raw.height)
    )
