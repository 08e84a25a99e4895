"""What is read of the documents only when it is asked for, one rule a test."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mssql
from sqlglot import exp

from u8sync.backends.sides import facts_of
from u8sync.backends.sql_extras import find_extras
from u8sync.backends.sql_facts import _as_archived, read_facts
from u8sync.backends.sql_source import Source
from u8sync.backends.sqlserver.dialect import SqlServerDialect
from u8sync.backends.u8_schema import TABLES
from u8sync.domain.model import EXTRA_COLUMNS, EXTRAS, Extra, Facts, Period, Window

WINDOW = Window(date(2026, 1, 15), date(2026, 4, 14))  # three months; due until 2026-03-15


def read(site: Any, *extras: Extra, window: Window = WINDOW) -> Facts:
    facts: Facts = site.open().facts(window, site.quiet, frozenset(extras or EXTRAS))
    return facts


def row(facts: Facts, code: str = "A") -> dict[str, Any]:
    [found] = [each for each in facts.frame.to_dicts() if each["code"] == code]
    return found


def notes(facts: Facts) -> str:
    return "\n".join(str(note) for note in facts.notes)


@pytest.mark.parametrize("asked", EXTRAS)
def test_what_was_not_asked_for_is_null(site: Any, asked: Extra) -> None:
    site.receivables_since("2020-01-01")
    for day in (date(2026, 2, 1), date(2025, 12, 1)):
        site.invoice(day, "A", "100")
        site.receipt(day, "A", "1")
        site.ledger(day, "A", "1")
    found = row(read(site, asked))
    for extra, columns in EXTRA_COLUMNS.items():
        assert all((found[column] is not None) == (extra == asked) for column in columns), extra


# --- months with business ---------------------------------------------------------------------------------------------


def test_a_month_with_an_invoice_or_an_order_counts_once(site: Any) -> None:
    site.invoice(date(2026, 1, 31), "A", "1")
    site.invoice(date(2026, 1, 15), "A", "1")
    site.order(date(2026, 1, 20), "A")
    site.order(date(2026, 4, 14), "A")
    assert row(read(site, "months"))["active_months"] == 2


@pytest.mark.parametrize(
    ("day", "special"),
    [
        (date(2026, 1, 14), {}),
        (date(2026, 4, 15), {}),
        (date(2026, 2, 1), {"cChecker": " "}),
        (date(2026, 2, 1), {"cInvalider": "x"}),
        (date(2026, 2, 1), {"bFirst": True}),
        (date(2026, 2, 1), {"bReturnFlag": True}),
    ],
    ids=["before the window", "after it", "draft", "void", "opening balance", "return"],
)
def test_months_in_which_nothing_counts(site: Any, day: date, special: dict[str, Any]) -> None:
    site.invoice(day, "A", "1", **special)
    site.order(date(2026, 3, 1), "A")
    site.order(date(2026, 2, 1), "A", cVerifier=None)
    assert row(read(site, "months"))["active_months"] == 1


def test_a_customer_with_returns_alone_has_no_month(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "-1", bReturnFlag=True)
    assert row(read(site, "months"))["active_months"] == 0


def test_blanks_behind_a_code_make_no_second_month(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "1")
    site.order(date(2026, 2, 2), "A  ")
    assert row(read(site, "months"))["active_months"] == 1


# --- the window before ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 10, 14), None),
        (date(2025, 10, 15), Decimal(7)),
        (datetime(2026, 1, 14, 23, 59, 59), Decimal(7)),  # noqa: DTZ001 - wall-clock time, as U8 keeps it
        (date(2026, 1, 15), None),
    ],
    ids=["day before", "first day", "late on the last day", "first day of the window"],
)
def test_the_window_before_has_as_many_months(site: Any, day: Any, expected: Decimal | None) -> None:
    site.invoice(day, "A", "7")
    site.invoice(date(2026, 2, 1), "A", "1")
    assert row(read(site, "before"))["revenue_before"] == expected


def test_revenue_before_is_counted_as_revenue_is(site: Any) -> None:
    site.invoice(date(2025, 11, 1), "A", "7", "0.0001")
    site.invoice(date(2025, 11, 2), "A", "-2", bReturnFlag=True)
    site.invoice(date(2025, 11, 3), "A", "100", cChecker="")
    site.invoice(date(2025, 11, 3), "A", "100", cInvalider="x")
    found = row(read(site, "before"))
    assert (found["revenue_before"], found["revenue"]) == (Decimal("5.0001"), None)


def test_the_days_before_may_be_given(site: Any) -> None:
    site.invoice(date(2025, 1, 1), "A", "7")
    site.invoice(date(2025, 11, 1), "A", "100")
    window = Window(WINDOW.start, WINDOW.as_of, earlier=(date(2025, 1, 1), date(2025, 3, 31)))
    assert row(read(site, "before", window=window))["revenue_before"] == 7


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_receipts_are_less_refunds(site: Any) -> None:
    site.receivables_since("2020-01-01")
    site.receipt(date(2026, 1, 15), "A", "100.1234")
    site.receipt(date(2026, 4, 14), "A", "30", cVouchType="49")
    site.receipt(date(2026, 2, 1), "B", "5", cVouchType="49")
    facts = read(site, "receivables")
    assert (row(facts)["receipts"], row(facts, "B")["receipts"]) == (Decimal("70.1234"), Decimal(-5))


@pytest.mark.parametrize(
    ("day", "special"),
    [
        (date(2026, 1, 14), {}),
        (date(2026, 4, 15), {}),
        (date(2026, 2, 1), {"cCheckMan": None}),
        (date(2026, 2, 1), {"cCheckMan": "  "}),
        (date(2026, 2, 1), {"cFlag": "AP"}),
        (date(2026, 2, 1), {"cFlag": "AP", "cVouchType": "49"}),
        (date(2026, 2, 1), {"cVouchType": "R0"}),
        (date(2026, 2, 1), {"iAmount": None}),
    ],
    ids=["before", "after", "draft", "blank", "supplier", "payment to a supplier", "other voucher", "no amount"],
)
def test_receipts_that_do_not_count(site: Any, day: date, special: dict[str, Any]) -> None:
    site.receivables_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "A", "1")
    values = {"amount": "100", **special}
    amount = values.pop("iAmount", values.pop("amount"))
    site.receipt(day, "A", amount, **{name: value for name, value in values.items() if name != "amount"})
    assert row(read(site, "receivables"))["receipts"] == 0


# --- open balances ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "balance", "overdue"),
    [
        pytest.param([], "0", "0", id="nothing"),
        pytest.param([("2020-01-01", "100", None)], "100", "100", id="charged long ago"),
        pytest.param([("2026-03-15", "100", None)], "100", "100", id="charged exactly the days of credit ago"),
        pytest.param([("2026-03-16", "100", None)], "100", "0", id="a day later"),
        pytest.param([("2026-04-14", "100", None)], "100", "0", id="on the last day"),
        pytest.param([("2026-04-15", "100", None)], "0", "0", id="after the window"),
        pytest.param([("2026-01-01", "100", None), ("2026-04-01", None, "100")], "0", "0", id="paid"),
        pytest.param(
            [("2026-01-01", "100", None), ("2026-04-01", "60", None), ("2026-04-02", None, "30")],
            "130",
            "70",
            id="a payment is laid against the oldest charge",
        ),
        pytest.param(
            [("2026-01-01", "100", None), ("2026-04-01", "60", None), ("2026-04-02", None, "130")],
            "30",
            "0",
            id="a payment that reaches into the new one",
        ),
        pytest.param([("2026-01-01", None, "100")], "-100", "0", id="paid ahead"),
        pytest.param([("2026-04-01", "60", None), ("2026-01-01", None, "100")], "-40", "0", id="paid ahead of it"),
        pytest.param(
            [("2026-01-01", "100", None), ("2026-04-01", "-30", None)],
            "70",
            "70",
            id="a red invoice is laid against the oldest charge",
        ),
        pytest.param(
            [("2026-01-01", "100", None), ("2026-04-01", None, "-50")],
            "150",
            "100",
            id="a payment taken back is a charge of its day",
        ),
        pytest.param([("2026-01-01", "0.1", None)] * 3 + [("2026-01-02", None, "0.2")], "0.1", "0.1", id="exact"),
    ],
)
def test_the_oldest_charges_are_paid_first(
    site: Any, entries: list[tuple[str, str | None, str | None]], balance: str, overdue: str
) -> None:
    site.receivables_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "A", "1")
    for day, debit, credit in entries:
        site.ledger(date.fromisoformat(day), "A", debit, credit)
    found = row(read(site, "receivables"))
    assert (found["receivable"], found["receivable_overdue"]) == (Decimal(balance), Decimal(overdue))


def test_what_the_window_says_of_credit_counts(site: Any) -> None:
    site.receivables_since("2020-01-01")
    site.ledger(date(2026, 4, 10), "A", "100")
    window = Window(WINDOW.start, WINDOW.as_of, credit_days=4)
    facts = read(site, "receivables", window=window)
    assert row(facts)["receivable_overdue"] == 100
    assert "charged until 2026-04-10 and is open: 4 days of credit for everybody" in notes(facts)


def test_what_is_owed_to_suppliers_is_no_receivable(site: Any) -> None:
    site.receivables_since("2020-01-01")
    site.ledger(date(2026, 1, 1), "A", "100", cFlag="AP")
    assert read(site, "receivables").frame.is_empty()


def test_what_names_no_customer_is_told(site: Any) -> None:
    site.receivables_since("2020-01-01")
    site.receipt(date(2026, 2, 1), None, "5")
    site.ledger(date(2026, 1, 1), "  ", "7")
    facts = read(site, "receivables")
    assert facts.frame.is_empty()
    assert "Receipts of 5.0000 and an open balance of 7.0000 name no customer and were left out." in notes(facts)


@pytest.mark.parametrize("since", ["", "   ", None])
def test_where_receivables_are_not_in_use_nothing_is_known_of_them(site: Any, since: str | None) -> None:
    site.receivables_since(since)
    site.invoice(date(2026, 2, 1), "A", "1")
    facts = read(site, "receivables")
    found = row(facts)
    assert (found["receipts"], found["receivable"], found["receivable_overdue"]) == (None, None, None)
    assert "Receivables are not in use in this account set" in notes(facts)


@pytest.mark.parametrize(
    ("lost", "told", "known"),
    [
        ("DROP TABLE Ar_Detail", "Ar_Detail cannot be read: open balances are not known.", ["receipts"]),
        (
            "ALTER TABLE Ar_Detail DROP COLUMN iCAmount",
            "Ar_Detail cannot be read: open balances are not known.",
            ["receipts"],
        ),
        (
            "DROP TABLE Ap_CloseBill",
            "Ap_CloseBill cannot be read: receipts are not known.",
            ["receivable", "receivable_overdue"],
        ),
        (
            "DROP TABLE AccInformation",
            "30 days of credit for everybody",
            ["receipts", "receivable", "receivable_overdue"],
        ),
    ],
    ids=["no ledger", "a column of it", "no receipts", "no word on modules"],
)
def test_what_cannot_be_read_is_unknown_and_told(site: Any, lost: str, told: str, known: list[str]) -> None:
    site.receivables_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "A", "1")
    site.sql(lost)
    facts = read(site, "receivables")
    assert [name for name in EXTRA_COLUMNS["receivables"] if row(facts)[name] is not None] == known
    assert told in notes(facts)


# --- years in several databases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", [date(2026, 3, 1), date(2026, 2, 26)], ids=["first of a month", "within a month"])
def test_a_month_that_two_databases_share_counts_once(site: Any, empty: Any, boundary: date) -> None:
    site.customer("A")
    old = type(site)(site.file.with_name("old.db"))
    shutil.copyfile(empty, old.file)
    for place in (old, site):
        place.receivables_since("2020-01-01")
        for day in (date(2026, 1, 20), date(2026, 2, 20), date(2026, 2, 27), date(2026, 3, 20)):
            place.invoice(day, "A", "1")
            place.receipt(day, "A", "1")
        place.invoice(date(2025, 11, 20), "A", "3")
        place.ledger(date(2026, 1, 20), "A", "50")
    backend = site.open()
    with backend._reading() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS old", (str(old.file),))
        catalog = backend._archive.source.catalog
        sources = [Source("old", catalog, after=boundary), Source(None, catalog, first=boundary)]
        facts = read_facts(connection, backend._dialect, sources, WINDOW, site.quiet, extras=frozenset(EXTRAS))
    found = row(facts)
    assert (found["active_months"], found["revenue_before"], found["receipts"]) == (3, 3, 4)
    assert (found["receivable"], found["receivable_overdue"]) == (50, 50)
    assert "Open balances come from one database alone" in notes(facts)


def test_the_ledger_is_that_of_the_years_of_the_last_day(site: Any, empty: Any) -> None:
    old = type(site)(site.file.with_name("old.db"))
    shutil.copyfile(empty, old.file)
    site.receivables_since("2020-01-01")
    old.ledger(date(2026, 1, 20), "A", "50")
    site.ledger(date(2026, 1, 20), "A", "70")
    backend = site.open()
    with backend._reading() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS old", (str(old.file),))
        catalog = backend._archive.source.catalog
        sources = [Source("old", catalog, after=date(2026, 6, 1)), Source(None, catalog, first=date(2026, 6, 1))]
        facts = read_facts(connection, backend._dialect, sources, WINDOW, site.quiet, extras=frozenset(EXTRAS))
    assert row(facts)["receivable"] == 50


# --- fiscal periods ---------------------------------------------------------------------------------------------------


def test_periods_without_a_day_or_deleted_are_left_out(site: Any) -> None:
    site.period(2026, 2, date(2026, 2, 1), date(2026, 2, 28), bIsDelete=False)
    site.period(2026, 1, date(2026, 1, 1), date(2026, 1, 31), bIsDelete=None)
    site.period(2026, 3, date(2026, 3, 1), None)
    site.period(2026, 4, None, date(2026, 4, 30))
    site.period(2026, 5, date(2026, 5, 1), date(2026, 5, 31), bIsDelete=True)
    site.period(2026, 6, date(2026, 6, 1), date(2026, 6, 30), cAcc_Id="998")
    assert site.open().periods() == (
        Period(2026, 1, date(2026, 1, 1), date(2026, 1, 31)),
        Period(2026, 2, date(2026, 2, 1), date(2026, 2, 28)),
    )


def test_an_account_set_without_periods_has_none(site: Any) -> None:
    site.sql("DROP TABLE UA_Period")
    assert site.open().periods() == ()


# --- T-SQL ------------------------------------------------------------------------------------------------------------

NEWER = ("STRING_AGG", "TRY_", "OFFSET", "FETCH", "IIF", "CONCAT(", "FORMAT(", "DATEFROMPARTS", "EOMONTH", "substr(")
"""Words that SQL Server 2008 R2 does not know."""


@pytest.mark.parametrize("shared", [False, True], ids=["whole months", "a month of two databases"])
def test_the_statements_are_t_sql_that_old_servers_understand(site: Any, shared: bool) -> None:  # noqa: FBT001
    dialect = object.__new__(SqlServerDialect)  # nothing of a server is needed to write a statement
    boundary = date(2026, 2, 26 if shared else 1)
    site.receivables_since("2020-01-01")
    with site.open()._reading() as connection:
        catalog = {name: dict.fromkeys(column.name for column in table.columns) for name, table in TABLES.items()}
        sources = [Source(None, catalog, after=boundary), Source(None, catalog, first=boundary)]
        asked = find_extras(connection, dialect, sources, WINDOW, frozenset(EXTRAS))
    assert len(asked.queries) == 2 * (1 + shared) + 2 + 2 + 1
    for _, query in asked.queries:
        whole = _as_archived(dialect, query)
        statement = str(whole.compile(dialect=mssql.dialect(), compile_kwargs={"render_postcompile": True}))
        [tree] = sqlglot.parse(statement.replace("[current].", ""), read="tsql")
        assert {table.name for table in tree.find_all(exp.Table)} - {"", "anon_1", "anon_2"} <= {"Customer", *TABLES}
        assert not [word for word in NEWER if word.lower() in statement.lower()]


# --- the law of past due ----------------------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 1000).map(Decimal)
ENTRIES = st.lists(st.tuples(st.integers(0, 60), AMOUNTS, st.booleans()), max_size=8)


@settings(max_examples=200)
@given(entries=ENTRIES, credit_days=st.integers(0, 60))
def test_past_due_is_what_is_left_of_the_old_charges_when_payments_are_laid_one_by_one(
    entries: list[tuple[int, Decimal, bool]], credit_days: int
) -> None:
    import polars as pl

    window = Window(date(2026, 1, 1), date(2026, 3, 1), credit_days=credit_days)
    charges = sorted((age, amount) for age, amount, is_charge in entries if is_charge)[::-1]  # oldest first
    paid = sum((amount for _, amount, is_charge in entries if not is_charge), Decimal(0))
    left = paid
    overdue = Decimal(0)
    for age, amount in charges:
        open_part = amount - min(left, amount)
        left -= min(left, amount)
        if age >= credit_days:
            overdue += open_part
    side = pl.DataFrame(
        {
            "code": ["A"],
            "receivable": [sum((amount for _, amount in charges), Decimal(0)) - paid],
            "not_due": [sum((amount for age, amount in charges if age < credit_days), Decimal(0))],
        },
        schema_overrides={"receivable": pl.Decimal(38, 4), "not_due": pl.Decimal(38, 4)},
    )
    known = EXTRA_COLUMNS["receivables"]
    facts = facts_of([side], window, posted=None, notes=(), known=known)
    assert row(facts)["receivable_overdue"] == overdue
