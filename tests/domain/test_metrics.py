"""What is measured of a customer, each figure worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS, METRICS, extras_for, measure
from u8sync.domain.model import FACTS_SCHEMA, MONEY, Facts, Window

YEAR = Window.ending(date(2025, 12, 31), months=12)


def figures(world: Any, *customers: Any, window: Window = YEAR) -> list[dict[str, Any]]:
    """The metrics of each customer, by name."""
    facts = replace(world.facts(customers), window=window)
    dates = pl.DataFrame(
        [
            (each.code, *(day and date.fromisoformat(day) for day in (each.developed_on, each.created_on)))
            for each in customers
        ],
        schema={"code": pl.String, "developed_on": pl.Date, "created_on": pl.Date},
        orient="row",
    )
    return measure(dates, facts).to_dicts()


def figure(world: Any, metric: str, *, window: Window = YEAR, **documents: Any) -> Decimal | None:
    """One metric of one customer, in a company that keeps orders."""
    other = world.Customer("999", orders=1)
    return figures(world, world.Customer("001", **documents), other, window=window)[0][metric]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({"revenue": "1234.5678", "invoices": 2}, "1234.5678", id="invoices, to four decimals"),
        pytest.param({"revenue": None, "orders": 3}, "0", id="orders that are not invoiced yet"),
        pytest.param({"revenue": 40, "orders": 3, "invoices": 1}, "40", id="orders and invoices"),
        pytest.param({"revenue": -50}, "-50", id="only a return of last year's goods"),
        pytest.param({"revenue": 0, "invoices": 1}, "0", id="a free delivery"),
        pytest.param({}, None, id="no document"),
        pytest.param({"first_sale_on": date(2020, 1, 1)}, None, id="only documents before the window"),
    ],
)
def test_revenue(world: Any, documents: dict[str, Any], expected: str | None) -> None:
    assert figure(world, "revenue", **documents) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({"revenue_posted": 100, "cost": 60}, "40", id="revenue less cost"),
        pytest.param({"revenue_posted": 100, "cost": 160}, "-60", id="sold below cost"),
        pytest.param({"revenue_posted": 100, "cost": 0}, "100", id="a cost of zero that was posted"),
        pytest.param({"revenue_posted": None, "cost": 60}, "-60", id="cost without revenue is a loss"),
        pytest.param({"revenue_posted": None, "cost": -60}, "60", id="goods that came back"),
        pytest.param({"revenue_posted": 100, "cost": None}, None, id="revenue without cost is unknown"),
        pytest.param({"revenue_posted": None, "cost": None}, None, id="nothing posted is unknown"),
        pytest.param({"revenue": 900, "revenue_posted": 100, "cost": 60}, "40", id="only posted revenue counts"),
    ],
)
def test_gross_profit(world: Any, documents: dict[str, Any], expected: str | None) -> None:
    documents = {"revenue": 100, "invoices": 1, **documents}
    assert figure(world, "gross_profit", **documents) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({"revenue_posted": 100, "cost": 60}, "40", id="a share of what was sold"),
        pytest.param({"revenue_posted": 3, "cost": 2}, "33.3333", id="to four decimals"),
        pytest.param({"revenue_posted": 100, "cost": 100}, "0", id="sold at cost"),
        pytest.param({"revenue_posted": 100, "cost": 160}, "-60", id="sold below cost"),
        pytest.param({"revenue_posted": 100, "cost": 0}, "100", id="a cost of zero that was posted"),
        pytest.param({"revenue_posted": 100, "cost": -50}, "100", id="more goods came back than were sold: the whole"),
        pytest.param({"revenue_posted": 0, "cost": 60}, None, id="revenue of zero"),
        pytest.param({"revenue_posted": -100, "cost": 60}, None, id="negative revenue"),
        pytest.param({"revenue_posted": None, "cost": 60}, None, id="no revenue"),
        pytest.param({"revenue_posted": 100, "cost": None}, None, id="no cost"),
        pytest.param({"revenue": 900, "revenue_posted": 100, "cost": 60}, "40", id="only posted revenue counts"),
    ],
)
def test_gross_margin(world: Any, documents: dict[str, Any], expected: str | None) -> None:
    documents = {"revenue": 100, "invoices": 1, **documents}
    assert figure(world, "gross_margin", **documents) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({"revenue": 150, "revenue_before": 100}, "50", id="half as much again"),
        pytest.param({"revenue": 100, "revenue_before": 300}, "-66.6667", id="a third is left"),
        pytest.param({"revenue": 100, "revenue_before": 100}, "0", id="the same"),
        pytest.param({"revenue": -50, "revenue_before": 100}, "-150", id="returns alone"),
        pytest.param({"revenue": None, "orders": 1, "revenue_before": 100}, "-100", id="orders that are not invoiced"),
        pytest.param({"revenue": None, "revenue_before": 100}, None, id="no business in the window"),
        pytest.param({"revenue": 100, "revenue_before": None}, None, id="nothing before, or not read"),
        pytest.param({"revenue": 100, "revenue_before": 0}, None, id="zero before"),
        pytest.param({"revenue": 100, "revenue_before": -5}, None, id="returns before"),
        pytest.param({"revenue": "1e12", "revenue_before": "0.0001"}, "999999999999999900", id="from next to nothing"),
    ],
)
def test_growth(world: Any, documents: dict[str, Any], expected: str | None) -> None:
    assert figure(world, "growth", **documents) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({"receivable": 400, "receivable_overdue": 100}, "25", id="a quarter"),
        pytest.param({"receivable": 3, "receivable_overdue": 1}, "33.3333", id="to four decimals"),
        pytest.param({"receivable": 400, "receivable_overdue": 0}, "0", id="nothing past due"),
        pytest.param({"receivable": 400, "receivable_overdue": 400}, "100", id="all of it"),
        pytest.param({"receivable": 0, "receivable_overdue": 0}, None, id="nothing open"),
        pytest.param({"receivable": -50, "receivable_overdue": 0}, None, id="paid ahead"),
        pytest.param({}, None, id="not read"),
    ],
)
def test_the_share_past_due(world: Any, documents: dict[str, Any], expected: str | None) -> None:
    share = figure(world, "overdue_share", orders=1, **documents)
    assert share == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("value", [None, 0, "70.5", -5])
def test_receipts_are_taken_as_they_are(world: Any, value: Any) -> None:
    assert figure(world, "receipts", orders=1, receipts=value) == (None if value is None else Decimal(value))


@pytest.mark.parametrize("value", [None, 0, 7])
def test_months_with_business_are_taken_as_they_are(world: Any, value: int | None) -> None:
    assert figure(world, "active_months", orders=1, active_months=value) == value


def test_the_number_of_orders_counts_what_the_frequency_counts(world: Any) -> None:
    assert figure(world, "order_count", orders=4, invoices=9) == 4
    assert figure(world, "order_count") == 0
    [only_invoices] = figures(world, world.Customer("1", revenue=9, invoices=9))
    assert (only_invoices["order_count"], only_invoices[DOCUMENTS]) == (9, 9)


@pytest.mark.parametrize(
    ("first_sale_on", "expected"),
    [(date(2025, 12, 31), 0), (date(2025, 1, 1), 364), (date(2023, 12, 31), 731), (None, None)],
    ids=["on the last day", "on the first day", "before the window", "never"],
)
def test_days_of_history(world: Any, first_sale_on: date | None, expected: int | None) -> None:
    [row, _] = figures(
        world, world.Customer("1", invoices=1, first_sale_on=first_sale_on), world.Customer("2", orders=1)
    )
    assert (row[HISTORY_DAYS], row[DOCUMENTS]) == (expected, 0)


def test_what_was_not_read_is_unknown(world: Any) -> None:
    [row] = figures(world, world.aurora)
    needed = {name for name, metric in METRICS.items() if metric.extras}
    assert needed == {"active_months", "growth", "receipts", "overdue_share"}
    assert {row[name] for name in needed} == {None}


def test_only_what_the_metrics_need_is_read_besides_the_usual() -> None:
    assert extras_for([]) == extras_for(["revenue", "gross_margin", "order_count"]) == frozenset()
    assert extras_for(["growth"]) == {"before"}
    assert extras_for(["receipts", "overdue_share", "active_months"]) == {"receivables", "months"}
    with pytest.raises(KeyError):
        extras_for(["score"])


def test_sums_of_several_customers_are_told_from_averages() -> None:
    assert {name for name, metric in METRICS.items() if metric.additive} == {
        *("revenue", "gross_profit", "order_count", "receipts")
    }
    assert {name for name, metric in METRICS.items() if metric.evidence} == {"gross_margin", "growth"}


@pytest.mark.parametrize(
    ("orders", "months", "expected"),
    [
        pytest.param(12, 12, "12", id="a year of 365 days"),
        pytest.param(0, 12, "0", id="no order"),
        pytest.param(1, 24, "0.4993", id="one in 731 days, rounded to four decimals"),
        pytest.param(3, 1, "12.1667", id="three in December count as three in ninety days"),
    ],
)
def test_orders_a_year(world: Any, orders: int, months: int, expected: str) -> None:
    window = Window.ending(date(2025, 12, 31), months=months)
    assert figure(world, "order_frequency", window=window, orders=orders, invoices=7) == Decimal(expected)


def test_an_account_set_without_orders_counts_invoices(world: Any) -> None:
    first, second = figures(
        world, world.Customer("1", revenue=9, invoices=4), world.Customer("2", revenue=9, invoices=2)
    )
    assert (first["order_frequency"], second["order_frequency"]) == (4, 2)


def test_one_order_of_anybody_makes_orders_count_for_all(world: Any) -> None:
    first, second = figures(
        world, world.Customer("1", revenue=9, invoices=4), world.Customer("2", orders=1, invoices=2)
    )
    assert (first["order_frequency"], second["order_frequency"]) == (0, 1)


@pytest.mark.parametrize(
    ("last_sale_on", "expected"),
    [
        pytest.param(date(2025, 12, 31), 0, id="on the last day"),
        pytest.param(date(2025, 12, 30), 1, id="the day before"),
        pytest.param(date(2025, 1, 1), 364, id="on the first day"),
        pytest.param(date(2023, 12, 31), 731, id="before the window"),
        pytest.param(None, None, id="never"),
    ],
)
def test_recency(world: Any, last_sale_on: date | None, expected: int | None) -> None:
    assert figure(world, "recency", invoices=1, last_sale_on=last_sale_on) == expected


@pytest.mark.parametrize(
    ("developed_on", "created_on", "first_sale_on", "expected"),
    [
        pytest.param("2024-12-31", None, None, "0.99", id="365 days are cut to hundredths"),
        pytest.param("2021-12-31", None, None, "4", id="four years with their leap day are four exactly"),
        pytest.param("2021-12-30", None, None, "4", id="a day more does not round up"),
        pytest.param("2025-12-28", None, None, "0", id="three days are less than a hundredth"),
        pytest.param("2025-12-27", None, None, "0.01", id="four days are a hundredth"),
        pytest.param("2025-12-31", None, None, "0", id="today"),
        pytest.param("2026-06-30", None, None, "0", id="a date in the future counts as 0"),
        pytest.param("2024-12-31", None, date(2021, 12, 31), "4", id="the first document before the date on the card"),
        pytest.param("2021-12-31", None, date(2024, 12, 31), "4", id="the date on the card before the first document"),
        pytest.param(
            None, "2010-01-01", date(2021, 12, 31), "4", id="the card's making does not count beside a document"
        ),
        pytest.param("2021-12-31", "2010-01-01", None, "4", id="nor beside a development date"),
        pytest.param(None, "2021-12-31", None, "4", id="the card's making stands in for both"),
        pytest.param(None, None, None, None, id="nothing known"),
    ],
)
def test_length_of_relation(
    world: Any, developed_on: str | None, created_on: str | None, first_sale_on: date | None, expected: str | None
) -> None:
    length = figure(
        world, "relation_length", developed_on=developed_on, created_on=created_on, first_sale_on=first_sale_on
    )
    assert length == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({"orders": 1}, True, id="an order"),
        pytest.param({"invoices": 1, "revenue": 5}, True, id="an invoice"),
        pytest.param({"revenue": -5}, True, id="only a return"),
        pytest.param({"revenue": 0}, True, id="an invoice and a return that cancel out"),
        pytest.param({}, False, id="no document"),
        pytest.param({"first_sale_on": date(2020, 1, 1), "last_sale_on": date(2020, 1, 1)}, False, id="only old ones"),
        pytest.param({"cost": 5}, False, id="only a cost"),
    ],
)
def test_business_is_any_document_in_the_window(world: Any, documents: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    assert figures(world, world.Customer("001", **documents))[0]["has_business"] is expected


def test_customers_keep_their_order_and_strangers_are_left_out(world: Any) -> None:
    facts = world.facts([world.Customer(code, orders=1) for code in ("b", "x", "a")])
    measured = measure(pl.DataFrame({"code": ["c", "b", "a"]}), facts)
    assert measured["code"].to_list() == ["c", "b", "a"]
    assert measured["has_business"].to_list() == [False, True, True]


def test_dates_that_the_mapping_lacks_are_unknown(world: Any) -> None:
    facts = world.facts([world.Customer("a", orders=1)])
    assert measure(pl.DataFrame({"code": ["a"]}), facts)["relation_length"].to_list() == [None]
    with_card = pl.DataFrame({"code": ["a"], "created_on": [date(2021, 12, 31)]})
    assert measure(with_card, facts)["relation_length"].to_list() == [Decimal(4)]


def test_an_account_set_without_documents_is_measured_too() -> None:
    facts = Facts(pl.DataFrame(schema=FACTS_SCHEMA), YEAR, posted=None)
    [row] = measure(pl.DataFrame({"code": ["a"]}), facts).to_dicts()
    assert row["has_business"] is False
    assert (row["revenue"], row["gross_profit"], row["recency"], row["relation_length"]) == (None, None, None, None)


def test_every_metric_is_an_exact_decimal_of_four_places(world: Any) -> None:
    measured = measure(pl.DataFrame({"code": ["001"]}), world.facts([world.aurora]))
    assert measured.columns == ["code", "has_business", DOCUMENTS, HISTORY_DAYS, *METRICS]
    assert all(measured.schema[name] == MONEY for name in METRICS)


def test_less_is_better_for_recency_and_what_is_past_due() -> None:
    assert {name for name, metric in METRICS.items() if not metric.higher_is_better} == {"recency", "overdue_share"}


AMOUNT = st.decimals(-(10**12), 10**12, places=4)


@given(revenue=AMOUNT, cost=AMOUNT)
def test_profit_is_exact_to_the_last_decimal(world: Any, revenue: Decimal, cost: Decimal) -> None:
    [row] = figures(world, world.Customer("1", revenue=revenue, revenue_posted=revenue, cost=cost, invoices=1))
    assert row["revenue"] == revenue
    assert row["gross_profit"] == revenue - cost


@given(revenue=AMOUNT, cost=AMOUNT, more=st.decimals(0, 10**12, places=4))
def test_more_revenue_or_more_profit_never_lowers_the_margin(
    world: Any, revenue: Decimal, cost: Decimal, more: Decimal
) -> None:
    customers = [
        world.Customer(code, revenue=0, revenue_posted=posted, cost=spent, invoices=1)
        for code, posted, spent in (
            ("1", revenue, cost),
            ("2", revenue + more, cost),
            ("3", revenue, cost - more),
        )
    ]
    before, sold, gained = (row["gross_margin"] for row in figures(world, *customers))
    assert (before is None) == (revenue <= 0)
    if before is not None:
        assert before <= 100
        assert sold >= before
        assert gained >= before


@given(revenue=AMOUNT, more=st.decimals(0, 10**12, places=4), before=AMOUNT)
def test_more_revenue_never_lowers_growth(world: Any, revenue: Decimal, more: Decimal, before: Decimal) -> None:
    customers = [
        world.Customer(code, revenue=now, revenue_before=before, invoices=1)
        for code, now in (("1", revenue), ("2", revenue + more))
    ]
    less, larger = (row["growth"] for row in figures(world, *customers))
    assert (less is None) == (larger is None) == (before <= 0)
    if less is not None:
        assert larger >= less


@given(count=st.integers(0, 1000), days=st.integers(1, 800), floor=st.integers(1, 366))
def test_a_rate_is_never_worked_out_over_fewer_days_than_its_floor(
    world: Any, count: int, days: int, floor: int
) -> None:
    window = Window(date(2025, 12, 31) - timedelta(days=days - 1), date(2025, 12, 31), floor_days=floor)
    value = figure(world, "order_frequency", window=window, orders=count)
    assert value is not None
    assert value <= Decimal(count * 365) / floor + Decimal("0.0001")
    assert abs(value - Decimal(count * 365) / max(days, floor)) <= Decimal("0.00005")


@given(began=st.dates(date(1980, 1, 1), date(2027, 1, 1)))
def test_the_length_of_a_relation_is_cut_and_never_negative(world: Any, began: date) -> None:
    length = figure(world, "relation_length", developed_on=str(began))
    days = max((YEAR.as_of - began).days, 0)
    assert length is not None
    assert length * Decimal("365.25") <= days < (length + Decimal("0.01")) * Decimal("365.25")
    assert length == length.quantize(Decimal("0.01"))


@given(orders=st.integers(0, 10_000), months=st.integers(1, 36))
def test_orders_a_year_are_right_to_four_decimals(world: Any, orders: int, months: int) -> None:
    window = Window.ending(date(2025, 12, 31), months=months)
    value = figure(world, "order_frequency", window=window, orders=orders)
    assert value is not None
    assert abs(value - Decimal(orders * 365) / max(window.days, window.floor_days)) <= Decimal("0.00005")
