"""Look at what runs left behind, and who is at work: history, audit logs, disk. Nothing is written, U8 is not asked.

The lock of an audit log that nobody holds is taken for a moment to see that; a run that begins just then waits for it.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from u8sync.audit.form import ENOUGH
from u8sync.audit.lock import read_holder
from u8sync.audit.segments import read_head
from u8sync.config.settings import Settings
from u8sync.domain.run_entry import RunEntry
from u8sync.domain.status import AtWork, AuditFound, Fate, Status, fate_of
from u8sync.domain.timeliness import Timeliness
from u8sync.history.alive import is_alive
from u8sync.history.store import History, read_history

__all__ = ["fates", "own_entries", "read_status"]


def read_status(config: Path, settings: Settings, now: datetime, due: Timeliness | None) -> Status:
    """How it stands with the runs of a configuration.

    Args:
        config: The configuration file; where several share a history, its own runs count.
        settings: What it says.
        now: The present instant.
        due: What became of the starts that the schedule meant; null: there is none.
    """
    history = read_history(settings.runs_folder, now=now)
    entries = own_entries(history, config)
    ended = [at for at, entry in enumerate(entries) if entry.state == "ended"]
    last = entries[ended[-1]] if ended else None
    newer = entries[ended[-1] + 1 :] if ended else entries
    at_work = _at_work(settings.audit_folder)
    return Status(
        now=now,
        last=last,
        newer=tuple(zip(newer, _fates(newer, at_work), strict=True)),
        at_work=at_work,
        due=due,
        audit=_audit(settings.audit_folder, last),
        free_bytes=_free(settings.audit_folder),
        enough_bytes=ENOUGH,
        problems=history.problems,
        ahead=tuple(entry for entry in entries if entry in history.ahead),
    )


def own_entries(history: History, config: Path) -> tuple[RunEntry, ...]:
    """The entries of this configuration; all where none is: it may have been moved."""
    name = str(config.absolute())
    return tuple(entry for entry in history.entries if entry.config == name) or history.entries


def fates(settings: Settings, entries: Sequence[RunEntry]) -> Sequence[Fate]:
    """What became of each of these runs."""
    return _fates(entries, _at_work(settings.audit_folder))


def _fates(entries: Sequence[RunEntry], at_work: tuple[AtWork, ...]) -> Sequence[Fate]:
    host = socket.gethostname()
    return [
        fate_of(
            entry,
            at_work,
            here=entry.host == host,
            alive=entry.state != "ended" and entry.host == host and is_alive(entry.pid, entry.started_at),
        )
        for entry in entries
    ]


def _at_work(folder: Path) -> tuple[AtWork, ...]:
    """Who has one of the logs below this folder open."""
    try:
        logs = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return ()
    holders = [holder for log in logs if (holder := read_holder(log)) is not None]
    return tuple(AtWork(one.run_id, one.pid, one.host, one.since) for one in holders)


def _audit(folder: Path, last: RunEntry | None) -> AuditFound | None:
    if last is None or last.audit_log is None:
        return None
    head = read_head(folder / last.audit_log)
    if head is None:
        return AuditFound(last.audit_log, None, None)
    return AuditFound(last.audit_log, head.count, head.hash)


def _free(folder: Path) -> int | None:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        return shutil.disk_usage(there).free
    except OSError:
        return None
