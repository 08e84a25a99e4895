"""``schedule install|show|remove``: let the operating system start the nightly run, and see whether it did."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.config.settings import Settings
    from u8sync.scheduling.installing import Machine, NewFile, Setup, Step
    from u8sync.scheduling.task import Kind

__all__ = ["schedule"]

NEXT_STARTS = 5
LAST_RUNS = 5

kind_option = click.option(
    "--kind",
    type=click.Choice(["windows", "systemd", "cron"]),
    help=N_("Which scheduler; that of this machine when absent."),
)
name_option = click.option("--name", help=N_("Name of the task; made from the configuration's path when absent."))
dry_option = click.option("--dry-run", "dry", is_flag=True, help=N_("Show what would be done, and touch nothing."))


@click.group(
    help=N_(
        "Let the operating system start the nightly run at the times of 'schedule:' in the configuration, and see which"
        " starts were missed."
    ),
)
def schedule() -> None:
    """Group of the schedule commands."""


@schedule.command(
    short_help=N_("Set it up."),
    help=N_(
        "Set it up: a task of the Windows Task Scheduler, a service with a timer of systemd, or a block in the crontab."
        " What is run is shown first. Again: it takes the place of the earlier one."
    ),
)
@config_option
@kind_option
@name_option
@click.option("--account", help=N_("The account that runs it; yours when absent. No password is ever taken here."))
@click.option("--out", type=click.Path(path_type=Path), help=N_("Only write the files, into this folder."))
@dry_option
@click.pass_obj
def install(
    session: Session,
    *,
    config: Path,
    kind: Kind | None,
    name: str | None,
    account: str | None,
    out: Path | None,
    dry: bool,
) -> ExitCode:
    """Set it up."""
    from u8sync import bootstrap
    from u8sync.bootstrap.scheduled_task import kind_here, machine_of, schedule_in, secrets_in_environment, task_of
    from u8sync.config.settings import load_settings
    from u8sync.scheduling.installed import Installed, write_installed
    from u8sync.scheduling.installing import Setup, carry_out, files_of, installation

    _check_name(name)
    settings = load_settings(config)
    meant = schedule_in(settings)
    task = task_of(config, meant, language=session.language, account=account, name=name)
    now = bootstrap.SystemClock().now()
    machine, kind = machine_of(settings, meant, now), kind or kind_here()
    setup = installation(kind, task, machine) if out is None else Setup(files=files_of(kind, task, machine, out))
    _show(session, setup, contents=dry)
    if not dry:
        carry_out(setup)
        if out is None:
            _noting(lambda: write_installed(settings.runs_folder, Installed(kind, task.name, now)))
            session.say(msg("Set up: {name} ({kind})", name=task.name, kind=kind))
    warning = secrets_in_environment(settings)
    for note in (*setup.notes, *(() if warning is None else (warning,))):
        session.note(note)
    _tell_next(session, settings)
    return ExitCode.DONE


@schedule.command(
    short_help=N_("Show what is set up, the next starts, and missed ones."),
    help=N_("Show what is set up, the next starts, the last runs, and starts that no run answered."),
)
@config_option
@kind_option
@name_option
@json_option
@click.pass_obj
def show(session: Session, *, config: Path, kind: Kind | None, name: str | None, as_json: bool) -> ExitCode:
    """Show what is set up."""
    from u8sync import bootstrap
    from u8sync.bootstrap.timing import next_starts, shown_at, timeliness, timeliness_words
    from u8sync.config.settings import load_settings
    from u8sync.history.store import read_history
    from u8sync.report.terminal.schedule import schedule_view
    from u8sync.scheduling.window import may_write

    settings = load_settings(config)
    meant = settings.schedule
    if meant is None:
        raise InputError(
            msg("The configuration has no section 'schedule:'"),
            hint=msg('Write one, for instance: schedule: {{at: "02:00"}}. config.example.yaml explains every key.'),
        )
    now = bootstrap.SystemClock().now()
    kind, name, known = _installed(settings, config, kind, name)
    there = _there(kind, name, settings, known=known)
    coming, doubts = next_starts(meant, now, NEXT_STARTS)
    runs = read_history(settings.runs_folder, LAST_RUNS, now=now).entries
    found = timeliness(settings, now)
    permission = may_write(meant, now)
    if as_json:
        answer = {
            "at": meant.at,
            "timezone": meant.timezone,
            "kind": kind,
            "name": name,
            "installed": there,
            "next": [start.isoformat() for start in coming],
            "missed": [] if found is None else [start.isoformat() for start in found.missed],
            "may_write": permission.granted,
            "refusal": None if permission.refusal is None else str(permission.refusal),
            "until": None if permission.until is None else permission.until.isoformat(),
            "runs": [
                {
                    "run_id": run.run_id,
                    "started_at": run.started_at.isoformat(),
                    "scheduled_for": None if run.scheduled_for is None else run.scheduled_for.isoformat(),
                    "exit_code": run.exit_code,
                    "error": None if run.error is None else run.error.en,
                }
                for run in runs
            ],
            "remarks": [str(each) for each in (*doubts, *(() if found is None else timeliness_words(found, meant)))],
        }
        session.emit(json.dumps(answer, ensure_ascii=False, indent=1))
        return ExitCode.DONE
    until = None if permission.until is None else shown_at(permission.until, meant)
    if permission.refusal is None:
        writing = msg("yes") if until is None else msg("yes, until {time}", time=until)
    else:
        writing = msg("no: {rule}; again from {time} on", rule=permission.refusal, time=until or "?")
    states = {True: msg("yes"), False: msg("no"), None: msg("not known: its tool is not there on this machine")}
    facts = [
        (msg("Starts"), meant.at or msg("none: the configuration says no time")),
        (msg("Time zone"), meant.timezone),
        (msg("Work days"), msg("all days") if meant.work_days == "all" else msg("China's work days")),
        (msg("Task"), f"{name} ({kind})"),
        (msg("Set up"), states[there]),
        (msg("U8 may be written now"), writing),
    ]
    remarks = [*doubts, *(() if found is None else timeliness_words(found, meant))]
    session.out.print(
        schedule_view(
            meant, session.translate, session.language, facts=facts, coming=coming, runs=runs, remarks=remarks
        )
    )
    return ExitCode.DONE


@schedule.command(
    short_help=N_("Take it away."),
    help=N_("Take away what 'schedule install' set up, and nothing else. Again: nothing is left to do."),
)
@config_option
@kind_option
@name_option
@dry_option
@click.pass_obj
def remove(session: Session, *, config: Path, kind: Kind | None, name: str | None, dry: bool) -> ExitCode:
    """Take it away."""
    from u8sync.config.settings import load_settings
    from u8sync.scheduling.installed import forget_installed
    from u8sync.scheduling.installing import carry_out, removal

    _check_name(name)
    settings = load_settings(config)
    kind, name, _ = _installed(settings, config, kind, name)
    setup = removal(kind, name, _machine(settings))
    if setup is None:
        if not dry:
            _noting(lambda: forget_installed(settings.runs_folder))
        session.say(msg("Nothing to do: {name} ({kind}) is not set up.", name=name, kind=kind))
        return ExitCode.DONE
    _show(session, setup, contents=dry)
    if not dry:
        carry_out(setup)
        _noting(lambda: forget_installed(settings.runs_folder))
        session.say(msg("Taken away: {name} ({kind})", name=name, kind=kind))
    return ExitCode.DONE


def _check_name(name: str | None) -> None:
    if name is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,59}", name):
        raise InputError(
            msg("{name} is no name of a task.", name=ascii(name)),
            hint=msg("Letters, digits and '-', beginning with a letter; 60 characters at most."),
        )


def _installed(settings: Settings, config: Path, kind: Kind | None, name: str | None) -> tuple[Kind, str, bool]:
    """Which scheduler and name are meant: as asked, as noted, as usual; and whether a note was found."""
    from u8sync.bootstrap.scheduled_task import kind_here
    from u8sync.scheduling.installed import read_installed
    from u8sync.scheduling.task import task_name

    noted = read_installed(settings.runs_folder)
    if noted is None:
        return kind or kind_here(), name or task_name(config.absolute()), False
    return kind or noted.kind, name or noted.name, True


def _there(kind: Kind, name: str, settings: Settings, *, known: bool) -> bool | None:
    """Whether the task is set up; null: the tool that would know is not there."""
    from u8sync.scheduling.installing import present

    try:
        return present(kind, name, _machine(settings))
    except InputError:
        if known:
            raise
        return None


def _machine(settings: Settings) -> Machine:
    from u8sync import bootstrap
    from u8sync.bootstrap.scheduled_task import machine_of
    from u8sync.domain.run_schedule import RunSchedule

    meant = settings.schedule or RunSchedule(at=None, timezone=settings.timezone)
    return machine_of(settings, meant, bootstrap.SystemClock().now())


def _show(session: Session, setup: Setup, *, contents: bool) -> None:
    """What is done, in its order; with the contents of files when nothing is."""
    for step in setup.before:
        _show_step(session, step, contents=contents)
    for file in setup.files:
        session.say(msg("File: {path}", path=str(file.path)))
        if contents:
            session.emit(_text(file))
    for path in setup.gone:
        session.say(msg("Remove: {path}", path=str(path)))
    for step in setup.steps:
        _show_step(session, step, contents=contents)


def _show_step(session: Session, step: Step, *, contents: bool) -> None:
    words = list(step.words)
    line = subprocess.list2cmdline(words) if words[0] == "schtasks" else shlex.join(words)
    session.say(msg("Run: {command}", command=line))
    if contents and step.shown is not None:
        session.emit(step.shown.rstrip("\n"))


def _text(file: NewFile) -> str:
    encoding = "utf-16" if file.path.suffix == ".xml" else "utf-8"
    return file.content.decode(encoding, "replace").rstrip("\r\n")


def _tell_next(session: Session, settings: Settings) -> None:
    from u8sync import bootstrap
    from u8sync.bootstrap.timing import next_starts, shown_at

    if settings.schedule is None:
        return
    coming, doubts = next_starts(settings.schedule, bootstrap.SystemClock().now(), 1)
    for start in coming:
        at = shown_at(start, settings.schedule)
        session.note(msg("Next start: {time} ({zone})", time=at, zone=settings.schedule.timezone))
    for doubt in doubts:
        session.note(doubt)


def _noting(step: Callable[[], None]) -> None:
    """Write or remove the note beside the history. Raises InputError when that cannot be done."""
    try:
        step()
    except OSError as error:
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(error.filename), why=error.strerror or str(error)),
            hint=msg("The scheduler was told all the same. See to the folder of runs, then run the command again."),
        ) from None
