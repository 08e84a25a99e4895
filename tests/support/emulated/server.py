"""The server: its databases in a folder, its logins, its sessions, and the doors that tests use.

Example::

    with EmulatedServer.create(folder) as server:
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
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final, Self

from tds.seam import Login, Reply, Result

from emulated.catalogue import Database, Trigger, quoted, u8_tables
from emulated.collation import DEFAULT_COLLATION
from emulated.errors import SqlError
from emulated.journal import Change, change_of
from emulated.locks import Locks
from emulated.rights import Account, Rights
from emulated.security import grant
from emulated.session import EmulatedSession
from emulated.sqltypes import SqlType
from emulated.statements import Compiled, compile_condition, compile_expression, compile_query
from emulated.store import Note, Store, open_database
from emulated.tables import fill_file, make_file

__all__ = ["Change", "EmulatedServer"]

_MOST_COMPILED: Final = 4000
_NAMES: Final = {
    (9,): "2005", (10,): "2008", (10, 50): "2008 R2", (11,): "2012", (12,): "2014", (13,): "2016", (14,): "2017",
    (15,): "2019", (16,): "2022", (17,): "2025",
}  # fmt: skip


class EmulatedServer:
    r"""A SQL Server in a folder; see :class:`tds.seam.Engine`. Made by :meth:`create`.

    Attributes:
        version: Product version, e.g. ``10.50.6000.34``.
        name: What it calls itself, e.g. ``HOST\INSTANCE``.
        collation: Of the server, and of databases made without one of their own.
        time_zone: Its wall clock's.
        clock_offset: How far its clock is ahead.
        rights: Logins, users and grants.
        locks: Who waits for whom.
        journal: What was committed, in order.
        failed_logins: Names that came with a wrong password, in order.
        refused: What was asked of it that it does not know; leaving its block raises when there is any.
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
        self.refused: list[str] = []
        self.generation = 0
        self._databases: dict[str, Database] = {}
        self._sessions: dict[int, EmulatedSession] = {}
        self._idle: list[Store] = []
        self._compiled: dict[object, Compiled] = {}
        self._spids = itertools.count(51)
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)
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
        server._enter_database("master", None)
        for database in ("UFSystem", *databases):
            server.add_database(database)
        if isinstance(databases, Mapping):
            for database, file in databases.items():
                if file is not None:
                    server.import_account_set(file, database=database)
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is None and self.refused:
            raise AssertionError(f"the emulated server was asked what it does not know: {self.refused}")

    def close(self) -> None:
        """End all sessions and let go of the files."""
        for session in self.sessions:
            session.close()
        self._let_go_of_files()

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

    def add_database(self, name: str, *, collation: str | None = None, u8: bool = True) -> None:
        """Make a database. Sessions that are open do not see it.

        Args:
            name: Its name.
            collation: The server's when null.
            u8: Whether it has U8's tables, all of them empty.
        """
        database = self._enter_database(name, self._folder / f"{name}.db")
        database.collation = collation or self.collation
        make_file(database, u8_tables(system=name == "UFSystem") if u8 else [])
        self._let_go_of_files()

    def drop_database(self, database: Database) -> None:
        """Forget a database; its file stays until the folder goes."""
        del self._databases[database.name.casefold()]
        self._let_go_of_files()

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
            self.journal.append(change_of("back door", 0, note, self._known(note[0])))

        connection = open_database(str(found.file), self.databases, note)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def put_back(self, name: str) -> Iterator[None]:
        """Whatever the block changes in a database, its tables hold again at the end what they hold now.

        Before and after it, those who are in the server are waited for.
        """
        file = Path(str(self._known(name).file))
        kept = self._content(file)
        try:
            yield
        finally:
            self._content(file)
            file.write_bytes(kept)

    def import_account_set(self, file: Path, *, database: str) -> None:
        """Fill a database, made if need be, and UFSystem, from an embedded account set of u8sync."""
        if self.database(database) is None:
            self.add_database(database)
        if not self.sessions:
            self._let_go_of_files()
        for target in (self._known(database), self._known("UFSystem")):
            fill_file(target, file, self.back_door)
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

    def record(self, session: EmulatedSession, notes: Sequence[Note]) -> None:
        """Enter what a session committed into the journal."""
        self.journal.extend(
            change_of(session.login.application, session.spid, note, self._known(note[0])) for note in notes
        )

    def forget(self, session: EmulatedSession, store: Store) -> None:
        """A session has ended; its store serves the next one, if it still has what it needs."""
        with self._lock:
            self._sessions.pop(session.spid, None)
            self._left.notify_all()
            if store.databases == self.databases:
                self._idle.append(store)
                return
        store.close()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _known(self, name: str) -> Database:
        database = self.database(name)
        if database is None:
            raise KeyError(name)
        return database

    def _enter_database(self, name: str, file: Path | None) -> Database:
        number = max((database.number for database in self.databases), default=0)
        # Between master and the first one of a user lie tempdb, model and msdb.
        database = Database(name, 1 if file is None else max(number + 1, 5), file, self.collation, self.now())
        self._databases[name.casefold()] = database
        return database

    def _content(self, file: Path) -> bytes:
        """A file that nobody has open any more, and that therefore is all there is."""
        with self._lock:
            if not self._left.wait_for(lambda: not self._sessions, timeout=60):
                raise AssertionError(f"somebody does not leave the server: {list(self._sessions)}")
        self._let_go_of_files()
        return file.read_bytes()

    def _let_go_of_files(self) -> None:
        """What is attached to the stores at hand is not what it should be."""
        while self._idle:
            self._idle.pop().close()
        self.changed()

    def _open(self, login: Login, account: Account, database: Database) -> EmulatedSession:
        with self._lock:
            store = self._idle.pop() if self._idle else Store(self.databases, self.version_number)
            session = EmulatedSession(
                self, store, spid=next(self._spids), login=login, account=account, database=database
            )
            self._sessions[session.spid] = session
            return session
