"""One whole run as everybody sees it: read the files, run, and leave an entry in the history, however it ends.

The command line calls it for one account set, a fleet for many. The idea: what is written to U8 and to the audit log is
the engine's business and cannot be disturbed from here; whatever goes wrong around it, a report, an entry, a card, is
a trouble of the entry and turns a clean exit code into 2, never a failure of the run.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from u8sync import __version__
from u8sync.bootstrap import Installation, load, new_run_id, open_night, rules_of, user_name
from u8sync.bootstrap.around import Around, attempt
from u8sync.bootstrap.telling import KeptLog, Monitoring, StandardError, open_run_log
from u8sync.bootstrap.timing import Scheduled, late_words, refused, shown_at, timeliness, timeliness_words
from u8sync.config.fleet_file import overlaid
from u8sync.config.settings import Settings, load_settings
from u8sync.domain.fleet import NOTHING_ELSE, Overlay
from u8sync.domain.guards import Verdict
from u8sync.domain.plan import Plan
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.run_entry import GuardFound, RunEntry, TierFigures
from u8sync.domain.timeliness import Timeliness
from u8sync.engine.applier import AskedToStop
from u8sync.errors import ExitCode, RefusedError, U8SyncError
from u8sync.history.store import run_folder, write_entry
from u8sync.ports import Clock, Progress
from u8sync.report.figures import movements, tier_lines
from u8sync.report.language import Language, for_many, told
from u8sync.scheduling.window import Permission, may_write
from u8sync.telemetry.stopwatch import Stopwatch
from u8sync.text import Message, Private, english, msg

__all__ = ["Done", "Order", "run_night", "told"]


@dataclass(frozen=True)
class Order:
    """What a run is asked to do.

    Attributes:
        config: The configuration file.
        command: The command as typed, for the audit log.
        language: Of the report.
        as_of: Last day that counts; null: the configuration's.
        allow: Guards that a person lets pass.
        approve: Whether that person approves every change that needs it.
        reason: Why, in that person's words; null: not said.
        plan: A saved plan to apply, with the bytes of its file; null: plan now.
        scheduled: The start on schedule that it is for, with what is in doubt about it; null: a person's run.
        allow_window: Whether a person lets it write outside the hours of writing; ``reason`` says why.
        tell_people: Whether those are told whom the configuration names.
        overlay: What differs from the configuration for this account set of a fleet.
    """

    config: Path
    command: str
    language: Language
    as_of: date | None = None
    allow: frozenset[str] = frozenset()
    approve: bool = False
    reason: str | None = None
    plan: tuple[Plan, bytes] | None = None
    scheduled: Scheduled | None = None
    allow_window: bool = False
    tell_people: bool = True
    overlay: Overlay = NOTHING_ELSE


@dataclass(frozen=True)
class Done:
    """A run that ended.

    Attributes:
        entry: What the history says of it.
        folder: Where its entry and its report lie.
        installation: What it went by; null when mapping or policy could not be read.
        planned: The plan with all that led to it; null when it did not come to one, or applied a saved one.
        result: What became of it; null when nothing was to be tried.
        error: Why it ended early; null: it did not.
        troubles: What went wrong around the run, besides checkpoints that did not get out: the result says those.
        notes: What the schedule says of it: starts missed, a late start; they change no exit code.
    """

    entry: RunEntry
    folder: Path
    installation: Installation | None
    planned: Planned | None
    result: RunResult | None
    error: U8SyncError | None
    troubles: tuple[Message, ...]
    notes: tuple[Message, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Of the command."""
        return ExitCode.UNEXPECTED if self.entry.exit_code is None else ExitCode(self.entry.exit_code)


@dataclass
class _Seen:
    """What a run has come to so far."""

    installation: Installation | None = None
    planned: Planned | None = None
    result: RunResult | None = None
    passed: tuple[Verdict, ...] = ()


def run_night(
    order: Order,
    *,
    clock: Clock,
    progress: Progress,
    asked_to_stop: Callable[[], bool],
    show: Callable[[Installation, Planned], None],
    stderr: StandardError | None = None,
) -> Done:
    """Run once; ``show`` is told the plan before the guards may stop it.

    What ends a run early is part of the answer. Raises ConfigError only when the configuration itself cannot be read:
    nothing says then where the entry belongs. An error that nobody foresaw is written into the entry and raised.

    Args:
        order: What is asked for.
        clock: Time.
        progress: Hears how far a step has come.
        asked_to_stop: Whether somebody wants the run to end before its next batch.
        show: Told of the plan.
        stderr: Where lines of the log go besides its file, if the configuration wants that; null: nowhere.
    """
    entry = _begun(order, clock)
    watch = Stopwatch(progress)
    watch.step(msg("Loading the files"))
    settings = overlaid(load_settings(order.config), order.overlay)
    entry, notes, troubles = _beside_schedule(entry, order, settings)
    troubles += attempt(lambda: write_entry(settings.runs_folder, entry))
    kept = open_run_log(settings, entry, clock, stderr)
    watch.observer = kept.log
    monitoring = Monitoring(settings, lambda now: timeliness(settings, now))
    around = Around(settings, order.language, clock, watch, kept, monitoring, order.tell_people)
    kept.log.say("info", "run_began", command=entry.command, config=entry.config, user=entry.user, tool=__version__)
    seen = _Seen()
    error: U8SyncError | None = None
    with kept.log.with_libraries():
        try:
            stop = _until(_permission(order, settings, seen, clock), asked_to_stop, settings, clock)
            _run(order, entry.run_id, seen, clock=clock, watch=watch, kept=kept, asked_to_stop=stop, show=show)
        except U8SyncError as stopped:
            error = stopped
        except BaseException as unforeseen:
            code = ExitCode.UNEXPECTED if isinstance(unforeseen, Exception) else ExitCode.TEMPORARY
            # Nobody knows what stands in an error that nobody foresaw.
            what = kept.log.without_secrets(str(unforeseen))
            why = msg("{kind}: {what}", kind=type(unforeseen).__name__, what=Private(what))
            ended = replace(_ended(entry, seen, None, clock.now()), exit_code=code, error=told(why))
            ended = replace(ended, discreet={**ended.discreet, **for_many([why])})
            around.close(ended, troubles, at_once=not isinstance(unforeseen, Exception))
            raise
        watch.finish()
        entry = _ended(entry, seen, error, clock.now())
        if seen.planned is not None and seen.installation is not None:
            entry, more = around.report(entry, seen.planned, seen.result, seen.installation.policy)
            troubles += more
        entry, troubles = around.close(entry, troubles)
    own = run_folder(settings.runs_folder, entry.run_id)
    return Done(entry, own, seen.installation, seen.planned, seen.result, error, tuple(troubles), tuple(notes))


def _begun(order: Order, clock: Clock) -> RunEntry:
    return RunEntry(
        run_id=new_run_id(clock),
        command="run" if order.plan is None else "apply",
        started_at=clock.now(),
        host=socket.gethostname(),
        pid=os.getpid(),
        user=user_name(),
        config=str(order.config.absolute()),
        scheduled_for=None if order.scheduled is None else order.scheduled.start,
    )


def _beside_schedule(
    entry: RunEntry, order: Order, settings: Settings
) -> tuple[RunEntry, list[Message], list[Message]]:
    """The entry with the starts that were missed before it, what to tell of them, and why they could not be found."""
    schedule = settings.schedule
    if schedule is None:
        return entry, [], []
    found: list[Timeliness] = []

    def look() -> None:
        answer = timeliness(settings, entry.started_at)
        if answer is not None:
            found.append(answer)

    troubles = attempt(look)
    notes = [] if order.scheduled is None else list(order.scheduled.doubts)
    late_by = None if entry.scheduled_for is None else entry.started_at - entry.scheduled_for
    if late_by is not None and late_by > timedelta(minutes=schedule.late_minutes):
        notes.append(late_words(late_by))
    for answer in found:
        missed = tuple(start for start in answer.missed if start != entry.scheduled_for)
        entry = replace(entry, missed=missed)
        notes = [*timeliness_words(replace(answer, missed=missed, late_by=None), schedule), *notes]
    return replace(entry, troubles=tuple(map(told, notes))), notes, troubles


def _permission(order: Order, settings: Settings, seen: _Seen, clock: Clock) -> Permission:
    """Whether, and until when, this run may write. Raises RefusedError when it may not and nobody lets it pass."""
    schedule, now = settings.schedule, clock.now()
    if schedule is None:
        return Permission(None, None)
    permission = may_write(schedule, now)
    if permission.refusal is None:
        return permission
    if not order.allow_window:
        raise refused(permission, schedule)
    at = f"{shown_at(now, schedule)} {schedule.timezone}"
    seen.passed = (Verdict("write_window", False, True, at, english(permission.refusal), permission.refusal),)
    return Permission(None, None)  # whoever lets it pass has taken the end upon himself as well


def _until(permission: Permission, asked_to_stop: Callable[[], bool], settings: Settings, clock: Clock) -> AskedToStop:
    """Asked to stop, or the hours of writing are over."""
    until, schedule = permission.until, settings.schedule
    if until is None or schedule is None:
        return asked_to_stop

    def ask() -> bool | Message:
        if clock.now() >= until:
            return msg("The hours of writing were over at {time}", time=shown_at(until, schedule))
        return asked_to_stop()

    return ask


def _run(
    order: Order,
    run_id: str,
    seen: _Seen,
    *,
    clock: Clock,
    watch: Stopwatch,
    kept: KeptLog,
    asked_to_stop: AskedToStop,
    show: Callable[[Installation, Planned], None],
) -> None:
    """The run itself; what it comes to is noted in ``seen``, so that it is known however it ends."""
    installation = seen.installation = load(order.config, order.overlay)
    rules = installation.settings.approval
    if order.approve and rules is not None and rules.four_eyes:
        raise RefusedError(
            msg("Who runs a plan may not approve its changes as well (approval: four_eyes)"),
            hint=msg("Nothing was written. Run it without --approve; somebody else answers with 'u8sync approve'."),
        )

    def take(planned: Planned) -> None:
        seen.planned = planned
        watch.step(msg("Showing the plan"))
        show(installation, planned)

    as_of = order.as_of if order.plan is None else order.plan[0].seal.as_of
    with open_night(
        installation,
        rules_of(installation, as_of=as_of, allow=order.allow, clock=clock, approve=order.approve),
        run_id=run_id,
        command=order.command,
        clock=clock,
        progress=watch,
        observer=kept.log,
        asked_to_stop=asked_to_stop,
        allow_reason=order.reason,
        passed=seen.passed,
        plan_file=None if order.plan is None else order.plan[1],
    ) as night:
        seen.result = night.run(take) if order.plan is None else night.apply(order.plan[0])
    watch.finish()


def _ended(entry: RunEntry, seen: _Seen, error: U8SyncError | None, now: datetime) -> RunEntry:
    """The entry of a run that ended with what was seen of it, and with this error."""
    entry = replace(entry, state="ended", ended_at=now)
    if seen.planned is not None and seen.installation is not None:
        entry = _with_plan(entry, seen.planned, seen.installation)
    entry = replace(entry, guards=(*map(_guard_found, seen.passed), *entry.guards))
    result = seen.result
    if result is not None:
        error = error or result.stopped_by  # the log may fail after everything was written
        entry = replace(
            entry,
            account_set=result.account_set.code,
            account_set_name=result.account_set.name,
            as_of=result.plan.seal.as_of,
            planned=len(result.plan.changes),
            endings={status: count for status, count in result.totals.items() if count},
            settled=len(result.settled),
            waiting=result.waiting,
            audit_log=result.account_set.folder,
            audit_count=result.audit_count,
            audit_hash=result.audit_hash,
            exit_code=int(result.exit_code),
            troubles=(*entry.troubles, *map(told, result.unanchored)),
        )
    if error is None:
        return entry
    return replace(
        entry,
        exit_code=int(error.exit_code),
        error=told(error.message),
        hint=None if error.hint is None else told(error.hint),
        discreet={**entry.discreet, **for_many([error.message, error.hint])},
    )


def _with_plan(entry: RunEntry, planned: Planned, installation: Installation) -> RunEntry:
    plan, policy = planned.plan, installation.policy
    return replace(
        entry,
        account_set=planned.account_set.code,
        account_set_name=planned.account_set.name,
        as_of=plan.seal.as_of,
        customers=plan.population.customers,
        eligible=plan.population.eligible,
        issues=plan.population.with_issues,
        planned=len(plan.changes),
        held=len(plan.held),
        waiting=len(planned.sorting.waiting),
        moves=tuple((move.was, move.becomes, move.count) for move in movements(plan, policy)),
        tiers=tuple(
            TierFigures(line.tier, line.now, line.recommended, line.revenue)
            for line in tier_lines(planned.decision.customers, policy)
        ),
        guards=tuple(map(_guard_found, planned.verdicts)),
    )


def _guard_found(verdict: Verdict) -> GuardFound:
    return GuardFound(verdict.guard, verdict.ok, verdict.allowed, told(verdict.message))
