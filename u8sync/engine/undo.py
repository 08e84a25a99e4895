"""Make a plan that takes a run back. Nothing is written: the plan goes the way of every other one.

What lives here: which changes of the run are meant, what U8 holds now, and when an undo is refused. What the log tells
comes as plain values; what follows from them is decided in ``domain/undo.py``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Plan, Population
from u8sync.domain.run import LoggedChange
from u8sync.domain.undo import PastRun, PlannedUndo, take_back
from u8sync.engine.planner import Rules, judge, seal_of
from u8sync.engine.retry import Retry
from u8sync.errors import InputError
from u8sync.ports import Backend, Clock
from u8sync.text import msg

__all__ = ["plan_undo"]


def plan_undo(
    past: PastRun,
    backend: Backend,
    rules: Rules,
    *,
    customers: Collection[str],
    fields: Collection[str],
    clock: Clock,
    retry: Retry,
) -> PlannedUndo:
    """Read what U8 holds now and decide what of ``past`` would be taken back.

    Args:
        past: The run.
        backend: The way into U8.
        rules: Only the seal, the limits of the guards and what a person lets pass are used: an undo decides no tier.
        customers: Codes to take back; empty: all.
        fields: Canonical fields to take back; empty: all.
        clock: Time.
        retry: When to try again.

    Raises InputError when the run left something open, was made on another account set, or announced nothing of what
    is asked for; and the backend's errors.
    """
    account_set, _ = retry.call(backend.account_set)
    if past.account_set != account_set.key:
        raise InputError(
            msg("The run {run} was made on another account set: {key}", run=past.run_id, key=past.account_set),
            hint=msg("Name the configuration of that account set with --config."),
        )
    written = [
        change
        for change in _asked_for(past, frozenset(customers), frozenset(fields))
        # What U8 held already before the run was somebody else's doing.
        if change.status == "applied"
    ]
    writable, _ = retry.call(backend.writable)
    usable = {column: limit for column, limit in writable.items() if column in backend.columns()}
    columns = sorted({change.column for change in written} & usable.keys())
    codes = sorted({CustomerCode(change.customer) for change in written})
    now, _ = retry.call(backend.read, codes, columns)
    changes, skipped = take_back(
        written,
        {code: reading.values for code, reading in now.items()},
        writable=usable,
        protected=rules.limits.protected,
    )
    # The guards measure against the customers of the run itself; no value has to be understood to put it back.
    population = replace(past.population or Population(0, 0, 0, 0), with_issues=0)
    plan = Plan(seal_of(account_set, rules), clock.now(), changes, skipped, population)
    # Where nothing is to be written there is nothing to guard, whatever that run was made from.
    verdicts = judge(plan, rules) if changes else ()
    return PlannedUndo(account_set, past.run_id, plan, verdicts)


def _asked_for(past: PastRun, customers: frozenset[str], fields: frozenset[str]) -> list[LoggedChange]:
    """The changes that are meant, however they ended."""
    open_ends = sorted({change.customer for change in past.changes if change.status in {"open", "unknown"}})
    if open_ends:
        raise InputError(
            msg(
                "The run {run} left {count:,} changes open: nobody knows yet whether they were written",
                run=past.run_id,
                count=len(open_ends),
            ),
            hint=msg("'u8sync run' and 'u8sync apply' settle them by reading U8 before they do anything else."),
        )
    known_customers = {change.customer for change in past.changes}
    known_fields = {change.field for change in past.changes}
    for asked, known in ((customers, known_customers), (fields, known_fields)):
        unknown = sorted(asked - known)
        if unknown:
            raise InputError(
                msg("The run {run} has no change of {names}", run=past.run_id, names=", ".join(unknown)),
                hint=msg(
                    "'u8sync audit list --run {run}' shows what it has. Codes are text: '007' is not '7'.",
                    run=past.run_id,
                ),
            )
    return [
        change
        for change in past.changes
        if (not customers or change.customer in customers) and (not fields or change.field in fields)
    ]
