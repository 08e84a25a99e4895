"""A database that holds documents of an account set, what it has of U8's columns, and the conditions built on that.

U8 versions differ, and so do rights: a condition on a column that cannot be read is left out, and the reader is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Integer,
    MetaData,
    Select,
    Table,
    Unicode,
    and_,
    cast,
    func,
    select,
    true,
)

from u8sync.backends.u8_schema import AccInformation, SaleBillVouch, SOSOMain
from u8sync.domain.model import Window
from u8sync.text import Message, msg

__all__ = [
    "ARCHIVE_KEY",
    "LOSSES",
    "Catalog",
    "Source",
    "approved_invoice",
    "approved_order",
    "filled",
    "module_start",
    "off",
    "within",
]

Catalog = Mapping[str, Mapping[str, int | None]]
"""Table -> column -> most characters it takes, null where it is no text. Names as in ``u8_schema``; only what exists
and may be read."""

_CURRENT: Final = "current"
ARCHIVE_KEY: Final = Table("Customer", MetaData(), Column("cCusCode", Unicode(20)), schema=_CURRENT).c.cCusCode
"""The customer's code in the archive of the database in use, whichever database a query reads."""


LOSSES: Final[Sequence[tuple[Column[Any], Message]]] = (
    (SaleBillVouch.c.cInvalider, msg("void invoices count")),
    (SaleBillVouch.c.bFirst, msg("opening invoices count")),
    (SaleBillVouch.c.bReturnFlag, msg("returns count as invoices")),
    (SOSOMain.c.bReturnFlag, msg("returns count as orders")),
)
"""Columns of documents that a site may lack, and what cannot be told without them."""


@dataclass(frozen=True)
class Source:
    """One database with documents.

    Attributes:
        schema: ``[database].dbo`` for another database than that of the connection; null for its own.
        catalog: What it has.
        first: The first day that it answers for; null: there is no database before it.
        after: The first day that it does not answer for any more; null: it is the one in use.
    """

    schema: str | None
    catalog: Catalog
    first: date | None = None
    after: date | None = None

    def has(self, *columns: Column[Any]) -> bool:
        """Whether all these columns can be read."""
        return all(column.name in self.catalog.get(column.table.name, ()) for column in columns)

    def execute(self, connection: Connection, query: Select[Any]) -> CursorResult[Any]:
        """Run a query against this database."""
        places = {None: self.schema, _CURRENT: None}
        return connection.execute(query, execution_options={"schema_translate_map": places})

    def answers_for(self, day: Column[date]) -> ColumnElement[bool]:
        """Whether a document's day is one of this database's."""
        begun = day >= self.first if self.first is not None else true()
        not_over = day < self.after if self.after is not None else true()
        return and_(begun, not_over)

    def when_has(self, column: Column[Any], condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """The condition, or nothing where its column cannot be read; :meth:`losses` tells of it."""
        return condition if self.has(column) else true()

    def losses(self) -> Iterator[Message]:
        """What cannot be told of this database; see :data:`LOSSES`."""
        place = self.schema or ""
        for column, lost in LOSSES:
            if not self.has(column):
                yield msg(
                    "The column {column} cannot be read: {lost}.",
                    column=".".join(filter(None, (place, column.table.name, column.name))),
                    lost=lost,
                )


def approved_invoice(source: Source) -> ColumnElement[bool]:
    """Whether an invoice counts: approved by sales, not void, no opening balance, of this database's own years."""
    invoice = SaleBillVouch.c
    return and_(
        source.answers_for(invoice.dDate),
        filled(invoice.cChecker),
        source.when_has(invoice.cInvalider, ~filled(invoice.cInvalider)),
        source.when_has(invoice.bFirst, off(invoice.bFirst)),
    )


def approved_order(source: Source) -> ColumnElement[bool]:
    """Whether an order counts: approved, of this database's own years."""
    return and_(source.answers_for(SOSOMain.c.dDate), filled(SOSOMain.c.cVerifier))


def module_start(connection: Connection, source: Source, module: str, option: str) -> date | None:
    """Since when a module is in use; null when it is not. What cannot be read counts as ever since.

    Args:
        connection: Where to read.
        source: Which database.
        module: ``AccInformation.cSysID``.
        option: ``AccInformation.cName`` of its first day, a text.
    """
    known = AccInformation.c
    if not source.has(known.cSysID, known.cName, known.cValue):
        return date.min
    query = select(known.cValue).where(known.cSysID == module, known.cName == option)
    value = source.execute(connection, query).scalar()
    if value is None or not value.strip():
        return None
    numbers = re.match(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", value)
    if numbers is None:
        return date.min
    year, month, day = (int(number) for number in numbers.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return date.min


def within(day: Column[date], window: Window) -> ColumnElement[bool]:
    """Whether a document's day lies in the window."""
    return and_(day >= window.start, day < window.after)


def off(flag: Column[bool]) -> ColumnElement[bool]:
    """Whether a flag is 0 or NULL."""
    return func.coalesce(cast(flag, Integer), 0) == 0


def filled(column: Column[str]) -> ColumnElement[bool]:
    """Neither NULL nor '' nor blanks: U8 leaves nothing in any of these forms."""
    return func.rtrim(func.coalesce(column, "")) != ""
