"""Old segments: compressed where they lie, or moved to another folder, without breaking a proof.

What lives here: what is done with files. What does not: the record of it, which the open log writes itself.

The idea: a segment's bytes are what is hashed, so that how they are stored does not matter. A log whose beginning was
moved away goes on from a *base*: how many records went, the hash of the last one, and the right edge of the Merkle tree
over them. The base stands in a record of the log, which chain and checkpoints protect, and in the file ``BASE``, where
a reader finds it before the first line.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from u8sync.audit.durable import FLAGS, NEW, replace_file, sync_folder
from u8sync.audit.findings import Base
from u8sync.audit.quick import Check
from u8sync.audit.seals import Seals
from u8sync.audit.segments import BASE, Segment, bytes_of, read_base, segments_of
from u8sync.audit.store import ChainedLog
from u8sync.errors import AuditError, InputError
from u8sync.ports import Progress
from u8sync.text import msg

__all__ = ["Archived", "archive_segments"]

_PIECE = 1 << 20


@dataclass(frozen=True)
class Archived:
    """What was done.

    Attributes:
        compressed: Names of the segments that were compressed.
        moved: Names of those that were moved.
        freed: Bytes that the folder of the log lost.
    """

    compressed: tuple[str, ...]
    moved: tuple[str, ...]
    freed: int


def archive_segments(log: ChainedLog, *, to: Path | None, keep: int, progress: Progress) -> Archived:
    """Compress the closed segments of an open log, and move all but the newest ``keep`` of them.

    Args:
        log: Open, so that nobody writes meanwhile.
        to: Where to, a folder for this log alone, made if need be; null: nothing is moved.
        keep: How many closed segments stay.
        progress: Hears of each segment.

    Raises AuditError when a file cannot be read or written, InputError when ``to`` cannot take them. Wherever it stops,
    every segment is whole in one of the two folders, and doing it again finishes it.
    """
    before = _size(log.folder)
    closed = segments_of(log.folder)[:-1]
    progress.start(msg("Archiving the audit log"), len(closed))
    compressed, packed = [], []
    try:
        for segment in closed:
            if segment.path.suffix != ".gz":
                compressed.append(segment.name)
            packed.append(_compressed(segment))
            progress.advance(1)
    finally:
        progress.finish()
    going = packed[: max(len(packed) - keep, 0)] if to is not None else []
    if to is not None and going:
        _copy(going, to)
        base = _base_after(log.folder, going)
        log.let_go(base)
        _say(log.folder, base)
        for segment in going:
            _remove(segment.path)
    return Archived(tuple(compressed), tuple(segment.name for segment in going), before - _size(log.folder))


def _compressed(segment: Segment) -> Segment:
    """The segment as a compressed file; the plain one goes once that is durable and reads the same."""
    if segment.path.suffix == ".gz":
        return segment
    packed = segment.path.with_name(f"{segment.name}.gz")
    temporary = segment.path.with_name(f"{segment.name}.gz.new")
    try:
        temporary.unlink(missing_ok=True)
        with (
            segment.path.open("rb") as plain,
            os.fdopen(os.open(temporary, FLAGS | NEW, 0o600), "wb") as file,
        ):
            # Neither name nor time in its header: the same bytes give the same file.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as writer:
                shutil.copyfileobj(plain, writer, _PIECE)
            file.flush()
            os.fsync(file.fileno())
        if packed.exists():
            _remove(packed)  # of a time when the machine stopped here; the plain one is still whole
        if _digest(Segment(temporary.replace(packed), segment.number)) != _digest(segment):
            raise AuditError(
                msg("The compressed file {path} does not read as it was written", path=str(packed)),
                hint=msg("Nothing was removed. Check the disk."),
            )
        packed.chmod(0o400)
        sync_folder(packed.parent)
        _remove(segment.path)
    except OSError as error:
        raise _failed(packed, error) from None
    return Segment(packed, segment.number)


def _copy(segments: list[Segment], to: Path) -> None:
    """Copy them, durable, each compared with the original; a file that is there already must be the same."""
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        for segment in segments:
            target = to / segment.path.name
            if not target.exists():
                replace_file(target, segment.path.read_bytes())
            if _digest(Segment(target, segment.number)) != _digest(segment):
                raise InputError(
                    msg("{path} is there already and holds something else", path=str(target)),
                    hint=msg("Nothing was removed. Name another folder with --to."),
                )
        sync_folder(to)
    except OSError as error:
        raise _failed(to, error) from None


def _base_after(folder: Path, segments: list[Segment]) -> Base:
    """Where the log goes on after these, the oldest that are left. They were checked when the log was opened."""
    before = (read_base(folder) if segments[0].number > 1 else None) or Base()
    check = Check(None, before, Seals(base=before))
    for segment in segments:
        check.take_segment(segment.name, [list(bytes_of(segment))])
    key = check.seals.current
    return Base(
        segments=segments[-1].number,
        count=check.tree.size,
        hash=check.last_hash,
        frontier=tuple(check.tree.hashes),
        key=None if key is None else key.text,
        run=check.story.open_run,
        waiting=check.story.open_intents,
    )


def _say(folder: Path, base: Base) -> None:
    try:
        replace_file(folder / BASE, json.dumps(base.fields).encode())
        sync_folder(folder)
    except OSError as error:
        raise _failed(folder / BASE, error) from None


def _remove(path: Path) -> None:
    path.chmod(0o600)  # Windows removes no file that is marked read-only
    path.unlink()


def _digest(segment: Segment) -> bytes:
    hashed = hashlib.sha256()
    with segment.open() as file:
        while piece := file.read(_PIECE):
            hashed.update(piece)
    return hashed.digest()


def _size(folder: Path) -> int:
    return sum(segment.path.stat().st_size for segment in segments_of(folder))


def _failed(path: Path, error: OSError) -> AuditError:
    return AuditError(
        msg(
            "The segments of the audit log cannot be archived: {path}: {why}", path=str(path), why=error.strerror or ""
        ),
        hint=msg("Nothing was lost: each segment is whole where it was. Check the disk and try again."),
    )
