"""Taking a run back: what still stands as it left it, through the same guards, writes and audit as every other plan."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from engine_world import ROLES, TIER, TIERS, Crash, World, customer, make_world, overwriting_policy, with_roles
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.domain.guards import Limits
from u8sync.domain.model import ColumnLimit, CustomerCode, same
from u8sync.domain.plan import Skipped
from u8sync.domain.undo import PlannedUndo
from u8sync.engine.plan_file import load_plan, save_plan
from u8sync.errors import ExitCode, InputError, StalePlanError, UnknownOutcomeError, UnsafePlanError
from u8sync.text import msg

CODES = ("A1", "B2", "C3", "D4", "E5")


def causes(undo: PlannedUndo) -> list[tuple[str, str, str | None]]:
    return [(skipped.code, skipped.cause, skipped.field) for skipped in undo.plan.skipped]


def test_a_run_is_taken_back_and_every_empty_field_is_null_again(world: World) -> None:
    before = world.rows()
    world.run()
    undo = world.undo("run-1")
    assert undo.stopped == ()
    result = world.night().apply(undo.plan)
    assert result.exit_code == ExitCode.DONE
    assert world.rows() == before
    assert {world.tier(code) for code in CODES} == {None}
    assert [entry.after for entry in world.backend.journal][5:] == [None] * 5


def test_an_undo_of_an_undo_gives_the_state_after_the_first_run(world: World) -> None:
    world.run()
    after = world.rows()
    world.night().apply(world.undo("run-1").plan)
    world.night().apply(world.undo("run-2").plan)
    assert world.rows() == after


def test_an_old_run_is_taken_back_though_the_archive_has_grown_since() -> None:
    codes = [f"C{number:02}" for number in range(12)]
    world = make_world({code: customer() for code in codes}, {code: 1000 * n for n, code in enumerate(codes, 1)})
    world.run()
    for number in range(20):
        world.backend.change(CustomerCode(f"N{number:02}"), customer())
    world.run()
    undo = world.undo("run-1")
    said = {verdict.guard: str(verdict.message) for verdict in undo.verdicts}
    assert said["customers_missing"] == "customers in the archive: 12; an undo is compared with no earlier run"
    assert world.night().apply(undo.plan).exit_code == ExitCode.DONE


def test_an_undo_may_be_undone_and_made_again(world: World) -> None:
    before = world.rows()
    world.run()
    world.night().apply(world.undo("run-1").plan)
    world.night().apply(world.undo("run-2").plan)
    again = world.undo("run-1")
    assert world.night().apply(again.plan).totals["applied"] == 5
    assert world.rows() == before


def test_a_plan_may_be_made_and_applied_again_after_it_was_undone(world: World) -> None:
    plan = world.plan().plan
    world.night().apply(plan)
    after = world.rows()
    world.night().apply(world.undo("run-1").plan)
    again = world.plan().plan
    assert again.fingerprint == plan.fingerprint
    assert world.night().apply(again).exit_code == ExitCode.DONE
    assert world.rows() == after


def test_the_old_file_of_a_plan_that_was_applied_and_undone_stays_used_up(world: World) -> None:
    plan = world.plan().plan
    world.night().apply(plan)
    world.night().apply(world.undo("run-1").plan)
    with pytest.raises(StalePlanError, match="was applied before, by run run-1"):
        world.night().apply(plan)


def test_after_an_undo_there_is_nothing_left_to_undo(world: World) -> None:
    world.run()
    world.night().apply(world.undo("run-1").plan)
    undo = world.undo("run-1")
    assert undo.plan.changes == ()
    assert causes(undo) == [(code, "restored", "tier") for code in CODES]


def test_what_a_person_changed_since_is_left_alone_and_listed(world: World) -> None:
    world.run()
    world.backend.change(CustomerCode("A1"), {TIER: "VIP"})
    world.backend.remove(CustomerCode("C3"))
    undo = world.undo("run-1")
    assert [change.code for change in undo.plan.changes] == ["B2", "D4", "E5"]
    assert causes(undo) == [("A1", "changed_since", "tier"), ("C3", "gone", None)]
    world.night().apply(undo.plan)
    assert world.tier("A1") == "VIP"


def test_trailing_blanks_are_no_change_of_a_person(world: World) -> None:
    world.run()
    world.backend.change(CustomerCode("D4"), {TIER: "VIP  "})
    assert world.undo("run-1").plan.skipped == ()


def test_what_a_later_run_wrote_belongs_to_that_run() -> None:
    world = make_world({code: customer() for code in CODES}, {"A1": 1000, "B2": 2000, "C3": 3000, "D4": 4000})
    world.policy = overwriting_policy()
    world.run()
    world.backend.change(CustomerCode("D4"), {TIER: "一般"})
    world.run()
    undo = world.undo("run-1")
    assert "D4" in [change.code for change in undo.plan.changes], "it holds what the first run wrote, whoever wrote it"
    later = world.undo("run-2")
    assert [(change.code, change.fields[0].after) for change in later.plan.changes] == [("D4", "一般")]


@pytest.mark.parametrize(("field", "kept"), [("tier", ROLES), ("roles", TIER)])
def test_of_two_fields_one_can_be_taken_back(world: World, field: str, kept: str) -> None:
    before = world.rows()
    world.night().apply(with_roles(world.plan().plan))
    after = world.rows()
    world.night().apply(world.undo("run-1", customers=["A1"], fields=[field]).plan)
    assert world.rows() == {**after, "A1": {**before["A1"], kept: after["A1"][kept]}}


def test_of_two_fields_the_one_that_a_person_changed_stays(world: World) -> None:
    world.night().apply(with_roles(world.plan().plan))
    world.backend.change(CustomerCode("A1"), {ROLES: "供应商"})
    undo = world.undo("run-1", customers=["A1"])
    assert causes(undo) == [("A1", "changed_since", "roles")]
    world.night().apply(undo.plan)
    assert (world.value("A1", TIER), world.value("A1", ROLES)) == (None, "供应商")


def test_what_u8_held_before_the_run_was_not_its_doing(world: World) -> None:
    plan = world.plan().plan
    world.backend.change(CustomerCode("D4"), {TIER: "VIP"})
    world.night().apply(plan)
    undo = world.undo("run-1")
    assert [change.code for change in undo.plan.changes] == ["A1", "B2", "C3", "E5"]
    assert undo.plan.skipped == ()


@pytest.mark.parametrize("receipts", [True, False], ids=["by receipt", "by reading back"])
def test_a_change_that_was_settled_as_written_is_taken_back(receipts: bool) -> None:  # noqa: FBT001
    world = make_world({code: customer() for code in CODES}, {"D4": 4000}, keep_receipts=receipts)

    def die(_edits: object) -> None:
        raise Crash

    world.backend.on_written = die
    with pytest.raises(Crash):
        world.run()
    world.backend.on_written = None
    with pytest.raises(InputError, match="left 2 changes open"):
        world.undo("run-1")
    world.run()
    assert [change.code for change in world.undo("run-1").plan.changes] == ["A1", "B2"]


def test_a_change_that_was_settled_as_not_written_is_nothing_to_undo(world: World) -> None:
    def lose(_edits: object) -> None:
        raise UnknownOutcomeError(msg("no answer"))

    world.backend.on_write = lose
    world.run()
    world.backend.on_write = None
    undo = world.undo("run-1")
    assert (undo.plan.changes, undo.plan.skipped) == ((), ())


def test_an_unknown_end_refuses_the_undo_until_a_run_has_settled_it(world: World) -> None:
    def lose(_edits: object) -> None:
        world.backend.on_write = None
        world.backend.read = unreadable  # type: ignore[method-assign]
        raise UnknownOutcomeError(msg("no answer"))

    def unreadable(*_args: object) -> None:
        raise UnknownOutcomeError(msg("no answer"))

    read = world.backend.read
    world.backend.on_write = lose
    world.run()
    world.backend.read = read  # type: ignore[method-assign]
    with pytest.raises(InputError, match="left 2 changes open") as refused:
        world.undo("run-1", customers=["A1"])
    assert "settle them by reading U8" in str(refused.value.hint)


def test_an_undo_passes_the_same_guards_and_may_be_allowed_once() -> None:
    codes = [f"C{number:02}" for number in range(20)]
    world = make_world({code: customer() for code in codes}, {code: 1000 * (n + 1) for n, code in enumerate(codes)})
    world.run()
    world.limits = Limits(share_changed=Decimal(10), top_downgrades=0)
    undo = world.undo("run-1")
    assert [verdict.guard for verdict in undo.stopped] == ["share_changed", "top_downgrades"]
    with pytest.raises(UnsafePlanError):
        world.night().apply(undo.plan)
    assert len(world.backend.journal) == 20
    world.allow = frozenset({"share_changed", "top_downgrades"})
    assert world.undo("run-1").stopped == ()
    assert world.night().apply(undo.plan).exit_code == ExitCode.DONE


def test_a_protected_customer_is_not_touched_by_an_undo_either(world: World) -> None:
    world.run()
    world.limits = replace(world.limits, protected=frozenset({"B2"}))
    assert causes(world.undo("run-1")) == [("B2", "protected", None)]


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({TIER: ColumnLimit(60, frozenset({"一般"}))}, id="not in the list of values any more"),
        pytest.param({TIER: ColumnLimit(1)}, id="too long by now"),
        pytest.param({}, id="the item lost its caption"),
    ],
)
def test_a_former_value_that_u8_does_not_take_any_more_is_left_alone(limit: dict[str, ColumnLimit]) -> None:
    world = make_world({"A1": customer("重要"), "B2": customer()}, {"A1": 1000})
    world.run()
    assert world.tier("A1") == "一般"
    world.backend._writable = limit
    undo = world.undo("run-1", customers=["A1"])
    assert causes(undo) == [("A1", "not_allowed", "tier")]
    assert undo.plan.changes == ()


def test_nothing_is_taken_back_wherever_the_field_may_be_written(world: World) -> None:
    world.run()
    world.backend._writable = {TIER: ColumnLimit(60, frozenset({"VIP"}))}
    assert world.undo("run-1").plan.skipped == ()


def test_every_change_says_what_it_takes_back(world: World, tmp_path: Path) -> None:
    world.run()
    names = {record["customer"]: record["op_id"] for record in world.of_type("intent")}
    plan = world.undo("run-1").plan
    save_plan(plan, tmp_path / "undo.json")
    assert load_plan(tmp_path / "undo.json") == plan
    assert {change.code: change.undoes and change.undoes.op_id for change in plan.changes} == names
    world.night().apply(load_plan(tmp_path / "undo.json"))
    told = {record["customer"]: record["undoes"] for record in world.of_type("intent") if record["run_id"] == "run-2"}
    assert told == {code: {"run_id": "run-1", "op_id": name} for code, name in names.items()}


def test_what_an_undo_takes_back_cannot_be_edited_in_its_file(world: World, tmp_path: Path) -> None:
    world.run()
    path = tmp_path / "undo.json"
    save_plan(world.undo("run-1").plan, path)
    path.write_text(path.read_text(encoding="utf-8").replace("run-1", "run-7", 1), encoding="utf-8")
    with pytest.raises(StalePlanError, match="was changed after it was made"):
        load_plan(path)


def test_a_saved_undo_keeps_what_it_leaves_alone(world: World, tmp_path: Path) -> None:
    world.run()
    world.backend.change(CustomerCode("A1"), {TIER: "VIP"})
    save_plan(world.undo("run-1").plan, tmp_path / "undo.json")
    assert load_plan(tmp_path / "undo.json").skipped == (Skipped(CustomerCode("A1"), "changed_since", "tier"),)


def test_what_is_changed_between_undo_and_apply_makes_the_plan_stale(world: World) -> None:
    world.run()
    plan = world.undo("run-1").plan
    world.backend.change(CustomerCode("A1"), {TIER: "VIP"})
    with pytest.raises(StalePlanError, match="A1") as stale:
        world.night().apply(plan)
    assert "u8sync plan --undo run-1 --out FILE" in str(stale.value.hint)


def test_a_run_of_another_account_set_is_refused(world: World) -> None:
    world.run()
    world.log.durable = [{**record, "target": "sqlite||UFDATA_001_2026|001|"} for record in world.log.durable]
    with pytest.raises(InputError, match="was made on another account set"):
        world.undo("run-1")


@pytest.mark.parametrize(
    "asked", [{"customers": ["A1", "Z9"]}, {"fields": ["tires"]}], ids=["a customer", "a field that it has not"]
)
def test_asking_for_what_the_run_does_not_have_is_a_mistake_and_not_nothing(
    world: World, asked: dict[str, list[str]]
) -> None:
    world.run()
    with pytest.raises(InputError, match=r"has no change of (Z9|tires)"):
        world.undo("run-1", **asked)  # type: ignore[arg-type]


def test_a_run_that_wrote_nothing_leaves_nothing_to_undo(world: World) -> None:
    world.run()
    world.run()
    assert world.undo("run-2").plan.changes == ()


def test_a_run_that_came_to_no_plan_leaves_nothing_to_undo_and_no_guard_minds(world: World) -> None:
    plan = world.plan().plan
    world.backend.change(CustomerCode("A1"), {TIER: "VIP"})
    with pytest.raises(StalePlanError):
        world.night().apply(plan)
    undo = world.undo("run-1")
    assert (undo.plan.changes, undo.stopped) == ((), ())


tiers = st.sampled_from((None, "", "  ", "钻石", *sorted(TIERS)))


@settings(max_examples=150, deadline=None)
@given(
    held=st.lists(tiers, min_size=2, max_size=7),
    edits=st.dictionaries(st.integers(0, 6), tiers, max_size=4),
    roles=st.booleans(),
)
def test_apply_and_undo_is_the_identity_on_untouched_rows_and_nothing_on_the_others(
    held: list[str | None],
    edits: dict[int, str | None],
    roles: bool,  # noqa: FBT001
) -> None:
    codes = [f"C{number}" for number in range(len(held))]
    world = make_world(
        {code: customer(tier) for code, tier in zip(codes, held, strict=True)},
        {code: 1000 * number for number, code in enumerate(codes)},
    )
    world.limits = Limits(share_changed=Decimal(100), top_downgrades=100, issue_share=Decimal(100))
    before = world.rows()
    plan = world.plan().plan
    if roles:
        plan = with_roles(plan)
    world.night().apply(plan)
    written = world.rows()
    edited = {codes[number]: tier for number, tier in edits.items() if number < len(codes)}
    for code, tier in edited.items():
        world.backend.change(CustomerCode(code), {TIER: tier})
    touched = {code for code, tier in edited.items() if not same(tier, written[code][TIER])}
    world.backend._writable = {TIER: ColumnLimit(60), ROLES: ColumnLimit(10)}
    world.night().apply(world.undo("run-1").plan)
    after = world.rows()
    for code in codes:
        if code in touched:
            assert after[code][TIER] == edited[code]
        else:
            assert all(same(after[code][column], value) for column, value in before[code].items())
    assert world.undo("run-1").plan.changes == ()
