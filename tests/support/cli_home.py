"""The command line as its users meet it: real files, a real embedded account set, everything read back from outside."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from u8sync.cli.app import call
from u8sync.report.language import Language


@dataclass(frozen=True)
class Answer:
    """What one call answered."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """What stands on standard error, with every run of blanks and line ends taken out."""
        return "".join(self.err.split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Call u8sync with these words; what it answers is as wide as in a pipe, however the tests are run."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def ask_it(*words: object, language: Language = "en") -> Answer:
        capsys.readouterr()
        code = call([str(word) for word in words], language=language)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return ask_it


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``u8sync demo`` leaves behind."""
    folder = tmp_path_factory.mktemp("demo") / "here"
    assert call(["demo", "--dir", str(folder)], language="en") == 0
    return folder


@pytest.fixture
def home(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo's folder of one's own; the current folder. Its nights draw no page, see :func:`draw_pages`."""
    folder = Path(shutil.copytree(demo_folder, tmp_path / "home"))
    monkeypatch.chdir(folder)
    _set_reports(folder, was="true", becomes="false")
    return folder


@pytest.fixture
def fresh(home: Path) -> Path:
    """The same before the first night: no tier in U8, no audit log."""
    with sqlite3.connect(home / "account-set.db") as connection:
        connection.execute("UPDATE Customer SET cCusDefine5 = NULL")
    connection.close()
    shutil.rmtree(home / "audit")
    return home


def draw_pages(home: Path) -> None:
    """Let each night leave its page and the page over all runs again: that takes as long as all else that it does."""
    _set_reports(home, was="false", becomes="true")


def _set_reports(home: Path, *, was: str, becomes: str) -> None:
    path = home / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(f"\n  report: {was} ") == 1
    path.write_text(text.replace(f"\n  report: {was} ", f"\n  report: {becomes} "), encoding="utf-8", newline="\n")


def edit(home: Path, statement: str, *values: object) -> None:
    """What a person does in U8."""
    with sqlite3.connect(home / "account-set.db") as connection:
        connection.execute(statement, values)
    connection.close()


def overwrite_edits(home: Path) -> None:
    """Let runs write over the tiers that people change in U8, so that a test can make something to do."""
    path = home / "mappings" / "tiers.yaml"
    text = path.read_text(encoding="utf-8")
    assert "edited_in_u8: ask" in text
    path.write_text(text.replace("edited_in_u8: ask", "edited_in_u8: overwrite"), encoding="utf-8")


def leave_gaps(home: Path) -> None:
    """Let the mapping not cover the oddities of the made-up account set: 12 customers with X9 and 10 with 代理."""
    path = home / "mappings" / "customer.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.strip().startswith(("X9:", "代理:"))]
    assert len(kept) == len(lines) - 2
    path.write_text("".join(kept), encoding="utf-8", newline="\n")
