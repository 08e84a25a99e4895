"""Random histories: nights, people who edit, lost answers and deaths, and what must hold after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

from engine_world import TIER, TIERS, Crash, World, customer, make_world
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from u8sync.domain.guards import Limits
from u8sync.domain.model import CustomerCode
from u8sync.errors import TransientError, U8SyncError, UnknownOutcomeError
from u8sync.ports import Edit
from u8sync.text import msg

CODES = ("A", "B", "C", "D", "E", "F", "G")
FAULTS = ("busy", "lost before", "lost after", "death before", "death after")


class Histories(RuleBasedStateMachine):
    """One account set over many nights. Every write of ours is in the journal; the log is what a new process finds."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World = make_world(
            {code: customer() for code in CODES}, {code: 1000 * index for index, code in enumerate(CODES) if index}
        )
        self.world.limits = Limits(share_changed=Decimal(100), top_downgrades=100, issue_share=Decimal(100))
        self.faults: list[str | None] = []
        self.world.backend.on_write = self._before_write
        self.world.backend.on_written = self._after_write

    def _before_write(self, edits: Sequence[Edit]) -> None:
        durable = {(record["customer"], str(record["after"])) for record in self.world.of_type("intent")}
        assert all((edit.code, str(dict(edit.after))) in durable for edit in edits), "a write without a durable intent"
        fault = self.faults[-1] if self.faults else None
        if fault == "busy":
            self.faults.pop()
            raise TransientError(msg("busy"))
        if fault == "lost before":
            self.faults.pop()
            raise UnknownOutcomeError(msg("no answer"))
        if fault == "death before":
            self.faults.pop()
            raise Crash

    def _after_write(self, _edits: Sequence[Edit]) -> None:
        fault = self.faults.pop() if self.faults else None
        if fault == "lost after":
            raise UnknownOutcomeError(msg("no answer"))
        if fault == "death after":
            raise Crash

    def _survive(self, night: Callable[[], object]) -> None:
        try:
            night()
        except (Crash, U8SyncError):
            pass
        finally:
            self.faults = []
            self.world.log.pending.clear()

    @rule(faults=st.lists(st.sampled_from((None, *FAULTS)), max_size=6))
    def a_night(self, faults: list[str | None]) -> None:
        self.faults = faults
        self._survive(self.world.run)

    @rule(faults=st.lists(st.sampled_from((None, *FAULTS)), max_size=4))
    def a_plan_applied_by_hand(self, faults: list[str | None]) -> None:
        plan = self.world.plan().plan
        self.faults = faults
        self._survive(lambda: self.world.night().apply(plan))

    @rule(dies_at=st.integers(1, 12))
    def a_night_whose_log_dies(self, dies_at: int) -> None:
        commits = 0

        def die() -> None:
            nonlocal commits
            commits += 1
            if commits == dies_at:
                raise Crash

        self.world.log.on_commit = die
        self._survive(self.world.run)
        self.world.log.on_commit = None

    @rule(code=st.sampled_from(CODES), tier=st.sampled_from((None, *sorted(TIERS))))
    def a_person_sets_a_tier(self, code: str, tier: str | None) -> None:
        self.world.backend.change(CustomerCode(code), {TIER: tier})

    @rule(code=st.sampled_from(CODES), day=st.sampled_from((None, "2026-01-01")))
    def a_person_disables_or_enables(self, code: str, day: str | None) -> None:
        self.world.backend.change(CustomerCode(code), {"dEndDate": day})

    @precondition(lambda self: self.world.log.opened > 0)
    @rule()
    def a_quiet_night_leaves_nothing_to_do(self) -> None:
        self._survive(self.world.run)
        assert self.world.plan().plan.changes == ()
        written = Counter((entry.code, entry.after) for entry in self.world.backend.journal)
        applied = {record["op_id"] for record in self.world.of_type("outcome") if record["status"] == "applied"}
        settled = {record["op_id"] for record in self.world.of_type("settle") if record["verdict"] == "applied"}
        told = Counter(
            (record["customer"], record["after"][TIER])  # type: ignore[call-overload,index]
            for record in self.world.of_type("intent")
            if record["op_id"] in applied | settled
        )
        assert written.keys() <= told.keys(), "a write that no record tells of"

    @invariant()
    def no_write_of_another_person_was_overwritten(self) -> None:
        intents = {
            (str(r["customer"]), str(r["before"][TIER]), str(r["after"][TIER]))  # type: ignore[call-overload,index]
            for r in self.world.of_type("intent")
        }
        for entry in self.world.backend.journal:
            assert (entry.code, str(entry.before), str(entry.after)) in intents

    @invariant()
    def every_run_but_the_last_is_settled(self) -> None:
        last = self.world.log.run_id
        open_before = {r["op_id"] for r in self.world.of_type("intent") if r["run_id"] != last}
        for record in self.world.of_type("outcome", "settle"):
            if record["type"] == "settle" or record["status"] != "unknown":
                open_before.discard(record["op_id"])
        opened_last = any(r["run_id"] == last and r["type"] == "plan" for r in self.world.log.durable)
        assert not (opened_last and open_before), "a run planned before it settled what was open"


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
