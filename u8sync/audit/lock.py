"""The lock of a log's single writer, and who holds it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from u8sync.audit.durable import replace_file
from u8sync.audit.segments import read_note
from u8sync.errors import AuditError, LockHeldError
from u8sync.ports import Clock
from u8sync.text import Message, msg

__all__ = ["Holder", "WriterLock", "holder_of", "instant", "read_holder", "take_lock", "unwritable"]

_LOCK: Final = ".lock"
_HOLDER: Final = ".holder"

_PATIENCE_S: Final = 0.3
"""So long a run waits for the lock: who only looks whether it is free has it for a moment."""


@dataclass(frozen=True)
class Holder:
    """Who has a log open for writing, as far as they say; each null when they do not.

    Attributes:
        run_id: The run.
        pid: Its process.
        host: The machine.
        since: When it took the lock, as records write an instant.
    """

    run_id: str | None
    pid: str | None
    host: str | None
    since: str | None

    @property
    def words(self) -> Message | str:
        """The same for people."""
        if self == Holder(None, None, None, None):
            return "?"
        return msg(
            "run {run}, process {pid} on {host}, since {since}",
            run=str(self.run_id),
            pid=str(self.pid),
            host=str(self.host),
            since=str(self.since),
        )


class WriterLock:
    """The lock of a log, taken; it goes when its process goes."""

    def __init__(self, lock: FileLock, path: Path) -> None:
        self._lock = lock
        self._path = path
        self._identity = _identity(path)

    def still_ours(self) -> bool:
        """Whether the lock file is the one that was locked: once it is deleted, another process can lock a new one."""
        try:
            return _identity(self._path) == self._identity
        except OSError:
            return False

    def release(self) -> None:
        """Give the lock back. Calling it twice is harmless."""
        self._lock.release()


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def take_lock(folder: Path, *, host: str, pid: int, run_id: str, clock: Clock) -> WriterLock:
    """Take the lock of the log in this folder, and say who did. Raises LockHeldError when another process has it."""
    lock = FileLock(folder / _LOCK, timeout=_PATIENCE_S, poll_interval=_PATIENCE_S / 10, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise LockHeldError(
            msg("Another run is at work on this account set: {holder}", holder=_said(folder).words),
            hint=msg("Wait until it ends and try again. The lock goes when its process goes."),
        ) from None
    except OSError as error:
        raise unwritable(folder, error) from None
    holder = {"host": host, "pid": pid, "run_id": run_id, "since": instant(clock)}
    try:
        replace_file(folder / _HOLDER, json.dumps(holder).encode())
        return WriterLock(lock, folder / _LOCK)
    except OSError as error:
        lock.release()
        raise unwritable(folder, error) from None


def holder_of(folder: Path) -> Message | str | None:
    """Who has a log open for writing, in words; see :func:`read_holder`."""
    holder = read_holder(folder)
    return None if holder is None else holder.words


def read_holder(folder: Path) -> Holder | None:
    """Who has a log open for writing; null when nobody has. The lock, if it is free, is taken for a moment."""
    if not (folder / _LOCK).exists():
        return None
    lock = FileLock(folder / _LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        return _said(folder)
    except OSError:
        return None  # that the folder cannot be used is for others to say
    lock.release()
    return None


def _said(folder: Path) -> Holder:
    """What the holder of the lock says of itself."""
    said = read_note(folder / _HOLDER)

    def word(name: str) -> str | None:
        return None if said.get(name) is None else str(said[name])

    return Holder(word("run_id"), word("pid"), word("host"), word("since"))


def unwritable(folder: Path, error: OSError) -> AuditError:
    """The error for a log that cannot be written."""
    return AuditError(
        msg("The audit log {folder} cannot be written: {why}", folder=str(folder), why=error.strerror or str(error)),
        hint=msg(
            "Nothing is sent to U8 without a record. Check the disk's free space and that the account that runs u8sync"
            " may write there."
        ),
    )


def instant(clock: Clock) -> str:
    """The present instant as records write it."""
    return clock.now().replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
