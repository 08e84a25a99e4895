"""What the documents add up to, a customer a row, summed by the server.

Each side (invoice lines, invoice heads, orders, cost) is summed by customer alone and only then laid together:
joining line to line would count one delivery with several invoices several times.

* Revenue: lines of invoices that are approved by sales (``cChecker``), not void, no opening balance. Returns are
  negative already. ``cVerifier`` of an invoice is the approval of receivables, another thing.
* Cost: what stock accounting has posted for sales (``bSale = 1``, ``bRdFlag = 0``), which it keeps by month.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, Integer, Select, and_, case, cast, func, select

from u8sync.backends.sql_dialect import SqlDialect
from u8sync.backends.sql_read import filled
from u8sync.backends.u8_schema import AccInformation, IASubsidiary, SaleBillVouch, SaleBillVouchs, SOSOMain
from u8sync.domain.model import FACTS_SCHEMA, MONEY, Facts, Month, Window
from u8sync.ports import Progress
from u8sync.text import Message, msg

__all__ = ["read_facts"]

Posted = tuple[Month, Month]

_SCHEMA: Final[dict[str, pl.DataType]] = {**FACTS_SCHEMA, "documents": pl.Int64()}


def read_facts(
    connection: Connection, dialect: SqlDialect, tables: frozenset[str], window: Window, progress: Progress
) -> Facts:
    """The facts of every customer that any document names.

    Args:
        connection: Where to read.
        dialect: How this database writes amounts and days.
        tables: The tables that the account set has.
        window: The days that count.
        progress: Hears of each side that is done.
    """
    sides: list[pl.DataFrame] = []
    progress.start(msg("Adding up documents"), 5)
    posted, notes = _posted(connection, tables, window)
    progress.advance(1)
    queries = [_revenue(dialect, window, posted), _invoices(dialect, window), _orders(dialect, window)]
    if posted is not None:
        queries.append(_cost(dialect, posted))
    for query in queries:
        sides.append(_side(connection, query))
        progress.advance(1)
    progress.finish()

    frame = _lay_together(sides)
    nameless = frame.filter(pl.col("code").is_null())
    if nameless.height:
        notes.append(_nameless_note(nameless.row(0, named=True)))
    if not frame["orders"].sum():
        notes.append(
            msg(
                "No approved sales order lies between {start} and {end}: the order frequency counts invoices.",
                start=window.start,
                end=window.as_of,
            )
        )
    named = frame.filter(pl.col("code").is_not_null()).select(*FACTS_SCHEMA)
    return Facts(frame=named, window=window, posted=posted, notes=tuple(notes))


def _side(connection: Connection, query: Select[Any]) -> pl.DataFrame:
    """The rows of one query, fetched in whole numbers and text and turned into amounts and days column by column."""
    result = connection.execute(query)
    names = list(result.keys())
    rows = result.all()
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pl.DataFrame([_typed(name, values) for name, values in zip(names, columns, strict=True)])


def _typed(name: str, values: Sequence[Any]) -> pl.Series:
    wanted = _SCHEMA[name]
    if wanted == MONEY:
        ten_thousandth = pl.Series([Decimal("0.0001")], dtype=MONEY)
        return pl.Series(name, values, dtype=pl.Int64).cast(MONEY) * ten_thousandth
    if wanted == pl.Date():
        return pl.Series(name, values, dtype=pl.String).str.to_date("%Y-%m-%d")
    return pl.Series(name, values, dtype=wanted)


def _lay_together(sides: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row a customer; code null for documents without one. Sums of nothing stay null."""

    def total(name: str) -> pl.Expr:
        return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).cast(_SCHEMA[name]).alias(name)

    code = pl.col("code").str.strip_chars_end(" \u3000")
    return (
        pl.concat([pl.DataFrame(schema=_SCHEMA), *sides], how="diagonal")
        .with_columns(pl.when(code != "").then(code).alias("code"))
        .group_by("code")
        .agg(
            *(total(name) for name in ("revenue", "revenue_posted", "cost")),
            *(pl.col(name).sum() for name in ("invoices", "orders", "documents")),
            pl.col("first_sale_on").min(),
            pl.col("last_sale_on").max(),
        )
    )


def _nameless_note(row: dict[str, Any]) -> Message:
    return msg(
        "{count} document(s) without a customer code were left out: revenue {revenue}, cost {cost}.",
        count=row["documents"],
        revenue=row["revenue"] if row["revenue"] is not None else Decimal(0),
        cost=row["cost"] if row["cost"] is not None else Decimal(0),
    )


# --- the months that stock accounting has posted ----------------------------------------------------------------------


def _posted(connection: Connection, tables: frozenset[str], window: Window) -> tuple[Posted | None, list[Message]]:
    """First and last complete month of the window for which cost is there, and what the reader should know."""
    started = _accounting_start(connection, tables)
    if started is None:
        return None, [msg("Stock accounting is not in use in this account set: cost and profit are not known.")]
    months = [month for month in window.complete_months() if month.first >= started]
    if not months:
        return None, [
            msg(
                "No complete month of stock accounting lies between {start} and {end}: cost and profit are not known.",
                start=window.start,
                end=window.as_of,
            )
        ]
    latest = connection.scalar(select(func.max(_number(IASubsidiary))).where(_sold(months[0], months[-1])))
    if latest is None:
        return None, [
            msg(
                "Stock accounting has posted no cost of sales from {first} to {last}: cost and profit are not known.",
                first=months[0],
                last=months[-1],
            )
        ]
    last = Month(latest // 100, latest % 100)
    if last == months[-1]:
        return (months[0], last), []
    note = msg("Stock accounting has posted cost up to {month} only: profit leaves later months out.", month=last)
    return (months[0], last), [note]


def _accounting_start(connection: Connection, tables: frozenset[str]) -> date | None:
    """Since when stock accounting is in use; null when it is not. A date that cannot be read counts as ever since."""
    if not {AccInformation.name, IASubsidiary.name} <= tables:
        return None
    option = AccInformation.c
    value = connection.scalar(select(option.cValue).where(option.cSysID == "IA", option.cName == "dStartDate"))
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


def _number(table: Any) -> ColumnElement[int]:  # noqa: ANN401
    return table.c.iYear * 100 + table.c.iMonth  # type: ignore[no-any-return]


def _sold(first: Month, last: Month) -> ColumnElement[bool]:
    """Cost of sales of these months."""
    line = IASubsidiary.c
    return and_(
        line.iYear.between(first.year, last.year),
        _number(IASubsidiary).between(first.year * 100 + first.month, last.year * 100 + last.month),
        cast(line.bSale, Integer) == 1,
        line.bRdFlag == 0,
    )


# --- the sides --------------------------------------------------------------------------------------------------------


def _revenue(dialect: SqlDialect, window: Window, posted: Posted | None) -> Select[Any]:
    head, line = SaleBillVouch.c, SaleBillVouchs.c
    sums = [dialect.money_units(func.sum(line.iNatMoney)).label("revenue")]
    if posted is not None:
        inside = and_(head.dDate >= posted[0].first, head.dDate < posted[1].last + timedelta(days=1))
        sums.append(dialect.money_units(func.sum(case((inside, line.iNatMoney)))).label("revenue_posted"))
    return (
        select(head.cCusCode.label("code"), *sums)
        .join_from(SaleBillVouch, SaleBillVouchs, line.SBVID == head.SBVID)
        .where(_approved_invoice(), _within(head.dDate, window))
        .group_by(head.cCusCode)
    )


def _invoices(dialect: SqlDialect, window: Window) -> Select[Any]:
    return _heads(dialect, SaleBillVouch, window, counts="invoices").where(_approved_invoice())


def _orders(dialect: SqlDialect, window: Window) -> Select[Any]:
    return _heads(dialect, SOSOMain, window, counts="orders").where(filled(SOSOMain.c.cVerifier))


def _heads(dialect: SqlDialect, table: Any, window: Window, *, counts: str) -> Select[Any]:  # noqa: ANN401
    """Number of documents in the window, and first and last day up to its end."""
    head = table.c
    inside, sale = _within(head.dDate, window), _off(head.bReturnFlag)
    return (
        select(
            head.cCusCode.label("code"),
            func.sum(case((and_(inside, sale), 1), else_=0)).label(counts),
            func.sum(case((inside, 1), else_=0)).label("documents"),
            dialect.raw_day(func.min(head.dDate)).label("first_sale_on"),
            dialect.raw_day(func.max(case((sale, head.dDate)))).label("last_sale_on"),
        )
        .where(head.dDate < window.after)
        .group_by(head.cCusCode)
    )


def _cost(dialect: SqlDialect, posted: Posted) -> Select[Any]:
    line = IASubsidiary.c
    return (
        select(line.cCusCode.label("code"), dialect.money_units(func.sum(line.iAOutPrice)).label("cost"))
        .where(_sold(*posted))
        .group_by(line.cCusCode)
    )


def _approved_invoice() -> ColumnElement[bool]:
    head = SaleBillVouch.c
    return and_(_off(head.bFirst), filled(head.cChecker), ~filled(head.cInvalider))


def _within(day: Column[date], window: Window) -> ColumnElement[bool]:
    return and_(day >= window.start, day < window.after)


def _off(flag: Column[bool]) -> ColumnElement[bool]:
    return func.coalesce(cast(flag, Integer), 0) == 0
