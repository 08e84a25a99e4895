"""What is read of the documents only when something asks for it, a customer a row, summed by the server.

* Months with business: calendar months with an approved invoice or order that is no return. Each database counts its
  own; a month in which one database ends and the next one begins is fetched from both, so that it counts once.
* Revenue of the window before: as in the window.
* Receipts: ``Ap_CloseBill`` holds receipts and payments of both sides; with ``cFlag`` AR, ``cVouchType`` 48 is a
  receipt and 49 a refund. ``cCheckMan`` is who approved it.
* Open balance: ``Ar_Detail``, what was charged (debit) less what was paid (credit) up to the window's end.

No public source tells a due date of receivables for certain, so it is worked out: the policy says how many days
customers have, and what was paid is laid against the oldest charges first. What was charged later than that cannot be
past due; the rest of the open balance is. A charge of the other sign counts as a payment, and the other way round.

Where the years of an account set lie in several databases, no public source tells whether the ledger of a new year
begins with the open items of the old one. Adding the ledgers up could count them twice, so the balance is that of the
database which answers for the window's last day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    union,
)

from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_source import Source, approved_invoice, approved_order, filled, module_start, off, within
from u8sync.backends.u8_schema import ApCloseBill, ArDetail, SaleBillVouch, SaleBillVouchs, SOSOMain
from u8sync.domain.model import Extra, Month, Window
from u8sync.text import Message, msg

__all__ = ["Asked", "find_extras"]

CUSTOMERS: Final = "AR"
"""``cFlag`` of what concerns customers; also the module of receivables in ``AccInformation``."""

RECEIPT: Final = "48"
REFUND: Final = "49"
"""``cVouchType`` of ``Ap_CloseBill``; with :data:`CUSTOMERS` a payment is one back to the customer."""

_RECEIPTS: Final = tuple(
    ApCloseBill.c[name] for name in ("cFlag", "cVouchType", "dVouchDate", "cDwCode", "iAmount", "cCheckMan")
)
_LEDGER: Final = tuple(ArDetail.c[name] for name in ("cFlag", "cDwCode", "dVouchDate", "iDAmount", "iCAmount"))

_ZERO: Final = literal_column("0", Integer)
"""No parameter: each database has a type of its own for amounts."""

_Query = tuple[Source, Select[Any]]


@dataclass(frozen=True)
class Asked:
    """What is to be read for the extras.

    Attributes:
        queries: A database and a query of it, each of sides as :mod:`u8sync.backends.sides` takes them.
        known: The columns of the facts that they fill.
        notes: What the reader should know.
    """

    queries: tuple[_Query, ...]
    known: frozenset[str]
    notes: tuple[Message, ...]


def find_extras(
    connection: Connection, dialect: SqlDialect, sources: Sequence[Source], window: Window, extras: frozenset[Extra]
) -> Asked:
    """Look what can be read of these extras, and how."""
    queries: list[_Query] = []
    known: set[str] = set()
    notes: list[Message] = []
    if "months" in extras:
        known.add("active_months")
        queries += _months(dialect, sources, window)
    if "before" in extras:
        known.add("revenue_before")
        queries += ((source, _revenue_before(dialect, source, window)) for source in sources)
    if "receivables" in extras and not any(
        module_start(connection, source, CUSTOMERS, "dARStartDate") for source in sources
    ):
        notes.append(msg("Receivables are not in use in this account set: receipts and open balances are not known."))
    elif "receivables" in extras:
        if all(source.has(*_RECEIPTS) for source in sources):
            known.add("receipts")
            queries += ((source, _receipts(dialect, source, window)) for source in sources)
        else:
            notes.append(msg("{table} cannot be read: receipts are not known.", table=ApCloseBill.name))
        ledger = _ledger_of(sources, window)
        if ledger is not None and ledger.has(*_LEDGER):
            known |= {"receivable", "receivable_overdue"}
            queries.append((ledger, _balance(dialect, window)))
            notes += _balance_notes(window, several=len(sources) > 1)
        else:
            notes.append(msg("{table} cannot be read: open balances are not known.", table=ArDetail.name))
    return Asked(tuple(queries), frozenset(known), tuple(notes))


def _balance_notes(window: Window, *, several: bool) -> Iterator[Message]:
    yield msg(
        "Past due is what was charged until {day} and is open: {days} days of credit for everybody (credit_days),"
        " payments laid against the oldest charges first. The due dates of U8 are not read.",
        day=window.due_until,
        days=window.credit_days,
    )
    if several:
        yield msg(
            "Open balances come from one database alone: whether it took over the open items of the years before is"
            " not known."
        )


# --- months with business ---------------------------------------------------------------------------------------------


def _months(dialect: SqlDialect, sources: Sequence[Source], window: Window) -> Iterator[_Query]:
    shared = {
        str(Month.of(source.after))
        for source in sources
        if source.after is not None and source.after.day > 1 and window.start <= source.after <= window.as_of
    }
    for source in sources:
        business = union(
            _of_month(dialect, SaleBillVouch, window, source).where(approved_invoice(source)),
            _of_month(dialect, SOSOMain, window, source).where(approved_order(source)),
        ).subquery()
        month = business.c.month
        counted = select(business.c.code, func.count(month).label("active_months")).group_by(business.c.code)
        yield source, counted.where(month.not_in(sorted(shared))) if shared else counted
        if shared:
            yield source, select(business.c.code, month).where(month.in_(sorted(shared)))


def _of_month(dialect: SqlDialect, table: Table, window: Window, source: Source) -> Select[Any]:
    """Customer and month of each document of the window that is no return."""
    head = table.c
    return select(func.rtrim(head.cCusCode).label("code"), dialect.raw_month(head.dDate).label("month")).where(
        within(head.dDate, window), source.when_has(head.bReturnFlag, off(head.bReturnFlag))
    )


# --- the window before ------------------------------------------------------------------------------------------------


def _revenue_before(dialect: SqlDialect, source: Source, window: Window) -> Select[Any]:
    head, line = SaleBillVouch.c, SaleBillVouchs.c
    return (
        select(head.cCusCode.label("code"), dialect.money_units(func.sum(line.iNatMoney)).label("revenue_before"))
        .join_from(SaleBillVouch, SaleBillVouchs, line.SBVID == head.SBVID)
        .where(within(head.dDate, window.before), approved_invoice(source))
        .group_by(head.cCusCode)
    )


# --- receipts and receivables -----------------------------------------------------------------------------------------


def _receipts(dialect: SqlDialect, source: Source, window: Window) -> Select[Any]:
    bill = ApCloseBill.c
    amount = func.coalesce(bill.iAmount, _ZERO)
    signed = case((bill.cVouchType == RECEIPT, amount), else_=-amount)
    return (
        select(bill.cDwCode.label("code"), dialect.money_units(func.sum(signed)).label("receipts"))
        .where(
            bill.cFlag == CUSTOMERS,
            or_(bill.cVouchType == RECEIPT, bill.cVouchType == REFUND),
            filled(bill.cCheckMan),
            source.answers_for(bill.dVouchDate),
            within(bill.dVouchDate, window),
        )
        .group_by(bill.cDwCode)
    )


def _ledger_of(sources: Sequence[Source], window: Window) -> Source | None:
    """The database whose years the window's last day is one of; null when it cannot be read."""
    day = window.as_of
    answers = (
        source
        for source in sources
        if (source.first is None or source.first <= day) and (source.after is None or day < source.after)
    )
    return next(answers, None)


def _balance(dialect: SqlDialect, window: Window) -> Select[Any]:
    ledger = ArDetail.c
    debit, credit = func.coalesce(ledger.iDAmount, _ZERO), func.coalesce(ledger.iCAmount, _ZERO)
    late = ledger.dVouchDate >= window.due_until + timedelta(days=1)
    charged = func.sum(_when(and_(late, debit > _ZERO), debit)) - func.sum(_when(and_(late, credit < _ZERO), credit))
    return (
        select(
            ledger.cDwCode.label("code"),
            dialect.money_units(func.sum(debit) - func.sum(credit)).label("receivable"),
            dialect.money_units(charged).label("not_due"),
        )
        .where(ledger.cFlag == CUSTOMERS, ledger.dVouchDate < window.after)
        .group_by(ledger.cDwCode)
    )


def _when(condition: ColumnElement[bool], amount: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((condition, amount), else_=_ZERO)
