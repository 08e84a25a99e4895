"""What people get wrong: each mistake has a message that says what, where and what to do, and nothing is written."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from cli_home import Ask

Edit = tuple[str, str]

CONFIG, MAPPING, POLICY = "config.yaml", "mappings/customer.yaml", "mappings/tiers.yaml"

MISTAKES = [
    (CONFIG, ("timezone:", "time_zone:"), "unknown key 'time_zone'", "unknown key"),
    (CONFIG, ("batch: 200", "batch: many"), "expected a whole number, found 'many'", "wrong type"),
    (CONFIG, ("version: 1", "version: 1\nversion: 1"), "'version' stands here again", "duplicate key"),
    (CONFIG, ("version: 1", "version:\t1\n\tx: 1"), "tab", "tab"),
    (CONFIG, ("version: 1", "version: &a 1\nx: *a"), "anchor", "alias"),
    (CONFIG, ("backend: sqlite", "backend: sqlit"), "sqlit", "unknown backend"),
    (CONFIG, ("file: account-set.db", "password: secret123"), "secret into this file", "a secret"),
    (CONFIG, ("mapping: mappings/customer.yaml", "mapping: mappings/none.yaml"), "none.yaml", "missing file"),
    (MAPPING, ("[trim, date]", "[trim, dat]"), "unknown operator 'dat'", "unknown operator"),
    (MAPPING, ("write: tier", "write: teir"), "unknown word 'teir'", "unknown word"),
    (MAPPING, ("sql: cCusDefine5", "sql: cCusDefine55"), "no readable column 'cCusDefine55'", "missing column"),
    (MAPPING, ("sql: cCusDefine5", "sql: cCusDefine7"), "does not let u8sync write", "an item that is not set up"),
    (MAPPING, ("sql: cCusDefine5", "sql: cCusPhone"), "no readable column 'cCusPhone'", "contact data"),
    (MAPPING, ("sql: cCusDefine5", 'sql: "x]; DROP TABLE Customer--"'), "column name", "SQL in a column name"),
    (POLICY, ("revenue:  ", "revenu:  "), "revenu", "unknown metric"),
    (POLICY, ("{weight: 40}", "{weight: 41}"), "101", "weights that do not add up"),
    (POLICY, ("score: {at_least: 60}", "score: {at_least: 90}"), "90", "tiers out of order"),
    (POLICY, ("name: 重要", "name: 重点"), "重点", "a tier that the mapping does not know"),
    (POLICY, ("window: {months: 12}", "window: {months: 0}"), "at least 1", "an empty window"),
]


@pytest.mark.parametrize(("file", "edit", "words"), [pytest.param(*mistake[:3], id=mistake[3]) for mistake in MISTAKES])
def test_a_mistake_in_a_file_is_shown_with_its_place(home: Path, ask: Ask, file: str, edit: Edit, words: str) -> None:
    path = home / file
    text = path.read_text(encoding="utf-8")
    assert edit[0] in text
    path.write_text(text.replace(edit[0], edit[1], 1), encoding="utf-8")
    before = (home / "account-set.db").read_bytes()
    for command in ("plan", "run"):
        answer = ask(command)
        assert answer.code == 65, answer.err
        assert "".join(words.split()) in answer.complaint
        assert "Traceback" not in answer.err
        assert "secret123" not in answer.complaint
    chinese = ask("plan", language="zh")
    assert chinese.code == 65
    assert chinese.err.strip() != ask("plan").err.strip()
    assert (home / "account-set.db").read_bytes() == before


def test_every_problem_of_a_file_is_shown_at_once(home: Path, ask: Ask) -> None:
    (home / POLICY).write_text(
        "version: 1\nwindow: {months: twelve}\nscore:\n  revenu: {weight: 40}\n  recency: {weight: 0}\n"
        "tiers:\n  - {name: A, when: {score: {at_least: 120}}}\n  - {nam: B}\nexclud: []\n",
        encoding="utf-8",
    )
    said = ask("plan").err
    for place in (
        "tiers.yaml:2:18",
        "tiers.yaml:4:3",
        "tiers.yaml:5:21",
        "tiers.yaml:7:",
        "tiers.yaml:8:6",
        "tiers.yaml:9:1",
    ):
        assert place in said, said
    assert "Did you mean 'revenue'?" in said
    assert "^" in said


def test_a_missing_configuration_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("plan")
    assert answer.code == 65
    assert "config.yaml" in answer.err


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.unlink(), id="missing"),
        pytest.param(lambda path: path.write_bytes(b"this is no database" * 100), id="no database"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), id="a folder"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:5000]), id="cut off"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(home: Path, ask: Ask, spoil) -> None:  # noqa: ANN001
    spoil(home / "account-set.db")
    for command in ("plan", "run"):
        answer = ask(command)
        assert answer.code == 69, answer.err
        assert "account-set.db" in answer.complaint
        assert "Traceback" not in answer.err


def test_a_database_that_is_no_account_set_is_told(home: Path, ask: Ask) -> None:
    (home / "account-set.db").unlink()
    connection = sqlite3.connect(home / "account-set.db")
    connection.execute("CREATE TABLE Customer (x)")
    connection.close()
    assert ask("plan").code == 69


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that may not be written; root may")
def test_an_audit_folder_that_may_not_be_written_stops_the_run(home: Path, ask: Ask) -> None:
    folder = next(home.glob("audit/*"))
    folder.chmod(0o500)
    try:
        answer = ask("run")
    finally:
        folder.chmod(0o700)
    assert answer.code == 74
    assert "cannotbewritten:Permissiondenied" in answer.complaint


def test_an_audit_folder_that_is_a_file_stops_the_run_before_anything_is_sent(fresh: Path, ask: Ask) -> None:
    (fresh / "audit").write_text("x", encoding="utf-8")
    answer = ask("run")
    assert answer.code == 74
    assert "Nothing is sent to U8 without a record" in answer.err
    assert ask("plan").code == 2


def test_a_folder_without_a_log_says_so(home: Path, ask: Ask) -> None:
    answer = ask("audit", "verify", "--folder", "mappings")
    assert answer.code == 65
    assert "There is no audit log" in answer.err


def test_the_demo_leaves_a_folder_that_holds_something_alone(home: Path, ask: Ask) -> None:
    answer = ask("demo", "--dir", ".")
    assert answer.code == 65
    assert "is not empty" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("plan", "--as-of", "2026-13-01"), id="no such day"),
        pytest.param(("plan", "--allow", "everything"), id="no such guard"),
        pytest.param(("plan", "--foo"), id="no such option"),
        pytest.param(("frobnicate",), id="no such command"),
        pytest.param(("explain",), id="no customer named"),
        pytest.param(("apply", "none.json"), id="no plan file"),
        pytest.param(("plan", "--out", "no/such/folder/plan.json"), id="a plan into nowhere"),
        pytest.param(("sandbox", "create", "x.db", "--customers", "0"), id="no customers"),
        pytest.param(("sandbox", "create", "account-set.db"), id="a file that exists"),
        pytest.param(("sandbox", "import", "none.csv", "x.db"), id="no CSV file"),
    ],
)
def test_words_that_make_no_sense_end_with_65(home: Path, ask: Ask, words: tuple[str, ...]) -> None:
    answer = ask(*words)
    assert answer.code == 65
    assert answer.err.strip()


def test_an_error_nobody_foresaw_is_one_sentence_unless_debugging(
    home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from u8sync import bootstrap

    def burst(_config: Path) -> None:
        raise RuntimeError("burst")

    monkeypatch.setattr(bootstrap, "load", burst)
    answer = ask("plan")
    assert answer.code == 1
    assert "Unexpected error: RuntimeError: burst" in answer.err
    assert "Traceback" not in answer.err


def test_a_report_that_cannot_be_written_is_told_after_the_result(fresh: Path, ask: Ask) -> None:
    answer = ask("run", "--report", "no/such/folder/night.html", "--json")
    assert answer.code == 65
    assert answer.json["totals"]["applied"] == answer.json["planned"]
    assert "The report cannot be written" in answer.err


def test_an_unknown_backend_is_told_at_its_place(home: Path, ask: Ask) -> None:
    config = home / CONFIG
    config.write_text(config.read_text(encoding="utf-8").replace("sqlite, file", "sqlit, file"), encoding="utf-8")
    lines = config.read_text(encoding="utf-8").splitlines()
    number = next(at for at, line in enumerate(lines, 1) if "sqlit, file" in line)
    assert f"config.yaml:{number}:{lines[number - 1].index('sqlit') + 1}:" in ask("plan").err
