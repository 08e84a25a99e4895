"""Nights under rules of movement: what each finds in the log of those before, and what people did in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from engine_world import TIER, Crash
from moving_world import COMMON, KEY, VIP, MovingWorld, movement, moving_world, pin, places, policy, rest

from u8sync.domain.plan import Edited
from u8sync.engine.plan_file import load_plan, save_plan
from u8sync.errors import ExitCode, UnsafePlanError


def written(world: MovingWorld) -> list[tuple[object, object]]:
    """Run and new tier of every change that was written."""
    ended = {record["op_id"] for record in world.of_type("outcome") if record["status"] == "applied"}
    return [
        (record["run_id"], record["after"][TIER])  # type: ignore[call-overload, index]
        for record in world.of_type("intent")
        if record["op_id"] in ended
    ]


# Falling slowly -------------------------------------------------------------------------------------------------------


def test_a_tier_falls_at_the_third_night_below_and_says_why_it_stood_before() -> None:
    world = moving_world(policy(movement(down_after=3)), {"A": 3500})
    world.pass_night("2026-10-01")
    for day in ("2026-10-02", "2026-10-03"):
        world.pass_night(day, A=1000)
        assert world.tiers() == {"A": VIP}
        assert world.held() == {"A": "count"}
    world.pass_night("2026-10-04")
    assert world.tiers() == {"A": COMMON}
    assert world.held() == {"A": None}, "counted, and held by nothing"


def test_a_night_that_is_not_below_begins_the_count_anew() -> None:
    world = moving_world(policy(movement(down_after=2)), {"A": 3500})
    for day, revenue in enumerate((3500, 1000, 3500, 1000), 1):
        world.pass_night(f"2026-10-{day:02}", A=revenue)
    assert world.tiers() == {"A": VIP}
    world.pass_night("2026-10-05")
    assert world.tiers() == {"A": COMMON}


def test_a_rerun_of_the_same_day_does_not_count_twice() -> None:
    world = moving_world(policy(movement(down_after=3)), {"A": 3500})
    world.pass_night("2026-10-01")
    for _ in range(4):
        world.pass_night("2026-10-02", A=1000)
    assert world.tiers() == {"A": VIP}
    assert world.below("2026-10-03") == {"A": 1}


def test_a_run_for_an_earlier_day_disturbs_no_count() -> None:
    world = moving_world(policy(movement(down_after=3)), {"A": 3500})
    world.pass_night("2026-10-01")
    world.pass_night("2026-10-03", A=1000)
    world.pass_night("2026-10-04")
    world.pass_night("2026-10-02", A=3500)
    assert world.below("2026-10-05") == {"A": 2}
    world.pass_night("2026-10-05", A=1000)
    assert world.tiers() == {"A": COMMON}


def test_who_fell_a_step_counts_anew_before_the_next_one() -> None:
    world = moving_world(policy(movement(down_after=2, most_steps=1)), {"A": 3500})
    world.pass_night("2026-10-01")
    tiers = []
    for day in range(2, 7):
        world.pass_night(f"2026-10-{day:02}", A=1000)
        tiers.append(world.tier("A"))
    assert tiers == [VIP, KEY, KEY, COMMON, COMMON]


@pytest.mark.parametrize("down_after", [1, 2])
def test_a_rerun_of_the_night_of_a_change_goes_no_further_and_counts_nothing(down_after: int) -> None:
    world = moving_world(policy(movement(down_after=down_after, most_steps=1)), {"A": 3500, "B": 1000})
    world.pass_night("2026-10-01")
    if down_after == 2:
        world.pass_night("2026-10-02", A=1000)
    for _ in range(3):
        world.pass_night("2026-10-03", A=1000, B=3500)
        assert world.tiers() == {"A": KEY, "B": KEY}
    assert world.held() == {"A": "count" if down_after == 2 else "steps", "B": "steps"}
    assert world.below("2026-10-04") == {}
    world.pass_night("2026-10-04")
    assert world.tiers() == {"A": KEY if down_after == 2 else COMMON, "B": VIP}


def test_a_run_that_a_guard_stopped_is_an_evaluation() -> None:
    world = moving_world(policy(movement(down_after=3)), {"A": 3500, "B": 3500})
    world.pass_night("2026-10-01")
    world.limits = replace(world.limits, top_downgrades=0)
    world.pass_night("2026-10-02", A=1000)
    world.pass_night("2026-10-03")
    with pytest.raises(UnsafePlanError):
        world.pass_night("2026-10-04")
    assert world.below("2026-10-05") == {"A": 3}
    world.limits = replace(world.limits, top_downgrades=9)
    world.pass_night("2026-10-05")
    assert world.tiers() == {"A": COMMON, "B": VIP}


@pytest.mark.parametrize("moment", ["before the write", "after the write"])
def test_a_crash_in_the_middle_of_a_night_keeps_the_counts_right(moment: str) -> None:
    world = moving_world(policy(movement(down_after=2, most_steps=1)), {"A": 3500, "B": 3500, "C": 3500})
    world.batch = 1
    world.pass_night("2026-10-01")
    world.pass_night("2026-10-02", A=1000, B=1000, C=2500)

    def die(edits: object) -> None:
        if any(edit.code == "B" for edit in edits):  # type: ignore[attr-defined]
            raise Crash

    world.backend.on_write, world.backend.on_written = (die, None) if moment == "before the write" else (None, die)
    with pytest.raises(Crash):
        world.pass_night("2026-10-03")
    world.backend.on_write = world.backend.on_written = None
    world.pass_night("2026-10-03")
    assert world.tiers() == {"A": KEY, "B": KEY, "C": KEY}
    world.pass_night("2026-10-04")
    assert world.tiers() == {"A": KEY, "B": KEY, "C": KEY}, "each was below its new tier once"
    world.pass_night("2026-10-05")
    assert world.tiers() == {"A": COMMON, "B": COMMON, "C": KEY}


# Rest and review ------------------------------------------------------------------------------------------------------


def test_a_tier_that_changed_rests_for_its_days_and_then_follows() -> None:
    world = moving_world(policy(movement(cool_down=rest(30))), {"A": 1000})
    world.pass_night("2026-10-01")
    world.pass_night("2026-10-02", A=3500)
    assert world.tiers() == {"A": VIP}, "to get the first tier was no change, so nothing rests"
    world.pass_night("2026-10-31", A=1000)
    assert world.tiers() == {"A": VIP}
    assert world.held() == {"A": "cool_down"}
    world.pass_night("2026-11-01")
    assert world.tiers() == {"A": COMMON}


def test_rest_that_holds_only_falls_lets_a_tier_rise() -> None:
    world = moving_world(policy(movement(cool_down=rest(30, "down"))), {"A": 1000})
    world.pass_night("2026-10-01")
    world.pass_night("2026-10-02", A=2500)
    world.pass_night("2026-10-03", A=3500)
    assert world.tiers() == {"A": VIP}
    world.pass_night("2026-10-04", A=1000)
    assert world.held() == {"A": "cool_down"}


def test_tiers_fall_only_at_the_first_night_on_or_after_a_review_day() -> None:
    world = moving_world(policy(movement(review=((1, 1), (7, 1)))), {"A": 3500})
    world.pass_night("2026-06-20")
    world.pass_night("2026-06-30", A=1000)
    assert world.held() == {"A": "review"}
    world.pass_night("2026-07-03")
    assert world.tiers() == {"A": COMMON}, "nobody ran u8sync on the day itself"
    world.pass_night("2026-07-04", A=3500)
    world.pass_night("2026-07-05", A=1000)
    assert world.held() == {"A": "review"}


# Quotas ---------------------------------------------------------------------------------------------------------------


def test_who_has_a_tier_keeps_its_place_before_a_better_one_comes_in() -> None:
    world = moving_world(policy(movement(down_after=2), quota=places(1)), {"A": 3100, "B": 2500, "C": 1000})
    world.pass_night("2026-10-01")
    world.pass_night("2026-10-02", B=9000)
    assert world.tiers() == {"A": VIP, "B": KEY, "C": COMMON}
    assert world.held() == {"A": "count", "B": "quota"}
    world.pass_night("2026-10-03")
    assert world.tiers() == {"A": KEY, "B": VIP, "C": COMMON}


# Pins -----------------------------------------------------------------------------------------------------------------


def test_a_pin_holds_until_its_last_day_and_the_ladder_speaks_after_it() -> None:
    world = moving_world(
        policy(movement(down_after=2), pins=(pin("A", VIP, date(2026, 10, 2)),)), {"A": 1000, "B": 3500}
    )
    for day in ("2026-10-01", "2026-10-02"):
        world.pass_night(day)
        assert world.tiers() == {"A": VIP, "B": VIP}
        assert world.held() == {"A": "pinned"}
    intent = next(record for record in world.of_type("intent") if record["customer"] == "A")
    assert intent["reason"]["moved"]["pin"] == {  # type: ignore[call-overload, index]
        "tier": VIP,
        "reason": "投标中",
        "by": "王经理",
        "until": "2026-10-02",
        "rule": "tiers.yaml:1",
    }
    world.pass_night("2026-10-03")
    assert world.tiers() == {"A": VIP, "B": VIP}, "it was not below while it was pinned"
    assert world.held() == {"A": "count"}
    world.pass_night("2026-10-04")
    assert world.tiers() == {"A": COMMON, "B": VIP}


# Edits by people ------------------------------------------------------------------------------------------------------


def edited(rule: str, *, moves: bool = True) -> MovingWorld:
    """A night that wrote 一般, and a person who made it 重要 since; the ladder says 一般 as before, or VIP for B."""
    world = moving_world(policy(movement() if moves else None, edited=rule), {"A": 1000, "B": 3500})
    world.pass_night("2026-10-01")
    world.edits("A", KEY)
    world.evening("2026-10-02")
    return world


@pytest.mark.parametrize("moves", [True, False], ids=["with movement", "without"])
@pytest.mark.parametrize("rule", ["respect", "ask"])
def test_a_tier_that_a_person_changed_stays_and_the_log_says_so(rule: str, *, moves: bool) -> None:
    world = edited(rule, moves=moves)
    for day in ("2026-10-02", "2026-10-03"):
        assert world.pass_night(day).exit_code == ExitCode.DONE
        assert world.tiers() == {"A": KEY, "B": VIP}
        assert world.held() == {"A": "edited"}
    assert len(written(world)) == 2


def test_respect_lets_nobody_write_over_it() -> None:
    world = edited("respect")
    world.allow = frozenset({"edited_in_u8"})
    world.run()
    assert world.tiers() == {"A": KEY, "B": VIP}
    assert world.approvals() == []


def test_a_person_may_allow_it_once_and_the_log_keeps_who_and_why() -> None:
    world = edited("ask")
    world.allow, world.allow_reason = frozenset({"edited_in_u8"}), "王经理已同意"
    world.run()
    assert world.tiers() == {"A": COMMON, "B": VIP}
    [approval] = world.approvals()
    said = (approval["what"], approval["approver"], approval["method"], approval["reason"], approval["measured"])
    assert said == ("edited_in_u8", "tester", "--allow", "王经理已同意", "1")
    intent = world.of_type("intent")[-1]
    assert intent["fields"][0]["edited"] == {"wrote": COMMON}  # type: ignore[call-overload, index]
    world.allow = frozenset()
    world.edits("A", VIP)
    world.pass_night("2026-10-03")
    assert world.tiers() == {"A": VIP, "B": VIP}, "the next edit needs a word of its own"


def test_overwrite_writes_over_it_and_never_silently() -> None:
    world = edited("overwrite")
    planned = world.plan()
    [change] = planned.plan.changes
    assert change.fields[0].edited == Edited(COMMON)
    verdict = next(one for one in planned.verdicts if one.guard == "edited_in_u8")
    assert (verdict.ok, verdict.measured) == (True, "1")
    world.run()
    assert world.tiers() == {"A": COMMON, "B": VIP}
    assert world.of_type("intent")[-1]["fields"][0]["edited"] == {"wrote": COMMON}  # type: ignore[call-overload, index]


def test_an_edit_that_was_written_over_stops_no_count() -> None:
    world = moving_world(policy(movement(down_after=3), edited="overwrite"), {"A": 3500})
    world.pass_night("2026-10-01")
    world.pass_night("2026-10-02", A=1000)
    world.edits("A", COMMON)
    world.pass_night("2026-10-03")
    assert world.tiers() == {"A": VIP}
    assert world.below("2026-10-04") == {"A": 2}
    world.pass_night("2026-10-04")
    assert world.tiers() == {"A": COMMON}


def test_a_saved_plan_that_writes_over_people_needs_the_word_again_when_it_is_applied(tmp_path: Path) -> None:
    world = edited("ask")
    world.allow = frozenset({"edited_in_u8"})
    save_plan(world.plan().plan, tmp_path / "plan.json")
    plan = load_plan(tmp_path / "plan.json")
    world.allow = frozenset()
    with pytest.raises(UnsafePlanError, match="people changed in U8"):
        world.night().apply(plan)
    assert world.tiers() == {"A": KEY, "B": VIP}
    world.allow, world.allow_reason = frozenset({"edited_in_u8"}), "again"
    assert world.night().apply(plan).exit_code == ExitCode.DONE
    assert world.tiers() == {"A": COMMON, "B": VIP}
    assert [approval["reason"] for approval in world.approvals()] == ["again"]


def test_a_tier_that_a_person_put_back_is_no_edit_any_more() -> None:
    world = edited("ask")
    world.run()
    world.edits("A", f"{COMMON} ")
    world.pass_night("2026-10-03", A=3500)
    assert world.tiers() == {"A": VIP, "B": VIP}


def test_a_value_that_u8sync_never_wrote_is_no_edit() -> None:
    world = moving_world(policy(movement()), {"A": 1000}, {"A": VIP})
    world.pass_night("2026-10-01")
    assert world.tiers() == {"A": COMMON}


def test_what_was_taken_back_is_what_u8sync_wrote_last() -> None:
    world = moving_world(policy(movement(), edited="respect"), {"A": 1000}, {"A": VIP})
    run = world.pass_night("2026-10-01").run_id
    undone = world.undo(run)
    world.night().apply(undone.plan)
    assert world.tiers() == {"A": VIP}
    world.pass_night("2026-10-02")
    assert world.tiers() == {"A": COMMON}, "no person changed it"
