"""From sums of single kinds of documents to the facts of every customer, for every way into U8. Pure.

Each side (invoice lines, invoice heads, orders, cost) is summed by customer alone and only then laid together: joining
line to line would count one delivery with several invoices several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl

from u8sync.domain.model import FACTS_SCHEMA, Facts, Month, Window
from u8sync.text import Message, msg

__all__ = ["SIDE_SCHEMA", "facts_of", "no_cost_posted", "no_whole_month", "posted_up_to"]

SIDE_SCHEMA: Final[dict[str, pl.DataType]] = {**FACTS_SCHEMA, "documents": pl.Int64()}
"""The columns that a side may have besides ``code``; ``documents`` counts those in the window, returns among them."""


def facts_of(
    sides: Sequence[pl.DataFrame], window: Window, *, posted: tuple[Month, Month] | None, notes: Sequence[Message]
) -> Facts:
    """Lay the sides together.

    Args:
        sides: Each ``n × (code, some columns of SIDE_SCHEMA)``; code null for documents without a customer.
        window: The days that count.
        posted: First and last month with cost; null: no cost is known.
        notes: What is known already that could not be known.
    """
    found = list(notes)
    frame = _lay_together(sides)
    nameless = frame.filter(pl.col("code").is_null())
    if nameless.height:
        found.append(_nameless_note(nameless.row(0, named=True)))
    if not frame["orders"].sum():
        found.append(
            msg(
                "No approved sales order lies between {start} and {end}: the order frequency counts invoices.",
                start=window.start,
                end=window.as_of,
            )
        )
    named = frame.filter(pl.col("code").is_not_null()).select(*FACTS_SCHEMA)
    return Facts(frame=named, window=window, posted=posted, notes=tuple(found))


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
