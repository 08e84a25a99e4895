"""``u8sync map show``: one customer's way through the mapping, as a consultant sees it."""

from __future__ import annotations

from pathlib import Path

from cli_home import Ask, edit


def test_every_step_is_shown_with_its_file_and_line(ask: Ask, home: Path) -> None:
    edit(home, "UPDATE Customer SET cCusMngTypeCode = ' 04', cCusDefine4 = '经销商、终端用户' WHERE cCusCode = '00001'")
    answer = ask("map", "show", "00001")
    assert answer.code == 0
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "column cCusMngTypeCode ' 04' mappings/customer.yaml:21:3" in lines
    assert "table: management_types 'VIP' mappings/customer.yaml:78:7" in lines
    assert any(line.startswith("split: , ['经销商', '终端用户']") for line in lines)
    assert "table: roles ['分销商', '终端客户'] mappings/customer.yaml:88:7, mappings/customer.yaml:94:7" in lines


def test_an_overlay_is_named_where_it_decides(ask: Ask, home: Path) -> None:
    edit(home, "UPDATE Customer SET cCusMngTypeCode = '02' WHERE cCusCode = '00001'")
    site = home / "mappings/site.yaml"
    site.write_text('extends: customer.yaml\ntables: {management_types: {values: {"02": VIP}}}\n', encoding="utf-8")
    answer = ask("map", "show", "00001", "--mapping", site)
    assert "mappings/site.yaml:2:38" in answer.out


def test_json_and_an_account_set_of_one_s_own(ask: Ask, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    assert ask("sandbox", "create", other, "--customers", "20", "--months", "2").code == 0
    (home / "config.yaml").unlink()
    answer = ask("map", "show", "00003", "--data", other, "--mapping", "mappings/customer.yaml", "--json")
    assert answer.code == 0
    fields = {one["field"]: one for one in answer.json}
    assert fields["name"]["column"] == "cCusName"
    assert fields["category"]["steps"][0]["operator"] == "trim"


def test_a_customer_that_is_not_there_and_a_bad_mapping_are_told(ask: Ask, home: Path) -> None:
    answer = ask("map", "show", "nobody")
    assert answer.code == 65
    assert "Thereisnocustomerwiththecode'nobody'" in answer.complaint
    text = (home / "mappings/customer.yaml").read_text(encoding="utf-8")
    (home / "mappings/customer.yaml").write_text(text.replace("sql: cDCCode", "sql: cNowhere"), encoding="utf-8")
    answer = ask("map", "show", "00001")
    assert answer.code == 65
    assert "theaccountsethasnoreadablecolumn'cNowhere'" in answer.complaint
