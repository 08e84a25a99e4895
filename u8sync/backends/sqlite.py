"""The embedded account set: the tables of U8 in one SQLite file, for demos, training, tests and trial runs.

What lives here is what only SQLite needs: opening the file, its locks and its error codes. Statements are in
:mod:`u8sync.backends.sql`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    NullPool,
    Select,
    create_engine,
    func,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from u8sync.backends import BackendKind
from u8sync.backends.read_only import ReadOnly
from u8sync.backends.sql import SqlBackend
from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_source import off
from u8sync.backends.sql_write import update_one
from u8sync.backends.u8_schema import Sandbox, UAAccount, UAAccountDatabase, UAPeriod
from u8sync.domain.model import AccountSet, CustomerCode, Period
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.ports import Backend, Check, Needs, Trying
from u8sync.text import msg

__all__ = ["KIND", "SqliteDialect", "SqliteOptions", "examine", "open_backend"]


READERS: Final = 2
"""Sums of documents at a time: SQLite adds up in the thread that asks."""


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

    exact_codes = True
    name = "sqlite"
    server = ""

    def __init__(self, place: str) -> None:
        self.place = place

    def raw_day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Days are text that begins with the raw form."""
        return func.substr(column, 1, 10)

    def raw_month(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The month is the beginning of that text."""
        return func.substr(column, 1, 7)

    def raw_rowversion(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Row versions are integers."""
        return func.printf("0x%016X", column)

    def money_units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """Amounts are kept in ten-thousandths."""
        return type_coerce(amount, Integer)

    def found(self, connection: Connection) -> dict[str, dict[str, int | None]]:
        """Everything in the file."""
        inspector = inspect(connection)
        names = [*inspector.get_table_names(), *inspector.get_view_names()]
        return {
            name: {column["name"]: getattr(column["type"], "length", None) for column in inspector.get_columns(name)}
            for name in names
        }

    def by_column(self, query: Select[Any]) -> Select[Any]:
        """For a row SQLite would hand over to Python and wait for its turn among the threads: once is enough."""
        side = query.subquery()
        return select(*(func.json_group_array(column).label(column.name) for column in side.c))

    def begin_read(self, connection: Connection) -> None:
        """All reads of the transaction see the state of the first one, which is made here."""
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1")

    def one_state(self, connection: Connection) -> bool:
        """As long as one connection reads, nobody can commit; only with a write-ahead log they can."""
        return connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal"

    def begin_write(self, connection: Connection) -> None:
        """Take the write lock of the whole file now, not at the first UPDATE: what is read can then no longer move."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def update(
        self,
        connection: Connection,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, str | None]],
        stamps: Mapping[str, object],
    ) -> dict[CustomerCode, str]:
        """All rows at once; when the file refuses one of them, row by row, so that the others go on."""
        statement = update_one(columns, stamps)
        try:
            with connection.begin_nested():
                connection.execute(statement, list(rows))
        except (IntegrityError, DataError):
            refused = {}
            for row in rows:
                try:
                    with connection.begin_nested():
                        connection.execute(statement, row)
                except (IntegrityError, DataError) as error:
                    refused[CustomerCode(str(row["key"]))] = str(error.orig)
            return refused
        return {}

    def commit(self, connection: Connection) -> None:
        """SQLAlchemy's own."""
        connection.commit()

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


class SqliteBackend(SqlBackend):
    """The embedded account set."""

    def account_set(self) -> AccountSet:
        """Which account set this is. Raises FatalError when the file does not name exactly one."""
        with self._reading() as connection:
            accounts = connection.execute(select(UAAccount.c.cAcc_Id, UAAccount.c.cAcc_Name)).all()
            if len(accounts) != 1:
                raise FatalError(
                    msg(
                        "{database} names {count} account sets in UA_Account; it must be one.",
                        database=self._dialect.place,
                        count=len(accounts),
                    ),
                    hint=msg("Check that the file was made for one account set and is whole."),
                )
            code, name = accounts[0]
            base = UAAccountDatabase.c
            # The last database is the one in use; those before it hold closed years.
            database = connection.scalar(
                select(base.cDatabase).where(base.cAcc_Id == code).order_by(base.iBeginYear.desc()).limit(1)
            )
            if database is None:
                raise FatalError(
                    msg(
                        "{database} does not say which database belongs to the account set.",
                        database=self._dialect.place,
                    ),
                    hint=msg("Check that the file was made for one account set and is whole."),
                )
            lineage = None
            if self._archive.source.has(Sandbox.c.value):
                lineage = connection.scalar(select(Sandbox.c.value).where(Sandbox.c.name == "lineage"))
        return AccountSet(
            backend=self._dialect.name,
            server=self._dialect.server,
            database=database,
            code=code,
            name=name,
            lineage=lineage or "",
        )

    def periods(self) -> tuple[Period, ...]:
        """From ``UA_Period``, which stands beside the other tables here."""
        period = UAPeriod.c
        if not self._archive.source.has(period.cAcc_Id, period.iYear, period.iId, period.dBegin, period.dEnd):
            return ()
        query = select(period.iYear, period.iId, period.dBegin, period.dEnd).where(
            period.cAcc_Id.in_(select(UAAccount.c.cAcc_Id)),
            period.dBegin.is_not(None),
            period.dEnd.is_not(None),
            self._archive.source.when_has(period.bIsDelete, off(period.bIsDelete)),
        )
        with self._reading() as connection:
            return tuple(sorted(Period(*row) for row in connection.execute(query).all()))


def open_backend(options: SqliteOptions, base: Path, _trying: Trying | None = None) -> Backend:
    """Open the embedded account set.

    Args:
        options: Its settings.
        base: The folder that a relative ``file`` starts from.

    Raises:
        FatalError: The file does not exist (it is never created here), or holds no U8 account set.
        TransientError: Another program holds it.
    """
    path = _file_of(options, base)
    uri = f"{path.as_uri()}?mode={'ro' if options.read_only else 'rw'}"

    def connect() -> sqlite3.Connection:
        # isolation_level=None: transactions begin where SqliteDialect says, not where the driver guesses.
        # Another thread may read with it, never two at a time.
        connection = sqlite3.connect(
            uri, uri=True, timeout=float(options.busy_timeout_s), isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    # No pool: each operation opens the file and leaves it closed, so that nothing is held between two batches.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    backend = SqliteBackend(engine, SqliteDialect(str(path)), readers=READERS)
    return ReadOnly(backend) if options.read_only else backend


def examine(options: SqliteOptions, base: Path, needs: Needs) -> Iterator[Check]:
    """Whether the file is there, whole and writable; raises FatalError when there is none."""
    path = _file_of(options, base)
    size = path.stat().st_size
    yield Check(msg("File"), "ok", msg("{file}, {size} KiB", file=str(path), size=f"{size // 1024:,}"))
    topic = msg("Content of the file")
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro", uri=True, timeout=float(options.busy_timeout_s), isolation_level=None
    )
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        found = str(error)
    finally:
        connection.close()
    if found == "ok":
        yield Check(topic, "ok", msg("Whole."))
    else:
        hint = msg("Put a backup copy of the file in its place.")
        yield Check(topic, "failure", msg("Damaged, or no database: {detail}", detail=found), hint)
    # SQLite keeps its journal beside the file while it writes.
    if needs.writing and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        yield Check(
            msg("Writing to the file"),
            "failure",
            msg("The file or its folder may not be written."),
            msg("Let the account that runs u8sync write there, or set 'read_only: true'."),
        )


def _file_of(options: SqliteOptions, base: Path) -> Path:
    path = (base / options.file).resolve()
    if not path.is_file():
        raise FatalError(
            msg("There is no file {file}.", file=str(path)),
            hint=msg("Check the setting `file`. Opening never creates an account set."),
        )
    return path


KIND: Final = BackendKind(options=SqliteOptions, open=open_backend, examine=examine)
