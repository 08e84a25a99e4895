"""The embedded account set behind the server: connections, one for each thread, and the lock for writing.

No table is read here. Nothing of SQLAlchemy is loaded either: a server that a consultant starts is there at once.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from u8sync.errors import InputError
from u8sync.sandbox.openapi.refusals import Code, RefusalError
from u8sync.text import msg

__all__ = ["Book"]

NEEDED: Final = frozenset({"Customer", "CustomerClass", "SO_SOMain", "SaleBillVouch", "rdrecord32"})
BUSY_S: Final = 5.0


class Book:
    """A SQLite file with the tables of U8.

    Args:
        file: Where it is.

    Raises:
        InputError: There is no such file, or it is no embedded account set.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._mine = threading.local()
        self._writer = threading.Lock()
        try:
            with closing(self._connect()) as connection:
                found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.Error as error:
            found = set()
            reason = str(error)
        else:
            reason = ", ".join(sorted(NEEDED - found))
        if not found >= NEEDED:
            raise InputError(
                msg("{file} is no embedded account set: {reason}", file=str(file), reason=reason),
                hint=msg("Make one with: u8sync sandbox create FILE"),
            )

    @property
    def reading(self) -> sqlite3.Connection:
        """The connection of this thread; made when first needed."""
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._connect()
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that writes; undone when the block raises.

        Raises:
            RefusalError: Another program holds the file.
        """
        connection = self.reading
        with self._writer:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise RefusalError(Code.BUSY, "数据库忙，请稍后再试") from error
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def leave(self) -> None:
        """Close the connection of this thread; the thread is about to end."""
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a wrong name must not make a new, empty file.
        uri = f"{self._file.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_S)
        connection.row_factory = sqlite3.Row
        return connection
