"""The index of a log: a file beside the segments that makes questions fast, and that nothing depends on.

What lives here: the file. It is brought up to date by whoever asks, never by the run that writes the log; it is thrown
away and made again when it is damaged, foreign, of another format, or of another log; and where it cannot be kept, a
temporary one does.

What an index can show, and what not: a record that is shown was read from its segment just now and its hash compared.
That an index leaves nothing out, only a fresh one can show: ``fresh=True`` trusts no file that was there before and
reads the whole log. That the log itself is whole is for ``verify_folder`` to say.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from u8sync.audit.findings import Base, Fault
from u8sync.audit.indexed import INDEX, Index
from u8sync.audit.indexing import INDEXES, TABLES, BrokenChainError, Place, fill, place_after
from u8sync.audit.reading import base_of, first_fault
from u8sync.audit.segments import Segment, segment_name, segments_of, unreadable
from u8sync.errors import InputError
from u8sync.ports import Progress
from u8sync.text import msg

__all__ = ["open_index"]

FORMAT: Final = 2
"""Another number means other tables: such an index is made again."""

_WAIT_S: Final = 20.0
"""So long one reader waits for another that brings the index up to date."""


def open_index(
    folder: Path, progress: Progress, *, archive: Path | None = None, fresh: bool = False, wait_s: float = _WAIT_S
) -> Index:
    """The index of a log, up to date.

    Args:
        folder: The log.
        progress: Hears of the bytes that were read.
        archive: Where older segments were moved to; null: those are not looked at.
        fresh: Make a temporary one from the whole log, whatever is there.
        wait_s: How long to wait for another reader before a temporary one is made.

    Raises:
        AuditError: The log cannot be read, or is visibly not whole.
        InputError: There is no room for an index anywhere.
    """
    opening = _Opening(folder, archive, progress, wait_s)
    progress.start(msg("Reading the audit log"), opening.size())
    try:
        return opening.open(fresh=fresh)
    except BrokenChainError as error:
        raise first_fault(folder, error.fault) from None
    except sqlite3.Error as error:
        raise InputError(
            msg("The index of the audit log cannot be made: {why}", why=str(error)),
            hint=msg(
                "It needs about an eighth of the log's size, beside the log or in the folder for temporary files."
            ),
        ) from None
    finally:
        progress.finish()


class _Opening:
    """One opening: the ways to an index, the best first."""

    def __init__(self, folder: Path, archive: Path | None, progress: Progress, wait_s: float) -> None:
        self._folder = folder
        self._archive = archive
        self._file = folder / INDEX
        self._progress = progress
        self._wait_s = wait_s
        self._segments: list[Segment] = []
        self._base = Base()
        self._look()

    def _look(self) -> None:
        """See which segments there are; a writer beside us may have begun another since."""
        self._segments = segments_of(self._folder, self._archive)
        self._base = base_of(self._folder, self._segments)
        for number, segment in enumerate(self._segments, self._base.segments + 1):
            if segment.number != number:
                raise first_fault(
                    self._folder,
                    Fault(
                        segment.name,
                        0,
                        None,
                        msg(
                            "The audit log {folder} lacks {name}",
                            folder=str(self._folder),
                            name=segment_name(number),
                        ),
                    ),
                )

    def size(self) -> int:
        """Bytes of all segments."""
        return sum(map(_size, self._segments))

    def open(self, *, fresh: bool) -> Index:
        """Go the ways."""
        if fresh:
            return self._private(copy=False)
        for _ in range(2):
            try:
                connection = self._kept()
            except OSError:
                break  # it may not be made here
            except sqlite3.OperationalError:
                # Another reader keeps it locked, it may not be written, or there is no room.
                return self._private(copy=True)
            except (sqlite3.DatabaseError, KeyError, ValueError):
                connection = None
            if connection is not None:
                return self._index(connection)
            try:
                self._throw_away()
            except OSError:
                break
        return self._private(copy=False)

    def _kept(self) -> sqlite3.Connection | None:
        """The index beside the log, up to date; null when another program's file stands in its place."""
        if self._file.is_symlink() or (self._file.exists() and not self._file.is_file()):
            return None
        if not self._file.exists():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = self._connect(self._file)
        try:
            if self._updated(connection):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None

    def _throw_away(self) -> None:
        """Remove a file that is no index of ours, or a damaged one; nobody else can have any use for it."""
        self._file.unlink(missing_ok=True)
        self._file.with_name(f"{INDEX}-journal").unlink(missing_ok=True)

    def _updated(self, connection: sqlite3.Connection) -> bool:
        """Add what is new in the log, all of it if need be; false when the file is not ours.

        The file is never replaced by another one of that name: whoever has it open would take the journal of the new
        one for that of the old one.
        """
        # Looking takes no lock that others would wait for; most of the time there is nothing to add.
        with _transaction(connection, "BEGIN"):
            place = self._place(connection) if _ours(connection) else None
        if place is not None and self._is_all(place):
            return True
        with _transaction(connection, "BEGIN IMMEDIATE"):
            # Another reader may have been quicker.
            if _ours(connection):
                place = self._place(connection)
                if place is None:
                    _drop(connection)
                else:
                    self._fill(connection, place)
                    return True
            elif not _empty(connection):
                return False
            self._build(connection)
        return True

    def _build(self, connection: sqlite3.Connection) -> None:
        """Make the tables, and fill them from the whole log."""
        for statement in TABLES:
            connection.execute(statement)
        base = self._base
        facts = {"base_count": str(base.count), "base_hash": base.hash, "base_frontier": b"".join(base.frontier).hex()}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
        self._fill(connection, place_after(base))
        for statement in INDEXES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {FORMAT}")

    def _fill(self, connection: sqlite3.Connection, place: Place) -> None:
        end = fill(connection, self._segments, place, self._progress)
        connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [("segment", str(end.segment)), ("offset", str(end.offset))],
        )

    def _place(self, connection: sqlite3.Connection) -> Place | None:
        """Where the reading goes on; null when what was indexed is not the beginning of this log."""
        meta = dict(connection.execute("SELECT name, value FROM meta"))
        last = connection.execute(
            "SELECT seq, segment, offset, length, hash FROM record ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        self._look()  # after the index was read: it may know a segment that was not there before
        base = self._base
        first = int(meta["base_count"])
        if first > base.count or (first == base.count and meta["base_hash"] != base.hash):
            return None
        count, link = (first, meta["base_hash"]) if last is None else (last[0], last[4].hex())
        if count < base.count or (count == base.count and link != base.hash):
            return None
        if count == base.count:
            return place_after(base)
        if base.count > first:
            at_base = connection.execute("SELECT hash FROM record WHERE seq = ?", (base.count,)).fetchone()
            if at_base is None or at_base[0].hex() != base.hash:
                return None
        if not self._stands(*last[1:]):
            return None
        return Place(count, link, int(meta["segment"]), int(meta["offset"]))

    def _stands(self, number: int, offset: int, length: int, leaf: bytes) -> bool:
        """Whether the last indexed record is where it was; its hash is the hash of all before it."""
        segment = next((one for one in self._segments if one.number == number), None)
        if segment is None:
            return False
        try:
            with segment.open() as file:
                file.seek(offset)
                line = file.read(length + 1)
        except OSError as error:
            raise unreadable(segment.path, error) from None
        except (EOFError, ValueError):
            return False
        return line.endswith(b"\n") and hashlib.sha256(b"\0" + line[:-1]).digest() == leaf

    def _is_all(self, place: Place) -> bool:
        last = self._segments[-1]
        return last.number == place.segment and last.path.suffix != ".gz" and _size(last) == place.offset

    def _private(self, *, copy: bool) -> Index:
        """One in the folder for temporary files, which goes when it is closed."""
        try:
            descriptor, name = tempfile.mkstemp(".sqlite", "u8sync-index-")
        except OSError as error:
            raise sqlite3.OperationalError(error.strerror) from None
        os.close(descriptor)
        file = Path(name)
        try:
            if not (copy and self._copied(file)):
                with contextlib.closing(self._connect(file)) as connection:
                    # Nobody else has it, and nobody will miss it.
                    connection.execute("PRAGMA journal_mode = OFF")
                    connection.execute("PRAGMA synchronous = OFF")
                    with _transaction(connection, "BEGIN"):
                        self._build(connection)
            return self._index(self._connect(file), private=file)
        except BaseException:
            file.unlink(missing_ok=True)
            raise

    def _copied(self, file: Path) -> bool:
        """Whether a copy of the index that is there could be made and brought up to date."""
        try:
            with (
                contextlib.closing(self._connect(self._file)) as kept,
                contextlib.closing(self._connect(file)) as copy,
            ):
                kept.backup(copy)
                usable = self._updated(copy)
        except (sqlite3.DatabaseError, KeyError, ValueError):
            usable = False
        if not usable:
            file.write_bytes(b"")
        return usable

    def _connect(self, file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file, timeout=self._wait_s, isolation_level=None)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")  # somebody else may have made the file
            connection.execute("PRAGMA cache_size = -65536")
        except BaseException:
            connection.close()
            raise
        return connection

    def _index(self, connection: sqlite3.Connection, *, private: Path | None = None) -> Index:
        try:
            return Index(self._folder, self._archive, self._base.count + 1, connection, private)
        except BaseException:
            connection.close()
            raise


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _size(segment: Segment) -> int:
    try:
        return segment.path.stat().st_size
    except OSError as error:
        raise unreadable(segment.path, error) from None


def _ours(connection: sqlite3.Connection) -> bool:
    """Whether the tables are exactly those of this format, and no trigger or view is among them."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    return version == FORMAT and found == {*TABLES, *INDEXES}


def _empty(connection: sqlite3.Connection) -> bool:
    """Whether nobody has made anything of the file yet."""
    return connection.execute("SELECT * FROM sqlite_master LIMIT 1").fetchone() is None


def _drop(connection: sqlite3.Connection) -> None:
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f"DROP TABLE {table}")
