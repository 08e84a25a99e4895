"""One connection to SQLite with all databases attached, taught what SQL Server knows, and its errors retold."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulated.catalogue import Database, quoted
from emulated.collation import register
from emulated.errors import NotModelledError, SqlError, TriggerError
from emulated.functions import teach
from emulated.locks import lock_timeout

__all__ = ["Note", "Store", "open_database"]

Note = tuple[str, str, Any, str, Any, Any]
"""A change to a value: database, table, key, column (or INSERT, DELETE), old and new stored value."""


def open_database(file: str, databases: Sequence[Database], note: Callable[..., None]) -> sqlite3.Connection:
    """A connection that can work on the databases' tables.

    Args:
        file: What to open.
        databases: Whose collations it shall know.
        note: Is told of each change.
    """
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, cached_statements=256)
    for collation in {database.collation for database in databases}:
        register(connection, collation)
    connection.create_function("u8_note", 6, note)
    return connection


class Store:
    """SQLite for one session at a time.

    Attributes:
        databases: Those it has attached.
        notes: The changes made since the transaction began.
        answer: What ``u8_ask`` asks.
    """

    def __init__(self, databases: tuple[Database, ...], version: tuple[int, ...]) -> None:
        self.databases = databases
        self.notes: list[Note] = []
        self.answer: Callable[..., Any] | None = None
        self._error: SqlError | None = None
        self._connection = open_database(":memory:", databases, self._note)
        self._connection.execute("PRAGMA temp_store = MEMORY")
        teach(self._connection, collation=databases[0].collation, version=version, fail=self._fail)
        self._connection.create_function("u8_ask", -1, self._ask)
        self._connection.create_function("u8_raise", 2, self._raise)
        for database in databases:
            if database.file is not None:
                self._connection.execute(f"ATTACH ? AS {quoted(database.name)}", [str(database.file)])
                self._connection.execute(f"PRAGMA {quoted(database.name)}.synchronous = OFF")

    def run(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> sqlite3.Cursor:
        """Execute one statement. Raises SqlError."""
        self._error = None
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._told(error) from None

    def fetch(self, cursor: sqlite3.Cursor, count: int) -> list[Any]:
        """The next rows of a result. Raises SqlError."""
        try:
            return cursor.fetchmany(count)
        except sqlite3.Error as error:
            raise self._told(error) from None

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute one statement for many rows."""
        self._connection.executemany(sql, rows)

    @property
    def in_transaction(self) -> bool:
        """Whether SQLite has a transaction open."""
        return self._connection.in_transaction

    def interrupt(self) -> None:
        """Stop what runs, from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def _fail(self, error: SqlError) -> None:
        self._error = error

    def _note(self, *note: Any) -> None:
        self.notes.append(note)

    def _ask(self, *arguments: Any) -> Any:
        try:
            return self.answer(*arguments) if self.answer else None
        except SqlError as error:
            self._error = error
            raise

    def _raise(self, number: int, message: str) -> None:
        self._error = TriggerError(number, message)
        raise self._error

    def _told(self, error: sqlite3.Error) -> SqlError:
        """The server's error for SQLite's."""
        if self._error is not None:
            return self._error
        said = str(error)
        found = re.match(r"(UNIQUE|NOT NULL) constraint failed: (.*)", said)
        if found and found[1] == "NOT NULL":
            table, _, column = found[2].rpartition(".")
            return SqlError(
                515,
                f"Cannot insert the value NULL into column '{column}', table '{table}'; column does not allow nulls.",
                state=2,
            )
        if found:
            return _duplicate(found[2], primary=error.sqlite_errorname == "SQLITE_CONSTRAINT_PRIMARYKEY")
        if "is locked" in said:
            return lock_timeout()
        if said == "integer overflow":
            return SqlError(8115, "Arithmetic overflow error converting expression to data type numeric.", state=2)
        return NotModelledError(f"this statement ({said})")


def _duplicate(columns: str, *, primary: bool) -> SqlError:
    """SQLite names the columns, as ``table.column, table.column``."""
    names = [name.rpartition(".") for name in columns.split(", ")]
    table = names[0][0]
    if primary:
        return SqlError(
            2627,
            f"Violation of PRIMARY KEY constraint 'PK_{table}'. Cannot insert duplicate key in object 'dbo.{table}'.",
            severity=14,
        )
    index = "_".join(("UQ", table, *(name for _, _, name in names)))
    return SqlError(
        2601,
        f"Cannot insert duplicate key row in object 'dbo.{table}' with unique index '{index}'.",
        severity=14,
    )
