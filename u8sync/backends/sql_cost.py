"""Where the cost of sales comes from, and for which months it is there.

First choice is the ledger of stock accounting (``IA_Subsidiary``), which keeps cost by month. Where it cannot be read,
the outbound notes hold the same amounts once accounting has priced them (``rdrecord32``; in older versions
``RdRecord`` with ``cVouchType`` 32), without the adjustments that accounting makes afterwards.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Integer, Select, Table, and_, cast, func, select

from u8sync.backends.sides import no_cost_posted, no_whole_month, posted_up_to
from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_source import Source, filled, module_start
from u8sync.backends.u8_schema import IASubsidiary, RdRecord, RdRecord32, RdRecords, RdRecords32
from u8sync.domain.model import Month, Window
from u8sync.text import Message, msg

__all__ = ["Costing", "Posted", "find_cost"]

Posted = tuple[Month, Month]

OUTBOUND: Final = "32"
"""``cVouchType`` of a sales outbound note."""


@dataclass(frozen=True)
class Costing:
    """Where cost is.

    Attributes:
        posted: First and last complete month of the window for which cost is there; null when there is none.
        queries: A database and the query that adds up its cost: ``code``, ``cost``.
        notes: What the reader should know.
    """

    posted: Posted | None
    queries: tuple[tuple[Source, Select[Any]], ...]
    notes: tuple[Message, ...]


def find_cost(connection: Connection, dialect: SqlDialect, sources: Sequence[Source], window: Window) -> Costing:
    """Look where cost is kept and up to which month it is posted."""
    books = [book for source in sources if (book := _book(dialect, source))]
    started = [day for source in sources if (day := module_start(connection, source, "IA", "dStartDate")) is not None]
    if not books or not started:
        return _unknown(_why_none(books))
    months = [month for month in window.complete_months() if month.first >= min(started)]
    if not months:
        return _unknown(no_whole_month(window))
    latest = [month for book in books if (month := book.latest(connection, months)) is not None]
    if not latest:
        return _unknown(no_cost_posted(months))
    last = max(latest)
    posted = (months[0], last)
    notes = [note for book in books if (note := book.note(connection, posted))]
    if last != months[-1]:
        notes.append(posted_up_to(last))
    return Costing(posted, tuple((book.source, book.query(posted)) for book in books), tuple(notes))


def _unknown(why: Message) -> Costing:
    return Costing(None, (), (why,))


def _why_none(books: Sequence[_Book]) -> Message:
    if not books:
        return msg(
            "Neither {ledger} nor the outbound notes can be read: cost and profit are not known.",
            ledger=IASubsidiary.name,
        )
    return msg("Stock accounting is not in use in this account set: cost and profit are not known.")


# --- the books --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Book(ABC):
    """One place where cost is kept."""

    dialect: SqlDialect
    source: Source

    @abstractmethod
    def latest(self, connection: Connection, months: Sequence[Month]) -> Month | None:
        """The last of the months that has any cost; null when none has."""

    @abstractmethod
    def query(self, posted: Posted) -> Select[Any]:
        """Cost of each customer in the posted months: ``code``, ``cost``."""

    def note(self, connection: Connection, posted: Posted) -> Message | None:  # noqa: ARG002
        """What the reader should know of this place; null for nothing."""
        return None


class _Ledger(_Book):
    """``IA_Subsidiary``. The type of document differs with an option of the site, ``bSale`` does not."""

    def latest(self, connection: Connection, months: Sequence[Month]) -> Month | None:
        # Not max(): that reads the whole range, and an index on year and month ends at the answer.
        newest = (IASubsidiary.c.iYear.desc(), IASubsidiary.c.iMonth.desc())
        query = select(_number()).where(_sold(months[0], months[-1])).order_by(*newest).limit(1)
        number = self.source.execute(connection, query).scalar()
        return None if number is None else Month(number // 100, number % 100)

    def query(self, posted: Posted) -> Select[Any]:
        line = IASubsidiary.c
        return (
            select(line.cCusCode.label("code"), self.dialect.money_units(func.sum(line.iAOutPrice)).label("cost"))
            .where(_sold(*posted))
            .group_by(line.cCusCode)
        )


def _number() -> ColumnElement[int]:
    # The year is a smallint, and some drivers send 100 as one: the product would not fit.
    return cast(IASubsidiary.c.iYear, Integer) * 100 + IASubsidiary.c.iMonth


def _sold(first: Month, last: Month) -> ColumnElement[bool]:
    """Cost of sales of these months."""
    line = IASubsidiary.c
    return and_(
        line.iYear.between(first.year, last.year),
        _number().between(first.year * 100 + first.month, last.year * 100 + last.month),
        cast(line.bSale, Integer) == 1,
        line.bRdFlag == 0,
    )


@dataclass(frozen=True)
class _OutboundNotes(_Book):
    """Sales outbound notes: head and lines."""

    head: Table
    line: Table

    def latest(self, connection: Connection, months: Sequence[Month]) -> Month | None:
        day = self.dialect.raw_day(func.max(self.head.c.dDate))
        priced = self.line.c.iPrice.is_not(None)
        query = select(day).select_from(self._joined()).where(self._approved(months[0], months[-1]), priced)
        found = self.source.execute(connection, query).scalar()
        return None if found is None else Month.of(date.fromisoformat(found))

    def query(self, posted: Posted) -> Select[Any]:
        code = self.head.c.cCusCode
        return (
            select(code.label("code"), self.dialect.money_units(func.sum(self.line.c.iPrice)).label("cost"))
            .select_from(self._joined())
            .where(self._approved(*posted))
            .group_by(code)
        )

    def note(self, connection: Connection, posted: Posted) -> Message | None:
        unpriced = self.line.c.iPrice.is_(None)
        query = select(func.count(self.line.c.ID)).select_from(self._joined()).where(self._approved(*posted), unpriced)
        return msg(
            "{ledger} cannot be read: cost comes from the outbound notes ({notes}), without the adjustments of stock"
            " accounting; {count} line(s) have no cost yet.",
            ledger=IASubsidiary.name,
            notes=self.head.name,
            count=self.source.execute(connection, query).scalar() or 0,
        )

    def _joined(self) -> Any:  # noqa: ANN401 - a join is of a type that SQLAlchemy keeps to itself
        return self.head.join(self.line, self.line.c.ID == self.head.c.ID)

    def _approved(self, first: Month, last: Month) -> ColumnElement[bool]:
        head = self.head.c
        return and_(
            self.source.answers_for(head.dDate),
            head.dDate >= first.first,
            head.dDate < last.last + timedelta(days=1),
            head.bRdFlag == 0,
            head.cVouchType == OUTBOUND,
            filled(head.cHandler),
        )


def _book(dialect: SqlDialect, source: Source) -> _Book | None:
    """The best place of cost that a database offers; null when there is none."""
    ledger = IASubsidiary.c
    if source.has(ledger.iYear, ledger.iMonth, ledger.bSale, ledger.bRdFlag, ledger.cCusCode, ledger.iAOutPrice):
        return _Ledger(dialect, source)
    for head, line in ((RdRecord32, RdRecords32), (RdRecord, RdRecords)):
        heads = (head.c.ID, head.c.dDate, head.c.bRdFlag, head.c.cVouchType, head.c.cHandler, head.c.cCusCode)
        if source.has(*heads, line.c.ID, line.c.iPrice):
            return _OutboundNotes(dialect, source, head, line)
    return None
