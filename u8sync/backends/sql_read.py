"""Reading the customer archive with SQL, column by column, in the raw forms that backends promise.

What a site's archive can offer is discovered once (:class:`Archive`); after that every statement is built from it, so
that a column which is not known, not there or personal can never get into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, func, inspect, select

from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.u8_schema import ARCHIVE, METADATA, REQUIRED_TABLES, WRITABLE, Customer
from u8sync.domain.model import CustomerCode
from u8sync.errors import FatalError
from u8sync.ports import Progress, Reading
from u8sync.text import msg

__all__ = ["Archive", "discover", "filled", "read_all", "read_some"]

CHUNK: Final = 500
"""Keys in one statement: SQL Server takes 2,100 parameters, old SQLite builds 999."""

_KEY: Final = Customer.c.cCusCode


@dataclass(frozen=True)
class Archive:
    """What an account set has of the tables and columns that u8sync knows.

    Attributes:
        tables: The tables of :mod:`u8sync.backends.u8_schema` that exist.
        readable: Columns of the customer archive that exist and may be read.
        widths: Column that exists and may be written -> most characters it takes.
        stamps: The bookkeeping columns that exist, of ``cModifyPerson`` and ``dModifyDate``.
    """

    tables: frozenset[str]
    readable: frozenset[str]
    widths: Mapping[str, int]
    stamps: frozenset[str]


def discover(connection: Connection, dialect: SqlDialect) -> Archive:
    """Look at what the database has. Raises FatalError when it is no U8 account set."""
    inspector = inspect(connection)
    # U8's own programs mix upper and lower case in names; SQL Server and SQLite both read them alike.
    present = {name.casefold() for name in (*inspector.get_table_names(), *inspector.get_view_names())}
    tables = frozenset(name for name in METADATA.tables if name.casefold() in present)
    missing = [table.name for table in REQUIRED_TABLES if table.name not in tables]
    if not missing:
        found = {column["name"].casefold(): column["type"] for column in inspector.get_columns(Customer.name)}
        missing = [f"{Customer.name}.{name}" for name in ("cCusCode", "pubufts") if name.casefold() not in found]
    if missing:
        raise FatalError(
            msg(
                "{database} is not a U8 account set: {names} not found.",
                database=dialect.place,
                names=", ".join(missing),
            ),
            hint=msg("Check the name of the database; a U8 account set is usually called UFDATA_<code>_<year>."),
        )
    return Archive(
        tables=tables,
        readable=frozenset(name for name in ARCHIVE if name.casefold() in found),
        widths={
            name: getattr(found[name.casefold()], "length", None) or ARCHIVE[name].width or 0
            for name in WRITABLE
            if name.casefold() in found
        },
        stamps=frozenset(name for name in ("cModifyPerson", "dModifyDate") if name.casefold() in found),
    )


def read_all(
    connection: Connection, dialect: SqlDialect, columns: Sequence[str], progress: Progress, *, page: int
) -> pl.DataFrame:
    """All customers, ``n × (code, *columns)``, all String; ``page`` rows at a time by key."""
    progress.start(msg("Reading customers"), connection.scalar(select(func.count()).select_from(Customer)))
    query = select(_KEY.label("code"), *_raw(dialect, columns)).order_by(_KEY).limit(page)
    schema = {name: pl.String() for name in ("code", *columns)}
    pages = [pl.DataFrame(schema=schema)]
    last: str | None = None
    while True:
        rows = connection.execute(query if last is None else query.where(Customer.c.cCusCode > last)).all()
        if rows:
            values = zip(*rows, strict=True)
            pages.append(
                pl.DataFrame(
                    [
                        pl.Series(name, _plain(name, column), dtype=pl.String)
                        for name, column in zip(schema, values, strict=True)
                    ]
                )
            )
            last = rows[-1][0]
            progress.advance(len(rows))
        if len(rows) < page:
            break
    progress.finish()
    return pl.concat(pages)


def read_some(
    connection: Connection, dialect: SqlDialect, codes: Sequence[CustomerCode], columns: Sequence[str]
) -> dict[CustomerCode, Reading]:
    """Some customers, with their row versions; absent from the answer when they do not exist."""
    query = select(_KEY, *_raw(dialect, ["pubufts", *columns]))
    readings: dict[CustomerCode, Reading] = {}
    for start in range(0, len(codes), CHUNK):
        for code, version, *values in connection.execute(query.where(_KEY.in_(codes[start : start + CHUNK]))):
            plain = (_plain(name, [value])[0] for name, value in zip(columns, values, strict=True))
            readings[CustomerCode(code)] = Reading(dict(zip(columns, plain, strict=True)), version)
    return readings


def filled(column: Column[str]) -> ColumnElement[bool]:
    """Neither NULL nor '' nor blanks: U8 leaves nothing in any of these forms."""
    return func.rtrim(func.coalesce(column, "")) != ""


def _raw(dialect: SqlDialect, columns: Iterable[str]) -> list[Any]:
    return [dialect.raw(Customer.c[name], ARCHIVE[name].kind).label(f"raw_{name}") for name in columns]


def _plain(name: str, values: Sequence[Any]) -> Sequence[str | None]:
    """Floats as plain decimals, the shortest that mean the same number; other values are raw text already."""
    if name not in ARCHIVE or ARCHIVE[name].kind != "float":
        return values
    return [None if value is None else _decimal(value) for value in values]


def _decimal(value: float | Decimal) -> str:
    text = repr(value)
    if isinstance(value, float) and "e" not in text and value:  # nearly all, and much faster
        return text.removesuffix(".0")
    number = Decimal(text) if isinstance(value, float) else Decimal(value)
    return f"{number.normalize():f}" if number else "0"
