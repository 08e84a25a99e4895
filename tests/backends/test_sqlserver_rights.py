"""The rights that are asked for are those of the columns that our statements name: none is missing, none idle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlglot
from sqlalchemy import Column, Engine, Table, Update, event
from sqlalchemy.sql import visitors
from sqlglot import exp

from u8sync.backends.sqlserver import account_sets
from u8sync.backends.sqlserver.rights import SYSTEM, Right, needed_rights
from u8sync.backends.u8_schema import STAMPS, TABLES, CustomerClass, RdRecord, RdRecords, UserDefine
from u8sync.domain.model import EXTRAS, CustomerCode, Extra, Window
from u8sync.ports import Edit, Needs, Stamp

WRITES = frozenset({"cCusDefine5", "cCCCode", "cCusMngTypeCode"})
READS = WRITES | {"cCusName", "dEndDate", "dModifyDate"}
NEEDS = Needs(READS, WRITES, writing=True)
EVERYTHING = Needs(READS, WRITES, writing=True, extras=frozenset(EXTRAS), periods=True)

Columns = set[tuple[str, str]]


class Seen:
    """The columns of U8's tables that statements named."""

    def __init__(self) -> None:
        self.read: Columns = set()
        self.written: Columns = set()

    def note(self, _connection: Any, statement: Any, *_rest: Any) -> None:
        if not hasattr(statement, "get_children"):
            return
        for part in visitors.iterate(statement):
            if isinstance(part, Column) and isinstance(part.table, Table) and part.table.name in TABLES:
                self.read.add((part.table.name, part.name))
        if isinstance(statement, Update):
            self.written |= {(statement.table.name, getattr(key, "name", key)) for key in statement._values or ()}


@contextmanager
def watching() -> Iterator[Seen]:
    seen = Seen()
    event.listen(Engine, "before_execute", seen.note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_execute", seen.note)


def granted(rights: tuple[Right, ...], permission: str) -> Columns:
    return {
        (right.table, column)
        for right in rights
        if right.permission == permission and right.database != SYSTEM
        for column in right.columns
    }


def a_whole_night(site: Any, extras: frozenset[Extra]) -> Seen:
    """Everything that a run asks of the database."""
    site.receivables_since("2025-01-01")
    site.customer("c1", cCCCode="01", cCusMngTypeCode="02")
    site.add(CustomerClass, cCCCode="01", bCCEnd=True)
    site.item(66, bArchive=True)
    site.add(UserDefine, cID="66", cValue="VIP")
    site.accounting_since("2025-01-01")
    site.invoice(date(2026, 3, 1), "c1", "10")
    site.order(date(2026, 3, 1), "c1")
    backend = site.open()
    backend.account_set()
    with watching() as seen:
        backend.writable()
        backend.glossary()
        backend.customers(sorted(READS), site.quiet)
        backend.facts(Window.ending(date(2026, 3, 31), months=12), site.quiet, extras)
        backend.read([CustomerCode("c1")], sorted(READS))
        edit = Edit(
            CustomerCode("c1"),
            before={"cCusDefine5": None, "cCCCode": "01", "cCusMngTypeCode": "02"},
            after={"cCusDefine5": "VIP", "cCCCode": "01", "cCusMngTypeCode": "03"},
        )
        [outcome] = backend.write([edit], Stamp("u8sync", datetime(2026, 4, 1, tzinfo=UTC)))
    assert outcome.status == "applied"
    backend.close()
    return seen


@pytest.mark.parametrize("needs", [NEEDS, EVERYTHING], ids=["usual", "extras"])
@pytest.mark.parametrize("book", ["ledger", "outbound", "older"])
def test_every_column_that_a_run_names_is_granted_and_no_other(site: Any, book: str, needs: Needs) -> None:
    site.cost(2026, 3, "c1", "1")
    if book != "ledger":
        site.sql("DROP TABLE IA_Subsidiary")
    if book == "older":
        site.sql("DROP TABLE rdrecord32")
        site.sql("DROP TABLE rdrecords32")
        site.create(RdRecord, RdRecords)
    if book != "ledger":
        site.outbound(date(2026, 3, 1), "c1", "1", older=book == "older")
    seen = a_whole_night(site, needs.extras)
    rights = needed_rights(needs, archives=["UFDATA_001_2019"])
    books = {
        "ledger": {"IA_Subsidiary"},
        "outbound": {"rdrecord32", "rdrecords32"},
        "older": {"RdRecord", "RdRecords"},
    }
    elsewhere = set().union(*(tables for name, tables in books.items() if name != book))
    readable = {column for column in granted(rights, "SELECT") if column[0] not in elsewhere}
    # The codes in use are asked for where they may be read; a mapping that does not name them needs no right to it.
    stamps = {("Customer", name) for name in STAMPS}
    assert seen.read - readable - {("Customer", "CustomerKCode")} == set()
    assert readable - seen.read - stamps == set()
    assert seen.written == granted(rights, "UPDATE")


@pytest.mark.parametrize("needs", [NEEDS, EVERYTHING], ids=["usual", "fiscal periods"])
def test_the_columns_of_ufsystem_are_those_of_the_statements(needs: Needs) -> None:
    named: Columns = set()
    queries = [account_sets._ACCOUNTS, account_sets._YEARS, account_sets._PERIODS]
    if needs.periods:
        queries.append(f"{account_sets._ALL_PERIODS}N'999'")
    for query in queries:
        tree = sqlglot.parse_one(query, read="tsql")
        [table] = tree.find_all(exp.Table)
        named |= {(table.name, column.name) for column in tree.find_all(exp.Column)}
    rights = needed_rights(needs, archives=["x"])
    assert named == {(right.table, column) for right in rights if right.database == SYSTEM for column in right.columns}


RECEIVABLES = {"Ap_CloseBill", "Ar_Detail"}


@pytest.mark.parametrize("extras", [[], ["months"], ["before"]], ids=["usual", "months", "before"])
def test_receivables_are_asked_for_only_where_a_metric_of_the_policy_needs_them(extras: list[Extra]) -> None:
    rights = needed_rights(Needs(READS, WRITES, True, frozenset(extras)), archives=["now"], earlier=["then"])
    assert not RECEIVABLES & {right.table for right in rights}


def test_receivables_are_read_in_every_database_and_a_run_goes_without_them() -> None:
    rights = needed_rights(EVERYTHING, archives=["now"], earlier=["then"])
    asked = [right for right in rights if right.table in RECEIVABLES]
    assert {(right.database, right.table) for right in asked} == {(d, t) for d in ("now", "then") for t in RECEIVABLES}
    assert all(right.lost is not None and right.role == "reader" for right in asked)


def test_one_who_only_reads_may_write_nothing() -> None:
    rights = needed_rights(
        Needs(READS, WRITES, writing=False), archives=["a"], earlier=["b"], receipts="u8sync.receipt"
    )
    assert {right.role for right in rights} == {"reader"}
    assert {right.permission for right in rights} == {"SELECT", "VIEW DEFINITION"}


def test_a_mapping_cannot_ask_for_contacts_or_for_other_columns_to_write() -> None:
    greedy = Needs(
        frozenset({"cCusPhone", "cCusBank", "cCusName"}), frozenset({"iCusCreLine", "cCusDefine5"}), writing=True
    )
    rights = needed_rights(greedy, archives=["a"])
    assert ("Customer", "cCusName") in granted(rights, "SELECT")
    assert not {"cCusPhone", "cCusBank"} & {column for _, column in granted(rights, "SELECT")}
    assert granted(rights, "UPDATE") == {("Customer", "cCusDefine5"), *(("Customer", name) for name in STAMPS)}


def test_databases_of_earlier_years_are_asked_for_documents_only() -> None:
    rights = needed_rights(NEEDS, archives=["now"], earlier=["then"])
    tables = {right.table for right in rights if right.database == "then"}
    assert "SaleBillVouch" in tables
    assert not tables & {"Customer", "UserDef_Base", "CustomerClass"}
    assert {right.role for right in rights if right.database == "then"} == {"reader"}


DEFINITIONS = frozenset({"UserDef_Base", "UserDefine", "CustomerClass"})


def definitions(needs: Needs) -> Columns:
    return {column for column in granted(needed_rights(needs, archives=["a"]), "SELECT") if column[0] in DEFINITIONS}


def test_tables_of_definitions_are_asked_for_only_where_something_defined_is_read() -> None:
    level = Needs(frozenset({"CustomerKCode"}), frozenset({"CustomerKCode"}), writing=True)
    assert definitions(level) == set()


@pytest.mark.parametrize("item", ["cCusDefine4", "cCusDefine14"])
def test_what_is_only_read_needs_no_more_than_its_words(item: str) -> None:
    assert definitions(Needs(frozenset({item}), frozenset(), writing=True)) == {
        ("UserDef_Base", "cID"),
        ("UserDef_Base", "cItemName"),
    }
    assert definitions(Needs(frozenset({"cCCCode"}), frozenset(), writing=True)) == {
        ("CustomerClass", "cCCCode"),
        ("CustomerClass", "cCCName"),
    }


def test_words_are_something_that_a_run_can_do_without() -> None:
    rights = needed_rights(NEEDS, archives=["a"])
    assert [right.table for right in rights if right.table in DEFINITIONS and right.lost is None] == []


def test_no_right_is_on_a_whole_table_of_u8() -> None:
    for right in needed_rights(NEEDS, archives=["a"], earlier=["b"], receipts="u8sync.receipt"):
        assert right.columns or right.permission == "VIEW DEFINITION" or right.schema == "u8sync", right


def test_receipts_can_be_read_and_added_and_not_changed() -> None:
    rights = needed_rights(NEEDS, archives=["a"], receipts="u8sync.receipt")
    assert {right.permission for right in rights if right.table == "receipt"} == {"SELECT", "INSERT"}
