"""``u8sync report``: a page of a plan made now, of a kept run, over all runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_home import Ask, draw_pages, edit

from u8sync.errors import ExitCode
from u8sync.history.store import read_history


@pytest.fixture
def home(home: Path) -> Path:
    """Its nights leave their pages."""
    draw_pages(home)
    return home


def test_the_report_of_a_plan_made_now_writes_that_file_and_nothing_else(ask: Ask, home: Path) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}

    assert ask("report", "--html", "made.html").code == 0

    after = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert set(after) - set(before) == {home / "made.html"}
    assert {path: after[path] for path in before} == before
    assert '<html lang="en">' in (home / "made.html").read_text(encoding="utf-8")


def test_a_night_leaves_its_report_with_times_and_the_page_over_all_runs(ask: Ask, home: Path) -> None:
    assert ask("run", language="zh").code in {0, 2}
    last = read_history(home / "runs").entries[-1]
    index = (home / "runs" / "index.html").read_text(encoding="utf-8")
    kept = (home / "runs" / last.run_id / "report.html").read_text(encoding="utf-8")

    assert f'href="{last.run_id}/report.html"' in index
    assert "各步骤用时" in kept
    assert all(step.name.zh in kept for step in last.steps[:2])
    assert last.steps


def test_a_page_that_cannot_be_written_is_a_trouble_and_stops_no_night(ask: Ask, home: Path) -> None:
    (home / "runs" / "index.html").unlink(missing_ok=True)
    (home / "runs" / "index.html").mkdir()
    edit(home, "UPDATE Customer SET cCusDefine5 = NULL WHERE cCusCode = '00005'")

    answer = ask("run")

    last = read_history(home / "runs").entries[-1]
    assert answer.code == 2
    assert "index.html" in answer.complaint
    assert any("index.html" in trouble.en for trouble in last.troubles)
    assert last.in_place == last.planned
    assert last.exit_code == 2


def test_the_page_over_all_runs_is_made_again_from_what_is_kept(ask: Ask, home: Path) -> None:
    index = home / "runs" / "index.html"
    index.unlink(missing_ok=True)

    assert ask("report", "--index").code == 0
    assert index.is_file()


def test_a_kept_report_is_shown_and_copied(ask: Ask, home: Path) -> None:
    entry = read_history(home / "runs").entries[-1]
    kept = home / "runs" / entry.run_id / "report.html"

    assert str(Path("runs", entry.run_id, "report.html")) in ask("report", "--run", entry.run_id).out.replace("\n", "")
    assert ask("report", "--run", "last", "--html", "copy.html").code == 0
    assert (home / "copy.html").read_bytes() == kept.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--run", "nope"), "Thereisnorunnope"),
        (("--run", "../.."), "Thereisnorun"),
        (("--index", "--html", "x.html"), "--indexwritesonepage"),
        (("--run", "last", "--as-of", "2026-01-01"), "--as-ofbelongs"),
        (("--html", "no/such/folder/x.html"), "cannotbewritten"),
    ],
    ids=["no such run", "a path for a run", "an index elsewhere", "a run of another day", "no such folder"],
)
def test_what_makes_no_sense_is_refused_in_words(ask: Ask, home: Path, words: tuple[str, ...], said: str) -> None:
    answer = ask("report", *words)

    assert answer.code == ExitCode.BAD_INPUT
    assert said in answer.complaint
    assert "Traceback" not in answer.err


def test_a_run_without_a_report_says_why(ask: Ask, home: Path) -> None:
    entry = read_history(home / "runs").entries[-1]
    (home / "runs" / entry.run_id / "report.html").unlink()

    assert "leftnoreport" in ask("report", "--run", entry.run_id).complaint


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks its registry for the browser")
def test_open_hands_the_page_to_the_browser(home: Path) -> None:
    browser = home / "browser.sh"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{home}/opened"\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "u8sync", "--lang", "en", "report", "--index", "--open"]

    done = subprocess.run(command, env={**os.environ, "BROWSER": f"{browser} %s"}, check=False, capture_output=True)

    assert done.returncode == 0, done.stderr
    assert (home / "opened").read_text().strip() == (home / "runs" / "index.html").as_uri()


def test_a_workbook_of_a_plan_made_now(ask: Ask, home: Path) -> None:
    assert ask("report", "--xlsx", "plan.xlsx").code == 0
    assert (home / "plan.xlsx").read_bytes().startswith(b"PK")
    assert ask("report", "--html", "a.html", "--xlsx", "a.xlsx").code == 0
    assert (home / "a.html").exists()
    assert (home / "a.xlsx").exists()


def test_the_workbook_of_a_run_is_copied_where_it_left_one(ask: Ask, home: Path) -> None:
    answer = ask("report", "--run", "last", "--xlsx", "night.xlsx")
    assert answer.code == ExitCode.BAD_INPUT
    assert "left no workbook" in answer.err
    config = home / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("xlsx: false", "xlsx: true"), encoding="utf-8")
    ask("run")
    assert ask("report", "--run", "last", "--xlsx", "night.xlsx").code == 0
    assert (home / "night.xlsx").read_bytes().startswith(b"PK")
