"""What the wire asks of the engine behind it: one page, no behaviour.

The wire (:mod:`tds.server`) speaks TDS to a driver and knows nothing of SQL; the engine (:mod:`emulated`) runs T-SQL
and knows nothing of packets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = [
    "Column",
    "Done",
    "Engine",
    "EnvChange",
    "Info",
    "Login",
    "Parameter",
    "Reply",
    "Result",
    "Session",
    "SqlError",
]

TypeName = Literal[
    "nvarchar", "varchar", "int", "bigint", "smallint", "tinyint", "bit", "float", "decimal", "money",
    "datetime", "datetime2", "date", "varbinary", "binary",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a result.

    Attributes:
        name: As the client sees it; may be empty.
        type: SQL Server's type.
        size: Characters of text, bytes of binary; -1 for (max); null for other types.
        precision: Digits of a decimal.
        scale: Digits after its point.
    """

    name: str
    type: TypeName
    size: int | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class Result:
    """A result set. Values are str, int, bool, float, Decimal, datetime, date, bytes or None; rows may be lazy."""

    columns: Sequence[Column]
    rows: Iterator[Sequence[Any]] | Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Done:
    """A statement without a result set; ``rows`` affected, null when it counts none (SET, BEGIN, DDL)."""

    rows: int | None


@dataclass(frozen=True)
class Info:
    """A message that is no error."""

    number: int
    message: str


@dataclass(frozen=True)
class EnvChange:
    """``database`` changed to ``new``; or a transaction was begun, committed or rolled back (``new`` is empty then)."""

    what: Literal["database", "begin", "commit", "rollback"]
    new: str = ""


Reply = Result | Done | Info | EnvChange


class SqlError(Exception):
    """An error of the server.

    Args:
        number: Of sys.messages, e.g. 1205.
        message: Its text.
        severity: Its class, 11-25; from 20 up the server closes the connection.
        state: Its state.
    """

    def __init__(self, number: int, message: str, *, severity: int = 16, state: int = 1) -> None:
        super().__init__(number, message)
        self.number = number
        self.message = message
        self.severity = severity
        self.state = state


@dataclass(frozen=True)
class Login:
    """What a client says of itself in LOGIN7."""

    user: str
    password: str
    database: str
    application: str
    host: str
    read_only_intent: bool
    encrypted: bool


@dataclass(frozen=True)
class Parameter:
    """A value for ``name`` (with its ``@``; empty when only its place counts), declared as e.g. ``nvarchar(20)``."""

    name: str
    value: Any
    declared: str


class Session(Protocol):
    """One logged-in connection. Calls never overlap."""

    spid: int

    def execute(self, sql: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        """Run a batch; replies in order as they come. Raises SqlError, also after some replies."""

    def call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Reply]:
        """Run a stored procedure by name that the wire itself does not handle (``sp_getapplock`` and the like)."""

    def begin(self) -> None:
        """A transaction manager request: begin a transaction."""

    def commit(self) -> None:
        """A transaction manager request: commit it. Raises SqlError 3902 when there is none."""

    def rollback(self) -> None:
        """A transaction manager request: roll it back."""

    def cancel(self) -> None:
        """An attention: give up what is running; with XACT_ABORT the transaction is rolled back."""

    def close(self) -> None:
        """The connection is gone: roll back, give locks back. Calling it twice is harmless."""


class Engine(Protocol):
    """The server behind the wire; safe to call from several threads."""

    version: str
    """Product version, e.g. ``10.50.6000.34``; the wire puts it into PRELOGIN and LOGINACK."""

    def login(self, login: Login) -> Session:
        """Open a session. Raises SqlError 18456 (login failed), 4060 (database), 18486 (locked) and so on."""
