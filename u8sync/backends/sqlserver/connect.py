"""Connections to a SQL Server: opened, set up alike whatever the driver, and their errors told in our words.

*Why autocommit*: each transaction is begun and ended by a statement of ours. What the drivers do by themselves
differs (implicit transactions, or a request of the protocol), and with it what an error at the commit means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from u8sync.backends.secrets import resolve
from u8sync.backends.sqlserver.drivers import Driver, best_driver, connection_string, installed_drivers
from u8sync.backends.sqlserver.faults import Fault, Phase, classify, read_fault, to_error
from u8sync.backends.sqlserver.options import SqlServerOptions
from u8sync.backends.sqlserver.whole_results import WholeResults
from u8sync.errors import BackendError
from u8sync.text import Message, msg

__all__ = ["ENTRANCE", "Server", "open_server", "session_settings"]

ENTRANCE: Final = "master"
"""The database that every login may enter."""

_LATER_S: Final = 10
"""So much longer a read waits for a lock than its statement may take, seconds."""


def session_settings(*, lock_timeout_s: int) -> str:
    """What every session is told first; T-SQL of SQL Server 2005.

    A person at U8 wins every deadlock against u8sync. Counts of rows are not asked for: triggers falsify them. The
    options of the ANSI kind are what indexed views and
    computed columns ask of a writer; some drivers leave them off.
    """
    return (
        "SET XACT_ABORT ON; SET NOCOUNT ON; SET DEADLOCK_PRIORITY LOW; "
        f"SET LOCK_TIMEOUT {lock_timeout_s * 1000}; "
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
        "SET ANSI_NULLS ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ARITHABORT ON; "
        "SET CONCAT_NULL_YIELDS_NULL ON; SET QUOTED_IDENTIFIER ON; SET NUMERIC_ROUNDABORT OFF"
    )


@dataclass(frozen=True)
class Server:
    """A SQL Server as the options reach it. Nothing is open until :meth:`connect`.

    Attributes:
        options: The settings.
        driver: The driver chosen.
        place: What messages call the server; no secret in it.
    """

    options: SqlServerOptions
    driver: Driver
    place: str
    _password: SecretStr | None = field(default=None, repr=False)

    def route(self) -> dict[str, str]:
        """How the server is reached, for the audit log."""
        words = {"address": self.place, "driver": self.driver.label, "encrypt": self.options.encrypt}
        if self.options.insecure_reason is not None:
            words |= {
                "trust_server_certificate": "yes" if self.options.trust_server_certificate else "no",
                "insecure_reason": self.options.insecure_reason,
            }
        if self.options.allow_overprivileged is not None:
            words["allow_overprivileged"] = self.options.allow_overprivileged
        return words

    def notes(self) -> tuple[Message, ...]:
        """What a reader of reports should know of the line."""
        if self.options.insecure_reason is None:
            return ()
        if self.options.encrypt == "no":
            return (
                msg("The connection to SQL Server is not encrypted. Reason: {why}", why=self.options.insecure_reason),
            )
        return (msg("The certificate of SQL Server is not checked. Reason: {why}", why=self.options.insecure_reason),)

    def engine(self, database: str | None, *, writing: bool) -> Engine:
        """Makes connections that begin in ``database`` (the login's default when null); none is kept."""

        def connect() -> Any:  # noqa: ANN401 - what a driver's connection is, only the driver knows
            return self._open(database, writing=writing)

        name = "mssqlpython" if self.driver.interface == "mssql-python" else "pyodbc"
        # The connection string goes to the driver by our own hand: no URL with a password is ever made.
        return create_engine(f"mssql+{name}://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    @contextmanager
    def connect(self, database: str | None = None, *, writing: bool = False) -> Iterator[Connection]:
        """One connection; its errors are translated as those of a read. Raises BackendError."""
        with self.telling("connect"):
            engine = self.engine(database, writing=writing)
            connection = engine.connect()
        try:
            with self.telling("read"):
                yield connection
        finally:
            connection.close()
            engine.dispose()

    @contextmanager
    def telling(self, phase: Phase) -> Iterator[None]:
        """Turn a driver's errors into ours."""
        try:
            yield
        except DBAPIError as error:
            raise self.translate(error, phase) from None
        except ResourceClosedError as error:
            # A link that breaks while SQLAlchemy asks a new connection for the server's version: it takes the driver's
            # error for the answer of an old server, and goes on with what is closed.
            raise to_error(classify(Fault("08S01", None, str(error)), phase), self.place) from None
        except Exception as error:
            # What a driver raises while it connects does not pass through SQLAlchemy's own errors.
            if type(error).__module__.split(".")[0] not in ("pyodbc", "mssql_python"):
                raise
            raise self.translate(error, phase) from None

    def translate(self, error: Exception, phase: Phase) -> BackendError:
        """What an error of the driver means in this phase."""
        original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        return to_error(classify(read_fault(original), phase), self.place)

    def _open(self, database: str | None, *, writing: bool) -> Any:  # noqa: ANN401
        password = None if self._password is None else self._password.get_secret_value()
        words = connection_string(self.options, self.driver, password=password, database=database, writing=writing)
        connect = _mssql_python if self.driver.interface == "mssql-python" else _pyodbc
        connection = connect(words, self.options.login_timeout_s)
        try:
            connection.timeout = self.options.statement_timeout_s
            cursor = connection.cursor()
            # A read that settles what became of a write must outwait the session that is still writing. What ends it is
            # its own limit, and not as it happens that of the lock: mssql-python does not pass the lock's number on.
            wait_s = self.options.lock_timeout_s if writing else self.options.statement_timeout_s + _LATER_S
            cursor.execute(session_settings(lock_timeout_s=wait_s))
            cursor.close()
        except BaseException:
            connection.close()
            raise
        return connection


def open_server(options: SqlServerOptions, base: Path) -> Server:
    """Choose the driver and find the password; nothing is connected yet.

    Args:
        options: The settings.
        base: The folder that relative paths of the settings start from.

    Raises:
        InputError: The password cannot be had.
        FatalError: There is no driver.
    """
    password = None if options.password is None else resolve(options.password, base, key="password")
    if options.server_certificate is not None:
        options = options.model_copy(update={"server_certificate": str((base / options.server_certificate).resolve())})
    place = options.server if options.port is None else f"{options.server},{options.port}"
    return Server(options, best_driver(options, installed_drivers()), place, password)


def _pyodbc(words: str, login_timeout_s: int) -> Any:  # noqa: ANN401
    import pyodbc

    # The driver manager would hand a used session to the next who asks, with its locks and settings.
    pyodbc.pooling = False
    return pyodbc.connect(words, autocommit=True, timeout=login_timeout_s)


def _mssql_python(words: str, login_timeout_s: int) -> Any:  # noqa: ANN401
    import mssql_python

    mssql_python.pooling(enabled=False)
    connection = mssql_python.connect(words, autocommit=True, timeout=login_timeout_s)

    def cut(words: str) -> Exception:
        return mssql_python.OperationalError("Communication link failure", words)

    return WholeResults(connection, cut)
