"""Read a log on disk, beside a writer if need be: nothing here takes a lock or changes a byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from u8sync.audit.chain import parse
from u8sync.audit.checkpoint import Note, VerificationKey
from u8sync.audit.findings import Base, Fault, Line, Verification
from u8sync.audit.quick import Check
from u8sync.audit.seals import Seals
from u8sync.audit.segments import (
    FILES,
    HEAD,
    DamagedError,
    Segment,
    bytes_of,
    lines_of,
    read_base,
    read_head,
    segment_name,
    segments_of,
    unreadable,
)
from u8sync.audit.verification import verify
from u8sync.errors import AuditError
from u8sync.ports import Progress, Record
from u8sync.text import Message, msg

__all__ = ["Segment", "bytes_of", "check_folder", "first_fault", "iterate", "lines_of", "segments_of", "verify_folder"]

_PROGRESS_EVERY: Final = 5000


def base_of(folder: Path, segments: Sequence[Segment]) -> Base:
    """Where the reading of these segments begins. Raises AuditError when segments are missing that were not moved."""
    if not segments or segments[0].number == 1:
        return Base()
    base = read_base(folder)
    if base is None or base.segments + 1 < segments[0].number:
        raise first_fault(folder, next(_gaps(folder, segments, Base())))
    return base


def iterate(folder: Path, *types: str, archive: Path | None = None) -> Iterator[Record]:
    """The records, oldest first; an unfinished last line is passed over.

    Raises AuditError at a file or line that is missing or damaged, so that nobody takes a part for the whole. That no
    record was changed is for :func:`verify_folder` to say.
    """
    segments = segments_of(folder, archive)
    base = base_of(folder, segments)
    for fault in _gaps(folder, segments, base):
        raise first_fault(folder, fault)
    for seq, line in enumerate(lines_of(segments), base.count + 1):
        if not line.ended and line.segment == segments[-1].name:
            return
        record = parse(line.data if line.ended else b"")  # a line without its end is no record, whatever it says
        if isinstance(record, Message):
            raise first_fault(folder, Fault(line.segment, line.number, seq, record))
        if not types or record["type"] in types:
            yield record


def verify_folder(
    folder: Path,
    progress: Progress,
    *,
    archive: Path | None = None,
    keys: Sequence[VerificationKey] = (),
    outside: Sequence[Note] = (),
) -> Verification:
    """Check a whole log.

    Args:
        folder: The log.
        progress: Hears of the bytes that were read.
        archive: Where older segments were moved to; null: those are not looked at.
        keys: Public keys that are trusted.
        outside: Checkpoints that were kept where the writer of the log could not reach them.

    Raises AuditError when it cannot be read at all; everything else is a fault in the result.
    """
    return check_folder(folder, progress, archive=archive, keys=keys, outside=outside)[0]


def check_folder(
    folder: Path,
    progress: Progress,
    *,
    archive: Path | None = None,
    keys: Sequence[VerificationKey] = (),
    outside: Sequence[Note] = (),
) -> tuple[Verification, Check]:
    """As :func:`verify_folder`, with what the quick check knows at the end: of use only when there is no fault."""
    # The head is read first: a writer beside us only ever moves the end of the log further.
    head = read_head(folder)
    segments = segments_of(folder, archive)
    base = Base() if not segments or segments[0].number == 1 else read_base(folder) or Base()
    try:
        size = sum(segment.path.stat().st_size for segment in segments)
    except OSError as error:
        raise unreadable(folder, error) from None
    gaps = tuple(_gaps(folder, segments, base))
    check = Check(head, base, Seals(keys, outside, base=base))
    progress.start(msg("Checking the audit log"), size)
    try:
        found = _check_quickly(check, segments, progress) if not gaps else None
        if found is None:
            # Something is wrong: read again, and find out what.
            damaged: list[Fault] = []
            found = verify(
                _watched(_until_damaged(segments, damaged), progress),
                head,
                segments=len(segments),
                last=segments[-1].name if segments else None,
                base=base,
            )
            gaps = (*gaps, *damaged)
            if not gaps and not found.faults:
                gaps = (Fault("", 0, None, msg("the log is not whole, and what is wrong with it cannot be told")),)
    finally:
        progress.finish()
    return replace(found, faults=(*gaps, *found.faults, *_spoilt_files(folder))), check


def _check_quickly(check: Check, segments: Sequence[Segment], progress: Progress) -> Verification | None:
    """What is found; null when the chain is not whole, and only the slow check can tell what is wrong."""
    try:
        for segment in segments:
            if not check.take_segment(segment.name, _chunks(bytes_of(segment), progress)):
                return None
    except DamagedError:
        return None
    return check.finish(segments=len(segments))


def _spoilt_files(folder: Path) -> Iterator[Fault]:
    """The kept files whose name is not the hash of what they hold."""
    kept = folder / FILES
    try:
        for path in sorted(kept.iterdir()) if kept.is_dir() else ():
            with path.open("rb") as file:
                if path.name != hashlib.file_digest(file, "sha256").hexdigest() and path.suffix != ".new":
                    yield Fault("", 0, None, msg("the kept file {name} was changed", name=path.name))
    except OSError as error:
        raise unreadable(kept, error) from None


def _until_damaged(segments: Sequence[Segment], damaged: list[Fault]) -> Iterator[Line]:
    """The lines up to a file that cannot be unpacked, which is put on the list, and those after it."""
    for segment in segments:
        try:
            yield from lines_of([segment])
        except DamagedError as error:
            damaged.append(Fault(segment.name, 0, None, error.message))


def _chunks(lines: Iterator[bytes], progress: Progress) -> Iterator[list[bytes]]:
    while chunk := list(islice(lines, _PROGRESS_EVERY)):
        progress.advance(sum(map(len, chunk)))
        yield chunk


def _gaps(folder: Path, segments: Sequence[Segment], base: Base) -> Iterator[Fault]:
    """The holes in the numbers of the segments."""
    expected = base.segments + 1
    for segment in segments:
        if segment.number != expected:
            yield Fault(
                segment.name,
                0,
                None,
                msg("The audit log {folder} lacks {name}", folder=str(folder), name=segment_name(expected)),
            )
        expected = segment.number + 1


def first_fault(folder: Path, fault: Fault) -> AuditError:
    """The error for a log that must not be written on, because of ``fault``."""
    if fault.segment and fault.seq is None:
        return AuditError(
            fault.message, hint=msg("Put the file back where it was. Nothing is written while the log is not whole.")
        )
    return AuditError(
        msg(
            "The audit log {folder} is not whole: record {seq} ({segment}, line {line}): {what}",
            folder=str(folder),
            seq="?" if fault.seq is None else fault.seq,
            segment=fault.segment or HEAD,
            line=fault.line,
            what=fault.message,
        ),
        hint=msg(
            "Nothing was sent. 'u8sync audit verify' lists every fault. Keep the folder as it is for the auditor, and"
            " name a new one under 'audit' in the configuration."
        ),
    )


def _watched(lines: Iterator[Line], progress: Progress) -> Iterator[Line]:
    done = 0
    for count, line in enumerate(lines, 1):
        done += len(line.data) + line.ended
        if count % _PROGRESS_EVERY == 0:
            progress.advance(done)
            done = 0
        yield line
    progress.advance(done)
