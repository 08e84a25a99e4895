"""The consultant's page of both READMEs, done as it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from cli_home import Ask, ask, demo_folder, home

from u8sync.config.mapping_file import load_mapping
from u8sync.config.shapes.mapping import FieldShape, TableShape

__all__ = ["ask", "demo_folder", "home"]

ROOT = Path(__file__).parents[2]
PAGES = {"README.md": "## For the consultant", "README.zh-CN.md": "## 面向实施顾问"}

every_page = pytest.mark.parametrize("name", PAGES)


def page(name: str) -> str:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.split(r"(?m)^## ", text.split(PAGES[name])[1])[0]


def blocks(name: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page(name), re.DOTALL)


def test_the_commands_of_the_page_work_in_the_order_in_which_they_stand(ask: Ask, home: Path) -> None:
    # Both READMEs have the same commands, which another test holds.
    lines = [line for block in blocks("README.md", "sh") for line in block.splitlines()]
    assert len(lines) > 7
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "u8sync"
        answer = ask(*words)
        assert answer.code in (0, 2), (line, answer.err)
        changes = words[:2] == ["map", "diff"] or (words[:2] == ["tiers", "simulate"] and "--policy" in words)
        assert (answer.code == 2) == changes, line


@every_page
def test_the_overlay_of_the_page_loads_and_writes_what_it_says(tmp_path: Path, name: str) -> None:
    [overlay] = [block for block in blocks(name, "yaml") if block.startswith("extends:")]
    (tmp_path / "customer.yaml").write_bytes((ROOT / "mappings/customer.yaml").read_bytes())
    (tmp_path / "site.yaml").write_text(overlay, encoding="utf-8")
    mapping = load_mapping(tmp_path / "site.yaml", "site.yaml")
    assert {field.name: field.write for field in mapping.fields if field.write != "never"} == {
        "management_type": "tier",
        "tier": "tier",
        "roles": "field",
    }


@every_page
def test_every_key_of_a_field_and_a_table_is_explained(name: str) -> None:
    for key in {*FieldShape.model_fields, *TableShape.model_fields} - {"label", "default"}:
        assert f"`{key}" in page(name), key


@every_page
def test_the_cases_of_the_page_pass(ask: Ask, home: Path, name: str) -> None:
    [cases] = [block for block in blocks(name, "yaml") if "cases:" in block]
    (home / "mappings/page.cases.yaml").write_text(cases, encoding="utf-8")
    answer = ask("map", "test", "mappings/page.cases.yaml")
    assert answer.code == 0
    assert "3 case(s) passed" in answer.out
