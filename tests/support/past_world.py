"""Dated documents, and what they add up to in any window: a past that can be looked back on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from u8sync.domain.model import FACTS_SCHEMA, Facts, Window


@dataclass(frozen=True)
class Document:
    """One approved invoice; a negative amount is a return."""

    code: str
    day: date
    amount: Decimal


def sale(code: str, day: str, amount: int | str) -> Document:
    """An invoice on a day written ``YYYY-MM-DD``."""
    return Document(code, date.fromisoformat(day), Decimal(amount))


def facts_in(documents: Sequence[Document], window: Window) -> Facts:
    """What the documents say of each customer in the window, as a backend reads it."""
    rows = []
    for code in sorted({each.code for each in documents if each.day <= window.as_of}):
        known = [each for each in documents if each.code == code and each.day <= window.as_of]
        inside = [each for each in known if each.day >= window.start]
        sales = [each.day for each in known if each.amount >= 0]
        rows.append(
            {
                "code": code,
                "revenue": sum((each.amount for each in inside), Decimal(0)) if inside else None,
                "revenue_posted": None,
                "cost": None,
                "invoices": sum(each.amount >= 0 for each in inside),
                "orders": 0,
                "first_sale_on": min(each.day for each in known),
                "last_sale_on": max(sales) if sales else None,
            }
        )
    return Facts(pl.DataFrame(rows, schema=FACTS_SCHEMA), window, posted=None)
