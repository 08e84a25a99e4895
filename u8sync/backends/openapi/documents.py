"""Sales documents: which calls give them, and what counts of a reply. Pure.

* Orders (frequency): the list is enough. An order with a negative amount takes something back.
* Invoices (revenue): no amount of the list is documented, so that each invoice is read by itself; on invoices ``money``
  is the *natural* currency untaxed and ``originalmoney`` the original one, the other way round than on orders.
* Stock-outs (cost): only their lines carry ``cost``, once stock accounting has posted it.

Not established by any public source: what marks an invoice as approved (a setting names the field; where no invoice
has it, all count, and a note says so), the sign of the amounts of red invoices (both are read: a red invoice takes
something back), whether voided invoices are listed, whether the lists of invoices and stock-outs have pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from u8sync.backends.openapi.cache import Document, Kind
from u8sync.backends.openapi.replies import BadReplyError, Row, rows
from u8sync.backends.u8_types import MONEY_UNITS
from u8sync.text import msg

__all__ = [
    "FORMS",
    "Form",
    "amount_of_invoice",
    "cost_of_stock_out",
    "digest_of",
    "document_of",
    "documents_of_lines",
    "line_key",
    "units",
]


@dataclass(frozen=True)
class Form:
    """How one kind of document is read.

    Attributes:
        lists: Calls of its list and the keys of their rows; the first that the gateway knows is used.
        single: The call for one document, and the key of its reply; empty: the list is enough.
        id: Field that the single call asks for.
        day: Field with its date.
        customer: Field with its customer.
        filters: Parameters of every list call.
    """

    lists: tuple[tuple[str, str], ...]
    single: tuple[str, str]
    id: str
    day: str
    customer: str
    filters: tuple[tuple[str, str], ...] = ()


FORMS: Final[Mapping[str, Form]] = {
    "order": Form((("api/saleorderlist/batch_get", "saleorderlist"),), ("", ""), "code", "date", "custcode"),
    "invoice": Form(
        (
            ("api/saleinvoicelist/batch_get", "saleinvoicelist"),
            ("api/salesinvoicelist/batch_get", "salesinvoicelist"),  # the documentation spells it both ways
        ),
        ("api/saleinvoice/get", "saleinvoice"),
        "invoiceno",
        "date",
        "customercode",
        (("isfirst", "0"),),  # no opening balances
    ),
    "stock_out": Form(
        (("api/saleoutlist/batch_get", "saleoutlist"),),
        ("api/saleout/get", "saleout"),
        "id",
        "date",
        "customercode",
    ),
    "stock_out_lines": Form(
        (("api/saleoutlistall/batch_get", "saleoutlistall"),), ("", ""), "code", "date", "customercode"
    ),
}

_APPROVED_BY: Final = " approved by"
"""A name that no key of a reply has: another setting makes another document of the same entry."""

_TRUE: Final = frozenset({"1", "true"})


def units(text: str | None) -> int | None:
    """An amount in ten-thousandths, rounded half to even; null for no amount. Raises BadReplyError for other text."""
    if text is None or not text.strip():
        return None
    try:
        amount = Decimal(text.strip())
        if not amount.is_finite() or abs(amount) > Decimal(10) ** 20:
            raise BadReplyError(msg("an amount that is no number"))
        return int((amount * MONEY_UNITS).to_integral_value(ROUND_HALF_EVEN))
    except InvalidOperation:
        raise BadReplyError(msg("an amount that is no number")) from None


def digest_of(items: Iterable[Row]) -> str:
    """A digest of what was said, whatever the order of keys and rows."""
    lines = sorted(repr(sorted((key, value) for key, value in item.items() if value)) for item in items)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _filled(row: Row, field: str) -> bool:
    return bool((row.get(field.lower()) or "").strip())


def _day_of(row: Row, field: str) -> date:
    try:
        return date.fromisoformat((row.get(field) or "")[:10])
    except ValueError:
        raise BadReplyError(msg("a document without a date")) from None


def document_of(kind: Kind, row: Row, *, approved_by: str) -> Document | None:
    """A document from its entry in a list; null when it has no number.

    Args:
        kind: What it is.
        row: The entry.
        approved_by: The field that is filled once it is approved.
    """
    form = FORMS[kind]
    number = (row.get(form.id) or "").strip()
    if not number:
        return None
    if kind == "order":
        returned = any((units(row.get(field)) or 0) < 0 for field in ("money", "sum"))
    else:
        returned = (row.get("isnegative") or "").strip().lower() in _TRUE
    return Document(
        id=number,
        digest=digest_of([{**row, _APPROVED_BY: approved_by}]),
        day=_day_of(row, form.day),
        customer=row.get(form.customer) or None,
        approved=_filled(row, approved_by),
        returned=returned,
    )


def amount_of_invoice(data: Mapping[str, Any], number: str) -> tuple[int, str | None]:
    """Untaxed amount in home currency, ten-thousandths, and the customer, of an invoice read by itself.

    Raises BadReplyError when the reply holds another document.
    """
    head = _single(data, "saleinvoice", "invoiceno", number)
    amounts = [units(line.get("money")) or 0 for line in rows(head, "entry")]
    total = sum(amounts)
    (row,) = rows({"head": head}, "head")
    red = (row.get("isnegative") or "").strip().lower() in _TRUE
    return (-total if red and total > 0 else total), row.get("customercode")


def cost_of_stock_out(data: Mapping[str, Any], number: str) -> tuple[int | None, int]:
    """Cost in ten-thousandths, null when no line has one, and the number of lines without."""
    head = _single(data, "saleout", "id", number)
    costs = [units(line.get("cost")) for line in rows(head, "entry")]
    known = [cost for cost in costs if cost is not None]
    return (sum(known) if known else None), len(costs) - len(known)


def _single(data: Mapping[str, Any], key: str, field: str, number: str) -> Mapping[str, Any]:
    """The document of a reply, with its lines."""
    found = data.get(key)
    heads = found if isinstance(found, list) else [found]
    mine = [head for head in heads if isinstance(head, dict) and str(head.get(field, number)).strip() == number]
    if len(mine) != 1:
        raise BadReplyError(msg("another document than the one that was asked for"))
    return mine[0]


# --- stock-outs as a list of lines ------------------------------------------------------------------------------------


def line_key(page: Sequence[Row]) -> list[str]:
    """What tells the lines of a page apart: everything they say, and which of several equal ones it is.

    No field of such a line is documented as its key.
    """
    count: dict[str, int] = {}
    keys = []
    for row in page:
        digest = digest_of([row])
        count[digest] = count.get(digest, 0) + 1
        keys.append(f"{digest}#{count[digest]}")
    return keys


def documents_of_lines(lines: Iterable[Row], *, approved_by: str) -> list[Document]:
    """Stock-outs from all their lines."""
    form = FORMS["stock_out_lines"]
    grouped: dict[str, list[Row]] = {}
    for line in lines:
        number = (line.get(form.id) or "").strip()
        if number:
            grouped.setdefault(number, []).append(line)
    documents = []
    for number, group in grouped.items():
        costs = [units(line.get("cost")) for line in group]
        known = [cost for cost in costs if cost is not None]
        documents.append(
            Document(
                id=number,
                digest=digest_of([*group, {_APPROVED_BY: approved_by}]),
                day=_day_of(group[0], form.day),
                customer=group[0].get(form.customer) or None,
                approved=_filled(group[0], approved_by),
                returned=False,
                amount=sum(known) if known else None,
                unpriced=len(costs) - len(known),
            )
        )
    return documents
