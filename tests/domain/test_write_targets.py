"""What is written where: the tier into several columns, and one field's value into another's column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from u8sync.domain.conditions import Condition
from u8sync.domain.decision import Decision, decide
from u8sync.domain.mapping import CustomerMapping, Field
from u8sync.domain.model import ColumnLimit
from u8sync.report.figures import tier_move
from u8sync.text import Place

CODES = {"02": "key", "04": "VIP", "01": "regular", "03": "prospect"}


def decided(world: Any, *fields: Field, customers: Any, writable: Any = None, **raw: list[str | None]) -> Decision:
    """A decision of the tiny world whose mapping has these fields too, read from columns of their own names."""
    mapping = CustomerMapping((*world.mapping.fields, *fields), "m" * 64)
    frame = world.raw(customers).with_columns(
        **{name: pl.Series(values, dtype=pl.String) for name, values in raw.items()}
    )
    return decide(
        frame,
        world.facts(customers),
        mapping=mapping,
        policy=world.policy,
        way="sql",
        writable=writable or {},
        protected=(),
    )


def managed_field(world: Any) -> Field:
    return world.mapped("managed", world.operator("table", world.table("codes", CODES)), write="tier", line=90)


@pytest.fixture
def buyer(world: Any) -> Any:
    """Somebody with business, who is recommended for some tier."""
    return world.Customer("1", revenue=100, invoices=1, orders=2, category="0101")


def test_the_tier_goes_into_every_field_that_takes_it(world: Any, buyer: Any) -> None:
    second = managed_field(world)
    plain = decided(world, customers=[buyer])
    tier = plain.changes[0].reason.tier
    spelt = {meaning: code for code, meaning in CODES.items()}[tier]
    decision = decided(world, second, customers=[buyer], managed=["99"])
    [change] = decision.changes
    assert [(field.field, field.becomes) for field in change.fields] == [("tier", tier), ("managed", tier)]
    assert change.after == {"cCusDefine1": change.fields[0].after, "managed": spelt}
    assert change.before == {**plain.changes[0].before, "managed": "99"}
    assert change.reason == plain.changes[0].reason


def test_a_second_field_is_filled_though_the_first_holds_the_tier_already(world: Any, buyer: Any) -> None:
    second = managed_field(world)
    tier = decided(world, customers=[buyer]).changes[0].fields[0].after
    holding = replace(buyer, tier=tier)
    assert decided(world, customers=[holding]).changes == ()
    [change] = decided(world, second, customers=[holding], managed=[None]).changes
    assert [field.field for field in change.fields] == ["managed"]
    assert tier_move(change) == change.fields[0]


def roles_from_class(world: Any, **more: Any) -> tuple[Field, Field]:
    table = world.table("class_roles", {"0101": "dealer", "02": "agent", "09": "nobody"}, line=95)
    source = replace(
        world.mapped("class_role", world.operator("table", replace(table, match="prefix")), columns={}, line=90),
        from_field="area",
    )
    roles = world.mapped(
        "target", world.operator("table", world.table("words", {"经销商": "dealer", "代理": "agent"})), line=80
    )
    return source, replace(roles, write="field", takes="class_role", **more)


def area(world: Any) -> Field:
    return world.mapped("area", world.operator("trim"), line=85)


def test_the_value_of_another_field_is_written_and_rests_on_what_it_was_read_from(world: Any) -> None:
    customers = [world.Customer(code, tier="潜在") for code in "1234"]
    decision = decided(
        world,
        area(world),
        *roles_from_class(world),
        customers=customers,
        area=["0101003", "02", "0101", None],
        target=[None, "经销商", "经销商", "代理"],
    )
    written = {change.code: change for change in decision.changes if change.reason is None}
    assert {code: [(f.before, f.after, f.was, f.becomes) for f in c.fields] for code, c in written.items()} == {
        "1": [(None, "经销商", None, "dealer")],
        "2": [("经销商", "代理", "dealer", "agent")],
    }
    assert all(change.before["area"] in ("0101003", "02") for change in written.values())
    assert all(tier_move(change) is None for change in written.values())


def test_a_value_that_the_target_cannot_spell_is_an_issue_on_that_customer(world: Any) -> None:
    decision = decided(
        world,
        area(world),
        *roles_from_class(world),
        customers=[world.Customer("1", tier="潜在"), world.Customer("2", tier="潜在")],
        area=["0101", "09"],
        target=["经销商", "经销商"],
    )
    [issue] = [issue for issue in decision.issues if issue.field == "target"]
    assert (issue.code, issue.value, issue.place.line) == ("2", "经销商", 80)
    assert str(issue.message) == "'nobody' has no spelling in the field 'target'"
    assert not any(change.after.get("target") for change in decision.changes)


@pytest.mark.parametrize(
    ("limit", "width", "told"),
    [
        (ColumnLimit(2), None, "would be longer than the 2 characters of the column"),
        (ColumnLimit(60), 2, "would be longer than the 2 characters that the mapping allows"),
        (ColumnLimit(60, frozenset({"代理"})), None, "would be written as '经销商', which U8 does not allow there"),
    ],
    ids=["column", "width", "values"],
)
def test_what_the_target_does_not_take_is_an_issue(
    world: Any, limit: ColumnLimit, width: int | None, told: str
) -> None:
    decision = decided(
        world,
        area(world),
        *roles_from_class(world, width=width),
        customers=[world.Customer("1")],
        writable={"target": limit},
        area=["0101"],
        target=[None],
    )
    assert [str(issue.message) for issue in decision.issues if issue.field == "target"] == [told]
    assert not any("target" in change.after for change in decision.changes)


def test_a_canonical_spelling_rests_on_the_conditions_under_which_it_was_read(world: Any) -> None:
    place = Place("m.yaml", 1, 1)
    words = world.table("words", {"经销商": "dealer", "渠道": "dealer"})
    field = replace(
        world.mapped("target", world.operator("table", words), write="canonical"),
        only_if=(Condition("area", "text", "begins", ("01",), place),),
    )
    decision = decided(
        world,
        area(world),
        field,
        customers=[world.Customer("1", tier="潜在"), world.Customer("2", tier="潜在")],
        area=["0101", "02"],
        target=["渠道", "渠道"],
    )
    [change] = [change for change in decision.changes if "target" in change.after]
    assert (change.code, change.after, change.before["area"]) == ("1", {"target": "经销商"}, "0101")
