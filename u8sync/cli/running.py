"""``plan``, ``apply``, ``run`` and ``explain``."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.completing import complete_runs
from u8sync.cli.journal import in_journal
from u8sync.cli.options import (
    allow_option,
    allow_window_option,
    approve_option,
    as_of_option,
    config_option,
    json_option,
    reason_option,
    report_option,
    timings_option,
    xlsx_option,
)
from u8sync.cli.outcomes import (
    end_of,
    show_end,
    show_planned,
    show_timings,
    show_undo,
    write_report,
    write_workbook,
)
from u8sync.cli.session import Session
from u8sync.cli.stopping import listening
from u8sync.cli.undoing import plan_to_undo
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.bootstrap import Installation
    from u8sync.bootstrap.nights import Done
    from u8sync.bootstrap.timing import Scheduled
    from u8sync.domain.plan import Plan
    from u8sync.domain.run import Planned
    from u8sync.domain.undo import PlannedUndo
    from u8sync.ports import Progress
    from u8sync.telemetry.stopwatch import Stopwatch

__all__ = ["apply", "explain", "plan", "plan_now", "run", "run_once"]


@click.command(
    help=N_(
        "Show what would change, and why. Nothing is written. Ends with 0 when nothing is to do, 2 when changes are"
        " pending, 4 when a guard would stop them. With --undo: what would take an earlier run back."
    ),
)
@config_option
@as_of_option
@click.option("--out", type=click.Path(path_type=Path), help=N_("Save the plan to this file, for 'u8sync apply'."))
@click.option("--all", "show_all", is_flag=True, help=N_("Show every change, not only the first ones."))
@click.option(
    "--undo",
    "undo",
    metavar="RUN",
    shell_complete=complete_runs,
    help=N_("Plan to take this run back, as far as U8 still holds what it wrote; 'u8sync audit list' names the runs."),
)
@click.option("--customer", "customers", multiple=True, help=N_("With --undo: only this customer; may be repeated."))
@click.option("--field", "fields", multiple=True, help=N_("With --undo: only this field; may be repeated."))
@allow_option
@report_option
@timings_option
@xlsx_option
@json_option
@click.pass_obj
def plan(
    session: Session,
    *,
    config: Path,
    as_of: date | None,
    out: Path | None,
    show_all: bool,
    undo: str | None,
    customers: tuple[str, ...],
    fields: tuple[str, ...],
    allow: tuple[str, ...],
    report: Path | None,
    timings: bool,
    xlsx: Path | None,
    as_json: bool,
) -> ExitCode:
    """Show what would change, and why."""
    from u8sync import bootstrap
    from u8sync.telemetry.stopwatch import Stopwatch

    _refuse_mixed(
        undo, of_tiers=any(one is not None for one in (report, xlsx, as_of)), of_undo=bool(customers or fields)
    )
    limit = None if show_all else 20
    watch = Stopwatch(session.progress())
    watch.step(msg("Loading the files"))
    installation = bootstrap.load(config)
    if undo is not None:
        watch.step(msg("Planning to take the run back"))
        taken_back = plan_to_undo(session, installation, undo, customers=customers, fields=fields, allow=allow)
        _save(taken_back.plan, out)
        if as_json:
            from u8sync.cli.as_json import undo_json

            session.emit(json.dumps(undo_json(taken_back), ensure_ascii=False, indent=1))
        else:
            show_undo(session, taken_back, limit=limit)
        if timings:
            _show_timings(session, watch, as_json=as_json)
        return _planned(session, taken_back, out, quiet=as_json)
    planned = plan_now(installation, watch, as_of=as_of, allow=allow)
    watch.step(msg("Showing the plan"))
    _save(planned.plan, out)
    if as_json:
        from u8sync.cli.as_json import planned_json

        session.emit(json.dumps(planned_json(planned), ensure_ascii=False, indent=1))
    else:
        show_planned(session, installation, planned, limit=limit)
    if report is not None:
        watch.step(msg("Writing the report"))
        write_report(session, installation, planned, None, report)
    if xlsx is not None:
        write_workbook(session, installation, planned, None, xlsx)
    if timings:
        _show_timings(session, watch, as_json=as_json)
    return _planned(session, planned, out, quiet=as_json, waits=bool(planned.sorting.waiting))


def _refuse_mixed(undo: str | None, *, of_tiers: bool, of_undo: bool) -> None:
    """Some options belong to a plan of tiers, others to an undo."""
    if undo is None and of_undo:
        raise InputError(
            msg("--customer and --field choose what --undo takes back"),
            hint=msg("Add --undo RUN, or leave them out."),
        )
    if undo is not None and of_tiers:
        raise InputError(
            msg("--report, --xlsx and --as-of belong to a plan of tiers; an undo decides none"),
            hint=msg("Leave them out."),
        )


def _show_timings(session: Session, watch: Stopwatch, *, as_json: bool) -> None:
    """Where the time went until now."""
    from u8sync.bootstrap.telling import step_times

    watch.finish()
    show_timings(session, step_times(watch), as_json=as_json)


def _save(plan: Plan, out: Path | None) -> None:
    if out is not None:
        from u8sync.engine.plan_file import save_plan

        save_plan(plan, out)


def _planned(
    session: Session, planned: Planned | PlannedUndo, out: Path | None, *, quiet: bool, waits: bool = False
) -> ExitCode:
    """Say where the plan is, and what a script is told."""
    if out is not None and not quiet:
        session.say(msg("Plan saved: {path}. To write it: u8sync apply {path}", path=str(out)))
    if planned.stopped:
        return ExitCode.GUARD
    return ExitCode.PENDING if planned.plan.changes or waits else ExitCode.DONE


@click.command(
    help=N_(
        "Write a saved plan. Refused when it was edited, was made for another account set, mapping or policy, was"
        " applied before, or when a customer was changed since."
    ),
)
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@config_option
@allow_option
@approve_option
@allow_window_option
@reason_option
@json_option
@click.pass_obj
def apply(
    session: Session,
    *,
    plan_file: Path,
    config: Path,
    allow: tuple[str, ...],
    approve: bool,
    allow_window: bool,
    reason: str | None,
    as_json: bool,
) -> ExitCode:
    """Write a saved plan."""
    from u8sync.engine.plan_file import load_plan

    ask_for_reason(reason, allow_window=allow_window, approve=approve)
    saved = load_plan(plan_file), plan_file.read_bytes()
    done = run_once(
        session,
        config,
        allow=allow,
        approve=approve,
        allow_window=allow_window,
        reason=reason,
        plan=saved,
        quiet=True,
    )
    show_end(session, done, as_json=as_json)
    return end_of(done)


@click.command(
    help=N_(
        "Plan and write in one go: the nightly run. Ends with 0 when U8 holds every planned value, 2 when some rows"
        " were not applied, 3 when another run is at work, 4 when a guard stopped it, 78 outside the hours of writing."
    ),
)
@config_option
@as_of_option
@click.option(
    "--scheduled",
    is_flag=True,
    help=N_("Run only when a start on schedule is due and unanswered; else end with 0 at once. For schedulers."),
)
@allow_option
@approve_option
@allow_window_option
@reason_option
@report_option
@timings_option
@xlsx_option
@json_option
@click.pass_obj
def run(
    session: Session,
    *,
    config: Path,
    as_of: date | None,
    scheduled: bool,
    allow: tuple[str, ...],
    approve: bool,
    allow_window: bool,
    reason: str | None,
    report: Path | None,
    timings: bool,
    xlsx: Path | None,
    as_json: bool,
) -> ExitCode:
    """Plan and write in one go."""
    ask_for_reason(reason, allow_window=allow_window, approve=approve)
    start = None
    if scheduled:
        start = _scheduled(session, config, by_hand=allow_window or approve or bool(allow) or as_of is not None)
        if start is None:
            return ExitCode.DONE
    done = run_once(
        session,
        config,
        as_of=as_of,
        allow=allow,
        approve=approve,
        allow_window=allow_window,
        reason=reason,
        scheduled=start,
        quiet=as_json,
    )
    show_end(session, done, as_json=as_json)
    if timings:
        show_timings(session, done.entry.steps, as_json=as_json)
    if report is not None and done.planned is not None and done.installation is not None:
        write_report(session, done.installation, done.planned, done.result, report)
    if xlsx is not None and done.planned is not None and done.installation is not None:
        write_workbook(session, done.installation, done.planned, done.result, xlsx, entry=done.entry)
    return end_of(done)


def ask_for_reason(reason: str | None, *, allow_window: bool, approve: bool) -> None:
    """What a person answers for is recorded with a reason. Raises InputError when there is none."""
    if approve and not (reason or "").strip():
        raise InputError(
            msg("--approve needs a reason"),
            hint=msg("Add --reason TEXT: it stands in the audit log beside the approval."),
        )
    if allow_window and not (reason or "").strip():
        raise InputError(
            msg("--allow-window needs --reason: the audit log records why"),
            hint=msg("For instance: --allow-window --reason 'asked for by accounting'"),
        )


def _scheduled(session: Session, config: Path, *, by_hand: bool) -> Scheduled | None:
    """The start on schedule that is due; null: none is, and it was said why.

    Raises InputError beside options that only a person may give.
    """
    from u8sync import bootstrap
    from u8sync.bootstrap.timing import Scheduled, scheduled_start
    from u8sync.config.settings import load_settings

    if by_hand:
        raise InputError(
            msg("--scheduled takes none of --allow, --allow-window, --approve, --as-of: no scheduler may decide them"),
            hint=msg("Leave --scheduled out of a run by hand."),
        )
    start = scheduled_start(load_settings(config), bootstrap.SystemClock().now())
    if isinstance(start, Scheduled):
        return start
    for sentence in (*start.doubts, start.why):
        session.note(sentence)
    return None


@click.command(
    help=N_("Say why a customer has its tier: metrics, ranks, contributions, conditions, and what would lift it."),
)
@click.argument("code")
@config_option
@as_of_option
@json_option
@click.pass_obj
def explain(session: Session, *, code: str, config: Path, as_of: date | None, as_json: bool) -> ExitCode:
    """Say why a customer has its tier."""
    from u8sync import bootstrap
    from u8sync.cli.as_json import explanation_json
    from u8sync.domain.explain import explain as explain_customer
    from u8sync.report.terminal.explanation import explanation_view

    installation = bootstrap.load(config)
    planned = plan_now(installation, session.progress(), as_of=as_of, allow=())
    explanation = explain_customer(
        planned.decision.customers,
        code,
        installation.policy,
        past=planned.past,
    )
    if explanation is None:
        raise InputError(
            msg("There is no customer with the code '{code}'", code=code),
            hint=msg("Codes are text: '007' is not '7'. 'u8sync plan --all' lists codes as U8 holds them."),
        )
    if as_json:
        session.emit(json.dumps(explanation_json(explanation, planned), ensure_ascii=False, indent=1))
    else:
        session.out.print(explanation_view(explanation, planned, installation.policy, session.translate))
    return ExitCode.DONE


def plan_now(installation: Installation, progress: Progress, *, as_of: date | None, allow: tuple[str, ...]) -> Planned:
    """Read the account set and decide; the backend refuses every write."""
    from u8sync import bootstrap
    from u8sync.bootstrap.planning import plan_only

    clock = bootstrap.SystemClock()
    return plan_only(installation, as_of=as_of, allow=frozenset(allow), clock=clock, progress=progress)


def run_once(
    session: Session,
    config: Path,
    *,
    as_of: date | None = None,
    allow: tuple[str, ...] = (),
    approve: bool = False,
    allow_window: bool = False,
    reason: str | None = None,
    plan: tuple[Plan, bytes] | None = None,
    scheduled: Scheduled | None = None,
    quiet: bool,
) -> Done:
    """Run, with an entry in the history; the plan is shown unless ``quiet``. A signal asks it to stop."""
    from u8sync import bootstrap
    from u8sync.bootstrap.nights import Order, run_night
    from u8sync.bootstrap.telling import StandardError

    def show(installation: Installation, planned: Planned) -> None:
        if not quiet:
            show_planned(session, installation, planned, limit=20)

    order = Order(
        config,
        session.command,
        session.language,
        as_of=as_of,
        allow=frozenset(allow),
        approve=approve,
        reason=reason,
        plan=plan,
        scheduled=scheduled,
        allow_window=allow_window,
    )
    with listening() as asked_to_stop:
        return run_night(
            order,
            clock=bootstrap.SystemClock(),
            progress=session.progress(),
            asked_to_stop=asked_to_stop,
            show=show,
            stderr=StandardError(session.err.file, in_journal(session.err.file, os.environ)),
        )
