"""What an account set accepts in the columns that may be written: read from its own definitions, never guessed.

A self-defined item counts only when the site has set it up in U8 (it has a caption), because a value in an item that
no form shows is lost on people.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, cast, select

from u8sync.backends.sql_read import Archive
from u8sync.backends.sql_source import filled
from u8sync.backends.u8_schema import SELF_DEFINED_IDS, Customer, CustomerClass, UserDefBase, UserDefine
from u8sync.domain.model import bare
from u8sync.ports import ColumnLimit

__all__ = ["read_limits"]

UNCLASSIFIED = "999"
"""The management type that every account set has."""


def read_limits(connection: Connection, archive: Archive) -> dict[str, ColumnLimit]:
    """The columns that may be written in this account set, with what they accept."""
    limits = _self_defined(connection, archive)
    for column in ("cCusMngTypeCode", "CustomerKCode"):
        if column in archive.widths:
            # The names of U8's tables behind these codes are not public: a code that is in use is a code that exists.
            known = _distinct(connection, Customer.c[column])
            values = known | {UNCLASSIFIED} if column == "cCusMngTypeCode" else known
            limits[column] = ColumnLimit(archive.widths[column], values)
    if "cCCCode" in archive.widths and archive.source.has(CustomerClass.c.cCCCode, CustomerClass.c.bCCEnd):
        leaf = cast(CustomerClass.c.bCCEnd, Integer) == 1
        codes = connection.scalars(select(CustomerClass.c.cCCCode).where(leaf))
        limits["cCCCode"] = ColumnLimit(archive.widths["cCCCode"], frozenset(codes))
    return limits


def _self_defined(connection: Connection, archive: Archive) -> dict[str, ColumnLimit]:
    columns = {column: id_ for column, id_ in SELF_DEFINED_IDS.items() if column in archive.widths}
    item = UserDefBase.c
    if not archive.source.has(item.cID, item.cItemName, item.iLength, item.bArchive, item.cRelArchive):
        return {column: ColumnLimit(archive.widths[column]) for column in columns}
    definitions = {
        row.cID: row
        for row in connection.execute(
            select(item.cID, item.cItemName, item.iLength, item.bArchive, item.cRelArchive).where(
                item.cID.in_(columns.values())
            )
        )
    }
    limits = {}
    for column, id_ in columns.items():
        definition = definitions.get(id_)
        # An item that refers to another archive takes that archive's codes, which we do not know.
        if definition is None or bare(definition.cItemName) is None or bare(definition.cRelArchive) is not None:
            continue
        width = archive.widths[column]
        if definition.iLength is not None and definition.iLength > 0:
            width = min(width, definition.iLength)
        limits[column] = ColumnLimit(width, _listed(connection, archive, id_) if definition.bArchive else None)
    return limits


def _listed(connection: Connection, archive: Archive, id_: str) -> frozenset[str]:
    if not archive.source.has(UserDefine.c.cID, UserDefine.c.cValue):
        return frozenset()
    return frozenset(connection.scalars(select(UserDefine.c.cValue).where(UserDefine.c.cID == id_)))


def _distinct(connection: Connection, column: Column[str]) -> frozenset[str]:
    return frozenset(connection.scalars(select(column).where(filled(column)).distinct()))
