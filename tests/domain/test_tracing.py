"""One customer's way through the mapping says what a run does, and which line decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.conditions import Condition
from u8sync.domain.mapping import CustomerMapping, Field, Rule, read_customers
from u8sync.domain.tracing import TracedField, trace
from u8sync.text import Place

ROLES = {"01": "dealer", "经销商": "dealer", "NO": "agent"}
PLACE = Place("m.yaml", 7, 7)


def traced(*fields: Field, **values: str | None) -> dict[str, TracedField]:
    found = trace(values, "1", CustomerMapping(tuple(fields), "m"), "sql")
    return {one.field.name: one for one in found}


def test_each_operator_is_told_with_what_it_made(world: Any) -> None:
    table = world.table("roles", ROLES, line=50)
    operators = (world.operator("trim"), world.operator("split", ","), world.operator("table", table, "list"))
    one = traced(world.mapped("f", *operators, kind="list", line=10), f=" NO、01,?? ")["f"]
    assert (one.column, one.raw, one.value) == ("f", " NO、01,?? ", ("agent", "dealer"))
    assert [step.value for step in one.steps] == ["NO、01,??", ("NO", "01", "??"), ("agent", "dealer")]
    assert [
        (found.value, found.how, found.entry.place.line if found.entry else None) for found in one.steps[2].found
    ] == [
        ("NO", "line", 53),
        ("01", "line", 51),
        ("??", "unmapped", None),
    ]
    assert [step.refused is not None for step in one.steps] == [False, False, True]


@pytest.mark.parametrize(("unmapped", "how"), [("issue", "unmapped"), ("keep", "keep"), ("default", "default")])
def test_what_a_table_says_of_other_values_is_told(world: Any, unmapped: Any, how: str) -> None:
    table = replace(world.table("t", ROLES, unmapped=unmapped), default="x" if unmapped == "default" else None)
    one = traced(world.mapped("f", world.operator("table", table)), f="other")["f"]
    assert [found.how for found in one.steps[0].found] == [how]
    assert one.value == {"issue": None, "keep": "other", "default": "x"}[unmapped]


def test_a_default_and_a_required_field_are_told(world: Any) -> None:
    table = world.operator("table", world.table("t", ROLES))
    found = traced(
        world.mapped("a", world.operator("trim"), default="dealer", columns={"sql": "a"}),
        world.mapped("b", table, default="dealer", columns={"sql": "b"}),
        world.mapped("c", required=True, columns={"sql": "c"}),
        a=" ", b="01", c=None,
    )  # fmt: skip
    assert {name: (one.value, one.defaulted, one.set_aside) for name, one in found.items()} == {
        "a": ("dealer", True, False),
        "b": ("dealer", False, False),
        "c": (None, False, True),
    }


def test_conditions_rules_and_derived_fields_are_told(world: Any) -> None:
    def only(words: str) -> tuple[Condition, ...]:
        return (Condition("a", "text", "is", (words,), PLACE),)

    source = world.mapped("a", columns={"sql": "a"})
    unmet = replace(world.mapped("b", columns={"sql": "b"}), only_if=only("y"))
    derived = replace(world.mapped("c", world.operator("upper"), columns={}), from_field="a")
    rules = (Rule(only("y"), "first", PLACE), Rule(only("x"), "second", PLACE))
    chosen = replace(world.mapped("d", columns={}), choose=rules)
    elsewhere = world.mapped("e", columns={"openapi": "e"})
    found = traced(source, unmet, derived, chosen, elsewhere, a="x", b="1")
    assert (found["b"].unmet, found["b"].value, found["b"].steps) == (only("y"), None, ())
    assert (found["c"].raw, found["c"].column, found["c"].value) == ("x", None, "X")
    assert (found["d"].rule, found["d"].value) == (rules[1], "second")
    assert (found["e"].column, found["e"].value) == (None, None)


def test_what_would_be_written_is_told(world: Any) -> None:
    table = world.operator("table", world.table("t", {"A": "one", "B": "two", "C": "one"}))
    spelt = world.mapped("a", table, write="canonical", columns={"sql": "a"})
    taken = replace(world.mapped("b", table, write="field", columns={"sql": "b"}), takes="a")
    found = traced(spelt, taken, a="C", b="B")
    assert (found["a"].written, found["b"].written) == ("A", "A")
    found = traced(spelt, taken, a="A", b=None)
    assert (found["a"].written, found["b"].written) == (None, "A")


def test_a_value_with_an_issue_is_not_written_anew_and_that_is_told(world: Any) -> None:
    split = (world.operator("split", ","), world.operator("table", world.table("t", {"A": "one", "B": "two"}), "list"))
    field = world.mapped("a", *split, kind="list", write="canonical", columns={"sql": "a"})
    assert traced(field, a="B、A")["a"].written == "B,A"
    assert traced(field, a="B、A、??")["a"].written is None


RAW = st.none() | st.text("01经NO?,、 \u3000", max_size=6) | st.sampled_from([*ROLES, "01、NO", "经销商,01"])


@given(raw=RAW, area=RAW)
def test_the_values_are_those_of_a_run(world: Any, raw: str | None, area: str | None) -> None:
    only_if = (Condition("area", "text", "begins", ("0", "N"), PLACE),)
    extra = (
        world.mapped("area", world.operator("trim"), columns={"sql": "area"}),
        replace(world.mapped("g", columns={"sql": "cCusDefine2"}, default="none"), only_if=only_if),
    )
    mapping = CustomerMapping((*world.mapping.fields, *extra), "m")
    values = {"cCusDefine2": raw, "cCusDefine1": raw, "cCCCode": raw, "area": area, "dEndDate": raw}
    frame = pl.DataFrame({"code": ["1"], **{name: [value] for name, value in values.items()}},
                         schema_overrides=dict.fromkeys(values, pl.String))  # fmt: skip
    canonical, issues = read_customers(frame, mapping, "sql")
    found = trace(values, "1", mapping, "sql")
    row = canonical.row(0, named=True)
    assert {one.field.name: list(one.value) if isinstance(one.value, tuple) else one.value for one in found} == {
        name: value for name, value in row.items() if name not in ("code", "set_aside")
    }
    refused = {one.field.name for one in found for step in one.steps if step.refused}
    assert refused == {issue.field for issue in issues if "required" not in str(issue.message)}
    assert any(one.set_aside for one in found) == row["set_aside"]
