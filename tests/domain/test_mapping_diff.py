"""The effect of an edited mapping is counted in customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.mapping import CustomerMapping, Field, read_customers
from u8sync.domain.mapping_diff import MappingDiff, Moved, Side, compare

ROLES = {"01": "dealer", "02": "agent"}


def mapping(world: Any, **fields: Field) -> CustomerMapping:
    return CustomerMapping((world.mapped("code"), *fields.values()), "m")


def side(world: Any, rules: CustomerMapping, *raw: str | None) -> Side:
    frame = world.raw([world.Customer(f"{number:03}", roles=value) for number, value in enumerate(raw)])
    return Side(rules, *read_customers(frame, rules, "sql"), None)


def effect(world: Any, old: CustomerMapping, new: CustomerMapping, *raw: str | None) -> MappingDiff:
    return compare(side(world, old, *raw), side(world, new, *raw))


def roles(world: Any, entries: dict[str, str], **more: Any) -> Field:
    return world.mapped("roles", world.operator("table", world.table("t", entries)), **more)


def test_customers_are_counted_by_what_they_had_and_get(world: Any) -> None:
    old = mapping(world, roles=roles(world, ROLES))
    new = mapping(world, roles=roles(world, {"01": "dealer", "02": "dealer", "03": "agent"}))
    found = effect(world, old, new, "02", "01", "02", "03", "04", None, "02")
    [field] = found.fields
    assert field.moved == (
        Moved("agent", "dealer", 3, ("000", "002", "006")),
        Moved(None, "agent", 1, ("003",)),
    )
    assert (found.customers, found.changed, found.issues, field.issues) == (7, 4, (2, 1), (2, 1))
    assert (found.writes, found.tiers, found.other_writes, found.same) == (None, (), 0, False)


def test_only_the_first_codes_stand_as_examples(world: Any) -> None:
    old, new = (mapping(world, roles=roles(world, {"01": meaning})) for meaning in ("a", "b"))
    [field] = effect(world, old, new, *["01"] * 9).fields
    assert field.moved == (Moved("a", "b", 9, ("000", "001", "002", "003", "004")),)


def test_a_field_of_one_side_alone_is_told_with_its_values(world: Any) -> None:
    old = mapping(world, roles=roles(world, ROLES))
    new = mapping(world, kind=replace(world.mapped("kind", columns={"sql": "cCusDefine2"}), label="种类"))
    found = effect(world, old, new, "01", None)
    assert [(one.name, one.label, one.only_in, one.moved) for one in found.fields] == [
        ("kind", "种类", "new", (Moved(None, "01", 1, ("000",)),)),
        ("roles", "roles", "old", (Moved("dealer", None, 1, ("000",)),)),
    ]
    assert found.changed == 0


def test_a_customer_that_is_left_out_is_an_effect(world: Any) -> None:
    old = mapping(world, roles=roles(world, ROLES))
    new = mapping(world, roles=roles(world, ROLES, required=True))
    found = effect(world, old, new, "01", "99", None)
    assert (found.set_aside, found.same) == ((0, 2), False)


def test_tiers_and_writes_are_compared_when_a_policy_decided(world: Any) -> None:
    without = tuple(field for field in world.mapping.fields if field.name != "disabled_on")
    decisions = [
        world.decide(world.six, mapping=CustomerMapping(fields, "m")) for fields in (world.mapping.fields, without)
    ]
    sides = [
        Side(CustomerMapping(fields, "m"), decision.customers, decision.issues, decision.changes)
        for fields, decision in zip((world.mapping.fields, without), decisions, strict=True)
    ]
    found = compare(*sides)
    assert found.writes == tuple(len(decision.changes) for decision in decisions)
    assert ("005",) in [moved.examples for moved in found.tiers]
    assert found.other_writes >= 1
    assert compare(sides[0], sides[0]).same


TABLES = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), min_size=1)


@given(old=TABLES, new=TABLES, raw=st.lists(st.sampled_from([None, *"abcd"]), max_size=8))
def test_the_counts_are_those_of_the_two_readings(
    world: Any, old: dict[str, str], new: dict[str, str], raw: list[str | None]
) -> None:
    found = effect(world, mapping(world, roles=roles(world, old)), mapping(world, roles=roles(world, new)), *raw)
    pairs = [(old.get(value or ""), new.get(value or "")) for value in raw]
    moved = [pair for pair in pairs if pair[0] != pair[1]]
    assert found.changed == len(moved)
    told = {(one.before, one.after): one.customers for field in found.fields for one in field.moved}
    assert told == {pair: moved.count(pair) for pair in moved}
    assert found.same == (not moved)
