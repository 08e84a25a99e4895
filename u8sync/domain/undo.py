"""Take back what a run wrote: what the audit log tells of it and what U8 holds now in, changes out. Pure.

An undo is an ordinary plan with before and after swapped. The one idea: only a value that still stands as the run left
it is taken back. What a person or a later run changed since belongs to them, and is listed with its cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from u8sync.domain.guards import Verdict
from u8sync.domain.model import AccountSet, ColumnLimit, CustomerCode, bare, same
from u8sync.domain.plan import Change, FieldChange, Plan, Population, SkipCause, Skipped, Undoes
from u8sync.domain.run import LoggedChange

__all__ = ["PastRun", "PlannedUndo", "take_back"]


@dataclass(frozen=True)
class PastRun:
    """A run of the audit log, as far as an undo needs it.

    Attributes:
        run_id: Its name.
        account_set: :attr:`u8sync.domain.model.AccountSet.key` of where it wrote.
        population: What its guards measured against; null when it never came to a plan.
        changes: What it announced, field by field, oldest first.
    """

    run_id: str
    account_set: str
    population: Population | None
    changes: tuple[LoggedChange, ...]


@dataclass(frozen=True)
class PlannedUndo:
    """A plan that takes a run back, with what the guards found.

    Attributes:
        account_set: Where it is for.
        run_id: The run that it takes back.
        plan: What would be written; its ``skipped`` tells what is left alone.
        verdicts: What the guards found; empty when nothing would be written.
    """

    account_set: AccountSet
    run_id: str
    plan: Plan
    verdicts: tuple[Verdict, ...]

    @property
    def stopped(self) -> tuple[Verdict, ...]:
        """The guards that stop it."""
        return tuple(verdict for verdict in self.verdicts if verdict.stops)


def take_back(
    written: Sequence[LoggedChange],
    now: Mapping[CustomerCode, Mapping[str, str | None]],
    *,
    writable: Mapping[str, ColumnLimit],
    protected: Collection[str],
) -> tuple[tuple[Change, ...], tuple[Skipped, ...]]:
    """What to write, and what to leave alone; both ordered by customer.

    Args:
        written: What one run wrote for certain; a customer's fields belong to one change of it.
        now: Customer -> column -> raw value that U8 holds, of the columns in ``writable``; a customer that is gone is
            absent.
        writable: What the account set accepts in the columns that may be written.
        protected: Customers that no run may change.
    """
    by_customer: defaultdict[CustomerCode, list[LoggedChange]] = defaultdict(list)
    for logged in written:
        by_customer[CustomerCode(logged.customer)].append(logged)
    changes: list[Change] = []
    skipped: list[Skipped] = []
    for code, fields in sorted(by_customer.items()):
        present = now.get(code)
        if code in protected or present is None:
            skipped.append(Skipped(code, "protected" if code in protected else "gone"))
            continue
        causes = [_cause(logged, present, writable.get(logged.column)) for logged in fields]
        skipped += [
            Skipped(code, cause, logged.field)
            for logged, cause in zip(fields, causes, strict=True)
            if cause is not None
        ]
        back = tuple(_swapped(fields, causes, present))
        if back:
            changes.append(Change(code, back, {}, None, Undoes(fields[0].run_id, fields[0].op_id)))
    return tuple(changes), tuple(skipped)


def _cause(logged: LoggedChange, present: Mapping[str, str | None], limit: ColumnLimit | None) -> SkipCause | None:
    """Why a field is left alone; null when it is to be taken back."""
    if limit is None:
        return "not_allowed"
    if same(present[logged.column], logged.after):
        return None if _accepts(limit, logged.before) else "not_allowed"
    return "restored" if same(present[logged.column], logged.before) else "changed_since"


def _accepts(limit: ColumnLimit, value: str | None) -> bool:
    """Whether U8 takes the value; nothing is taken everywhere, because it stood there before the run."""
    if value is None or bare(value) is None:
        return True
    return len(value) <= limit.width and (limit.values is None or bool({value, bare(value)} & limit.values))


def _swapped(
    fields: Sequence[LoggedChange], causes: Sequence[SkipCause | None], present: Mapping[str, str | None]
) -> Iterator[FieldChange]:
    for logged, cause in zip(fields, causes, strict=True):
        if cause is None:
            # Blanks were nothing to U8, and nothing is what is put back.
            former = None if bare(logged.before) is None else logged.before
            yield FieldChange(
                logged.field, logged.column, present[logged.column], former, was=logged.becomes, becomes=logged.was
            )
