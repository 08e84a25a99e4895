"""Sales orders, as the OpenAPI shows them: ``money`` and ``sum`` in the order's currency, ``natmoney`` at home."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from u8sync.sandbox.openapi.lists import Filter, List
from u8sync.sandbox.openapi.refusals import not_found
from u8sync.sandbox.openapi.words import amount, day, drop_empty, figure, flag, given, original

__all__ = ["ORDERS", "ORDER_COLUMNS", "delivered", "one_order", "order_rows"]

ORDERS: Final = List(
    key="saleorderlist",
    word="销售订单",
    source="SO_SOMain h",
    names="LEFT JOIN Customer c ON c.cCusCode = h.cCusCode",
    code="h.cSOCode",
    stamp="h.ID",
    filters={
        "date_begin": Filter("h.dDate", "from", "day"),
        "date_end": Filter("h.dDate", "to", "day"),
        "custcode": Filter("h.cCusCode", "is"),
        "code_begin": Filter("h.cSOCode", "from"),
        "code_end": Filter("h.cSOCode", "to"),
    },
)
ORDER_COLUMNS: Final = (
    "h.ID, h.cSOCode, h.dDate, h.cCusCode, c.cCusName, c.cCusAbbName, h.cBusType, h.cSTCode, h.cVerifier, h.cCloser,"
    " h.iExchRate"
)


def delivered(connection: sqlite3.Connection) -> dict[int, str]:
    """``fhstatus`` by key of the order: 1 = some lines are delivered, 2 = all; orders with none are absent."""
    rows = connection.execute(
        "SELECT s.ID, count(*) AS lines, count(d.iSOsID) AS sent FROM SO_SODetails s"
        " LEFT JOIN (SELECT DISTINCT iSOsID FROM DispatchLists) d ON d.iSOsID = s.iSOsID"
        " GROUP BY s.ID HAVING sent > 0"
    )
    return {key: "2" if sent == lines else "1" for key, lines, sent in rows}


def order_rows(
    connection: sqlite3.Connection, heads: Sequence[sqlite3.Row], sent: Mapping[int, str]
) -> list[dict[str, object]]:
    """Heads of orders with their totals, negative for return orders.

    Args:
        connection: Where to read the totals.
        heads: Columns :data:`ORDER_COLUMNS`.
        sent: What :func:`delivered` says.
    """
    rates = {head["ID"]: head["iExchRate"] for head in heads}
    money, total = dict.fromkeys(rates, 0), dict.fromkeys(rates, 0)
    places = ", ".join("?" * len(rates))
    lines = connection.execute(
        f"SELECT ID, iNatMoney, iNatSum FROM SO_SODetails WHERE ID IN ({places})",  # noqa: S608 - question marks
        list(rates),
    )
    for key, nat_money, nat_sum in lines:
        money[key] += original(nat_money, rates[key]) or 0
        total[key] += original(nat_sum, rates[key]) or 0
    return [
        drop_empty(
            {
                **_head(head),
                "money": amount(money[head["ID"]]),
                "sum": amount(total[head["ID"]]),
                "fhstatus": sent.get(head["ID"], "0"),
            }
        )
        for head in heads
    ]


def one_order(connection: sqlite3.Connection, code: str) -> dict[str, object]:
    """An order with its lines in ``entry``.

    Raises:
        RefusalError: There is none with this code.
    """
    head = connection.execute(
        f"SELECT {ORDER_COLUMNS} FROM {ORDERS.source} {ORDERS.names} WHERE h.cSOCode = ?",  # noqa: S608 - names of this package
        [code],
    ).fetchone()
    if head is None:
        raise not_found(ORDERS.word)
    lines = connection.execute(
        "SELECT cInvCode, iQuantity, iNatMoney, iNatSum FROM SO_SODetails WHERE ID = ? ORDER BY AutoID", [head["ID"]]
    )
    entry = [_line(number, line, head["iExchRate"]) for number, line in enumerate(lines, start=1)]
    return {**drop_empty(_head(head)), "entry": entry}


def _head(head: sqlite3.Row) -> dict[str, object]:
    verifier = given(head["cVerifier"])
    return {
        "code": head["cSOCode"],
        "date": day(head["dDate"]),
        "businesstype": head["cBusType"],
        "typecode": head["cSTCode"],
        "custcode": head["cCusCode"],
        "cusname": head["cCusName"],
        "cusabbname": head["cCusAbbName"],
        "state": "审核" if verifier else "开立",
        "verifier": verifier,
        "closer": given(head["cCloser"]),
    }


def _line(number: int, line: sqlite3.Row, rate: float | None) -> dict[str, object]:
    nat_money, nat_sum = line["iNatMoney"], line["iNatSum"]
    money, total = original(nat_money, rate), original(nat_sum, rate)
    return drop_empty(
        {
            "inventorycode": line["cInvCode"],
            "quantity": figure(line["iQuantity"]),
            "money": amount(money),
            "tax": amount(_less(total, money)),
            "sum": amount(total),
            "natmoney": amount(nat_money),
            "nattax": amount(_less(nat_sum, nat_money)),
            "natsum": amount(nat_sum),
            "bgift": flag(not total and bool(line["iQuantity"])),
            "rowno": str(number),
        }
    )


def _less(total: int | None, part: int | None) -> int | None:
    return None if total is None or part is None else total - part
