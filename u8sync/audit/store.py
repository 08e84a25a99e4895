"""The log on disk: one writer, append-only, durable when it says so.

Every write to U8 stands between two commits of this file. So: whatever cannot be made durable raises AuditError, and
after the first failure the log refuses everything, because nobody knows any more what the disk holds.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from u8sync import __version__
from u8sync.audit.chain import GENESIS, LINE_LIMIT, VERSION, encode, link, parse
from u8sync.audit.reading import HEAD, first_fault, iterate, read_note, segment_name, verify_folder
from u8sync.audit.story import TYPES
from u8sync.domain.model import AccountSet
from u8sync.errors import AuditError, LockHeldError
from u8sync.ports import Clock, Head, Json, Progress, Record
from u8sync.text import Message, msg

__all__ = ["SEGMENT_BYTES", "ChainedLog", "holder_of", "open_log"]

SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""A new segment begins when the present one is longer than this."""

_LOCK: Final = ".lock"
_HOLDER: Final = ".holder"

# Windows needs O_BINARY, or it writes CR LF; the others exist on POSIX only.
_FLAGS: Final = os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NEW: Final = os.O_CREAT | os.O_EXCL


def open_log(
    root: Path,
    account_set: AccountSet,
    *,
    run_id: str,
    clock: Clock,
    host: str,
    pid: int,
    progress: Progress,
    segment_bytes: int = SEGMENT_BYTES,
) -> ChainedLog:
    """Open the log of an account set below ``root`` for writing, making it if need be.

    Takes the writer's lock, checks the whole chain, and recovers a last line that was never finished.

    Raises:
        LockHeldError: Another run has it open.
        AuditError: It cannot be written, or is not whole.
    """
    folder = root / account_set.folder
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        root.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    if folder.is_symlink():
        raise _unwritable(folder, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
    lock = _take_lock(folder, host=host, pid=pid, run_id=run_id, clock=clock)
    log = ChainedLog(folder, lock, _common(account_set, run_id, host, pid), clock=clock, segment_bytes=segment_bytes)
    try:
        log.recover(progress)
    except BaseException:
        log.close()
        raise
    return log


def _common(account_set: AccountSet, run_id: str, host: str, pid: int) -> dict[str, Json]:
    return {
        "v": VERSION,
        "run_id": run_id,
        "target": account_set.key,
        "host": host,
        "pid": pid,
        "tool_version": __version__,
    }


def _take_lock(folder: Path, *, host: str, pid: int, run_id: str, clock: Clock) -> FileLock:
    lock = FileLock(folder / _LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise LockHeldError(
            msg("Another run is at work on this account set: {holder}", holder=_holder(folder)),
            hint=msg("Wait until it ends and try again. The lock goes when its process goes."),
        ) from None
    except OSError as error:
        raise _unwritable(folder, error) from None
    holder = {"host": host, "pid": pid, "run_id": run_id, "since": _instant(clock)}
    try:
        _replace(folder / _HOLDER, json.dumps(holder).encode())
    except OSError as error:
        lock.release()
        raise _unwritable(folder, error) from None
    return lock


def holder_of(folder: Path) -> Message | str | None:
    """Who has a log open for writing; null when nobody has. The lock, if it is free, is taken for a moment."""
    if not (folder / _LOCK).exists():
        return None
    lock = FileLock(folder / _LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        return _holder(folder)
    except OSError:
        return None  # that the folder cannot be used is for others to say
    lock.release()
    return None


def _holder(folder: Path) -> Message | str:
    """Who holds the lock, as far as they say."""
    said = read_note(folder / _HOLDER)
    if not said:
        return "?"
    return msg(
        "run {run}, process {pid} on {host}, since {since}",
        run=str(said.get("run_id")),
        pid=str(said.get("pid")),
        host=str(said.get("host")),
        since=str(said.get("since")),
    )


class ChainedLog:
    """An open log; :class:`u8sync.ports.AuditLog` says what each method promises."""

    def __init__(
        self,
        folder: Path,
        lock: FileLock,
        common: Mapping[str, Json],
        *,
        clock: Clock,
        segment_bytes: int,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.folder = folder
        self._lock = lock
        self._common = common
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._monotonic_ns = monotonic_ns
        self._head = Head(0, GENESIS)
        self._pending: list[bytes] = []
        self._segment = 0
        self._descriptor: int | None = None
        self._broken = False

    def recover(self, progress: Progress) -> None:
        """Check the chain, cut off a line that was never finished, and go on where the log ends."""
        found = verify_folder(self.folder, progress)
        if found.faults:
            raise first_fault(self.folder, found.faults[0])
        self._head = found.head
        self._segment = max(found.segments, 1)
        try:
            torn = self._cut(self.folder / segment_name(self._segment), found.torn)
            if not found.segments:
                # A head from the first moment on: from now on a log without one is a log whose end was tampered with.
                self._move_head()
            self._open_segment()
            if torn:
                self.append("recovered_tail", {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()})
            self.commit()
        except OSError as error:
            raise self._break(error) from None

    def _cut(self, segment: Path, torn: int) -> bytes:
        """Keep the unfinished last bytes aside, cut them off, and return them."""
        if not torn:
            return b""
        size = segment.stat().st_size - torn
        with segment.open("r+b") as file:
            file.seek(size)
            rest = file.read()
            # Durable before the original goes; the hash in the name keeps one from standing in another's place.
            digest = hashlib.sha256(rest).hexdigest()
            _replace(segment.with_name(f"{segment.name}.torn-{self._clock.now():%Y%m%dT%H%M%SZ}-{digest[:8]}"), rest)
            _sync_folder(self.folder)
            file.truncate(size)
            os.fsync(file.fileno())
        return rest

    def append(self, type_: str, fields: Mapping[str, Json]) -> int:
        """Add a record. Raises ValueError for a type that the check of a log does not know."""
        self._refuse_broken()
        if type_ not in TYPES:
            raise ValueError(f"no record has the type {type_!r}")
        record: dict[str, Json] = {
            **fields,
            **self._common,
            "type": type_,
            "seq": self._head.count + 1,
            "prev": self._head.hash,
            "ts": _instant(self._clock),
            "mono_us": self._monotonic_ns() // 1000,
        }
        try:
            line = encode(record)
        except UnicodeEncodeError:
            raise _unrecordable(record) from None
        if len(line) >= LINE_LIMIT:
            raise _unrecordable(record)
        self._pending.append(line)
        self._head = Head(self._head.count + 1, link(line))
        return self._head.count

    def commit(self) -> None:
        """Write what is pending, make it durable, then move the head."""
        self._refuse_broken()
        try:
            if self._flush() > self._segment_bytes:
                self._segment += 1
                self._open_segment()
                self._flush()
        except OSError as error:
            raise self._break(error) from None

    def _flush(self) -> int:
        """Make what is pending durable; returns the length of the segment."""
        if self._descriptor is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if self._pending:
            _write_all(self._descriptor, b"".join(line + b"\n" for line in self._pending))
            _sync(self._descriptor)
            self._pending = []
            self._move_head()
        return os.fstat(self._descriptor).st_size

    def records(self, *types: str) -> Iterator[Record]:
        """The records so far, those not yet durable among them."""
        self._refuse_broken()
        yield from iterate(self.folder, *types)
        for line in self._pending:
            record = parse(line)
            if not isinstance(record, Message) and (not types or record["type"] in types):
                yield record

    def head(self) -> Head:
        """Where the log ends."""
        return self._head

    def close(self) -> None:
        """Close the file and give the lock back."""
        try:
            self._close_segment()
        finally:
            self._lock.release()

    def _close_segment(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _open_segment(self) -> None:
        """Open the present segment, or make it with its opening record."""
        self._close_segment()
        path = self.folder / segment_name(self._segment)
        made = not path.exists()
        self._descriptor = os.open(path, _FLAGS | os.O_APPEND | (_NEW if made else 0), 0o600)
        if made:
            _sync_folder(self.folder)
        if os.fstat(self._descriptor).st_size == 0:
            self.append("segment_open", {"segment": self._segment})

    def _move_head(self) -> None:
        """Say beside the log how far it is durable. Not an authority: it shows what became of the last record."""
        _replace(self.folder / HEAD, json.dumps({"count": self._head.count, "hash": self._head.hash}).encode())

    def _refuse_broken(self) -> None:
        if self._broken:
            raise AuditError(
                msg("The audit log cannot be written any more"),
                hint=msg("Nothing was sent since. The next run settles what is open."),
            )

    def _break(self, error: OSError) -> AuditError:
        self._broken = True
        return _unwritable(self.folder, error)


def _unrecordable(record: Mapping[str, Json]) -> AuditError:
    return AuditError(
        msg(
            "The record '{type}' of customer {customer} cannot be written: it is too long, or holds text that is none",
            type=str(record["type"]),
            customer=str(record.get("customer")),
        ),
        hint=msg("Nothing was sent for it. Look at the customer's values in U8."),
    )


def _unwritable(folder: Path, error: OSError) -> AuditError:
    return AuditError(
        msg("The audit log {folder} cannot be written: {why}", folder=str(folder), why=error.strerror or str(error)),
        hint=msg(
            "Nothing is sent to U8 without a record. Check the disk's free space and that the account that runs u8sync"
            " may write there."
        ),
    )


def _write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: at a size limit a write ends short without an error, and only the next one fails."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _replace(path: Path, data: bytes) -> None:
    """Put a small file in the place of another, whole or not at all, and through no link.

    It is made durable before it gets its name: after a power failure the name must not stand for an empty file, which
    would pass for a head that somebody spoilt.
    """
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, _FLAGS | _NEW, 0o600)
    try:
        _write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        temporary.replace(path)
    except PermissionError:
        # Windows, while a reader has the old one open. The log itself is durable; a head that is behind is no fault.
        if os.name != "nt" or not path.exists():
            raise


def _sync(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _instant(clock: Clock) -> str:
    return f"{clock.now():%Y-%m-%dT%H:%M:%S.%f}Z"
