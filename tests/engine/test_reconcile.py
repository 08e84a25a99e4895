"""What changed outside the tool: nothing that the tool did itself, and everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from engine_world import TIER, World, customer, five_customers, make_world, overwriting_policy
from fakes import Quiet
from hypothesis import given, settings
from hypothesis import strategies as st
from told import intent, outcome, settle

from u8sync.audit.endings import changes_in
from u8sync.domain.model import CustomerCode
from u8sync.domain.run import LoggedChange
from u8sync.engine.reconcile import Reconciliation, last_values, reconcile


def compare(world: World) -> Reconciliation:
    """Reconcile the world's account set with its log."""
    return reconcile(lambda: changes_in(world.log.records()), world.backend, retry=world.retry(), progress=Quiet())


def person_writes(world: World, code: str, value: str | None) -> None:
    """Somebody edits the tier in U8."""
    world.backend.change(CustomerCode(code), {TIER: value})


def found(result: Reconciliation) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.kind, one.change.customer, one.change.after, one.live) for one in result.findings]


def test_after_a_night_there_is_nothing_to_say() -> None:
    world = five_customers()
    world.run()
    result = compare(world)
    assert result.findings == ()
    assert (result.customers, result.values, result.differences) == (5, 5, 0)


def test_a_log_without_changes_has_nothing_to_compare() -> None:
    result = compare(five_customers())
    assert (result.customers, result.values, result.findings) == (0, 0, ())


@pytest.mark.parametrize("value", [None, "重要 ", "hand-made"])
def test_a_value_that_a_person_changed_is_listed_with_both_values(value: str | None) -> None:
    world = five_customers()
    world.run()
    before = world.tier("A1")
    assert before == "一般"
    person_writes(world, "A1", value)
    result = compare(world)
    assert found(result) == [("changed", "A1", "一般", value)]
    assert result.differences == 1
    [one] = result.findings
    assert (one.change.run_id, one.change.column) == ("run-1", TIER)


def test_blanks_after_a_value_are_no_difference() -> None:
    world = five_customers()
    world.run()
    person_writes(world, "A1", "一般  ")
    assert compare(world).findings == ()


def test_a_customer_that_was_deleted_is_listed_as_gone() -> None:
    world = five_customers()
    world.run()
    world.backend.remove(CustomerCode("C3"))
    assert [(kind, code) for kind, code, _, _ in found(compare(world))] == [("gone", "C3")]


def change(seq: int, customer_: str, becomes: str | None, status: str | None) -> list[object]:
    """A change in the log that ended like this; null: not at all."""
    told: list[object] = [intent(seq, f"op{seq}", customer_, column=TIER, becomes=becomes)]
    return told if status is None else [*told, outcome(seq + 1, f"op{seq}", status, customer_)]


def values_of(*records: object) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """Place -> what was written and what is waiting."""
    return {
        place: (logged.written and logged.written.after, logged.waiting and logged.waiting.after)
        for place, logged in last_values(changes_in(records)).items()  # type: ignore[arg-type]
    }


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(
            [*change(1, "A", "x", "applied"), *change(3, "A", "y", "applied")], ("y", None), id="the last one"
        ),
        pytest.param([*change(1, "A", "x", "applied"), *change(3, "A", "y", "conflict")], ("x", None), id="a conflict"),
        pytest.param([*change(1, "A", "x", "applied"), *change(3, "A", "y", "rejected")], ("x", None), id="rejected"),
        pytest.param(
            [*change(1, "A", "x", "applied"), *change(3, "A", "y", "already_applied")],
            ("x", None),
            id="a value that somebody else had written",
        ),
        pytest.param([*change(1, "A", "x", "applied"), *change(3, "A", None, "applied")], (None, None), id="emptied"),
        pytest.param([*change(1, "A", "x", "applied"), *change(3, "A", "y", None)], ("x", "y"), id="no end"),
        pytest.param([*change(1, "A", "x", "applied"), *change(3, "A", "y", "unknown")], ("x", "y"), id="unknown"),
        pytest.param(
            [*change(1, "A", "x", "unknown"), settle(9, "op1", customer="A")], ("x", None), id="settled as written"
        ),
        pytest.param(
            [*change(1, "A", "x", "unknown"), settle(8, "op1", "not_applied", "A"), *change(9, "A", "y", "applied")],
            ("y", None),
            id="settled as not written, then another",
        ),
    ],
)
def test_the_last_word_of_the_log(records: list[object], expected: tuple[str | None, str | None]) -> None:
    assert values_of(*records) == {("A", TIER): expected}


def test_an_open_change_is_listed_and_is_no_difference() -> None:
    world = make_world({"A": customer("old"), "B": customer("new")}, {})
    log = [*change(1, "A", "new", None), *change(3, "B", "new", "unknown")]
    result = reconcile(
        lambda: changes_in(log),
        world.backend,
        retry=world.retry(),
        progress=Quiet(),  # type: ignore[arg-type]
    )
    assert found(result) == [("open", "A", "new", "old"), ("open", "B", "new", "new")]
    assert result.differences == 0


def test_a_column_that_cannot_be_read_any_more_is_said_so() -> None:
    world = make_world({"A": customer("x")}, {})
    log = [intent(1, "a", "A", column="cCusDefine99", becomes="y"), outcome(2, "a", customer="A")]
    result = reconcile(lambda: changes_in(log), world.backend, retry=world.retry(), progress=Quiet())
    assert found(result) == [("unread", "A", "y", None)]
    assert result.differences == 1


@dataclass
class Beside:
    """A run beside us: between our reading of the log and of U8 it writes once more."""

    world: World
    readings: Sequence[list[object]]
    reads: list[int] = field(default_factory=list)

    def read(self) -> Sequence[LoggedChange]:
        at = min(len(self.reads), len(self.readings) - 1)
        self.reads.append(at)
        return list(changes_in(self.readings[at]))  # type: ignore[arg-type]


def test_what_a_run_beside_us_writes_meanwhile_is_no_difference() -> None:
    world = make_world({"A": customer("new"), "B": customer("hand-made")}, {})
    old = [*change(1, "A", "old", "applied"), *change(3, "B", "old", "applied")]
    beside = Beside(world, [old, [*old, *change(5, "A", "new", "applied")]])
    result = reconcile(beside.read, world.backend, retry=world.retry(), progress=Quiet())
    assert found(result) == [("changed", "B", "old", "hand-made")]


def test_a_run_that_never_stops_writing_does_not_keep_us_for_ever() -> None:
    world = make_world({"A": customer("hand-made")}, {})
    growing = [change(1, "A", f"v{number}", "applied") for number in range(50)]
    beside = Beside(world, growing)
    result = reconcile(beside.read, world.backend, retry=world.retry(), progress=Quiet())
    assert [one.kind for one in result.findings] == ["changed"]
    assert len(beside.reads) < 10


EDIT = st.tuples(
    st.sampled_from(["A1", "B2", "C3", "D4", "E5"]), st.sampled_from([None, "VIP", "重要", "一般", "潜在"])
)


@settings(max_examples=40, deadline=None)
@given(nights=st.lists(st.lists(EDIT, max_size=3), min_size=1, max_size=3))
def test_exactly_the_edits_since_the_last_writing_are_listed(nights: list[list[tuple[str, str | None]]]) -> None:
    world = five_customers()
    world.policy = overwriting_policy()
    for edits in nights:
        world.run()
        assert compare(world).findings == (), "a night leaves every value as the log says"
        written = {code: world.tier(code) for code in ("A1", "B2", "C3", "D4", "E5")}
        for code, value in edits:
            person_writes(world, code, value)
        expected = {code for code, value in dict(edits).items() if value != written[code]}
        assert {one.change.customer for one in compare(world).findings} == expected
