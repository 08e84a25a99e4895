"""Which change put a customer's tier there that it had on a day, and all the records that tell why.

The records may come from the whole log or, few and quickly, from its index; the answer is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from u8sync.audit.endings import Ended
from u8sync.audit.history import passed_over_of
from u8sync.audit.indexed import Index
from u8sync.audit.questions import partners_of, records_of
from u8sync.domain.logged import LoggedLeft
from u8sync.domain.run import LoggedChange
from u8sync.ports import Record

__all__ = ["TYPES", "Case", "case_of", "records_about"]

TYPES: Final = ("run_open", "plan", "guard", "approval", "hold", "intent", "outcome", "settle", "run_close")
"""The types of record that a case is made of."""


@dataclass(frozen=True)
class Case:
    """One change with everything around it.

    Attributes:
        change: The change with its end.
        run: Record ``run_open`` of its run; null: the log does not have it (it begins later).
        plan: Record ``plan`` of its run; null likewise.
        approvals: Records ``approval`` of its run, and those of other runs that approve the same plan.
        allowed: Records ``guard`` of its run whose limit was passed and let pass.
        takes_back: The change that this one takes back; null: none, or the log does not have it.
        undone_by: Written changes that took it back, oldest first.
        followed_by: The next written change of one of its columns; null: it is the last.
        held: When the tier was held after the change, by then and until the next change of it, oldest first.
    """

    change: Ended
    run: Record | None
    plan: Record | None
    approvals: tuple[Record, ...]
    allowed: tuple[Record, ...]
    takes_back: Ended | None
    undone_by: tuple[Ended, ...]
    followed_by: Ended | None
    held: tuple[LoggedLeft, ...] = ()

    @property
    def fields(self) -> list[LoggedChange]:
        """What was changed, one field each."""
        return self.change.fields


@dataclass
class _Run:
    """The records of one run that a case may need."""

    opened: Record | None = None
    plan: Record | None = None
    allowed: tuple[Record, ...] = ()
    wanted: bool = False

    def take(self, record: Record) -> None:
        """One of them."""
        if record["type"] == "run_open":
            self.opened = record
        elif record["type"] == "plan":
            self.plan = record
        elif record.get("allowed") is True and record.get("ok") is False:
            self.allowed = (*self.allowed, record)


def case_of(
    records: Iterable[Record], customer: str, *, before: str | None = None, op_id: str | None = None
) -> Case | None:
    """Find a change and what belongs to it; null when there is none.

    Args:
        records: Whole, oldest first, of :data:`TYPES` at least.
        customer: Whose change.
        before: The last written change of its tier that was announced before this instant,
            ``YYYY-MM-DDThh:mm:ss.ffffffZ``, is taken; null: the last one of all.
        op_id: This change is taken instead, whatever became of it; null: as ``before`` says.
    """
    runs: dict[str, _Run] = {}
    changes: dict[str, Ended] = {}
    approvals: list[Record] = []
    held: list[LoggedLeft] = []
    only = frozenset({customer})
    for record in records:
        name = str(record.get("op_id"))
        run = runs.setdefault(str(record["run_id"]), _Run())
        match record["type"]:
            case "run_open" | "plan" | "guard":
                run.take(record)
            case "approval":
                approvals.append(record)
            case "hold":
                held += passed_over_of(record, only)
            case "intent" if record["customer"] == customer:
                run.wanted = True
                changes[name] = Ended(record, None, "open")
            case "outcome" | "settle" if name in changes:
                status = str(record["status" if record["type"] == "outcome" else "verdict"])
                changes[name] = Ended(changes[name].intent, record, status)
            case "run_close" if not run.wanted:
                del runs[str(record["run_id"])]
            case _:
                pass
    asked = _in_force(changes.values(), before) if op_id is None else op_id
    if asked is None or asked not in changes:
        return None
    change = changes[asked]
    run = runs[str(change.intent["run_id"])]
    followed_by = next(_later(change, changes.values()), None)
    return Case(
        change=change,
        run=run.opened,
        plan=run.plan,
        approvals=tuple(each for each in approvals if _approves(each, change, run.plan)),
        allowed=run.allowed,
        takes_back=None if change.undoes is None else changes.get(change.undoes[1]),
        undone_by=tuple(
            other for other in changes.values() if other.applied and (other.undoes or (None, None))[1] == asked
        ),
        followed_by=followed_by,
        held=tuple(one for one in held if _holds(one, change, followed_by, before)),
    )


def records_about(index: Index, customer: str) -> Iterator[Record]:
    """The records that :func:`case_of` needs for one customer, and few others, found by the index and read again."""
    intents = {seq for (seq,) in index.rows("SELECT DISTINCT seq FROM change WHERE customer = ?", (customer,))}
    numbers = {
        seq
        for (seq,) in index.rows(
            "SELECT seq FROM milestone WHERE type = 'approval' OR (type = 'guard'"
            " AND run IN (SELECT run FROM change WHERE customer = ?))",
            (customer,),
        )
    }
    numbers |= {
        seq
        for (seq,) in index.rows(
            "SELECT passed_over.seq FROM passed_over JOIN milestone ON milestone.seq = passed_over.seq"
            " WHERE passed_over.customer = ? AND milestone.type = 'hold'",
            (customer,),
        )
    }
    for intent in records_of(index, sorted(seq for seq in intents if seq >= index.first)):
        numbers |= {intent.seq, *(partner.seq for partner in partners_of(index, intent))}
    for found in records_of(index, sorted(seq for seq in numbers if seq >= index.first)):
        yield found.record


def _in_force(changes: Iterable[Ended], before: str | None) -> str | None:
    """Name of the last written change of a tier's column, an undo of it included; null: none."""
    columns: set[str] = set()
    found = None
    for change in changes:
        if change.applied and (before is None or str(change.intent["ts"]) < before):
            tiers = _tier_columns(change)
            columns |= tiers
            if tiers or (change.undoes and columns & {one.column for one in change.fields}):
                found = str(change.intent["op_id"])
    return found


def _tier_columns(change: Ended) -> set[str]:
    """The columns that take the recommended tier: the reason names the tier that they become."""
    reason = change.intent.get("reason")
    tier = reason.get("tier") if isinstance(reason, dict) else None
    return {one.column for one in change.fields if tier is not None and one.becomes == tier}


def _later(change: Ended, changes: Iterable[Ended]) -> Iterator[Ended]:
    columns = {one.column for one in change.fields}
    for other in changes:
        if (
            other.applied
            and int(str(other.intent["seq"])) > int(str(change.intent["seq"]))
            and columns & {one.column for one in other.fields}
        ):
            yield other


def _holds(left: LoggedLeft, change: Ended, followed_by: Ended | None, before: str | None) -> bool:
    """Whether the tier that the change wrote was held then."""
    if left.seq < int(str(change.intent["seq"])) or (before is not None and left.at >= before):
        return False
    return followed_by is None or left.seq < int(str(followed_by.intent["seq"]))


def _approves(approval: Record, change: Ended, plan: Record | None) -> bool:
    customers = approval.get("customers")
    if isinstance(customers, list) and change.intent["customer"] not in customers:
        return False
    same_plan = plan is not None and approval.get("plan") is not None and approval["plan"] == plan["plan"]
    return same_plan or approval["run_id"] == change.intent["run_id"]
