"""A made-up account set: equal arguments give equal rows, on every machine.

Here customers meet goods and days. Orders become deliveries and invoices some days later; on the way happens what
happens in real books: returns, voided and unapproved invoices, gifts, discounts, opening rows, foreign currency, goods
sold below cost, and a last month whose cost is not posted yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from u8sync.backends import u8_schema as u8
from u8sync.domain.model import Month
from u8sync.errors import InputError
from u8sync.ports import Progress
from u8sync.sandbox.account_set import (
    CODE,
    HOME_CURRENCY,
    Cell,
    NewAccountSet,
    SandboxSummary,
    Starts,
    day_text,
    fixed_rows,
    new_account_set,
)
from u8sync.sandbox.customers import CUSTOMER, FOREIGN_CURRENCY, Buyer, draw_customers
from u8sync.sandbox.dice import Dice
from u8sync.sandbox.documents import PARITY, PERSON, Books, Line, Terms
from u8sync.sandbox.receivables import Receivables
from u8sync.text import msg

__all__ = ["NAME", "create_account_set"]

NAME: Final = "u8sync 演示账套"
VERSION: Final = 1
"""Part of the lineage and of all chance; raise it with every change of what is made of the same arguments."""

PAYING_VERSION: Final = 1
"""The same for receivables and receipts, which have dice of their own."""

LIMITS: Final = {"--customers": (1, 1_000_000), "--months": (1, 240), "--until (year)": (1980, 2099)}
TAX_PERCENT: Final = 13
CENT: Final = 100
"""Ten-thousandths in a cent: prices have two decimals."""

ITEMS: Final = 400
LINES_PER_ORDER: Final = (1, 1, 1, 1, 2, 2, 2, 3, 3, 5)
UNAPPROVED: Final = (None, "", "  ")
NOT_VOIDED: Final = (None, None, None, None, "", "   ")
BATCH: Final = 5_000


class Item(NamedTuple):
    """Something for sale: list price in cents, unit cost in ten-thousandths."""

    code: str
    price: int
    cost: int


@dataclass(frozen=True)
class Period:
    """The days of the account set, by their offset from the first."""

    first: date
    texts: Sequence[str]
    months: Sequence[Month]

    @classmethod
    def ending(cls, until: date, *, months: int) -> Period:
        """The calendar months up to ``until``, the last one perhaps in part."""
        first = Month.of(until).plus(1 - months).first
        days = [first + timedelta(days=offset) for offset in range((until - first).days + 1)]
        return cls(first, [day_text(day) for day in days], [Month.of(day) for day in days])

    @property
    def days(self) -> int:
        """How many they are."""
        return len(self.texts)

    def posted(self, offset: int) -> Month | None:
        """The month of a day when stock accounting has closed it; the last month is open still."""
        month = self.months[offset]
        return None if month == self.months[-1] else month


def create_account_set(
    file: Path,
    *,
    customers: int,
    months: int,
    seed: int,
    until: date,
    progress: Progress,
    overwrite: bool = False,
) -> SandboxSummary:
    """Make an embedded account set with customers and their business.

    Args:
        file: Where it shall be; it is there only when it is whole.
        customers: How many customers, 1 to 1,000,000; about ten invoice lines for each.
        months: Calendar months of business, 1 to 240, the month of ``until`` included.
        seed: Equal seeds (and other arguments) give equal account sets.
        until: Last day with documents; its month is still open, so that no cost is posted in it.
        progress: Hears how far it has come.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        InputError: An argument is out of its bounds, the file exists, or it cannot be written.
    """
    _check(customers=customers, months=months, until=until)
    recipe = f"{VERSION}|{customers}|{months}|{seed}|{until.isoformat()}"
    paying = f"{recipe}|receivables {PAYING_VERSION}"
    lineage = hashlib.sha256(paying.encode()).hexdigest()[:16]
    dice = Dice(recipe)
    period = Period.ending(until, months=months)
    with new_account_set(file, overwrite=overwrite) as target:
        starts = Starts(sales=period.first, stock_accounting=period.first, receivables=period.first)
        version = fixed_rows(target, name=NAME, first=period.first, last=until, starts=starts, lineage=lineage)
        progress.start(msg("Making customers"), customers)
        archive = draw_customers(dice, count=customers, first=period.first, days=period.days, version=version)
        buyers = _load_customers(target, archive, progress)
        progress.finish()
        books, dues = Books(target), Receivables(target, Dice(paying), period.texts)
        _make_documents(books, dues, dice, buyers, period=period, progress=progress)
        books.close()
        dues.close()
    return SandboxSummary(file, CODE, NAME, customers, books.invoice_lines, period.first, until)


def _check(*, customers: int, months: int, until: date) -> None:
    for (name, (low, high)), value in zip(LIMITS.items(), (customers, months, until.year), strict=True):
        if not low <= value <= high:
            raise InputError(
                msg(
                    "{name} must lie between {low} and {high}; {value} does not.",
                    name=name,
                    low=low,
                    high=high,
                    value=value,
                ),
                hint=msg("Nothing was made. Run the command again with another value."),
            )


def _load_customers(
    target: NewAccountSet, archive: Iterable[tuple[tuple[Cell, ...], Buyer]], progress: Progress
) -> list[Buyer]:
    buyers, rows = [], []
    for row, buyer in archive:
        rows.append(row)
        buyers.append(buyer)
        if len(rows) == BATCH:
            target.load(u8.Customer, CUSTOMER, rows)
            progress.advance(len(rows))
            rows.clear()
    target.load(u8.Customer, CUSTOMER, rows)
    progress.advance(len(rows))
    return buyers


def _make_documents(
    books: Books, dues: Receivables, dice: Dice, buyers: Sequence[Buyer], *, period: Period, progress: Progress
) -> None:
    # One number an order, day first, so that sorting puts the books in the order of time and memory stays small.
    orders = sorted(
        _working_day(buyer.day(dice.roll()), period.first) * len(buyers) + index
        for index, buyer in enumerate(buyers)
        for _ in range(buyer.orders)
    )
    progress.start(msg("Making documents"), len(orders))
    trade = _Trade(books, dues, dice, period)
    trade.open_books(buyers)
    for done, order in enumerate(orders, start=1):
        day, index = divmod(order, len(buyers))
        trade.sell(buyers[index], day)
        if done % BATCH == 0:
            progress.advance(BATCH)
    progress.advance(len(orders) % BATCH)
    progress.finish()


def _working_day(offset: int, first: date) -> int:
    """Nobody works on Sundays: what falls there happens the day before, where there is one."""
    return offset - 1 if offset and (first.toordinal() + offset) % 7 == 0 else offset


class _Trade:
    """What becomes of an order."""

    def __init__(self, books: Books, dues: Receivables, dice: Dice, period: Period) -> None:
        self._books = books
        self._dues = dues
        self._dice = dice
        self._period = period
        self._items = [self._new_item(number) for number in range(1, ITEMS + 1)]
        self._rates = {month: dice.between(68_500, 73_500) for month in dict.fromkeys(period.months)}

    def _new_item(self, number: int) -> Item:
        price = 250 + int(self._dice.tail(400.0) * self._dice.between(500, 3000))
        return Item(f"{number % 9 + 1:02d}{number:05d}", price, price * self._dice.between(62, 84))

    def open_books(self, buyers: Sequence[Buyer]) -> None:
        """Opening rows: open invoices of the old system, dated before the first day."""
        dice = self._dice
        for buyer in buyers:
            if buyer.orders and not buyer.first and dice.chance(0.05):
                before = dice.between(1, 20)
                day = day_text(self._period.first - timedelta(days=before))
                terms = self._terms(buyer, 0)
                total = self._books.invoice(day, terms, self._lines(buyer, 0), kind="26", order_line=None, opening=True)
                self._dues.charge(buyer.code, day, -before, amount=total, kind="26")

    def sell(self, buyer: Buyer, day: int) -> None:
        """An order and what follows from it, as far as the period reaches."""
        dice, period, books = self._dice, self._period, self._books
        terms, lines = self._terms(buyer, day), self._lines(buyer, day)
        throw = dice.roll()
        # Waiting for approval: seldom, save among the latest orders.
        if throw < (0.12 if day > period.days - 10 else 0.004):
            books.order(period.texts[day], terms, lines, verifier=dice.pick(UNAPPROVED))
            return
        if throw > 0.995:  # noqa: PLR2004
            books.order(period.texts[day], terms, lines, closer=PERSON)  # called off
            return
        order_line = books.order(period.texts[day], terms, lines)
        sent = day + dice.between(0, 5)
        if sent >= period.days:
            return
        posted = period.posted(sent) is not None
        delivery_line = books.delivery(period.texts[sent], terms, lines, order_line=order_line, posted=posted)
        billed = sent + dice.between(0, 7)
        if billed >= period.days:
            return
        self._bill(buyer, billed, lines, order_line, delivery_line)
        if dice.chance(0.025):
            self._take_back(buyer, billed + dice.between(3, 40), lines[0])

    def _bill(self, buyer: Buyer, day: int, lines: list[Line], order_line: int, delivery_line: int) -> None:
        dice, period = self._dice, self._period
        if dice.chance(0.03):
            lines = [*lines, self._discount(buyer, lines)]
        terms, kind = self._terms(buyer, day), "26" if dice.chance(0.8) else "27"
        take_down = partial(
            self._books.invoice,
            period.texts[day],
            terms,
            lines,
            kind=kind,
            order_line=order_line,
            delivery_line=delivery_line,
        )
        if dice.chance(0.01):
            # Voided, then made out anew. No cost: stock accounting takes valid invoices only.
            take_down(invalider=PERSON)
        if dice.chance(0.15 if day > period.days - 10 else 0.008):
            take_down(checker=dice.pick(UNAPPROVED))
        else:
            total = take_down(invalider=dice.pick(NOT_VOIDED), posted=period.posted(day))
            self._dues.charge(buyer.code, period.texts[day], day, amount=total, kind=kind)

    def _take_back(self, buyer: Buyer, day: int, sold: Line) -> None:
        """Goods come back: a return order, a return delivery and a red invoice."""
        period, books = self._period, self._books
        if day >= period.days:
            return
        quantity = int(sold.quantity)
        back = self._dice.between(1, quantity)
        price, unit_cost = sold.money // quantity, (sold.cost or 0) // quantity
        line = Line(sold.item, -back, -price * back, -self._tax(buyer, price * back), -unit_cost * back)
        text, terms, posted = period.texts[day], self._terms(buyer, day), period.posted(day)
        order_line = books.order(text, terms, [line], returned=True)
        delivery_line = books.delivery(
            text, terms, [line], order_line=order_line, returned=True, posted=posted is not None
        )
        total = books.invoice(
            text,
            terms,
            [line],
            kind="26",
            order_line=order_line,
            delivery_line=delivery_line,
            returned=True,
            posted=posted,
        )
        self._dues.charge(buyer.code, text, day, amount=total, kind="26")

    def _terms(self, buyer: Buyer, day: int) -> Terms:
        if buyer.foreign:
            return Terms(buyer.code, FOREIGN_CURRENCY, self._rates[self._period.months[day]])
        return Terms(buyer.code, HOME_CURRENCY, PARITY)

    def _lines(self, buyer: Buyer, day: int) -> list[Line]:
        dice = self._dice
        scale = 1.0
        if buyer.life in {"growing", "shrinking"}:
            grown = day / self._period.days
            scale = 0.5 + grown if buyer.life == "growing" else 1.5 - grown
        most = 2.0 + 8.0 * buyer.size * scale
        # A foreign price is a seventh of the home price, about what the money is worth.
        percent = buyer.markup * 100 // 7 if buyer.foreign else buyer.markup * 100
        lines = []
        for _ in range(dice.pick(LINES_PER_ORDER)):
            item = dice.pick(self._items)
            quantity = 1 + int(dice.roll() * most)
            cents = max(1, item.price * percent // 10_000) * quantity
            lines.append(Line(item.code, quantity, cents * CENT, self._tax(buyer, cents * CENT), item.cost * quantity))
        if dice.chance(0.02):
            item, quantity = dice.pick(self._items), dice.between(1, 3)
            lines.append(Line(item.code, quantity, 0, 0, item.cost * quantity))  # a gift
        return lines

    def _discount(self, buyer: Buyer, lines: Sequence[Line]) -> Line:
        """An allowance: money without goods, 1 to 5 per cent of the invoice."""
        total = sum(line.money for line in lines) // CENT
        money = total * self._dice.between(1, 5) // 100 * CENT
        return Line("ZK01", 0, -money, -self._tax(buyer, money), None)

    @staticmethod
    def _tax(buyer: Buyer, money: int) -> int:
        """Value-added tax in whole cents; exports bear none."""
        return 0 if buyer.foreign else (money // CENT * TAX_PERCENT + 50) // 100 * CENT
