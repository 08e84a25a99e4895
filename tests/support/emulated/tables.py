"""Tables made, changed and filled: what the administrator's statements and the doors for tests do to SQLite's files."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulated.catalogue import COUNTER, SYSTEM_TABLES, Database, Table, key_of, quoted
from emulated.store import open_database

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["create_table", "drop_table", "fill_file", "make_file", "replace_table"]

_FIRST_ROW_VERSION = 2000


_made: dict[tuple[str, ...], bytes] = {}
"""What makes a file -> the file: most servers of the tests have the same tables, and a copy is quickly made."""


def make_file(database: Database, tables: Iterable[Table]) -> None:
    """Make the file of a database, with these tables, all of them empty."""
    file = Path(str(database.file))
    statements = tuple(statement for table in tables for statement in database.statements_for(database.add(table)))
    if statements not in _made:
        _make_anew(file, database, statements)
        _made[statements] = file.read_bytes()
    else:
        file.write_bytes(_made[statements])


def _make_anew(file: Path, database: Database, statements: Iterable[str]) -> None:
    connection = open_database(str(file), [database], lambda *_: None)
    # Readers and one writer at a time do not hinder each other; and no test survives the machine's end anyway.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.execute(f"CREATE TABLE {COUNTER} (value INTEGER NOT NULL)")
    connection.execute(f"INSERT INTO {COUNTER} VALUES ({_FIRST_ROW_VERSION})")
    for statement in statements:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()


def create_table(session: EmulatedSession, database: Database, table: Table) -> None:
    """Make an empty table."""
    session.write_directly(database, *_there(database, database.statements_for(table)))
    database.add(table)


def drop_table(session: EmulatedSession, database: Database, table: Table) -> None:
    """Remove a table."""
    session.write_directly(database, f"DROP TABLE {quoted(database.name)}.{quoted(table.stored_name)}")
    del database.tables[key_of(table.schema, table.name)]


def replace_table(session: EmulatedSession, database: Database, old: Table, new: Table) -> None:
    """Give a table other columns, indexes or another name; what it holds stays."""
    there = quoted(database.name)
    make, *rest = _there(database, database.statements_for(new))
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


def _there(database: Database, statements: Iterable[str]) -> list[str]:
    """The statements with the database's name where SQLite wants it: before what is made."""
    prefix = rf"\1{quoted(database.name)}."
    return [re.sub(r"^(CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER) )", prefix, statement) for statement in statements]


_filled: dict[tuple[object, ...], bytes] = {}
"""A file, what was to be copied into it -> the file with that in it."""

_LARGEST_KEPT: Final = 4_000_000
"""Bytes of a filled file."""


def fill_file(
    target: Database, source: Path, door_of: Callable[[str], AbstractContextManager[sqlite3.Connection]]
) -> None:
    """Copy an embedded account set into the file of a database; most servers of the tests get the same one.

    Args:
        target: The database; nobody has its file open, or what stands beside it says so.
        source: The embedded account set.
        door_of: A connection to the file of a database.
    """
    file = Path(str(target.file))
    key: tuple[object, ...] | None = None
    if not any(path.with_name(f"{path.name}-wal").exists() for path in (file, source)):
        units = [(t.name, c.name, c.type.units) for t in target.tables.values() for c in t.columns if c.type.units]
        key = (target.name, *units, *(hashlib.sha256(path.read_bytes()).digest() for path in (file, source)))
    if key in _filled:
        file.write_bytes(_filled[key])
        return
    with door_of(target.name) as door:
        _copy_account_set(door, source, target)
    if key is not None and file.stat().st_size <= _LARGEST_KEPT:
        _filled[key] = file.read_bytes()


def _copy_account_set(door: sqlite3.Connection, file: Path, target: Database) -> None:
    """The rows of an embedded account set that belong into a database, row versions as they are there."""
    door.execute("ATTACH ? AS source", [str(file)])
    present = {name.casefold(): name for (name,) in door.execute("SELECT name FROM source.sqlite_master")}
    system = target.name == "UFSystem"
    for table in target.tables.values():
        if table.name.casefold() in present and (table.name in SYSTEM_TABLES) == system:
            # What several databases of one account set say of the account is the same.
            _copy(door, table, present[table.name.casefold()], insert="INSERT OR IGNORE" if system else "INSERT")


def _copy(door: sqlite3.Connection, table: Table, source: str, *, insert: str) -> None:
    there = {row[1].casefold() for row in door.execute(f"PRAGMA source.table_info({quoted(source)})")}
    columns = [column for column in table.columns if column.name.casefold() in there]
    names = ", ".join(quoted(column.name) for column in columns)
    values = ", ".join(
        f"CAST(round({quoted(column.name)} * 1e{column.type.units}) AS INTEGER)"
        if column.type.name == "decimal"
        else quoted(column.name)
        for column in columns
    )
    name = quoted(table.stored_name)
    made = "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    triggers = door.execute(made, [table.stored_name]).fetchall()
    door.execute("BEGIN")
    for trigger, _ in triggers:
        door.execute(f"DROP TRIGGER main.{quoted(trigger)}")
    door.execute(f"{insert} INTO main.{name} ({names}) SELECT {values} FROM source.{quoted(source)}")
    moving = next((column.name for column in columns if column.type.name == "rowversion"), None)
    if moving is not None:
        latest = f"(SELECT coalesce(max({quoted(moving)}), 0) FROM main.{name})"
        door.execute(f"UPDATE main.{COUNTER} SET value = max(value, {latest})")
    for _, statement in triggers:
        door.execute(statement)
    door.execute("COMMIT")
