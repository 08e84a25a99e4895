"""The evidence that anchors answer with, kept beside the log: one file for each checkpoint and anchor.

``<size, 12 digits>-<8 hex>.tsr`` holds the DER bytes of the answer, so that ``openssl ts -verify`` reads it too. The
hex digits tell anchors apart, and checkpoints of the same size, of which an honest log has one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from u8sync.anchoring.new_file import write_new
from u8sync.anchoring.timestamp import verify_timestamp
from u8sync.domain.standing import standing_of
from u8sync.text import Message, msg

__all__ = ["Stamped", "has_stamp", "keep_stamp", "stamps_of", "verify_stamps"]

_FILE: Final = re.compile(r"(?P<size>[0-9]{12,16})-[0-9a-f]{8}\.tsr", re.ASCII)
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class Stamped:
    """What one file of evidence proves.

    Attributes:
        size: Number of records of the checkpoint that it is for.
        file: Its name.
        found: When that checkpoint was there already, aware, in UTC; or why it proves nothing.
    """

    size: int
    file: str
    found: datetime | Message


def has_stamp(folder: Path, anchor: str, checkpoint: str) -> bool:
    """Whether there is evidence of this anchor for this checkpoint."""
    return _path(folder, anchor, checkpoint).exists()


def keep_stamp(folder: Path, anchor: str, checkpoint: str, evidence: bytes) -> None:
    """Keep the evidence of this anchor for this checkpoint; what is there already stays. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_new(_path(folder, anchor, checkpoint), evidence)


def stamps_of(folder: Path) -> Iterator[tuple[int, str, bytes]]:
    """Size of the log, file name and bytes of all that is kept, smallest first. Raises OSError."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        found = _FILE.fullmatch(path.name)
        if found and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                yield int(found["size"]), path.name, file.read(_MOST_BYTES)


def verify_stamps(folder: Path, checkpoints: Sequence[str], certificates: bytes) -> Iterator[Stamped]:
    """Check the time stamps beside a log, smallest log first.

    Args:
        folder: Where they are kept.
        checkpoints: All checkpoints of the log.
        certificates: PEM; trusted to have signed the certificates of the services, one after the other.

    Raises:
        OSError: They cannot be read.
        FatalError: The library for time stamps is not installed.
    """
    by_size = {standing.size: text for text in checkpoints if (standing := standing_of(text)) is not None}
    for size, name, token in stamps_of(folder):
        note = by_size.get(size)
        found = _NO_CHECKPOINT if note is None else verify_timestamp(token, note, certificates)
        yield Stamped(size, name, found)


_NO_CHECKPOINT: Final = msg("the log has no checkpoint of this size")


def _path(folder: Path, anchor: str, checkpoint: str) -> Path:
    standing = standing_of(checkpoint)
    if standing is None:
        raise ValueError("no checkpoint of a u8sync log")
    digest = hashlib.sha256(f"{anchor}\0{checkpoint}".encode()).hexdigest()
    return folder / f"{standing.size:012d}-{digest[:8]}.tsr"
