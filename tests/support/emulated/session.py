"""A logged-in connection: it runs batches, keeps the transaction and its locks, and ends as SQL Server's do."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tds.seam import Done, EnvChange, Info, Login, Parameter, Reply

from emulated.admin import administer
from emulated.answers import ANSWERS
from emulated.applocks import ApplicationLocks
from emulated.batch import (
    Admin,
    Declare,
    Execute,
    ExecuteText,
    If,
    Print,
    Query,
    Return,
    SetOption,
    SetVariable,
    Statement,
    Transaction,
    Use,
    parse_batch,
)  # fmt: skip
from emulated.catalogue import COUNTER, Database, quoted
from emulated.conversion import convert
from emulated.errors import NotModelledError, SqlError, TriggerError, no_access
from emulated.execution import Execution
from emulated.frame import Frame
from emulated.options import Options
from emulated.procedures import PROCEDURES
from emulated.rights import Account
from emulated.sqltypes import INT, NULL, TEXT, SqlType, instant_text, parse_type, stored
from emulated.store import Store

if TYPE_CHECKING:
    from emulated.server import EmulatedServer

__all__ = ["CancelledError", "EmulatedSession"]

_MOST_PARAMETERS: Final = 2100
_PATIENCE_S: Final = 0.02
_ALWAYS_ROLLED_BACK: Final = frozenset({241, 245, 1205})
_NEVER_ROLLED_BACK: Final = 15
"""The severity of mistakes of syntax: nothing has run."""


class CancelledError(SqlError):
    """The client gave up; it waits for no answer."""

    def __init__(self) -> None:
        super().__init__(3617, "The operation was cancelled by the client.", severity=11)


class _EndOfBatch(Exception):  # noqa: N818 - it is a way out, no error
    """RETURN."""


class EmulatedSession:
    """One connection to an :class:`~emulated.server.EmulatedServer`; see :class:`tds.seam.Session`."""

    def __init__(
        self, server: EmulatedServer, store: Store, *, spid: int, login: Login, account: Account, database: Database
    ) -> None:
        self.server = server
        self.spid = spid
        self.login = login
        self.account = account
        self.database = database
        self.since = datetime.now(tz=UTC)
        self.options = Options()
        self.rowcount = 0
        self.last_error = 0
        self.last_identity: int | None = None
        self.application_locks = ApplicationLocks(server.locks, self)
        self._store = store
        store.answer = self._answer
        self._execution = Execution(self, store)
        self.step = threading.RLock()
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
        with self.step:
            self._execution.transaction.begin()

    def commit(self) -> None:
        """Commit. Raises SqlError 3902 when there is nothing to commit."""
        with self.step:
            self._execution.transaction.commit()

    def rollback(self) -> None:
        """Roll everything back. Raises SqlError 3903 when there is nothing."""
        with self.step:
            if not self.trancount:
                raise SqlError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
            self._end_transaction(commit=False)

    def cancel(self) -> None:
        """Give up what runs or waits; with XACT_ABORT the transaction is rolled back."""
        self._cancelled = True
        with self._stopped():
            self._cancelled = False
            self._execution.close_cursor()
            if self.options.xact_abort and self.trancount:
                self._end_transaction(commit=False)

    def kill(self) -> None:
        """End the session as KILL does: what it did is rolled back, and its next words are answered by error 596."""
        self._killed = True
        with self._stopped():
            self._end_transaction(commit=False)
            self.application_locks.end_session()

    def close(self) -> None:
        """End the session; once is enough."""
        self._killed = True
        with self._stopped():
            if self._closed:
                return
            self._closed = True
            self._end_transaction(commit=False)
            self.application_locks.end_session()
            self._store.answer = None
        self.server.forget(self, self._store)

    # --- what others ask ----------------------------------------------------------------------------------------------

    def interruption(self) -> SqlError | None:
        """Why the session must stop now, if it must."""
        if self._killed:
            return SqlError(596, "Cannot continue the execution because the session is in the kill state.", severity=21)
        return CancelledError() if self._cancelled else None

    @property
    def trancount(self) -> int:
        """How many transactions are open, one inside the other."""
        return self._execution.transaction.count

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
        if self.server.rights.user(self.account, database.name) is None:
            raise no_access(self.account.name, database.name)
        self.database = database
        yield EnvChange("database", database.name)

    def value_of(self, expression: str, frame: Frame) -> Any:
        """The stored value of an expression, and of which type it is."""
        compiled = self.server.compiled("expression", expression, self.database, frame.key())
        ((value,),) = self._execution.rows(compiled, frame)
        return value, compiled.outputs[0].type

    # --- batches ------------------------------------------------------------------------------------------------------

    def _guarded(self, make: Callable[[], Iterator[Reply]]) -> Iterator[Reply]:
        """Each step of a batch runs alone, so that cancel, kill and close find the session between two of them."""
        replies = make()
        while True:
            with self.step:
                try:
                    reply = next(replies)
                except StopIteration:
                    return
            yield reply

    def _batch(self, sql: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        self.check_alive()
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
        self.check_alive()
        name = procedure.rpartition(".")[2].strip("[]").lower()
        if name not in PROCEDURES:
            raise _no_procedure(procedure)
        given = [(parameter.name.lstrip("@").lower(), parameter.value) for parameter in parameters]
        yield from self._reported(PROCEDURES[name](self, given, Frame()))

    def check_alive(self) -> None:
        """Raise SqlError 596 when the session was ended."""
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
        if isinstance(error, NotModelledError):
            self.server.refused.append(error.message)
        self._execution.close_cursor()
        doomed = isinstance(error, TriggerError) or error.number in _ALWAYS_ROLLED_BACK or error.severity >= 20
        if self.trancount and not (doomed or (self.options.xact_abort and error.severity != _NEVER_ROLLED_BACK)):
            return False
        ended = self.trancount > 0
        self._end_transaction(commit=False)
        return ended

    def run_text(self, sql: str, frame: Frame) -> Iterator[Reply]:
        """The statements of a text, in a frame that may have variables already."""
        yield from self._statements(parse_batch(sql, self.server.version_number), frame)

    def _statements(self, statements: Sequence[Statement], frame: Frame) -> Iterator[Reply]:
        for statement in statements:
            yield from self._statement(statement, frame)
            self.last_error = 0

    def _statement(self, statement: Statement, frame: Frame) -> Iterator[Reply]:  # noqa: PLR0912 - one each
        match statement:
            case Query(text):
                yield from self._query(text, frame)
            case If(condition, then, otherwise):
                compiled = self.server.compiled("condition", condition, self.database, frame.key())
                ((held,),) = self._execution.rows(compiled, frame)
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
                yield from self._change_transaction(kind, name, frame)
            case Use(name):
                yield from self.use(name)
            case Execute():
                yield from self._execute_procedure(statement, frame)
            case ExecuteText(expression):
                text, _ = self.value_of(expression, frame)
                yield from self.run_text(text, Frame())
            case Admin(text):
                yield from administer(self, text)
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
            self._execution.transaction.begin()
            yield EnvChange("begin")
        if compiled.target is not None:
            yield from self._execution.write(compiled, frame)
        elif compiled.assigned:
            for row in self._execution.rows(compiled, frame):
                for name, output, value in zip(compiled.assigned, compiled.outputs, row, strict=True):
                    self.assign_value(f"@{name}", value, output.type, frame)
        else:
            yield self._execution.result(compiled, frame)

    def _answer(self, name: str, *arguments: Any) -> Any:
        return ANSWERS[name](self, *arguments)

    # --- transactions -------------------------------------------------------------------------------------------------

    def _change_transaction(self, kind: str, name: str | None, frame: Frame) -> Iterator[Reply]:
        if name is not None and name.startswith("@"):
            name = str(frame.values[name[1:].lower()])
        before = self.trancount
        if kind == "begin":
            self._execution.transaction.begin()
        elif kind == "commit":
            self._execution.transaction.commit()
        elif kind == "save":
            self._execution.transaction.save(str(name))
        elif name is not None and self._execution.transaction.has_savepoint(name):
            self._execution.close_cursor()
            self._execution.transaction.roll_back_to(name)
        else:
            self.rollback()
        if (before == 0) != (self.trancount == 0):
            yield EnvChange(kind)  # type: ignore[arg-type]
        yield Done(None)

    def _end_transaction(self, *, commit: bool) -> None:
        self._execution.close_cursor()
        self._execution.transaction.end(commit=commit)

    def write_directly(self, database: Database, *statements: str) -> None:
        """Run SQLite statements as part of the transaction: for the administrator's statements."""
        self._execution.write_directly(database, statements)

    def commit_statement(self) -> None:
        """What a statement did outside a transaction holds now."""
        if not self.trancount:
            self._end_transaction(commit=True)

    # --- stopping -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        """Between two steps; the one that runs is told to end."""
        self.server.locks.wake()
        while not self.step.acquire(timeout=_PATIENCE_S):
            # SQLite forgets an interruption that comes before its statement has begun.
            self._store.interrupt()
        try:
            yield
        finally:
            self.step.release()


def _literal(expression: str) -> str:
    """An argument of EXEC: a bare word there is text."""
    bare = re.fullmatch(r"[^\W\d]\w*", expression) and expression.upper() != "NULL"
    return f"N'{expression}'" if bare else expression


def _no_procedure(name: str) -> SqlError:
    return SqlError(2812, f"Could not find stored procedure '{name}'.", state=62)
