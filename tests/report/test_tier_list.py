"""The lists of the tiers as files: numbers are numbers, codes are text, names harm nobody, sheets have good names."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook

from u8sync.domain.policy import Quota
from u8sync.domain.tier_lists import TierList, known_tiers, list_tiers, metrics_read
from u8sync.report.tier_list import ListsMade, rule_words, save_lists
from u8sync.text import english


def made(books: Any, *, rename: dict[str, str] | None = None, by: Any = "recommended") -> ListsMade:
    planned = books.planned()
    policy = books.policy
    lists = list_tiers(planned.decision.customers, policy, by)
    named = tuple(replace(one, name=(rename or {}).get(one.name or "", one.name)) for one in lists)
    return ListsMade(planned.account_set, planned.facts.window, "tiers.yaml", by, named, metrics_read(policy))


def with_values(one: ListsMade, **values: object) -> ListsMade:
    """The first customer of the first list with other values."""
    first, *rest = one.lists
    row = pl.int_range(pl.len()) == 0
    columns = (
        pl.when(row).then(pl.lit(value, dtype=first.customers.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )
    return replace(one, lists=(replace(first, customers=first.customers.with_columns(columns)), *rest))


def sheet_of(path: Path, one: ListsMade, tmp: int = 1) -> list[list[Any]]:
    save_lists(path, one, english)
    book = load_workbook(path)
    return [list(row) for row in book[book.sheetnames[tmp]].iter_rows()]


@pytest.mark.parametrize(
    ("amount", "cell"),
    [
        pytest.param("1234.5600", 1234.56, id="an amount"),
        pytest.param("-1234.5678", -1234.5678, id="a negative one, with all its decimals"),
        pytest.param("123456789012.0000", 123456789012, id="zeros behind the point are no digits"),
        pytest.param("123456789012.3456", "123456789012.3456", id="one that Excel would round stays text"),
        pytest.param("0.0000", 0, id="zero"),
        pytest.param(None, None, id="unknown is empty, not zero"),
    ],
)
def test_amounts_are_numbers_with_their_full_value(books: Any, tmp_path: Path, amount: str | None, cell: Any) -> None:
    value = None if amount is None else Decimal(amount)
    head, first, *_ = sheet_of(tmp_path / "out.xlsx", with_values(made(books), revenue=value))
    at = [each.value for each in head].index("revenue (home currency)")
    assert first[at].value == cell
    assert cell is None or first[at].number_format == "#,##0.00"


def test_codes_are_text_and_names_are_no_formulas(books: Any, tmp_path: Path) -> None:
    hostile = with_values(made(books), code="007", name="=HYPERLINK(1)")
    _, first, *_ = sheet_of(tmp_path / "out.xlsx", hostile)
    assert [(each.value, each.data_type) for each in first[:2]] == [("007", "s"), ("'=HYPERLINK(1)", "s")]
    save_lists(tmp_path / "out.csv", hostile, english)
    row = next(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert (row["Customer"], row["Name"]) == ("007", "'=HYPERLINK(1)")


def test_a_mapping_without_names_has_no_column_of_them(books: Any, tmp_path: Path) -> None:
    one = made(books)
    nameless = replace(
        one,
        lists=tuple(
            replace(each, customers=each.customers.with_columns(pl.lit(None, dtype=pl.String).alias("name")))
            for each in one.lists
        ),
    )
    head, *_ = sheet_of(tmp_path / "out.xlsx", nameless)
    assert [each.value for each in head][:2] == ["Customer", "Tier in U8"]


@pytest.mark.parametrize(
    ("names", "sheets"),
    [
        pytest.param({"VIP": "a" * 40, "重点": "A" * 40}, ["a" * 28, "A" * 24 + " (2)"], id="too long, and the same"),
        pytest.param({"VIP": "'quoted'"}, ["quoted", "重点"], id="quotes at the ends"),
        pytest.param({"VIP": "///"}, ["-", "重点"], id="nothing is left"),
        pytest.param({"VIP": "history"}, ["history (2)", "重点"], id="a name that Excel keeps"),
        pytest.param({"VIP": "SERVICE POLICY"}, ["SERVICE POLICY (2)", "重点"], id="the name of the first sheet"),
        pytest.param({"VIP": "a\x01b"}, ["a b", "重点"], id="a control character"),
    ],
)
def test_every_tier_has_a_sheet_of_its_own(
    books: Any, tmp_path: Path, names: dict[str, str], sheets: list[str]
) -> None:
    save_lists(tmp_path / "out.xlsx", made(books, rename=names), english)
    assert load_workbook(tmp_path / "out.xlsx").sheetnames[1:3] == sheets


def test_who_gets_a_tier_is_told_with_its_quota(books: Any) -> None:
    top, *_, last = books.policy.tiers
    place = top.place
    assert [str(words) for words in rule_words(replace(top, quota=Quota(None, 10, place)))] == [
        "score at least 80",
        "days since the last sale below 120 days",
        "at most 10 customers, the best by score",
    ]
    assert [str(words) for words in rule_words(last)] == ["customers without business in the window"]


def test_every_eligible_customer_stands_on_one_list(books: Any, tmp_path: Path) -> None:
    customers = books.planned().decision.customers
    for by in ("recommended", "current"):
        one = made(books, by=by)
        codes = [code for each in one.lists for code in each.customers["code"]]
        assert sorted(codes) == sorted(customers.filter("eligible")["code"])
        assert save_lists(tmp_path / "out.csv", one, english) == len(codes)


def test_tiers_that_only_u8_has_can_be_listed_by_what_u8_holds(books: Any) -> None:
    customers = books.planned().decision.customers.with_columns(
        pl.when(pl.col("code") == "C00001").then(pl.lit("钻石")).otherwise("current").alias("current")
    )
    assert known_tiers(customers, books.policy, "current")[-1] == "钻石"
    assert "钻石" not in known_tiers(customers, books.policy, "recommended")
    [held] = list_tiers(customers, books.policy, "current", ["钻石"])
    assert isinstance(held, TierList)
    assert (held.customers["code"].to_list(), held.tier) == (["C00001"], None)
