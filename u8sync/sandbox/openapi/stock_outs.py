"""Sales stock-outs, as the OpenAPI shows them: the only documents with a cost, once stock accounting has posted it."""

from __future__ import annotations

import sqlite3
from typing import Final

from u8sync.sandbox.openapi.lists import Filter, List
from u8sync.sandbox.openapi.refusals import not_found
from u8sync.sandbox.openapi.words import amount, day, drop_empty, figure, given

__all__ = ["FLAT", "FLAT_COLUMNS", "STOCK_OUTS", "STOCK_OUT_COLUMNS", "flat_row", "one_stock_out", "stock_out_row"]

_FILTERS: Final = {
    "date_begin": Filter("h.dDate", "from", "day"),
    "date_end": Filter("h.dDate", "to", "day"),
    "customercode": Filter("h.cCusCode", "is"),
}
_SALES: Final = "h.cVouchType = '32'"

STOCK_OUTS: Final = List(
    key="saleoutlist",
    word="销售出库单",
    source="rdrecord32 h",
    names="LEFT JOIN Customer c ON c.cCusCode = h.cCusCode",
    code="h.cCode",
    stamp="h.ID",
    filters=_FILTERS,
    only=_SALES,
)
STOCK_OUT_COLUMNS: Final = "h.ID, h.cCode, h.dDate, h.cCusCode, c.cCusName, h.cHandler, h.dVeriDate"

FLAT: Final = List(
    key="saleoutlistall",
    word="销售出库单",
    source="rdrecord32 h JOIN rdrecords32 l ON l.ID = h.ID",
    names="LEFT JOIN Customer c ON c.cCusCode = h.cCusCode",
    code="h.cCode",
    stamp="l.AutoID",
    filters=_FILTERS,
    only=_SALES,
)
FLAT_COLUMNS: Final = f"{STOCK_OUT_COLUMNS}, l.AutoID, l.cInvCode, l.iQuantity, l.iUnitCost, l.iPrice"


def stock_out_row(head: sqlite3.Row) -> dict[str, object]:
    """The head of a stock-out; ``id`` is its numeric key, which ``saleout/get`` wants."""
    return drop_empty(
        {
            "id": str(head["ID"]),
            "code": head["cCode"],
            "date": day(head["dDate"]),
            "customercode": head["cCusCode"],
            "customername": head["cCusName"],
            "handler": given(head["cHandler"]),
            "auditdate": day(head["dVeriDate"]),
        }
    )


def flat_row(line: sqlite3.Row) -> dict[str, object]:
    """One line with the fields of its head."""
    return {**stock_out_row(line), **_line(line)}


def one_stock_out(connection: sqlite3.Connection, key: str) -> dict[str, object]:
    """A stock-out with its lines in ``entry``.

    Args:
        connection: Where to read.
        key: The numeric key as text; anything else, also the code, finds nothing.

    Raises:
        RefusalError: There is none with this key.
    """
    head = None
    if key.isascii() and key.isdecimal():
        head = connection.execute(
            f"SELECT {STOCK_OUT_COLUMNS} FROM {STOCK_OUTS.source} {STOCK_OUTS.names}"  # noqa: S608
            f" WHERE {_SALES} AND h.ID = CAST(? AS INTEGER)",
            [key],
        ).fetchone()
    if head is None:
        raise not_found(STOCK_OUTS.word)
    lines = connection.execute("SELECT * FROM rdrecords32 WHERE ID = ? ORDER BY AutoID", [head["ID"]])
    return {**stock_out_row(head), "entry": [_line(line) for line in lines]}


def _line(line: sqlite3.Row) -> dict[str, object]:
    return drop_empty(
        {
            "inventorycode": line["cInvCode"],
            "quantity": figure(line["iQuantity"]),
            "price": figure(line["iUnitCost"]),
            "cost": amount(line["iPrice"]),
        }
    )
