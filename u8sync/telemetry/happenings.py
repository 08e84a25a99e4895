"""The words of a log: which event becomes which lines. Names of events and fields are stable, for those who search.

Customers appear by code only, and only where something went wrong with them: a log is read by more people than U8 is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from u8sync.domain.guards import Verdict
from u8sync.ports import (
    AuditAt,
    BatchEnded,
    BatchSent,
    Event,
    FailedTry,
    OpenSettled,
    PlanJudged,
    Reached,
    StepBegan,
    StepEnded,
)

__all__ = ["Level", "Line", "lines_of"]

Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True)
class Line:
    """One line to be.

    Attributes:
        level: How loud it is.
        event: What happened, in one word.
        fields: The rest, by name.
    """

    level: Level
    event: str
    fields: Mapping[str, object]


def lines_of(event: Event) -> Iterator[Line]:
    """What is said of an event, in order."""
    match event:
        case StepBegan():
            yield Line("debug", "step_began", {"step": event.name, "total": event.total})
        case StepEnded():
            yield Line("info", "step_ended", {"step": event.name, "seconds": event.seconds, "units": event.units})
        case Reached():
            name = event.account_set
            yield Line("info", "account_set", {"database": name.database, "backend": name.backend})
        case AuditAt():
            yield Line("info", "audit_head", {"records": event.head.count, "hash": event.head.hash})
        case OpenSettled():
            counts = Counter(one.verdict for one in event.settled)
            yield Line("warning", "settled", {"changes": len(event.settled), "verdicts": dict(counts)})
        case FailedTry():
            yield _failed(event)
        case PlanJudged():
            yield from _plan(event)
        case BatchSent():
            yield Line("debug", "batch_sent", {"batch": event.number, "changes": event.changes})
        case BatchEnded():
            yield from _batch(event)
        case _:
            assert_never(event)


def _failed(failed: FailedTry) -> Line:
    """A try that failed; nothing was waited after the last one."""
    again = failed.waited_s > 0
    fields = {"try": failed.number, "error": failed.error, "why": failed.message, "waited_s": failed.waited_s}
    return Line("warning", "retry" if again else "gave_up", fields)


def _plan(judged: PlanJudged) -> Iterator[Line]:
    plan = judged.plan
    yield Line(
        "info",
        "plan",
        {
            "plan": plan.fingerprint,
            "as_of": plan.seal.as_of.isoformat(),
            "customers": plan.population.customers,
            "eligible": plan.population.eligible,
            "issues": plan.population.with_issues,
            "changes": len(plan.changes),
            "held": len(plan.held),
            "left_alone": len(plan.skipped),
        },
    )
    for verdict in judged.verdicts:
        yield Line(
            "error" if verdict.stops else "info" if verdict.ok else "warning",
            "guard",
            {"guard": verdict.guard, "verdict": _verdict(verdict), "found": verdict.message},
        )


def _verdict(verdict: Verdict) -> str:
    return "ok" if verdict.ok else "allowed" if verdict.allowed else "stopped"


def _batch(batch: BatchEnded) -> Iterator[Line]:
    counts = Counter(ending.status for ending in batch.endings)
    all_in = all(ending.in_place for ending in batch.endings)
    yield Line(
        "info" if all_in else "warning",
        "batch_ended",
        {"batch": batch.number, "changes": len(batch.endings), "attempts": batch.attempts, "endings": dict(counts)},
    )
    for ending in batch.endings:
        if not ending.in_place:
            yield Line("warning", "change", {"batch": batch.number, "customer": ending.code, "ended": ending.status})
