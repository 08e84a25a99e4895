"""The customer archive and its classes, as the OpenAPI shows them. Edits are in :mod:`.edits`."""

from __future__ import annotations

import sqlite3
from typing import Final

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.fields import CARD, MANAGEMENT_NAMES, shown
from u8sync.sandbox.openapi.lists import Filter, List
from u8sync.sandbox.openapi.people import People
from u8sync.sandbox.openapi.refusals import not_found
from u8sync.sandbox.openapi.words import drop_empty

__all__ = [
    "CLASSES",
    "CLASS_COLUMNS",
    "CUSTOMERS",
    "CUSTOMER_COLUMNS",
    "card",
    "class_row",
    "one_class",
    "one_customer",
]

CUSTOMERS: Final = List(
    key="customer",
    word="客户",
    source="Customer h",
    code="h.cCusCode",
    stamp="h.pubufts",
    filters={
        "code_begin": Filter("h.cCusCode", "from"),
        "code_end": Filter("h.cCusCode", "to"),
        "name": Filter("h.cCusName", "has"),
        "timestamp_begin": Filter("h.pubufts", "from", "number"),
        "timestamp_end": Filter("h.pubufts", "to", "number"),
        "ModifyDate_begin": Filter("h.dModifyDate", "from", "day"),
        "ModifyDate_end": Filter("h.dModifyDate", "to", "day"),
        "seed_date_begin": Filter("h.dCusDevDate", "from", "day"),
        "seed_date_end": Filter("h.dCusDevDate", "to", "day"),
    },
)
CUSTOMER_COLUMNS: Final = ", ".join(f"h.{field.column}" for field in CARD if field.column)
_STORED: Final = tuple(field.name for field in CARD if field.column)

CLASSES: Final = List(
    key="customerclass",
    word="客户分类",
    source="CustomerClass h",
    code="h.cCCCode",
    stamp="h.pubufts",
    filters={
        "code_begin": Filter("h.cCCCode", "from"),
        "code_end": Filter("h.cCCCode", "to"),
        "name": Filter("h.cCCName", "has"),
        "timestamp_begin": Filter("h.pubufts", "from", "number"),
        "timestamp_end": Filter("h.pubufts", "to", "number"),
    },
)
CLASS_COLUMNS: Final = "h.cCCCode, h.cCCName, h.iCCGrade, h.bCCEnd, h.pubufts"


def card(row: sqlite3.Row, people: People, behaviour: Behaviour) -> dict[str, object]:
    """A customer as JSON object, empty fields left out.

    Args:
        row: Columns :data:`CUSTOMER_COLUMNS`.
        people: Whatever the account set does not hold.
        behaviour: How the timestamp is written.
    """
    stored = dict(zip(_STORED, row, strict=True))
    management, operator = stored["ccusmngtypecode"], stored["spec_operator"]
    others: dict[str, object] = {
        **people.of(row["cCusCode"]),
        "ccusmngtypename": MANAGEMENT_NAMES.get(str(management or "")),
        "spec_operator_name": f"业务员{operator}" if operator else None,
    }
    values = {
        field.name: shown(field, stored[field.name]) if field.column else others.get(field.name) for field in CARD
    }
    if behaviour.numbers == "bare":
        values["timestamp"] = stored["timestamp"]
    return drop_empty(values)


def class_row(row: sqlite3.Row) -> dict[str, object]:
    """A customer class; its numbers are bare, as in the official sample."""
    return drop_empty(
        {
            "rank": row["iCCGrade"],
            "end_rank_flag": int(bool(row["bCCEnd"])),
            "name": row["cCCName"],
            "code": row["cCCCode"],
            "timestamp": row["pubufts"],
        }
    )


def one_customer(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    """The customer with this code, columns :data:`CUSTOMER_COLUMNS`.

    Raises:
        RefusalError: There is none.
    """
    return _one(connection, CUSTOMERS, CUSTOMER_COLUMNS, code)


def one_class(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    """The customer class with this code, columns :data:`CLASS_COLUMNS`.

    Raises:
        RefusalError: There is none.
    """
    return _one(connection, CLASSES, CLASS_COLUMNS, code)


def _one(connection: sqlite3.Connection, what: List, columns: str, code: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        f"SELECT {columns} FROM {what.source} WHERE {what.code} = ?",  # noqa: S608 - names of this package
        [code],
    ).fetchone()
    if row is None:
        raise not_found(what.word)
    return row
