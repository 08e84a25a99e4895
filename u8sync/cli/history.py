"""``status`` and ``runs``: how it stands, and how the nights went. Nothing is written and U8 is not asked.

What the audit log proves of a run is ``audit runs``; what stands here the runs tell themselves, also those that never
came to an audit log.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from u8sync.cli.log_reading import from_option, to_option
from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.domain.run_entry import RunEntry
    from u8sync.domain.status import Concern, Fate, Status

__all__ = ["runs", "status"]

SHOWN: Final = 20
"""So many of the newest runs are shown when nobody says how many."""

NEWEST: Final = "last"
"""Stands for the newest run."""


@click.command(
    help=N_(
        "Is all well? Looks at the last run, runs that died, what waits for approval, missed starts, the end of the"
        " audit log and the disk. Ends with 0 when all is well, 2 when something needs a look."
    ),
)
@config_option
@json_option
@click.pass_obj
def status(session: Session, *, config: Path, as_json: bool) -> ExitCode:
    """Is all well?"""
    from u8sync.bootstrap.status import read_status
    from u8sync.bootstrap.timing import timeliness
    from u8sync.config.settings import load_settings
    from u8sync.domain.status import concerns_of
    from u8sync.report.terminal.status import status_view

    settings = load_settings(config)
    now = datetime.now(UTC)
    found = read_status(config, settings, now, timeliness(settings, now))
    concerns = concerns_of(found)
    if as_json:
        session.emit(json.dumps(_status_json(found, concerns), ensure_ascii=False, indent=1))
    else:
        zone = ZoneInfo(settings.timezone)
        session.out.print(status_view(found, concerns, session.translate, session.language, zone=zone))
    return ExitCode.PENDING if concerns else ExitCode.DONE


def _status_json(found: Status, concerns: tuple[Concern, ...]) -> dict[str, Any]:
    from u8sync.history.store import entry_json

    due = found.due
    return {
        "well": not concerns,
        "concerns": [
            {"key": one.key, "found": str(one.found), "hint": None if one.hint is None else str(one.hint)}
            for one in concerns
        ],
        "last": None if found.last is None else entry_json(found.last),
        "no_end": [{"run_id": entry.run_id, "fate": fate} for entry, fate in found.newer],
        "at_work": [
            {"run_id": one.run_id, "pid": one.pid, "host": one.host, "since": one.since} for one in found.at_work
        ],
        "next_due": None if due is None or due.next_due is None else due.next_due.isoformat(),
        "missed": [] if due is None else [missed.isoformat() for missed in due.missed],
        "audit": None
        if found.audit is None
        else {"name": found.audit.name, "count": found.audit.count, "hash": found.audit.hash},
        "free_bytes": found.free_bytes,
    }


@click.group(
    invoke_without_command=True,
    help=N_(
        "How the nights went: the newest runs, oldest first, also those that never came to an audit log. What is proven"
        " of a run stands in the audit log: 'u8sync audit runs'."
    ),
)
@click.option(
    "--last",
    "count",
    type=click.IntRange(min=0),
    default=SHOWN,
    show_default=True,
    help=N_("Only so many, the newest; 0: all."),
)
@click.option("--failed", is_flag=True, help=N_("Only runs that did not end with 0, and those that died."))
@from_option
@to_option
@config_option
@json_option
@click.pass_context
def runs(
    context: click.Context,
    *,
    count: int,
    failed: bool,
    since: date | None,
    until: date | None,
    config: Path,
    as_json: bool,
) -> ExitCode | None:
    """How the nights went."""
    if context.invoked_subcommand is not None:
        return None
    from u8sync.config.settings import load_settings
    from u8sync.report.terminal.entries import entries_view

    session: Session = context.obj
    zone = ZoneInfo(load_settings(config).timezone)
    begin = None if since is None else datetime.combine(since, time(), zone)
    end = None if until is None else datetime.combine(until + timedelta(days=1), time(), zone)
    found = [
        (entry, fate)
        for entry, fate in _entries(session, config)
        if (begin is None or entry.started_at >= begin)
        and (end is None or entry.started_at < end)
        and not (failed and (entry.exit_code == 0 or fate == "at_work"))
    ]
    shown = found[-count:] if count else found
    if as_json:
        session.emit(json.dumps([_entry_json(entry, fate) for entry, fate in shown], ensure_ascii=False, indent=1))
    elif not shown:
        session.say(msg("The history has no such run."))
    else:
        session.out.print(entries_view(shown, session.translate, zone=zone))
        session.say(msg("Times are those of {zone}.", zone=str(zone)))
        if len(shown) < len(found):
            more = f"{len(found) - len(shown):,}"
            session.say(msg("{count} older run(s) are not shown; --last 0 shows all.", count=more))
    return ExitCode.DONE


@runs.command(
    short_help=N_("Everything about one run."),
    help=N_(
        "Everything about one run: how it ended, troubles, guards, tier changes, where the time went, its files. RUN is"
        " its name, a part of it that no other has, or 'last'."
    ),
)
@click.argument("run_id", metavar="RUN")
@config_option
@json_option
@click.pass_obj
def show(session: Session, *, run_id: str, config: Path, as_json: bool) -> ExitCode:
    """Everything about one run."""
    from u8sync.config.settings import load_settings
    from u8sync.history.store import run_folder
    from u8sync.report.terminal.entries import entry_view

    settings = load_settings(config)
    entry, fate = _one(_entries(session, config), run_id)
    if as_json:
        session.emit(json.dumps(_entry_json(entry, fate), ensure_ascii=False, indent=1))
        return ExitCode.DONE
    folder = str(run_folder(settings.runs_folder, entry.run_id))
    zone = ZoneInfo(settings.timezone)
    session.out.print(entry_view(entry, fate, session.translate, session.language, zone=zone, folder=folder))
    return ExitCode.DONE


def _entries(session: Session, config: Path) -> list[tuple[RunEntry, Fate]]:
    """The runs of a configuration, oldest first; entries that cannot be read are told."""
    from u8sync import bootstrap
    from u8sync.bootstrap.status import fates, own_entries
    from u8sync.config.settings import load_settings
    from u8sync.history.store import read_history

    settings = load_settings(config)
    history = read_history(settings.runs_folder, now=bootstrap.SystemClock().now())
    for problem in history.problems:
        session.note(problem)
    entries = own_entries(history, config)
    return list(zip(entries, fates(settings, entries), strict=True))


def _one(entries: list[tuple[RunEntry, Fate]], run_id: str) -> tuple[RunEntry, Fate]:
    """The run that is meant."""
    found = entries[-1:] if run_id == NEWEST else [one for one in entries if run_id and run_id in one[0].run_id]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            msg("{count} runs have '{part}' in their name", count=len(found), part=run_id),
            hint=msg("Give more of it; 'u8sync runs' lists them."),
        )
    raise InputError(
        msg("The history has no run '{run}'", run=run_id),
        hint=msg("'u8sync runs --last 0' lists all; older ones are in 'u8sync audit runs'."),
    )


def _entry_json(entry: RunEntry, fate: Fate) -> dict[str, Any]:
    from u8sync.history.store import entry_json

    return {**entry_json(entry), "fate": fate}
