"""The embedded account set: the tables of U8 in one SQLite file, for demos, training, tests and trial runs.

What lives here is what only SQLite needs: opening the file, its locks and its error codes. Statements are in
:mod:`u8sync.backends.sql`.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, Integer, NullPool, create_engine, func, type_coerce
from sqlalchemy.exc import DBAPIError

from u8sync.backends import BackendKind
from u8sync.backends.read_only import ReadOnly
from u8sync.backends.sql import SqlBackend
from u8sync.backends.sql_dialect import SqlDialect
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.ports import Backend
from u8sync.text import msg

__all__ = ["KIND", "SqliteDialect", "SqliteOptions", "open_backend"]


class SqliteOptions(BaseModel):
    """Settings of the embedded account set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(
        min_length=1,
        description="账套文件，相对路径从配置文件所在的文件夹算起。 "
        "File of the account set; a relative path starts at the folder of the configuration file.",
    )
    busy_timeout_s: Decimal = Field(
        default=Decimal(5),
        ge=0,
        le=3600,
        description="文件被其他程序占用时最多等待的秒数。 Seconds to wait while another program holds the file.",
    )
    read_only: bool = Field(
        default=False,
        description="只读：从不写入。 Never write.",
    )


class SqliteDialect(SqlDialect):
    """What only SQLite does."""

    name = "sqlite"
    server = ""

    def __init__(self, place: str) -> None:
        self.place = place

    def raw_day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Days are text that begins with the raw form."""
        return func.substr(column, 1, 10)

    def raw_rowversion(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Row versions are integers."""
        return func.printf("0x%016X", column)

    def money_units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """Amounts are kept in ten-thousandths."""
        return type_coerce(amount, Integer)

    def begin_read(self, connection: Connection) -> None:
        """All reads of the transaction see the state of the first one."""
        connection.exec_driver_sql("BEGIN")

    def begin_write(self, connection: Connection) -> None:
        """Take the write lock of the whole file now, not at the first UPDATE: what is read can then no longer move."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def translate(self, error: DBAPIError) -> BackendError:
        """By SQLite's primary result code (the low byte of the extended one)."""
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return TransientError(
                msg("The database {database} is busy: another program is working on it.", database=self.place),
                hint=msg("Wait until the other program is done, then run the command again."),
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
            return FatalError(
                msg("Access to {database} is denied: {detail}", database=self.place, detail=str(error.orig)),
                hint=msg("Check that the account which runs u8sync may read and write the file and its folder."),
            )
        return FatalError(
            msg("The database {database} cannot be used: {detail}", database=self.place, detail=str(error.orig)),
            hint=msg("Check that it is a U8 account set, that it is whole, and that the disk is not full."),
        )

    def translate_commit(self, connection: Connection, error: DBAPIError) -> BackendError:
        """Still inside the transaction after the error means: not committed, and the rollback makes it certain."""
        driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        if driver.in_transaction:
            driver.rollback()
            return self.translate(error)
        return UnknownOutcomeError(
            msg(
                "The answer to a write to {database} is missing: {detail}", database=self.place, detail=str(error.orig)
            ),
            hint=msg("Run the command again: it reads back what was written before it goes on."),
        )


def open_backend(options: SqliteOptions, base: Path) -> Backend:
    """Open the embedded account set.

    Args:
        options: Its settings.
        base: The folder that a relative ``file`` starts from.

    Raises:
        FatalError: The file does not exist (it is never created here), or holds no U8 account set.
        TransientError: Another program holds it.
    """
    path = (base / options.file).resolve()
    if not path.is_file():
        raise FatalError(
            msg("There is no file {file}.", file=str(path)),
            hint=msg("Check the setting `file`. Opening never creates an account set."),
        )
    uri = f"{path.as_uri()}?mode={'ro' if options.read_only else 'rw'}"

    def connect() -> sqlite3.Connection:
        # isolation_level=None: transactions begin where SqliteDialect says, not where the driver guesses.
        connection = sqlite3.connect(uri, uri=True, timeout=float(options.busy_timeout_s), isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    # No pool: each operation opens the file and leaves it closed, so that nothing is held between two batches.
    backend = SqlBackend(create_engine("sqlite://", creator=connect, poolclass=NullPool), SqliteDialect(str(path)))
    return ReadOnly(backend) if options.read_only else backend


KIND: Final = BackendKind(options=SqliteOptions, open=open_backend)
