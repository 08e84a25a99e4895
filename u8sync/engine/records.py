"""The audit records of a run, made of plain values; the log adds number, chain, time and run.

Customer codes and values only: no names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Final

from u8sync.domain.approvals import Answered, Request, Waiting, change_id
from u8sync.domain.canonical import Json, decimal_text
from u8sync.domain.guards import Verdict
from u8sync.domain.model import AccountSet, CustomerCode
from u8sync.domain.plan import (
    Change,
    Held,
    Plan,
    change_json,
    held_json,
    rule_json,
    seal_json,
    undoes_json,
    window_json,
)
from u8sync.domain.policy import Policy
from u8sync.domain.reason import reason_json
from u8sync.domain.rules import rules_json
from u8sync.domain.run import Ending, Settlement, totals
from u8sync.engine.retry import Health
from u8sync.ports import FailedTry

__all__ = [
    "Actor",
    "approval",
    "approvals",
    "decision",
    "granted",
    "holds",
    "instant",
    "intent",
    "outcome",
    "plan_record",
    "run_close",
    "run_open",
    "settle",
    "skips",
    "wait",
]

SKIPPED_IN_A_RECORD: Final = 500
"""A customer code has at most 60 characters, and each may take three bytes."""

HELD_IN_A_RECORD: Final = 100
"""A customer code and two names of tiers have at most 60 characters each, and each may take three bytes."""

MOST_TRIES: Final = 10
LONGEST_MESSAGE: Final = 300
"""A record stays far below the longest line of the log, whatever U8 says how often."""


@dataclass(frozen=True)
class Actor:
    """Who runs u8sync, with what.

    Attributes:
        user: Operating-system user.
        command: The command, without its arguments' secrets.
        python: Version of Python.
        platform: Operating system.
        config: SHA-256 of the configuration file.
    """

    user: str
    command: str
    python: str
    platform: str
    config: str


def run_open(
    actor: Actor, account_set: AccountSet, mode: str, person: str, route: Mapping[str, str]
) -> dict[str, Json]:
    """A run begins: ``mode`` is ``run`` or ``apply``; ``person`` is what U8 shows as the modifier; ``route`` is how."""
    return {
        "mode": mode,
        "user": actor.user,
        "command": actor.command,
        "python": actor.python,
        "platform": actor.platform,
        "config_sha256": actor.config,
        "account_set": {"code": account_set.code, "name": account_set.name, "database": account_set.database},
        "person": person,
        "route": dict(route),
    }


def plan_record(plan: Plan, policy: Policy, *, file: str | None = None) -> dict[str, Json]:
    """What is going to be written, by its fingerprint, and the rules that it follows from.

    The changes themselves are in the intents; with this record each tier can be worked out again from its intent, see
    :mod:`u8sync.domain.recompute`. ``policy`` is the one that the seal names; ``file`` is the SHA-256 of a saved plan.
    """
    return {
        "plan": plan.fingerprint,
        "file_sha256": file,
        "seal": seal_json(plan.seal),
        "changes": len(plan.changes),
        "skipped": len(plan.skipped),
        "customers": plan.population.customers,
        "eligible": plan.population.eligible,
        "with_business": plan.population.with_business,
        "with_issues": plan.population.with_issues,
        "window": window_json(plan.window),
        "rules": rules_json(policy),
    }


def holds(held: Sequence[Held], as_of: date) -> Iterator[dict[str, Json]]:
    """Customers whose tier is not, or will not stay, the one that the ladder gives; the next evaluation must know."""
    for start in range(0, len(held), HELD_IN_A_RECORD):
        yield {
            "as_of": as_of.isoformat(),
            "held": [held_json(one) for one in held[start : start + HELD_IN_A_RECORD]],
        }


def approval(verdict: Verdict, plan: Plan, actor: Actor, reason: str | None) -> dict[str, Json]:
    """A person let a guard pass for this run; ``reason`` in that person's words, null when none was given."""
    return {
        "what": verdict.guard,
        "plan": plan.fingerprint,
        "approver": actor.user,
        "method": "--allow-window" if verdict.guard == "write_window" else "--allow",
        "reason": reason,
        "measured": verdict.measured,
        "limit": verdict.limit,
    }


def skips(cause: str, codes: Sequence[CustomerCode]) -> Iterator[dict[str, Json]]:
    """Customers that get no change, and why, so many in a record that it stays far below the longest line."""
    for start in range(0, len(codes), SKIPPED_IN_A_RECORD):
        yield {"cause": cause, "customers": list(codes[start : start + SKIPPED_IN_A_RECORD])}


def approvals(answered: Sequence[Answered], plan: Plan) -> Iterator[dict[str, Json]]:
    """Changes are written that people approved; one record for each of them and each of their reasons."""
    given = sorted(answered, key=lambda one: (one.answer.by, one.answer.reason))
    for (by, reason), group in groupby(given, key=lambda one: (one.answer.by, one.answer.reason)):
        yield from _approvals(
            [(one.change.code, one.answer.seq) for one in group], plan, by=by, reason=reason, method="u8sync approve"
        )


def granted(waiting: Sequence[Waiting], plan: Plan, actor: Actor, reason: str | None) -> Iterator[dict[str, Json]]:
    """Changes are written that the person who runs this approves by doing so."""
    yield from _approvals(
        [(one.change.code, None) for one in waiting], plan, by=actor.user, reason=reason, method="--approve"
    )


def _approvals(
    changes: Sequence[tuple[CustomerCode, int | None]], plan: Plan, *, by: str, reason: str | None, method: str
) -> Iterator[dict[str, Json]]:
    for start in range(0, len(changes), SKIPPED_IN_A_RECORD):
        part = changes[start : start + SKIPPED_IN_A_RECORD]
        yield {
            "what": "changes",
            "plan": plan.fingerprint,
            "approver": by,
            "method": method,
            "reason": reason,
            "customers": [code for code, _ in part],
            "decisions": [seq for _, seq in part if seq is not None],
        }


def wait(waiting: Waiting, until: datetime) -> dict[str, Json]:
    """A change is left for a person, who may answer before ``until``."""
    return {
        "change": change_id(waiting.change),
        "customer": waiting.change.code,
        "needs": waiting.cause,
        "until": instant(until),
        "planned": change_json(waiting.change),
    }


def decision(
    request: Request, customer: str, *, approved: bool, reason: str, by: Actor, until: datetime
) -> dict[str, Json]:
    """A person answers a request; a yes counts before ``until``, and a no is not asked again before it."""
    return {
        "change": request.change,
        "customer": customer,
        "request": request.seq,
        "answer": "yes" if approved else "no",
        "approver": by.user,
        "method": "u8sync approve",
        "command": by.command,
        "reason": reason,
        "until": instant(until),
    }


def instant(at: datetime) -> str:
    """An instant as records write it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def intent(operation: str, change: Change, batch: int) -> dict[str, Json]:
    """One change is about to be sent; ``undoes`` only where it takes back a change of an earlier run."""
    fields: dict[str, Json] = {
        "op_id": operation,
        "batch": batch,
        "customer": change.code,
        "fields": [
            {
                "field": field.field,
                "column": field.column,
                "was": field.was,
                "becomes": field.becomes,
                **rule_json(field),
            }
            for field in change.fields
        ],
        "before": dict(change.before),
        "after": dict(change.after),
        "reason": None if change.reason is None else reason_json(change.reason),
    }
    if change.undoes is not None:
        fields["undoes"] = undoes_json(change.undoes)
    return fields


def outcome(
    operation: str,
    ending: Ending,
    *,
    attempts: int,
    versions: tuple[str | None, str | None] = (None, None),
    tries: Sequence[FailedTry] = (),
) -> dict[str, Json]:
    """How one change ended.

    ``versions`` are the row versions before and after, as evidence; ``tries`` the attempts that failed, which the
    record has only if there are any.
    """
    fields: dict[str, Json] = {
        "op_id": operation,
        "customer": ending.code,
        "status": ending.status,
        "attempts": attempts,
        "version_before": versions[0],
        "version_after": versions[1],
    }
    if not ending.in_place:
        fields["seen"] = dict(ending.seen)
        fields["detail"] = ending.detail
    return fields | _failed(tries)


def settle(
    operation: str,
    settlement: Settlement,
    seen: Mapping[str, str | None],
    version: str | None,
    *,
    method: str,
    tries: Sequence[FailedTry] = (),
) -> dict[str, Json]:
    """A change that was left open is settled by what U8 holds now; ``method`` is ``read_back`` or ``receipt``."""
    fields: dict[str, Json] = {
        "op_id": operation,
        "customer": settlement.code,
        "of_run": settlement.run_id,
        "verdict": settlement.verdict,
        "method": method,
        "seen": dict(seen),
        "version": version,
    }
    return fields | _failed(tries)


def _failed(tries: Sequence[FailedTry]) -> dict[str, Json]:
    """The tries that failed, the last ones if they are many; nothing when there are none."""
    if not tries:
        return {}
    plain: list[Json] = [
        {
            "number": one.number,
            "error": one.error,
            "message": one.message[:LONGEST_MESSAGE],
            "waited_s": decimal_text(one.waited_s),
        }
        for one in tries[-MOST_TRIES:]
    ]
    return {"tries": plain}


def run_close(endings: Sequence[Ending], *, exit_code: int, error: str | None, health: Health) -> dict[str, Json]:
    """A run ends.

    How many changes ended how, the exit code, the error that ended it early (null: none), and how often anything at
    all, reading included, had to be tried again or to pause.
    """
    counts: dict[str, Json] = {"planned": len(endings)}
    counts |= {status: count for status, count in totals(endings).items()}  # noqa: C416 - widens the keys' type
    load: dict[str, Json] = {
        "operations": health.operations,
        "retries": health.retries,
        "pauses": health.openings,
    }
    return {"exit_code": exit_code, "error": error, "totals": counts, "load": load}
