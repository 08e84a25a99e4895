"""What a database holds: its tables with SQL Server's types, and the SQLite statements that make them.

The tables of U8 come from :mod:`u8sync.backends.u8_schema`, so that there is one list of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Column as SchemaColumn
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import Table as SchemaTable

from emulated.sqltypes import TEXT, WHOLE, SqlType, parse_type
from u8sync.backends import u8_schema

__all__ = ["COUNTER", "SYSTEM_TABLES", "Column", "Database", "Table", "Trigger", "key_of", "quoted", "u8_tables"]

COUNTER: Final = "u8_counter"
"""The table, one row, behind all row versions of a database."""

SYSTEM_TABLES: Final = frozenset({"UA_Account", "UA_AccountDatabase", "UA_Period"})
"""Tables of UFSystem; all others of U8 are in the databases of the account sets."""

_OURS: Final = frozenset({"u8sync_sandbox", "u8_rowversion"})


@dataclass(frozen=True)
class Column:
    """A column; ``default`` is T-SQL as the catalogue shows it, and ``default_sql`` the same for SQLite."""

    name: str
    type: SqlType
    nullable: bool = True
    default: str | None = None
    default_sql: str | None = None
    identity: bool = False


@dataclass(frozen=True)
class Table:
    """A table; ``key`` and ``uniques`` by column name."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    schema: str = "dbo"
    object_id: int = 0

    @property
    def stored_name(self) -> str:
        """Its name in SQLite, which has no schemas."""
        return self.name if self.schema == "dbo" else f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """The column of this name, whatever its case."""
        return next((column for column in self.columns if column.name.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class Trigger:
    """A trigger of a table.

    Attributes:
        name: Its name.
        table: The table, in dbo.
        event: What it follows.
        body: SQLite statements for each row, with ``NEW`` and ``OLD``; ``SELECT u8_raise(number, 'text')`` raises.
        counts: Row counts that its own statements report to the client before that of the statement that fired it.
        single_row: It was written for one row at a time, and fails with error 512 when there are more.
        instead_of: It replaces the statement; then only its place in the catalogue is modelled.
        disabled: It does not fire.
    """

    name: str
    table: str
    event: str = "UPDATE"
    body: str = ""
    counts: tuple[int, ...] = ()
    single_row: bool = False
    instead_of: bool = False
    disabled: bool = False


@dataclass(eq=False)
class Database:
    """A database of the server; ``file`` is null for those that hold nothing, such as master."""

    name: str
    number: int
    file: Path | None
    collation: str
    created: datetime
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    schemas: list[str] = field(default_factory=lambda: ["dbo", "guest", "INFORMATION_SCHEMA", "sys"])
    triggers: list[Trigger] = field(default_factory=list)
    snapshot_reads: bool = True
    read_only: bool = False

    def table(self, name: str, schema: str | None = None) -> Table | None:
        """The table of this name, whatever its case; in dbo when no schema is given."""
        return self.tables.get(key_of(schema or "dbo", name))

    def add(self, table: Table) -> Table:
        """Enter a table, with an object_id of its own."""
        number = 565_577_053 + 16_000_057 * len(self.tables)
        while any(other.object_id == number for other in self.tables.values()):
            number += 32
        table = replace(table, object_id=number)
        self.tables[key_of(table.schema, table.name)] = table
        return table

    def triggers_of(self, table: Table, event: str) -> list[Trigger]:
        """The triggers that fire for an event."""
        return [
            trigger
            for trigger in self.triggers
            if trigger.table.casefold() == table.name.casefold() and trigger.event == event and not trigger.disabled
        ]

    def statements_for(self, table: Table) -> Iterator[str]:
        """The SQLite statements that make a table with all that hangs on it."""
        yield _create_table(table, self.collation)
        for columns in table.uniques:
            name = quoted(f"UQ_{table.stored_name}_{'_'.join(columns)}")
            yield f"CREATE UNIQUE INDEX {name} ON {quoted(table.stored_name)} ({_names(columns)})"
        for name, columns in table.indexes:
            yield f"CREATE INDEX {quoted(name)} ON {quoted(table.stored_name)} ({_names(columns)})"
        yield from _rowversion_triggers(table)
        yield from _journal_triggers(self.name, table)


def key_of(schema: str, name: str) -> tuple[str, str]:
    """How names are looked up."""
    return schema.casefold(), name.casefold()


def quoted(name: str) -> str:
    """An identifier for SQLite."""
    return '"' + name.replace('"', '""') + '"'


def _names(columns: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in columns)


# --- U8's tables ------------------------------------------------------------------------------------------------------


@cache  # a server is made for each of some thousand tests
def u8_tables(*, system: bool) -> Sequence[Table]:
    """The tables of UFSystem, or those of an account set's database."""
    return tuple(
        _from_schema(table)
        for table in u8_schema.METADATA.sorted_tables
        if table.name not in _OURS and (table.name in SYSTEM_TABLES) == system
    )


def _from_schema(table: SchemaTable) -> Table:
    key = tuple(column.name for column in table.primary_key.columns)
    uniques = [
        tuple(column.name for column in constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint) and not isinstance(constraint, PrimaryKeyConstraint)
    ]
    return Table(
        name=table.name,
        columns=tuple(_column(column, key) for column in table.columns),
        key=key,
        uniques=tuple(sorted(uniques)),
        indexes=tuple(
            sorted((str(index.name), tuple(column.name for column in index.columns)) for index in table.indexes)
        ),
    )


def _column(column: SchemaColumn[object], key: tuple[str, ...]) -> Column:
    type_ = parse_type(str(column.type.compile(dialect=mssql.dialect())))
    default = default_sql = None
    if column.server_default is not None and type_.name != "rowversion":
        given = getattr(column.server_default, "arg", None)
        if isinstance(given, str):
            default, default_sql = f"(N'{given}')", f"'{given}'"
        elif "CURRENT_TIMESTAMP" in str(given).upper():
            default, default_sql = "(getdate())", "(datetime('now', 'localtime'))"
        else:
            default, default_sql = f"(({given}))", str(given)
    return Column(
        name=column.name,
        type=type_,
        nullable=bool(column.nullable) and column.name not in key,
        default=default,
        default_sql=default_sql,
        identity=column.primary_key and column.autoincrement is not False and type_.name in WHOLE and len(key) == 1,
    )


# --- SQLite's statements ----------------------------------------------------------------------------------------------


def _create_table(table: Table, collation: str) -> str:
    numbering = _row_number(table)
    parts = [_define(column, collation, is_row_number=column.name == numbering) for column in table.columns]
    if table.key and table.key != (numbering,):
        parts.append(f"{'PRIMARY KEY' if numbering is None else 'UNIQUE'} ({_names(table.key)})")
    return f"CREATE TABLE {quoted(table.stored_name)} ({', '.join(parts)})"


def _row_number(table: Table) -> str | None:
    """The column that is SQLite's own row number, which counts by itself and makes joins quick."""
    identity = next((column.name for column in table.columns if column.identity), None)
    only = table.column(table.key[0]) if len(table.key) == 1 else None
    return identity or (only.name if only is not None and only.type.name in WHOLE else None)


def _define(column: Column, collation: str, *, is_row_number: bool) -> str:
    name, type_ = quoted(column.name), column.type
    if is_row_number:
        return f"{name} INTEGER PRIMARY KEY"
    kept = "INTEGER"
    if type_.name in TEXT:
        kept = f"TEXT COLLATE {quoted(collation)}"
    elif type_.name in ("datetime", "datetime2", "date"):
        kept = "TEXT"
    elif type_.name == "float":
        kept = "REAL"
    elif type_.name in ("binary", "varbinary"):
        kept = "BLOB"
    if type_.name == "rowversion":
        return f"{name} INTEGER NOT NULL DEFAULT 0"
    default = "" if column.default_sql is None else f" DEFAULT {column.default_sql}"
    return f"{name} {kept}{'' if column.nullable else ' NOT NULL'}{default}"


def _rowversion_triggers(table: Table) -> Iterator[str]:
    """Each insert and each update moves the one counter of the database and puts its value into the row."""
    moving = next((column.name for column in table.columns if column.type.name == "rowversion"), None)
    if moving is None:
        return
    name, column = quoted(table.stored_name), quoted(moving)
    for event, when in (("INSERT", ""), ("UPDATE", f"WHEN NEW.{column} IS OLD.{column}")):
        yield (
            f"CREATE TRIGGER {quoted(f'rowversion_{table.stored_name}_{event}')} AFTER {event} ON {name} {when} BEGIN"
            f" UPDATE {COUNTER} SET value = value + 1;"
            f" UPDATE {name} SET {column} = (SELECT value FROM {COUNTER}) WHERE rowid = NEW.rowid; END"
        )


def _journal_triggers(database: str, table: Table) -> Iterator[str]:
    """Tell ``u8_note`` of each change to a value."""
    name = quoted(table.stored_name)
    key = f"{{row}}.{quoted(table.key[0])}" if table.key else "{row}.rowid"
    said = "', '".join(name.replace("'", "''") for name in (database, table.stored_name))
    for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
        yield (
            f"CREATE TRIGGER {quoted(f'journal_{table.stored_name}_{event}')} AFTER {event} ON {name} BEGIN"
            f" SELECT u8_note('{said}', {key.format(row=row)}, '{event}', NULL, NULL); END"
        )
    notes = " ".join(
        f"SELECT u8_note('{said}', {key.format(row='NEW')}, '{column.name}', {old}, {new})"
        f" WHERE {old} COLLATE BINARY IS NOT {new};"
        for column in table.columns
        if column.type.name != "rowversion"
        for old, new in [(f"OLD.{quoted(column.name)}", f"NEW.{quoted(column.name)}")]
    )
    if notes:
        yield f"CREATE TRIGGER {quoted(f'journal_{table.stored_name}_UPDATE')} AFTER UPDATE ON {name} BEGIN {notes} END"
