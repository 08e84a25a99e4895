"""An open index: what it knows, and the records themselves, read again and compared.

What lives here: reading. How the file is made and kept up to date: ``index.py``; what is asked of it: ``questions.py``.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Self, cast

from u8sync.audit.findings import Base
from u8sync.audit.segments import DamagedError, Segment, segment_name, segments_of, unreadable
from u8sync.errors import AuditError
from u8sync.text import msg

__all__ = ["INDEX", "Index"]

INDEX: Final = "index.sqlite"
"""Name of the file beside the segments."""

_AT_ONCE: Final = 500
"""Records that are asked for in one statement."""


class Index:
    """An open index, with the log that it belongs to.

    Attributes:
        folder: The log.
        first: Number of the first record that can be read; those before were moved away.
        count: Number of the last record.
        temporary: Whether it goes when it is closed, because it could not be kept beside the log.
    """

    def __init__(
        self,
        folder: Path,
        archive: Path | None,
        first: int,
        connection: sqlite3.Connection,
        private: Path | None,
    ) -> None:
        self.folder = folder
        self.temporary = private is not None
        self._archive = archive
        self._segments: dict[int, Segment] = {}
        self._connection = connection
        self._private = private
        self._files: dict[int, BinaryIO] = {}
        self.first = first
        found = self.rows("SELECT name, value FROM meta WHERE name LIKE 'base%'")
        self.base = Base(0, *_base_of_meta(dict(found)))
        (newest,) = next(self.rows("SELECT MAX(seq) FROM record"))
        self.count: int = first - 1 if newest is None else newest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files, and remove what was temporary."""
        self._connection.close()
        for file in self._files.values():
            file.close()
        self._files = {}
        if self._private is not None:
            self._private.unlink(missing_ok=True)

    def rows(self, statement: str, values: Sequence[object] | dict[str, object] = ()) -> Iterator[Any]:
        """Ask the tables of :data:`u8sync.audit.indexing.TABLES`. Raises AuditError when the file cannot be used."""
        try:
            yield from self._connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise AuditError(
                msg("The index of the audit log cannot be read: {why}", why=str(error)),
                hint=msg("Ask again, or with --no-index."),
            ) from None
        except sqlite3.DatabaseError as error:
            self._connection.close()
            with contextlib.suppress(OSError):
                (self._private or self.folder / INDEX).unlink(missing_ok=True)
            raise AuditError(
                msg("The index of the audit log is damaged: {why}", why=str(error)),
                hint=msg("It was thrown away. Ask again: it is made anew from the log, which it is no part of."),
            ) from None

    def lines(self, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The records of these numbers, in rising order, each with its line as it stands in its segment now.

        Raises AuditError when one is not what was indexed.
        """
        wanted = sorted(set(numbers))
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            found = self.rows(
                f"SELECT seq, segment, offset, length, hash FROM record WHERE seq IN ({marks}) ORDER BY seq",  # noqa: S608
                some,
            )
            for seq, number, offset, length, leaf in found:
                line = self._read(number, offset, length)
                if hashlib.sha256(b"\0" + line).digest() != leaf:
                    raise AuditError(
                        msg(
                            "Record {seq} ({segment}) is not the record that was indexed",
                            seq=seq,
                            segment=segment_name(number),
                        ),
                        hint=msg("The log or its index was changed. 'u8sync audit verify' checks every record."),
                    )
                yield seq, line

    def _read(self, number: int, offset: int, length: int) -> bytes:
        if number not in self._segments:
            # Also later than at first: a writer beside us may have begun another since.
            self._segments = {one.number: one for one in segments_of(self.folder, self._archive)}
        segment = self._segments.get(number)
        if segment is None:
            raise AuditError(
                msg("The audit log {folder} lacks {name}", folder=str(self.folder), name=segment_name(number)),
                hint=msg("Put the file back where it was."),
            )
        try:
            file = self._files.get(number)
            if file is None:
                for far in [one for one in self._files if abs(one - number) > 1]:
                    self._files.pop(far).close()
                file = self._files[number] = _unpacked(segment)
            file.seek(offset)
            return file.read(length)
        except OSError as error:
            raise unreadable(segment.path, error) from None


def _unpacked(segment: Segment) -> BinaryIO:
    """A segment in which any place is reached at once; a compressed one is unpacked into a file without a name."""
    if segment.path.suffix != ".gz":
        return segment.open()
    unpacked = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed with the index
    try:
        with segment.open() as packed:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
    except (EOFError, zlib.error):
        unpacked.close()
        raise DamagedError(segment) from None
    return unpacked


def _base_of_meta(meta: dict[str, str]) -> tuple[int, str, tuple[bytes, ...]]:
    frontier = bytes.fromhex(meta["base_frontier"])
    size = hashlib.sha256().digest_size
    hashes = tuple(frontier[at : at + size] for at in range(0, len(frontier), size))
    return int(meta["base_count"]), meta["base_hash"], hashes
