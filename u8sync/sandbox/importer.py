"""A purchase history becomes an embedded account set: each purchase an approved order and an approved invoice.

What the history does not say stays unknown: no name, no date at which the relation began, no tax, and without costs no
stock accounting, so that profit is unknown and not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from u8sync.backends import u8_schema as u8
from u8sync.domain.model import Month
from u8sync.ports import Progress
from u8sync.sandbox.account_set import (
    CODE,
    HOME_CURRENCY,
    OTHER_CLASS,
    NewAccountSet,
    SandboxSummary,
    Starts,
    day_text,
    fixed_rows,
    new_account_set,
)
from u8sync.sandbox.documents import PARITY, Books, Line, Terms
from u8sync.sandbox.purchases import Purchase, read_history
from u8sync.text import msg

__all__ = ["NAME", "import_purchases"]

NAME: Final = "u8sync 导入账套"
ITEM: Final = "IMPORT"
"""Inventory code of every line: a purchase history names no goods."""
STEP: Final = 5_000

CUSTOMER: Final = (
    *("cCusCode", "cCusName", "cCusAbbName", "cCCCode", "cCusMngTypeCode", "cCusHeadCode", "bCusState"),
    *("dCusCreateDatetime", "iId", "cCusExch_name", "pubufts"),
)


def import_purchases(csv_file: Path, file: Path, *, progress: Progress, overwrite: bool = False) -> SandboxSummary:
    """Make an embedded account set of a purchase history.

    Args:
        csv_file: Columns customer, date, quantity, amount and perhaps cost, named in English or Chinese in any order;
            UTF-8 or GB18030; comma, semicolon or tab; packed with gzip or not.
        file: Where the account set shall be; it is there only when it is whole.
        progress: Hears how far it has come.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        ConfigError: Something in the CSV file cannot be used; nothing was made.
        InputError: A file cannot be read or written, or exists already.
    """
    progress.start(msg("Reading the purchase history"), None)
    history = read_history(csv_file)
    purchases = sorted(history.purchases, key=lambda purchase: purchase.day)
    progress.finish()
    first, last = purchases[0].day, purchases[-1].day
    costs = first if any(purchase.cost is not None for purchase in purchases) else None
    with new_account_set(file, overwrite=overwrite) as target:
        starts = Starts(sales=first, stock_accounting=costs, receivables=None)
        version = fixed_rows(target, name=NAME, first=first, last=last, starts=starts, lineage=history.digest[:16])
        customers = _load_customers(target, purchases, version)
        books = Books(target)
        progress.start(msg("Making documents"), len(purchases))
        for done, purchase in enumerate(purchases, start=1):
            _take_down(books, purchase)
            if done % STEP == 0:
                progress.advance(STEP)
        books.close()
        progress.advance(len(purchases) % STEP)
        progress.finish()
    return SandboxSummary(file, CODE, NAME, customers, books.invoice_lines, first, last)


def _load_customers(target: NewAccountSet, purchases: Sequence[Purchase], version: int) -> int:
    """Load the archive; ``purchases`` are in the order of time. Returns how many customers there are."""
    since: dict[str, date] = {}
    for purchase in purchases:
        since.setdefault(purchase.customer, purchase.day)
    target.load(
        u8.Customer,
        CUSTOMER,
        [
            (code, code, code, OTHER_CLASS, "999", code, 1, day_text(since[code]), code, HOME_CURRENCY, version + place)
            for place, code in enumerate(sorted(since))
        ],
    )
    return len(since)


def _take_down(books: Books, purchase: Purchase) -> None:
    day, terms = day_text(purchase.day), Terms(purchase.customer, HOME_CURRENCY, PARITY)
    line = Line(ITEM, float(purchase.quantity), purchase.amount, 0, purchase.cost)
    returned = purchase.amount < 0 or purchase.quantity < 0
    order_line = books.order(day, terms, [line], returned=returned)
    books.invoice(
        day, terms, [line], kind="26", order_line=order_line, returned=returned, posted=Month.of(purchase.day)
    )
