"""The nouns that every room shares: account set, window, facts, issues, and what "blank" means in U8."""

from __future__ import annotations

import hashlib
import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NewType

import polars as pl

from u8sync.text import Message, Place

__all__ = [
    "FACTS_SCHEMA",
    "MONEY",
    "AccountSet",
    "ColumnLimit",
    "CustomerCode",
    "Facts",
    "Glossary",
    "Issue",
    "Month",
    "Window",
    "bare",
    "bare_text",
    "same",
]

CustomerCode = NewType("CustomerCode", str)
"""``Customer.cCusCode``: text always, so that "007" stays "007"."""

MONEY: Final = pl.Decimal(38, 4)
"""Amounts in home currency: exact, four decimals as SQL Server's ``money``. Metric values share the type."""


def bare(value: str | None) -> str | None:
    """The value as U8 means it: NULL, '' and blanks are the same nothing; trailing blanks do not count.

    Source: U8's own programs trim before they test for empty, and SQL Server ignores trailing blanks in ``=``.
    """
    if value is None:
        return None
    return value.rstrip(" \u3000") or None


def bare_text(text: pl.Expr) -> pl.Expr:
    """A column of raw values as U8 means them, see :func:`bare`."""
    text = text.str.strip_chars_end(" \u3000")
    return pl.when(text != "").then(text)


def same(left: str | None, right: str | None) -> bool:
    """Whether two raw values mean the same to U8 (see :func:`bare`)."""
    return bare(left) == bare(right)


@dataclass(frozen=True)
class AccountSet:
    """One account set (账套) as u8sync tells it from every other one.

    Attributes:
        backend: The backend that opened it: ``sqlite``, ``memory``, later ``sqlserver`` and ``openapi``.
        server: The machine or address; empty for an embedded account set.
        database: The database that holds the archive, e.g. ``UFDATA_999_2026``.
        code: ``UA_Account.cAcc_Id``, three characters, e.g. ``999``.
        name: ``UA_Account.cAcc_Name``, shown to people, no part of the identity.
        lineage: Tells a test copy or a restored copy from the original as far as the way allows; empty when it cannot.
    """

    backend: str
    server: str
    database: str
    code: str
    name: str
    lineage: str

    @property
    def key(self) -> str:
        """The identity as one text: what plans and audit records carry. Equal keys mean the same account set."""
        return f"{self.backend}|{self.server}|{self.database}|{self.code}|{self.lineage}"

    @property
    def folder(self) -> str:
        """A file-system-safe name (letters, digits, ``_``, ``-``; at most 64) for the folder of its audit log."""
        words = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{self.backend}-{self.database}").strip("-")[:48]
        return f"{words}-{hashlib.sha256(self.key.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, 1 to 12."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that ``day`` lies in."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def plus(self, months: int) -> Month:
        """The month ``months`` later (earlier when negative)."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True)
class Window:
    """The days whose business counts, both ends included.

    Attributes:
        start: First day.
        as_of: Last day; the tier is the tier as of the end of this day.
    """

    start: date
    as_of: date

    def __post_init__(self) -> None:
        if self.start > self.as_of:
            raise ValueError(f"window starts {self.start} after it ends {self.as_of}")

    @classmethod
    def ending(cls, as_of: date, *, months: int) -> Window:
        """The ``months`` months that end on ``as_of``: 12 months to 2026-02-28 start on 2025-03-01."""
        after = as_of + timedelta(days=1)
        first = Month.of(after).plus(-months)
        return cls(date(first.year, first.month, min(after.day, first.last.day)), as_of)

    @property
    def after(self) -> date:
        """The first day that is past the window, for half-open tests on U8's datetime columns."""
        return self.as_of + timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.after - self.start).days

    def complete_months(self) -> tuple[Month, ...]:
        """The calendar months that lie wholly inside, in order."""
        month = Month.of(self.start) if self.start.day == 1 else Month.of(self.start).plus(1)
        months = []
        while month.last <= self.as_of:
            months.append(month)
            month = month.plus(1)
        return tuple(months)


@dataclass(frozen=True)
class ColumnLimit:
    """What the account set accepts in a column that may be written.

    Attributes:
        width: Most characters.
        values: The only values allowed; null when any text is.
    """

    width: int
    values: frozenset[str] | None = None


@dataclass(frozen=True)
class Glossary:
    """The account set's own words for its columns and codes. What U8 does not tell is absent, and no word is blank.

    Attributes:
        captions: Column -> caption of the self-defined item, for those that the site has set up.
        names: Column -> code -> name of the code, without blanks at the end of either.
    """

    captions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


FACTS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "code": pl.String(),
    "revenue": MONEY,
    "revenue_posted": MONEY,
    "cost": MONEY,
    "invoices": pl.Int64(),
    "orders": pl.Int64(),
    "first_sale_on": pl.Date(),
    "last_sale_on": pl.Date(),
}
"""Columns of :attr:`Facts.frame`. See there for what null means."""


@dataclass(frozen=True)
class Facts:
    """What the account set's documents say of each customer inside one window.

    Attributes:
        frame: One row a customer that has any document, in no particular order, with the columns of
            :data:`FACTS_SCHEMA`:

            * ``revenue``: approved invoices less returns in the window, untaxed, home currency; null: no invoice.
            * ``revenue_posted``: the part of it that lies in the months of ``posted``; null: none there.
            * ``cost``: cost of sales that stock accounting has posted for those months; null: no cost record, which
              is unknown and never zero.
            * ``invoices``, ``orders``: number of approved documents in the window that are no returns; never null.
            * ``first_sale_on``: day of the first approved invoice or order up to the window's end, also before its
              start; null: none.
            * ``last_sale_on``: day of the last one that is no return; null: none.
        window: The days that were read.
        posted: First and last month for which both revenue and cost are complete; null when stock accounting has
            posted nothing in the window, so that no profit is known.
        notes: What the reader could not know, in words for the report.
    """

    frame: pl.DataFrame
    window: Window
    posted: tuple[Month, Month] | None
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Issue:
    """A value that could not be used; the run goes on.

    Attributes:
        code: The customer.
        field: The canonical field.
        value: The raw value as U8 holds it; null when it is missing.
        message: What is wrong with it.
        place: The line of the mapping file that decided so.
        sets_aside: Whether the customer is left out of the plan because of it (a required field is not usable).
    """

    code: CustomerCode
    field: str
    value: str | None
    message: Message
    place: Place
    sets_aside: bool
