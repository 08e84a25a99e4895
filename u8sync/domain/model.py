"""The nouns that every room shares: account set, window, facts, issues, and what "blank" means in U8."""

from __future__ import annotations

import hashlib
import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, NewType, get_args

import polars as pl

from u8sync.domain.columns import ColumnLimit, Glossary
from u8sync.text import Message, Place

__all__ = [
    "CREDIT_DAYS",
    "EXTRAS",
    "EXTRA_COLUMNS",
    "FACTS_SCHEMA",
    "FLOOR_DAYS",
    "MONEY",
    "TEN_THOUSANDTH",
    "AccountSet",
    "ColumnLimit",
    "CustomerCode",
    "Extra",
    "Facts",
    "Glossary",
    "Issue",
    "Month",
    "Period",
    "Window",
    "amount",
    "bare",
    "bare_text",
    "same",
]

CustomerCode = NewType("CustomerCode", str)
"""``Customer.cCusCode``: text always, so that "007" stays "007"."""

MONEY: Final = pl.Decimal(38, 4)
"""Amounts in home currency: exact, four decimals as SQL Server's ``money``. Metric values share the type."""

TEN_THOUSANDTH: Final = Decimal("0.0001")
"""The least amount; what is counted in whole ones is exact in integers."""


def amount(value: Decimal) -> pl.Expr:
    """A number of at most four decimal places, of the type :data:`MONEY`.

    By way of its digits: polars imports numpy, where that is installed, for the first ``Decimal`` that it is handed.
    """
    return pl.lit(f"{value:f}").cast(MONEY)


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


@dataclass(frozen=True, order=True)
class Period:
    """A fiscal period (会计期间) of an account set: often a calendar month, but it need not be.

    Attributes:
        year: The fiscal year.
        number: Its number in the year, 1 to 12.
        first: First day.
        last: Last day.
    """

    year: int
    number: int
    first: date
    last: date


FLOOR_DAYS: Final = 90
"""A rate a year is worked out over at least so many days, unless the policy says otherwise."""

CREDIT_DAYS: Final = 30
"""Days that customers have to pay, unless the policy says otherwise."""


@dataclass(frozen=True)
class Window:
    """The days whose business counts, both ends included, and what goes with them.

    Attributes:
        start: First day.
        as_of: Last day; figures are those at the end of this day.
        earlier: First and last day of the window that this one is compared with, all before ``start``; null: as
            :attr:`before` says.
        floor_days: A rate a year is never worked out over fewer days than these.
        credit_days: Days that customers have to pay: what was charged longer ago and is open is past due.
        asked_on: The day that was asked for, on or after ``as_of``: it decides who is disabled; null: ``as_of``.
    """

    start: date
    as_of: date
    earlier: tuple[date, date] | None = None
    floor_days: int = FLOOR_DAYS
    credit_days: int = CREDIT_DAYS
    asked_on: date | None = None

    def __post_init__(self) -> None:
        if self.start > self.as_of:
            raise ValueError(f"window starts {self.start} after it ends {self.as_of}")
        if self.earlier is not None and not self.earlier[0] <= self.earlier[1] < self.start:
            raise ValueError(f"the window before {self.start} cannot be {self.earlier[0]} to {self.earlier[1]}")
        if self.asked_on is not None and self.asked_on < self.as_of:
            raise ValueError(f"window ends {self.as_of} after the day {self.asked_on} that was asked for")

    @classmethod
    def ending(cls, as_of: date, *, months: int) -> Window:
        """The ``months`` months that end on ``as_of``: 12 months to 2026-02-28 start on 2025-03-01."""
        return cls(_months_before(as_of + timedelta(days=1), months), as_of)

    @property
    def before(self) -> Window:
        """The window that this one is compared with: :attr:`earlier` where it is given.

        Else as many months, ending the day before this one starts, when this one is made of whole months (from any
        day of a month to the day before the same day of another one); as many days when it is not.
        """
        if self.earlier is not None:
            return Window(*self.earlier, floor_days=self.floor_days, credit_days=self.credit_days)
        last = self.start - timedelta(days=1)
        months = (self.after.year - self.start.year) * 12 + self.after.month - self.start.month
        if months and _months_before(self.after, months) == self.start:
            first = _months_before(self.start, months)
        else:
            first = self.start - timedelta(days=self.days)
        return Window(first, last, floor_days=self.floor_days, credit_days=self.credit_days)

    @property
    def looked_at_on(self) -> date:
        """The day that was asked for: :attr:`asked_on`, or the last one."""
        return self.asked_on or self.as_of

    @property
    def due_until(self) -> date:
        """The last day of which what was charged is past due at the window's end."""
        return self.as_of - timedelta(days=self.credit_days)

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


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last one where it is shorter."""
    month = Month.of(day).plus(-months)
    return date(month.year, month.month, min(day.day, month.last.day))


Extra = Literal["months", "before", "receivables"]
"""What is read only when something asks for it: months with business, the window before, receipts and receivables."""

EXTRAS: Final[tuple[Extra, ...]] = get_args(Extra)

EXTRA_COLUMNS: Final[Mapping[Extra, tuple[str, ...]]] = {
    "months": ("active_months",),
    "before": ("revenue_before",),
    "receivables": ("receipts", "receivable", "receivable_overdue"),
}
"""The columns of the facts that each extra fills."""

FACTS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "code": pl.String(),
    "revenue": MONEY,
    "revenue_posted": MONEY,
    "cost": MONEY,
    "invoices": pl.Int64(),
    "orders": pl.Int64(),
    "first_sale_on": pl.Date(),
    "last_sale_on": pl.Date(),
    "active_months": pl.Int64(),
    "revenue_before": MONEY,
    "receipts": MONEY,
    "receivable": MONEY,
    "receivable_overdue": MONEY,
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

            Those of the extras are null where they were not asked for, or where nobody can know them:

            * ``active_months`` (``months``): calendar months of the window in which an approved invoice or order that
              is no return lies; 0 when none does.
            * ``revenue_before`` (``before``): as ``revenue``, in :attr:`Window.before`; null also: no invoice there.
            * ``receipts`` (``receivables``): approved receipts less refunds in the window, home currency, tax
              included; 0 when there is none.
            * ``receivable`` (``receivables``): open balance of the receivables ledger at the window's end; negative
              when the customer has paid ahead, 0 when nothing is open.
            * ``receivable_overdue`` (``receivables``): the part of it that is past due: charged on or before
              :attr:`Window.due_until`, credits being laid against the oldest charges first; 0 to the balance.
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
