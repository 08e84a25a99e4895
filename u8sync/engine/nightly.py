"""The road of a run, from the opened audit log to the closing record.

``run`` plans and applies; ``apply`` takes a plan that a person looked at. Both settle first what an earlier run left
open, and both go through the one applier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from itertools import chain, groupby
from typing import Final

from u8sync.domain.approvals import Sorted
from u8sync.domain.guards import Verdict, verdict_json
from u8sync.domain.model import AccountSet, CustomerCode, same
from u8sync.domain.plan import Plan
from u8sync.domain.run import Planned, RunResult, Settlement, exit_code
from u8sync.engine import records
from u8sync.engine.applier import AskedToStop, apply_changes
from u8sync.engine.memory import TYPES, Memory, remember
from u8sync.engine.planner import Rules, judge, make_plan, seal_of, sorted_out
from u8sync.engine.records import Actor
from u8sync.engine.recovery import open_intents, settle_open
from u8sync.engine.retry import Retry
from u8sync.errors import AuditError, StalePlanError, U8SyncError, UnsafePlanError
from u8sync.ports import (
    AuditAt,
    AuditLog,
    Backend,
    Clock,
    Event,
    Json,
    Observer,
    OpenSettled,
    PlanJudged,
    Progress,
    Record,
)
from u8sync.text import Message, listed, msg

__all__ = ["Night", "Unobserved"]

SHOWN: Final = 10
"""So many customers are named in a message; the rest is counted."""


Settled = tuple[Settlement, ...]


Publish = Callable[[str], Sequence[Message]]
"""Takes a signed checkpoint to places outside this machine; returns why those that did not get it did not."""


Earlier = Callable[..., Iterable[Record]]
"""Gives the records of the types that it is called with, oldest first."""


def _nothing_earlier(*_types: str) -> Iterable[Record]:
    return ()


def _nobody_asks() -> bool:
    return False


def _nowhere(_checkpoint: str) -> Sequence[Message]:
    return ()


class Unobserved:
    """An observer that keeps nothing."""

    def notice(self, event: Event) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Night:
    """All that a run needs, put together by ``bootstrap.py``.

    Attributes:
        backend: The way into U8.
        account_set: Where that leads.
        log: The opened audit log of it.
        rules: What the run goes by.
        actor: Who runs it, with what.
        run_id: Its name in the audit log.
        person: What U8 shows as the modifier.
        zone: The account set's time zone.
        batch: Customers in one transaction.
        clock: Time.
        retry: When to try again.
        progress: Hears how far a step has come.
        observer: Hears what happens, for a log.
        asked_to_stop: Whether the run is to end before its next batch, or why it is.
        publish: Takes checkpoints of the log out of its writer's reach.
        plan_hours: How long a saved plan may be applied after it was made.
        plan_file: SHA-256 of the saved plan that is applied, hex; null: it was made just now.
        allow_reason: Why guards are let pass, in the words of the person who does; null: not said.
        passed: Guards that stood before the plan and that a person let pass.
        earlier: Gives the records of some types from before the log's beginning, where older ones were moved away.
        unknown: Why those cannot be had, in words; null: they can, or there are none.
    """

    backend: Backend
    account_set: AccountSet
    log: AuditLog
    rules: Rules
    actor: Actor
    run_id: str
    person: str
    zone: tzinfo
    batch: int
    clock: Clock
    retry: Retry
    progress: Progress
    observer: Observer = Unobserved()  # noqa: RUF009 - it holds nothing
    asked_to_stop: AskedToStop = _nobody_asks
    publish: Publish = _nowhere
    plan_hours: int = 24
    plan_file: str | None = None
    allow_reason: str | None = None
    passed: tuple[Verdict, ...] = ()
    earlier: Earlier = _nothing_earlier
    unknown: Message | None = None

    def run(self, show: Callable[[Planned], None]) -> RunResult:
        """Plan and apply. ``show`` is told the plan before the guards may stop it.

        Raises UnsafePlanError when a guard stops it, and every error that came before anything was written.
        """
        return self._closing("run", lambda settled: self._run(settled, show))

    def apply(self, plan: Plan) -> RunResult:
        """Apply a plan that was made before.

        Raises StalePlanError when it was made for something else, was applied before, or is not true any more;
        UnsafePlanError when a guard stops it.
        """
        return self._closing("apply", lambda settled: self._apply(plan, settled))

    def _closing(self, mode: str, steps: Callable[[Settled], RunResult]) -> RunResult:
        """Open the run in the log, take the account set, settle what is open, take the steps, and close the run.

        It is closed however the steps end.
        """
        self.log.append("run_open", self._opening(mode))
        self.log.commit()
        try:
            self.progress.start(msg("Taking the account set"), None)
            self.retry.call(self.backend.claim)
            settled = settle_open(open_intents(self.log), self.backend, self.log, retry=self.retry)
            if settled:
                self.observer.notice(OpenSettled(settled))
            return steps(settled)
        except AuditError:
            raise  # the log cannot be written: there is no way to close the run in it
        except U8SyncError as error:
            self.log.append(
                "run_close",
                records.run_close((), exit_code=error.exit_code, error=str(error), health=self.retry.health),
            )
            self.log.commit()
            self._anchor()
            self.observer.notice(AuditAt(self.log.head()))
            raise

    def _anchor(self) -> tuple[str | None, tuple[Message, ...]]:
        """Sign the log as it is now and carry that out; why some place did not get it is no reason to stop."""
        checkpoint = self.log.checkpoint()
        return checkpoint, () if checkpoint is None else tuple(self.publish(checkpoint))

    def _opening(self, mode: str) -> dict[str, Json]:
        return records.run_open(self.actor, self.account_set, mode, self.person, self.backend.route)

    def _run(self, settled: Settled, show: Callable[[Planned], None]) -> RunResult:
        rules = replace(self.rules, memory=self._memory())
        planned = make_plan(self.backend, rules, clock=self.clock, retry=self.retry, progress=self.progress)
        show(planned)
        return self._write(planned.plan, planned.verdicts, settled, planned.sorting)

    def _apply(self, plan: Plan, settled: Settled) -> RunResult:
        self.progress.start(msg("Checking the plan"), None)
        self._refuse_other(plan)
        self._refuse_old(plan)
        self._refuse_applied(plan)
        self._refuse_stale(plan)
        memory = self._memory()
        if any(change.undoes for change in plan.changes):
            # An undo is made from the archive of another day: how large that was says nothing of today's.
            memory = replace(memory, last_customers=None)
        rules = replace(self.rules, memory=memory)
        return self._write(plan, judge(plan, rules), settled, sorted_out(plan.changes, rules, self.clock.now()))

    def _memory(self) -> Memory:
        found = remember(chain(self.earlier(*TYPES), self.log.records(*TYPES)), self.rules.as_of)
        return replace(found, note=self.unknown)

    def _write(self, plan: Plan, verdicts: Sequence[Verdict], settled: Settled, sorting: Sorted) -> RunResult:
        started_at = self.clock.now()
        self.progress.start(msg("Recording the plan"), None)
        self._announce(plan, verdicts, sorting)
        self.observer.notice(PlanJudged(plan, tuple(verdicts)))
        self._refuse_unsafe(verdicts)
        self._refuse_unapproved(plan, sorting)
        if plan.changes:
            self._anchor()  # before the first write: from now on somebody outside knows of this run
        applied = apply_changes(
            plan,
            self.backend,
            self.log,
            run_id=self.run_id,
            batch=self.batch,
            person=self.person,
            zone=self.zone,
            clock=self.clock,
            retry=self.retry,
            progress=self.progress,
            observer=self.observer,
            asked_to_stop=self.asked_to_stop,
        )
        self.progress.start(msg("Closing the audit log"), None)
        self._skip("not_started", [ending.code for ending in applied.endings if ending.status == "not_started"])
        error = applied.stopped_by
        code = exit_code(applied.endings, error)
        self.log.append(
            "run_close",
            records.run_close(
                applied.endings,
                exit_code=code,
                error=None if error is None else str(error),
                health=self.retry.health,
            ),
        )
        self.log.commit()
        checkpoint, unanchored = self._anchor()
        head = self.log.head()
        self.observer.notice(AuditAt(head))
        self.progress.finish()
        return RunResult(
            run_id=self.run_id,
            account_set=self.account_set,
            plan=plan,
            endings=applied.endings,
            settled=settled,
            started_at=started_at,
            ended_at=self.clock.now(),
            audit_count=head.count,
            audit_hash=head.hash,
            stopped_by=error,
            checkpoint=checkpoint,
            unanchored=unanchored,
            waiting=len(sorting.waiting),
        )

    def _announce(self, plan: Plan, verdicts: Sequence[Verdict], sorting: Sorted) -> None:
        """Record the plan, what the guards found, and who is left alone or left to a person. Nothing is sent yet."""
        self.log.append("plan", records.plan_record(plan, self.rules.policy, file=self.plan_file))
        for verdict in (*self.passed, *verdicts):
            self.log.append("guard", verdict_json(verdict))
            if verdict.allowed and not verdict.ok:
                self.log.append("approval", records.approval(verdict, plan, self.actor, self.allow_reason))
        for fields in records.holds(plan.held, plan.seal.as_of):
            self.log.append("hold", fields)
        for cause, group in groupby(sorted(plan.skipped, key=lambda one: one.cause), key=lambda one: one.cause):
            self._skip(cause, list(dict.fromkeys(skipped.code for skipped in group)))
        for fields in (
            *records.approvals(sorting.approved, plan),
            *records.granted(sorting.granted, plan, self.actor, self.allow_reason),
        ):
            self.log.append("approval", fields)
        if self.rules.approval is not None:
            until = self.clock.now() + timedelta(days=self.rules.approval.days)
            for waiting in sorting.waiting:
                if waiting.request is None:
                    self.log.append("wait", records.wait(waiting, until))
        self.log.commit()

    def _refuse_unsafe(self, verdicts: Sequence[Verdict]) -> None:
        stops = [verdict for verdict in verdicts if verdict.stops]
        if stops:
            raise UnsafePlanError(
                msg("Nothing was written: {findings}", findings=listed([verdict.message for verdict in stops])),
                hint=msg(
                    "Look at the changes with 'u8sync plan'. If they are meant, allow them once: --allow {guards}",
                    guards=" --allow ".join(verdict.guard for verdict in stops),
                ),
            )

    def _refuse_unapproved(self, plan: Plan, sorting: Sorted) -> None:
        """A saved plan is applied whole or not at all; a run has left out of its plan what nobody approved."""
        waiting = [one.change.code for one in sorting.waiting]
        left = [*waiting, *(one.change.code for one in sorting.refused)]
        planned = {change.code for change in plan.changes}
        if planned.isdisjoint(left):
            return
        self._skip("waiting", waiting)
        self.log.commit()
        raise UnsafePlanError(
            msg(
                "Nothing was written: {count:,} changes of the plan have to be approved first: {codes}",
                count=len(left),
                codes=", ".join(left[:SHOWN]) + (" …" if len(left) > SHOWN else ""),
            ),
            hint=msg("'u8sync approve' shows them and takes the answers; then apply the plan again."),
        )

    def _skip(self, cause: str, codes: Sequence[CustomerCode]) -> None:
        for fields in records.skips(cause, codes):
            self.log.append("skip", fields)

    def _refuse_other(self, plan: Plan) -> None:
        """A plan is only good for the account set, mapping, policy, day and version that it was made with."""
        now = seal_of(self.account_set, self.rules)
        differences: list[tuple[str, str, Message]] = [
            (plan.seal.account_set, now.account_set, msg("another account set")),
            (plan.seal.mapping, now.mapping, msg("another mapping file")),
            (plan.seal.policy, now.policy, msg("another tier policy")),
            (plan.seal.tool, now.tool, msg("another version of u8sync")),
        ]
        for then, present, what in differences:
            if then != present:
                raise StalePlanError(
                    msg("The plan was made for {what}", what=what),
                    hint=_plan_again(plan),
                )

    def _refuse_old(self, plan: Plan) -> None:
        """What the documents say goes on changing, and no value of the customer shows it."""
        age = self.clock.now() - plan.made_at
        if age > timedelta(hours=self.plan_hours):
            raise StalePlanError(
                msg("The plan is {hours} hours old", hours=int(age.total_seconds()) // 3600),
                hint=msg(
                    "Nothing was written. Plans may be applied for {hours} hours (write: plan_hours:). Make it again"
                    " with 'u8sync plan --out FILE'.",
                    hours=self.plan_hours,
                ),
            )

    def _refuse_applied(self, plan: Plan) -> None:
        """A plan is used up once a run has applied all of it; one that was made after that run is another plan.

        It may have the same changes, and so the same fingerprint, when they were undone meanwhile.
        """
        made_at = records.instant(plan.made_at)
        runs_of_plan: set[object] = set()
        for record in self.log.records("plan", "run_close"):
            if record["type"] == "plan" and record["plan"] == plan.fingerprint:
                runs_of_plan.add(record["run_id"])
            elif record["type"] == "run_close" and record["run_id"] in runs_of_plan and record["exit_code"] == 0:
                if str(record["ts"]) < made_at:
                    continue
                raise StalePlanError(
                    msg("The plan was applied before, by run {run} at {time}", run=record["run_id"], time=record["ts"]),
                    hint=msg("Nothing was written. 'u8sync plan' shows whether anything is left to do."),
                )

    def _refuse_stale(self, plan: Plan) -> None:
        """Every value that the plan saw must still stand, or hold what the plan would write."""
        columns = sorted({column for change in plan.changes for column in change.before})
        codes = [change.code for change in plan.changes]
        now, _ = self.retry.call(self.backend.read, codes, columns)
        moved = []
        for change in plan.changes:
            reading = now.get(change.code)
            if reading is not None and all(
                same(reading.values[column], value) or same(reading.values[column], change.after.get(column, value))
                for column, value in change.before.items()
            ):
                continue
            moved.append(change.code)
        if moved:
            raise StalePlanError(
                msg(
                    "{count:,} customers were changed in U8 since the plan was made: {codes}",
                    count=len(moved),
                    codes=", ".join(moved[:SHOWN]) + (" …" if len(moved) > SHOWN else ""),
                ),
                hint=_plan_again(plan),
            )


def _plan_again(plan: Plan) -> Message:
    """How the plan would be made anew: an undo says which run it takes back."""
    undone = next((change.undoes.run_id for change in plan.changes if change.undoes is not None), None)
    if undone is None:
        return msg("Nothing was written. Make the plan again with 'u8sync plan --out FILE'.")
    return msg("Nothing was written. Make the plan again with 'u8sync plan --undo {run} --out FILE'.", run=undone)
