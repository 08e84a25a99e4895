"""Random histories: nights, undos, people who edit, lost answers and deaths, and what must hold after each.

The oracle holds the account set's own journal against what the log has durably; it believes nothing that u8sync says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import ClassVar

import oracle
from engine_world import ROLES, TIER, TIERS, Crash, World, customer, make_world, with_roles
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from u8sync.domain.guards import Limits
from u8sync.domain.model import CustomerCode, same
from u8sync.domain.undo import PlannedUndo
from u8sync.errors import InputError, TransientError, U8SyncError, UnknownOutcomeError
from u8sync.ports import Edit, Stamp
from u8sync.text import msg

CODES = ("A", "B", "C", "D", "E", "F", "G")
FAULTS = ("busy", "lost before", "lost after", "late", "death before", "death after", "late death", "somebody edits")
UNTOUCHED = ("cCusName", "cCCCode", "cDCCode", "cCusMngTypeCode")

faults_of_a_run = st.lists(st.sampled_from((None, *FAULTS)), max_size=6)
deaths_of_the_log = st.none() | st.tuples(st.integers(1, 12), st.booleans())
held = st.sampled_from((None, "", " ", *sorted(TIERS)))


class Histories(RuleBasedStateMachine):
    """One account set over many nights. Every write of ours is in its journal; the log is what a new process finds.

    Attributes:
        late_s: As the account set says; 0: what was not answered is done or not at once.
        most_edits: As the account set says.
    """

    late_s: ClassVar[float] = 0.0
    most_edits: ClassVar[int | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.world: World = make_world(
            {code: customer() for code in CODES}, {code: 1000 * index for index, code in enumerate(CODES) if index}
        )
        self.world.limits = Limits(share_changed=Decimal(100), top_downgrades=100, issue_share=Decimal(100))
        self.faults: list[str | None] = []
        self.others: list[oracle.Entry] = []
        self.on_the_way: list[Sequence[Edit]] = []
        self.world.backend.late_s = self.late_s
        self.world.backend.most_edits = self.most_edits
        self.world.sleep = self._wait
        self.world.backend.on_write = self._before_write
        self.world.backend.on_written = self._after_write

    # --- faults ---

    def _before_write(self, edits: Sequence[Edit]) -> None:
        assert self.most_edits is None or len(edits) <= self.most_edits
        fault = self.faults[-1] if self.faults else None
        if fault in {"lost after", "death after"}:
            return
        if self.faults:
            self.faults.pop()
        if self.late_s and fault in {"lost before", "late", "late death"}:
            held = self.world.backend.read([edits[0].code], sorted(edits[0].before)).get(edits[0].code)
            if held is None or any(not same(held.values[column], value) for column, value in edits[0].before.items()):
                return  # compared first, and not sent
            if fault != "lost before":
                self.on_the_way.append(tuple(edits))
        if fault == "busy":
            raise TransientError(msg("busy"))
        if fault in {"lost before", "late"}:
            raise UnknownOutcomeError(msg("no answer"))
        if fault in {"death before", "late death"}:
            raise Crash
        if fault == "somebody edits":
            self._somebody_sets(edits[0].code, {TIER: "重要"})

    def _after_write(self, _edits: Sequence[Edit]) -> None:
        fault = self.faults.pop() if self.faults and self.faults[-1] in {"lost after", "death after"} else None
        if fault == "lost after":
            raise UnknownOutcomeError(msg("no answer"))
        if fault == "death after":
            raise Crash

    def _wait(self, seconds: float) -> None:
        """Waiting for what may be on its way: it arrives, unless the process dies first."""
        if not self.late_s or seconds != self.late_s:
            return
        if self.faults and self.faults[-1] == "death before":
            self.faults.pop()
            raise Crash
        self._arrive()

    def _arrive(self) -> None:
        """What was sent and not answered takes effect: before a person's next edit, which no lock would guard."""
        arrived, self.on_the_way = self.on_the_way, []
        backend = self.world.backend
        before, after, backend.on_write, backend.on_written = backend.on_write, backend.on_written, None, None
        for edits in arrived:
            backend.write(edits, Stamp("u8sync", self.world.clock.now()))
        backend.on_write, backend.on_written = before, after

    def _survive(
        self, night: Callable[[], object], faults: list[str | None], dies: tuple[int, bool] | None = None
    ) -> None:
        """A process that may meet these faults, and die at the n-th commit of its log, before or after it counts."""
        commits = 0

        def count() -> None:
            nonlocal commits
            commits += 1
            if dies is not None and commits == dies[0]:
                raise Crash

        self.faults = list(faults)
        log = self.world.log
        if dies is not None:
            log.on_commit, log.on_committed = (None, count) if dies[1] else (count, None)
        try:
            night()
        except (Crash, U8SyncError):
            pass
        finally:
            self.faults = []
            log.on_commit = log.on_committed = None
            log.pending.clear()

    def _somebody_sets(self, code: str, values: dict[str, str | None]) -> None:
        self._arrive()
        there = code in self.world.rows()
        for column, value in values.items():
            before = self.world.value(code, column) if there else None
            self.others.append(oracle.Entry(code, column, before, value, ours=False))
        self.world.backend.change(CustomerCode(code), values)

    def _runs(self) -> list[str]:
        return [str(record["run_id"]) for record in self.world.of_type("run_open")]

    def _undo(self, at: int, customers: list[str], fields: list[str]) -> PlannedUndo | None:
        """A plan to take back one of the runs so far; null when it is refused."""
        runs = self._runs()
        try:
            return self.world.undo(runs[at % len(runs)], customers=customers, fields=fields)
        except InputError:
            return None

    # --- what happens ---

    @rule(faults=faults_of_a_run, dies=deaths_of_the_log)
    def a_night(self, faults: list[str | None], dies: tuple[int, bool] | None) -> None:
        self._survive(self.world.run, faults, dies)

    @rule(faults=faults_of_a_run, dies=deaths_of_the_log, roles=st.booleans())
    def a_plan_applied_by_hand(self, faults: list[str | None], dies: tuple[int, bool] | None, roles: bool) -> None:  # noqa: FBT001
        plan = self.world.plan().plan
        if roles:
            plan = with_roles(plan, {code: row[ROLES] for code, row in self.world.rows().items()})
        self._survive(lambda: self.world.night().apply(plan), faults, dies)

    @precondition(lambda self: self.world.log.opened > 0 and self._runs())
    @rule(
        at=st.integers(0, 30),
        customers=st.lists(st.sampled_from(CODES), max_size=2),
        fields=st.lists(st.sampled_from(("tier", "roles")), max_size=1),
        faults=faults_of_a_run,
        dies=deaths_of_the_log,
    )
    def an_undo(
        self,
        at: int,
        customers: list[str],
        fields: list[str],
        faults: list[str | None],
        dies: tuple[int, bool] | None,
    ) -> None:
        undo = self._undo(at, customers, fields)
        if undo is not None:
            self._survive(lambda: self.world.night().apply(undo.plan), faults, dies)

    @rule(code=st.sampled_from(CODES), tier=held)
    def a_person_sets_a_tier(self, code: str, tier: str | None) -> None:
        if code in self.world.rows():
            self._somebody_sets(code, {TIER: tier})

    @rule(code=st.sampled_from(CODES), roles=st.sampled_from((None, "代理商", "供应商")))
    def a_person_sets_the_roles(self, code: str, roles: str | None) -> None:
        if code in self.world.rows():
            self._somebody_sets(code, {ROLES: roles})

    @rule(code=st.sampled_from(CODES), day=st.sampled_from((None, "2026-01-01")))
    def a_person_disables_or_enables(self, code: str, day: str | None) -> None:
        if code in self.world.rows():
            self._somebody_sets(code, {"dEndDate": day})

    @rule(code=st.sampled_from(CODES[:3]))
    def a_person_deletes_a_customer_or_enters_it_again(self, code: str) -> None:
        if code in self.world.rows():
            self._arrive()
            self.others.append(oracle.Entry(code, "", None, None, ours=False))
            self.world.backend.remove(CustomerCode(code))
        else:
            self._somebody_sets(code, customer())

    @precondition(lambda self: self.world.log.opened > 0)
    @rule()
    def a_quiet_night_leaves_nothing_to_do(self) -> None:
        self._survive(self.world.run, [])
        assert self.world.plan().plan.changes == ()
        oracle.agree(self.world.log.durable, self._journal(), recovered=True)
        self._survive(self.world.run, [])
        oracle.nothing_left(self.world.log.durable)

    @precondition(lambda self: self.world.log.opened > 0 and self._runs())
    @rule(at=st.integers(0, 30))
    def a_quiet_undo_takes_back_what_it_planned_and_nothing_else(self, at: int) -> None:
        self._survive(self.world.run, [])  # settles what is open
        undo = self._undo(at, [], [])
        assert undo is not None
        run = self._runs()[at % len(self._runs())]
        before = self.world.rows()
        self._survive(lambda: self.world.night().apply(undo.plan), [])
        planned = {change.code: change.after for change in undo.plan.changes}
        used_up = undo.plan.changes and self.world.of_type("run_close")[-1]["exit_code"] != 0
        assert not used_up, self.world.of_type("run_close")[-1]["error"]
        for code, row in self.world.rows().items():
            assert row == {**before[code], **planned.get(CustomerCode(code), {})}
        again = self.world.undo(run)
        assert again.plan.changes == ()

    # --- what must hold ---

    def _journal(self) -> list[oracle.Entry]:
        return [*oracle.memory_journal(self.world.backend), *self.others]

    @invariant()
    def the_journal_and_the_log_agree(self) -> None:
        oracle.agree(self.world.log.durable, self._journal(), recovered=False)

    @invariant()
    def no_other_column_was_touched(self) -> None:
        blank = customer()
        for code, row in self.world.rows().items():
            assert {name: row[name] for name in UNTOUCHED} == {name: blank[name] for name in UNTOUCHED}, code

    @invariant()
    def an_undo_puts_what_was_before_its_run_in_place_of_what_the_run_wrote(self) -> None:
        intents = {record["op_id"]: record for record in self.world.of_type("intent")}
        applied = {
            record["op_id"]
            for record in self.world.of_type("outcome", "settle")
            if "applied" in {record.get("status"), record.get("verdict")}
        }
        for record in intents.values():
            undoes = record.get("undoes")
            if isinstance(undoes, dict):
                undone = intents[undoes["op_id"]]
                assert (undone["run_id"], undone["customer"]) == (undoes["run_id"], record["customer"])
                assert undone["op_id"] in applied
                assert isinstance(undone["before"], dict)
                assert isinstance(undone["after"], dict)
                assert isinstance(record["before"], dict)
                assert isinstance(record["after"], dict)
                assert record["before"].keys() == record["after"].keys() <= undone["after"].keys()
                for column, value in record["after"].items():
                    assert same(value, undone["before"][column])  # type: ignore[arg-type]
                    assert same(record["before"][column], undone["after"][column])  # type: ignore[arg-type]


class LateHistories(Histories):
    """The same where U8 has no transaction, and an edit may take effect long after its answer was lost."""

    late_s = 120.0
    most_edits = 1


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)

TestLateHistories = LateHistories.TestCase
TestLateHistories.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
