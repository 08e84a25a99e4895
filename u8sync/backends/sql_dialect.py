"""What differs from one database to another, one method for each difference. Everything else is shared SQL.

The statements of :mod:`u8sync.backends.sql` and its neighbours use only what SQL Server 2008 R2 and SQLite both
understand once SQLAlchemy has spelled it out: TOP or LIMIT, but no OFFSET, MERGE or OUTPUT.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast
from sqlalchemy.exc import DBAPIError

from u8sync.backends.u8_schema import Kind
from u8sync.domain.model import CustomerCode
from u8sync.errors import BackendError
from u8sync.ports import Edit

__all__ = ["SqlDialect"]


class SqlDialect(ABC):
    """The differences of one database.

    Attributes:
        name: ``AccountSet.backend``.
        server: ``AccountSet.server``.
        place: What messages call the database, with no secret in it.
        exact_codes: Whether two codes are equal only when they are spelt alike.
    """

    exact_codes = False
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

    def code(self, column: ColumnElement[str]) -> ColumnElement[str]:
        """A customer's code of any database, so that it can be compared with one of the archive."""
        return column

    @abstractmethod
    def found(self, connection: Connection) -> Mapping[str, Mapping[str, int | None]]:
        """Table or view -> column -> most characters (null: no text), as far as they exist and may be read."""

    @abstractmethod
    def raw_day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A datetime column as ``YYYY-MM-DD``."""

    @abstractmethod
    def raw_month(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The month of a datetime column as ``YYYY-MM``."""

    @abstractmethod
    def raw_rowversion(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A row version as ``0x`` and 16 hex digits."""

    @abstractmethod
    def money_units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """A sum of money as a whole number of ten-thousandths: exact, and quick to fetch in quantity."""

    def by_column(self, query: Select[Any]) -> Select[Any] | None:  # noqa: ARG002
        """The same in one row, each column as the text of a JSON array; null: this database gives rows only."""
        return None

    @abstractmethod
    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction in which several reads see one state, as far as the database can without locks."""

    def one_state(self, connection: Connection) -> bool:  # noqa: ARG002
        """Whether a connection that begins to read now sees the same state as this one, as far as any two reads do."""
        return True

    @abstractmethod
    def begin_write(self, connection: Connection) -> None:
        """Begin a transaction in which no row that is read can be changed by another until it ends."""

    @abstractmethod
    def update(
        self,
        connection: Connection,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, str | None]],
        stamps: Mapping[str, object],
    ) -> dict[CustomerCode, str]:
        """Write some customers whose rows :meth:`begin_write` and a locking read hold still.

        Args:
            connection: In the transaction.
            columns: Archive columns to write.
            rows: One a customer: ``key``, ``version`` (the row version that was read), and ``new_<column>``.
            stamps: Bookkeeping column -> value, the same for all.

        Returns:
            The customers that the database refused, each with its words; all others are written.
        """

    def leave_receipts(self, connection: Connection, edits: Sequence[Edit]) -> None:  # noqa: B027
        """Leave a receipt for each of these edits in the transaction that makes them, where the database keeps any."""

    def receipts(self, connection: Connection, op_ids: Sequence[str]) -> frozenset[str] | None:  # noqa: ARG002
        """Which of these operations left a receipt; null where none are kept."""
        return None

    @abstractmethod
    def commit(self, connection: Connection) -> None:
        """End the transaction. Raises DBAPIError, which :meth:`translate_commit` understands."""

    @abstractmethod
    def translate(self, error: DBAPIError) -> BackendError:
        """What an error before the commit means; the transaction is then rolled back for certain."""

    @abstractmethod
    def translate_commit(self, connection: Connection, error: DBAPIError) -> BackendError:
        """What an error of the commit itself means: rolled back for certain, or not known."""
