"""The files of a log: its segments, plain, compressed or moved away, and the notes beside them.

Nothing here takes a lock, changes a byte, or judges what it reads.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from u8sync.audit.findings import Base, Line
from u8sync.audit.merkle import Frontier
from u8sync.errors import AuditError
from u8sync.ports import Head, Json
from u8sync.text import msg

__all__ = [
    "BASE",
    "CHECKPOINT",
    "FILES",
    "HEAD",
    "DamagedError",
    "Segment",
    "bytes_of",
    "head_bytes",
    "lines_of",
    "read_base",
    "read_head",
    "read_note",
    "segment_name",
    "segments_of",
    "unreadable",
]

HEAD: Final = "HEAD"
"""Name of the head file: number of records that were durable, and the hash of the last one."""

FILES: Final = "files"
"""Folder beside the segments with what the runs went by, each file under the SHA-256 of its bytes."""

CHECKPOINT: Final = "CHECKPOINT"
"""Name of the file with the newest checkpoint, for a person to carry away."""

BASE: Final = "BASE"
"""Name of the file that says where a log goes on whose older segments were moved away."""

HEAD_BYTES: Final = 160

_HEAD_READS: Final = 5

_SEGMENT: Final = re.compile(r"seg-(\d{6})\.jsonl(\.gz)?", re.ASCII)


def segment_name(number: int) -> str:
    """The file name of a segment, numbers from 1."""
    return f"seg-{number:06d}.jsonl"


@dataclass(frozen=True)
class Segment:
    """One file of a log.

    Attributes:
        path: Where it lies; ends in ``.gz`` when it was compressed.
        number: From 1.
    """

    path: Path
    number: int

    @property
    def name(self) -> str:
        """What it is called in findings, compressed or not."""
        return segment_name(self.number)

    def open(self) -> BinaryIO:
        """Its bytes as they were written. Raises OSError, and while reading also EOFError or zlib.error."""
        return cast("BinaryIO", gzip.open(self.path)) if self.path.suffix == ".gz" else self.path.open("rb")


def segments_of(folder: Path, archive: Path | None = None) -> list[Segment]:
    """The segments in order.

    Args:
        folder: The folder of the log.
        archive: Where older ones were moved to; null: nowhere. One that lies in both is read where it was, and one that
            was copied but not yet removed when the machine stopped is passed over.

    Raises AuditError when one is no regular file, or they cannot be listed.
    """
    places = [folder, *([archive] if archive is not None and archive.is_dir() else [])]
    found = _listed(places)
    if found and len(found) <= max(found) - min(found):
        # A folder that grows while it is listed may show a file and not the one made before it. Whatever was there when
        # the first list ended is in the second; what is newer still may have such a gap again.
        newest = max(found)
        found = {number: path for number, path in _listed(places).items() if number <= newest}
    for path in found.values():
        if path.is_symlink() or not path.is_file():
            raise AuditError(
                msg("{path} is not a regular file", path=str(path)),
                hint=msg("An audit log is made of plain files. Nothing is written while something else stands there."),
            )
    gone = 0 if not found or 1 in found else (read_base(folder) or Base()).segments
    return [Segment(found[number], number) for number in sorted(found) if number > gone]


def _listed(places: Sequence[Path]) -> dict[int, Path]:
    """The files of segments by number, the first place before the others."""
    found: dict[int, Path] = {}
    for place in places:
        try:
            # Plain before compressed: while one is being compressed, both are there.
            names = sorted(path for path in place.iterdir() if _SEGMENT.fullmatch(path.name))
        except OSError as error:
            raise unreadable(place, error) from None
        for path in names:
            found.setdefault(int(path.name[4:10]), path)
    return found


def lines_of(segments: Sequence[Segment]) -> Iterator[Line]:
    """All lines of all segments; only the last one of all may be without LF and still be no fault."""
    for segment in segments:
        for number, data in enumerate(bytes_of(segment), 1):
            ended = data.endswith(b"\n")
            yield Line(segment.name, number, data[:-1] if ended else data, ended)


def bytes_of(segment: Segment, offset: int = 0) -> Iterator[bytes]:
    """The lines of one segment with their LF, from ``offset`` of its plain bytes on.

    Raises AuditError when the file cannot be read, or not unpacked.
    """
    try:
        with segment.open() as file:
            if offset:
                file.seek(offset)
            yield from file
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DamagedError(segment) from None
    except OSError as error:
        raise unreadable(segment.path, error) from None


class DamagedError(AuditError):
    """A compressed segment that cannot be unpacked."""

    def __init__(self, segment: Segment) -> None:
        super().__init__(
            msg("The compressed file {path} is damaged", path=str(segment.path)),
            hint=msg("Put back a copy of it. Nothing is written while the log is not whole."),
        )
        self.segment = segment


def head_bytes(head: Head) -> bytes:
    """What the head file holds: always as many bytes, so that it is written over in place."""
    said = {"count": head.count, "hash": head.hash, "check": _head_check(head)}
    return json.dumps(said).encode().ljust(HEAD_BYTES - 1) + b"\n"


def read_head(folder: Path) -> Head | None:
    """What the head file says; null when it is missing or cannot be understood."""
    for _ in range(_HEAD_READS):
        said = read_note(folder / HEAD)
        count, own_hash = said.get("count"), said.get("hash")
        if type(count) is not int or count < 0 or not isinstance(own_hash, str):
            continue
        head = Head(count, own_hash)
        # A writer beside us may be in the middle of it: half an old one and half a new one.
        if said.get("check", _head_check(head)) == _head_check(head):
            return head
    return None


def _head_check(head: Head) -> str:
    return hashlib.sha256(f"{head.count} {head.hash}".encode()).hexdigest()[:8]


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


def read_base(folder: Path) -> Base | None:
    """Where the log goes on after older segments were moved away; null when nothing usable says so."""
    said = read_note(folder / BASE)
    try:
        base = Base(**{**said, "frontier": _hashes(said), "waiting": tuple(cast("list[str]", said["waiting"]))})  # type: ignore[arg-type]
        Frontier(base.count, base.frontier)
    except (KeyError, TypeError, ValueError):
        return None
    return base if type(base.segments) is int and isinstance(base.hash, str) else None


def _hashes(said: dict[str, Json]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(one) for one in cast("list[str]", said["frontier"]))


def unreadable(path: Path, error: OSError) -> AuditError:
    """The error for a file or folder of the log that cannot be read."""
    return AuditError(
        msg("The audit log {path} cannot be read: {why}", path=str(path), why=error.strerror or str(error)),
        hint=msg("Nothing was sent. Let the account that runs u8sync read and write this folder."),
    )
