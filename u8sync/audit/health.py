"""Whether the audit log can be written before a run needs it: folder, space, who holds it, how the last run ended.

Nothing is left behind. The chain itself is for ``verify_folder`` to check, which reads all of it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from u8sync.audit.chain import parse
from u8sync.audit.form import ENOUGH, LINE_LIMIT
from u8sync.audit.lock import holder_of
from u8sync.audit.segments import segments_of, unreadable
from u8sync.audit.story import OUTSIDE_RUNS
from u8sync.errors import AuditError
from u8sync.ports import Check
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from u8sync.domain.model import AccountSet
    from u8sync.ports import Clock, Record

__all__ = ["examine_log"]

AHEAD: Final = timedelta(minutes=2)
"""So far may the last record lie in the future: clocks of one site differ by less."""

_TOPIC: Final = msg("Audit log")


def examine_log(root: Path, account_set: AccountSet | None, clock: Clock, *, enough: int = ENOUGH) -> Iterator[Check]:
    """The state of the audit log.

    Args:
        root: Folder of the audit logs; need not exist.
        account_set: Whose log; null when it is not known, then only the folder and its disk are looked at.
        clock: Tells a record of the future.
        enough: Bytes of free space below which a warning is due.
    """
    folder = root if account_set is None else root / account_set.folder
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    yield _writable(folder, there)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        yield Check(msg("Disk of the audit log"), "warning", msg("Its free space is not known: {why}", why=_why(error)))
    else:
        yield Check(
            msg("Disk of the audit log"),
            "ok" if free >= enough else "warning",
            msg("{free} MiB free", free=f"{free // 1024**2:,}"),
            None if free >= enough else msg("Make room: when the log cannot be written, nothing is sent to U8."),
        )
    if account_set is not None and there == folder and folder.is_dir():
        yield from _state(folder, clock)


def _writable(folder: Path, there: Path) -> Check:
    try:
        # The system removes it when it is closed; on most systems it never has a name.
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"u8sync")
            file.flush()
    except OSError as error:
        return Check(
            _TOPIC,
            "failure",
            msg("{folder} cannot be written: {why}", folder=str(there), why=_why(error)),
            msg("Let the account that runs u8sync write there, or name another folder under 'audit'."),
        )
    if there == folder:
        return Check(_TOPIC, "ok", msg("{folder} can be written.", folder=str(folder)))
    return Check(_TOPIC, "ok", msg("{folder} is not there yet; the first run makes it.", folder=str(folder)))


def _state(folder: Path, clock: Clock) -> Iterator[Check]:
    holder = holder_of(folder)
    if holder is not None:
        words = msg("Another run is at work on this account set: {holder}", holder=holder)
        yield Check(msg("Writer's lock"), "warning", words)
    try:
        last = _last_of_a_run(folder)
    except AuditError as error:
        yield Check(msg("Last run"), "failure", error.message, error.hint)
        return
    if last is None:
        return
    closed = last["type"] == "run_close"
    found = (
        msg("Run {run} ended at {at} with exit code {code}.", run=last["run_id"], at=last["ts"], code=last["exit_code"])
        if closed
        else msg("Run {run} has not ended; its last record is of {at}.", run=last["run_id"], at=last["ts"])
    )
    if datetime.fromisoformat(str(last["ts"])) > clock.now() + AHEAD:
        hint = msg("Its last record lies in the future: check this machine's clock.")
        yield Check(msg("Last run"), "warning", found, hint)
    elif closed or holder is not None:
        yield Check(msg("Last run"), "ok", found)
    else:
        hint = msg("If it died, the next run reads U8 and settles what it left open.")
        yield Check(msg("Last run"), "warning", found, hint)


def _last_of_a_run(folder: Path) -> Record | None:
    """The last whole record of a run, looked for from the end of the last file; null when it has none.

    Raises AuditError when a line there is no record or the file cannot be read.
    """
    segments = segments_of(folder)
    if not segments:
        return None
    try:
        with segments[-1].path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2 * LINE_LIMIT))
            lines = file.read().split(b"\n")[:-1]
    except OSError as error:
        raise unreadable(segments[-1].path, error) from None
    for line in reversed(lines if size <= 2 * LINE_LIMIT else lines[1:]):
        record = parse(line)
        if isinstance(record, Message):
            raise AuditError(
                msg("The last record of {folder} cannot be read: {what}", folder=str(folder), what=record),
                hint=msg("'u8sync audit verify' checks every record."),
            )
        if record["type"] not in OUTSIDE_RUNS:
            return record
    return None


def _why(error: OSError) -> str:
    return error.strerror or str(error)
