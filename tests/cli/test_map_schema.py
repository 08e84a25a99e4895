"""``u8sync map schema``: what an editor needs, and the line that tells it so."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest
from cli_home import Ask

from u8sync.config.json_schema import FOLDER

KINDS = ("mapping", "policy", "cases", "config", "fleet")
MARK = "# yaml-language-server: $schema="


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def first_lines(out: str) -> list[str]:
    return [line.strip().removeprefix(MARK) for line in out.splitlines() if MARK in line]


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_printed_as_it_is_shipped(here: Path, ask: Ask, kind: str) -> None:
    answer = ask("map", "schema", kind)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert answer.json["properties"]


def test_without_a_name_the_installed_ones_are_named(here: Path, ask: Ask) -> None:
    answer = ask("map", "schema")
    assert answer.code == 0
    paths = [Path(url2pathname(urlparse(line).path)) for line in first_lines(answer.out)]
    assert paths == [FOLDER / f"{kind}.schema.json" for kind in KINDS]
    assert list(here.iterdir()) == []


def test_all_are_written_with_the_line_that_each_file_needs(here: Path, ask: Ask) -> None:
    answer = ask("map", "schema", "--out", "mappings/schemas")
    assert answer.code == 0
    written = {path.name: path.read_text(encoding="utf-8") for path in (here / "mappings/schemas").iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    for folder, line in zip(("mappings", "mappings", "mappings", ".", "."), first_lines(answer.out), strict=True):
        assert json.loads((here / folder / line).read_text(encoding="utf-8"))["$schema"]
    assert first_lines(answer.out)[0] == "schemas/mapping.schema.json"
    # Written again, they are as before.
    assert ask("map", "schema", "--out", "mappings/schemas").code == 0
    assert len(list((here / "mappings/schemas").iterdir())) == len(KINDS)


def test_one_can_be_written_alone(here: Path, ask: Ask) -> None:
    answer = ask("map", "schema", "cases", "--out", "x", language="zh")
    assert first_lines(answer.out) == ["../x/cases.schema.json"]
    assert [path.name for path in (here / "x").iterdir()] == ["cases.schema.json"]


def test_an_unknown_kind_and_a_folder_that_cannot_be_made_are_told(here: Path, ask: Ask) -> None:
    assert ask("map", "schema", "tiers").code == 65
    (here / "file").write_text("x", encoding="utf-8")
    for folder in ("file", "file/below"):
        answer = ask("map", "schema", "--out", folder)
        assert answer.code == 65
        assert "Traceback" not in answer.err
