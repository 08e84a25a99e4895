"""What only SQL Server does: its forms of values, its catalog, its transactions. T-SQL of 2008 R2 throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Numeric,
    String,
    Table,
    Unicode,
    cast,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_write import update_one
from u8sync.backends.sqlserver.connect import Server
from u8sync.backends.u8_schema import TABLES, Kind
from u8sync.domain.model import CustomerCode
from u8sync.errors import BackendError
from u8sync.ports import Edit

__all__ = ["SqlServerDialect", "found_columns", "literal", "quoted", "set_update"]

PARAMETERS: Final = 2000
"""Most parameters in one statement; the server takes 2,100."""


def quoted(name: str) -> str:
    """A name in brackets."""
    return f"[{name.replace(']', ']]')}]"


def literal(words: str) -> str:
    """Text in T-SQL, in Unicode."""
    return "N'" + words.replace("'", "''") + "'"


def found_columns(connection: Connection, database: str | None) -> dict[str, dict[str, int | None]]:
    """What of U8's tables and views a database has, of those columns that the login may read.

    Args:
        connection: Where to ask.
        database: Another database than the connection's own; null for that.
    """
    there = "" if database is None else f"{quoted(database)}."
    # Nothing in this text comes from outside but the database's name, which is quoted.
    tables = ", ".join(literal(name) for name in TABLES)
    query = text(
        "SELECT o.name, c.name, t.name, c.max_length,"  # noqa: S608
        f" HAS_PERMS_BY_NAME({literal(f'{there}[dbo].')} + QUOTENAME(o.name), N'OBJECT', N'SELECT', c.name, N'COLUMN')"
        f" FROM {there}sys.objects AS o"
        f" JOIN {there}sys.schemas AS s ON s.schema_id = o.schema_id"
        f" JOIN {there}sys.columns AS c ON c.object_id = o.object_id"
        f" JOIN {there}sys.types AS t ON t.user_type_id = c.user_type_id"
        f" WHERE s.name = N'dbo' AND o.type IN ('U', 'V') AND o.name IN ({tables})"
    )
    found: dict[str, dict[str, int | None]] = {}
    for table, column, type_, length, allowed in connection.execute(query):
        if allowed == 0:
            continue
        found.setdefault(table, {})[column] = _characters(type_, length)
    return found


def _characters(type_: str, length: int) -> int | None:
    """Most characters of a text column; null for other types and for (max)."""
    if type_ not in ("nvarchar", "nchar", "varchar", "char") or length < 0:
        return None
    # A Chinese character takes two bytes in the code page of old versions, too.
    return length // 2


def set_update(
    columns: Sequence[str], rows: Sequence[Mapping[str, str | None]], stamps: Mapping[str, object]
) -> tuple[str, tuple[object, ...]]:
    """The one statement that writes many customers, and its parameters; see :meth:`SqlServerDialect.update`.

    Written out by hand: SQLAlchemy takes longer to put so many parameters together than the server to carry them out.
    """
    new = [f"new_{column}" for column in columns]
    names = ["key", "version", *new]
    settings = [f"{quoted(column)} = ?" for column in stamps]
    settings += [f"{quoted(column)} = planned.{quoted(name)}" for column, name in zip(columns, new, strict=True)]
    parameters: list[object] = list(stamps.values())
    lines = []
    for row in rows:
        values = [row[name] for name in names]
        # A parameter that is null has no type of its own, and drivers ask the server for one.
        lines.append(f"({', '.join('NULL' if value is None else '?' for value in values)})")
        parameters += (value for value in values if value is not None)
    statement = (
        f"UPDATE [Customer] SET {', '.join(settings)}"  # noqa: S608 - names of our own tables and columns
        f" FROM [Customer] INNER JOIN (VALUES {', '.join(lines)}) AS planned ({', '.join(map(quoted, names))})"
        " ON [Customer].[cCusCode] = planned.[key]"
        " AND CONVERT(varchar(18), CONVERT(binary(8), [Customer].[pubufts]), 1) = planned.[version]"
    )
    return statement, tuple(parameters)


class SqlServerDialect(SqlDialect):
    """What only SQL Server does."""

    name = "sqlserver"

    def __init__(self, server: Server, *, server_name: str) -> None:
        self.server = server_name
        self.place = server.place
        self._reached = server
        self._one_by_one = server.options.write_form == "row"
        self._receipts = None if server.options.receipts is None else _receipt_table(server.options.receipts)

    def raw(self, column: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
        """Flags and whole numbers as text."""
        if kind in ("bit", "int"):
            return cast(column, Unicode(40))
        return super().raw(column, kind)

    def raw_day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Style 120 is ``YYYY-MM-DD HH:MI:SS``."""
        return func.convert(literal_column("varchar(10)"), column, literal_column("120"), type_=Unicode(10))

    def raw_month(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The beginning of style 120."""
        return func.convert(literal_column("varchar(7)"), column, literal_column("120"), type_=Unicode(7))

    def raw_rowversion(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Style 1 is ``0x`` and hex digits."""
        bytes_ = func.convert(literal_column("binary(8)"), column)
        return func.convert(literal_column("varchar(18)"), bytes_, literal_column("1"), type_=Unicode(18))

    def money_units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """By way of a decimal: a product of ``money`` would overflow at a tenth of what a sum may be."""
        return cast(cast(amount, Numeric(38, 4)) * literal_column("10000"), BigInteger)

    def code(self, column: ColumnElement[str]) -> ColumnElement[str]:
        """In the collation of the database in use: those of two databases may differ."""
        return column.op("COLLATE")(literal_column("DATABASE_DEFAULT"))

    def found(self, connection: Connection) -> dict[str, dict[str, int | None]]:
        """By the catalog views."""
        return found_columns(connection, None)

    def begin_read(self, connection: Connection) -> None:
        """Every statement reads what is committed when it runs: READ COMMITTED, without a transaction to hold."""

    def begin_write(self, connection: Connection) -> None:
        """Rows are held still by the locking read that follows."""
        connection.exec_driver_sql("BEGIN TRANSACTION")

    def update(
        self,
        connection: Connection,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, str | None]],
        stamps: Mapping[str, object],
    ) -> dict[CustomerCode, str]:
        """One statement for many rows, or one for each. A refused value undoes the transaction and is raised."""
        if self._one_by_one:
            for row in rows:
                connection.execute(update_one(columns, stamps), row)
            return {}
        size = (PARAMETERS - len(stamps)) // (len(columns) + 2)
        for start in range(0, len(rows), size):
            connection.exec_driver_sql(*set_update(columns, rows[start : start + size], stamps))
        return {}

    def leave_receipts(self, connection: Connection, edits: Sequence[Edit]) -> None:
        """One row for each edit that has a name."""
        rows = [{"op_id": edit.op_id, "cCusCode": edit.code} for edit in edits if edit.op_id]
        if self._receipts is not None and rows:
            connection.execute(insert(self._receipts).values(rows))

    def receipts(self, connection: Connection, op_ids: Sequence[str]) -> frozenset[str] | None:
        """From the receipt table."""
        if self._receipts is None:
            return None
        name = self._receipts.c.op_id
        query = select(name).with_hint(self._receipts, "WITH (READCOMMITTEDLOCK)", "mssql")
        chunks = (op_ids[start : start + PARAMETERS] for start in range(0, len(op_ids), PARAMETERS))
        return frozenset(found for chunk in chunks for found in connection.scalars(query.where(name.in_(chunk))))

    def commit(self, connection: Connection) -> None:
        """A statement of its own, so that an error of it is known to be one of the commit."""
        connection.exec_driver_sql("COMMIT TRANSACTION")

    def translate(self, error: DBAPIError) -> BackendError:
        """An error of a read."""
        return self._reached.translate(error, "read")

    def translate_commit(self, connection: Connection, error: DBAPIError) -> BackendError:  # noqa: ARG002
        """An error of a commit."""
        return self._reached.translate(error, "commit")


def _receipt_table(name: str) -> Table:
    """The table of receipts: ``op_id`` varchar(64) primary key, ``cCusCode`` nvarchar(20)."""
    schema, table = name.split(".")
    return Table(
        table, MetaData(), Column("op_id", String(64), primary_key=True), Column("cCusCode", Unicode(20)), schema=schema
    )
