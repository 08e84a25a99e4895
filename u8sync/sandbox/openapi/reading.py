"""The calls that read the account set: which list or document each gives, and under which keys."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Final

from u8sync.sandbox.openapi.archive import (
    CLASS_COLUMNS,
    CUSTOMER_COLUMNS,
    card,
    class_row,
    one_class,
    one_customer,
)
from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.book import Book
from u8sync.sandbox.openapi.calls import INVOICE_LIST, LISTS
from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.invoices import INVOICE_COLUMNS, invoice_keys, invoice_row, one_invoice
from u8sync.sandbox.openapi.lists import find
from u8sync.sandbox.openapi.orders import ORDER_COLUMNS, delivered, one_order, order_rows
from u8sync.sandbox.openapi.people import People
from u8sync.sandbox.openapi.shifting import SHIFTS, shift
from u8sync.sandbox.openapi.stock_outs import (
    FLAT_COLUMNS,
    STOCK_OUT_COLUMNS,
    flat_row,
    one_stock_out,
    stock_out_row,
)

__all__ = ["Reader"]

COLUMNS: Final = {
    "customer/batch_get": CUSTOMER_COLUMNS,
    "customerclass/batch_get": CLASS_COLUMNS,
    "saleorderlist/batch_get": ORDER_COLUMNS,
    INVOICE_LIST: INVOICE_COLUMNS,
    "saleoutlist/batch_get": STOCK_OUT_COLUMNS,
    "saleoutlistall/batch_get": FLAT_COLUMNS,
}


class Reader:
    """Answers what only reads.

    Args:
        book: The account set.
        people: What of a card lives outside it.
    """

    def __init__(self, book: Book, people: People) -> None:
        self._book = book
        self._people = people
        self._lock = threading.Lock()
        self._sent: Mapping[int, str] | None = None
        self._invoices: Mapping[str, int] = {}

    def one(self, name: str, key: str, behaviour: Behaviour) -> dict[str, object]:
        """The answer of a ``…/get``: one object under the name of the resource.

        Raises:
            RefusalError: There is no such thing.
        """
        resource, connection = name.partition("/")[0], self._book.reading
        match resource:
            case "customer":
                found = card(one_customer(connection, key), self._people, behaviour)
            case "customerclass":
                found = class_row(one_class(connection, key))
            case "saleorder":
                found = one_order(connection, key)
            case "saleinvoice":
                found = one_invoice(connection, self._invoice(connection, key), behaviour)
            case _:
                found = one_stock_out(connection, key)
        return {resource: found}

    def page(
        self, name: str, query: Mapping[str, str], behaviour: Behaviour, faults: Sequence[Fault]
    ) -> dict[str, object]:
        """The answer of a ``…/batch_get``: page counters, and the rows under the name of the resource.

        Raises:
            RefusalError: A parameter is not well formed, or nothing fits.
        """
        what = LISTS[name]
        for fault in faults:
            if fault.what in SHIFTS:
                with self._book.writing() as connection:
                    shift(connection, fault, what)
        connection = self._book.reading
        found = find(
            connection,
            what,
            COLUMNS[name],
            query,
            behaviour,
            whole=name == INVOICE_LIST and behaviour.invoice_pages == "whole",
            repeat_first=any(fault.what == "page_repeated" for fault in faults),
        )
        rows = self._rows(connection, name, found.rows, behaviour)
        counters = {name: n if behaviour.numbers == "bare" else str(n) for name, n in found.counters.items()}
        key = behaviour.invoice_list if name == INVOICE_LIST else what.key
        return {**counters, key: rows[0] if behaviour.one_row_as_object and len(rows) == 1 else rows}

    def _rows(
        self, connection: sqlite3.Connection, name: str, rows: Sequence[sqlite3.Row], behaviour: Behaviour
    ) -> list[dict[str, object]]:
        match name:
            case "customer/batch_get":
                return [card(row, self._people, behaviour) for row in rows]
            case "customerclass/batch_get":
                return [class_row(row) for row in rows]
            case "saleorderlist/batch_get":
                return order_rows(connection, rows, self._delivered(connection))
            case "saleoutlist/batch_get":
                return [stock_out_row(row) for row in rows]
            case "saleoutlistall/batch_get":
                return [flat_row(row) for row in rows]
            case _:
                return [invoice_row(row, behaviour) for row in rows]

    def _delivered(self, connection: sqlite3.Connection) -> Mapping[int, str]:
        # Worked out once: it reads every delivery, and no call changes one.
        with self._lock:
            if self._sent is None:
                self._sent = delivered(connection)
            return self._sent

    def _invoice(self, connection: sqlite3.Connection, number: str) -> int | None:
        # A client asks for invoice after invoice; looking each up by its number would read them all each time.
        with self._lock:
            if number not in self._invoices:
                self._invoices = invoice_keys(connection)
            return self._invoices.get(number)
