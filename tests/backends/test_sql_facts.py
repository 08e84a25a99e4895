"""What the documents of an account set add up to, one rule of U8 a test."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from u8sync.backends import u8_schema
from u8sync.backends.sql_facts import read_facts
from u8sync.backends.sql_source import Source
from u8sync.domain.model import Facts, Month, Window

WINDOW = Window(date(2026, 1, 15), date(2026, 4, 10))  # complete months: February and March


def rows(facts: Facts) -> dict[str, dict[str, Any]]:
    return {row.pop("code"): row for row in facts.frame.to_dicts()}


def notes(facts: Facts) -> list[str]:
    return [str(note) for note in facts.notes]


def test_an_account_set_without_documents_has_no_facts(site: Any) -> None:
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.frame.height == 0
    assert facts.posted is None


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (date(2026, 1, 14), False),
        (date(2026, 1, 15), True),
        (date(2026, 4, 10), True),
        (datetime(2026, 4, 10, 23, 59, 59), True),  # noqa: DTZ001 -- wall-clock time, as U8 keeps it
        (date(2026, 4, 11), False),
    ],
    ids=["day before", "first day", "last day", "late on the last day", "day after"],
)
def test_both_ends_of_the_window_count(site: Any, day: Any, counts: Any) -> None:
    site.invoice(day, "A", "100")
    site.order(day, "A")
    facts = rows(site.open().facts(WINDOW, site.quiet)).get("A", {})
    assert (facts.get("revenue"), facts.get("invoices", 0), facts.get("orders", 0)) == (
        (Decimal(100), 1, 1) if counts else (None, 0, 0)
    )


def test_a_customer_whose_only_documents_lie_after_the_window_is_absent(site: Any) -> None:
    site.invoice(date(2026, 4, 11), "A", "100")
    assert rows(site.open().facts(WINDOW, site.quiet)) == {}


def test_sums_are_exact_where_binary_fractions_are_not(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", *["0.1"] * 10, "0.2", "999999999999.9999", "-0.0001")
    assert rows(site.open().facts(WINDOW, site.quiet))["A"]["revenue"] == Decimal("1000000000001.1998")


def test_a_return_lowers_revenue_and_is_not_counted(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "100")
    site.invoice(date(2026, 3, 1), "A", "-30", bReturnFlag=True)
    facts = rows(site.open().facts(WINDOW, site.quiet))["A"]
    assert (facts["revenue"], facts["invoices"], facts["last_sale_on"]) == (Decimal(70), 1, date(2026, 2, 1))


@pytest.mark.parametrize(
    "special",
    [
        {"cChecker": None},
        {"cChecker": ""},
        {"cChecker": "  ", "cVerifier": "应收审核"},
        {"cInvalider": "李四"},
        {"bFirst": True},
    ],
    ids=["draft", "empty approver", "approved by receivables only", "void", "opening balance"],
)
def test_invoices_that_do_not_count(site: Any, special: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "100", **special)
    assert rows(site.open().facts(WINDOW, site.quiet)) == {}


@pytest.mark.parametrize("special", [{"cInvalider": ""}, {"cInvalider": "  "}, {"cVerifier": None}])
def test_blanks_in_the_field_of_a_person_mean_nobody(site: Any, special: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "100", **special)
    assert rows(site.open().facts(WINDOW, site.quiet))["A"]["revenue"] == Decimal(100)


def test_invoices_are_counted_by_head_not_by_line(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "1", "2", "3")
    site.invoice(date(2026, 2, 2), "A", "4")
    assert rows(site.open().facts(WINDOW, site.quiet))["A"]["invoices"] == 2


def test_an_invoice_without_lines_counts_but_has_no_revenue(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A")
    facts = rows(site.open().facts(WINDOW, site.quiet))["A"]
    assert (facts["revenue"], facts["invoices"]) == (None, 1)


def test_orders_count_when_approved_and_no_return(site: Any) -> None:
    site.order(date(2026, 2, 1), "A")
    site.order(date(2026, 2, 2), "A", cVerifier=" ")
    site.order(date(2026, 2, 3), "A", bReturnFlag=True)
    assert rows(site.open().facts(WINDOW, site.quiet))["A"]["orders"] == 1


def test_a_site_that_skips_orders_gets_a_note(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "1")
    site.order(date(2025, 2, 1), "A")
    facts = site.open().facts(WINDOW, site.quiet)
    assert rows(facts)["A"]["orders"] == 0
    assert (
        "No approved sales order lies between 2026-01-15 and 2026-04-10: the order frequency counts invoices."
        in notes(facts)
    )


def test_a_site_with_orders_gets_no_such_note(site: Any) -> None:
    site.order(date(2026, 2, 1), "A")
    assert not [note for note in notes(site.open().facts(WINDOW, site.quiet)) if "skip orders" in note]


def test_first_and_last_sale_look_back_before_the_window(site: Any) -> None:
    site.order(date(2019, 5, 1), "A")
    site.invoice(date(2020, 5, 1), "A", "5")
    facts = rows(site.open().facts(WINDOW, site.quiet))["A"]
    assert (facts["first_sale_on"], facts["last_sale_on"]) == (date(2019, 5, 1), date(2020, 5, 1))
    assert (facts["revenue"], facts["invoices"], facts["orders"]) == (None, 0, 0)


def test_the_last_sale_is_no_return_and_not_after_the_window(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "5")
    site.invoice(date(2026, 3, 1), "A", "-5", bReturnFlag=True)
    site.order(date(2026, 4, 11), "A")
    assert rows(site.open().facts(WINDOW, site.quiet))["A"]["last_sale_on"] == date(2026, 2, 1)


def test_each_side_stands_alone_so_nothing_is_counted_twice(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "A", "10", "20")
    site.invoice(date(2026, 2, 2), "A", "30")
    for _ in range(3):
        site.order(date(2026, 2, 1), "A")
        site.cost(2026, 2, "A", "4")
    facts = rows(site.open().facts(WINDOW, site.quiet))["A"]
    assert (facts["revenue"], facts["cost"], facts["invoices"], facts["orders"]) == (Decimal(60), Decimal(12), 2, 3)


def test_customers_of_one_side_only_are_kept(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "I", "10")
    site.order(date(2026, 2, 1), "O")
    site.cost(2026, 2, "C", "3")
    facts = rows(site.open().facts(WINDOW, site.quiet))
    assert {code: (row["revenue"], row["orders"], row["cost"]) for code, row in facts.items()} == {
        "I": (Decimal(10), 0, None),
        "O": (None, 1, None),
        "C": (None, 0, Decimal(3)),
    }


def test_trailing_blanks_do_not_make_another_customer(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "10")
    site.invoice(date(2026, 2, 1), "A  ", "5")
    assert rows(site.open().facts(WINDOW, site.quiet))["A"]["revenue"] == Decimal(15)


@pytest.mark.parametrize("code", ['"A"', "\\A", "a\tb", "客户😀", "[1]", "null", "007", "A\x01"])
def test_a_code_is_read_as_it_stands_whatever_it_holds(site: Any, code: str) -> None:
    site.customer(code)
    site.invoice(date(2026, 2, 1), code, "922337203685477.5807")
    site.order(date(2026, 2, 1), code)
    row = rows(site.open().facts(WINDOW, site.quiet))[code]
    assert (row["revenue"], row["invoices"], row["orders"]) == (Decimal("922337203685477.5807"), 1, 1)
    assert (row["cost"], row["first_sale_on"]) == (None, date(2026, 2, 1))


def test_documents_without_a_customer_are_left_out_with_a_note(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.order(date(2026, 2, 1), "A")
    site.invoice(date(2026, 2, 1), None, "10.5")
    site.invoice(date(2026, 2, 1), "  ", "-0.5", bReturnFlag=True)
    site.order(date(2026, 2, 1), "")
    site.cost(2026, 3, None, "7")
    facts = site.open().facts(WINDOW, site.quiet)
    assert set(rows(facts)) == {"A"}
    assert notes(facts) == ["3 document(s) without a customer code were left out: revenue 10.0000, cost 7.0000."]


# --- cost -------------------------------------------------------------------------------------------------------------


def test_profit_is_known_for_the_complete_months_that_are_posted(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.order(date(2026, 2, 1), "A")
    for month in (1, 2, 3, 4):
        site.invoice(date(2026, month, 10 if month == 4 else 31 if month != 2 else 28), "A", f"{10**month}")
        site.cost(2026, month, "A", f"{month}")
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted == (Month(2026, 2), Month(2026, 3))
    assert notes(facts) == []
    row = rows(facts)["A"]
    assert (row["revenue"], row["revenue_posted"], row["cost"]) == (Decimal(11110), Decimal(1100), Decimal(5))


@pytest.mark.parametrize(
    ("last", "sums", "posted"),
    [(date(2026, 3, 31), 1, Decimal(1100)), (date(2026, 4, 1), 2, Decimal(1100)), (date(2026, 3, 30), 2, Decimal(100))],
    ids=["whole months", "a day more", "a day less"],
)
def test_revenue_is_added_up_once_where_all_of_the_window_is_posted(
    site: Any, last: date, sums: int, posted: Decimal
) -> None:
    site.accounting_since("2020-01-01")
    for month in (1, 2, 3):
        site.cost(2026, month, "A", "1")
    site.invoice(date(2026, 2, 2), "A", "100")
    site.invoice(date(2026, 3, 30), "A", "1000")
    backend, asked = site.open(), []
    event.listen(backend._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    row = rows(backend.facts(Window(date(2026, 1, 1), last), site.quiet))["A"]
    assert [statement.count("iNatMoney") for statement in asked if "iNatMoney" in statement] == [sums]
    assert (row["revenue"], row["revenue_posted"]) == (Decimal(1100), posted)


def test_months_after_the_last_posting_are_left_out_with_a_note(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.order(date(2026, 2, 1), "A")
    site.invoice(date(2026, 3, 1), "A", "100")
    site.cost(2026, 2, "B", "1")
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted == (Month(2026, 2), Month(2026, 2))
    assert rows(facts)["A"]["revenue_posted"] is None
    assert notes(facts) == ["Stock accounting has posted cost up to 2026-02 only: profit leaves later months out."]


def test_months_before_stock_accounting_began_are_left_out(site: Any) -> None:
    site.accounting_since("2026/3/1")
    site.invoice(date(2026, 2, 1), "A", "100")
    site.invoice(date(2026, 3, 1), "A", "10")
    site.cost(2026, 3, "A", "4")
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted == (Month(2026, 3), Month(2026, 3))
    assert rows(facts)["A"]["revenue_posted"] == Decimal(10)


def test_a_customer_without_cost_record_has_unknown_cost_not_zero(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "A", "100")
    site.cost(2026, 3, "B", "0")
    facts = rows(site.open().facts(WINDOW, site.quiet))
    assert (facts["A"]["cost"], facts["B"]["cost"]) == (None, Decimal(0))


@pytest.mark.parametrize("other", [{"bSale": False}, {"bSale": None}, {"bRdFlag": 1}])
def test_cost_that_is_not_of_sales_does_not_count(site: Any, other: Any) -> None:
    site.accounting_since("2020-01-01")
    site.cost(2026, 3, "A", "4", **other)
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted is None
    assert rows(facts) == {}
    assert (
        "Stock accounting has posted no cost of sales from 2026-02 to 2026-03: cost and profit are not known."
        in notes(facts)
    )


@pytest.mark.parametrize("started", ["", "  ", None])
def test_without_stock_accounting_profit_is_unknown(site: Any, started: Any) -> None:
    site.accounting_since(started)
    site.invoice(date(2026, 2, 1), "A", "100")
    site.cost(2026, 3, "A", "4")
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted is None
    assert rows(facts)["A"]["cost"] is None
    assert "Stock accounting is not in use in this account set: cost and profit are not known." in notes(facts)


@pytest.mark.parametrize("table", ["IA_Subsidiary", "AccInformation"])
def test_without_the_tables_of_stock_accounting_profit_is_unknown(site: Any, table: Any) -> None:
    site.accounting_since("2020-01-01")
    site.invoice(date(2026, 2, 1), "A", "100")
    site.sql(f"DROP TABLE {table}")
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted is None
    assert rows(facts)["A"]["revenue"] == Decimal(100)


@pytest.mark.parametrize("value", ["ja", "2026-99-99"])
def test_a_start_of_stock_accounting_that_cannot_be_read_sets_no_bound(site: Any, value: Any) -> None:
    site.accounting_since(value)
    site.cost(2026, 3, "A", "4")
    assert site.open().facts(WINDOW, site.quiet).posted == (Month(2026, 2), Month(2026, 3))


def test_a_window_without_a_complete_month_has_no_profit(site: Any) -> None:
    site.accounting_since("2020-01-01")
    site.cost(2026, 3, "A", "4")
    facts = site.open().facts(Window(date(2026, 3, 2), date(2026, 4, 29)), site.quiet)
    assert facts.posted is None
    assert any("No complete month" in note for note in notes(facts))


# --- cost without the ledger of stock accounting ------------------------------------------------------------------


@pytest.mark.parametrize("older", [False, True], ids=["rdrecord32", "RdRecord"])
def test_without_the_ledger_cost_comes_from_the_outbound_notes(site: Any, older: Any) -> None:
    site.sql("DROP TABLE IA_Subsidiary")
    if older:
        site.sql("DROP TABLE rdrecord32")
        site.sql("DROP TABLE rdrecords32")
        site.create(u8_schema.RdRecord, u8_schema.RdRecords)
    site.accounting_since("2020-01-01")
    site.order(date(2026, 2, 1), "A")
    site.outbound(date(2026, 2, 28), "A", "3", "0.5", None, older=older)
    site.outbound(date(2026, 2, 27), "A", "100", older=older, cHandler=" ")
    site.outbound(date(2026, 2, 27), "A", "100", older=older, cVouchType="09")
    site.outbound(date(2026, 2, 27), "A", "100", older=older, bRdFlag=1)
    site.outbound(date(2026, 1, 31), "A", "100", older=older)
    site.outbound(date(2026, 3, 31), "A", None, older=older)
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted == (Month(2026, 2), Month(2026, 2))
    assert rows(facts)["A"]["cost"] == Decimal("3.5")
    first, second = notes(facts)
    assert first == (
        f"IA_Subsidiary cannot be read: cost comes from the outbound notes ({'RdRecord' if older else 'rdrecord32'}),"
        " without the adjustments of stock accounting; 1 line(s) have no cost yet."
    )
    assert second == "Stock accounting has posted cost up to 2026-02 only: profit leaves later months out."


def test_with_neither_the_ledger_nor_outbound_notes_profit_is_unknown(site: Any) -> None:
    site.accounting_since("2020-01-01")
    for table in ("IA_Subsidiary", "rdrecord32"):
        site.sql(f"DROP TABLE {table}")
    facts = site.open().facts(WINDOW, site.quiet)
    assert facts.posted is None
    assert notes(facts)[0] == (
        "Neither IA_Subsidiary nor the outbound notes can be read: cost and profit are not known."
    )


def test_without_the_column_of_void_invoices_they_count_and_a_note_says_so(site: Any) -> None:
    site.invoice(date(2026, 2, 1), "A", "100", cInvalider="李四")
    assert rows(site.open().facts(WINDOW, site.quiet)) == {}
    site.sql("ALTER TABLE SaleBillVouch DROP COLUMN cInvalider")
    facts = site.open().facts(WINDOW, site.quiet)
    assert rows(facts)["A"]["revenue"] == Decimal(100)
    assert "The column SaleBillVouch.cInvalider cannot be read: void invoices count." in notes(facts)


# --- years in several databases -----------------------------------------------------------------------------------


def test_each_database_answers_for_its_own_years_only(site: Any, empty: Any) -> None:
    site.accounting_since("2020-01-01")
    site.customer("A")
    old = type(site)(site.file.with_name("old.db"))
    shutil.copyfile(empty, old.file)
    old.accounting_since("2020-01-01")
    first_day = date(2026, 3, 1)
    for place in (old, site):  # what was open at the end of the year was carried over, with its old date
        place.invoice(date(2026, 2, 1), "A", "10")
        place.order(date(2026, 2, 1), "A")
    old.invoice(date(2024, 5, 5), "A", "7")
    old.cost(2026, 2, "A", "4")
    site.invoice(date(2026, 3, 1), "A", "5")
    site.cost(2026, 3, "A", "2")

    backend = site.open()
    with backend._reading() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS old", (str(old.file),))
        catalog = backend._archive.source.catalog
        sources = [Source("old", catalog, after=first_day), Source(None, catalog, first=first_day)]
        facts = read_facts(connection, backend._dialect, sources, WINDOW, site.quiet)

    row = rows(facts)["A"]
    assert (row["revenue"], row["invoices"], row["orders"]) == (Decimal(15), 2, 1)
    assert (row["revenue_posted"], row["cost"], facts.posted) == (
        Decimal(15),
        Decimal(6),
        (Month(2026, 2), Month(2026, 3)),
    )
    assert row["first_sale_on"] == date(2024, 5, 5)
    assert notes(facts) == []
