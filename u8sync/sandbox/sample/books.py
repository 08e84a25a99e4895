"""Documents for a sample, made from what each customer's documents add up to in one month.

Only the sums are read, never a document: the sample shows neither their lines, goods and numbers nor their days. What
stays: number of orders and of invoices, revenue and posted cost of every customer in every month, which months stock
accounting has posted, and that an unknown cost is unknown. What does not: the day within the month (and with it up to
30 days of recency), returns beside sales in one month (they are netted), and all business before the first month.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from u8sync.backends import u8_schema as u8
from u8sync.domain.model import Facts, Month
from u8sync.sandbox.account_set import HOME_CURRENCY, Cell, NewAccountSet, day_text
from u8sync.sandbox.documents import COST, PARITY, Books, Line, Terms
from u8sync.sandbox.sample.disguise import Disguise

__all__ = ["MonthOfSales", "Sales", "sales_of"]

ITEM: Final = "SAMPLE"
"""Inventory code of every line: the sums name no goods."""

COSTS_FROM: Final = 1_000_000_000
"""First key of the cost records, far from those that the books hand out."""


@dataclass(frozen=True)
class MonthOfSales:
    """What one customer's documents came to in one month; amounts in ten-thousandths.

    Attributes:
        code: Code in the sample.
        month: The month.
        orders: Orders that are no returns.
        invoices: Invoices that are no returns.
        revenue: Untaxed, home currency; null: no invoice at all.
        cost: Posted cost; null: unknown.
    """

    code: str
    month: Month
    orders: int
    invoices: int
    revenue: int | None
    cost: int | None


def sales_of(
    facts: Facts, month: Month, codes: Mapping[str, str], factors: Mapping[str, int]
) -> Iterator[MonthOfSales]:
    """The month of each customer that is in the sample and had business, by the sample's codes.

    Args:
        facts: Of exactly this month.
        month: It.
        codes: Code in the original -> code in the sample.
        factors: Code in the original -> factor of its amounts, ten-thousandths.
    """
    units = (
        (pl.col(name) * PARITY).cast(pl.Int64).alias(name) if name != "code" else pl.col(name)
        for name in ("code", "revenue", "cost")
    )
    for code, revenue, cost, invoices, orders in facts.frame.select(*units, "invoices", "orders").iter_rows():
        if code not in codes or (not orders and not invoices and revenue is None and cost is None):
            continue
        factor = factors[code]
        yield MonthOfSales(
            codes[code],
            month,
            orders,
            invoices,
            None if revenue is None else _times(revenue, factor),
            None if cost is None else _times(cost, factor),
        )


def _times(amount: int, factor: int) -> int:
    return (amount * factor + PARITY // 2) // PARITY


class Sales:
    """Takes the months of the customers down as documents."""

    def __init__(self, target: NewAccountSet, disguise: Disguise) -> None:
        self._books = Books(target)
        self._target = target
        self._disguise = disguise
        self._costs: list[tuple[Cell, ...]] = []
        self._cost = COSTS_FROM

    @property
    def invoice_lines(self) -> int:
        """How many there are so far."""
        return self._books.invoice_lines

    def take(self, sales: MonthOfSales) -> None:
        """One customer's month."""
        terms = Terms(sales.code, HOME_CURRENCY, PARITY)
        revenue = sales.revenue or 0
        for number, amount in enumerate(_shares(revenue, sales.orders)):
            day = self._day(sales, f"order {number}")
            self._books.order(day, terms, [Line(ITEM, 1.0, amount, 0, None)])
        gained = max(revenue, 0)
        for number, amount in enumerate(_shares(gained, sales.invoices)):
            self._invoice(self._day(sales, f"invoice {number}"), terms, amount, returned=False)
        if sales.revenue is not None and (revenue < 0 or not sales.invoices):
            self._invoice(self._day(sales, "return"), terms, revenue, returned=True)
        if sales.cost is not None:
            self._post(sales, sales.cost)

    def _invoice(self, day: str, terms: Terms, amount: int, *, returned: bool) -> None:
        line = Line(ITEM, -1.0 if returned else 1.0, amount, 0, None)
        self._books.invoice(day, terms, [line], kind="26", order_line=None, returned=returned)

    def _post(self, sales: MonthOfSales, cost: int) -> None:
        """Cost stands on its own: it may be posted in another month than the invoice."""
        self._cost += 1
        day = day_text(sales.month.last)
        self._costs.append(
            (
                *(self._cost, None, None, "26", sales.month.year, sales.month.month, day, day, 0, 1),
                *(sales.code, ITEM, 1.0, None, cost),
            )
        )

    def _day(self, sales: MonthOfSales, what: str) -> str:
        return day_text(self._disguise.day(sales.month.first, sales.code, what))

    def close(self) -> None:
        """Write what is left."""
        self._books.close()
        self._target.load(u8.IASubsidiary, COST, self._costs)


def _shares(amount: int, count: int) -> Iterator[int]:
    """``amount`` in ``count`` whole parts as equal as can be."""
    for at in range(count):
        yield amount // count + (at < amount % count)
