"""Write a plan, batch by batch: intents durable, compare-and-set, outcomes recorded.

The one place in u8sync that calls ``Backend.write``. No record, no write; no write without a record of how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Change, Plan, op_id
from u8sync.domain.run import Ending
from u8sync.engine import records
from u8sync.engine.recovery import open_intents, settle_open
from u8sync.engine.retry import Retry
from u8sync.errors import (
    BackendError,
    FatalError,
    LockHeldError,
    RefusedError,
    StoppedError,
    TransientError,
    U8SyncError,
    UnknownOutcomeError,
)
from u8sync.ports import (
    AuditLog,
    Backend,
    BatchEnded,
    BatchSent,
    Clock,
    Edit,
    EditOutcome,
    FailedTry,
    Observer,
    Progress,
    Stamp,
)
from u8sync.text import Message, msg

__all__ = ["Applied", "AskedToStop", "apply_changes"]

AskedToStop = Callable[[], bool | Message]
"""Whether a run is to stop before its next batch; a sentence: it is, and why."""

LOST_BATCHES: Final = 3
"""So many batches in a row that could not be written, or whose answer is missing, end the run: U8 is not well."""


@dataclass(frozen=True)
class Applied:
    """What became of the changes.

    Attributes:
        endings: One for each change, in the plan's order.
        stopped_by: The error that ended the run before its time; null when every batch was tried.
    """

    endings: tuple[Ending, ...]
    stopped_by: U8SyncError | None


def apply_changes(
    plan: Plan,
    backend: Backend,
    log: AuditLog,
    *,
    run_id: str,
    batch: int,
    person: str,
    zone: tzinfo,
    clock: Clock,
    retry: Retry,
    progress: Progress,
    observer: Observer,
    asked_to_stop: AskedToStop,
) -> Applied:
    """Write the changes of ``plan``, ``batch`` customers a transaction, or as many as U8 takes at once.

    Raises AuditError as soon as the log cannot be written; nothing is sent after that, and the next run settles what is
    open. Errors of the backend do not rise: they end the run, and stand in the result.
    """
    endings: list[Ending] = []
    stopped_by: U8SyncError | None = None
    lost = 0
    progress.start(msg("Writing to U8"), len(plan.changes))
    for number, changes in enumerate(_batches(plan.changes, min(batch, backend.most_edits or batch)), 1):
        if (asked := asked_to_stop()) is not False:
            stopped_by = StoppedError(
                asked if isinstance(asked, Message) else msg("The run was asked to stop"),
                hint=msg("What was sent is recorded, the rest was not started. Run it again to go on."),
            )
            break
        sent = {change.code: op_id(plan, change, run_id) for change in changes}
        for change in changes:
            log.append("intent", records.intent(sent[change.code], change, number))
        log.commit()
        observer.notice(BatchSent(number, len(changes)))
        tries: list[FailedTry] = []
        answered = 0
        try:
            edits = [Edit(change.code, change.before, change.after, sent[change.code]) for change in changes]
            stamp = Stamp(person, clock.now().astimezone(zone))
            outcomes, _ = retry.telling(tries.append).call(backend.write, edits, stamp)
        except UnknownOutcomeError as error:
            ended, stopped_by = _settle(sent, backend, log, error, tries=tries, retry=retry)
            lost += 1
            stopped_by = stopped_by or (error if error.ends_run or lost >= LOST_BATCHES else None)
        except (TransientError, FatalError, RefusedError, LockHeldError) as error:
            ended = [_Ended(Ending(code, "not_applied", {}, str(error))) for code in sent]
            _record(sent, ended, log, attempts=len(tries), tries=tries)
            log.commit()
            lost += 1
            goes_on = isinstance(error, TransientError) and lost < LOST_BATCHES and not retry.health.given_up
            stopped_by = None if goes_on else error
        else:
            ended = [_Ended(_ending(outcome), outcome) for outcome in outcomes]
            # Durable with the next batch's intents, in one wait for the disk: until then a death leaves what one before
            # this line would have left, intents whose end U8 is asked for.
            _record(sent, ended, log, attempts=len(tries) + 1, tries=tries)
            lost, answered = 0, 1
        done = tuple(end.ending for end in ended)
        observer.notice(BatchEnded(number, done, len(tries) + answered))
        endings += done
        progress.advance(len(changes))
        if stopped_by is not None:
            break
    log.commit()
    progress.finish()
    endings += [Ending(change.code, "not_started", {}) for change in plan.changes[len(endings) :]]
    return Applied(tuple(endings), stopped_by)


@dataclass(frozen=True)
class _Ended:
    """An ending, and the evidence for it."""

    ending: Ending
    outcome: EditOutcome | None = None


def _batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    for start in range(0, len(changes), size):
        yield changes[start : start + size]


def _ending(outcome: EditOutcome) -> Ending:
    return Ending(outcome.code, outcome.status, outcome.seen, outcome.detail)


def _record(
    sent: Mapping[CustomerCode, str],
    ended: Sequence[_Ended],
    log: AuditLog,
    *,
    attempts: int,
    tries: Sequence[FailedTry],
) -> None:
    for end in ended:
        versions = (end.outcome.version_before, end.outcome.version_after) if end.outcome else (None, None)
        name = sent[end.ending.code]
        log.append("outcome", records.outcome(name, end.ending, attempts=attempts, versions=versions, tries=tries))


def _settle(
    sent: Mapping[CustomerCode, str],
    backend: Backend,
    log: AuditLog,
    error: UnknownOutcomeError,
    *,
    tries: Sequence[FailedTry],
    retry: Retry,
) -> tuple[list[_Ended], U8SyncError | None]:
    """The answer to a batch is missing: record that, then read back. What cannot be read ends the run."""
    unknown = [_Ended(Ending(code, "unknown", {}, str(error))) for code in sent]
    _record(sent, unknown, log, attempts=len(tries), tries=tries)
    log.commit()
    try:
        settled = settle_open(open_intents(log), backend, log, retry=retry)
    except BackendError as unreadable:
        return unknown, unreadable
    return [_Ended(Ending(settlement.code, settlement.verdict, {})) for settlement in settled], None
