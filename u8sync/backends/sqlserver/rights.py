"""Which rights u8sync needs on a server: per table and column, for the login that reads and the one that writes.

Pure. No mapping can ask for more than the columns that ``u8_schema`` lists. What the statements of ``sql_facts``,
``sql_cost``, ``sql_extras``, ``sql_limits``, ``sql_glossary`` and ``account_sets`` read stands here once; a test holds
it against the statements themselves. ``grants.py`` makes a script of it, ``checks.py`` asks the server for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from u8sync.backends.sql_source import LOSSES
from u8sync.backends.u8_schema import ARCHIVE, ITEM_IDS, REQUIRED, SELF_DEFINED_IDS, STAMPS, WRITABLE, Customer
from u8sync.ports import Needs
from u8sync.text import Message, msg

__all__ = ["SYSTEM", "Permission", "Right", "needed_rights"]

Permission = Literal["SELECT", "UPDATE", "INSERT", "VIEW DEFINITION"]

SYSTEM: Final = "UFSystem"

_OUTBOUND: Final = ("ID", "bRdFlag", "cCusCode", "cHandler", "cVouchType", "dDate")


@dataclass(frozen=True)
class Right:
    """One permission on one table.

    Attributes:
        database: The database.
        table: The table, in the schema ``schema``.
        permission: What may be done.
        columns: The columns that it is limited to; empty: the table as a whole.
        role: Who needs it; the writer has what the reader has.
        lost: What goes without it, for a table or column that a site may lack; null: no run goes.
        unless: Tables of which any makes this one needless where it is there.
        schema: The schema.
    """

    database: str
    table: str
    permission: Permission
    columns: tuple[str, ...]
    role: Literal["reader", "writer"]
    lost: Message | None = None
    unless: tuple[str, ...] = ()
    schema: str = "dbo"


def needed_rights(
    needs: Needs, *, archives: Sequence[str], earlier: Sequence[str] = (), receipts: str | None = None
) -> tuple[Right, ...]:
    """All rights, database by database.

    Args:
        needs: What mapping and policy ask of the account set.
        archives: Databases whose archive is or will be worked on: the one in use, and those of years to come.
        earlier: The account set's databases of earlier years.
        receipts: ``schema.table`` of the receipts; null: none are kept.
    """
    rights: list[Right] = []
    for database in archives:
        rights += [*_archive(needs, database), *_documents(needs, database)]
        if needs.writing:
            rights += _writing(needs, database, receipts)
    for database in earlier:
        rights += _documents(needs, database)
    return (*rights, *_system(needs))


def _archive(needs: Needs, database: str) -> Iterator[Right]:
    key = {column.name for column in REQUIRED if column.table is Customer}
    yield Right(database, "Customer", "SELECT", _ordered(key | needs.reads & ARCHIVE.keys()), "reader")
    yield Right(
        database, "Customer", "VIEW DEFINITION", (), "reader", lost=msg("triggers on the customer archive are not seen")
    )
    if needs.writes & SELF_DEFINED_IDS.keys():
        columns = ("bArchive", "cID", "cItemName", "cRelArchive", "iLength")
        lost = msg("which self-defined items are set up, and how long they are, is not known")
        yield Right(database, "UserDef_Base", "SELECT", columns, "reader", lost=lost)
        lost = msg("self-defined items that have a list of values cannot be written")
        yield Right(database, "UserDefine", "SELECT", ("cID", "cValue"), "reader", lost=lost)
    elif needs.reads & ITEM_IDS.keys():
        lost = msg("the captions of the self-defined items are not known")
        yield Right(database, "UserDef_Base", "SELECT", ("cID", "cItemName"), "reader", lost=lost)
    if "cCCCode" in needs.reads:
        lost = msg("the names of the customer classes are not known")
        yield Right(database, "CustomerClass", "SELECT", ("cCCCode", "cCCName"), "reader", lost=lost)
    if "cCCCode" in needs.writes:
        lost = msg("the customer class cannot be written")
        yield Right(database, "CustomerClass", "SELECT", ("bCCEnd", "cCCCode"), "reader", lost=lost)


def _documents(needs: Needs, database: str) -> Iterator[Right]:
    required: defaultdict[str, set[str]] = defaultdict(set)
    for column in REQUIRED:
        if column.table is not Customer:
            required[column.table.name].add(column.name)
    for table, names in required.items():
        yield Right(database, table, "SELECT", _ordered(names), "reader")
    for column, lost in LOSSES:
        yield Right(database, column.table.name, "SELECT", (column.name,), "reader", lost=lost)
    ledger = ("bRdFlag", "bSale", "cCusCode", "iAOutPrice", "iMonth", "iYear")
    lost = msg("cost comes from outbound notes, without the adjustments of stock accounting, or is not known")
    yield Right(database, "IA_Subsidiary", "SELECT", ledger, "reader", lost=lost)
    lost = msg("cost and profit are not known")
    better: tuple[str, ...] = ("IA_Subsidiary",)
    for head, line in (("rdrecord32", "rdrecords32"), ("RdRecord", "RdRecords")):
        yield Right(database, head, "SELECT", _OUTBOUND, "reader", lost=lost, unless=better)
        yield Right(database, line, "SELECT", ("ID", "iPrice"), "reader", lost=lost, unless=better)
        better = (*better, head)
    lost = msg("since when stock accounting is in use is not known")
    yield Right(database, "AccInformation", "SELECT", ("cName", "cSysID", "cValue"), "reader", lost=lost)
    if "receivables" in needs.extras:
        bills = ("cCheckMan", "cDwCode", "cFlag", "cVouchType", "dVouchDate", "iAmount")
        yield Right(database, "Ap_CloseBill", "SELECT", bills, "reader", lost=msg("receipts are not known"))
        details = ("cDwCode", "cFlag", "dVouchDate", "iCAmount", "iDAmount")
        yield Right(database, "Ar_Detail", "SELECT", details, "reader", lost=msg("open balances are not known"))


def _writing(needs: Needs, database: str, receipts: str | None) -> Iterator[Right]:
    yield Right(database, "Customer", "UPDATE", _ordered(needs.writes & WRITABLE), "writer")
    lost = msg("U8 does not show who changed the customer, and when")
    for permission in _STAMPING:
        yield Right(database, "Customer", permission, STAMPS, "writer", lost=lost)
    if receipts is not None:
        schema, table = receipts.split(".")
        for permission in _RECEIPTS:
            yield Right(database, table, permission, (), "writer", schema=schema)


_STAMPING: Final[Sequence[Permission]] = ("SELECT", "UPDATE")
"""Columns that may not be read are not seen: so both are needed."""
_RECEIPTS: Final[Sequence[Permission]] = ("SELECT", "INSERT")


def _system(needs: Needs) -> Iterator[Right]:
    periods = ("bIsDelete", "cAcc_Id", "dBegin", "dEnd", "iId", "iYear")
    tables: Mapping[str, tuple[tuple[str, ...], Message]] = {
        "UA_Account": (("cAcc_Id", "cAcc_Name"), msg("the name of the account set is not known")),
        "UA_AccountDatabase": (
            ("cAcc_Id", "cDatabase", "iBeginYear", "iEndYear"),
            msg("a database with an unusual name is not found"),
        ),
        "UA_Period": (
            periods if needs.periods else ("cAcc_Id", "dBegin", "iYear"),
            msg("fiscal years are taken for calendar years"),
        ),
    }
    for table, (columns, lost) in tables.items():
        yield Right(SYSTEM, table, "SELECT", columns, "reader", lost=lost)


def _ordered(names: set[str] | frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
