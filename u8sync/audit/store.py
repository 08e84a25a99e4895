"""The log on disk: one writer, append-only, durable when it says so.

Every write to U8 stands between two commits of this file. So: whatever cannot be made durable raises AuditError, and
after the first failure the log refuses everything, because nobody knows any more what the disk holds.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from u8sync import __version__
from u8sync.audit.chain import GENESIS, LINE_LIMIT, VERSION, encode, link, may_be, parse
from u8sync.audit.checkpoint import Checkpoint, Note, SigningKey, VerificationKey, origin_of
from u8sync.audit.durable import FLAGS, NEW, replace_file, sync, sync_folder, write_all
from u8sync.audit.findings import Base
from u8sync.audit.lock import WriterLock, instant, take_lock, unwritable
from u8sync.audit.quick import Check
from u8sync.audit.reading import check_folder, first_fault, iterate, lines_of, segments_of
from u8sync.audit.seals import SEALS, Seals
from u8sync.audit.segments import CHECKPOINT, FILES, HEAD, head_bytes, segment_name
from u8sync.audit.story import TYPES
from u8sync.domain.model import AccountSet
from u8sync.errors import AuditError
from u8sync.ports import Clock, Head, Json, Progress, Record
from u8sync.text import Private, msg

__all__ = ["SEGMENT_BYTES", "ChainedLog", "open_existing", "open_log"]

SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""A new segment begins when the present one is longer than this."""


def open_log(
    root: Path,
    account_set: AccountSet,
    *,
    run_id: str,
    clock: Clock,
    host: str,
    pid: int,
    progress: Progress,
    signer: SigningKey | None = None,
    segment_bytes: int = SEGMENT_BYTES,
) -> ChainedLog:
    """Open the log of an account set below ``root`` for writing, making it if need be.

    Takes the writer's lock, checks the whole chain, and recovers a last line that was never finished. A log that was
    ever signed goes on being signed: ``signer`` must be its present key.

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
        raise unwritable(folder, error) from None
    if folder.is_symlink():
        raise unwritable(folder, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
    lock = take_lock(folder, host=host, pid=pid, run_id=run_id, clock=clock)
    common = _common(account_set.key, run_id, host, pid)
    log = ChainedLog(
        folder, lock, common, clock=clock, signers=(signer,) if signer else (), segment_bytes=segment_bytes
    )
    return _recovered(log, progress)


def open_existing(
    folder: Path,
    *,
    run_id: str,
    clock: Clock,
    host: str,
    pid: int,
    progress: Progress,
    signers: Sequence[SigningKey] = (),
    any_key: bool = False,
) -> ChainedLog:
    """Open a log that is there, for work on the log itself; as :func:`open_log`.

    Args:
        folder: The folder of the log.
        run_id: Name of this work in the records.
        clock: Time.
        host: This machine.
        pid: This process.
        progress: Hears of the check.
        signers: Keys of which one is the log's; the others are for :meth:`ChainedLog.hand_over`.
        any_key: Whether the log may be opened without its key.
    """
    first = next(iterate(folder), None)
    if first is None:
        raise AuditError(
            msg("There is no audit log in {folder}", folder=str(folder)),
            hint=msg("'u8sync run' and 'u8sync apply' make one. Name another folder with --folder."),
        )
    lock = take_lock(folder, host=host, pid=pid, run_id=run_id, clock=clock)
    common = _common(str(first["target"]), run_id, host, pid)
    log = ChainedLog(folder, lock, common, clock=clock, signers=signers, any_key=any_key, segment_bytes=SEGMENT_BYTES)
    return _recovered(log, progress)


def _recovered(log: ChainedLog, progress: Progress) -> ChainedLog:
    try:
        log.recover(progress)
    except BaseException:
        log.close()
        raise
    return log


def _common(target: str, run_id: str, host: str, pid: int) -> dict[str, Json]:
    return {
        "v": VERSION,
        "run_id": run_id,
        "target": target,
        "host": host,
        "pid": pid,
        "tool_version": __version__,
    }


class ChainedLog:
    """An open log; :class:`u8sync.ports.AuditLog` says what each method promises."""

    def __init__(
        self,
        folder: Path,
        lock: WriterLock,
        common: Mapping[str, Json],
        *,
        clock: Clock,
        signers: Sequence[SigningKey],
        segment_bytes: int,
        any_key: bool = False,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.folder = folder
        self._lock = lock
        self._common = common
        self._clock = clock
        self._signers = signers
        self._signer: SigningKey | None = None
        self._any_key = any_key
        self._segment_bytes = segment_bytes
        self._monotonic_ns = monotonic_ns
        self._head = Head(0, GENESIS)
        self._known = Check(None, Base(), Seals())
        self._pending: list[bytes] = []
        self._segment = 0
        self._length = 0
        self._descriptor: int | None = None
        self._head_file: int | None = None
        self._broken = False

    def recover(self, progress: Progress) -> None:
        """Check the chain, cut off a line that was never finished, and go on where the log ends."""
        found, self._known = check_folder(self.folder, progress)
        if found.faults:
            raise first_fault(self.folder, found.faults[0])
        self._head = found.head
        self._segment = max(found.base.segments + found.segments, 1)
        try:
            torn = self._cut(self.folder / segment_name(self._segment), found.torn)
            # A head from the first moment on: from now on a log without one is a log whose end was tampered with.
            replace_file(self.folder / HEAD, head_bytes(self._head))
            self._head_file = os.open(self.folder / HEAD, FLAGS)
            self._open_segment()
            if torn:
                self.append("recovered_tail", {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()})
            self._agree_on_key()
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
            replace_file(
                segment.with_name(f"{segment.name}.torn-{self._clock.now():%Y%m%dT%H%M%SZ}-{digest[:8]}"), rest
            )
            sync_folder(self.folder)
            file.truncate(size)
            os.fsync(file.fileno())
        return rest

    def append(self, type_: str, fields: Mapping[str, Json]) -> int:
        """Add a record. Raises ValueError for one with which the log would tell an impossible story."""
        self._refuse_broken()
        if type_ not in TYPES:
            raise ValueError(f"no record has the type {type_!r}")
        record: dict[str, Json] = {
            **fields,
            **self._common,
            "type": type_,
            "seq": self._head.count + 1,
            "prev": self._head.hash,
            "ts": instant(self._clock),
            "mono_us": self._monotonic_ns() // 1000,
        }
        try:
            line = encode(record)
        except UnicodeEncodeError:
            raise _unrecordable(record) from None
        if len(line) >= LINE_LIMIT:
            raise _unrecordable(record)
        own_hash = link(line)
        self._take(record, own_hash)
        self._pending.append(line)
        self._head = Head(self._head.count + 1, own_hash)
        return self._head.count

    def _take(self, record: Record, own_hash: str) -> None:
        """Read the record as the next opening will; what would be a fault there must not be written."""
        known = self._known
        wrong = known.seals.take(record, known.tree.root) if record["type"] in SEALS else None
        known.story.take(self._segment_name, 0, record)
        if wrong is not None or known.story.faults:
            self._broken = True
            raise ValueError(f"record {record['seq']} cannot be: {wrong or known.story.faults[0].message}")
        known.tree.append(bytes.fromhex(own_hash))

    @property
    def _segment_name(self) -> str:
        return segment_name(self._segment)

    def keep(self, data: bytes) -> str:
        """Keep a file that a record names by its hash; durable at once."""
        self._refuse_broken()
        name = hashlib.sha256(data).hexdigest()
        path = self.folder / FILES / name
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if not path.is_file() or path.is_symlink():
                replace_file(path, data)
                sync_folder(path.parent)
        except OSError as error:
            raise self._break(error) from None
        return name

    def let_go(self, base: Base) -> None:
        """Record that the segments up to ``base`` are kept elsewhere from now on; durable, and signed with the key.

        Raises AuditError when a change has no recorded end: it may stand in one of them.
        """
        if self._known.story.open_intents:
            raise AuditError(
                msg("The audit log {folder} has changes without a recorded end", folder=str(self.folder)),
                hint=msg("Nothing was moved. 'u8sync run' settles them by reading U8; then try again."),
            )
        self.append("archived", base.fields)
        self.commit()
        self.checkpoint()

    # --- signing ---

    def checkpoint(self) -> str | None:
        """Sign how long the log is and what it hashes to, and make that durable; null when there is no key."""
        return None if self._signer is None else self._seal(self._signer)

    def checkpoints(self) -> Sequence[str]:
        """The newest checkpoints of the log, the oldest first."""
        return tuple(self._known.seals.recent)

    def hand_over(self, key: SigningKey, *, lost: bool = False) -> str:
        """From now on ``key`` signs; the old one signs that too, unless it is ``lost``. Returns the checkpoint."""
        old = self._known.seals.current
        if not lost and (self._signer is None or old is None):
            raise ValueError("there is no old key that could hand over")
        fields: dict[str, Json] = {"key": key.verification.text, "replaces": old.text if old else None}
        self.append("key", {**fields, "lost": True} if lost and old else fields)
        signers = [key] if lost or self._signer is None else [self._signer, key]
        self._signer = key
        return self._seal(*signers)

    def _seal(self, *signers: SigningKey) -> str:
        tree = self._known.tree
        body = Checkpoint(
            origin_of(self.folder.name),
            tree.size,
            tree.root(),
            f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}",
            str(self._common["target"]),
        ).body
        note = Note(body, tuple(signer.sign(body) for signer in signers)).text
        self.append("checkpoint", {"note": note})
        self.commit()
        try:
            replace_file(self.folder / CHECKPOINT, note.encode())
        except OSError as error:
            raise self._break(error) from None
        return note

    def _agree_on_key(self) -> None:
        """The first key is recorded; afterwards that one signs, and without it nothing is written."""
        present = self._known.seals.current
        self._signer = next((key for key in self._signers if present in {None, key.verification}), None)
        if self._known.seals.successor is not None:
            self._finish_hand_over()
        elif present is None and self._signer is not None:
            self.append("key", {"key": self._signer.verification.text, "replaces": None})
        elif present is not None and self._signer is None and not self._any_key:
            raise AuditError(
                msg("The audit log {folder} is signed by another key: {key}", folder=str(self.folder), key=present.text)
                if self._signers
                else msg("The audit log {folder} is signed, and no key is configured", folder=str(self.folder)),
                hint=msg(
                    "Nothing was sent. Give that key under 'audit' in the configuration. To change it, run 'u8sync"
                    " audit key rotate'; if it is lost, 'u8sync audit key rotate --lost'."
                ),
            )

    def _finish_hand_over(self) -> None:
        """The machine stopped after the record of a new key: only whoever has both keys may go on."""
        seals = self._known.seals
        successor = next((key for key in self._signers if key.verification == seals.successor), None)
        signers = [key for key in (None if seals.lost else self._signer, successor) if key is not None]
        if successor is None or len(signers) < (1 if seals.lost else 2):
            raise AuditError(
                msg("The key of the audit log {folder} was being changed", folder=str(self.folder)),
                hint=msg("Nothing was sent. Run 'u8sync audit key rotate' again, which finishes it."),
            )
        self._signer = successor
        self._seal(*signers)

    @property
    def key(self) -> VerificationKey | None:
        """The public half of the key that signs now; null when the log has none."""
        return self._known.seals.current

    def commit(self) -> None:
        """Write what is pending, make it durable, then move the head."""
        self._refuse_broken()
        try:
            if self._flush() > self._segment_bytes:
                self._close_segment()
                (self.folder / segment_name(self._segment)).chmod(0o400)
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
            self._refuse_company(self._descriptor)
            data = b"".join(line + b"\n" for line in self._pending)
            write_all(self._descriptor, data)
            sync(self._descriptor)
            self._length += len(data)
            self._pending = []
            self._move_head()
        return self._length

    def _refuse_company(self, descriptor: int) -> None:
        """Write nothing when somebody else has written, or could: the lock file is no more the one that was locked."""
        if os.fstat(descriptor).st_size != self._length or not self._lock.still_ours():
            self._broken = True
            raise AuditError(
                msg(
                    "Another process writes to the audit log {folder}, or its lock was deleted", folder=str(self.folder)
                ),
                hint=msg(
                    "Nothing was sent since. Leave the files of the log alone; the next run settles what is open."
                ),
            )

    def records(self, *types: str) -> Iterator[Record]:
        """The records so far, those not yet durable among them."""
        self._refuse_broken()
        # The log was checked when it was opened, so that lines of other types need not be read again.
        for line in chain((line.data for line in lines_of(segments_of(self.folder))), self._pending):
            record = parse(line) if may_be(line, types) else None
            if isinstance(record, dict) and (not types or record["type"] in types):
                yield record

    def open_changes(self) -> Sequence[str]:
        """Names of the changes that have no recorded end."""
        return self._known.story.open_intents

    def head(self) -> Head:
        """Where the log ends."""
        return self._head

    def close(self) -> None:
        """Close the files and give the lock back."""
        try:
            self._close_segment()
            head_file, self._head_file = self._head_file, None
            if head_file is not None:
                try:
                    os.fsync(head_file)
                finally:
                    os.close(head_file)
        except OSError as error:
            raise self._break(error) from None
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
        self._descriptor = os.open(path, FLAGS | os.O_APPEND | (NEW if made else 0), 0o600)
        if made:
            sync_folder(self.folder)
        self._length = os.fstat(self._descriptor).st_size
        if self._length == 0:
            self.append("segment_open", {"segment": self._segment})

    def _move_head(self) -> None:
        """Say beside the log how far it is durable. Not an authority: it shows what became of the last record.

        Written over in place, in one sector, and made durable only when the log is closed: after a power failure it is
        whole and may be behind, which is no fault, and a batch need not wait for it.
        """
        if self._head_file is not None:
            os.lseek(self._head_file, 0, os.SEEK_SET)
            write_all(self._head_file, head_bytes(self._head))

    def _refuse_broken(self) -> None:
        if self._broken:
            raise AuditError(
                msg("The audit log cannot be written any more"),
                hint=msg("Nothing was sent since. The next run settles what is open."),
            )

    def _break(self, error: OSError) -> AuditError:
        self._broken = True
        return unwritable(self.folder, error)


def _unrecordable(record: Mapping[str, Json]) -> AuditError:
    return AuditError(
        msg(
            "The record '{type}' of customer {customer} cannot be written: it is too long, or holds text that is none",
            type=str(record["type"]),
            customer=Private(str(record.get("customer"))),
        ),
        hint=msg("Nothing was sent for it. Look at the customer's values in U8."),
    )
