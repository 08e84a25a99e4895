"""Whether mapping, policy and account set fit together: each thing that can be wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine_world import example_mapping, example_policy

from u8sync.domain.fitting import misfits, unseen
from u8sync.domain.mapping import CustomerMapping, Field
from u8sync.domain.model import ColumnLimit


def found(
    world: Any, *, swap: Field | None = None, tiers: Any = None, **options: Any
) -> list[tuple[int, str, str | None]]:
    """Line, sentence and hint of each misfit of the tiny world, with one field swapped or other limits."""
    fields = tuple(swap if swap and field.name == swap.name else field for field in world.mapping.fields)
    mapping = options.pop("mapping", CustomerMapping(fields, "d"))
    policy = replace(world.policy, tiers=tuple(tiers)) if tiers else world.policy
    options = {"way": "sql", "columns": set(world.columns.values()), "writable": world.writable} | options
    problems = misfits(mapping, policy, **options)
    return [(p.place.line, str(p.message), None if p.hint is None else str(p.hint)) for p in problems if p.place]


def field(world: Any, name: str, **changed: Any) -> Field:
    return replace(world.mapping.field(name), **changed)


def test_the_tiny_world_fits(world: Any) -> None:
    assert found(world) == []


def test_a_column_that_the_account_set_does_not_have(world: Any) -> None:
    swap = field(world, "name", columns={"sql": "cCusNmae"})
    assert found(world, swap=swap) == [
        (5, "the account set has no readable column 'cCusNmae'", "Did you mean 'cCusName'?")
    ]


def test_a_column_that_is_like_no_other_is_perhaps_a_personal_one(world: Any) -> None:
    [(_, message, hint)] = found(world, swap=field(world, "name", columns={"sql": "Zzz"}))
    assert message == "the account set has no readable column 'Zzz'"
    assert hint == "Contact, bank and address columns are never read."


def test_a_column_of_another_way_is_no_matter(world: Any) -> None:
    assert found(world, swap=field(world, "name", columns={"openapi": "Zzz"})) == []


def test_a_column_that_may_not_be_written(world: Any) -> None:
    [(line, message, hint)] = found(world, writable={"cCusDefine2": ColumnLimit(20), "cCusDefine9": ColumnLimit(20)})
    assert line == 15
    assert message == "the account set does not let u8sync write the column 'cCusDefine1'"
    assert hint == (
        "Set the self-defined item up in U8 (caption and length), or write another column: cCusDefine2, cCusDefine9."
    )


def test_where_nothing_may_be_written_the_hint_names_nothing(world: Any) -> None:
    problems = found(world, writable={})
    assert [line for line, _, _ in problems] == [15, 20]
    assert all(hint and hint.endswith("write another column: -.") for _, _, hint in problems)


def test_a_field_that_is_not_written_needs_no_writable_column(world: Any) -> None:
    assert found(world, swap=field(world, "roles", write="never"), writable={"cCusDefine1": ColumnLimit(20)}) == []


def test_a_tier_of_the_policy_that_the_mapping_cannot_write_is_told_at_its_own_line(world: Any) -> None:
    diamond = world.tier("diamond", line=77)
    complaint = "the tier 'diamond' cannot be written into the field 'tier'"
    hint = "Add it to the field's value table; the field stands at m.yaml:15:3."
    assert found(world, tiers=[diamond, *world.policy.tiers]) == [(77, complaint, hint)]


def test_a_tier_that_would_be_read_back_as_another_is_told(world: Any) -> None:
    swap = world.mapped("tier", world.operator("upper"), write="tier")
    messages = [message for _, message, _ in found(world, swap=swap)]
    assert messages == [
        f"the tier '{name}' cannot be written into the field 'tier'"
        for name in (tier.name for tier in world.policy.tiers)
        if name != name.upper()
    ]


def test_a_tier_field_that_cannot_go_back_fits_no_tier(world: Any) -> None:
    swap = world.mapped("tier", world.operator("prefix", 2), write="tier")
    assert len(found(world, swap=swap)) == len(world.policy.tiers)


def test_a_tier_value_wider_than_the_column(world: Any) -> None:
    assert found(world, writable={**world.writable, "cCusDefine1": ColumnLimit(3)}) == []
    assert found(world, writable={**world.writable, "cCusDefine1": ColumnLimit(2)}) == [
        (15, "'VIP' is longer than the 2 characters of 'cCusDefine1'", None)
    ]


def test_a_tier_value_that_u8_does_not_allow(world: Any) -> None:
    allowed = frozenset({"VIP", "02", "普通"})
    assert found(world, writable={**world.writable, "cCusDefine1": ColumnLimit(20, allowed)}) == [
        (
            15,
            "'潜在' is not among the values that U8 allows in 'cCusDefine1'",
            "Allowed: 02, VIP, 普通. Add the value in U8, or change the mapping.",
        )
    ]


def test_a_long_list_of_allowed_values_is_cut_and_an_empty_one_is_shown_as_such(world: Any) -> None:
    many = frozenset({f"{number:02}" for number in range(30)} | {"VIP", "普通", "潜在"}) - {"02"}
    [(_, _, hint)] = found(world, writable={**world.writable, "cCusDefine1": ColumnLimit(20, many)})
    assert hint is not None
    assert hint.startswith("Allowed: 00, 01, 03, ")
    assert hint.endswith("19, 20, …. Add the value in U8, or change the mapping.")
    problems = found(world, writable={**world.writable, "cCusDefine1": ColumnLimit(20, frozenset())})
    assert len(problems) == 4
    assert {hint for _, _, hint in problems} == {"Allowed: -. Add the value in U8, or change the mapping."}


def test_a_mapping_that_writes_nothing(world: Any) -> None:
    fields = tuple(replace(each, write="never") for each in world.mapping.fields)
    assert found(world, mapping=CustomerMapping(fields, "d")) == [
        (
            2,
            "the mapping writes nothing",
            "Give the field that takes the recommended tier the line 'write: tier'.",
        )
    ]


def test_a_mapping_that_writes_only_spellings_writes_something(world: Any) -> None:
    assert found(world, swap=field(world, "tier", write="never")) == []


def test_all_misfits_are_told_at_once_in_the_order_of_the_files(world: Any) -> None:
    tiers = [world.tier("diamond"), *world.policy.tiers]
    problems = found(
        world,
        swap=field(world, "name", columns={"sql": "cCusNmae"}),
        tiers=tiers,
        writable={"cCusDefine1": ColumnLimit(2)},
    )
    assert [line for line, _, _ in problems] == [5, 15, 20, 1]


def test_a_metric_that_must_do_without_a_field_is_told_where_another_way_has_it() -> None:
    mapping, policy = example_mapping(), example_policy()
    assert unseen(mapping, policy, way="sql") == ()
    (note,) = unseen(mapping, policy, way="openapi")
    assert (
        str(note)
        == "This way into U8 does not offer the field 'created_on': length of relation is measured without it."
    )
