"""``notify``: try out who is told, see what the last run would tell, and watch over a run that did not come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from u8sync.config.settings import Settings
    from u8sync.domain.run_entry import RunEntry

__all__ = ["notify"]


@click.group(help=N_("Notifications: try them out, see what is told, watch over runs that did not come."))
def notify() -> None:
    """Group of the notify commands."""


@notify.command(
    short_help=N_("Send a made-up card to every target."),
    help=N_(
        "Send a made-up card to every target of the configuration and say for each whether it got out. Ends with 0 when"
        " all did, 2 when some did not."
    ),
)
@click.option("--to", "names", multiple=True, help=N_("Only to this target; may be repeated."))
@config_option
@click.pass_obj
def test(session: Session, *, names: tuple[str, ...], config: Path) -> ExitCode:
    """Send a made-up card to every target."""
    from u8sync import bootstrap
    from u8sync.bootstrap.notifying import cards_for, send_to

    settings = _settings(config, names)
    now = bootstrap.SystemClock().now()
    entry = _made_up(settings, bootstrap.new_run_id(bootstrap.SystemClock()), now)
    outcomes = send_to(settings, cards_for(settings, entry, None, None).cards)
    for outcome in outcomes:
        if outcome.why is None:
            session.say(msg("{target}: sent", target=outcome.target))
        else:
            session.say(msg("{target}: {why}", target=outcome.target, why=outcome.why))
            if outcome.hint is not None:
                session.say(outcome.hint)
    return ExitCode.PENDING if any(outcome.why for outcome in outcomes) else ExitCode.DONE


@notify.command(
    short_help=N_("Print what the last run tells people."),
    help=N_("Print the card of the last run, or of another one, as each target gets it. Nothing is sent."),
)
@click.option("--run", "run_id", default=None, metavar="RUN", help=N_("Of this run; the last one when absent."))
@config_option
@click.pass_obj
def show(session: Session, *, run_id: str | None, config: Path) -> ExitCode:
    """Print what the last run tells people."""
    from u8sync import bootstrap
    from u8sync.bootstrap.notifying import cards_for
    from u8sync.history.store import read_history

    settings = _settings(config, ())
    entry = _entry(read_history(settings.runs_folder, now=bootstrap.SystemClock().now()).entries, run_id)
    telling = cards_for(settings, entry, None, None)
    for target, card in telling.cards:
        session.say(msg("To {target}:", target=target.name))
        session.emit(f"{card.title}\n{card.body}\n")
    if not telling.cards:
        session.say(msg("Nobody is told of this run."))
    return ExitCode.DONE


@notify.command(
    short_help=N_("Tell people when a run did not come."),
    help=N_(
        "Look whether a run answered the last start of the schedule, and tell people once when none did. For a second"
        " scheduled task, best on another machine that sees the folder of runs. Ends with 0 when all is well, 2 when a"
        " start was missed."
    ),
)
@config_option
@click.pass_obj
def check(session: Session, *, config: Path) -> ExitCode:
    """Tell people when a run did not come."""
    from u8sync import bootstrap
    from u8sync.bootstrap.notifying import tell_missed
    from u8sync.bootstrap.timing import timeliness

    settings = _settings(config, ())
    due = timeliness(settings, bootstrap.SystemClock().now())
    if due is None:
        raise InputError(
            msg("The configuration {file} means no start: there is nothing to watch", file=settings.located.file),
            hint=msg("Add 'at' to the section 'schedule'."),
        )
    condition, troubles, reached = tell_missed(settings, due)
    if condition.ok:
        session.say(msg("All is well: no start was missed."))
        return ExitCode.DONE
    session.say(msg("A start was missed; people told now: {count:,}", count=reached))
    for trouble in troubles:
        session.note(trouble)
    return ExitCode.PENDING


def _settings(config: Path, names: Sequence[str]) -> Settings:
    """The configuration, with these targets only. Raises InputError when it tells nobody."""
    from u8sync.bootstrap.notifying import check_addresses
    from u8sync.config.settings import load_settings

    settings = load_settings(config)
    check_addresses(settings)
    known = [target.name for target in settings.notify.to]
    if not known:
        raise InputError(
            msg("The configuration {file} names nobody to tell", file=settings.located.file),
            hint=msg("Add the section 'notify'; config.example.yaml shows how."),
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            msg("There is no target {names}", names=", ".join(unknown)),
            hint=msg("The configuration has: {names}", names=", ".join(known)),
        )
    chosen = tuple(target for target in settings.notify.to if not names or target.name in names)
    return replace(settings, notify=replace(settings.notify, to=chosen, cards="always"))


def _entry(entries: Sequence[RunEntry], run_id: str | None) -> RunEntry:
    found = [entry for entry in entries if run_id is None or entry.run_id == run_id]
    if not found:
        raise InputError(
            msg("There is no run {run} in the history", run=run_id or "")
            if run_id
            else msg("There is no run in the history yet"),
            hint=msg("'u8sync runs' lists them."),
        )
    return found[-1]


def _made_up(settings: Settings, run_id: str, now: datetime) -> RunEntry:
    """A run that never was, and says so."""
    import socket

    from u8sync.bootstrap.nights import told
    from u8sync.domain.run_entry import RunEntry

    return RunEntry(
        run_id=run_id,
        command="run",
        started_at=now - timedelta(minutes=3),
        host=socket.gethostname(),
        pid=0,
        user="",
        config=settings.located.file,
        state="ended",
        ended_at=now,
        exit_code=0,
        planned=12,
        waiting=2,
        endings={"applied": 12},
        troubles=(told(msg("This is a test: no such run was made.")),),
    )
