"""``u8sync tiers list``: the people who act on a service policy get the customers whom it is for."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask, edit, overwrite_edits
from openpyxl import load_workbook

TIERS = ["VIP", "重要", "一般", "潜在"]


def customers(answer: Any) -> dict[str, list[str]]:
    """Tier -> codes."""
    return {one["tier"]: [each["code"] for each in one["customers"]] for one in answer.json["tiers"]}


def test_every_tier_is_listed_with_its_service_policy(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "list")
    assert answer.code == 0
    assert "VIP: 22 customer(s)\n" in "\n".join(line.rstrip() for line in answer.out.splitlines())
    assert "score at least 85; length of relation at least 2.00 years" in answer.out
    assert "个性化服务：专属客户经理" in answer.out
    assert "... and 2 more; --out writes all." in answer.out


def test_the_lists_are_those_of_the_plan(home: Path, ask: Ask) -> None:
    listed = customers(ask("tiers", "list", "--json"))
    assert {tier: len(codes) for tier, codes in listed.items()} == ask("plan", "--json").json["tiers"]
    assert list(listed) == TIERS


def test_the_highest_score_stands_first(home: Path, ask: Ask) -> None:
    [vip] = ask("tiers", "list", "--tier", "VIP", "--json").json["tiers"]
    scores = [Decimal(each["score"]) for each in vip["customers"]]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 85


def test_json_tells_all_of_a_customer(home: Path, ask: Ask) -> None:
    told = ask("tiers", "list", "--json").json
    assert told["window"] == {"start": "2025-11-01", "as_of": "2026-10-31"}
    assert (told["by"], told["policy"], told["account_set"]["code"]) == ("recommended", "mappings/tiers.yaml", "999")
    assert sum(len(one["customers"]) for one in told["tiers"]) + sum(told["left_out"].values()) == 1000
    all_of_them = {each["code"]: each for one in told["tiers"] for each in one["customers"]}
    code, first = next((code, each) for code, each in all_of_them.items() if each["edges"])
    explained = ask("explain", code, "--json").json
    explained_metrics = {each["metric"]: each["value"] for each in explained["metrics"]}
    assert first["metrics"] == {name: explained_metrics[name] for name in first["metrics"]}
    assert {"revenue", "gross_margin", "relation_length"} < set(first["metrics"])
    assert "receipts" not in first["metrics"]  # they are not read for this policy
    assert (first["score"], first["recommended"]) == (explained["score"], explained["tier"])
    assert first["borderline"] is True
    assert set(first["edges"][0]) == {"way", "would_be", "edge_of", "subject", "kind", "bound", "value", "distance"}
    assert all(each["borderline"] == bool(each["edges"]) for each in all_of_them.values())


def test_what_u8_holds_now_can_be_listed_instead(home: Path, ask: Ask) -> None:
    code = customers(ask("tiers", "list", "--json"))["VIP"][0]
    edit(home, "UPDATE Customer SET cCusDefine5 = '潜在' WHERE cCusCode = ?", code)
    edit(home, "UPDATE Customer SET cCusDefine5 = NULL WHERE cCusCode = '00001'")
    held = customers(ask("tiers", "list", "--current", "--json"))
    assert code in held["潜在"]
    assert code not in held["VIP"]
    assert held[None] == ["00001"]
    assert "(none or not known): 1 customer(s)" in ask("tiers", "list", "--current").out


def test_a_tier_that_a_person_set_is_listed_as_a_run_would_leave_it(home: Path, ask: Ask) -> None:
    code = customers(ask("tiers", "list", "--json"))["VIP"][0]
    edit(home, "UPDATE Customer SET cCusDefine5 = '潜在' WHERE cCusCode = ?", code)
    listed = customers(ask("tiers", "list", "--json"))
    assert code in listed["潜在"]
    assert {tier: len(codes) for tier, codes in listed.items()} == ask("plan", "--json").json["tiers"]
    overwrite_edits(home)
    assert code in customers(ask("tiers", "list", "--recommended", "--json"))["VIP"]


def test_movement_rules_hold_tiers_on_the_lists_as_in_the_plan(home: Path, ask: Ask) -> None:
    path = home / "mappings/tiers.yaml"
    text = path.read_text(encoding="utf-8").replace("score: {at_least: 60}", "score: {at_least: 70}")
    rules = "movement: {margin: 5, down_after: 2}\n"
    path.write_text(text + rules, encoding="utf-8")
    held = ask("tiers", "list", "--as-of", "2026-11-30", "--json").json["tiers"]
    moving = {each["code"] for one in held for each in one["customers"] if each["current"] != each["recommended"]}
    planned = ask("plan", "--as-of", "2026-11-30", "--json").json["changes"]
    assert moving == {change["code"] for change in planned} != set()
    path.write_text(text, encoding="utf-8")
    free = ask("tiers", "list", "--as-of", "2026-11-30", "--json").json["tiers"]
    assert len(free[1]["customers"]) < len(held[1]["customers"])


def test_an_unknown_tier_is_told_with_the_known_ones(home: Path, ask: Ask) -> None:
    answer = ask("tiers", "list", "--tier", "VIP", "--tier", "vip")
    assert answer.code == 65
    assert "Thereisnotier'vip'" in answer.complaint
    assert "Tiers:VIP,重要,一般,潜在" in answer.complaint


def test_a_workbook_has_the_policies_in_front_and_a_sheet_a_tier(home: Path, ask: Ask) -> None:
    told = ask("tiers", "list", "--json").json
    assert ask("tiers", "list", "--out", "lists.xlsx").code == 0
    book = load_workbook(home / "lists.xlsx")
    assert book.sheetnames == ["Service policy", *TIERS]
    cover = [[cell.value for cell in row] for row in book["Service policy"].iter_rows()]
    vip = told["tiers"][0]
    assert ["VIP", 22, "score at least 85; length of relation at least 2.00 years", vip["service"]] in cover
    for one in told["tiers"]:
        sheet = book[one["tier"]]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).coordinate[:-1]}{sheet.max_row}"
        head = [cell.value for cell in sheet[1]]
        assert head[:5] == ["Customer", "Name", "Tier in U8", "Recommended tier", "Score"]
        assert "revenue (home currency)" in head
        rows = list(sheet.iter_rows(min_row=2))
        assert [row[0].value for row in rows] == [each["code"] for each in one["customers"]]
        assert {row[0].data_type for row in rows} == {"s"}
        revenue = head.index("revenue (home currency)")
        for row, each in zip(rows, one["customers"], strict=True):
            amount = each["metrics"]["revenue"]
            assert (row[revenue].value is None) == (amount is None)
            if amount is not None:
                assert Decimal(str(row[revenue].value)) == Decimal(amount)
                assert row[revenue].number_format == "#,##0.00"


def test_metrics_that_need_more_to_be_read_are_listed_where_the_policy_asks_for_them(home: Path, ask: Ask) -> None:
    path = home / "mappings/tiers.yaml"
    text = path.read_text(encoding="utf-8")
    assert "recency:         {weight: 10}" in text
    path.write_text(text.replace("recency:         {weight: 10}", "active_months:   {weight: 10}"), encoding="utf-8")
    [vip] = ask("tiers", "list", "--tier", "VIP", "--json").json["tiers"]
    assert {each["metrics"]["active_months"] is None for each in vip["customers"]} == {False}


def test_csv_is_for_excel_and_holds_the_service_policy_of_each_customer(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET cCusName = '=cmd|'' /C calc''!A0'")
    assert ask("tiers", "list", "--tier", "VIP", "--out", "vip.csv").code == 0
    data = (home / "vip.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert len(rows) == 22
    assert {row["Service policy"] for row in rows} == {ask("tiers", "list", "--json").json["tiers"][0]["service"]}
    assert {row["Name"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert {row["Recommended tier"] for row in rows} == {"VIP"}


def test_tiers_with_names_that_excel_refuses_get_sheets_all_the_same(home: Path, ask: Ask) -> None:
    path = home / "mappings/tiers.yaml"
    text = path.read_text(encoding="utf-8")
    names = {"VIP": "History", "重要": "a/b:c?*[d]", "一般": "service policy", "潜在": "x" * 40}
    for old, new in names.items():
        assert f"- name: {old}\n" in text
        text = text.replace(f"- name: {old}\n", f'- name: "{new}"\n')
    path.write_text(text, encoding="utf-8")
    answer = ask("tiers", "list", "--out", "lists.xlsx")
    assert answer.code == 0
    assert "cannotbewrittenintothefield'tier'" in answer.complaint
    sheets = load_workbook(home / "lists.xlsx").sheetnames
    assert sheets == ["Service policy", "History (2)", "a b c   d", "service policy (2)", "x" * 28]


@pytest.mark.parametrize("name", ["lists.html", "lists.pdf", "lists"])
def test_other_endings_are_refused_before_anything_is_read(home: Path, ask: Ask, name: str) -> None:
    (home / "account-set.db").unlink()
    answer = ask("tiers", "list", "--out", name)
    assert answer.code == 65
    assert ".xlsx,.csv" in answer.complaint


def test_another_day_is_another_list(home: Path, ask: Ask) -> None:
    told = ask("tiers", "list", "--as-of", "2025-12-31", "--json").json
    assert told["window"] == {"start": "2025-01-01", "as_of": "2025-12-31"}


def test_nothing_is_written(home: Path, ask: Ask) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ask("tiers", "list", "--out", "lists.xlsx")
    (home / "lists.xlsx").unlink()
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_an_edit_that_the_policy_writes_over_moves_as_in_the_plan(home: Path, ask: Ask) -> None:
    code = customers(ask("tiers", "list", "--json"))["一般"][0]
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = ?", code)
    overwrite_edits(home)
    path = home / "mappings/tiers.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "movement: {down_after: 3}\n", encoding="utf-8")
    [change] = [one for one in ask("plan", "--json").json["changes"] if one["code"] == code]
    assert change["fields"][0]["after"] == "一般"
    assert code in customers(ask("tiers", "list", "--json"))["一般"]
