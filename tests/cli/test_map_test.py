"""``u8sync map test``: the cases of a mapping, for people and for CI, without any U8."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cli_home import Ask

CASES, MAPPING = "mappings/customer.cases.yaml", "mappings/customer.yaml"


def edit(path: Path, *replaced: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8", newline="\n")


def failing(home: Path) -> None:
    edit(home / CASES, ("expect: {management_type: VIP}", "expect: {management_type: 重要}"))


def test_the_shipped_cases_pass_and_look_at_everything(home: Path, ask: Ask) -> None:
    answer = ask("map", "test", "--untested")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("mappings/customer.cases.yaml, cases of mappings/customer.yaml\n+ ok  ")
    assert re.search(r"the cases look at (\d\d) of \1 lines of value tables and (\d+) of \2 fields\.", answer.out)
    assert "failed" in answer.out.splitlines()[-1]
    assert " 0 failed. U8 was not needed." in answer.out
    assert "No case looks at" not in answer.out


def test_u8_is_not_needed(home: Path, ask: Ask) -> None:
    (home / "account-set.db").unlink()
    assert ask("map", "test").code == 0


def test_a_failed_case_ends_with_2_and_names_the_line_of_the_mapping(home: Path, ask: Ask) -> None:
    failing(home)
    answer = ask("map", "test")
    assert answer.code == 2
    line = (home / MAPPING).read_text(encoding="utf-8").split('"04": VIP')[0].count("\n") + 1
    [told] = [words for words in map(str.split, answer.out.splitlines()) if words[:1] == ["management_type"]]
    assert told == ["management_type", "重要", "VIP", f"mappings/customer.yaml:{line}"]
    assert "x FAILED  编码 04 是 VIP  mappings/customer.cases.yaml:" in answer.out
    assert " 1 failed. U8 was not needed." in answer.out


def test_an_edit_of_the_mapping_is_found(home: Path, ask: Ask) -> None:
    edit(home / MAPPING, ('"04": VIP', '"04": 重要'), ("      合作方: 合作伙伴\n", ""), ("[trim, date]", "[date]"))
    answer = ask("map", "test", "--json")
    assert answer.code == 2
    wrong = {case["name"] for case in answer.json["files"][0]["cases"] if not case["passed"]}
    assert wrong == {"编码 04 是 VIP", "OpenAPI 各字段", "别名归入规范角色，相同含义只计一次"}


def test_what_no_case_looks_at_is_listed_on_demand(home: Path, ask: Ask) -> None:
    edit(home / MAPPING, ("      代理商: 分销商\n", "      代理商: 分销商\n      批发商: 分销商\n"))
    plain = ask("map", "test")
    assert plain.code == 0
    assert re.search(r"look at (\d+) of (?!\1)\d+ lines of value tables", plain.out)
    assert "--untested lists the others." in plain.out
    assert "批发商 means 分销商" in ask("map", "test", "--untested").out


def test_the_same_in_chinese(home: Path, ask: Ask) -> None:
    failing(home)
    answer = ask("map", "test", "--untested", language="zh")
    assert answer.code == 2
    assert "编码 04 是 VIP" in answer.out


def test_a_part_of_a_message_may_be_in_either_language(home: Path, ask: Ask) -> None:
    edit(home / CASES, ("issues: {developed_on: YYYY-MM-DD}", "issues: {developed_on: 不是日期}"))
    assert [ask("map", "test", language=language).code for language in ("en", "zh")] == [0, 0]
    edit(home / CASES, ("不是日期", "is not a date"))
    assert [ask("map", "test", language=language).code for language in ("en", "zh")] == [0, 0]


def test_json_has_every_difference_with_its_places(home: Path, ask: Ask) -> None:
    failing(home)
    answer = ask("map", "test", "--json")
    assert (answer.json["failed"], answer.json["passed"] > 10) == (1, True)
    [file] = answer.json["files"]
    assert (file["file"], file["mapping"]) == (CASES, MAPPING)
    [case] = [case for case in file["cases"] if not case["passed"]]
    [difference] = case["differences"]
    assert difference["decided_by"][0].startswith("mappings/customer.yaml:")
    assert {key: difference[key] for key in ("kind", "name", "expected", "got")} == {
        "kind": "value",
        "name": "management_type",
        "expected": "重要",
        "got": "VIP",
    }
    [mapping] = answer.json["mappings"]
    assert mapping["lines"]["tested"] == mapping["lines"]["of"] > 10
    assert mapping["untested"] == {"lines": [], "rules": [], "fields": []}


def test_junit_xml_is_written(home: Path, ask: Ask) -> None:
    failing(home)
    answer = ask("map", "test", "--junit", "out.xml")
    assert answer.code == 2
    assert "Written: out.xml" in answer.err
    [suite] = ET.parse(home / "out.xml").getroot()  # noqa: S314 - our own file
    assert suite.get("failures") == "1"
    assert ask("map", "test", "--junit", "no/such/folder/out.xml").code == 65


def test_files_and_folders_can_be_named(home: Path, ask: Ask) -> None:
    (home / "more").mkdir()
    for name in ("a.cases.yaml", "b.cases.yml", "c.yaml"):
        (home / "more" / name).write_text(
            "version: 1\nmapping: ../mappings/customer.yaml\n"
            "cases: [{name: a, given: {cCCCode: '1'}, expect: {category: '1'}}]\n",
            encoding="utf-8",
        )
    files = [one["file"] for one in ask("map", "test", "more", "--json").json["files"]]
    assert files == ["more/a.cases.yaml", "more/b.cases.yml"]
    files = [one["file"] for one in ask("map", "test", "more/c.yaml", CASES, "more/c.yaml", "--json").json["files"]]
    assert files == ["more/c.yaml", CASES]
    # Without names: what stands beside the configured mapping, and nothing else.
    assert [one["file"] for one in ask("map", "test", "--json").json["files"]] == [CASES]
    answer = ask("map", "test", "more", CASES)
    assert "3 file(s)" in answer.out
    assert answer.out.count("mappings/customer.yaml: the cases look at") == 1


def test_without_a_configuration_all_below_mappings_are_run(home: Path, ask: Ask) -> None:
    (home / "config.yaml").unlink()
    (home / "mappings" / "sets").mkdir()
    (home / CASES).rename(home / "mappings" / "sets" / "a.cases.yaml")
    edit(home / "mappings" / "sets" / "a.cases.yaml", ("mapping: customer.yaml", "mapping: ../customer.yaml"))
    assert [one["file"] for one in ask("map", "test", "--json").json["files"]] == ["mappings/sets/a.cases.yaml"]


@pytest.mark.parametrize("gone", [[CASES], [CASES, "config.yaml"]], ids=["configured", "no configuration"])
def test_without_any_cases_it_is_said_how_to_write_one(home: Path, ask: Ask, gone: list[str]) -> None:
    for name in gone:
        (home / name).unlink()
    answer = ask("map", "test")
    assert answer.code == 65
    assert "Thereisnofileofcases(*.cases.yaml)inmappings" in answer.complaint
    assert "Writecustomer.cases.yamlbesidecustomer.yaml" in answer.complaint


def test_an_overlay_keeps_what_the_cases_of_its_base_say(home: Path, ask: Ask) -> None:
    site = home / "mappings" / "site.yaml"
    site.write_text('extends: customer.yaml\ntables: {management_types: {values: {"05": 潜在}}}\n', encoding="utf-8")
    answer = ask("map", "test", CASES, "--mapping", "mappings/site.yaml", "--untested")
    assert answer.code == 0
    assert "cases of mappings/site.yaml" in answer.out
    assert re.search(r"mappings/site\.yaml: the cases look at (\d+) of (?!\1)\d+ lines", answer.out)
    assert "mappings/site.yaml:2" in answer.out
    edit(site, ('"05": 潜在', '"04": 潜在'))
    answer = ask("map", "test", CASES, "--mapping", "mappings/site.yaml")
    assert answer.code == 2
    assert "mappings/site.yaml:2" in answer.out


def test_a_bad_file_ends_with_65_and_shows_every_problem_with_its_line(home: Path, ask: Ask) -> None:
    edit(
        home / CASES,
        ("given: {cCusMngTypeCode: ~}", "given: {cCusMngTypCode: ~}"),
        ("issues: [roles]", "issues: [role]"),
    )
    answer = ask("map", "test")
    assert answer.code == 65
    assert answer.out == ""
    for told in ("2problem(s)", "readsnocolumn'cCusMngTypCode'", "Didyoumean'cCusMngTypeCode'?", "unknownfield'role'"):
        assert told in answer.complaint


def test_the_problems_of_several_files_are_told_together_and_those_of_one_mapping_once(home: Path, ask: Ask) -> None:
    other = home / "mappings" / "b.cases.yaml"
    other.write_bytes((home / CASES).read_bytes())
    edit(home / MAPPING, ("{split:", "{splt:"))
    answer = ask("map", "test")
    assert answer.code == 65
    assert answer.complaint.count("unknownoperator'splt'") == 1
    other.write_text("cases: []\n", encoding="utf-8")
    answer = ask("map", "test", "gone.cases.yaml", str(other), CASES)
    for told in ("gone.cases.yaml:1:1:thereisnosuchfile", "b.cases.yaml:1:1:thekey'version'", "unknownoperator'splt'"):
        assert told in answer.complaint


def test_map_check_knows_files_of_cases(home: Path, ask: Ask) -> None:
    assert "+ mappings/customer.cases.yaml (cases of a mapping): ok" in ask("map", "check", CASES).out
    edit(home / CASES, ('{cCusMngTypeCode: "01"}', "{cCusMngTypeCode: 01}"), ("[分销商]", "[NO]"))
    answer = ask("map", "check", CASES)
    assert answer.code == 0
    assert "'01' stands without quotes" in answer.out
    assert "'NO' stands without quotes" in answer.out
    edit(home / CASES, ("issues: [roles]", "issues: [role]"))
    assert ask("map", "check", CASES).code == 65
