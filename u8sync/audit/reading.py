"""Read a log on disk, beside a writer if need be: nothing here takes a lock or changes a byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from u8sync.audit.chain import parse
from u8sync.audit.findings import Fault, Line, Verification
from u8sync.audit.verification import verify
from u8sync.errors import AuditError
from u8sync.ports import Head, Json, Progress, Record
from u8sync.text import Message, msg

__all__ = ["HEAD", "iterate", "lines_of", "read_head", "read_note", "segment_name", "verify_folder"]

HEAD: Final = "HEAD"
"""Name of the head file: number of records that were durable, and the hash of the last one."""

_SEGMENT: Final = re.compile(r"seg-(\d{6})\.jsonl")

_PROGRESS_EVERY: Final = 5000


def segment_name(number: int) -> str:
    """The file name of a segment, numbers from 1."""
    return f"seg-{number:06d}.jsonl"


def segments_of(folder: Path) -> list[Path]:
    """The segment files in order. Raises AuditError when one is no regular file, or they cannot be listed."""
    try:
        found = sorted(path for path in folder.iterdir() if _SEGMENT.fullmatch(path.name))
    except OSError as error:
        raise unreadable(folder, error) from None
    for path in found:
        if path.is_symlink() or not path.is_file():
            raise AuditError(
                msg("{path} is not a regular file", path=str(path)),
                hint=msg("An audit log is made of plain files. Nothing is written while something else stands there."),
            )
    return found


def read_head(folder: Path) -> Head | None:
    """What the head file says; null when it is missing or cannot be understood."""
    said = read_note(folder / HEAD)
    count, own_hash = said.get("count"), said.get("hash")
    return Head(count, own_hash) if type(count) is int and count >= 0 and isinstance(own_hash, str) else None


def read_note(path: Path) -> dict[str, Json]:
    """The JSON object in a small file beside the segments; empty when it is missing or cannot be understood."""
    try:
        # A pipe in its place would keep a reader waiting for ever.
        if path.is_symlink() or not path.is_file():
            return {}
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def lines_of(segments: list[Path]) -> Iterator[Line]:
    """All lines of all segments; only the last one of all may be without LF and still be no fault."""
    for path in segments:
        try:
            with path.open("rb") as file:
                for number, data in enumerate(file, 1):
                    ended = data.endswith(b"\n")
                    yield Line(path.name, number, data[:-1] if ended else data, ended)
        except OSError as error:
            raise unreadable(path, error) from None


def iterate(folder: Path, *types: str) -> Iterator[Record]:
    """The records, oldest first; an unfinished last line is passed over.

    Raises AuditError at a file or line that is missing or damaged, so that nobody takes a part for the whole. That no
    record was changed is for :func:`verify_folder` to say.
    """
    segments = segments_of(folder)
    for fault in _gaps(segments):
        raise first_fault(folder, fault)
    for seq, line in enumerate(lines_of(segments), 1):
        if not line.ended and line.segment == segments[-1].name:
            return
        record = parse(line.data if line.ended else b"")  # a line without its end is no record, whatever it says
        if isinstance(record, Message):
            raise first_fault(folder, Fault(line.segment, line.number, seq, record))
        if not types or record["type"] in types:
            yield record


def verify_folder(folder: Path, progress: Progress) -> Verification:
    """Check a whole log. Raises AuditError when it cannot be read at all; everything else is a fault in the result."""
    # The head is read first: a writer beside us only ever moves the end of the log further.
    head = read_head(folder)
    segments = segments_of(folder)
    try:
        size = sum(path.stat().st_size for path in segments)
    except OSError as error:
        raise unreadable(folder, error) from None
    progress.start(msg("Checking the audit log"), size)
    try:
        last = segments[-1].name if segments else None
        found = verify(_watched(lines_of(segments), progress), head, segments=len(segments), last=last)
    finally:
        progress.finish()
    return replace(found, faults=(*_gaps(segments), *found.faults))


def _gaps(segments: list[Path]) -> Iterator[Fault]:
    """The holes in the numbers of the segments."""
    expected = 1
    for path in segments:
        if path.name != segment_name(expected):
            yield Fault(
                path.name,
                0,
                None,
                msg("The audit log {folder} lacks {name}", folder=str(path.parent), name=segment_name(expected)),
            )
        expected = int(path.name[4:10]) + 1


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


def unreadable(path: Path, error: OSError) -> AuditError:
    """The error for a file or folder of the log that cannot be read."""
    return AuditError(
        msg("The audit log {path} cannot be read: {why}", path=str(path), why=error.strerror or str(error)),
        hint=msg("Nothing was sent. Let the account that runs u8sync read and write this folder."),
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
