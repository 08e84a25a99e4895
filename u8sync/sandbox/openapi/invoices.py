"""Sales invoices, as the OpenAPI shows them: ``original…`` in the invoice's currency, ``money`` and so on at home.

That is the other way round than on orders. Voided invoices are not served: no public page says whether the platform
shows them, so this is assumed.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.lists import Filter, List
from u8sync.sandbox.openapi.refusals import not_found
from u8sync.sandbox.openapi.words import amount, day, drop_empty, figure, flag, given

__all__ = ["INVOICES", "INVOICE_COLUMNS", "invoice_keys", "invoice_row", "one_invoice"]

MAKER: Final = "demo"
"""An embedded account set does not know who made an invoice out."""

INVOICES: Final = List(
    key="saleinvoicelist",
    word="销售发票",
    source="SaleBillVouch h",
    names="LEFT JOIN Customer c ON c.cCusCode = h.cCusCode",
    code="h.cSBVCode",
    stamp="h.SBVID",
    filters={
        "date_begin": Filter("h.dDate", "from", "day"),
        "date_end": Filter("h.dDate", "to", "day"),
        "customercode": Filter("h.cCusCode", "is"),
        "invoiceno_begin": Filter("h.cSBVCode", "from"),
        "invoiceno_end": Filter("h.cSBVCode", "to"),
        "isfirst": Filter("h.bFirst", "is", "flag"),
        "isnegative": Filter("h.bReturnFlag", "is", "flag"),
    },
    only="trim(coalesce(h.cInvalider, '')) = ''",
)
INVOICE_COLUMNS: Final = (
    "h.SBVID, h.cSBVCode, h.dDate, h.cCusCode, c.cCusName, c.cCusAbbName, h.cVouchType, h.bReturnFlag, h.iExchRate,"
    " h.cexch_name, h.cChecker, h.bFirst"
)


def invoice_row(head: sqlite3.Row, behaviour: Behaviour) -> dict[str, object]:
    """The head of an invoice; it has no total.

    Args:
        head: Columns :data:`INVOICE_COLUMNS`.
        behaviour: Whether it tells who approved it.
    """
    return drop_empty(
        {
            "invoiceno": head["cSBVCode"],
            "date": day(head["dDate"]),
            "customercode": head["cCusCode"],
            "customername": head["cCusName"],
            "ccusabbname": head["cCusAbbName"],
            "vouchertype": head["cVouchType"],
            "isnegative": flag(head["bReturnFlag"]),
            "currencyrate": figure(head["iExchRate"]),
            "foreigncurrency": head["cexch_name"],
            "maker": MAKER,
            "verifier": given(head["cChecker"]) if behaviour.invoice_approval == "shown" else None,
            "isfirst": flag(head["bFirst"]),
        }
    )


def invoice_keys(connection: sqlite3.Connection) -> dict[str, int]:
    """Number of every invoice that is served -> its key. U8 has no index on the number."""
    return dict(connection.execute(f"SELECT h.cSBVCode, h.SBVID FROM {INVOICES.source} WHERE {INVOICES.only}"))  # noqa: S608


def one_invoice(connection: sqlite3.Connection, key: int | None, behaviour: Behaviour) -> dict[str, object]:
    """An invoice with its lines in ``entry``.

    Args:
        connection: Where to read.
        key: What :func:`invoice_keys` has for its number; null when it has nothing.
        behaviour: Signs of red amounts, and whether it tells who approved it.

    Raises:
        RefusalError: There is none.
    """
    head = connection.execute(
        f"SELECT {INVOICE_COLUMNS} FROM {INVOICES.source} {INVOICES.names} WHERE {INVOICES.only} AND h.SBVID = ?",  # noqa: S608
        [key],
    ).fetchone()
    if head is None:
        raise not_found(INVOICES.word)
    lines = connection.execute("SELECT * FROM SaleBillVouchs WHERE SBVID = ? ORDER BY AutoID", [head["SBVID"]])
    turn = -1 if head["bReturnFlag"] and behaviour.red_amounts == "positive" else 1
    entry = [_line(number, line, turn) for number, line in enumerate(lines, start=1)]
    return {**invoice_row(head, behaviour), "entry": entry}


def _line(number: int, line: sqlite3.Row, turn: int) -> dict[str, object]:
    def money(column: str) -> str | None:
        return None if line[column] is None else amount(line[column] * turn)

    quantity = line["iQuantity"]
    return drop_empty(
        {
            "inventorycode": line["cInvCode"],
            "quantity": None if quantity is None else figure(quantity * turn),
            "originalmoney": money("iMoney"),
            "originaltax": money("iTax"),
            "originalsum": money("iSum"),
            "money": money("iNatMoney"),
            "tax": money("iNatTax"),
            "sum": money("iNatSum"),
            "bgift": flag(not line["iNatSum"] and bool(quantity)),
            "irowno": str(number),
        }
    )
