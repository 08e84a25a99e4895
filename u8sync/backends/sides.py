"""From sums of single kinds of documents to the facts of every customer, for every way into U8. Pure.

Each side (invoice lines, invoice heads, orders, cost) is summed by customer alone and only then laid together: joining
line to line would count one delivery with several invoices several times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl

from u8sync.domain.model import EXTRA_COLUMNS, EXTRAS, FACTS_SCHEMA, MONEY, Extra, Facts, Month, Window
from u8sync.text import Message, msg

__all__ = ["SIDE_SCHEMA", "all_posted", "facts_of", "no_cost_posted", "no_whole_month", "posted_up_to", "without"]

SIDE_SCHEMA: Final[dict[str, pl.DataType]] = {
    **FACTS_SCHEMA,
    "documents": pl.Int64(),
    "month": pl.String(),
    "not_due": MONEY,
}
"""The columns that a side may have besides ``code``.

Of those that facts do not have, ``documents`` counts the documents in the window, returns among them; ``month``
(``YYYY-MM``) is one with business that may stand in several sides and counts once; ``not_due`` is what was charged so
late that it cannot be past due.
"""


def facts_of(
    sides: Iterable[pl.DataFrame],
    window: Window,
    *,
    posted: tuple[Month, Month] | None,
    notes: Sequence[Message],
    known: Collection[str] = (),
) -> Facts:
    """Lay the sides together.

    Args:
        sides: Each ``n × (code, some columns of SIDE_SCHEMA)``; code null for documents without a customer. One that
            nobody else holds is let go of as soon as it is laid. ``revenue_posted`` may be left out where
            :func:`all_posted`.
        window: The days that count.
        posted: First and last month with cost; null: no cost is known.
        notes: What is known already that could not be known.
        known: The columns of the extras that were read: no row of a side is then nothing, and not unknown.
    """
    found = list(notes)
    frame = _lay_together(sides)
    if all_posted(window, posted):
        frame = frame.with_columns(revenue_posted=pl.col("revenue"))
    nameless = frame.filter(pl.col("code").is_null())
    if nameless.height:
        found += _nameless_notes(nameless.row(0, named=True))
        frame = frame.filter(pl.col("code").is_not_null())
    if not frame["orders"].sum():
        found.append(
            msg(
                "No approved sales order lies between {start} and {end}: the order frequency counts invoices.",
                start=window.start,
                end=window.as_of,
            )
        )
    unread = [name for extra in EXTRAS for name in EXTRA_COLUMNS[extra] if name not in known]
    nothing = {"active_months", "receipts", "receivable", "receivable_overdue"} & set(known)
    named = (
        frame.with_columns(_past_due())
        .with_columns(pl.col(sorted(nothing)).fill_null(0), *_nulls(unread))
        .select(*FACTS_SCHEMA)
    )
    return Facts(frame=named, window=window, posted=posted, notes=tuple(found))


def all_posted(window: Window, posted: tuple[Month, Month] | None) -> bool:
    """Whether cost is known for every day of the window, so that the revenue of the posted months is the revenue."""
    return posted is not None and posted[0].first <= window.start and window.as_of <= posted[1].last


def without(frame: pl.DataFrame, extras: Collection[Extra]) -> pl.DataFrame:
    """The facts without these extras, as if they had not been read."""
    return frame.with_columns(*_nulls([name for extra in EXTRAS if extra in extras for name in EXTRA_COLUMNS[extra]]))


def _nulls(names: Sequence[str]) -> list[pl.Expr]:
    return [pl.lit(None, dtype=FACTS_SCHEMA[name]).alias(name) for name in names]


def _past_due() -> pl.Expr:
    """Of the open balance, what is left when all that was charged lately is taken off: credits pay the oldest first."""
    balance = pl.col("receivable")
    old = balance - pl.col("not_due").fill_null(0)
    return pl.min_horizontal(balance.clip(0), old.clip(0)).alias("receivable_overdue")


def _lay_together(sides: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One row a customer; code null for documents without one. Sums of nothing stay null.

    Each side is laid against the codes alone, and its columns are taken over as they are: a table that grows by joins
    would be copied with each of them.
    """
    code = pl.col("code").str.strip_chars_end(" \u3000")
    waiting = [side.with_columns(pl.when(code != "").then(code).alias("code")) for side in sides]
    months = _months_with_business(waiting)
    codes = pl.concat([_nothing("code"), *(side.select("code") for side in waiting)]).unique()
    waiting = [months, *(side.drop("active_months", "month", strict=False) for side in waiting)]
    found: dict[str, pl.Series] = {}
    while waiting:
        side = _a_row_a_code(waiting.pop())
        laid = codes.join(side, on="code", how="left", nulls_equal=True, validate="1:1", maintain_order="left")
        for column in laid.drop("code"):
            other = found.get(column.name)
            found[column.name] = column if other is None else _joined(other, column)
    counts = ("invoices", "orders", "documents", "active_months")
    lacking = {name: dtype for name, dtype in SIDE_SCHEMA.items() if name not in {"code", "month", *found}}
    return (
        codes.with_columns(found.values())
        .with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in lacking.items())
        .with_columns(pl.col(counts).fill_null(0))
    )


def _nothing(*names: str) -> pl.DataFrame:
    return pl.DataFrame(schema={name: SIDE_SCHEMA[name] for name in names})


def _a_row_a_code(side: pl.DataFrame) -> pl.DataFrame:
    """The same, with the rows added up whose codes differed in nothing but blanks."""
    if not side["code"].is_duplicated().any():
        return side
    names = [name for name in side.columns if name != "code"]
    return side.group_by("code").agg(map(_added_up, names))


def _added_up(name: str) -> pl.Expr:
    """The value of a customer's column, from all rows that have it."""
    column = pl.col(name)
    match name:
        case "first_sale_on":
            return column.min()
        case "last_sale_on":
            return column.max()
        case _:
            return pl.when(column.count() > 0).then(column.sum()).cast(SIDE_SCHEMA[name]).alias(name)


def _joined(one: pl.Series, other: pl.Series) -> pl.Series:
    """The same of two sides, row by row: where one has nothing, the other's value holds."""
    match other.name:
        case "first_sale_on":
            both = pl.min_horizontal("one", "other")
        case "last_sale_on":
            both = pl.max_horizontal("one", "other")
        case name:
            both = pl.coalesce(pl.col("one") + pl.col("other"), "one", "other").cast(SIDE_SCHEMA[name])
    return pl.DataFrame({"one": one, "other": other}).select(both.alias(other.name)).to_series()


def _months_with_business(sides: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """``n × (code, active_months)``: those that were counted, and those that are named, each of these once."""
    having = [side for side in sides if {"active_months", "month"} & set(side.columns)]
    months = pl.concat([_nothing("code", "active_months", "month"), *having], how="diagonal")
    counted, named = pl.col("active_months").sum(), pl.col("month").drop_nulls().n_unique()
    return months.group_by("code").agg((counted + named).cast(pl.Int64))


def _nameless_notes(row: dict[str, Any]) -> Iterator[Message]:
    if row["documents"] or row["revenue"] is not None or row["cost"] is not None:
        yield msg(
            "{count} document(s) without a customer code were left out: revenue {revenue}, cost {cost}.",
            count=row["documents"],
            revenue=row["revenue"] if row["revenue"] is not None else Decimal(0),
            cost=row["cost"] if row["cost"] is not None else Decimal(0),
        )
    if row["receipts"] or row["receivable"]:
        yield msg(
            "Receipts of {receipts} and an open balance of {balance} name no customer and were left out.",
            receipts=row["receipts"] or Decimal(0),
            balance=row["receivable"] or Decimal(0),
        )


# --- what every reader of cost may have to say ------------------------------------------------------------------------


def no_whole_month(window: Window) -> Message:
    """Cost is posted by the month, and the window has none."""
    return msg(
        "No complete month of stock accounting lies between {start} and {end}: cost and profit are not known.",
        start=window.start,
        end=window.as_of,
    )


def no_cost_posted(months: Sequence[Month]) -> Message:
    """None of these months has any cost."""
    return msg(
        "Stock accounting has posted no cost of sales from {first} to {last}: cost and profit are not known.",
        first=months[0],
        last=months[-1],
    )


def posted_up_to(month: Month) -> Message:
    """The months after this one have no cost yet."""
    return msg("Stock accounting has posted cost up to {month} only: profit leaves later months out.", month=month)
