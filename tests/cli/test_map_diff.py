"""``u8sync map diff``: what an edit does, before the night does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_home import Ask, edit, leave_gaps

OLD = "mappings/customer.yaml"


@pytest.fixture
def home(home: Path) -> Path:
    """The demo, with a mapping that does not cover all of it."""
    leave_gaps(home)
    return home


def overlay(home: Path, text: str) -> str:
    (home / "mappings/new.yaml").write_text(f"extends: customer.yaml\n{text}", encoding="utf-8")
    return "mappings/new.yaml"


def test_the_same_mapping_has_no_effect(ask: Ask, home: Path) -> None:
    answer = ask("map", "diff", OLD, OLD)
    assert answer.code == 0
    assert "The edit changes nothing for these customers." in answer.out


def test_customers_tiers_and_writes_are_counted_and_named(ask: Ask, fresh: Path) -> None:
    new = overlay(fresh, "fields: {disabled_on: ~}\ntables: {management_types: {values: {X9: 潜在}}}\n")
    answer = ask("map", "diff", OLD, new)
    assert answer.code == 2
    assert "客户管理类型 (management_type): 12 customers" in answer.out
    assert "停用日期 (disabled_on): only in the old mapping" in answer.out
    assert "Recommended tier" in answer.out
    assert "... and 5 more; --all shows all of them." in answer.out
    assert "... and" not in ask("map", "diff", OLD, new, "--all").out
    found = ask("map", "diff", OLD, new, "--json").json
    planned = len(ask("plan", "--json").json["changes"])
    assert found["writes"][0] == planned
    assert found["writes"][1] > planned
    assert sum(move["customers"] for move in found["tiers"]) == found["other_writes"]


def test_without_a_configuration_the_fields_are_compared_on_a_file(ask: Ask, home: Path) -> None:
    new = overlay(home, "tables: {roles: {values: {代理: 分销商}}}\n")
    (home / "config.yaml").unlink()
    answer = ask("map", "diff", OLD, new, "--data", "account-set.db")
    assert answer.code == 2
    assert "not compared: that needs a configuration with a policy" in answer.out
    assert "Values that cannot be used: 10 -> 0 customers" in answer.out
    assert ask("map", "diff", OLD, new).code == 65


def test_a_mapping_that_cannot_be_read_is_told(ask: Ask, home: Path) -> None:
    answer = ask("map", "diff", OLD, overlay(home, "fields: {region: {columns: {sql: cNowhere}}}\n"))
    assert answer.code == 65
    assert "mappings/new.yaml:2:10:theaccountsethasnoreadablecolumn'cNowhere'" in answer.complaint
    assert ask("map", "diff", OLD, "gone.yaml").code == 65
    answer = ask("map", "diff", OLD, OLD, "--data", OLD)
    assert answer.code == 65
    assert "noaccountset" in answer.complaint


def test_a_group_of_the_policy_that_a_mapping_cannot_form_is_told_with_its_line(ask: Ask, home: Path) -> None:
    path = home / "mappings/tiers.yaml"
    text = path.read_text(encoding="utf-8").replace("{weight: 40}", "{weight: 40, within: region}")
    path.write_text(text, encoding="utf-8")
    assert ask("map", "diff", OLD, OLD).code == 0
    answer = ask("map", "diff", OLD, overlay(home, "fields: {region: ~}\n"))
    assert answer.code == 65
    assert "mappings/tiers.yaml:13:3: customers are compared within 'region'" in answer.err


def test_a_tier_that_a_person_changed_is_not_said_to_be_written_over(ask: Ask, home: Path) -> None:
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = '00020'")
    found = ask("map", "diff", OLD, overlay(home, "fields: {region: {label: 地区}}\n"), "--json").json
    assert ask("plan", "--json").json["changes"] == []
    assert found["writes"] == [0, 0]
