"""``fleet``: many account sets of a group in one night, with one summary."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from u8sync.cli.options import allow_option, as_of_option, config_option, json_option, reason_option
from u8sync.cli.session import Session
from u8sync.cli.stopping import listening
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.domain.fleet import FleetKind, FleetSummary
    from u8sync.report.terminal.fleet import LastRun

__all__ = ["fleet"]

fleet_option = click.option(
    "--fleet",
    "file",
    type=click.Path(path_type=Path),
    default=Path("fleet.yaml"),
    show_default=True,
    help=N_("The fleet file; 'u8sync fleet init' makes one."),
)
only_option = click.option(
    "--only", "only", multiple=True, metavar="NAME", help=N_("Only this member; may be given several times.")
)
scheduler_option = click.option(
    "--scheduler",
    "scheduler",
    metavar="ADDRESS",
    default=None,
    help=N_("Address of a Dask scheduler whose workers do the work; else threads of this machine do."),
)


@click.group(
    help=N_(
        "Run many account sets of a group in one night: each by itself, with its own audit log and report, and one"
        " summary of all. What goes wrong in one does not keep the others from their run."
    ),
)
def fleet() -> None:
    """Group of the fleet's commands."""


@fleet.command(
    "run",
    short_help=N_("Run every account set of the fleet."),
    help=N_(
        "Run every account set of the fleet, so many at a time as its limits say. Ends with 0 when all is well in all"
        " of them, 2 when some were carried out and not all is well, 75 when it was asked to stop, or the cluster"
        " was lost, before all were run;"
        " when none was carried out, with the code that all share, or the gravest."
    ),
)
@fleet_option
@only_option
@scheduler_option
@as_of_option
@allow_option
@reason_option
@json_option
@click.pass_obj
def run(session: Session, /, **asked: Any) -> ExitCode:  # noqa: ANN401 - click's own, named in _night
    """Run every account set of the fleet."""
    return _night(session, "run", **asked)


@fleet.command(
    "plan",
    short_help=N_("Show what every account set would change."),
    help=N_(
        "Show in one table what every account set of the fleet would change. Nothing is written. Ends with 0 when"
        " nothing is to do, 2 when changes are pending or some could not be planned; when none could be, with the code"
        " that all share, or the gravest."
    ),
)
@fleet_option
@only_option
@scheduler_option
@as_of_option
@json_option
@click.pass_obj
def plan(session: Session, /, **asked: Any) -> ExitCode:  # noqa: ANN401 - as above
    """Show what every account set would change."""
    return _night(session, "plan", allow=(), reason=None, **asked)


def _night(
    session: Session,
    kind: FleetKind,
    *,
    file: Path,
    only: tuple[str, ...],
    scheduler: str | None,
    as_of: date | None,
    allow: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> ExitCode:
    from u8sync.bootstrap.fleets import FleetNight, run_fleet_night
    from u8sync.bootstrap.membership import members_of
    from u8sync.config.fleet_file import load_fleet
    from u8sync.report.fleet_progress import FleetProgress

    if allow and not only:
        raise InputError(
            msg("--allow lets a guard pass for account sets that somebody has looked at"),
            hint=msg("Name them with --only."),
        )
    loaded = load_fleet(file)
    members = members_of(loaded, only=only, as_of=as_of)
    night = FleetNight(loaded, members, kind, session.command, session.language, scheduler, frozenset(allow), reason)
    with (
        listening() as asked_to_stop,
        FleetProgress(session.err, session.translate, members, kind, lines=not as_json) as board,
    ):
        summary, folder = run_fleet_night(
            night,
            watch=board,
            progress_of=board.progress_of,
            asked_to_stop=_told_once(session, asked_to_stop, on_cluster=scheduler is not None),
            note=session.note,
        )
    _show(session, summary, folder, as_json=as_json)
    return summary.exit_code


def _told_once(session: Session, asked_to_stop: Callable[[], bool], *, on_cluster: bool) -> Callable[[], bool]:
    """The question whether to stop; the first yes is told, with what it does not stop."""
    told: list[bool] = []

    def ask() -> bool:
        if not asked_to_stop():
            return False
        if not told:
            told.append(True)
            session.note(
                msg("Asked to stop: no account set begins any more. Those on the workers run to their end.")
                if on_cluster
                else msg("Asked to stop: no account set begins any more. Those at work finish their batch.")
            )
        return True

    return ask


def _show(session: Session, summary: FleetSummary, folder: Path | None, *, as_json: bool) -> None:
    from u8sync.cli.fleet_json import summary_json
    from u8sync.report.terminal.fleet import fleet_view

    if as_json:
        session.emit(json.dumps(summary_json(summary), ensure_ascii=False, indent=1))
        return
    session.out.print(fleet_view(summary, session.translate, session.language))
    if folder is not None and "report" in summary.files:
        session.note(msg("Report: {path}", path=str(folder / summary.files["report"])))


@fleet.command(
    "list",
    short_help=N_("List the members of the fleet."),
    help=N_("List the members of the fleet: configuration, server, and how the last night went. Nothing is written."),
)
@fleet_option
@json_option
@click.pass_obj
def list_members(session: Session, *, file: Path, as_json: bool) -> ExitCode:
    """List the members of the fleet."""
    from u8sync.bootstrap.membership import members_of
    from u8sync.cli.fleet_json import members_json
    from u8sync.config.fleet_file import load_fleet
    from u8sync.history.fleets import read_summaries
    from u8sync.report.terminal.fleet import fleet_list_view

    loaded = load_fleet(file)
    members = members_of(loaded, only=(), as_of=None)
    summaries, problems = read_summaries(loaded.runs_folder)
    last = _last(summaries)
    for problem in problems:
        session.note(problem)
    if as_json:
        session.emit(json.dumps(members_json(members, last), ensure_ascii=False, indent=1))
    else:
        session.out.print(fleet_list_view(members, last, session.translate, session.language))
    return ExitCode.DONE


def _last(summaries: tuple[FleetSummary, ...]) -> dict[str, LastRun]:
    """The newest word on each member: nights with ``--only`` say nothing of the others."""
    from u8sync.report.terminal.fleet import LastRun

    return {
        result.name: LastRun(summary.started_at, summary, result) for summary in summaries for result in summary.results
    }


@fleet.command(
    "init",
    short_help=N_("Make a first fleet file from a configuration."),
    help=N_(
        "Make a first fleet file from one configuration, with explanations. On a database server it lists the account"
        " sets that the login can see."
    ),
)
@config_option
@click.option("--out", type=click.Path(path_type=Path), help=N_("Save it to this file; must not exist yet."))
@click.pass_obj
def init(session: Session, *, config: Path, out: Path | None) -> ExitCode:
    """Make a first fleet file."""
    from u8sync.bootstrap.fleet_start import first_fleet

    text = first_fleet(config, beside=Path() if out is None else out.parent)
    if out is None:
        session.emit(text.rstrip("\n"))
        return ExitCode.DONE
    try:
        with out.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except FileExistsError:
        raise InputError(
            msg("{path} exists already", path=str(out)), hint=msg("Name another file with --out, or remove it.")
        ) from None
    except OSError as error:
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(out), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written."),
        ) from None
    session.note(msg("Fleet file: {path}. Now try: u8sync fleet plan --fleet {path}", path=str(out)))
    return ExitCode.DONE
