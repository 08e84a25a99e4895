"""What the documents of the cache add up to, a customer a row. Pure.

As on SQL Server, but for what the OpenAPI does not show: the ledger of stock accounting (cost comes from stock-outs,
without later adjustments), voided invoices, and since when stock accounting is in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from u8sync.backends.openapi.cache import Kind
from u8sync.backends.sides import all_posted, facts_of, no_cost_posted, no_whole_month, posted_up_to
from u8sync.backends.u8_types import MONEY_UNITS
from u8sync.domain.model import MONEY, Extra, Facts, Month, Window
from u8sync.text import Message, msg

__all__ = ["Books", "add_up"]


@dataclass(frozen=True)
class Books:
    """The documents up to the window's end, each frame ``n × (day, customer, approved, returned, amount, unpriced)``.

    Attributes:
        orders: Sales orders.
        invoices: Sales invoices; ``amount`` is null outside the window.
        stock_outs: Sales stock-outs; null: cost is not read, and the caller's notes say why.
        since: First day that was read; null: from the beginning.
        hidden: The kinds of which no document shows that it was approved, so that all count.
    """

    orders: pl.DataFrame
    invoices: pl.DataFrame
    stock_outs: pl.DataFrame | None
    since: date | None
    hidden: frozenset[Kind] = frozenset()


def add_up(
    books: Books,
    window: Window,
    archive: Sequence[str],
    notes: Sequence[Message],
    extras: frozenset[Extra] = frozenset(),
) -> Facts:
    """The facts of every customer that a document names.

    Args:
        books: The documents.
        window: The days that count.
        archive: The codes of the customer archive: a document may spell one in another case.
        notes: What is known already that could not be known.
        extras: What is told besides the usual. The amounts of the window before must then have been read.
    """
    found = list(notes)
    if books.since is not None and books.since > window.start:
        found.append(
            msg(
                "Documents before {day} were not read (history_from): the window is not whole.",
                day=books.since,
            )
        )
    elif books.since is not None:
        found.append(msg("Documents before {day} were not read: older first sales are not known.", day=books.since))
    invoices = _approved(books.invoices, hidden="invoice" in books.hidden)
    if "invoice" in books.hidden:
        found.append(msg("The OpenAPI shows of no invoice that it was approved: all of them count, drafts among them."))
    orders = _approved(books.orders, hidden="order" in books.hidden)
    if "order" in books.hidden:
        found.append(msg("The OpenAPI shows of no order that it was approved: all of them count, drafts among them."))
    cost = _cost(books.stock_outs, window, hidden="stock_out" in books.hidden)
    found += cost.notes
    inside = pl.col("day").is_between(window.start, window.as_of)
    sides = [
        _revenue(invoices.filter(inside), None if all_posted(window, cost.posted) else cost.posted),
        _heads(invoices, inside, "invoices"),
        _heads(orders, inside, "orders"),
    ]
    if cost.side is not None:
        sides.append(cost.side)
    known = set()
    if "months" in extras:
        known.add("active_months")
        sides += [_months(documents.filter(inside)) for documents in (invoices, orders)]
    before = window.before
    if "before" in extras and books.since is not None and books.since > before.start:
        found.append(
            msg(
                "Documents before {day} were not read (history_from): revenue from {start} to {end} is not known.",
                day=books.since,
                start=before.start,
                end=before.as_of,
            )
        )
    elif "before" in extras:
        known.add("revenue_before")
        earlier = invoices.filter(pl.col("day").is_between(before.start, before.as_of))
        sides.append(_revenue(earlier, None).rename({"revenue": "revenue_before"}))
    if "receivables" in extras:
        found.append(_NO_RECEIVABLES)
    return facts_of(_as_archived(sides, archive), window, posted=cost.posted, notes=found, known=known)


_NO_RECEIVABLES: Final = msg(
    "Receipts and open balances are not known: the OpenAPI shows neither the ledger of receivables nor which receipts"
    " were approved."
)


def _as_archived(sides: Sequence[pl.DataFrame], archive: Sequence[str]) -> list[pl.DataFrame]:
    """The same with codes as the archive spells them, where only one customer can be meant."""
    exact = set(archive)
    folded: dict[str, list[str]] = {}
    for code in archive:
        folded.setdefault(code.casefold(), []).append(code)
    spelled = []
    for side in sides:
        other = {code for code in side["code"] if code is not None and code not in exact}
        names = {code: folded[code.casefold()][0] for code in other if len(folded.get(code.casefold(), ())) == 1}
        spelled.append(side.with_columns(pl.col("code").replace(names)) if names else side)
    return spelled


def _approved(documents: pl.DataFrame, *, hidden: bool) -> pl.DataFrame:
    """The approved ones; all of them where the server does not show it."""
    return documents if hidden else documents.filter(pl.col("approved"))


def _money(units: pl.Expr) -> pl.Expr:
    return (units.cast(MONEY) / MONEY_UNITS).cast(MONEY)


def _revenue(invoices: pl.DataFrame, posted: tuple[Month, Month] | None) -> pl.DataFrame:
    """Revenue, and the part of it that lies in the posted months where they are given."""
    sums = [_money(pl.col("amount").sum()).alias("revenue")]
    if posted is not None:
        inside = pl.col("day").is_between(posted[0].first, posted[1].last)
        part = pl.col("amount").filter(inside)
        sums.append(pl.when(inside.any()).then(_money(part.sum())).alias("revenue_posted"))
    return invoices.group_by(pl.col("customer").alias("code")).agg(*sums)


def _months(documents: pl.DataFrame) -> pl.DataFrame:
    """The months of each customer in which a document lies that is no return."""
    months = documents.filter(~pl.col("returned")).select(
        pl.col("customer").alias("code"), pl.col("day").dt.strftime("%Y-%m").alias("month")
    )
    return months.unique()


def _heads(documents: pl.DataFrame, inside: pl.Expr, counts: str) -> pl.DataFrame:
    """Number of documents in the window, and first and last day up to its end."""
    sale = ~pl.col("returned")
    return documents.group_by(pl.col("customer").alias("code")).agg(
        (inside & sale).sum().cast(pl.Int64).alias(counts),
        inside.sum().cast(pl.Int64).alias("documents"),
        pl.col("day").min().alias("first_sale_on"),
        pl.col("day").filter(sale).max().alias("last_sale_on"),
    )


@dataclass(frozen=True)
class _Cost:
    """What the stock-outs say.

    Attributes:
        posted: First and last month that has cost; null: none has.
        side: The cost of each customer in them; null: none is known.
        notes: What is not known.
    """

    posted: tuple[Month, Month] | None
    side: pl.DataFrame | None
    notes: tuple[Message, ...]


def _cost(stock_outs: pl.DataFrame | None, window: Window, *, hidden: bool) -> _Cost:
    months = window.complete_months()
    if stock_outs is None:
        return _Cost(None, None, ())
    if not months:
        return _Cost(None, None, (no_whole_month(window),))
    inside = pl.col("day").is_between(months[0].first, months[-1].last)
    counted = _approved(stock_outs.filter(inside), hidden=hidden)
    latest = counted.filter(pl.col("amount").is_not_null())["day"].max()
    if not isinstance(latest, date):
        return _Cost(None, None, (no_cost_posted(months),))
    posted = (months[0], Month.of(latest))
    counted = counted.filter(pl.col("day") <= posted[1].last)
    notes = [
        msg(
            "The OpenAPI does not show the ledger of stock accounting: cost comes from the stock-outs, without later"
            " adjustments; {count} line(s) have no cost yet.",
            count=int(counted["unpriced"].sum()),
        )
    ]
    if hidden:
        notes.append(msg("The OpenAPI shows of no stock-out that it was approved: all of them count."))
    if posted[1] != months[-1]:
        notes.append(posted_up_to(posted[1]))
    cost = counted.group_by(pl.col("customer").alias("code")).agg(
        pl.when(pl.col("amount").count() > 0).then(_money(pl.col("amount").sum())).alias("cost")
    )
    return _Cost(posted, cost, tuple(notes))
