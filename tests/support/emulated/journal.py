"""What was committed, change by change: for tests to hold against what u8sync says that it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from emulated.catalogue import Database
from emulated.errors import NotModelledError
from emulated.sqltypes import reader
from emulated.store import Note

__all__ = ["Change", "change_of"]


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


def change_of(application: str, spid: int, note: Note, database: Database) -> Change:
    """The change that a trigger noted, its values as a client sees them."""
    name, table_name, key, what, old, new = note
    if what in ("INSERT", "DELETE") and old is None and new is None:
        return Change(application, spid, name, table_name, key, what, None, None, None)  # type: ignore[arg-type]
    schema, _, bare = table_name.rpartition(".")
    table = database.table(bare, schema or "dbo")
    column = table.column(what) if table else None
    if column is None:
        raise NotModelledError(f"a change to {table_name}.{what}, which is gone")
    read = reader(column.type)
    old, new = (value if read is None or value is None else read(value) for value in (old, new))
    return Change(application, spid, name, table_name, key, "UPDATE", what, old, new)
