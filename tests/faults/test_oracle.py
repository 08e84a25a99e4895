"""The oracle itself: it is content with a sound night, and names the invariant that any unsound one breaks."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import oracle
import pytest
from engine_world import TIER, World, five_customers
from oracle import Entry

from u8sync.domain.model import CustomerCode
from u8sync.errors import UnknownOutcomeError
from u8sync.text import msg

Story = list[dict[str, Any]]
Journal = list[Entry]


@pytest.fixture
def night() -> tuple[Story, Journal]:
    world = five_customers()
    world.run()
    return deepcopy([dict(record) for record in world.log.durable]), oracle.memory_journal(world.backend)


def of(story: Story, type_: str) -> dict[str, Any]:
    return next(record for record in story if record["type"] == type_)


def test_a_sound_night_agrees(night: tuple[Story, Journal]) -> None:
    story, journal = night
    oracle.agree(story, journal, recovered=True)
    assert len(journal) == 5


def test_a_night_without_new_input_leaves_nothing() -> None:
    world = five_customers()
    world.run()
    with pytest.raises(AssertionError, match=r"^I6"):
        oracle.nothing_left(world.log.durable)
    world.run()
    oracle.nothing_left(world.log.durable)


def no_intent(story: Story, _journal: Journal) -> None:
    code = of(story, "intent")["customer"]
    story[:] = [record for record in story if record.get("customer") != code]


def a_write_twice(_story: Story, journal: Journal) -> None:
    journal.append(journal[0])


def two_ends(story: Story, _journal: Journal) -> None:
    story.append(of(story, "outcome"))


def no_end(story: Story, _journal: Journal) -> None:
    story.remove(of(story, "outcome"))


def applied_and_was_not(_story: Story, journal: Journal) -> None:
    journal.pop()


def refused_and_was_written(story: Story, _journal: Journal) -> None:
    of(story, "outcome")["status"] = "not_applied"


def overwritten(_story: Story, journal: Journal) -> None:
    journal[0] = Entry(journal[0].customer, TIER, "somebody's", journal[0].after)


def another_column(_story: Story, journal: Journal) -> None:
    journal.append(Entry(journal[0].customer, "cCusName", "a", "b"))


def totals_that_lie(story: Story, _journal: Journal) -> None:
    of(story, "run_close")["totals"] |= {"applied": 4, "conflict": 1}


def totals_that_do_not_add_up(story: Story, _journal: Journal) -> None:
    of(story, "run_close")["totals"]["applied"] = 6


def announced_twice(story: Story, _journal: Journal) -> None:
    story.append(of(story, "intent"))


def planned_before_it_settled(story: Story, _journal: Journal) -> None:
    story.remove(of(story, "outcome"))
    story.append(of(story, "plan"))


BROKEN: dict[str, tuple[Callable[[Story, Journal], None], str]] = {
    "a write without an intent": (no_intent, "I1"),
    "a write that happened twice": (a_write_twice, "I1"),
    "two ends of one change": (two_ends, "I2"),
    "no end of a change": (no_end, "I2"),
    "recorded as applied and never committed": (applied_and_was_not, "I3"),
    "recorded as not applied and committed": (refused_and_was_written, "I2"),
    "a value of another person overwritten": (overwritten, "I4"),
    "a column that nobody announced": (another_column, "I5"),
    "totals that the records deny": (totals_that_lie, "I2"),
    "totals that do not add up": (totals_that_do_not_add_up, "I2"),
    "an operation announced twice": (announced_twice, "I2"),
    "a plan before what was open is settled": (planned_before_it_settled, "I2"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_an_invariant_is_told_by_its_number(night: tuple[Story, Journal], name: str) -> None:
    story, journal = night
    breaks, invariant = BROKEN[name]
    breaks(story, journal)
    with pytest.raises(AssertionError, match=f"^{invariant}:"):
        oracle.agree(story, journal, recovered=True)


def lost_answer(world: World, *, took_effect: bool) -> None:
    def once(_edits: object) -> None:
        world.backend.on_write = world.backend.on_written = None
        raise UnknownOutcomeError(msg("no answer"))

    if took_effect:
        world.backend.on_written = once
    else:
        world.backend.on_write = once


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_lost_answer_that_was_settled_right_agrees(took_effect: bool) -> None:  # noqa: FBT001
    world = five_customers()
    lost_answer(world, took_effect=took_effect)
    world.run()
    oracle.agree(world.log.durable, oracle.memory_journal(world.backend), recovered=True)


def test_the_same_value_set_by_a_person_cannot_be_told_from_ours_and_is_no_lie() -> None:
    world = five_customers()
    tier = world.plan().plan.changes[0].after[TIER]

    def somebody_was_faster(_edits: object) -> None:
        world.backend.on_write = None
        world.backend.change(CustomerCode("A1"), {TIER: tier})
        raise UnknownOutcomeError(msg("no answer"))

    world.backend.on_write = somebody_was_faster
    world.run()
    journal = oracle.memory_journal(world.backend)
    oracle.agree(world.log.durable, [Entry("A1", TIER, None, tier, ours=False), *journal], recovered=True)
    with pytest.raises(AssertionError, match=r"^I3"):
        oracle.agree(world.log.durable, journal, recovered=True)


def test_a_spoilt_log_is_told(tmp_path: Path) -> None:
    from audit_world import write_run

    folder = write_run(tmp_path)
    oracle.whole(folder, recovered=True)
    segment = folder / "seg-000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b"C1", b"C9", 1))
    with pytest.raises(AssertionError, match=r"^I7"):
        oracle.whole(folder, recovered=False)


def test_an_index_that_changes_the_answer_is_told(tmp_path: Path) -> None:
    index = tmp_path / "index.sqlite"
    index.write_text("x", encoding="utf-8")
    oracle.same_without_index(tmp_path, lambda: 1)
    index.write_text("x", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"^I10"):
        oracle.same_without_index(tmp_path, index.exists)
