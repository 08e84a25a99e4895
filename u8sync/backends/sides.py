"""From sums of single kinds of documents to the facts of every customer, for every way into U8. Pure.

Each side (invoice lines, invoice heads, orders, cost) is summed by customer alone and only then laid together: joining
line to line would count one delivery with several invoices several times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl

from u8sync.domain.model import EXTRA_COLUMNS, EXTRAS, FACTS_SCHEMA, MONEY, Extra, Facts, Month, Window
from u8sync.text import Message, msg

__all__ = ["SIDE_SCHEMA", "facts_of", "no_cost_posted", "no_whole_month", "posted_up_to", "without"]

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

_AMOUNTS: Final = ("revenue", "revenue_posted", "cost", "revenue_before", "receipts", "receivable", "not_due")


def facts_of(
    sides: Sequence[pl.DataFrame],
    window: Window,
    *,
    posted: tuple[Month, Month] | None,
    notes: Sequence[Message],
    known: Collection[str] = (),
) -> Facts:
    """Lay the sides together.

    Args:
        sides: Each ``n × (code, some columns of SIDE_SCHEMA)``; code null for documents without a customer.
        window: The days that count.
        posted: First and last month with cost; null: no cost is known.
        notes: What is known already that could not be known.
        known: The columns of the extras that were read: no row of a side is then nothing, and not unknown.
    """
    found = list(notes)
    frame = _lay_together(sides)
    nameless = frame.filter(pl.col("code").is_null())
    if nameless.height:
        found += _nameless_notes(nameless.row(0, named=True))
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
        frame.filter(pl.col("code").is_not_null())
        .with_columns(_past_due())
        .with_columns(pl.col(sorted(nothing)).fill_null(0), *_nulls(unread))
        .select(*FACTS_SCHEMA)
    )
    return Facts(frame=named, window=window, posted=posted, notes=tuple(found))


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


def _lay_together(sides: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row a customer; code null for documents without one. Sums of nothing stay null."""

    def total(name: str) -> pl.Expr:
        return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).cast(SIDE_SCHEMA[name]).alias(name)

    code = pl.col("code").str.strip_chars_end(" \u3000")
    return (
        pl.concat([pl.DataFrame(schema=SIDE_SCHEMA), *sides], how="diagonal")
        .with_columns(pl.when(code != "").then(code).alias("code"))
        .group_by("code")
        .agg(
            *(total(name) for name in _AMOUNTS),
            _months_with_business(named=any("month" in side.columns for side in sides)),
            *(pl.col(name).sum() for name in ("invoices", "orders", "documents")),
            pl.col("first_sale_on").min(),
            pl.col("last_sale_on").max(),
        )
    )


def _months_with_business(*, named: bool) -> pl.Expr:
    """Those that were counted, and those that are ``named``: each of these once, however many sides name it."""
    counted = pl.col("active_months").sum()
    return (counted + pl.col("month").drop_nulls().n_unique() if named else counted).cast(pl.Int64)


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
