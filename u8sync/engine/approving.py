"""What waits for a person, and that person's answers: read from the audit log and written to it, nowhere else.

Nothing is written to U8 here: the next run plans anew, and writes what was approved and is still wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from u8sync.domain.approvals import ApprovalRules, PendingChange, Request
from u8sync.domain.plan import change_of
from u8sync.engine import records
from u8sync.engine.asked import TYPES as ASKED_TYPES
from u8sync.engine.asked import AskedReading
from u8sync.engine.records import Actor
from u8sync.errors import AuditError, RefusedError, StalePlanError
from u8sync.ports import AuditLog, Clock, Record
from u8sync.text import msg

__all__ = ["TYPES", "answer", "pending"]

TYPES: Final = tuple({*ASKED_TYPES, "intent", "outcome", "settle"})
"""The types of record that are read."""

SHOWN: Final = 10
"""So many customers are named in a message; the rest is counted."""

_IN_PLACE: Final = frozenset({"applied", "already_applied"})


def pending(found: Iterable[Record], now: datetime) -> tuple[PendingChange, ...]:
    """What waits for a person, by customer.

    Args:
        found: Whole, oldest first, of :data:`TYPES` at least.
        now: Aware UTC; what has aged out by then waits no more.

    Raises AuditError when a record tells of a change in a way that this version does not know.
    """
    reading = AskedReading()
    waits: dict[int, Record] = {}
    customers: dict[object, str] = {}
    for record in found:
        reading.take(record)
        match record["type"]:
            case "wait":
                waits[int(str(record["seq"]))] = record
            case "intent":
                customers[record["op_id"]] = str(record["customer"])
            case "outcome" | "settle" if record.get("status", record.get("verdict")) in _IN_PLACE:
                reading.written(customers.pop(record["op_id"], ""))
            case _:
                pass
    return tuple(_pending(request, waits[request.seq]) for request in reading.waiting(now).values())


def _pending(request: Request, record: Record) -> PendingChange:
    planned = record["planned"]
    try:
        change = change_of(planned if isinstance(planned, dict) else {})
    except (KeyError, TypeError, ValueError, ArithmeticError):
        raise AuditError(
            msg(
                "Record {seq} of the audit log tells of a change in a way that this version does not know",
                seq=request.seq,
            ),
            hint=msg("Use the version of u8sync that wrote it, or a later one."),
        ) from None
    return PendingChange(request, datetime.fromisoformat(str(record["ts"])), change)


def answer(
    log: AuditLog,
    wanted: Sequence[PendingChange],
    *,
    approved: bool,
    reason: str,
    rules: ApprovalRules,
    actor: Actor,
    clock: Clock,
    earlier: Iterable[Record] = (),
) -> int:
    """Record a person's answer to each of these; returns how many there were. All of them are durable, or none counts.

    ``earlier``: the records of :data:`TYPES` from before the log's beginning, where older ones were moved away.

    Raises StalePlanError when one of them does not wait any more, for instance because somebody answered it meanwhile,
    RefusedError when this user may not answer; nothing was recorded then.
    """
    still = {one.request.seq for one in pending(chain(earlier, log.records(*TYPES)), clock.now())}
    gone = [one.change.code for one in wanted if one.request.seq not in still]
    if gone:
        raise StalePlanError(
            msg(
                "{count:,} of these changes do not wait any more: {codes}",
                count=len(gone),
                codes=", ".join(gone[:SHOWN]) + (" …" if len(gone) > SHOWN else ""),
            ),
            hint=msg("Nothing was recorded. 'u8sync approve' shows what waits now."),
        )
    own = [one.change.code for one in wanted if one.request.asked_by == actor.user]
    if rules.four_eyes and own:
        raise RefusedError(
            msg(
                "{user} ran the run that asked for {count:,} of these changes and may not answer for them: {codes}",
                user=actor.user,
                count=len(own),
                codes=", ".join(own[:SHOWN]) + (" …" if len(own) > SHOWN else ""),
            ),
            hint=msg("Nothing was recorded. Somebody else has to answer (approval: four_eyes)."),
        )
    until = clock.now() + timedelta(days=rules.days if approved else rules.refused_days)
    for one in wanted:
        log.append(
            "decision",
            records.decision(one.request, one.change.code, approved=approved, reason=reason, by=actor, until=until),
        )
    log.commit()
    return len(wanted)
