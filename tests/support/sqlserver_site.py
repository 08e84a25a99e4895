"""Account sets on a SQL Server, seen through the backend and from behind it.

:class:`EmulatedSite` talks through a real driver over the wire to the emulated server; :class:`RealSite` makes a
database of its own on whatever server ``U8SYNC_TEST_MSSQL_URL`` names, or on the emulated one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import odbc
from backend_contract import fill_world, world_file
from emulated.server import EmulatedServer
from sqlalchemy import URL, Connection, Engine, MetaData, NullPool, create_engine, make_url, text
from tds.certificates import Tls, make_certificates
from tds.server import TdsServer

from u8sync.backends import backend_kind, u8_schema
from u8sync.backends.u8_types import RowVersion
from u8sync.ports import Backend

__all__ = [
    "PASSWORD",
    "REAL_SERVER",
    "EmulatedSite",
    "RealSite",
    "databases_of_their_own",
    "driver_options",
    "emulated_site",
    "real_site",
]

REAL_SERVER: Final = os.environ.get("U8SYNC_TEST_MSSQL_URL")
PASSWORD: Final = "U8SYNC_TEST_PASSWORD"  # noqa: S105 - the name of an environment variable
DATABASE: Final = "UFDATA_999_2019"
RECEIPTS: Final = """
CREATE SCHEMA [u8sync]
GO
CREATE TABLE [u8sync].[receipt] ([op_id] varchar(64) NOT NULL PRIMARY KEY, [cCusCode] nvarchar(20) NULL)
"""


def driver_options(driver: str) -> dict[str, Any]:
    """The settings that choose a driver of :data:`odbc.DRIVERS`. Skips the test when it is missing."""
    odbc.require(driver)
    if driver == "mssql-python":
        return {"interface": "mssql-python"}
    return {"driver": odbc.freetds() if driver == "freetds" else odbc.msodbcsql()}


class EmulatedSite:
    """One account set on an emulated server."""

    def __init__(self, server: EmulatedServer, wire: TdsServer, folder: Path, driver: str, database: str) -> None:
        self.server = server
        self.database = database
        self.wire = wire
        self.folder = folder
        self.options: dict[str, Any] = {
            "server": "127.0.0.1",
            "port": wire.port,
            "account": "999",
            "login": "admin",
            "password": {"env": PASSWORD},
            "encrypt": "no",
            "insecure_reason": "loopback of a test",
            "allow_overprivileged": "the suite is not about rights",
            **driver_options(driver),
        }

    def open(self, **options: Any) -> Backend:
        """The account set through the backend."""
        kind = backend_kind("sqlserver")
        return kind.open(kind.options.model_validate({**self.options, **options}), self.folder)

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What somebody does behind the backend's back, in SQLite's words."""
        with self.server.back_door(self.database) as connection:
            return connection.execute(statement, values).fetchall()

    def somebody_sets(self, code: str, column: str, value: str | None) -> None:
        self.run(f"UPDATE Customer SET {column} = ? WHERE cCusCode = ?", value, code)

    def somebody_deletes(self, code: str) -> None:
        self.run("DELETE FROM Customer WHERE cCusCode = ?", code)

    def stored(self) -> dict[str, dict[str, Any]]:
        columns = [column.name for column in u8_schema.Customer.columns]
        rows = self.run(f"SELECT {', '.join(columns)} FROM Customer")
        return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


@contextmanager
def emulated_site(
    folder: Path,
    driver: str,
    *,
    account_set: Path | None = None,
    database: str = DATABASE,
    tls: Tls | None = None,
    **settings: Any,
) -> Iterator[EmulatedSite]:
    """The tiny world of the contract suite on an emulated server, for as long as the block lasts.

    Args:
        folder: Where the server keeps its databases.
        driver: Who talks to it.
        account_set: An embedded account set to take the place of the tiny world.
        database: Under which name.
        tls: How the server protects its connections.
        settings: Of the server.
    """
    driver_options(driver)  # skips before anything is made
    os.environ[PASSWORD] = "Geheim#1"
    with EmulatedServer.create(folder, **settings) as server:
        server.import_account_set(account_set or world_file(), database=database)
        server.add_login("admin", os.environ[PASSWORD], sysadmin=True)
        server.run_script(RECEIPTS, database)
        with TdsServer(server, tls=tls) as wire:
            yield EmulatedSite(server, wire, folder, driver, database)


class RealSite:
    """An account set in a database of its own, made over the wire as on any server."""

    def __init__(self, url: URL, database: str, folder: Path) -> None:
        self.folder = folder
        self.database = database
        self._engine = _engine(url.set(database=database))
        os.environ[PASSWORD] = str(url.password)
        self.options: dict[str, Any] = {
            "server": url.host,
            "port": url.port,
            "database": database,
            "account": "999",
            "login": url.username,
            "password": {"env": PASSWORD},
            "driver": url.query.get("driver"),
            "encrypt": "yes",
            "trust_server_certificate": True,
            "insecure_reason": "a server for tests",
            "allow_overprivileged": "the suite makes its own database",
        }

    def open(self, **options: Any) -> Backend:
        """The account set through the backend."""
        kind = backend_kind("sqlserver")
        return kind.open(kind.options.model_validate({**self.options, **options}), self.folder)

    def run(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What somebody does behind the backend's back, in T-SQL."""
        with self._engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def somebody_sets(self, code: str, column: str, value: str | None) -> None:
        self.run(f"UPDATE Customer SET {column} = :value WHERE cCusCode = :code", value=value, code=code)

    def somebody_deletes(self, code: str) -> None:
        self.run("DELETE FROM Customer WHERE cCusCode = :code", code=code)

    def stored(self) -> dict[str, dict[str, Any]]:
        rows = self.run("SELECT * FROM Customer")
        return {row["cCusCode"]: {**row, "dModifyDate": str(row["dModifyDate"])} for row in rows}


@contextmanager
def databases_of_their_own(folder: Path) -> Iterator[Callable[[], AbstractContextManager[RealSite]]]:
    """What gives each test a database that was filled over the wire, for as long as the block lasts.

    On a real server each is made anew. The emulated one, which is reached in the same way, makes one and puts back what
    a test has changed: filling it takes ten times as long as most tests.
    """
    if REAL_SERVER:
        url = make_url(REAL_SERVER)
        yield lambda: real_site(url, folder)
        return
    with _emulated_like_a_real_one(folder) as (server, url), real_site(url, folder) as site:

        @contextmanager
        def again() -> Iterator[RealSite]:
            with server.put_back(site.database):
                yield site

        yield again


@contextmanager
def _emulated_like_a_real_one(folder: Path) -> Iterator[tuple[EmulatedServer, URL]]:
    driver = str(driver_options("msodbcsql")["driver"])
    tls = Tls(make_certificates(folder))
    with EmulatedServer.create(folder, version="16.0.4135.4") as server:
        server.add_login("sa_of_tests", "Str0ng!Pass", sysadmin=True)
        with TdsServer(server, tls=tls) as wire:
            url = URL.create("mssql+pyodbc", "sa_of_tests", "Str0ng!Pass", "127.0.0.1", wire.port)
            yield server, url.set(query={"driver": driver, "TrustServerCertificate": "yes"})


@contextmanager
def real_site(url: URL, folder: Path, fill: Callable[[Connection], None] = fill_world) -> Iterator[RealSite]:
    """A database on a server, filled and, at the end of the block, removed.

    Args:
        url: The server.
        folder: Where relative paths of the settings start from.
        fill: Puts rows into U8's tables.
    """
    database = f"u8sync_test_{secrets.token_hex(6)}"
    master = _engine(url.set(database="master")).execution_options(isolation_level="AUTOCOMMIT")
    with master.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE [{database}] COLLATE Chinese_PRC_CI_AS")
    try:
        engine = _engine(url.set(database=database))
        with engine.begin() as connection:
            _tables().create_all(connection)
            fill(connection)
        yield RealSite(url, database, folder)
    finally:
        with master.connect() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE [{database}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
            connection.exec_driver_sql(f"DROP DATABASE [{database}]")


def _engine(url: URL) -> Engine:
    return create_engine(url, poolclass=NullPool)


def _tables() -> MetaData:
    """U8's tables for a server that keeps row versions by itself."""
    copy = MetaData()
    for table in u8_schema.METADATA.sorted_tables:
        for column in table.to_metadata(copy).columns:
            if isinstance(column.type, RowVersion):
                column.server_default = None
    return copy
