"""The workbook on request, and the one that each run leaves where the configuration asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_home import Ask, draw_pages
from openpyxl import load_workbook


@pytest.fixture
def home(home: Path) -> Path:
    """Its nights leave their pages."""
    draw_pages(home)
    return home


def last_entry(home: Path) -> dict[str, object]:
    newest = max((home / "runs").glob("*/run.json"), key=lambda path: path.parent.name)
    entry: dict[str, object] = json.loads(newest.read_text(encoding="utf-8"))
    return {**entry, "folder": newest.parent}


def keep_workbooks(home: Path) -> None:
    path = home / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert "xlsx: false" in text
    path.write_text(text.replace("xlsx: false", "xlsx: true"), encoding="utf-8")


def test_a_plan_is_saved_as_a_workbook(fresh: Path, ask: Ask) -> None:
    answer = ask("plan", "--xlsx", fresh / "plan.xlsx")
    assert answer.code == 2
    assert "plan.xlsx" in answer.err
    book = load_workbook(fresh / "plan.xlsx")
    changes = ask("plan", "--json").json["changes"]
    assert book["Changes"].max_row == 1 + sum(len(change["fields"]) for change in changes)


def test_a_run_is_saved_as_a_workbook_in_the_readers_language(fresh: Path, ask: Ask) -> None:
    answer = ask("run", "--xlsx", fresh / "run.xlsx", language="zh")
    assert answer.code == 0, answer.err
    book = load_workbook(fresh / "run.xlsx")
    assert book.sheetnames[0] == "概览"
    about = {row[0].value: row[1].value for row in book["说明"].iter_rows()}
    assert about["运行"] == last_entry(fresh)["run_id"]


def test_an_undo_has_no_workbook_of_tiers(home: Path, ask: Ask) -> None:
    answer = ask("plan", "--undo", "20260101T000000Z-000000", "--xlsx", home / "x.xlsx")
    assert answer.code == 65
    assert "--xlsx" in answer.err
    assert not (home / "x.xlsx").exists()


def test_a_file_that_cannot_be_written_is_told(home: Path, ask: Ask) -> None:
    answer = ask("plan", "--xlsx", home / "nowhere" / "x.xlsx")
    assert answer.code == 65
    assert "nowhere" in answer.err
    assert "Traceback" not in answer.err


def test_each_run_leaves_its_workbook_where_that_is_asked_for(fresh: Path, ask: Ask) -> None:
    ask("run")
    assert "workbook" not in dict(last_entry(fresh)["files"])  # type: ignore[call-overload]
    keep_workbooks(fresh)
    assert ask("run").code == 0
    entry = last_entry(fresh)
    assert dict(entry["files"])["workbook"] == "report.xlsx"  # type: ignore[call-overload]
    assert load_workbook(Path(str(entry["folder"])) / "report.xlsx").sheetnames[0] == "Overview"


def test_a_workbook_that_cannot_be_written_is_a_trouble_and_no_failure(
    fresh: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_workbooks(fresh)

    def no_room(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device", "report.xlsx")

    monkeypatch.setattr("u8sync.report.workbook.save_workbook", no_room)
    answer = ask("run")
    assert answer.code == 2, "a clean exit code would hide it"
    assert "No space left" in answer.err
    entry = last_entry(fresh)
    assert "workbook" not in dict(entry["files"])  # type: ignore[call-overload]
    assert "report" in dict(entry["files"])  # type: ignore[call-overload]
    assert "No space left" in str(entry["troubles"])
    assert ask("plan").code == 0, "everything was written all the same"
