"""Whether all is well with the runs of a configuration: what was found, and what of it needs a person's look. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from u8sync.domain.run_entry import RunEntry
from u8sync.domain.timeliness import Timeliness
from u8sync.text import Message, msg

__all__ = ["AtWork", "AuditFound", "Concern", "Fate", "Status", "concerns_of", "fate_of"]

Fate = Literal["ended", "at_work", "died", "unknown"]
"""``ended`` it said how; ``at_work`` its lock or its process is there; ``died`` neither is; ``unknown`` it said no end,
and it ran on another machine."""


@dataclass(frozen=True)
class AtWork:
    """A run that has an audit log open.

    Attributes:
        run_id: Its name; null: it does not say.
        pid: Its process; null: as above.
        host: Its machine; null: as above.
        since: When it took the log, ``YYYY-MM-DDThh:mm:ss.ffffffZ``; null: as above.
    """

    run_id: str | None
    pid: str | None
    host: str | None
    since: str | None


@dataclass(frozen=True)
class AuditFound:
    """Where the audit log ends now.

    Attributes:
        name: Its folder.
        count: Records; null: its head cannot be read.
        hash: Hash of the last one; null: as above.
    """

    name: str
    count: int | None
    hash: str | None


@dataclass(frozen=True)
class Concern:
    """Something that needs a person's look.

    Attributes:
        key: What it is, for a machine.
        found: What was found.
        hint: What to do; null: what was found says it.
    """

    key: str
    found: Message
    hint: Message | None = None


@dataclass(frozen=True)
class Status:
    """What was found.

    Attributes:
        now: When it was looked at, aware UTC.
        last: The newest run that said how it ended; null: there is none.
        newer: Runs that began after it and said no end, oldest first, each with what became of it.
        at_work: Who has an audit log open.
        due: What became of the starts that the schedule meant; null: there is no schedule.
        audit: The audit log of the last run; null: that is not known, or the run did not come to one.
        free_bytes: Free space where the audit logs lie; null: not known.
        enough_bytes: What is enough.
        problems: Entries of the history that cannot be read.
        ahead: Runs that began in the future, by the clock of this machine.
    """

    now: datetime
    last: RunEntry | None
    newer: tuple[tuple[RunEntry, Fate], ...]
    at_work: tuple[AtWork, ...]
    due: Timeliness | None
    audit: AuditFound | None
    free_bytes: int | None
    enough_bytes: int
    problems: tuple[Message, ...]
    ahead: tuple[RunEntry, ...] = ()


def fate_of(entry: RunEntry, at_work: tuple[AtWork, ...], *, here: bool, alive: bool) -> Fate:
    """What became of a run.

    Args:
        entry: What it says of itself.
        at_work: Who has an audit log open now.
        here: Whether it ran on this machine.
        alive: Whether its process is there; means nothing unless ``here``.
    """
    if entry.state == "ended":
        return "ended"
    if alive or any(one.run_id == entry.run_id for one in at_work):
        return "at_work"
    return "died" if here else "unknown"


def concerns_of(status: Status) -> tuple[Concern, ...]:
    """What needs a look, the gravest first; empty: all is well."""
    return (*_of_audit(status), *_of_newer(status), *_of_last(status), *_of_schedule(status), *_of_machine(status))


def _of_audit(status: Status) -> Iterator[Concern]:
    last, audit = status.last, status.audit
    if last is None or audit is None or last.audit_count is None:
        return
    hint = msg("Keep the audit folder as it is and run 'u8sync audit verify'.")
    if audit.count is None:
        yield Concern("audit", msg("The audit log {name} is gone, or its head cannot be read.", name=audit.name), hint)
    elif audit.count < last.audit_count:
        found = msg(
            "The audit log {name} has {now:,} records; after the last run it had {then:,}.",
            name=audit.name,
            now=audit.count,
            then=last.audit_count,
        )
        yield Concern("audit", found, hint)
    elif audit.count == last.audit_count and audit.hash != last.audit_hash:
        found = msg("The last record of the audit log {name} is another one than after the last run.", name=audit.name)
        yield Concern("audit", found, hint)


def _of_newer(status: Status) -> Iterator[Concern]:
    for entry, fate in status.newer:
        if fate == "died":
            yield Concern(
                "died",
                msg("Run {run} died: it said no end, and its process is gone.", run=entry.run_id),
                msg("The next run reads U8 and settles what it left open: u8sync run"),
            )
        elif fate == "unknown":
            yield Concern(
                "unknown",
                msg("Run {run} on {host} has said no end: it is at work, or died.", run=entry.run_id, host=entry.host),
                msg("Look on that machine with 'u8sync status'."),
            )


def _of_last(status: Status) -> Iterator[Concern]:
    last = status.last
    if last is None:
        if not status.newer:
            yield Concern("no_run", msg("No run has left an entry in the history yet."), msg("Start one: u8sync run"))
        return
    if last.exit_code:
        found = msg("The last run ended with exit code {code}.", code=last.exit_code)
        yield Concern("ended_badly", found, msg("See it: u8sync runs show {run}", run=last.run_id))
    if last.troubles:
        found = msg("{count} trouble(s) around the last run", count=len(last.troubles))
        yield Concern("troubles", found, msg("See it: u8sync runs show {run}", run=last.run_id))
    if last.waiting:
        yield Concern("waiting", msg("{count:,} change(s) wait for a person's approval.", count=last.waiting))


def _of_schedule(status: Status) -> Iterator[Concern]:
    if status.due is not None and status.due.missed:
        yield Concern(
            "missed",
            msg("{count} start(s) of the schedule have no run.", count=len(status.due.missed)),
            msg("See whether the machine was on and the task is installed: u8sync schedule show"),
        )


def _of_machine(status: Status) -> Iterator[Concern]:
    for entry in status.ahead[-1:]:
        found = msg("Run {run} began in the future: check this machine's clock.", run=entry.run_id)
        hint = msg(
            "If it was ahead then and is right now, move that run's folder away: the audit log keeps its record."
        )
        yield Concern("clock", found, hint)
    if status.free_bytes is not None and status.free_bytes < status.enough_bytes:
        yield Concern(
            "disk",
            msg("{free:,} MiB are free on the disk of the audit log.", free=status.free_bytes // 1024**2),
            msg("Make room: when the log cannot be written, nothing is sent to U8."),
        )
    for problem in status.problems:
        yield Concern("history", problem, msg("The history proves nothing; the audit log does."))
