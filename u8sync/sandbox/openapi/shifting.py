"""Rows that come, go or change while a client reads page after page: done in the account set itself."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Final

from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.lists import List

__all__ = ["SHIFTS", "shift"]

SHIFTS: Final = frozenset({"row_added", "row_removed", "row_changed"})

CHANGES: Final = {
    "Customer": "cTrade = '行业已变更'",
    "CustomerClass": "cCCName = '名称已变更'",
    "rdrecords32": "iQuantity = iQuantity + 1",
}
"""What changes in a row of a table; in heads of documents it is the day."""


def shift(connection: sqlite3.Connection, fault: Fault, what: List) -> None:
    """Let one row come, go or change, in a transaction of the caller's.

    The first row by code is the one that goes or changes; a new row is a copy of it whose code stands before all
    others, so that every later row moves down by one (in the order of ``timestamp`` the new row and the changed one
    move to the end instead).

    Args:
        connection: Where to write.
        fault: One of :data:`SHIFTS`.
        what: The list that is read.
    """
    key, code = what.stamp.partition(".")[2], what.code.partition(".")[2]
    lines = what.stamp.startswith("l.")
    table = "rdrecords32" if lines else what.source.split(" ", 1)[0]
    by = f"{what.code}, {what.stamp}"
    # Names of this package, never of a request.
    pick = f"SELECT {what.stamp} FROM {what.source} WHERE {what.only} ORDER BY {by} LIMIT 1"  # noqa: S608
    first = connection.execute(pick).fetchone()
    if first is None:
        return
    if fault.what == "row_removed":
        connection.execute(f"DELETE FROM {table} WHERE {key} = ?", list(first))  # noqa: S608
        return
    if fault.what == "row_changed":
        change = CHANGES.get(table, "dDate = date(dDate, '+1 day') || ' 00:00:00'")
        connection.execute(f"UPDATE {table} SET {change} WHERE {key} = ?", list(first))  # noqa: S608
        return
    _add(connection, table, key, code, first[0])


def _add(connection: sqlite3.Connection, table: str, key: str, code: str, first: int) -> None:
    row = dict(connection.execute(f"SELECT * FROM {table} WHERE {key} = ?", [first]).fetchone())  # noqa: S608
    mark = secrets.token_hex(3)
    if key == "pubufts":
        row[key] = 0
    else:
        [row[key]] = connection.execute(f"SELECT max({key}) + 1 FROM {table}").fetchone()  # noqa: S608
    if code in row:
        row[code] = f"!{mark}"  # "!" stands before every letter and digit
    if "cCusAbbName" in row:
        row["cCusAbbName"] = f"新客户{mark}"
    places = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))  # noqa: S608
