"""One whole run as everybody sees it: read the files, run, and leave an entry in the history, however it ends.

The command line calls it for one account set, a fleet for many. The idea: what is written to U8 and to the audit log is
the engine's business and cannot be disturbed from here; whatever goes wrong around it, a report, an entry, a card, is
a trouble of the entry and turns a clean exit code into 2, never a failure of the run.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from u8sync.bootstrap import Installation, load, new_run_id, open_night, rules_of, user_name
from u8sync.config.fleet_file import overlaid
from u8sync.config.settings import Settings, load_settings
from u8sync.domain.fleet import NOTHING_ELSE, Overlay
from u8sync.domain.plan import Plan
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.run_entry import GuardFound, RunEntry, StepTime, TierFigures, Told
from u8sync.errors import ExitCode, U8SyncError
from u8sync.history.store import prune, run_folder, write_entry
from u8sync.ports import Clock, Progress
from u8sync.report.figures import movements, tier_lines
from u8sync.report.html import render_report
from u8sync.report.language import Language, translator
from u8sync.report.pages import save_page
from u8sync.text import Message, english, msg

__all__ = ["Done", "Order", "run_night", "told"]

REPORT = "report.html"


@dataclass(frozen=True)
class Order:
    """What a run is asked to do.

    Attributes:
        config: The configuration file.
        command: The command as typed, for the audit log.
        language: Of the report.
        as_of: Last day that counts; null: the configuration's.
        allow: Guards that a person lets pass.
        reason: Why, in that person's words; null: not said.
        plan: A saved plan to apply, with the bytes of its file; null: plan now.
        overlay: What differs from the configuration for this account set of a fleet.
    """

    config: Path
    command: str
    language: Language
    as_of: date | None = None
    allow: frozenset[str] = frozenset()
    reason: str | None = None
    plan: tuple[Plan, bytes] | None = None
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
    """

    entry: RunEntry
    folder: Path
    installation: Installation | None
    planned: Planned | None
    result: RunResult | None
    error: U8SyncError | None
    troubles: tuple[Message, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Of the command."""
        return ExitCode.UNEXPECTED if self.entry.exit_code is None else ExitCode(self.entry.exit_code)


@dataclass
class _Timed:
    """Progress that also takes the time of each step."""

    heard: Progress
    steps: list[StepTime] = field(default_factory=list)
    _running: tuple[Message, float] | None = None

    def start(self, step: Message, total: int | None) -> None:
        """A step begins."""
        self._stop()
        self._running = step, time.perf_counter()
        self.heard.start(step, total)

    def advance(self, units: int) -> None:
        """So many units more are done."""
        self.heard.advance(units)

    def finish(self) -> None:
        """The step is over."""
        self._stop()
        self.heard.finish()

    def _stop(self) -> None:
        if self._running is not None:
            (step, began), self._running = self._running, None
            self.steps.append(StepTime(told(step), _seconds(time.perf_counter() - began)))


@dataclass
class _Seen:
    """What a run has come to so far."""

    installation: Installation | None = None
    planned: Planned | None = None
    result: RunResult | None = None


def run_night(
    order: Order,
    *,
    clock: Clock,
    progress: Progress,
    asked_to_stop: Callable[[], bool],
    show: Callable[[Installation, Planned], None],
) -> Done:
    """Run once; ``show`` is told the plan before the guards may stop it.

    What ends a run early is part of the answer. Raises ConfigError only when the configuration itself cannot be read:
    nothing says then where the entry belongs. An error that nobody foresaw is written into the entry and raised.
    """
    settings = overlaid(load_settings(order.config), order.overlay)
    timed = _Timed(progress)
    seen = _Seen()
    entry = _begun(order, clock)
    troubles = _try(lambda: write_entry(settings.runs_folder, entry))
    error: U8SyncError | None = None
    try:
        _run(order, entry.run_id, seen, clock=clock, progress=timed, asked_to_stop=asked_to_stop, show=show)
    except U8SyncError as stopped:
        error = stopped
    except BaseException as unforeseen:
        code = ExitCode.UNEXPECTED if isinstance(unforeseen, Exception) else ExitCode.TEMPORARY
        why = msg("{kind}: {what}", kind=type(unforeseen).__name__, what=str(unforeseen))
        ended = replace(_ended(entry, seen, None, clock.now()), exit_code=code, error=told(why))
        _try(lambda: write_entry(settings.runs_folder, ended))
        raise
    timed.finish()
    entry = replace(_ended(entry, seen, error, clock.now()), steps=tuple(timed.steps))
    entry, more = _reported(entry, settings, seen, order.language)
    own = run_folder(settings.runs_folder, entry.run_id)
    done = Done(entry, own, seen.installation, seen.planned, seen.result, error, (*troubles, *more))
    return _close(done, settings, clock)


def told(message: Message) -> Told:
    """A sentence in both languages."""
    return Told(en=english(message), zh=translator("zh")(message))


def _begun(order: Order, clock: Clock) -> RunEntry:
    return RunEntry(
        run_id=new_run_id(clock),
        command="run" if order.plan is None else "apply",
        started_at=clock.now(),
        host=socket.gethostname(),
        pid=os.getpid(),
        user=user_name(),
        config=str(order.config.absolute()),
    )


def _run(
    order: Order,
    run_id: str,
    seen: _Seen,
    *,
    clock: Clock,
    progress: Progress,
    asked_to_stop: Callable[[], bool],
    show: Callable[[Installation, Planned], None],
) -> None:
    """The run itself; what it comes to is noted in ``seen``, so that it is known however it ends."""
    installation = seen.installation = load(order.config, order.overlay)

    def take(planned: Planned) -> None:
        seen.planned = planned
        show(installation, planned)

    as_of = order.as_of if order.plan is None else order.plan[0].seal.as_of
    with open_night(
        installation,
        rules_of(installation, as_of=as_of, allow=order.allow, clock=clock),
        run_id=run_id,
        command=order.command,
        clock=clock,
        progress=progress,
        asked_to_stop=asked_to_stop,
        allow_reason=order.reason,
        plan_file=None if order.plan is None else order.plan[1],
    ) as night:
        seen.result = night.run(take) if order.plan is None else night.apply(order.plan[0])


def _ended(entry: RunEntry, seen: _Seen, error: U8SyncError | None, now: datetime) -> RunEntry:
    """The entry of a run that ended with what was seen of it, and with this error."""
    entry = replace(entry, state="ended", ended_at=now)
    if seen.planned is not None and seen.installation is not None:
        entry = _with_plan(entry, seen.planned, seen.installation)
    result = seen.result
    if result is not None:
        error = result.stopped_by
        entry = replace(
            entry,
            account_set=result.account_set.code,
            account_set_name=result.account_set.name,
            as_of=result.plan.seal.as_of,
            planned=len(result.plan.changes),
            endings={status: count for status, count in result.totals.items() if count},
            settled=len(result.settled),
            audit_count=result.audit_count,
            audit_hash=result.audit_hash,
            exit_code=int(result.exit_code),
            troubles=tuple(map(told, result.unanchored)),
        )
    if error is None:
        return entry
    return replace(
        entry,
        exit_code=int(error.exit_code),
        error=told(error.message),
        hint=None if error.hint is None else told(error.hint),
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
        moves=tuple((move.was, move.becomes, move.count) for move in movements(plan, policy)),
        tiers=tuple(
            TierFigures(line.tier, line.now, line.recommended, line.revenue)
            for line in tier_lines(planned.decision.customers, policy)
        ),
        guards=tuple(
            GuardFound(verdict.guard, verdict.ok, verdict.allowed, told(verdict.message))
            for verdict in planned.verdicts
        ),
    )


def _reported(entry: RunEntry, settings: Settings, seen: _Seen, language: Language) -> tuple[RunEntry, list[Message]]:
    """The entry with the report that was written for it, and what went wrong with that."""
    if seen.planned is None or seen.installation is None or not settings.runs_report:
        return entry, []
    planned, policy = seen.planned, seen.installation.policy

    def write() -> None:
        page = render_report(planned, seen.result, policy, translator(language), language)
        save_page(run_folder(settings.runs_folder, entry.run_id) / REPORT, page)

    troubles = _try(write)
    return (entry if troubles else replace(entry, files={**entry.files, "report": REPORT})), troubles


def _close(done: Done, settings: Settings, clock: Clock) -> Done:
    """Write the entry for good, and clear away what is older than it has to be kept."""
    troubles = [*done.troubles, *_try(lambda: prune(settings.runs_folder, settings.runs_days, clock.now()))]
    troubles += _try(lambda: write_entry(settings.runs_folder, _with_troubles(done.entry, troubles)))
    once = tuple({str(trouble): trouble for trouble in troubles}.values())
    return replace(done, entry=_with_troubles(done.entry, once), troubles=once)


def _with_troubles(entry: RunEntry, troubles: Sequence[Message]) -> RunEntry:
    """The entry with these troubles, each once; an exit code of 0 does not pass over them."""
    if not troubles:
        return entry
    words = dict.fromkeys([*entry.troubles, *map(told, troubles)])
    return replace(entry, troubles=tuple(words), exit_code=entry.exit_code or int(ExitCode.PENDING))


def _try(step: Callable[[], object]) -> list[Message]:
    """Take a step that may fail without harm; returns why it did, or nothing."""
    try:
        step()
    except U8SyncError as error:
        return [error.message]
    except OSError as error:
        return [
            msg(
                "The run's folder cannot be written: {path}: {why}",
                path=str(error.filename or "?"),
                why=error.strerror or str(error),
            )
        ]
    return []


def _seconds(elapsed: float) -> Decimal:
    return Decimal(f"{elapsed:.3f}")
