"""Running what was compiled: rights first, then locks, then SQLite, and its rows as the client knows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tds.seam import Done, Reply, Result

from emulated.answers import system_value
from emulated.catalogue import Database, quoted
from emulated.errors import NotModelledError, SqlError, TriggerError
from emulated.frame import Frame
from emulated.sqltypes import TEXT, reader, result_column
from emulated.statements import Compiled
from emulated.store import Store
from emulated.transactions import Transactions
from emulated.views import VIEWS

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["Execution"]

_AT_ONCE: Final = 500
_ALL: Final = 2**31 - 1

_Readers = Sequence[Callable[[Any], Any] | None]


class Execution:
    """Runs the compiled statements of one session."""

    def __init__(self, session: EmulatedSession, store: Store) -> None:
        self.transaction = Transactions(session, store, forget_views=self._forget_views)
        self._session = session
        self._store = store
        self._cursor: sqlite3.Cursor | None = None
        self._filled: dict[tuple[str, str], object] = {}
        self._permitted: dict[int, Compiled] = {}
        self._permitted_at = -1

    def result(self, compiled: Compiled, frame: Frame) -> Result:
        """What a query answers; rows come as they are asked for."""
        columns = [result_column(output.name, output.type) for output in compiled.outputs]
        self._permit(compiled)
        if self._session.options.format_only:
            return Result(columns, [])
        cursor = self._read(compiled, frame)
        # What may fail on the way fails before the first row is told.
        first = self._store.fetch(cursor, _ALL if "u8_" in compiled.sql else _AT_ONCE)
        self._cursor = cursor
        return Result(columns, self._streamed(cursor, first, _readers(compiled)))

    def rows(self, compiled: Compiled, frame: Frame) -> list[Any]:
        """All rows of a query, in stored form: for what the session itself wants to know."""
        self._permit(compiled)
        return self._store.fetch(self._read(compiled, frame), _ALL)

    def write(self, compiled: Compiled, frame: Frame) -> Iterator[Reply]:
        """INSERT, UPDATE, DELETE."""
        session = self._session
        database, table = compiled.written_to()
        self._permit(compiled)
        self._fill(compiled)
        if database.read_only:
            raise SqlError(3906, f'Failed to update database "{database.name}" because the database is read-only.')
        triggers = database.triggers_of(table, compiled.kind)
        if any(trigger.instead_of for trigger in triggers):
            raise NotModelledError("what an INSTEAD OF trigger does")
        for name in sorted({database.name, *compiled.update_locks}):
            self.transaction.write_to(name, self._patience(compiled))
        noted = len(self._store.notes)
        try:
            cursor = self._store.run(compiled.sql, self._values(compiled, frame))
            rows = self._store.fetch(cursor, _ALL) if compiled.outputs else []
        except SqlError:
            del self._store.notes[noted:]
            raise
        count = len(rows) if compiled.outputs else cursor.rowcount
        if count > 1 and any(trigger.single_row for trigger in triggers):
            raise TriggerError(
                512,
                "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >,"
                " >= or when the subquery is used as an expression.",
            )
        if compiled.kind == "INSERT":
            session.last_identity = cursor.lastrowid if compiled.generates_key else None
        session.rowcount = count
        session.commit_statement()
        told = [number for trigger in triggers for number in trigger.counts]
        yield from (Done(None if session.options.no_count else number) for number in told)
        if compiled.outputs:
            columns = [result_column(output.name, output.type) for output in compiled.outputs]
            yield Result(columns, list(_as_client(rows, _readers(compiled))))
        yield Done(None if session.options.no_count else count)

    def write_directly(self, database: Database, statements: Sequence[str]) -> None:
        """Run SQLite statements as part of the transaction: for the administrator's statements."""
        if database.file is not None:
            self.transaction.write_to(database.name, self._session.options.lock_timeout_ms)
        for statement in statements:
            self._store.run(statement)

    def close_cursor(self) -> None:
        """Give up the result that is still being read."""
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None

    # --- inside -------------------------------------------------------------------------------------------------------

    def _streamed(self, cursor: sqlite3.Cursor, rows: list[Any], readers: _Readers) -> Iterator[Sequence[Any]]:
        count = 0
        while rows:
            count += len(rows)
            yield from _as_client(rows, readers)
            with self._session.step:
                if self._cursor is not cursor:
                    self._session.check_alive()
                    return
                rows = self._store.fetch(cursor, _AT_ONCE)
        self.close_cursor()
        self._session.rowcount = count

    def _patience(self, compiled: Compiled) -> int:
        return 0 if compiled.no_wait else self._session.options.lock_timeout_ms

    def _read(self, compiled: Compiled, frame: Frame) -> sqlite3.Cursor:
        self._fill(compiled)
        locks, timeout = self._session.server.locks, self._patience(compiled)
        taken = []
        try:
            for name in sorted(compiled.update_locks):
                if self.transaction.count:
                    self.transaction.write_to(name, timeout)
                else:
                    locks.take(("database", name), self._session, timeout_ms=timeout)
                    taken.append(name)
            for name in sorted(compiled.shared_locks):
                locks.take(("database", name), self._session, timeout_ms=timeout, exclusive=False)
                taken.append(name)
            # The first row is looked for here: from then on SQLite shows one state, whatever others write.
            return self._store.run(compiled.sql, self._values(compiled, frame))
        finally:
            for name in taken:
                locks.give_back(("database", name), self._session)

    def _values(self, compiled: Compiled, frame: Frame) -> Mapping[str, Any]:
        if not compiled.system:
            return frame.values
        return frame.values | {f"sys__{name}": system_value(self._session, name) for name in compiled.system}

    def _permit(self, compiled: Compiled) -> None:
        """Raise SqlError 916, 229 or 230 unless the login may do this."""
        session = self._session
        if session.account.is_sysadmin:
            return
        if self._permitted_at != session.server.generation:
            self._permitted.clear()
            self._permitted_at = session.server.generation
        if id(compiled) not in self._permitted:
            session.server.rights.check(session.account, compiled.databases, compiled.needs)
            self._permitted[id(compiled)] = compiled

    # --- system views -------------------------------------------------------------------------------------------------

    def _forget_views(self) -> None:
        self._filled.clear()

    def _fill(self, compiled: Compiled) -> None:
        """Make the system views that the statement reads, as this login sees them."""
        server = self._session.server
        for database_name, key in compiled.views:
            state = object() if VIEWS[key].live else server.generation
            if self._filled.get((database_name, key)) == state:
                continue
            database = server.database(database_name)
            if database is None:
                raise NotModelledError(f"a database {database_name} that is gone")
            self._make_view(database, key)
            self._filled[database_name, key] = state

    def _make_view(self, database: Database, key: str) -> None:
        name = f"temp.{quoted(f'{key}@{database.name}')}"
        collated = f" TEXT COLLATE {quoted(database.collation)}"
        columns = ", ".join(
            f"{quoted(column)}{collated if type_.name in TEXT else ''}" for column, type_ in VIEWS[key].columns
        )
        rows = list(VIEWS[key].fill(self._session, database))
        self._store.run(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        self._store.run(f"DELETE FROM {name}")
        if rows:
            self._store.many(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _readers(compiled: Compiled) -> _Readers:
    return [reader(output.type) for output in compiled.outputs]


def _as_client(rows: Sequence[Sequence[Any]], readers: _Readers) -> Iterator[Sequence[Any]]:
    """Rows in stored form as the client gets them."""
    if not any(readers):
        yield from rows
        return
    for row in rows:
        yield [
            value if read is None or value is None else read(value) for read, value in zip(readers, row, strict=True)
        ]
