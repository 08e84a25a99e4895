"""What differs from one database to another, one method for each difference. Everything else is shared SQL.

The statements of :mod:`u8sync.backends.sql` and its neighbours use only what SQL Server 2008 R2 and SQLite both
understand once SQLAlchemy has spelled it out: TOP or LIMIT, but no OFFSET, MERGE or OUTPUT.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast
from sqlalchemy.exc import DBAPIError

from u8sync.backends.u8_schema import Kind
from u8sync.errors import BackendError

__all__ = ["SqlDialect"]


class SqlDialect(ABC):
    """The differences of one database.

    Attributes:
        name: ``AccountSet.backend``.
        server: ``AccountSet.server``.
        place: What messages call the database, with no secret in it.
    """

    name: str
    server: str
    place: str

    def raw(self, column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
        """The column in the raw form that backends promise, made by the server.

        Floats stay floats: no database writes them as plain decimals, so that is done after fetching.
        """
        match kind:
            case "date":
                return self.raw_day(column)
            case "rowversion":
                return self.raw_rowversion(column)
            case "bit" | "int":
                return cast(column, Text)
            case "text" | "float":
                return column

    @abstractmethod
    def raw_day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A datetime column as ``YYYY-MM-DD``."""

    @abstractmethod
    def raw_rowversion(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A row version as ``0x`` and 16 hex digits."""

    @abstractmethod
    def money_units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """A sum of money as a whole number of ten-thousandths: exact, and quick to fetch in quantity."""

    @abstractmethod
    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction in which several reads see one state, as far as the database can without locks."""

    @abstractmethod
    def begin_write(self, connection: Connection) -> None:
        """Begin a transaction in which no row that is read can be changed by another until it ends."""

    @abstractmethod
    def translate(self, error: DBAPIError) -> BackendError:
        """What an error before the commit means; the transaction is then rolled back for certain."""

    @abstractmethod
    def translate_commit(self, connection: Connection, error: DBAPIError) -> BackendError:
        """What an error of the commit itself means: rolled back for certain, or not known."""
