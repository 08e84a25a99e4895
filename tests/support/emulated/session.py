"""A logged-in connection: it runs batches, keeps the transaction and its locks, and ends as SQL Server's do."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tds.seam import Done, EnvChange, Info, Login, Parameter, Reply, Result

from emulated.admin import administer
from emulated.answers import ANSWERS
from emulated.applocks import ApplicationLocks
from emulated.batch import (
    Admin, Declare, Execute, ExecuteText, If, Print, Query, Return, SetOption, SetVariable, Statement, Transaction, Use,
    parse_batch,
)  # fmt: skip
from emulated.catalogue import COUNTER, Database, quoted
from emulated.conversion import convert
from emulated.errors import NotModelled, SqlError, TriggerError
from emulated.options import Options
from emulated.procedures import PROCEDURES
from emulated.rights import Account
from emulated.scope import Output
from emulated.sqltypes import INT, NULL, TEXT, SqlType, instant_text, parse_type, reader, result_column, stored
from emulated.statements import Compiled
from emulated.store import Store
from emulated.views import VIEWS

if TYPE_CHECKING:
    from emulated.server import EmulatedServer

__all__ = ["Cancelled", "EmulatedSession", "Frame"]

_MOST_PARAMETERS: Final = 2100
_FETCHED_AT_ONCE: Final = 500
_ALWAYS_ROLLED_BACK: Final = frozenset({241, 245, 1205})
_NEVER_ROLLED_BACK: Final = 15
"""The severity of mistakes of syntax: nothing has run."""


class Cancelled(SqlError):
    """The client gave up; it waits for no answer."""

    def __init__(self) -> None:
        super().__init__(3617, "The operation was cancelled by the client.", severity=11)


class _EndOfBatch(Exception):  # noqa: N818 - it is a way out, no error
    """RETURN."""


@dataclass
class Frame:
    """The parameters and variables of one batch, by name in lower case without ``@``; values in stored form."""

    types: dict[str, SqlType] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    shape: tuple[tuple[str, SqlType], ...] | None = None

    def declare(self, name: str, type_: SqlType, value: Any) -> None:
        """Add a variable, or change one."""
        self.types[name] = type_
        self.values[name] = value
        self.shape = None

    def key(self) -> tuple[tuple[str, SqlType], ...]:
        """What a compiled statement depends on."""
        if self.shape is None:
            self.shape = tuple(self.types.items())
        return self.shape


class EmulatedSession:
    """One connection to an :class:`~emulated.server.EmulatedServer`; see :class:`tds.seam.Session`."""

    def __init__(
        self, server: EmulatedServer, spid: int, login: Login, account: Account, database: Database, store: Store
    ) -> None:
        self.server = server
        self.spid = spid
        self.login = login
        self.account = account
        self.database = database
        self.since = datetime.now(tz=UTC)
        self.options = Options()
        self.trancount = 0
        self.rowcount = 0
        self.last_error = 0
        self.last_identity: int | None = None
        self.application_locks = ApplicationLocks(server.locks, self)
        self._store = store
        store.answer = self._answer
        self._held: set[str] = set()
        self._savepoints: list[tuple[str, int]] = []
        self._filled: dict[tuple[str, str], object] = {}
        self._permitted: dict[int, Compiled] = {}
        self._permitted_at = -1
        self._cursor: sqlite3.Cursor | None = None
        self._step = threading.RLock()
        self._cancelled = False
        self._killed = False
        self._closed = False

    # --- the protocol -------------------------------------------------------------------------------------------------

    def execute(self, sql: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        """Run a batch; replies come as they are made."""
        return self._guarded(lambda: self._batch(sql, parameters))

    def call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        """Run a stored procedure by its name."""
        return self._guarded(lambda: self._call(procedure, parameters))

    def begin(self) -> None:
        """Begin a transaction, or one inside another, which only counts."""
        with self._step:
            self.trancount += 1

    def commit(self) -> None:
        """Commit. Raises SqlError 3902 when there is nothing to commit."""
        with self._step:
            if not self.trancount:
                raise SqlError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
            self.trancount -= 1
            if not self.trancount:
                self._end_transaction(commit=True)

    def rollback(self) -> None:
        """Roll everything back. Raises SqlError 3903 when there is nothing."""
        with self._step:
            if not self.trancount:
                raise SqlError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
            self._roll_back()

    def cancel(self) -> None:
        """Give up what runs or waits; with XACT_ABORT the transaction is rolled back."""
        self._cancelled = True
        self._stop()
        with self._step:
            self._cancelled = False
            self._close_cursor()
            if self.options.xact_abort and self.trancount:
                self._roll_back()

    def kill(self) -> None:
        """End the session as KILL does: what it did is rolled back, and its next words are answered by error 596."""
        self._killed = True
        self._stop()
        with self._step:
            self._close_cursor()
            self._roll_back()
            self.application_locks.end_session()

    def close(self) -> None:
        """End the session; once is enough."""
        self._killed = True
        self._stop()
        with self._step:
            if self._closed:
                return
            self._closed = True
            self._close_cursor()
            self._roll_back()
            self.application_locks.end_session()
            self._store.answer = None
        self.server.forget(self, self._store)

    # --- what others ask ----------------------------------------------------------------------------------------------

    def interruption(self) -> SqlError | None:
        """Why the session must stop now, if it must."""
        if self._killed:
            return SqlError(596, "Cannot continue the execution because the session is in the kill state.", severity=21)
        return Cancelled() if self._cancelled else None

    @property
    def deadlock_priority(self) -> int:
        """The lower, the sooner it is the victim."""
        return self.options.deadlock_priority

    @property
    def lock_timeout_ms(self) -> int:
        """How long it waits for a lock; -1 for ever."""
        return self.options.lock_timeout_ms

    @property
    def user(self) -> str:
        """Its user in the current database, in lower case."""
        return self.server.rights.user(self.account, self.database.name) or "guest"

    @property
    def user_shown(self) -> str:
        """Its user as it was named."""
        return self.server.rights.principals(self.database.name).shown.get(self.user, self.user)

    def stored_time(self, moment: datetime) -> str:
        """An instant as the server's clock shows it, in stored form."""
        return instant_text(moment.astimezone(self.server.time_zone), "datetime")

    def row_version(self) -> int:
        """The latest row version of the current database."""
        if self.database.file is None:
            return 0
        rows = self._store.run(f"SELECT value FROM {quoted(self.database.name)}.{COUNTER}").fetchone()
        return int(rows[0])

    def use(self, name: str) -> Iterator[Reply]:
        """Go to another database."""
        database = self.server.database(name)
        if database is None:
            raise SqlError(
                911, f"Database '{name}' does not exist. Make sure that the name is entered correctly.", severity=16
            )
        self._enter(database)
        self.database = database
        yield EnvChange("database", database.name)

    def value_of(self, expression: str, frame: Frame) -> Any:
        """The stored value of an expression, and of which type it is."""
        compiled = self.server.compiled("expression", expression, self.database, frame.key())
        ((value,),) = self._rows_of(compiled, frame)
        return value, compiled.outputs[0].type

    # --- batches ------------------------------------------------------------------------------------------------------

    def _guarded(self, make: Callable[[], Iterator[Reply]]) -> Iterator[Reply]:
        """Each step of a batch runs alone, so that cancel, kill and close find the session between two of them."""
        replies = make()
        while True:
            with self._step:
                try:
                    reply = next(replies)
                except StopIteration:
                    return
            yield reply

    def _batch(self, sql: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        self._check_alive()
        if len(parameters) > _MOST_PARAMETERS:
            raise SqlError(
                8003,
                "The incoming request has too many parameters. The server supports a maximum of 2100 parameters. Reduce"
                " the number of parameters and resend the request.",
            )
        frame = Frame()
        for parameter in parameters:
            type_ = parse_type(parameter.declared)
            name = parameter.name.lstrip("@").lower()
            frame.types[name] = SqlType(type_.name, -1) if type_.name in TEXT else type_
            frame.values[name] = stored(parameter.value, type_)
        yield from self._reported(self.run_text(sql, frame))

    def _call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        self._check_alive()
        name = procedure.rpartition(".")[2].strip("[]").lower()
        if name not in PROCEDURES:
            raise _no_procedure(procedure)
        given = [(parameter.name.lstrip("@").lower(), parameter.value) for parameter in parameters]
        yield from self._reported(PROCEDURES[name](self, given, Frame()))

    def _check_alive(self) -> None:
        if self._killed:
            error = self.interruption()
            if error is not None:
                raise error

    def _reported(self, replies: Iterator[Reply]) -> Iterator[Reply]:
        """The replies; after an error the transaction is rolled back when the error or XACT_ABORT says so."""
        try:
            yield from replies
        except _EndOfBatch:
            pass
        except SqlError as error:
            stopped = self.interruption() or error
            if self._after(stopped):
                yield EnvChange("rollback")
            raise stopped from None

    def _after(self, error: SqlError) -> bool:
        """Whether an error ended the transaction."""
        self.last_error = error.number
        self._close_cursor()
        doomed = isinstance(error, TriggerError) or error.number in _ALWAYS_ROLLED_BACK or error.severity >= 20
        if not self.trancount or not (doomed or (self.options.xact_abort and error.severity != _NEVER_ROLLED_BACK)):
            if not self.trancount:
                self._end_transaction(commit=False)
            return False
        self._roll_back()
        return True

    def run_text(self, sql: str, frame: Frame) -> Iterator[Reply]:
        """The statements of a text, in a frame that may have variables already."""
        yield from self._statements(parse_batch(sql, self.server.version_number), frame)

    def _statements(self, statements: Sequence[Statement], frame: Frame) -> Iterator[Reply]:
        for statement in statements:
            yield from self._statement(statement, frame)
            self.last_error = 0

    def _statement(self, statement: Statement, frame: Frame) -> Iterator[Reply]:
        match statement:
            case Query(text):
                yield from self._query(text, frame)
            case If(condition, then, otherwise):
                compiled = self.server.compiled("condition", condition, self.database, frame.key())
                ((held,),) = self._rows_of(compiled, frame)
                yield from self._statements(then if held else otherwise, frame)
            case Declare(variables):
                for name, written, first in variables:
                    frame.declare(name[1:].lower(), parse_type(written), None)
                    if first is not None:
                        self.assign(name, first, frame)
            case SetVariable(name, expression):
                self.assign(name, expression, frame)
                yield Done(None)
            case SetOption(words):
                self.options.set(words)
                yield Done(None)
            case Transaction(kind, name):
                yield from self._transaction(kind, name, frame)
            case Use(name):
                yield from self.use(name)
            case Execute():
                yield from self._execute_procedure(statement, frame)
            case ExecuteText(expression):
                text, _ = self.value_of(expression, frame)
                yield from self.run_text(text, Frame())
            case Admin(text):
                yield from administer(self, text, frame)
            case Print():
                yield self._print(statement, frame)
            case Return():
                raise _EndOfBatch

    def assign(self, name: str, expression: str, frame: Frame) -> None:
        """Give a variable the value of an expression."""
        value, type_ = self.value_of(expression, frame)
        self.assign_value(name, value, type_, frame)

    def assign_value(self, name: str, value: Any, type_: SqlType, frame: Frame) -> None:
        """Give a variable a stored value of some type."""
        key = name.lstrip("@").lower()
        if key not in frame.types:
            raise SqlError(137, f'Must declare the scalar variable "{name}".', severity=15, state=2)
        target = frame.types[key]
        frame.values[key] = value if type_ in (target, NULL) else convert(value, str(type_), str(target))

    def _print(self, statement: Print, frame: Frame) -> Info:
        values = [self.value_of(expression, frame)[0] for expression in statement.expressions]
        if not statement.raises:
            return Info(0, str(values[0]))
        message, severity = str(values[0]), int(values[1])
        if severity > 10:
            raise SqlError(50000, message, severity=severity)
        return Info(50000, message)

    def _execute_procedure(self, statement: Execute, frame: Frame) -> Iterator[Reply]:
        name = statement.procedure.lower()
        if name not in PROCEDURES:
            raise _no_procedure(statement.procedure)
        given = [
            ((argument.name or "").lstrip("@").lower(), self.value_of(_literal(argument.expression), frame)[0])
            for argument in statement.arguments
        ]
        replies = PROCEDURES[name](self, given, frame)
        returned = yield from replies
        if statement.result is not None:
            self.assign_value(statement.result, returned or 0, INT, frame)

    # --- queries ------------------------------------------------------------------------------------------------------

    def _query(self, text: str, frame: Frame) -> Iterator[Reply]:
        compiled = self.server.compiled("query", text, self.database, frame.key())
        if self.options.implicit_transactions and not self.trancount and (compiled.target or compiled.databases):
            self.trancount = 1
            yield EnvChange("begin")
        if compiled.target is not None:
            yield from self._write(compiled, frame)
        elif compiled.assigned:
            for row in self._rows_of(compiled, frame):
                for name, output, value in zip(compiled.assigned, compiled.outputs, row, strict=True):
                    self.assign_value(f"@{name}", value, output.type, frame)
        else:
            yield self._result(compiled, frame)

    def _rows_of(self, compiled: Compiled, frame: Frame) -> list[Any]:
        """All rows of a query that the session asks for itself."""
        self._permit(compiled)
        cursor = self._run_reading(compiled, frame)
        return self._store.fetch(cursor, 2**31 - 1)

    def _result(self, compiled: Compiled, frame: Frame) -> Result:
        self._permit(compiled)
        columns = [result_column(output.name, output.type) for output in compiled.outputs]
        if self.options.format_only:
            return Result(columns, [])
        cursor = self._run_reading(compiled, frame)
        readers = [reader(output.type) for output in compiled.outputs]
        # What may fail on the way fails before the first row is told.
        first = self._store.fetch(cursor, 2**31 - 1 if "u8_" in compiled.sql else _FETCHED_AT_ONCE)
        self._cursor = cursor
        return Result(columns, self._streamed(cursor, first, readers))

    def _streamed(
        self, cursor: sqlite3.Cursor, rows: list[Any], readers: Sequence[Callable[[Any], Any] | None]
    ) -> Iterator[Sequence[Any]]:
        count = 0
        plain = not any(readers)
        while rows:
            count += len(rows)
            if plain:
                yield from rows
            else:
                for row in rows:
                    yield [
                        value if read is None or value is None else read(value)
                        for read, value in zip(readers, row, strict=True)
                    ]
            with self._step:
                if self._cursor is not cursor:
                    self._check_alive()
                    return
                rows = self._store.fetch(cursor, _FETCHED_AT_ONCE)
        self._close_cursor()
        self.rowcount = count

    def _run_reading(self, compiled: Compiled, frame: Frame) -> sqlite3.Cursor:
        self._fill(compiled)
        waits: list[str] = []
        timeout = 0 if compiled.no_wait else self.lock_timeout_ms
        try:
            for name in sorted(compiled.update_locks):
                if self.trancount:
                    self._begin_writing(name, timeout)
                else:
                    self.server.locks.take(("database", name), self, timeout_ms=timeout)
                    waits.append(name)
            for name in sorted(compiled.shared_locks):
                self.server.locks.take(("database", name), self, timeout_ms=timeout, exclusive=False)
                waits.append(name)
            # The first row is looked for here: from then on SQLite shows one state, whatever others write.
            return self._store.run(compiled.sql, self._values(compiled, frame))
        finally:
            for name in waits:
                self.server.locks.give_back(("database", name), self)

    def _write(self, compiled: Compiled, frame: Frame) -> Iterator[Reply]:
        self._permit(compiled)
        self._fill(compiled)
        database, table = compiled.target  # type: ignore[misc]
        if database.read_only:
            raise SqlError(3906, f'Failed to update database "{database.name}" because the database is read-only.')
        triggers = database.triggers_of(table, compiled.kind)
        if any(trigger.instead_of for trigger in triggers):
            raise NotModelled("what an INSTEAD OF trigger does")
        timeout = 0 if compiled.no_wait else self.lock_timeout_ms
        for name in sorted({database.name, *compiled.update_locks}):
            self._begin_writing(name, timeout)
        noted = len(self._store.notes)
        try:
            cursor = self._store.run(compiled.sql, self._values(compiled, frame))
            rows = self._store.fetch(cursor, 2**31 - 1) if compiled.outputs else []
            count = len(rows) if compiled.outputs else cursor.rowcount
            if count > 1 and any(trigger.single_row for trigger in triggers):
                raise TriggerError(
                    512,
                    "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= ,"
                    " >, >= or when the subquery is used as an expression.",
                )
        except SqlError:
            del self._store.notes[noted:]
            raise
        if compiled.kind == "INSERT":
            self.last_identity = cursor.lastrowid if compiled.generates_key else None
        self.rowcount = count
        for trigger in triggers:
            for told in trigger.counts:
                yield Done(None if self.options.no_count else told)
        if not self.trancount:
            self._end_transaction(commit=True)
        if compiled.outputs:
            yield self._returned(compiled.outputs, rows)
        yield Done(None if self.options.no_count else count)

    def _returned(self, outputs: Sequence[Output], rows: Sequence[Sequence[Any]]) -> Result:
        readers = [reader(output.type) for output in outputs]
        return Result(
            [result_column(output.name, output.type) for output in outputs],
            [
                [
                    value if read is None or value is None else read(value)
                    for read, value in zip(readers, row, strict=True)
                ]
                for row in rows
            ],
        )

    def _permit(self, compiled: Compiled) -> None:
        """Raise SqlError 916, 229 or 230 unless the login may do this."""
        if self.account.is_sysadmin:
            return
        if self._permitted_at != self.server.generation:
            self._permitted.clear()
            self._permitted_at = self.server.generation
        if id(compiled) in self._permitted:
            return
        self.server.check(self.account, compiled)
        self._permitted[id(compiled)] = compiled

    def _enter(self, database: Database) -> None:
        if self.server.rights.user(self.account, database.name) is None:
            raise self.server.no_access(self.account, database.name)

    def _fill(self, compiled: Compiled) -> None:
        """Make the system views that the statement reads, as this login sees them."""
        for database_name, key in compiled.views:
            view = VIEWS[key]
            state = object() if view.live else (self.server.generation, self.account.name)
            if self._filled.get((database_name, key)) == state:
                continue
            database = self.server.database(database_name)
            if database is None:
                raise NotModelled(f"a database {database_name} that is gone")
            self._make_view(database, key)
            self._filled[database_name, key] = state

    def _make_view(self, database: Database, key: str) -> None:
        name = f"temp.{quoted(f'{key}@{database.name}')}"
        columns = ", ".join(
            f"{quoted(column)}{f' TEXT COLLATE {quoted(database.collation)}' if type_.name in TEXT else ''}"
            for column, type_ in VIEWS[key].columns
        )
        rows = list(VIEWS[key].fill(self, database))
        self._store.run(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        self._store.run(f"DELETE FROM {name}")
        if rows:
            self._store.many(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def _values(self, compiled: Compiled, frame: Frame) -> Mapping[str, Any]:
        if not compiled.system:
            return frame.values
        return frame.values | {f"sys__{name}": self._system(name) for name in compiled.system}

    def _system(self, name: str) -> Any:
        """A value that statements read from the session."""
        if name in ("getdate", "current_timestamp"):
            return self.stored_time(self.server.now())
        if name == "getutcdate":
            return instant_text(self.server.now().astimezone(UTC), "datetime")
        if name in ("sysdatetime", "sysutcdatetime"):
            return instant_text(self.server.now().astimezone(UTC if "utc" in name else self.server.time_zone))
        return {
            "rowcount": lambda: self.rowcount,
            "trancount": lambda: self.trancount,
            "error": lambda: self.last_error,
            "spid": lambda: self.spid,
            "lock_timeout": lambda: self.lock_timeout_ms,
            "options": lambda: self.options.bits,
            "datefirst": lambda: 7,
            "microsoftversion": lambda: self.server.version_number[0] << 24,
            "version": lambda: self.server.version_text,
            "servername": lambda: self.server.name,
            "servicename": lambda: self.server.name.partition("\\")[2] or "MSSQLSERVER",
            "language": lambda: self.options.language,
            "dbts": self.row_version,
            "identity": lambda: self.last_identity,
        }[name]()

    def _answer(self, name: str, *arguments: Any) -> Any:
        return ANSWERS[name](self, *arguments)

    # --- transactions -------------------------------------------------------------------------------------------------

    def _transaction(self, kind: str, name: str | None, frame: Frame) -> Iterator[Reply]:
        if name is not None and name.startswith("@"):
            name = str(frame.values[name[1:].lower()])
        if kind == "begin":
            self.begin()
            if self.trancount == 1:
                yield EnvChange("begin")
        elif kind == "commit":
            self.commit()
            if not self.trancount:
                yield EnvChange("commit")
        elif kind == "save":
            self._save(str(name))
        elif name is not None and name.casefold() in (saved for saved, _ in self._savepoints):
            self._roll_back_to(name)
        else:
            self.rollback()
            yield EnvChange("rollback")
        yield Done(None)

    def _save(self, name: str) -> None:
        if not self.trancount:
            raise SqlError(628, "Cannot issue SAVE TRANSACTION when there is no active transaction.")
        self._savepoints.append((name.casefold(), len(self._store.notes)))
        if self._store.in_transaction:
            self._store.run(f"SAVEPOINT {quoted(name.casefold())}")

    def _roll_back_to(self, name: str) -> None:
        key = name.casefold()
        while self._savepoints[-1][0] != key:
            self._savepoints.pop()
        del self._store.notes[self._savepoints[-1][1] :]
        if self._store.in_transaction:
            self._close_cursor()
            self._store.run(f"ROLLBACK TO {quoted(key)}")
            self._filled.clear()

    def _begin_writing(self, database: str, timeout_ms: int) -> None:
        """Hold the database until the end of the transaction, and see it as it is now."""
        if database not in self._held:
            self.server.locks.take(("database", database), self, timeout_ms=timeout_ms)
            self._held.add(database)
        if not self._store.in_transaction:
            self._store.run("BEGIN")
            for name, _ in self._savepoints:
                self._store.run(f"SAVEPOINT {quoted(name)}")
        self._store.run(f"DELETE FROM {quoted(database)}.{COUNTER} WHERE 0")

    def _roll_back(self) -> None:
        self.trancount = 0
        self._end_transaction(commit=False)

    def _end_transaction(self, *, commit: bool) -> None:
        self._close_cursor()
        if self._store.in_transaction:
            self._store.run("COMMIT" if commit else "ROLLBACK")
        if commit:
            self.server.record(self, self._store.notes)
        else:
            self._filled.clear()
        self._store.notes.clear()
        self._savepoints.clear()
        for database in self._held:
            self.server.locks.give_back(("database", database), self)
        self._held.clear()
        self.application_locks.end_transaction()

    def commit_statement(self) -> None:
        """What a statement did outside a transaction holds now."""
        if not self.trancount:
            self._end_transaction(commit=True)

    def write_directly(self, database: Database, *statements: str) -> None:
        """Run SQLite statements as part of the transaction: for the administrator's statements."""
        if database.file is not None:
            self._begin_writing(database.name, self.lock_timeout_ms)
        for statement in statements:
            self._store.run(statement)

    # --- stopping -----------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        if not self._closed:
            self._store.interrupt()
        self.server.locks.wake()

    def _close_cursor(self) -> None:
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None


def _literal(expression: str) -> str:
    """An argument of EXEC: a bare word there is text."""
    bare = re.fullmatch(r"[^\W\d]\w*", expression) and expression.upper() != "NULL"
    return f"N'{expression}'" if bare else expression


def _no_procedure(name: str) -> SqlError:
    return SqlError(2812, f"Could not find stored procedure '{name}'.", state=62)
