"""``u8sync map check``: every problem of every file at once, for people and for CI."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_home import Ask


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the demo leaves it, with configuration, mapping and policy; the current one."""
    monkeypatch.chdir(home)
    return home


def edit(path: Path, *replaced: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def test_files_without_a_problem_end_with_0(ask: Ask, folder: Path) -> None:
    answer = ask("map", "check")
    assert (answer.code, answer.err) == (0, "")
    assert [line.split(":")[0] for line in answer.out.splitlines()[:4]] == [
        "+ config.yaml (configuration)",
        "+ mappings/customer.yaml (mapping)",
        "+ mappings/customer.cases.yaml (cases of a mapping)",
        "+ mappings/tiers.yaml (tier policy)",
    ]


def test_every_problem_of_every_file_is_told_with_its_line_and_a_caret(ask: Ask, folder: Path) -> None:
    edit(
        folder / "mappings/customer.yaml",
        ("{split:", "{splt:"),
        ("      供货商: 供应商\n", "      供货商: 供应商\n      供货商: 分销商\n"),
        ("    required: true\n", "    required: perhaps\n"),
    )
    edit(folder / "mappings/tiers.yaml", ("weight: 40", "weight: forty"))
    edit(folder / "config.yaml", ("guards:", "guard:"))
    answer = ask("map", "check", "config.yaml", "mappings/customer.yaml", "mappings/tiers.yaml")
    assert answer.code == 65
    for told in ("unknown operator 'splt'", "Did you mean 'split'?", "'供货商' stands here again", "found 'perhaps'",
                 "found 'forty'", "unknown key 'guard'", "3 file(s), 5 problem(s)"):  # fmt: skip
        assert told in answer.out
    lines = answer.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "unknown operator 'splt'" in line)
    shown, caret = lines[at + 1 : at + 3]
    assert shown[caret.index("^") :].startswith("splt")


def test_a_trap_is_a_warning_and_strict_makes_it_a_problem(ask: Ask, folder: Path) -> None:
    edit(folder / "mappings/customer.yaml", ('"01": 一般', "01: 一般"))
    answer = ask("map", "check")
    assert answer.code == 0
    assert "warning: '01' stands without quotes: other programs read 1" in answer.out
    assert ask("map", "check", "--strict").code == 65


def test_a_column_that_u8_usually_lacks_is_a_warning_with_the_nearest(ask: Ask, folder: Path) -> None:
    edit(folder / "mappings/customer.yaml", ("sql: cDCCode", "sql: cDCCod"), ("sql: cCCCode", "sql: cCusPhone"))
    answer = ask("map", "check", "mappings/customer.yaml")
    assert answer.code == 0
    assert "no readable column 'cDCCod'" in answer.out
    assert "Did you mean 'cDCCode'?" in answer.out
    assert "no readable column 'cCusPhone'" in answer.out


def test_a_tier_that_the_mapping_cannot_write_is_a_problem_of_the_policy(ask: Ask, folder: Path) -> None:
    edit(folder / "mappings/tiers.yaml", ("- name: 重要", "- name: 核心"))
    answer = ask("map", "check")
    assert answer.code == 65
    assert "the tier '核心' cannot be written into the field 'tier'" in answer.out
    assert "x mappings/tiers.yaml" in answer.out


def test_an_overlay_is_checked_with_what_it_extends(ask: Ask, folder: Path) -> None:
    site = folder / "mappings/site.yaml"
    site.write_text("extends: customer.yaml\ntables: {roles: {values: {NO: 厂商, 经销商: }}}\n", encoding="utf-8")
    answer = ask("map", "check", site.relative_to(folder))
    assert answer.code == 0
    assert "mappings/site.yaml:2:27: warning: 'NO' stands" in answer.out


def test_json_names_every_place(ask: Ask, folder: Path) -> None:
    edit(folder / "mappings/customer.yaml", ("{split:", "{splt:"), ('"01": 一般', "01: 一般"))
    answer = ask("map", "check", "--json")
    assert answer.code == 65
    [mapping] = [one for one in answer.json if one["kind"] == "mapping"]
    assert [problem["place"].split(":")[0] for problem in mapping["problems"]] == ["mappings/customer.yaml"]
    assert [warning["message"][:4] for warning in mapping["warnings"]] == ["'01'"]


def test_a_broken_configuration_does_not_hide_files_that_are_named(ask: Ask, folder: Path) -> None:
    edit(folder / "config.yaml", ("version: 1", "version: 1\n\tx: 2"))
    answer = ask("map", "check")
    assert answer.code == 65
    assert "a tab stands here" in answer.out
    assert ask("map", "check", "mappings/customer.yaml").code == 0


def test_without_a_configuration_all_files_of_the_folder_are_checked(ask: Ask, folder: Path) -> None:
    (folder / "config.yaml").unlink()
    answer = ask("map", "check")
    assert answer.code == 0
    assert "mappings/customer.yaml (mapping)" in answer.out
    assert "mappings/tiers.yaml (tier policy)" in answer.out


def test_nothing_to_check_is_said(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("map", "check")
    assert answer.code == 65
    assert "Namethefiles:u8syncmapcheckFILE" in answer.complaint


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("版本: 1\n".encode("gbk"), "the file is not UTF-8 text from here on"),
        (b"\xef\xbb\xbfversion: 1\nfields: {}\n", "too few entries"),
        (b"a: &x [1]\nb: [*x, *x]\n", "anchors (&), aliases (*) and merge keys (<<) are not taken here"),
        (b"hello: 1\n", "this is neither a mapping nor a policy nor a configuration"),
        (b"", "the file is empty"),
        (b"fields: {a: {b: {c: [[[[[\n", "this is not valid YAML"),
    ],
    ids=["GBK", "BOM", "aliases", "something else", "empty", "unclosed"],
)
def test_a_file_that_is_none_of_ours_is_told(ask: Ask, folder: Path, content: bytes, told: str) -> None:
    (folder / "x.yaml").write_bytes(content)
    answer = ask("map", "check", "x.yaml")
    assert answer.code == 65
    assert told in answer.out


def test_a_file_that_is_not_there_and_a_folder_are_told(ask: Ask, folder: Path) -> None:
    answer = ask("map", "check", "gone.yaml", "mappings")
    assert answer.code == 65
    assert "gone.yaml: there is no such file" in answer.out
    assert "mappings: this is a folder, not a file" in answer.out
