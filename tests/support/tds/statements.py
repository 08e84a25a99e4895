"""From a request to what the engine is to do: the procedures that belong to the protocol are unwrapped here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from tds.requests import Call, TransactionRequest, bind
from tds.scan import MalformedError
from tds.seam import Column, EnvChange, Parameter, Reply, Result, Session, SqlError

__all__ = ["Prepared", "Statement", "Statements"]

_COMMIT = re.compile(r"\bCOMMIT\b", re.IGNORECASE)
_COMPILATION_ERRORS = frozenset({102, 105, 137, 156, 195, 207, 208, 209, 4104})
_TYPE_QUESTION = re.compile(r"sp_datatype_info(?:_\d+)? (-?\d+)")
_TYPE_PROCEDURE = re.compile(r"(?:\[?sys\]?\.)?sp_datatype_info(?:_\d+)?")
_TYPES = {12: ("varchar", 8000), -9: ("nvarchar", 4000), -3: ("varbinary", 8000), 93: ("datetime2", 27)}
_TYPE_COLUMNS = (Column("TYPE_NAME", "nvarchar", 128), Column("DATA_TYPE", "smallint"), Column("PRECISION", "int"))


@dataclass(frozen=True)
class Statement:
    """Something to carry out.

    Attributes:
        kind: How it came.
        sql: The statement, or the procedure's name, or what the transaction manager is asked for, as T-SQL.
        parameters: The statement's own.
        run: Carries it out.
        in_procedure: Whether the reply ends with DONEPROC.
        handle: What sp_prepare gives back; null when it is nothing of the kind.
        prepares: Whether it is compiled now and kept.
        executes: False when it only prepares, forgets, begins or rolls back: drivers do so unasked, and a fault that
            counts statements would hit another one with each driver.
    """

    kind: Literal["batch", "rpc", "transaction"]
    sql: str
    parameters: tuple[Parameter, ...]
    run: Callable[[], Iterator[Reply]]
    in_procedure: bool = True
    handle: int | None = None
    prepares: bool = False
    executes: bool = True

    @property
    def phase(self) -> Literal["statement", "commit"]:
        """As :class:`tds.faults.Fault` counts it."""
        return "commit" if _COMMIT.search(self.sql) else "statement"

    def errors(self, failure: SqlError) -> list[SqlError]:
        """The failure, and what it means for a statement that was to be prepared."""
        if self.prepares and failure.number in _COMPILATION_ERRORS:
            return [failure, SqlError(8180, "Statement(s) could not be prepared.")]
        return [failure]


@dataclass(frozen=True)
class Prepared:
    """A prepared statement: its SQL, and its parameters' declarations."""

    sql: str
    declarations: str | None


class Statements:
    """Turns requests into statements; knows what a session has prepared."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._prepared: dict[int, Prepared | str] = {}
        self._last_handle = 0

    def forget(self) -> None:
        """Forget what is prepared: the session was reset."""
        self._prepared.clear()

    def batch(self, sql: str) -> Statement:
        """A batch as it came."""
        if asked := _TYPE_QUESTION.match(sql):
            return replace(self._types(int(asked[1])), in_procedure=False)
        return Statement("batch", sql, (), partial(self._session.execute, sql, ()), in_procedure=False)

    def transaction(self, request: TransactionRequest) -> Statement:
        """A transaction manager request."""
        sql = f"{request.what.upper()} TRANSACTION"
        return Statement(
            "transaction",
            sql,
            (),
            partial(self._transact, request),
            in_procedure=False,
            executes=request.what == "commit",
        )

    def _transact(self, request: TransactionRequest) -> Iterator[Reply]:
        match request.what:
            case "begin":
                self._session.begin()
            case "commit":
                self._session.commit()
            case "rollback":
                self._session.rollback()
        yield EnvChange(request.what)
        if request.begins_next:
            self._session.begin()
            yield EnvChange("begin")

    def call(self, call: Call) -> Statement:
        """A remote procedure call; what cannot be done becomes a statement that fails. Raises MalformedError."""
        try:
            return self._call(call)
        except SqlError as failure:
            return Statement("rpc", call.procedure, (), partial(_fail, failure), executes=False)

    def _call(self, call: Call) -> Statement:  # noqa: PLR0911
        match call.procedure.casefold():
            case "sp_executesql":
                prepared = Prepared(call.value(0), call.value(1) if len(call.arguments) > 1 else None)
                return self._execution(prepared, call, after=2)
            case "sp_prepexec":
                handle, prepared = self._prepare(call)
                return replace(self._execution(prepared, call, after=3), handle=handle, prepares=True)
            case "sp_prepare":
                handle, prepared = self._prepare(call)
                return Statement("rpc", prepared.sql, (), _nothing, handle=handle, executes=False)
            case "sp_prepexecrpc":
                procedure = str(call.value(1))
                called = self._call(Call(procedure, call.arguments[2:]))
                return replace(called, handle=self._keep(procedure))
            case "sp_execute":
                match self._find(call.value(0)):
                    case Prepared() as prepared:
                        return self._execution(prepared, call, after=1)
                    case procedure:
                        return self._call(Call(procedure, call.arguments[1:]))
            case "sp_unprepare":
                self._find(call.value(0))
                del self._prepared[call.value(0)]
                return Statement("rpc", "sp_unprepare", (), _nothing, executes=False)
            case name if _TYPE_PROCEDURE.fullmatch(name):
                return self._types(call.value(0))
            case name if name.startswith(("sp_cursor", "sp_describe_", "procedure number")):
                raise SqlError(2812, f"Could not find stored procedure '{call.procedure}'.")
            case _:
                parameters = tuple(argument.parameter for argument in call.arguments)
                run = partial(self._session.call, call.procedure, parameters)
                return Statement("rpc", call.procedure, parameters, run)

    def _types(self, number: int) -> Statement:
        """What pyodbc asks at each connect: how long a value of an ODBC type may be."""
        known = _TYPES.get(number)
        rows = [(known[0], number, known[1])] if known else []
        replies = [Result(_TYPE_COLUMNS, rows)]
        return Statement("rpc", "sp_datatype_info", (), partial(iter, replies), executes=False)

    def _prepare(self, call: Call) -> tuple[int, Prepared]:
        prepared = Prepared(call.value(2), call.value(1))
        return self._keep(prepared), prepared

    def _keep(self, prepared: Prepared | str) -> int:
        """Keep a statement, or a procedure's name, under a new handle."""
        self._last_handle += 1
        self._prepared[self._last_handle] = prepared
        return self._last_handle

    def _find(self, handle: Any) -> Prepared | str:
        try:
            return self._prepared[handle]
        except KeyError:
            raise SqlError(8179, f"Could not find prepared statement with handle {handle}.") from None

    def _execution(self, prepared: Prepared, call: Call, *, after: int) -> Statement:
        try:
            parameters = bind(prepared.declarations, call.arguments[after:])
        except ValueError as failure:
            raise MalformedError(f"{prepared.declarations} against {len(call.arguments) - after} values") from failure

        return Statement("rpc", prepared.sql, parameters, partial(self._session.execute, prepared.sql, parameters))


def _nothing() -> Iterator[Reply]:
    return iter(())


def _fail(failure: SqlError) -> Iterator[Reply]:
    raise failure
