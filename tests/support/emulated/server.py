"""The server: its databases in a folder, its logins, its sessions, and the doors that tests use.

server = EmulatedServer.create(folder, databases=["UFDATA_999_2019"])
server.import_account_set(file, database="UFDATA_999_2019")
server.add_login("reader", "secret", grants={"UFDATA_999_2019": ["SELECT ON Customer (cCusCode, pubufts)"]})
session = server.login(...)
"""

from __future__ import annotations

import itertools
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final, Literal, Self

from tds.seam import Login, Reply, Result

from emulated.admin import grant
from emulated.catalogue import COUNTER, SYSTEM_TABLES, Column, Database, Table, Trigger, key_of, quoted, u8_tables
from emulated.collation import DEFAULT_COLLATION
from emulated.errors import NotModelled, SqlError
from emulated.locks import Locks
from emulated.rights import Account, Rights
from emulated.session import EmulatedSession
from emulated.sqltypes import SqlType, reader
from emulated.statements import Compiled, compile_condition, compile_expression, compile_query
from emulated.store import Note, Store, open_database

__all__ = ["Change", "EmulatedServer"]

_MOST_COMPILED: Final = 4000
_NAMES: Final = {
    (9,): "2005", (10,): "2008", (10, 50): "2008 R2", (11,): "2012", (12,): "2014", (13,): "2016", (14,): "2017",
    (15,): "2019", (16,): "2022", (17,): "2025",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A change to a value that was committed.

    Attributes:
        application: Whose session it was; ``back door`` for tests' own.
        spid: Its number; 0 for the back door.
        database: Where.
        table: In which table.
        key: Of which row.
        event: What happened to the row.
        column: Which value changed; null when the row came or went.
        old: Before, as a client sees it.
        new: After.
    """

    application: str
    spid: int
    database: str
    table: str
    key: Any
    event: Literal["INSERT", "UPDATE", "DELETE"]
    column: str | None
    old: Any
    new: Any


class EmulatedServer:
    """A SQL Server in a folder; see :class:`tds.seam.Engine`. Made by :meth:`create`.

    Attributes:
        version: Product version, e.g. ``10.50.6000.34``.
        name: What it calls itself, e.g. ``HOST\\INSTANCE``.
        collation: Of the server, and of databases made without one of their own.
        time_zone: Its wall clock's.
        clock_offset: How far its clock is ahead.
        rights: Logins, users and grants.
        locks: Who waits for whom.
        journal: What was committed, in order.
        failed_logins: Names that came with a wrong password, in order.
    """

    def __init__(self, folder: Path, *, version: str, name: str, collation: str, time_zone: tzinfo | None) -> None:
        self._folder = folder
        self.version = version
        self.version_number = tuple(int(part) for part in version.split("."))
        self.name = name
        self.collation = collation
        self.time_zone = time_zone
        self.clock_offset = timedelta()
        self.rights = Rights()
        self.locks = Locks()
        self.journal: list[Change] = []
        self.failed_logins: list[str] = []
        self.generation = 0
        self._databases: dict[str, Database] = {}
        self._sessions: dict[int, EmulatedSession] = {}
        self._idle: list[Store] = []
        self._compiled: dict[object, Compiled] = {}
        self._spids = itertools.count(51)
        self._lock = threading.Lock()
        self.rights.accounts["sa"] = Account("sa", "", server_roles={"sysadmin"}, disabled=True)

    @classmethod
    def create(
        cls,
        folder: Path,
        databases: Iterable[str] | Mapping[str, Path | None] = (),
        *,
        version: str = "10.50.6000.34",
        name: str = "U8SERVER",
        collation: str = DEFAULT_COLLATION,
        time_zone: tzinfo | None = None,
    ) -> Self:
        """A server with UFSystem and these databases, all with U8's tables.

        Args:
            folder: Where the databases' files go.
            databases: Their names, or for each name an embedded account set to fill it from.
            version: Product version; what it is too old for, it refuses.
            name: What it calls itself.
            collation: Of all its databases.
            time_zone: Of its wall clock; the machine's own when null.
        """
        folder.mkdir(parents=True, exist_ok=True)
        server = cls(folder, version=version, name=name, collation=collation, time_zone=time_zone)
        server._add_database("master", None)
        for database in ("UFSystem", *databases):
            server.add_database(database)
        if isinstance(databases, Mapping):
            for database, file in databases.items():
                if file is not None:
                    server.import_account_set(file, database=database)
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all sessions and let go of the files."""
        for session in self.sessions:
            session.close()
        while self._idle:
            self._idle.pop().close()

    # --- the engine ---------------------------------------------------------------------------------------------------

    def login(self, login: Login) -> EmulatedSession:
        """Open a session. Raises SqlError 18456, 18470, 18486 or 4060."""
        account = self.rights.accounts.get(login.user.casefold())
        if account is None or account.password != login.password:
            self.failed_logins.append(login.user)
            raise SqlError(18456, f"Login failed for user '{login.user}'.", severity=14)
        if account.locked:
            raise SqlError(
                18486,
                f"Login failed for user '{login.user}' because the account is currently locked out. The system"
                " administrator can unlock it.",
                severity=14,
            )
        if account.disabled:
            raise SqlError(
                18470, f"Login failed for user '{login.user}'. Reason: The account is disabled.", severity=14
            )
        wanted = login.database or account.default_database
        database = self.database(wanted)
        if database is None or self.rights.user(account, database.name) is None:
            raise SqlError(
                4060, f'Cannot open database "{wanted}" requested by the login. The login failed.', severity=11
            )
        return self._open(login, account, database)

    @property
    def databases(self) -> tuple[Database, ...]:
        """All databases."""
        return tuple(self._databases.values())

    @property
    def sessions(self) -> tuple[EmulatedSession, ...]:
        """The sessions that are open."""
        with self._lock:
            return tuple(self._sessions.values())

    def database(self, name: str) -> Database | None:
        """The database of this name, whatever its case."""
        return self._databases.get(name.casefold())

    def kill(self, spid: int) -> None:
        """End a session as KILL does. Raises KeyError for one that is not there."""
        self._sessions[spid].kill()

    # --- doors for tests ----------------------------------------------------------------------------------------------

    def add_database(self, name: str) -> None:
        """Make a database with U8's tables, all of them empty. Sessions that are open do not see it."""
        self._add_database(name, self._folder / f"{name}.db")
        while self._idle:
            self._idle.pop().close()
        self.changed()

    def add_login(
        self,
        name: str,
        password: str,
        *,
        sysadmin: bool = False,
        grants: Mapping[str, Iterable[str]] | None = None,
        permissions: Iterable[str] = (),
        default_database: str = "master",
    ) -> None:
        """Add a login.

        Args:
            name: Its name.
            password: Its password.
            sysadmin: Whether it may do everything.
            grants: Database -> what it may do there: the name of a role such as ``db_owner``, or what stands between
                GRANT and TO, e.g. ``UPDATE ON Customer (cCusDefine4)``. A database that is named may be entered.
            permissions: Of the server, e.g. ``VIEW SERVER STATE``.
            default_database: Where it begins when it asks for none.
        """
        roles = {"sysadmin"} if sysadmin else set()
        self.rights.accounts[name.casefold()] = Account(
            name, password, default_database, server_roles=roles, permissions=set(permissions)
        )
        for database, given in (grants or {}).items():
            principals = self.rights.principals(database)
            principals.users[name.casefold()] = name.casefold()
            principals.shown[name.casefold()] = name
            with self.administrator(database) as session:
                for each in given:
                    if each.casefold() in principals.roles:
                        principals.roles[each.casefold()].add(name.casefold())
                    else:
                        grant(session, f"GRANT {each} TO [{name}]")
        self.changed()

    def add_trigger(self, database: str, trigger: Trigger) -> None:
        """Add a trigger to a table."""
        found = self._known(database)
        found.triggers.append(trigger)
        if trigger.body and not trigger.disabled:
            with self.back_door(database) as door:
                door.execute(
                    f"CREATE TRIGGER {quoted(trigger.name)} AFTER {trigger.event} ON {quoted(trigger.table)} BEGIN"
                    f" {trigger.body.rstrip().rstrip(';')}; END"
                )
        self.changed()

    def run(self, sql: str, database: str = "master") -> list[list[tuple[Any, ...]]]:
        """Run a batch as administrator; the rows of its results."""
        with self.administrator(database) as session:
            replies: Iterator[Reply] = session.execute(sql, [])
            return [[tuple(row) for row in reply.rows] for reply in replies if isinstance(reply, Result)]

    def run_script(self, script: str, database: str = "master") -> None:
        """Run a script of batches separated by GO, as a tool such as sqlcmd does, as administrator."""
        with self.administrator(database) as session:
            for batch in re.split(r"(?im)^\s*GO\s*;?\s*$", script):
                for reply in session.execute(batch, []):
                    if isinstance(reply, Result):
                        list(reply.rows)

    @contextmanager
    def administrator(self, database: str = "master") -> Iterator[EmulatedSession]:
        """A session that may do everything."""
        login = Login("sa", "", database, "administrator", "localhost", read_only_intent=False, encrypted=False)
        session = self._open(login, self.rights.accounts["sa"], self._known(database))
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def back_door(self, database: str) -> Iterator[sqlite3.Connection]:
        """A connection to the file of a database, past all rights and locks; in autocommit, values in stored form."""
        found = self._known(database)

        def note(*note: Any) -> None:
            self.journal.append(self._change("back door", 0, note))  # type: ignore[arg-type]

        connection = open_database(str(found.file), self.databases, note)
        try:
            yield connection
        finally:
            connection.close()

    def import_account_set(self, file: Path, *, database: str) -> None:
        """Fill a database, made if need be, and UFSystem, from an embedded account set of u8sync."""
        if self.database(database) is None:
            self.add_database(database)
        found, system = self._known(database), self._known("UFSystem")
        for target in (found, system):
            with self.back_door(target.name) as door:
                door.create_function("u8_note", 6, lambda *_: None)
                door.execute("ATTACH ? AS source", [str(file)])
                present = {row[0].casefold(): row[0] for row in door.execute("SELECT name FROM source.sqlite_master")}
                door.execute("BEGIN")
                for table in target.tables.values():
                    if table.name.casefold() in present and (target is system) == (table.name in SYSTEM_TABLES):
                        _copy(door, table, present[table.name.casefold()])
                door.execute("COMMIT")
        self.changed()

    def now(self) -> datetime:
        """What its clock shows."""
        return datetime.now(tz=UTC) + self.clock_offset

    # --- what sessions ask --------------------------------------------------------------------------------------------

    @property
    def level(self) -> int:
        """Compatibility level of its databases."""
        return min(self.version_number[0], 17) * 10

    @property
    def version_text(self) -> str:
        """``@@VERSION``."""
        name = _NAMES.get(self.version_number[:2]) or _NAMES.get(self.version_number[:1], "")
        return f"Microsoft SQL Server {name} - {self.version} (X64) \n\tStandard Edition (64-bit) on Windows NT 6.1\n"

    def compiled(
        self, kind: str, text: str, database: Database, variables: tuple[tuple[str, SqlType], ...]
    ) -> Compiled:
        """A statement compiled, once for each database and each set of types. Raises SqlError."""
        key = kind, text, database.name, variables, self.generation
        found = self._compiled.get(key)
        if found is None:
            make = {"query": compile_query, "expression": compile_expression, "condition": compile_condition}[kind]
            found = make(text, self, database, self.version_number, dict(variables))
            if len(self._compiled) > _MOST_COMPILED:
                self._compiled.clear()
            self._compiled[key] = found
        return found

    def changed(self) -> None:
        """Tables, triggers or rights are not what they were."""
        self.generation += 1
        self._compiled.clear()

    def check(self, account: Account, compiled: Compiled) -> None:
        """Raise SqlError 916, 229 or 230 unless the account may run a statement."""
        for name in compiled.databases:
            if self.rights.user(account, name) is None:
                raise self.no_access(account, name)
        for need in compiled.needs:
            what = f"'{need.table.name}', database '{need.database}', schema '{need.table.schema}'"
            allowed = self.rights.allowed(account, need.database, need.permission, need.table)
            if allowed and not need.columns:
                continue
            denied = [
                column
                for column in sorted(need.columns)
                if not self.rights.allowed(account, need.database, need.permission, need.table, column)
            ]
            if need.columns and not denied:
                continue
            if denied and self.rights.columns_allowed(account, need.database, need.permission, need.table):
                raise SqlError(
                    230, f"The {need.permission} permission was denied on the column '{denied[0]}' of the object {what}.",
                    severity=14,
                )  # fmt: skip
            raise SqlError(
                229, f"The {need.permission} permission was denied on the object {what}.", severity=14, state=5
            )

    def no_access(self, account: Account, database: str) -> SqlError:
        """The error of a login that is no user of a database."""
        return SqlError(
            916,
            f'The server principal "{account.name}" is not able to access the database "{database}" under the current'
            " security context.",
            severity=14,
        )

    def record(self, session: EmulatedSession, notes: Sequence[Note]) -> None:
        """Enter what a session committed into the journal."""
        self.journal.extend(self._change(session.login.application, session.spid, note) for note in notes)

    def forget(self, session: EmulatedSession, store: Store) -> None:
        """A session has ended; its store serves the next one."""
        with self._lock:
            self._sessions.pop(session.spid, None)
            self._idle.append(store)

    def add_role_member(self, session: EmulatedSession, role: str, member: str) -> None:
        """Put a user or role into a role of the session's database. Raises SqlError."""
        if not self.rights.is_owner(session.account, session.database.name):
            raise SqlError(15247, "User does not have permission to perform this action.")
        principals = self.rights.principals(session.database.name)
        if role.casefold() not in principals.roles:
            raise SqlError(15014, f"The role '{role}' does not exist in the current database.")
        if member.casefold() not in {*principals.users, *principals.roles}:
            raise SqlError(15410, f"User or role '{member}' does not exist in this database.")
        principals.roles[role.casefold()].add(member.casefold())
        self.changed()

    def create_table(self, session: EmulatedSession, database: Database, table: Table) -> None:
        """Make an empty table."""
        session.write_directly(database, *_in(database, database.statements_for(table)))
        database.add(table)
        self.changed()

    def drop_table(self, session: EmulatedSession, database: Database, table: Table) -> None:
        """Remove a table."""
        session.write_directly(database, f"DROP TABLE {quoted(database.name)}.{quoted(table.stored_name)}")
        del database.tables[key_of(table.schema, table.name)]
        self.changed()

    def replace_table(self, session: EmulatedSession, database: Database, old: Table, new: Table) -> None:
        """Give a table other columns, indexes or another name; what it holds stays."""
        there = quoted(database.name)
        make, *rest = _in(database, database.statements_for(new))
        both = ", ".join(quoted(column.name) for column in new.columns if old.column(column.name) is not None)
        session.write_directly(
            database,
            f"CREATE TABLE {there}.u8_copy AS SELECT * FROM {there}.{quoted(old.stored_name)}",
            f"DROP TABLE {there}.{quoted(old.stored_name)}",
            make,
            f"INSERT INTO {there}.{quoted(new.stored_name)} ({both}) SELECT {both} FROM {there}.u8_copy",
            f"DROP TABLE {there}.u8_copy",
            *rest,
        )
        del database.tables[key_of(old.schema, old.name)]
        database.tables[key_of(new.schema, new.name)] = new
        self.changed()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _known(self, name: str) -> Database:
        database = self.database(name)
        if database is None:
            raise KeyError(name)
        return database

    def _add_database(self, name: str, file: Path | None) -> None:
        database = Database(name, len(self._databases) + (1 if file is None else 4), file, self.collation, self.now())
        self._databases[name.casefold()] = database
        if file is None:
            return
        connection = open_database(str(file), [database], lambda *_: None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute(f"CREATE TABLE {COUNTER} (value INTEGER NOT NULL)")
        connection.execute(f"INSERT INTO {COUNTER} VALUES (2000)")
        for table in u8_tables(system=name == "UFSystem"):
            database.add(table)
            for statement in database.statements_for(table):
                connection.execute(statement)
        connection.execute("COMMIT")
        connection.close()

    def _open(self, login: Login, account: Account, database: Database) -> EmulatedSession:
        with self._lock:
            store = self._idle.pop() if self._idle else Store(self.databases, self.version_number)
            session = EmulatedSession(self, next(self._spids), login, account, database, store)
            self._sessions[session.spid] = session
            return session

    def _change(self, application: str, spid: int, note: Note) -> Change:
        database, table, key, what, old, new = note
        if what in ("INSERT", "DELETE") and old is None and new is None:
            return Change(application, spid, database, table, key, what, None, None, None)  # type: ignore[arg-type]
        column = self._column(database, table, what)
        read = reader(column.type)
        old, new = (value if read is None or value is None else read(value) for value in (old, new))
        return Change(application, spid, database, table, key, "UPDATE", what, old, new)

    def _column(self, database: str, table: str, name: str) -> Column:
        schema, _, bare = table.rpartition(".")
        found = self._known(database).table(bare, schema or "dbo")
        column = found.column(name) if found else None
        if column is None:
            raise NotModelled(f"a change to {table}.{name}, which is gone")
        return column


def _in(database: Database, statements: Iterable[str]) -> list[str]:
    """The statements with the database's name where SQLite wants it: before what is made."""
    prefix = rf"\1{quoted(database.name)}."
    return [re.sub(r"^(CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER) )", prefix, statement) for statement in statements]


def _copy(door: sqlite3.Connection, table: Table, source: str) -> None:
    """The rows of a table of an embedded account set, decimals made whole numbers of their smallest unit."""
    there = {row[1].casefold() for row in door.execute(f"PRAGMA source.table_info({quoted(source)})")}
    columns = [column for column in table.columns if column.name.casefold() in there]
    names = ", ".join(quoted(column.name) for column in columns)
    values = ", ".join(
        f"CAST(round({quoted(column.name)} * 1e{column.type.units}) AS INTEGER)"
        if column.type.name == "decimal"
        else quoted(column.name)
        for column in columns
    )
    door.execute(
        f"INSERT OR IGNORE INTO main.{quoted(table.stored_name)} ({names}) SELECT {values} FROM source.{quoted(source)}"
    )
    moving = next((column.name for column in columns if column.type.name == "rowversion"), None)
    if moving is not None:
        door.execute(
            f"UPDATE {COUNTER} SET value = max(value, (SELECT coalesce(max({quoted(moving)}), 0)"
            f" FROM {quoted(table.stored_name)}))"
        )
