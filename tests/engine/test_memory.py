"""What the audit log remembers: the size of the archive, what was written last, and where each tier stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_world import COMMON, KEY, VIP, MovingWorld, movement, moving_world, pin, places, policy, rest
from told import intent, outcome, record, settle

from u8sync.domain.movement import Past, state_after
from u8sync.domain.run import Planned
from u8sync.engine.memory import Memory, remember
from u8sync.engine.records import HELD_IN_A_RECORD
from u8sync.errors import ExitCode
from u8sync.ports import Record

TIER = "cCusDefine5"
TOMORROW = date(2026, 11, 30)


def plan(seq: int, day: str, *, run: str, window: Any = "window", customers: int = 9) -> Record:
    """A plan as of this day; an undo has no window."""
    return record(seq, "plan", run=run, seal={"as_of": day}, window=window, customers=customers)


def hold(seq: int, run: str, **below: int) -> Record:
    """Customers that were below so often."""
    held = [
        {"code": code, "tier": VIP, "earned": COMMON, "cause": "count", "below": count} for code, count in below.items()
    ]
    return record(seq, "hold", run=run, as_of="2026-11-01", held=held)


def written(memory: Memory) -> dict[tuple[str, str], str | None]:
    return {(code, column): value for code, column, value in memory.past.written.iter_rows()}


def below(memory: Memory) -> dict[str, int]:
    return {code: count for code, count, _ in memory.past.customers.iter_rows() if count}


def changed_on(memory: Memory) -> dict[str, date]:
    return {code: day for code, _, day in memory.past.customers.iter_rows() if day is not None}


def test_an_empty_log_remembers_nothing() -> None:
    memory = remember([], TOMORROW)
    assert (memory.last_customers, memory.past.evaluated_on, memory.note) == (None, None, None)
    assert memory.past.customers.is_empty()
    assert memory.past.written.is_empty()


def test_a_second_column_that_held_another_tier_is_no_move_of_the_customer() -> None:
    def log(current: str | None) -> list[Record]:
        moved = {"earned": VIP, "current": current}
        reason = {"tier": VIP, "score": None, "rule": "", "contributions": [], "measured": {}, "moved": moved}
        change = intent(2, "a", was=KEY, becomes=VIP, column="cCusDefine4", reason=reason)
        return [plan(1, "2026-10-31", run="run-1"), change, outcome(3, "a")]

    assert changed_on(remember(log(VIP), TOMORROW)) == {}
    assert changed_on(remember(log(None), TOMORROW)) == {}
    assert changed_on(remember(log(KEY), TOMORROW)) == {"001": date(2026, 10, 31)}


# What was written -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "value"),
    [
        pytest.param([outcome(3, "a")], KEY, id="written"),
        pytest.param([outcome(3, "a", "already_applied")], KEY, id="was there already"),
        pytest.param([outcome(3, "a", "unknown"), settle(4, "a")], KEY, id="settled as written"),
        pytest.param([settle(4, "a")], KEY, id="settled as written after a death"),
        pytest.param([outcome(3, "a", "conflict")], VIP, id="a person was quicker"),
        pytest.param([outcome(3, "a", "rejected")], VIP, id="refused"),
        pytest.param([outcome(3, "a", "unknown"), settle(4, "a", "not_applied")], VIP, id="settled as not written"),
        pytest.param([settle(4, "a", "conflict")], VIP, id="settled as neither value"),
        pytest.param([outcome(3, "a", "unknown")], "no claim", id="nobody knows yet"),
        pytest.param([], "no claim", id="no end recorded"),
    ],
)
def test_what_was_written_last_is_remembered_by_its_end(records: list[Record], value: str | None) -> None:
    log = [
        plan(0, "2026-11-01", run="run-1"),
        intent(1, "before", becomes=VIP),
        outcome(2, "before"),
        intent(2, "a", was=VIP, becomes=KEY),
        *records,
    ]
    expected = {} if value == "no claim" else {("001", TIER): value}
    assert written(remember(log, TOMORROW)) == expected


def test_every_column_is_remembered_by_itself_and_other_customers_apart() -> None:
    log = [
        intent(1, "a", becomes=VIP),
        outcome(2, "a"),
        intent(3, "b", field="roles", column="cCusDefine4", becomes="分销商", reason=None),
        outcome(4, "b"),
        intent(5, "c", "7", becomes=COMMON),
        outcome(6, "c", customer="7"),
    ]
    assert written(remember(log, TOMORROW)) == {
        ("001", TIER): VIP,
        ("001", "cCusDefine4"): "分销商",
        ("7", TIER): COMMON,
    }


def test_an_undo_that_emptied_a_field_is_what_was_written_last() -> None:
    log = [
        intent(1, "a", becomes=VIP),
        outcome(2, "a"),
        intent(3, "u", was=VIP, becomes=None, reason=None, undoes={"run_id": "run-1", "op_id": "a"}),
        outcome(4, "u"),
    ]
    assert written(remember(log, TOMORROW)) == {("001", TIER): None}


# When a tier changed --------------------------------------------------------------------------------------------------


def test_a_tier_changed_on_the_day_of_the_run_that_moved_it_last() -> None:
    log = [
        plan(1, "2026-11-01", run="A"),
        intent(2, "a", run="A", becomes=VIP),
        outcome(3, "a", run="A"),
        plan(4, "2026-11-02", run="B"),
        intent(5, "b", run="B", was=VIP, becomes=KEY),
        outcome(6, "b", run="B"),
        plan(7, "2026-11-03", run="C"),
        intent(8, "c", run="C", was=KEY, becomes=KEY, reason=None),
        outcome(9, "c", run="C"),
        intent(10, "d", run="C", field="roles", column="cCusDefine4", was="x", becomes="y", reason=None),
        outcome(11, "d", run="C"),
    ]
    assert changed_on(remember(log[:3], TOMORROW)) == {}, "to get the first one is no move"
    assert changed_on(remember(log, TOMORROW)) == {"001": date(2026, 11, 2)}, "a spelling and another field are none"


def test_a_change_that_a_later_run_settled_counts_for_the_day_it_was_planned_for() -> None:
    log = [
        plan(1, "2026-11-01", run="A"),
        intent(2, "a", run="A", was=VIP, becomes=KEY),
        settle(3, "a", run="B"),
        plan(4, "2026-11-05", run="B"),
    ]
    assert changed_on(remember(log, TOMORROW)) == {"001": date(2026, 11, 1)}


def test_an_undo_moves_a_tier_on_the_day_it_was_made_for() -> None:
    log = [
        plan(1, "2026-11-01", run="A"),
        intent(2, "a", run="A", was=VIP, becomes=KEY),
        outcome(3, "a", run="A"),
        plan(4, "2026-11-09", run="B", window=None),
        intent(5, "u", run="B", was=KEY, becomes=VIP, reason=None, undoes={"run_id": "A", "op_id": "a"}),
        outcome(6, "u", run="B"),
    ]
    assert changed_on(remember(log, TOMORROW)) == {"001": date(2026, 11, 9)}


@pytest.mark.parametrize(
    ("wrote", "moves"),
    [
        pytest.param(VIP, {"001": date(2026, 11, 1)}, id="another tier than u8sync had written"),
        pytest.param(f"{KEY} ", {}, id="the tier that u8sync had written"),
        pytest.param(None, {}, id="u8sync had emptied it"),
    ],
)
def test_where_a_persons_edit_was_written_over_the_tier_moves_from_the_one_that_u8sync_wrote(
    wrote: str | None, moves: dict[str, date]
) -> None:
    announced = intent(2, "a", run="A", was=COMMON, becomes=KEY)
    fields: Any = announced["fields"]
    log = [
        plan(1, "2026-11-01", run="A"),
        {**announced, "fields": [{**fields[0], "edited": {"wrote": wrote}}]},
        outcome(3, "a", run="A"),
    ]
    assert changed_on(remember(log, TOMORROW)) == moves


# Who was below --------------------------------------------------------------------------------------------------------


def test_only_the_last_evaluation_says_who_is_below() -> None:
    log = [
        plan(1, "2026-11-01", run="A"),
        hold(2, "A", X=1, Y=4),
        plan(3, "2026-11-02", run="B"),
        hold(4, "B", X=2),
        hold(5, "B", Z=1),
    ]
    memory = remember(log, TOMORROW)
    assert below(memory) == {"X": 2, "Z": 1}
    assert memory.past.evaluated_on == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param([plan(3, "2026-11-02", run="B"), hold(4, "B", X=2)], {"X": 2}, id="a rerun of its day"),
        pytest.param([plan(3, "2026-11-02", run="B")], {}, id="a rerun of its day that found nobody below"),
        pytest.param([plan(3, "2026-11-01", run="B"), hold(4, "B", X=1)], {"X": 9}, id="a run for an earlier day"),
        pytest.param([plan(3, "2026-11-09", run="B", window=None)], {"X": 9}, id="an undo"),
        pytest.param([plan(3, "2026-11-30", run="B"), hold(4, "B", X=10)], {"X": 9}, id="a run of the same day"),
        pytest.param([plan(3, "2026-12-01", run="B"), hold(4, "B", X=10)], {"X": 9}, id="a run for a later day"),
    ],
)
def test_what_counts_is_the_last_run_of_the_last_earlier_day(more: list[Record], expected: dict[str, int]) -> None:
    log = [plan(1, "2026-11-02", run="A"), hold(2, "A", X=9), *more]
    memory = remember(log, TOMORROW)
    assert (below(memory), memory.past.evaluated_on) == (expected, date(2026, 11, 2))


def test_another_tier_begins_another_count() -> None:
    log = [
        plan(1, "2026-11-01", run="A"),
        hold(2, "A", **{"001": 3, "002": 3}),
        intent(3, "a", run="A", was=VIP, becomes=KEY),
        intent(4, "b", "002", run="A", was=VIP, becomes=KEY),
        outcome(5, "a", run="A"),
        outcome(6, "b", "conflict", customer="002", run="A"),
    ]
    assert below(remember(log, TOMORROW)) == {"002": 3}


# How large the archive was --------------------------------------------------------------------------------------------


def test_the_archive_was_as_large_as_at_the_last_run_that_ended_well() -> None:
    log = []
    for at, (run, code) in enumerate(
        [("A", ExitCode.DONE), ("B", ExitCode.PENDING), ("C", ExitCode.GUARD), ("D", None)]
    ):
        log.append(plan(10 * at, "2026-11-01", run=run, customers=100 + at))
        if code is not None:
            log.append(record(10 * at + 1, "run_close", run=run, exit_code=int(code)))
    assert remember(log, TOMORROW).last_customers == 101


# The whole of it ------------------------------------------------------------------------------------------------------

CODES = ("A", "B", "C", "D")
REVENUE = st.sampled_from([1000, 1900, 2000, 2500, 2900, 3000, 4000])
RULES = st.builds(
    movement,
    margin=st.sampled_from([Decimal(0), Decimal(10)]),
    down_after=st.integers(1, 3),
    most_steps=st.none() | st.just(1),
    review=st.sampled_from([(), ((11, 3),)]),
    cool_down=st.none() | st.builds(rest, st.integers(1, 4), st.sampled_from(["both", "down"])),
)
NIGHTS = st.lists(
    st.tuples(st.integers(1, 3), st.fixed_dictionaries(dict.fromkeys(CODES, REVENUE)), st.booleans()),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(
    rules=RULES,
    nights=NIGHTS,
    quota=st.none() | st.integers(1, 2),
    pinned=st.booleans(),
    first=st.dictionaries(st.sampled_from(CODES), st.sampled_from([VIP, KEY, COMMON])),
)
def test_the_log_remembers_what_a_replay_in_memory_keeps(
    rules: Any,
    nights: Sequence[tuple[int, dict[str, int], bool]],
    quota: int | None,
    first: dict[str, str],
    *,
    pinned: bool,
) -> None:
    by = policy(
        rules,
        quota=None if quota is None else places(quota),
        pins=(pin("A", KEY, date(2026, 11, 4)),) if pinned else (),
    )
    world: MovingWorld = moving_world(by, dict.fromkeys(CODES, 1000), first)
    day, kept = date(2026, 11, 1), Past()
    for days, revenues, again in nights:
        day += timedelta(days=days)
        world.evening(day.isoformat(), **revenues)
        told: list[Planned] = []
        world.night().run(told.append)
        assert told[0].past.customers.sort("code").equals(kept.customers.sort("code"))
        kept = state_after(told[0].decision.customers, day)
        if again:
            assert world.run().plan.changes == (), "twice is once"
        remembered = world.memory((day + timedelta(days=1)).isoformat()).past
        assert remembered.evaluated_on == kept.evaluated_on
        assert remembered.customers.sort("code").equals(kept.customers.sort("code"))


def test_more_customers_than_one_record_holds_are_all_remembered() -> None:
    codes = [f"C{number:04}" for number in range(2 * HELD_IN_A_RECORD + 1)]
    world = moving_world(policy(movement(down_after=9)), dict.fromkeys(codes, 1000), dict.fromkeys(codes, VIP))
    world.pass_night("2026-11-01")
    assert len(world.of_type("hold")) == 3
    assert world.below("2026-11-02") == dict.fromkeys(codes, 1)
