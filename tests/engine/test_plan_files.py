"""A saved plan: what it was made for, what stands in it, and what may have happened since."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import TIER, World

from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Plan
from u8sync.engine.plan_file import load_plan, save_plan
from u8sync.errors import ExitCode, InputError, StalePlanError


@pytest.fixture
def plan(world: World) -> Plan:
    return world.plan().plan


def test_a_plan_comes_back_from_its_file_as_it_was(plan: Plan, tmp_path: Path) -> None:
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan


def test_a_saved_plan_is_applied_as_it_stands(world: World, plan: Plan, tmp_path: Path) -> None:
    save_plan(plan, tmp_path / "plan.json")
    assert world.night().apply(load_plan(tmp_path / "plan.json")).exit_code == ExitCode.DONE
    assert world.plan().plan.changes == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"after": "VIP"', '"after": "重要"', id="the value to write"),
        pytest.param('"code": "D4"', '"code": "D5"', id="the customer"),
        pytest.param('"column": "cCusDefine5"', '"column": "cCusDefine6"', id="the column"),
        pytest.param('"eligible": 5', '"eligible": 50', id="the population that guards measure against"),
        pytest.param('"as_of": "2026-10-31"', '"as_of": "2026-10-30"', id="the day"),
        pytest.param('"score": "', '"score": "1', id="a score"),
        pytest.param('"changes": [', '"changes": [], "more": [', id="all changes taken out"),
        pytest.param('"before": null', '"before": 7', id="a value of another type"),
    ],
)
def test_a_plan_that_was_edited_is_refused(plan: Plan, tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StalePlanError, match="was changed after it was made") as refused:
        load_plan(path)
    assert refused.value.exit_code == ExitCode.STALE


def test_a_plan_may_be_formatted_anew(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
    assert load_plan(path) == plan


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"format": "another"}', "[" * 100_000, "\ud83d"])
def test_what_is_no_plan_is_no_plan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match="is not a plan file"):
        load_plan(path)


def test_a_missing_plan_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read") as refused:
        load_plan(tmp_path / "none.json")
    assert "u8sync plan --out" in str(refused.value.hint)


def test_a_plan_that_cannot_be_saved_says_so(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_plan(plan, tmp_path / "none" / "plan.json")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("account_set", "another account set"),
        ("mapping", "another mapping file"),
        ("policy", "another tier policy"),
        ("tool", "another version"),
    ],
)
def test_a_plan_made_for_something_else_is_refused(world: World, plan: Plan, part: str, words: str) -> None:
    other = replace(plan, seal=replace(plan.seal, **{part: "other"}))
    with pytest.raises(StalePlanError, match=words) as refused:
        world.night().apply(other)
    assert refused.value.exit_code == ExitCode.STALE
    assert world.backend.journal == []
    assert world.of_type("run_close")[-1]["exit_code"] == ExitCode.STALE


def test_a_plan_whose_customers_were_changed_since_is_refused_and_names_them(world: World, plan: Plan) -> None:
    world.backend.change(CustomerCode("B2"), {TIER: "重要"})
    world.backend.remove(CustomerCode("C3"))
    with pytest.raises(StalePlanError, match="2 customers were changed in U8 since the plan was made: B2, C3"):
        world.night().apply(plan)
    assert world.backend.journal == []


def test_a_plan_is_applied_once(world: World, plan: Plan) -> None:
    world.night().apply(plan)
    journal = list(world.backend.journal)
    with pytest.raises(StalePlanError, match="was applied before, by run run-1"):
        world.night().apply(plan)
    assert world.backend.journal == journal


def test_a_plan_that_was_applied_in_part_is_applied_to_the_end(world: World, plan: Plan) -> None:
    world.backend.change(CustomerCode("A1"), {TIER: "一般"})  # what the plan would write
    totals = world.night().apply(plan).totals
    assert (totals["applied"], totals["already_applied"]) == (4, 1)


def test_blanks_for_nothing_do_not_make_a_plan_stale(world: World, plan: Plan) -> None:
    world.backend.change(CustomerCode("A1"), {TIER: "  "})
    assert world.night().apply(plan).exit_code == ExitCode.DONE


def test_a_plan_ages_out(world: World, plan: Plan) -> None:
    world.clock.at += timedelta(hours=24, minutes=1)
    with pytest.raises(StalePlanError, match="24 hours old") as refused:
        world.night().apply(plan)
    assert refused.value.exit_code == ExitCode.STALE
    assert world.of_type("intent") == []


def test_a_plan_of_yesterday_evening_is_applied(world: World, plan: Plan) -> None:
    world.clock.at += timedelta(hours=23)
    assert world.night().apply(plan).exit_code == ExitCode.DONE
