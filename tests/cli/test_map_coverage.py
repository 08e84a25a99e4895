"""``map coverage``: what the tables cover, what to paste, and what it never shows."""

from __future__ import annotations

import csv
import re
import sqlite3
from pathlib import Path

import pytest
from cli_home import Ask, edit, leave_gaps

MAPPING = "mappings/customer.yaml"


@pytest.fixture
def home(home: Path) -> Path:
    """The demo, with a mapping that does not cover all of it."""
    leave_gaps(home)
    return home


def without(home: Path, *lines: str) -> None:
    """Take lines out of the mapping file."""
    path = home / MAPPING
    text = path.read_text(encoding="utf-8")
    for line in lines:
        assert f"\n      {line}\n" in text
        text = text.replace(f"\n      {line}\n", "\n")
    path.write_text(text, encoding="utf-8", newline="\n")


@pytest.fixture
def whole(home: Path) -> Path:
    """A home in which every value has its line."""
    edit(home, "UPDATE Customer SET cCusMngTypeCode = '01' WHERE cCusMngTypeCode = 'X9'")
    edit(home, "UPDATE Customer SET cCusDefine4 = '供应商' WHERE cCusDefine4 LIKE '%代理%'")
    return home


def test_every_value_is_told_with_its_line(home: Path, ask: Ask) -> None:
    before = (home / "account-set.db").read_bytes()
    answer = ask("map", "coverage")
    assert answer.code == 2
    lines = (home / MAPPING).read_text(encoding="utf-8").splitlines()
    at = 1 + lines.index('      "01": 一般')
    assert re.search(rf"^01 +\d+ +一般 +mappings/customer.yaml:{at} +mapped *$", answer.out, re.MULTILINE)
    assert re.search(r"^X9 +\d+ +- +- +UNMAPPED *$", answer.out, re.MULTILINE)
    assert "Lines that no customer has: 6" in answer.out
    assert '\n      "代理": 分销商  # 10 customer(s); spelt like 代理商 (80 %)\n' in answer.out
    assert "X9" not in ask("map", "coverage", "--field", "roles").out
    assert (home / "account-set.db").read_bytes() == before
    assert ask("map", "coverage", language="zh").out != answer.out


def test_codes_are_told_with_the_names_that_u8_gives_them(home: Path, ask: Ask) -> None:
    assert ask("map", "init", "--overwrite").code == 0
    path = home / MAPPING
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'\n      "04": 电商客户 .*', "", text), encoding="utf-8")
    answer = ask("map", "coverage", "--field", "category_group", "--unmapped")
    assert answer.code == 2
    assert re.search(r"^0401 +平台店铺 +\d+ +- +- +UNMAPPED *$", answer.out, re.MULTILINE)
    assert "in U8: 自建商城" in answer.out


def test_it_ends_with_0_when_everything_is_covered(whole: Path, ask: Ask) -> None:
    answer = ask("map", "coverage")
    assert answer.code == 0
    assert "1,000 of 1,000 customers have a usable value" in answer.out
    assert "To paste" not in answer.out


def test_the_lines_to_paste_cover_what_they_are_for(home: Path, ask: Ask) -> None:
    without(home, "分销商: 分销商", "供应商: 供应商", "终端客户: 终端客户")
    answer = ask("map", "coverage", "--field", "roles", "--json")
    assert answer.code == 2
    lines = answer.json["to_paste"]["roles"]
    assert len(lines) == 4
    path = home / MAPPING
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("      最终用户: 终端客户\n", "\n".join(["      最终用户: 终端客户", *lines, ""])),
        encoding="utf-8",
    )
    again = ask("map", "coverage", "--field", "roles", "--json")
    assert (again.code, again.json["to_paste"]) == (0, {})


def test_only_what_is_unmapped(home: Path, ask: Ask) -> None:
    answer = ask("map", "coverage", "--unmapped")
    assert "X9" in answer.out
    assert "UNMAPPED" in answer.out
    assert not re.search(r"\bmapped\b", answer.out)
    assert "never" not in answer.out


def test_names_of_customers_are_never_shown(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET cCusName = '周杰伦', cCusMngTypeCode = 'X9'")
    (home / "out.csv").touch()
    said = ask("map", "coverage", "--out", "out.csv").out + ask("map", "coverage", "--json").out
    assert "周杰伦" not in said + (home / "out.csv").read_text(encoding="utf-8-sig")
    assert ask("map", "coverage", "--field", "name").code == 65


def test_dates_that_cannot_be_read_are_told(whole: Path, ask: Ask) -> None:
    edit(whole, "UPDATE Customer SET dCusDevDate = 'soon' WHERE rowid <= 3")
    answer = ask("map", "coverage")
    assert answer.code == 2
    assert re.search(r"^发展日期 +soon +3 +is not a date", answer.out, re.MULTILINE)


def test_json_tells_the_same(home: Path, ask: Ask) -> None:
    told = ask("map", "coverage", "--json").json
    [types] = [each for each in told["tables"] if each["table"] == "management_types"]
    by_value = {each["value"]: each for each in types["values"]}
    assert by_value["X9"]["status"] == "unmapped"
    assert by_value["01"]["line"]["place"].startswith("mappings/customer.yaml:")
    assert by_value[None] == {**by_value[None], "status": "empty", "meaning": "未分类"}
    assert types["customers"] == told["customers"] == sum(each["customers"] for each in types["values"]) == 1000
    assert {each["left"] for each in told["never_seen"]["roles"]} >= {"供货商", "代理商"}


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".html"])
def test_all_of_it_goes_to_a_file(home: Path, ask: Ask, ending: str) -> None:
    answer = ask("map", "coverage", "--out", f"out{ending}")
    assert answer.code == 2
    assert f"out{ending}" in answer.err
    assert (home / f"out{ending}").stat().st_size > 1000
    if ending == ".csv":
        rows = list(csv.DictReader((home / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
        assert {row["Status"] for row in rows} == {"mapped", "UNMAPPED", "empty", "never seen"}
        [agent] = [row for row in rows if row["Value"] == "代理"]
        assert (agent["Suggested meaning"], agent["Why"]) == ("分销商", "spelt like 代理商 (80 %)")


def test_another_account_set_is_looked_at_without_touching_the_configured_one(home: Path, ask: Ask) -> None:
    assert ask("sandbox", "create", "other.db", "--customers", 30, "--seed", 9).code == 0
    other = (home / "other.db").read_bytes()
    (home / "account-set.db").unlink()
    assert ask("map", "coverage", "--data", "other.db", "--json").json["customers"] == 30
    assert (home / "other.db").read_bytes() == other


def test_a_mapping_file_and_data_are_enough(home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.yaml").unlink()
    monkeypatch.chdir(home / "mappings")
    answer = ask("map", "coverage", "--mapping", "customer.yaml", "--data", "../account-set.db")
    assert answer.code == 2
    assert "customer.yaml:" in answer.out


def test_a_hostile_value_cannot_act_on_the_terminal(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE Customer SET cCusMngTypeCode = ? WHERE rowid = 1", "\x1b[31m[red]x[/red]\u202e")
    answer = ask("map", "coverage")
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out
    assert "[red]x[/red]" in answer.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("--field", "rols"), "no field 'rols'", id="no such field"),
        pytest.param(("--out", "x.pdf"), "ending", id="no such format"),
        pytest.param(("--out", "no/such/x.csv"), "cannot be written", id="no such folder"),
        pytest.param(("--data", "none.db"), "none.db is no account set", id="no such data"),
        pytest.param(("--data", "config.yaml"), "config.yaml is no account set", id="data that is no database"),
        pytest.param(("--mapping", "none.yaml"), "none.yaml", id="no such mapping"),
        pytest.param(("--mapping", "config.yaml"), "unknown key", id="a mapping that is none"),
        pytest.param(("--config", "none.yaml"), "none.yaml", id="no such configuration"),
    ],
)
def test_what_makes_no_sense_ends_with_65(home: Path, ask: Ask, words: tuple[str, ...], says: str) -> None:
    answer = ask("map", "coverage", *words)
    assert answer.code == 65, answer.err
    assert "".join(says.split()) in answer.complaint
    assert "Traceback" not in answer.err


def test_a_column_that_the_account_set_does_not_have_is_told_with_its_field(home: Path, ask: Ask) -> None:
    path = home / MAPPING
    path.write_text(path.read_text(encoding="utf-8").replace("sql: cCusDefine4", "sql: cCusDefin4"), encoding="utf-8")
    answer = ask("map", "coverage")
    assert answer.code == 65
    assert "noreadablecolumn'cCusDefin4'" in answer.complaint
    assert "Didyoumean'cCusDefine" in answer.complaint


def test_an_account_set_without_customers_is_covered(home: Path, ask: Ask) -> None:
    with sqlite3.connect(home / "account-set.db") as connection:
        connection.execute("DELETE FROM Customer")
    connection.close()
    answer = ask("map", "coverage")
    assert answer.code == 0
    assert "0 of 0 customers" in answer.out
