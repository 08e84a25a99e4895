"""An account set on SQL Server.

Reads take a connection and give it back. Writes have one of their own from :meth:`SqlServerBackend.claim` on, which
holds a lock of the server against a second u8sync, wherever that runs: the lock lives and dies with this connection,
and no batch is begun before it was seen to be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from u8sync.backends.compare import check_edits
from u8sync.backends.sql import SqlBackend
from u8sync.backends.sql_read import known_names
from u8sync.backends.sql_source import Source
from u8sync.backends.sql_write import stage_batch, write_batch
from u8sync.backends.sqlserver.account_sets import AccountDatabases, read_periods
from u8sync.backends.sqlserver.connect import Server
from u8sync.backends.sqlserver.dialect import SqlServerDialect, found_columns, quoted
from u8sync.backends.sqlserver.faults import classify, read_fault
from u8sync.backends.sqlserver.identity import Identity
from u8sync.backends.u8_schema import REQUIRED, Customer
from u8sync.domain.model import AccountSet, CustomerCode, Extra, Facts, Period, Window
from u8sync.errors import LockHeldError, RefusedError, TransientError
from u8sync.ports import Edit, EditOutcome, Progress, Stamp
from u8sync.text import Message, msg

__all__ = ["SqlServerBackend"]

LOCK: Final = "u8sync"
"""Resource of the lock; it belongs to the database, so that each account set has its own."""

_TAKE: Final = text(
    "DECLARE @result int; EXEC @result = sp_getapplock @Resource = :resource, @LockMode = N'Exclusive',"
    " @LockOwner = N'Session', @LockTimeout = :wait_ms; SELECT @result"
)
_HELD: Final = text("SELECT APPLOCK_MODE(N'public', :resource, N'Session')")
_HOLDERS: Final = text(
    "SELECT l.resource_description, s.session_id, s.program_name, s.host_name, s.login_name, s.login_time"
    " FROM sys.dm_tran_locks AS l JOIN sys.dm_exec_sessions AS s ON s.session_id = l.request_session_id"
    " WHERE l.resource_type = N'APPLICATION' AND l.resource_database_id = DB_ID() AND l.request_status = N'GRANT'"
)
"""Needs the right VIEW SERVER STATE. The writing connection is opened for the lock: it is about as old as that."""


class SqlServerBackend(SqlBackend):
    """One account set; :class:`u8sync.ports.Backend` says what each method promises.

    Args:
        server: How it is reached.
        account: Which account set, in which databases.
        identity: What the server says of itself and of the login.
        notes: What could not be known when the account set was looked up.

    Raises:
        FatalError: The database is no account set, or may not be read.
        TransientError: The server is busy or the line is down.
    """

    def __init__(self, server: Server, account: AccountDatabases, identity: Identity, notes: Sequence[Message]) -> None:
        dialect = SqlServerDialect(server, server_name=identity.server)
        engine = server.engine(account.current.name, writing=False)
        super().__init__(engine, dialect, readers=server.options.readers)
        self._server = server
        self._account = account
        self._identity = identity
        self._writer: Connection | None = None
        self._claimed = False
        self.route = MappingProxyType({**identity.route(), **server.route()})
        earlier, lost = self._earlier_years()
        self._years = (*earlier, replace(self._archive.source, first=self._first_day()))
        self._notes = (*notes, *lost, *server.notes())

    def account_set(self) -> AccountSet:
        """As the server names itself, so that two ways of writing its address are one account set."""
        return AccountSet(
            backend=self._dialect.name,
            server=self._identity.server,
            database=self._identity.database,
            code=self._account.code,
            name=self._account.name,
            lineage="",
        )

    def periods(self) -> tuple[Period, ...]:
        """From ``UFSystem``, where the login may read it."""
        with self._reading() as connection:
            return read_periods(connection, self._account.code)

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        """Also what the reader should know of the way the facts were read."""
        facts = super().facts(window, progress, extras)
        return replace(facts, notes=(*self._notes, *facts.notes, _CONSISTENCY))

    def claim(self) -> None:
        """Connect for writing and take the server's lock. Raises LockHeldError, RefusedError."""
        self._hold()

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> Sequence[EditOutcome]:
        """Compare-and-set, one transaction. Values that the server refuses are found by trying parts of the batch."""
        check_edits(edits, readable=self._archive.readable, writable=self._archive.widths)
        if not edits:
            return []
        try:
            return self._write(edits, stamp)
        except _RowRefusedError:
            refused = self._refused(edits, stamp)
        others = [edit for edit in edits if edit.code not in refused]
        written = {outcome.code: outcome for outcome in self._write(others, stamp)} if others else {}
        return [written[edit.code] if edit.code in written else self._rejected(edit, refused) for edit in edits]

    def close(self) -> None:
        """Give the lock and the connections back."""
        self._let_go()
        super().close()

    # --- years --------------------------------------------------------------------------------------------------------

    def _first_day(self) -> date | None:
        """The first day that the database in use answers for; null when it is the only one."""
        return self._account.current.first_day if len(self._account.databases) > 1 else None

    def _earlier_years(self) -> tuple[list[Source], list[Message]]:
        sources: list[Source] = []
        lost: list[Message] = []
        years = self._account.databases
        with self._reading() as connection:
            for year, following in pairwise(years):
                catalog = known_names(found_columns(connection, year.name)) if year.accessible else {}
                source = Source(
                    f"{quoted(year.name)}.dbo",
                    catalog,
                    first=year.first_day if year is not years[0] else None,
                    after=following.first_day,
                )
                if source.has(*_DOCUMENTS):
                    sources.append(source)
                else:
                    lost.append(
                        msg(
                            "The database {database} cannot be read: what happened in its years, until {day}, is not"
                            " known.",
                            database=year.name,
                            day=following.first_day,
                        )
                    )
        return sources, lost

    def _sources(self) -> tuple[Source, ...]:
        return self._years

    # --- writing ------------------------------------------------------------------------------------------------------

    def _write(self, edits: Sequence[Edit], stamp: Stamp) -> list[EditOutcome]:
        with self._batch() as connection:
            return write_batch(connection, self._dialect, self._archive, edits, stamp)

    @contextmanager
    def _batch(self) -> Iterator[Connection]:
        """The writing connection for one transaction; any error gives it up, and with it what was not committed."""
        connection = self._hold()
        try:
            yield connection
        except DBAPIError as error:
            self._let_go()
            if classify(read_fault(error.orig or error), "write").meaning == "row":
                raise _RowRefusedError(str(self._server.translate(error, "write"))) from None
            raise self._server.translate(error, "write") from None
        except BaseException:
            self._let_go()
            raise

    def _refused(self, edits: Sequence[Edit], stamp: Stamp) -> dict[CustomerCode, str]:
        """The edits that the server refuses, each with its words: halves are tried and undone until each is alone."""
        words = self._trial(edits, stamp)
        if words is None:
            return {}
        if len(edits) == 1:
            return {edits[0].code: words}
        middle = len(edits) // 2
        return self._refused(edits[:middle], stamp) | self._refused(edits[middle:], stamp)

    def _trial(self, edits: Sequence[Edit], stamp: Stamp) -> str | None:
        """Stage some edits and undo them; what the server says against them, null when nothing."""
        try:
            with self._batch() as connection:
                stage_batch(connection, self._dialect, self._archive, edits, stamp)
                connection.exec_driver_sql("ROLLBACK TRANSACTION")
        except _RowRefusedError as refused:
            return str(refused)
        return None

    def _rejected(self, edit: Edit, refused: Mapping[CustomerCode, str]) -> EditOutcome:
        reading = self.read([edit.code], sorted(edit.before)).get(edit.code)
        if reading is None:
            return EditOutcome(edit.code, "gone", seen={})
        return EditOutcome(edit.code, "rejected", reading.values, reading.version, detail=refused[edit.code])

    # --- the connection that holds the lock ---------------------------------------------------------------------------

    def _hold(self) -> Connection:
        """The writing connection, with the lock seen to be there. Nothing of a batch was sent when this fails."""
        try:
            with self._server.telling("connect"):
                if self._writer is not None and self._writer.execute(_HELD, {"resource": LOCK}).scalar() == "Exclusive":
                    return self._writer
                self._let_go()
                self._refuse_privileged()
                self._writer = self._server.engine(self._account.current.name, writing=True).connect()
                # After a lost connection the server may take a while to see that its session is gone, and its lock.
                wait_s = self._server.options.lock_timeout_s if self._claimed else 0
                result = self._writer.execute(_TAKE, {"resource": LOCK, "wait_ms": wait_s * 1000}).scalar_one()
        except BaseException:
            self._let_go()
            raise
        if result < 0:
            holder = self._holder(self._writer)
            self._let_go()
            raise self._locked_out(holder)
        self._claimed = True
        return self._writer

    def _holder(self, connection: Connection) -> Message | None:
        """Who has the lock, as the server tells it; null when the login may not ask, or it was given back just now."""
        try:
            rows = connection.execute(_HOLDERS).all()
        except DBAPIError:
            return None
        for row in rows:
            if f"[{LOCK}]" in str(row.resource_description):
                return msg(
                    "{program} on {host}, login {login}, session {session}, since {since} by the server's clock",
                    program=str(row.program_name or "?").strip(),
                    host=str(row.host_name or "?").strip(),
                    login=row.login_name,
                    session=row.session_id,
                    since=f"{row.login_time:%Y-%m-%d %H:%M:%S}",
                )
        return None

    def _locked_out(self, holder: Message | None) -> LockHeldError | TransientError:
        where = self._account.current.name
        if self._claimed:
            return TransientError(
                msg("The lock of {database} was lost with the connection and is not free yet.", database=where),
                hint=msg("Nothing of this batch was sent. Another u8sync may have begun to write meanwhile."),
            )
        if holder is None:
            return LockHeldError(
                msg("Another u8sync is writing to {database}, here or on another machine.", database=where),
                hint=msg(
                    "Nothing was written. Wait until it is done. The server lists its program as {name}; who it is can"
                    " be said here when the login has the right VIEW SERVER STATE.",
                    name=LOCK,
                ),
            )
        return LockHeldError(
            msg("Another u8sync is writing to {database}: {holder}", database=where, holder=holder),
            hint=msg("Nothing was written. Wait until it is done. The lock goes with its connection."),
        )

    def _refuse_privileged(self) -> None:
        if self._identity.too_much and self._server.options.allow_overprivileged is None:
            raise RefusedError(
                msg(
                    "The login {login} may do too much to be used for writing: {rights}.",
                    login=self._identity.login,
                    rights=", ".join(self._identity.too_much),
                ),
                hint=msg(
                    "Use a login made with the script of 'u8sync grants', or say why not: allow_overprivileged in"
                    " the configuration file."
                ),
            )

    def _let_go(self) -> None:
        """Close the writing connection; the server undoes what it had begun and frees the lock."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(DBAPIError):
                writer.invalidate()
                writer.close()


class _RowRefusedError(Exception):
    """The server refused a value; the transaction is undone."""


_DOCUMENTS: Final = tuple(column for column in REQUIRED if column.table is not Customer)

_CONSISTENCY: Final = msg(
    "Customers and documents were read one after the other while people worked (READ COMMITTED): what was saved"
    " meanwhile may show in one and not in the other. Each customer is compared again in the moment it is written."
)
