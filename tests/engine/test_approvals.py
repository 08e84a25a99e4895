"""Nights that leave some changes to a person, the person's answers, and what the next night makes of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from engine_world import TIER, World, customer, make_world
from moving_world import COMMON, movement, moving_world, policy
from moving_world import VIP as VIP_TIER

from u8sync.domain.approvals import ApprovalRules, PendingChange
from u8sync.domain.model import CustomerCode
from u8sync.engine.approving import TYPES, answer, pending
from u8sync.engine.records import Actor
from u8sync.errors import LockHeldError, RefusedError, StalePlanError, UnsafePlanError
from u8sync.ports import Edit, Stamp
from u8sync.text import msg

VIP = ApprovalRules(tiers=frozenset({"VIP"}))
STAMP = Stamp("somebody", datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def world() -> World:
    """Four customers that buy more and more, all of them at the bottom; the best one is to become VIP."""
    rows = {code: customer("潜在") for code in ("A1", "B2", "C3", "D4")}
    made = make_world(rows, {"A1": 1000, "B2": 2000, "C3": 3000, "D4": 90000})
    made.approval = VIP
    return made


def waiting(world: World) -> tuple[PendingChange, ...]:
    return pending(world.log.records(*TYPES), world.clock.now())


def say(world: World, *, yes: bool, who: str = "admin", of: Sequence[PendingChange] | None = None) -> int:
    log = world.log.open()
    assert world.approval is not None
    return answer(
        log,
        waiting(world) if of is None else of,
        approved=yes,
        reason="looked at",
        rules=world.approval,
        actor=Actor(who, "u8sync approve", "3", "test", "0" * 64),
        clock=world.clock,
    )


def test_the_night_writes_the_rest_and_leaves_what_needs_a_person(world: World) -> None:
    result = world.run()

    assert result.exit_code == 0
    assert result.waiting == 1
    assert world.tier("D4") == "潜在"
    assert {world.tier(code) for code in ("B2", "C3")} != {"潜在"}
    assert [one.change.code for one in waiting(world)] == ["D4"]


def test_what_is_left_stands_in_the_log_with_its_reason_and_its_cause(world: World) -> None:
    world.run()
    (record,) = world.of_type("wait")
    planned = record["planned"]
    assert isinstance(planned, dict)
    assert (record["customer"], record["needs"]) == ("D4", "tier")
    assert planned["fields"][0]["after"] == "VIP"  # type: ignore[index,call-overload]
    assert planned["reason"]["score"] is not None  # type: ignore[index,call-overload]
    assert [(one["cause"], one["customers"]) for one in world.of_type("skip")] == [("waiting", ["D4"])]


def test_the_next_night_writes_what_was_approved_and_says_by_whom(world: World) -> None:
    world.run()
    say(world, yes=True)
    result = world.run()

    assert [ending.code for ending in result.endings] == ["D4"]
    assert world.tier("D4") == "VIP"
    (approval,) = world.of_type("approval")
    (decision,) = world.of_type("decision")
    assert approval["approver"] == "admin"
    assert approval["reason"] == "looked at"
    assert approval["customers"] == ["D4"]
    assert approval["decisions"] == [decision["seq"]]
    assert int(str(approval["seq"])) < int(str(world.of_type("intent")[-1]["seq"]))
    assert waiting(world) == ()
    assert world.plan().plan.changes == ()


def test_nothing_is_asked_twice_while_a_request_stands(world: World) -> None:
    world.run()
    world.run()
    assert len(world.of_type("wait")) == 1
    assert [one.change.code for one in waiting(world)] == ["D4"]


def test_what_was_refused_is_left_alone_and_not_asked_again(world: World) -> None:
    world.run()
    say(world, yes=False)
    assert world.run().waiting == 0
    assert world.tier("D4") == "潜在"
    assert waiting(world) == ()
    assert [one["cause"] for one in world.of_type("skip")] == ["waiting", "refused"]


def test_a_refusal_ages_out_and_is_asked_again(world: World) -> None:
    world.run()
    say(world, yes=False)
    world.clock.at += timedelta(days=89)
    assert world.run().waiting == 0
    world.clock.at += timedelta(days=1)
    assert world.run().waiting == 1
    assert len(world.of_type("wait")) == 2


def test_a_request_ages_out_and_is_asked_again(world: World) -> None:
    world.run()
    world.clock.at += timedelta(days=7)
    assert waiting(world) == ()
    with pytest.raises(StalePlanError, match="do not wait any more"):
        say(world, yes=True, of=pending(world.log.records(*TYPES), world.clock.at - timedelta(days=7)))
    world.run()
    assert [one.change.code for one in waiting(world)] == ["D4"]


def test_an_approval_ages_out(world: World) -> None:
    world.run()
    say(world, yes=True)
    world.clock.at += timedelta(days=7)
    assert world.run().waiting == 1
    assert world.tier("D4") == "潜在"


def test_an_approved_change_that_is_no_longer_wanted_is_not_written(world: World) -> None:
    world.run()
    say(world, yes=True)
    world.backend.write([Edit(CustomerCode("D4"), {TIER: "潜在"}, {TIER: "一般"}, "x")], STAMP)
    result = world.run()
    assert result.waiting == 1
    assert [record["customer"] for record in world.of_type("wait")] == ["D4", "D4"]
    assert world.tier("D4") == "一般", "what a person did in U8 meanwhile is another change"


def test_an_approval_is_used_once(world: World) -> None:
    world.run()
    say(world, yes=True)
    second = world.run()
    undo = world.undo(second.run_id)
    world.approve, world.allow_reason = True, "wrong customer"
    world.night().apply(undo.plan)
    world.approve = False
    assert world.tier("D4") == "潜在"

    assert world.run().waiting == 1
    assert world.tier("D4") == "潜在"
    assert len(world.of_type("wait")) == 2, "it is asked anew"


def test_an_undo_of_something_else_leaves_the_requests_as_they_are(world: World) -> None:
    first = world.run()
    undo = world.undo(first.run_id)
    assert undo.plan.changes
    world.night().apply(undo.plan)
    assert [one.change.code for one in waiting(world)] == ["D4"]


def test_a_saved_plan_with_what_nobody_approved_is_refused_as_a_whole_and_asks(world: World) -> None:
    world.approval = None
    saved = world.plan().plan
    world.approval = VIP
    with pytest.raises(UnsafePlanError, match="approved first: D4"):
        world.night().apply(saved)
    assert {world.tier(code) for code in ("A1", "B2", "C3", "D4")} == {"潜在"}
    assert world.of_type("intent") == []

    say(world, yes=True)
    assert world.night().apply(saved).exit_code == 0
    assert world.tier("D4") == "VIP"


def test_a_plan_that_is_saved_holds_only_what_may_be_written(world: World) -> None:
    planned = world.plan()
    assert "D4" not in [change.code for change in planned.plan.changes]
    assert [one.change.code for one in planned.sorting.waiting] == ["D4"]
    assert world.night().apply(planned.plan).exit_code == 0


def test_guards_count_only_what_would_be_written(world: World) -> None:
    world.limits = replace(world.limits, top_downgrades=0)
    world.backend.write([Edit(CustomerCode("A1"), {TIER: "潜在"}, {TIER: "VIP"}, "x")], STAMP)
    assert not world.plan().stopped
    world.approval = None
    assert [one.guard for one in world.plan().stopped] == ["top_downgrades"]


def test_who_runs_may_approve_and_stands_in_the_log(world: World) -> None:
    world.approve, world.allow_reason = True, "ticket 7"
    assert world.run().waiting == 0
    assert world.tier("D4") == "VIP"
    (approval,) = world.of_type("approval")
    assert (approval["approver"], approval["method"], approval["reason"]) == ("tester", "--approve", "ticket 7")
    assert approval["customers"] == ["D4"]


def test_four_eyes_who_asked_does_not_answer(world: World) -> None:
    world.approval = replace(VIP, four_eyes=True)
    world.run()
    with pytest.raises(RefusedError, match="tester ran the run that asked"):
        say(world, yes=True, who="tester")
    assert world.of_type("decision") == []
    assert say(world, yes=True, who="admin") == 1


def test_an_answer_that_somebody_else_gave_meanwhile_is_not_given_twice(world: World) -> None:
    world.run()
    seen = waiting(world)
    say(world, yes=False)
    with pytest.raises(StalePlanError, match="do not wait any more: D4"):
        say(world, yes=True, of=seen)
    assert [one["answer"] for one in world.of_type("decision")] == ["no"]


def test_a_change_that_was_approved_and_met_a_conflict_stays_approved(world: World) -> None:
    world.run()
    say(world, yes=True)
    plan = world.plan().plan
    busy = {"left": 1}

    def refuse(_edits: Sequence[Edit]) -> None:
        if busy["left"]:
            busy["left"] -= 1
            raise LockHeldError(msg("busy"))

    world.backend.on_write = refuse
    assert [change.code for change in plan.changes] == ["D4"]
    world.run()
    assert world.tier("D4") == "潜在"
    assert world.run().exit_code == 0
    assert world.tier("D4") == "VIP"


def test_without_the_section_what_waited_is_written(world: World) -> None:
    world.run()
    world.approval = None
    world.run()
    assert world.tier("D4") == "VIP"


def test_requests_are_of_the_last_plan_only(world: World) -> None:
    world.run()
    assert [one.change.code for one in waiting(world)] == ["D4"]
    world.backend.write([Edit(CustomerCode("D4"), {TIER: "潜在"}, {TIER: "VIP"}, "x")], STAMP)
    world.run()
    assert waiting(world) == (), "U8 holds VIP by now: nothing is left to approve"


def test_a_clock_that_jumps_back_keeps_requests_and_answers(world: World) -> None:
    world.run()
    say(world, yes=True)
    world.clock.at -= timedelta(days=2)
    world.run()
    assert world.tier("D4") == "VIP"


def test_a_fall_that_was_asked_for_at_a_review_may_still_be_made_when_the_answer_comes_days_later() -> None:
    world = moving_world(policy(movement(review=((10, 1),))), {"A": 3500, "B": 3500})
    world.pass_night("2026-09-30")
    world.approval = VIP
    world.pass_night("2026-10-01", A=1000, B=1000)
    assert world.tiers() == {"A": VIP_TIER, "B": VIP_TIER}
    assert {one.change.code for one in waiting(world)} == {"A", "B"}

    world.pass_night("2026-10-02")
    assert {one.change.code for one in waiting(world)} == {"A", "B"}, "it is still asked for, though the review is over"
    say(world, yes=True, of=[one for one in waiting(world) if one.change.code == "A"])
    say(world, yes=False, of=[one for one in waiting(world) if one.change.code == "B"])
    world.pass_night("2026-10-03")
    assert world.tiers() == {"A": COMMON, "B": VIP_TIER}
    assert world.held()["B"] == "review"


def test_a_fall_that_nobody_asked_for_waits_for_its_review() -> None:
    world = moving_world(policy(movement(review=((10, 1),))), {"A": 3500})
    world.approval = VIP
    world.approve = True
    world.pass_night("2026-10-01")
    world.approve = False
    world.pass_night("2026-10-02", A=1000)
    assert world.tiers() == {"A": VIP_TIER}
    assert world.held() == {"A": "review"}
    assert waiting(world) == ()
