"""Names in a query: which sources it reads, what columns they have, and what an expression is worth to its reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulated.catalogue import Database, Table
from emulated.errors import SqlError
from emulated.sqltypes import SqlType

__all__ = ["Need", "Output", "Scope", "Source", "Typed"]


@dataclass(frozen=True)
class Typed:
    """An expression in SQLite's words, and its type; ``collated`` when SQLite knows its collation by itself."""

    sql: str
    type: SqlType
    collated: bool = False


@dataclass(frozen=True)
class Output:
    """A column of a query's result."""

    name: str
    type: SqlType


@dataclass(frozen=True)
class Need:
    """A permission that a statement asks for; no columns means the table itself."""

    permission: str
    database: str
    table: Table
    columns: frozenset[str]


@dataclass(frozen=True)
class Source:
    """Something behind FROM: a table, a system view, a query or VALUES.

    Attributes:
        alias: What it is called in the query.
        sql_name: What it is called in SQLite.
        columns: Column in lower case -> what it is called there and its type.
        names: The columns in order, as they are shown.
        database: Where a table or view is; null for the others.
        table: The table, if it is one.
        aliased: Whether the query gave the name.
    """

    alias: str
    sql_name: str
    columns: Mapping[str, tuple[str, SqlType]]
    names: tuple[str, ...]
    database: Database | None = None
    table: Table | None = None
    schema: str = ""
    aliased: bool = False


@dataclass
class Scope:
    """The sources that a query's expressions may name, its own first, then those of the query around it.

    Attributes:
        sources: In order.
        parent: The query around it.
        grouped: What GROUP BY names, in SQLite's words; null when nothing is grouped.
        in_aggregate: Whether the expression stands inside an aggregate.
    """

    sources: list[Source] = field(default_factory=list)
    parent: Scope | None = None
    grouped: frozenset[str] | None = None
    in_aggregate: bool = False

    def add(self, source: Source) -> None:
        """Enter a source. Raises SqlError 1011 or 1013 for a name that is taken."""
        for other in self.sources:
            if other.alias.casefold() == source.alias.casefold() and (
                (source.aliased or other.aliased) or source.database is other.database
            ):
                raise SqlError(
                    1011, f"The correlation name '{source.alias}' is specified multiple times in a FROM clause."
                )
        self.sources.append(source)

    def find(self, column: str, qualifier: tuple[str, ...]) -> tuple[Source, Scope] | None:
        """The source that has a column, here or further out.

        Args:
            column: Its name.
            qualifier: What stands before it, the outermost first: database, schema, source.

        Raises:
            SqlError: 209 when it is in more than one.
        """
        key = column.casefold()
        candidates = [source for source in self.sources if not qualifier or _is_called(source, qualifier)]
        found = [source for source in candidates if key in source.columns]
        if len(found) > 1:
            raise SqlError(209, f"Ambiguous column name '{column}'.")
        if found:
            return found[0], self
        if candidates and qualifier:
            raise SqlError(207, f"Invalid column name '{column}'.")
        return self.parent.find(column, qualifier) if self.parent else None


def _is_called(source: Source, qualifier: tuple[str, ...]) -> bool:
    *outer, name = (part.casefold() for part in qualifier)
    if source.alias.casefold() != name:
        return False
    if not outer:
        return True
    if source.aliased or source.database is None:
        return False
    schema, *rest = reversed(outer)
    return source.schema.casefold() == (schema or "dbo") and (
        not rest or not rest[0] or source.database.name.casefold() == rest[0]
    )
