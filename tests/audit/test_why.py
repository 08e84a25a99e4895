"""Which change put a tier there, and what belongs to it."""

from __future__ import annotations

from told import intent, outcome, record, settle

from u8sync.audit.why import Case, case_of

LOG = [
    record(1, "run_open", run="A", user="alice"),
    record(2, "plan", run="A", plan="p1"),
    record(3, "guard", run="A", guard="share_changed", ok=False, allowed=True),
    record(4, "guard", run="A", guard="empty_source", ok=True, allowed=False),
    record(5, "approval", run="A", approver="boss"),
    intent(10, "a", run="A", becomes="VIP"),
    intent(11, "other", "002", run="A", becomes="VIP"),
    outcome(12, "a", run="A"),
    outcome(13, "other", customer="002", run="A"),
    record(14, "run_close", run="A"),
    record(20, "run_open", run="B"),
    record(21, "plan", run="B", plan="p2"),
    intent(22, "b", run="B", was="VIP", becomes="key"),
    intent(23, "spelling", run="B", field="roles", column="cCusDefine2", was="x", becomes="x", reason=None),
    outcome(24, "b", "conflict", run="B"),
    outcome(25, "spelling", run="B"),
    record(26, "run_close", run="B"),
    record(30, "run_open", run="C"),
    record(31, "plan", run="C", plan="p3"),
    intent(32, "c", run="C", was="VIP", becomes="key"),
    outcome(33, "c", "unknown", run="C"),
    record(40, "run_open", run="D"),
    settle(41, "c", run="D"),
    record(42, "approval", run="D", approver="auditor", plan="p3"),
    intent(43, "u", run="D", was="key", becomes="VIP", reason=None, undoes={"run_id": "C", "op_id": "c"}),
    outcome(44, "u", run="D"),
    record(45, "run_close", run="D"),
]


def case(**wanted: str) -> Case:
    found = case_of(LOG, "001", **wanted)  # type: ignore[arg-type]
    assert found is not None
    return found


def names(changes: object) -> list[object]:
    return [one.intent["op_id"] for one in changes]  # type: ignore[attr-defined]


def at(seq: int) -> str:
    return str(record(seq, "x")["ts"])


def test_the_change_in_force_is_the_last_written_one_of_the_tier_by_then() -> None:
    assert case_of(LOG, "001", before=at(10)) is None, "not included"
    assert case(before=at(11)).change.intent["op_id"] == "a"
    assert case(before=at(30)).change.intent["op_id"] == "a", "a conflict wrote nothing, a spelling is no tier"
    assert case(before=at(33)).change.intent["op_id"] == "c", "what was settled later was written when it was sent"
    assert case().change.intent["op_id"] == "u", "an undo is a change too"
    assert case_of(LOG, "003") is None


def test_a_case_has_the_records_of_its_run_and_no_others() -> None:
    found = case(op_id="a")
    assert found.run is not None
    assert found.run["user"] == "alice"
    assert found.plan is not None
    assert found.plan["plan"] == "p1"
    assert [one["guard"] for one in found.allowed] == ["share_changed"]
    assert [one["approver"] for one in found.approvals] == ["boss"]
    assert found.followed_by is not None
    assert found.followed_by.intent["op_id"] == "c"
    assert found.undone_by == ()


def test_a_case_says_who_approved_its_plan_elsewhere_and_what_took_it_back() -> None:
    found = case(op_id="c")
    assert (found.change.status, found.change.of_end("seq")) == ("applied", 41)
    assert [one["approver"] for one in found.approvals] == ["auditor"]
    assert names(found.undone_by) == ["u"]


def test_an_undo_names_what_it_takes_back() -> None:
    found = case(op_id="u")
    assert found.change.undoes == ("C", "c")
    assert found.takes_back is not None
    assert found.takes_back.intent["op_id"] == "c"
    assert found.followed_by is None


def test_a_change_that_was_not_written_can_be_asked_for_by_name() -> None:
    found = case(op_id="b")
    assert (found.change.status, found.change.applied) == ("conflict", False)
