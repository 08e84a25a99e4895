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
from sqlalchemy import Connection, func, select

from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_source import Catalog, Source
from u8sync.backends.u8_schema import ARCHIVE, REQUIRED, STAMPS, TABLES, WRITABLE, Customer
from u8sync.domain.frames import slim
from u8sync.domain.model import CustomerCode
from u8sync.errors import FatalError, TransientError
from u8sync.ports import Progress, Reading
from u8sync.text import msg

__all__ = ["Archive", "discover", "known_names", "read_all", "read_some"]

CHUNK: Final = 500
"""Keys in one statement: SQL Server takes 2,100 parameters, old SQLite builds 999."""

_KEY: Final = Customer.c.cCusCode


@dataclass(frozen=True)
class Archive:
    """What an account set has of the tables and columns that u8sync knows.

    Attributes:
        source: The database that holds the archive.
        readable: Columns of the customer archive that exist and may be read.
        widths: Column that exists and may be written -> most characters it takes.
        stamps: The bookkeeping columns that exist, of ``cModifyPerson`` and ``dModifyDate``.
    """

    source: Source
    readable: frozenset[str]
    widths: Mapping[str, int]
    stamps: frozenset[str]


def known_names(found: Mapping[str, Mapping[str, int | None]]) -> Catalog:
    """What was found, in our spelling and as far as u8sync knows it: U8's own programs mix upper and lower case."""
    folded = {table.casefold(): {c.casefold(): w for c, w in columns.items()} for table, columns in found.items()}
    return {
        name: {
            column.name: folded[name.casefold()][column.name.casefold()]
            for column in table.columns
            if column.name.casefold() in folded[name.casefold()]
        }
        for name, table in TABLES.items()
        if name.casefold() in folded
    }


def discover(connection: Connection, dialect: SqlDialect) -> Archive:
    """Look at what the database has. Raises FatalError when it is no U8 account set, or not ours to read."""
    source = Source(None, known_names(dialect.found(connection)))
    missing = [
        f"{column.table.name}.{column.name}" if column.table.name in source.catalog else column.table.name
        for column in REQUIRED
        if not source.has(column)
    ]
    if missing:
        raise FatalError(
            msg(
                "{database} is not a U8 account set that can be read: {names} not found.",
                database=dialect.place,
                names=", ".join(dict.fromkeys(missing)),
            ),
            hint=msg(
                "Check the name of the database (usually UFDATA_<code>_<year>) and the rights of the login:"
                " 'u8sync doctor' names each one that is missing."
            ),
        )
    columns = source.catalog[Customer.name]
    return Archive(
        source=source,
        readable=frozenset(name for name in ARCHIVE if name in columns),
        widths={name: columns[name] or ARCHIVE[name].width or 0 for name in WRITABLE if name in columns},
        stamps=frozenset(name for name in STAMPS if name in columns),
    )


def read_all(
    connection: Connection, dialect: SqlDialect, columns: Sequence[str], progress: Progress, *, page: int
) -> pl.DataFrame:
    """All customers, ``n × (code, *columns)``, all String; ``page`` rows at a time by key.

    Raises TransientError when there were more: a page that was cut short looks like the last one.
    """
    count = select(func.count(_KEY))  # COUNT(*) asks for a right on the whole table
    total = connection.execute(count).scalar_one()
    progress.start(msg("Reading customers"), total)
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
    frame = slim(pl.concat(pages))
    # People add and delete customers meanwhile, so one of the two counts may be off, but not both.
    if frame.height < min(total, connection.execute(count).scalar_one()):
        raise TransientError(
            msg(
                "{database} gave {read} customers, and counts {total}.",
                database=dialect.place,
                read=frame.height,
                total=total,
            ),
            hint=msg("Run the command again. If this goes on, check the network and the driver."),
        )
    return frame


def read_some(
    connection: Connection, dialect: SqlDialect, codes: Sequence[CustomerCode], columns: Sequence[str], *, lock: bool
) -> dict[CustomerCode, Reading]:
    """Some customers, with their row versions; absent from the answer when they do not exist.

    Args:
        connection: Where to read.
        dialect: How to write raw forms.
        codes: The customers.
        columns: Of the archive.
        lock: Whether nobody may change these rows until the transaction ends. In SQL Server a read without it waits
            for transactions that have changed a row: with row versioning it would otherwise tell the value before a
            commit that is still to come.
    """
    hint = "WITH (UPDLOCK, ROWLOCK)" if lock else "WITH (READCOMMITTEDLOCK)"
    query = select(_KEY, *_raw(dialect, ["pubufts", *columns])).with_hint(Customer, hint, "mssql")
    readings: dict[CustomerCode, Reading] = {}
    for start in range(0, len(codes), CHUNK):
        rows = connection.execute(query.where(_KEY.in_(codes[start : start + CHUNK]))).all()
        for (code, version, *_), values in zip(rows, _by_row(rows, columns), strict=True):
            readings[CustomerCode(code)] = Reading(dict(zip(columns, values, strict=True)), version)
    return readings


def _by_row(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> Iterable[Sequence[str | None]]:
    """The values behind code and version, as raw text."""
    by_column = list(zip(*rows, strict=True))[2:]
    plain = [_plain(name, values) for name, values in zip(columns, by_column, strict=True)] if rows else []
    return zip(*plain, strict=True) if plain else ((),) * len(rows)


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
