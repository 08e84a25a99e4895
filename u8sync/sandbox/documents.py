"""Sales documents as U8 stores them: order, delivery, outbound note, invoice, and the cost that stock accounting posts.

Who buys what and when is decided elsewhere (:mod:`u8sync.sandbox.generator`, :mod:`u8sync.sandbox.importer`); here
keys are handed out, home-currency amounts are worked out, and rows go into the account set in batches. Amounts are
whole ten-thousandths, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from u8sync.backends import u8_schema as u8
from u8sync.domain.model import Month
from u8sync.sandbox.account_set import Cell, NewAccountSet

__all__ = ["PARITY", "Books", "Line", "Terms", "home"]

PARITY: Final = 10_000
"""An exchange rate of 1, in ten-thousandths."""

BATCH: Final = 20_000
PERSON: Final = "陈静"
DEPARTMENT: Final = "0201"
SALE_TYPE: Final = "01"
WAREHOUSE: Final = "01"

ORDER: Final = (
    *("ID", "cSOCode", "dDate", "cCusCode", "cSTCode", "cDepCode", "cexch_name", "iExchRate", "bReturnFlag"),
    *("iStatus", "cVerifier", "cCloser", "dverifydate"),
)
ORDER_LINE: Final = ("AutoID", "iSOsID", "ID", "cSOCode", "cInvCode", "iQuantity", "iNatMoney", "iNatSum")
DELIVERY: Final = (
    *("DLID", "cDLCode", "cVouchType", "cSTCode", "dDate", "cCusCode", "cDepCode", "cexch_name", "iExchRate"),
    *("bReturnFlag", "bSettleAll", "cVerifier", "dverifydate"),
)
DELIVERY_LINE: Final = (
    *("AutoID", "iDLsID", "DLID", "iSOsID", "cInvCode", "iQuantity", "iNatMoney", "iNatSum", "bSettleAll"),
)
OUTBOUND: Final = (
    *("ID", "bRdFlag", "cVouchType", "cSource", "cWhCode", "dDate", "cCode", "cCusCode", "cHandler", "dVeriDate"),
    "cDLCode",
)
OUTBOUND_LINE: Final = ("AutoID", "ID", "iDLsID", "cInvCode", "iQuantity", "iUnitCost", "iPrice", "cbaccounter")
INVOICE: Final = (
    *("SBVID", "cSBVCode", "cVouchType", "dDate", "cCusCode", "cexch_name", "iExchRate", "bReturnFlag", "bFirst"),
    *("cChecker", "cInvalider", "cSource", "dverifydate"),
)
INVOICE_LINE: Final = (
    *("AutoID", "SBVID", "iSOsID", "iDLsID", "cInvCode", "iQuantity", "iMoney", "iTax", "iSum"),
    *("iNatMoney", "iNatTax", "iNatSum"),
)
COST: Final = (
    *("AutoID", "ID", "cVouCode", "cVouType", "iYear", "iMonth", "dVouDate", "dKeepDate", "bRdFlag", "bSale"),
    *("cCusCode", "cInvCode", "iAOutQuantity", "iOutCost", "iAOutPrice"),
)


class Line(NamedTuple):
    """One line of a document; all figures of a return are negative.

    Attributes:
        item: Inventory code.
        quantity: 0 for a mere discount.
        money: Untaxed amount in the document's currency, ten-thousandths.
        tax: Tax on it, likewise.
        cost: Cost of sales in home currency, ten-thousandths; null when it is not known or there is none.
    """

    item: str
    quantity: float
    money: int
    tax: int
    cost: int | None


class Terms(NamedTuple):
    """Who buys, in which currency, at which rate (home currency for one unit, ten-thousandths)."""

    customer: str
    currency: str
    rate: int


def home(amount: int, rate: int) -> int:
    """An amount in home currency, rounded half away from zero to ten-thousandths."""
    if rate == PARITY:
        return amount
    units, rest = divmod(abs(amount) * rate, PARITY)
    units += rest * 2 >= PARITY
    return units if amount >= 0 else -units


class Books:
    """Takes documents down; :meth:`close` writes the last of them."""

    def __init__(self, target: NewAccountSet) -> None:
        self._target = target
        self._orders: list[tuple[Cell, ...]] = []
        self._order_lines: list[tuple[Cell, ...]] = []
        self._deliveries: list[tuple[Cell, ...]] = []
        self._delivery_lines: list[tuple[Cell, ...]] = []
        self._outbounds: list[tuple[Cell, ...]] = []
        self._outbound_lines: list[tuple[Cell, ...]] = []
        self._invoices: list[tuple[Cell, ...]] = []
        self._invoice_lines: list[tuple[Cell, ...]] = []
        self._costs: list[tuple[Cell, ...]] = []
        self._order = self._order_line = self._delivery = self._delivery_line = 0
        self._invoice = self._cost = 0
        self.invoice_lines = 0
        """How many there are so far."""

    def order(
        self,
        day: str,
        terms: Terms,
        lines: Sequence[Line],
        *,
        returned: bool = False,
        verifier: str | None = PERSON,
        closer: str | None = None,
    ) -> int:
        """Take down a sales order; returns the key of its first line, the others follow it."""
        self._order += 1
        key, code, first = self._order, f"SO{self._order:010d}", self._order_line + 1
        approved = bool(verifier and verifier.strip())
        self._orders.append(
            (
                *(key, code, day, terms.customer, SALE_TYPE, DEPARTMENT, terms.currency, terms.rate / PARITY),
                *(int(returned), int(approved), verifier, closer, day if approved else None),
            )
        )
        add, rate = self._order_lines.append, terms.rate
        for number, line in enumerate(lines, start=first):
            money = home(line.money, rate)
            add((number, number, key, code, line.item, line.quantity, money, money + home(line.tax, rate)))
        self._order_line += len(lines)
        return first

    def delivery(
        self, day: str, terms: Terms, lines: Sequence[Line], *, order_line: int, returned: bool = False, posted: bool
    ) -> int:
        """Take down a delivery and the outbound note that goes with it.

        Args:
            day: Of both.
            terms: Who and in which currency.
            lines: The goods.
            order_line: Key of the order's first line.
            returned: Whether the goods come back.
            posted: Whether stock accounting has closed the month, so that the outbound note knows its cost.

        Returns:
            The key of the delivery's first line.
        """
        self._delivery += 1
        key, first, rate = self._delivery, self._delivery_line + 1, terms.rate
        self._deliveries.append(
            (
                *(key, f"DL{key:010d}", "05", SALE_TYPE, day, terms.customer, DEPARTMENT, terms.currency),
                *(rate / PARITY, int(returned), 1, PERSON, day),
            )
        )
        self._outbounds.append(
            (key, 0, "32", "发货单", WAREHOUSE, day, f"CK{key:010d}", terms.customer, PERSON, day, key),
        )
        add, add_out = self._delivery_lines.append, self._outbound_lines.append
        for offset, line in enumerate(lines):
            number, quantity = first + offset, line.quantity
            money = home(line.money, rate)
            total = money + home(line.tax, rate)
            add((number, number, key, order_line + offset, line.item, quantity, money, total, 1))
            cost = line.cost if posted else None
            unit = None if cost is None else cost / quantity / PARITY
            add_out((number, key, number, line.item, quantity, unit, cost, PERSON if posted else ""))
        self._delivery_line += len(lines)
        return first

    def invoice(
        self,
        day: str,
        terms: Terms,
        lines: Sequence[Line],
        *,
        kind: str,
        order_line: int | None,
        delivery_line: int | None = None,
        returned: bool = False,
        opening: bool = False,
        checker: str | None = PERSON,
        invalider: str | None = None,
        posted: Month | None = None,
    ) -> int:
        """Take down an invoice, and the cost of its lines when stock accounting has posted it.

        Args:
            day: Its day.
            terms: Who and in which currency.
            lines: Lines without an order line or a delivery line of their own come last.
            kind: ``26`` special or ``27`` ordinary VAT invoice.
            order_line: Key of the order's first line; null without an order.
            delivery_line: Key of the delivery's first line; null without a delivery.
            returned: A red invoice.
            opening: Taken over when the sales module was started.
            checker: Who approved it; blank when nobody did.
            invalider: Who voided it; blank when it is valid.
            posted: The month that its cost is posted in; null when it is not posted.

        Returns:
            What it comes to, tax included, in home currency.
        """
        total = 0
        self._invoice += 1
        key, code, number, rate = self._invoice, f"XS{self._invoice:010d}", self.invoice_lines, terms.rate
        approved = bool(checker and checker.strip())
        self._invoices.append(
            (
                *(key, code, kind, day, terms.customer, terms.currency, rate / PARITY, int(returned), int(opening)),
                *(checker, invalider, "销售", day if approved else None),
            )
        )
        add = self._invoice_lines.append
        for offset, (item, quantity, money, tax, cost) in enumerate(lines):
            number += 1
            nat_money, nat_tax = home(money, rate), home(tax, rate)
            total += nat_money + nat_tax
            from_order = None if order_line is None or not quantity else order_line + offset
            from_delivery = None if delivery_line is None or not quantity else delivery_line + offset
            add(
                (
                    *(number, key, from_order, from_delivery, item, quantity, money, tax, money + tax),
                    *(nat_money, nat_tax, nat_money + nat_tax),
                )
            )
            if posted is not None and cost is not None:
                self._cost += 1
                unit = cost / quantity / PARITY if quantity else None
                self._costs.append(
                    (
                        *(self._cost, number, code, kind, posted.year, posted.month, day, day, 0, 1),
                        *(terms.customer, item, quantity, unit, cost),
                    )
                )
        self.invoice_lines = number
        if len(self._invoice_lines) >= BATCH:
            self._write()
        return total

    def close(self) -> None:
        """Write what is left."""
        self._write()

    def _write(self) -> None:
        for table, columns, rows in (
            (u8.SOSOMain, ORDER, self._orders),
            (u8.SOSODetails, ORDER_LINE, self._order_lines),
            (u8.DispatchList, DELIVERY, self._deliveries),
            (u8.DispatchLists, DELIVERY_LINE, self._delivery_lines),
            (u8.RdRecord32, OUTBOUND, self._outbounds),
            (u8.RdRecords32, OUTBOUND_LINE, self._outbound_lines),
            (u8.SaleBillVouch, INVOICE, self._invoices),
            (u8.SaleBillVouchs, INVOICE_LINE, self._invoice_lines),
            (u8.IASubsidiary, COST, self._costs),
        ):
            self._target.load(table, columns, rows)
            rows.clear()
