"""A backend on SQL, shared by every database that holds U8's tables.

What lives here is the order of things: connect, begin, do, translate errors. What is read is in
:mod:`~u8sync.backends.sql_read`, :mod:`~u8sync.backends.sql_facts`, :mod:`~u8sync.backends.sql_limits` and
:mod:`~u8sync.backends.sql_glossary`, what is written in :mod:`~u8sync.backends.sql_write`, what differs between
databases in :mod:`~u8sync.backends.sql_dialect`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import MappingProxyType

import polars as pl
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from u8sync.backends.compare import check_columns, check_edits
from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_facts import read_facts
from u8sync.backends.sql_glossary import read_glossary
from u8sync.backends.sql_limits import read_limits
from u8sync.backends.sql_read import discover, read_all, read_some
from u8sync.backends.sql_source import Source
from u8sync.backends.sql_write import write_batch
from u8sync.domain.model import AccountSet, CustomerCode, Extra, Facts, Glossary, Period, Window
from u8sync.errors import TransientError
from u8sync.ports import ColumnLimit, Edit, EditOutcome, Progress, Reading, Stamp

__all__ = ["SqlBackend"]

PAGE = 20_000
"""Customers in one query."""


class SqlBackend(ABC):
    """One account set behind SQL; :class:`u8sync.ports.Backend` says what each method promises.

    Args:
        engine: Where to connect; every operation takes one connection and gives it back.
        dialect: What differs in this database.
        page: Customers in one query.
        readers: Sums of documents that are asked for at a time, each on a connection of its own.

    Raises:
        FatalError: The database is not reachable or holds no U8 account set.
        TransientError: It is busy.
    """

    way = "sql"
    read_only = False
    route: Mapping[str, str] = MappingProxyType({})
    most_edits: int | None = None
    late_s = 0.0

    def __init__(self, engine: Engine, dialect: SqlDialect, *, page: int = PAGE, readers: int = 1) -> None:
        self._engine = engine
        self._dialect = dialect
        self._page = page
        self._readers = readers
        with self._reading() as connection:
            self._archive = discover(connection, dialect)

    @abstractmethod
    def account_set(self) -> AccountSet:
        """Which account set this is."""

    def columns(self) -> frozenset[str]:
        """What the archive had when it was opened, of the columns that may be read."""
        return self._archive.readable

    def writable(self) -> Mapping[str, ColumnLimit]:
        """Read anew each time: consultants set items up while u8sync is open."""
        with self._reading() as connection:
            return read_limits(connection, self._archive)

    def glossary(self) -> Glossary:
        """From U8's own definitions, as far as their tables are there and may be read."""
        with self._reading() as connection:
            return read_glossary(connection, self._archive)

    def customers(self, columns: Sequence[str], progress: Progress) -> pl.DataFrame:
        """All customers, in one state of the database as far as it can offer that."""
        check_columns(columns, self._archive.readable)
        with self._reading() as connection:
            return read_all(connection, self._dialect, columns, progress, page=self._page)

    @abstractmethod
    def periods(self) -> tuple[Period, ...]:
        """The fiscal periods of the account set."""

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        """What the documents add up to, summed by the server."""
        with self._reading() as connection, self._reading_beside(connection) as beside:
            return read_facts(
                connection, self._dialect, self._sources(), window, progress, extras=extras, beside=beside
            )

    def _sources(self) -> tuple[Source, ...]:
        """The databases that hold documents, oldest first; the last one is the archive's own."""
        return (self._archive.source,)

    def read(self, codes: Sequence[CustomerCode], columns: Sequence[str]) -> Mapping[CustomerCode, Reading]:
        """Some customers, now."""
        check_columns(columns, self._archive.readable)
        with self._reading() as connection:
            return read_some(connection, self._dialect, codes, columns, lock=False)

    def claim(self) -> None:  # noqa: B027
        """Nothing to take: each batch takes its own lock."""

    def receipts(self, op_ids: Sequence[str]) -> frozenset[str] | None:
        """From the receipt table, where there is one."""
        with self._reading() as connection:
            return self._dialect.receipts(connection, op_ids)

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> Sequence[EditOutcome]:
        """Compare-and-set, one transaction."""
        check_edits(edits, readable=self._archive.readable, writable=self._archive.widths)
        if not edits:
            return []
        with self._connected() as connection:
            return write_batch(connection, self._dialect, self._archive, edits, stamp)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            # Leaving the block without a commit rolls back.
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise self._dialect.translate(error) from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._connected() as connection:
            self._dialect.begin_read(connection)
            yield connection

    @contextmanager
    def _reading_beside(self, connection: Connection) -> Iterator[list[Connection]]:
        """More connections that read the same state; fewer than wanted where the database gives no more just now."""
        with ExitStack() as opened:
            found: list[Connection] = []
            with suppress(TransientError):
                while len(found) + 1 < self._readers and self._dialect.one_state(connection):
                    found.append(opened.enter_context(self._reading()))
            yield found
