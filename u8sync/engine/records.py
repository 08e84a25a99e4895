"""The audit records of a run, made of plain values; the log adds number, chain, time and run.

Customer codes and values only: no names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from u8sync.domain.canonical import Json
from u8sync.domain.guards import Verdict
from u8sync.domain.model import AccountSet
from u8sync.domain.plan import Change, Plan, reason_json, seal_json
from u8sync.domain.run import Ending, Settlement, totals

__all__ = ["Actor", "guard", "intent", "outcome", "plan_record", "run_close", "run_open", "settle"]


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


def plan_record(plan: Plan) -> dict[str, Json]:
    """What is going to be written, by its fingerprint; the changes themselves are in the intents."""
    return {
        "plan": plan.fingerprint,
        "seal": seal_json(plan.seal),
        "changes": len(plan.changes),
        "skipped": len(plan.skipped),
        "customers": plan.population.customers,
        "eligible": plan.population.eligible,
        "with_business": plan.population.with_business,
        "with_issues": plan.population.with_issues,
    }


def guard(verdict: Verdict) -> dict[str, Json]:
    """What one guard found."""
    return {
        "guard": verdict.guard,
        "ok": verdict.ok,
        "allowed": verdict.allowed,
        "measured": verdict.measured,
        "limit": verdict.limit,
    }


def intent(operation: str, change: Change, batch: int) -> dict[str, Json]:
    """One change is about to be sent."""
    return {
        "op_id": operation,
        "batch": batch,
        "customer": change.code,
        "fields": [
            {"field": field.field, "column": field.column, "was": field.was, "becomes": field.becomes}
            for field in change.fields
        ],
        "before": dict(change.before),
        "after": dict(change.after),
        "reason": None if change.reason is None else reason_json(change.reason),
    }


def outcome(
    operation: str,
    ending: Ending,
    *,
    attempts: int,
    versions: tuple[str | None, str | None] = (None, None),
) -> dict[str, Json]:
    """How one change ended; ``versions`` are the row versions before and after, as evidence."""
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
    return fields


def settle(
    operation: str, settlement: Settlement, seen: Mapping[str, str | None], version: str | None, *, method: str
) -> dict[str, Json]:
    """A change that was left open is settled by what U8 holds now; ``method`` is ``read_back`` or ``receipt``."""
    return {
        "op_id": operation,
        "customer": settlement.code,
        "of_run": settlement.run_id,
        "verdict": settlement.verdict,
        "method": method,
        "seen": dict(seen),
        "version": version,
    }


def run_close(endings: Sequence[Ending], *, exit_code: int, error: str | None) -> dict[str, Json]:
    """A run ends: how many changes ended how, the exit code, and the error that ended it early (null: none)."""
    counts: dict[str, Json] = {"planned": len(endings)}
    counts |= {status: count for status, count in totals(endings).items()}  # noqa: C416 - widens the keys' type
    return {"exit_code": exit_code, "error": error, "totals": counts}
