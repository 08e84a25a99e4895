"""What became of a run: the value that reports show and exit codes are read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from u8sync.domain.approvals import Sorted
from u8sync.domain.decision import Decision
from u8sync.domain.guards import Verdict
from u8sync.domain.model import AccountSet, CustomerCode, Facts
from u8sync.domain.movement import Past
from u8sync.domain.plan import Edited, Plan
from u8sync.errors import ExitCode, U8SyncError
from u8sync.text import Message

__all__ = ["Ending", "EndingStatus", "LoggedChange", "Planned", "RunResult", "Settlement", "exit_code", "totals"]

EndingStatus = Literal[
    "applied", "already_applied", "conflict", "gone", "rejected", "not_applied", "unknown", "not_started"
]
"""How one change of a plan ended.

``applied`` written; ``already_applied`` U8 held the new values before us; ``conflict`` somebody changed the customer
since the plan was made; ``gone`` the customer does not exist any more; ``rejected`` U8 refused the value;
``not_applied`` U8 was busy or failed, and certainly did nothing; ``unknown`` the answer is missing and the next run
settles it; ``not_started`` the run ended before.
"""


@dataclass(frozen=True)
class Ending:
    """How one change ended.

    Attributes:
        code: The customer.
        status: How it ended.
        seen: Column -> raw value that U8 held when that was decided; empty when not read.
        detail: U8's words for a rejection; null otherwise.
    """

    code: CustomerCode
    status: EndingStatus
    seen: Mapping[str, str | None]
    detail: str | None = None

    @property
    def in_place(self) -> bool:
        """Whether U8 now holds what was planned."""
        return self.status in {"applied", "already_applied"}


@dataclass(frozen=True)
class Settlement:
    """How a change that an earlier run left open was settled by reading U8.

    Attributes:
        code: The customer.
        run_id: The run that left it open.
        verdict: ``applied``, ``not_applied``, or ``conflict`` when U8 holds neither the old nor the new value.
    """

    code: CustomerCode
    run_id: str
    verdict: Literal["applied", "not_applied", "conflict"]


@dataclass(frozen=True)
class LoggedChange:
    """One field of one customer, as the audit log tells it.

    Attributes:
        seq: Number of the record that announced it.
        at: When it was announced, ``YYYY-MM-DDThh:mm:ss.ffffffZ``.
        run_id: The run.
        customer: The customer's code.
        field: Canonical field.
        column: Physical column.
        before: Raw value before; null: empty.
        after: Raw value written or meant to be.
        score: Score that the tier rests on, decimal text; null when there was none.
        rule: ``file:line`` of the tier's rule; null when no tier was written.
        status: How it ended, as in :data:`EndingStatus`, or ``open`` while no end is recorded.
        op_id: Name of the customer's change in the log, the same for all its fields.
        was: Canonical meaning of ``before``; null: empty or not known.
        becomes: Canonical meaning of ``after``; null: empty or not known.
        undoes: The run whose change it takes back; null: none.
        undone_by: The run that took it back; null: none did.
        edited: Set when a person had changed ``before`` there since u8sync wrote it; null: nobody had.
    """

    seq: int
    at: str
    run_id: str
    customer: str
    field: str
    column: str
    before: str | None
    after: str | None
    score: str | None
    rule: str | None
    status: str
    op_id: str
    was: str | None
    becomes: str | None
    undoes: str | None = None
    undone_by: str | None = None
    edited: Edited | None = None


@dataclass(frozen=True)
class Planned:
    """A plan with all that led to it.

    Attributes:
        account_set: Where it is for.
        facts: What the documents said.
        decision: Every customer, measured and judged.
        plan: What would be written.
        verdicts: What the guards found.
        past: What earlier evaluations and writes had left.
        sorting: Which changes are in the plan, which wait for a person, and which were refused.
    """

    account_set: AccountSet
    facts: Facts
    decision: Decision
    plan: Plan
    verdicts: tuple[Verdict, ...]
    past: Past = field(default_factory=Past)
    sorting: Sorted = field(default_factory=lambda: Sorted(()))

    @property
    def stopped(self) -> tuple[Verdict, ...]:
        """The guards that stop the run."""
        return tuple(verdict for verdict in self.verdicts if verdict.stops)


@dataclass(frozen=True)
class RunResult:
    """An applied plan.

    Attributes:
        run_id: Name of the run in the audit log.
        account_set: Where it was applied.
        plan: What was to be written.
        endings: One for each change of the plan, in its order.
        settled: What earlier runs had left open.
        started_at: Aware UTC.
        ended_at: Aware UTC.
        audit_count: Number of records in the audit log at the end.
        audit_hash: Hash of the last one.
        stopped_by: The error that ended the writing before its time; null when every batch was tried.
        checkpoint: The signed text that proves the audit log up to here; null when it has no key.
        unanchored: Why places outside this machine did not get the checkpoint; empty when all did, or none is set.
        waiting: Changes that were left out of the plan until a person approves them.
    """

    run_id: str
    account_set: AccountSet
    plan: Plan
    endings: tuple[Ending, ...]
    settled: tuple[Settlement, ...]
    started_at: datetime
    ended_at: datetime
    audit_count: int
    audit_hash: str
    stopped_by: U8SyncError | None = None
    checkpoint: str | None = None
    unanchored: tuple[Message, ...] = ()
    waiting: int = 0

    @property
    def totals(self) -> dict[EndingStatus, int]:
        """Status -> number of changes, every status in its usual order."""
        return totals(self.endings)

    @property
    def exit_code(self) -> ExitCode:
        """Of the command that made the run."""
        code = exit_code(self.endings, self.stopped_by)
        return ExitCode.PENDING if code == ExitCode.DONE and self.unanchored else code


def totals(endings: Sequence[Ending]) -> dict[EndingStatus, int]:
    """Status -> number of changes, every status in its usual order."""
    counted = Counter(ending.status for ending in endings)
    statuses: tuple[EndingStatus, ...] = get_args(EndingStatus)
    return {status: counted[status] for status in statuses}


def exit_code(endings: Sequence[Ending], stopped_by: U8SyncError | None) -> ExitCode:
    """What a script is told: the error that ended the writing, else whether U8 now holds all that was planned."""
    if stopped_by is not None:
        return stopped_by.exit_code
    return ExitCode.DONE if all(ending.in_place for ending in endings) else ExitCode.PENDING
