"""``plan --undo`` from the folder that the demo leaves: the run is found in the audit log, and its undo is a plan."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from cli_home import Ask, edit

ALLOWED = ("--allow", "share_changed", "--allow", "top_downgrades")


def tiers_in(home: Path, file: str = "account-set.db") -> dict[str, str | None]:
    connection = sqlite3.connect(home / file)
    rows = dict(connection.execute("SELECT cCusCode, cCusDefine5 FROM Customer"))
    connection.close()
    return rows


def runs_of(ask: Ask) -> list[str]:
    """The runs that announced a change, oldest first."""
    return list(dict.fromkeys(change["run_id"] for change in ask("audit", "list", "--json").json))


def test_the_last_night_is_taken_back_by_a_plan_of_its_own(home: Path, ask: Ask) -> None:
    first, second = runs_of(ask)
    changes = [change for change in ask("audit", "list", "--json").json if change["run_id"] == second]
    now = tiers_in(home)
    planned = ask("plan", "--undo", second, "--out", "undo.json", "--json", *ALLOWED)
    assert planned.code == 2, planned.err
    assert planned.json["undoes"] == second
    assert {c["code"]: c["fields"][0]["after"] for c in planned.json["changes"]} == {
        change["customer"]: change["before"] for change in changes
    }
    assert tiers_in(home) == now
    applied = ask("apply", "undo.json", *ALLOWED)
    assert applied.code == 0, applied.err
    assert tiers_in(home) == now | {change["customer"]: change["before"] for change in changes}
    assert ask("audit", "verify").code == 0
    again = ask("plan", "--undo", second)
    assert again.code == 0
    assert "Nothing to undo" in again.out
    assert first != second


def test_an_undo_of_the_first_night_leaves_no_empty_text_behind(fresh: Path, ask: Ask) -> None:
    ask("run")
    (run,) = runs_of(ask)
    assert ask("plan", "--undo", run).code == 4
    assert ask("plan", "--undo", run, "--out", "undo.json", *ALLOWED).code == 2
    assert ask("apply", "undo.json").code == 4
    assert ask("apply", "undo.json", *ALLOWED).code == 0
    assert set(tiers_in(fresh).values()) == {None}
    assert ask("plan", "--json").json["changes"] != []


def test_one_customer_and_one_field_can_be_chosen(home: Path, ask: Ask) -> None:
    run = runs_of(ask)[-1]
    one, other, *_ = [c["code"] for c in ask("plan", "--undo", run, "--json").json["changes"]]
    chosen = ask("plan", "--undo", run, "--customer", one, "--customer", other, "--field", "tier", "--json")
    assert [change["code"] for change in chosen.json["changes"]] == [one, other]
    assert ask("plan", "--undo", run, "--customer", "nobody").code == 65
    assert "has no change of tires" in ask("plan", "--undo", run, "--field", "tires").err


def test_the_view_tells_what_is_taken_back_what_is_left_alone_and_what_the_next_night_does(
    home: Path, ask: Ask
) -> None:
    run = runs_of(ask)[-1]
    before = ask("plan", "--undo", run, "--json", *ALLOWED).json["changes"]
    edit(home, "UPDATE Customer SET cCusDefine5 = '  ' WHERE cCusCode = ?", before[0]["code"])
    answer = ask("plan", "--undo", run, "--all", *ALLOWED)
    assert answer.code == 2
    for words in (
        f"Undo of run {run}",
        before[1]["undoes"]["op_id"],
        "changed since that run",
        "The next night plans the same values again",
        "guards.protected",
    ):
        assert words in answer.out
    chinese = ask("plan", "--undo", run, *ALLOWED, language="zh")
    assert chinese.code == 2


def test_machine_output_says_why_something_is_left_alone(home: Path, ask: Ask) -> None:
    run = runs_of(ask)[-1]
    code = ask("plan", "--undo", run, "--json").json["changes"][0]["code"]
    edit(home, "DELETE FROM Customer WHERE cCusCode = ?", code)
    assert ask("plan", "--undo", run, "--json").json["skipped"] == [{"code": code, "cause": "gone"}]


def test_a_run_that_the_log_does_not_know_is_answered_with_the_nearest(home: Path, ask: Ask) -> None:
    run = runs_of(ask)[-1]
    answer = ask("plan", "--undo", run[:-1])
    assert answer.code == 65
    assert f"hasnorun'{run[:-1]}'" in answer.complaint
    assert run in answer.complaint


def test_without_any_log_there_is_no_run(fresh: Path, ask: Ask) -> None:
    answer = ask("plan", "--undo", "20261101T180000Z-abcdef")
    assert answer.code == 65
    assert "It has no run at all" in answer.err


def test_a_run_of_another_account_set_is_told_apart(home: Path, ask: Ask) -> None:
    known = set(runs_of(ask))
    ask("sandbox", "create", "other.db", "--customers", "30", "--seed", "9")
    config = (home / "config.yaml").read_text(encoding="utf-8")
    assert config.count("account-set.db") == 1
    Path("other.yaml").write_text(config.replace("account-set.db", "other.db"), encoding="utf-8")
    assert ask("run", "--config", "other.yaml").code in {0, 2}
    (run,) = set(runs_of(ask)) - known
    mine = ask("plan", "--undo", run, "--config", "other.yaml", "--json")
    assert len(mine.json["changes"]) > 0
    answer = ask("plan", "--undo", run)
    assert answer.code == 65
    assert "wasmadeonanotheraccountset" in answer.complaint
    ask("plan", "--undo", run, "--config", "other.yaml", "--out", "undo.json")
    refused = ask("apply", "undo.json", *ALLOWED)
    assert refused.code == 5
    assert "another account set" in refused.err


def test_nothing_is_taken_from_a_log_that_was_edited(home: Path, ask: Ask) -> None:
    run = runs_of(ask)[-1]
    segment = next(home.glob("audit/*/seg-000001.jsonl"))
    text = segment.read_text(encoding="utf-8")
    assert '"before":{' in text
    at = text.rindex('"after":{"cCusDefine5":"') + len('"after":{"cCusDefine5":"')
    segment.write_text(text[:at] + "X" + text[at + 1 :], encoding="utf-8", newline="\n")
    answer = ask("plan", "--undo", run)
    assert answer.code == 74
    assert "is not whole" in answer.err


def test_an_undo_writes_no_trace_anywhere(home: Path, ask: Ask) -> None:
    run = runs_of(ask)[-1]

    def everything() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and "audit" not in path.name}

    before = everything()
    ask("plan", "--undo", run)
    assert everything() == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--customer", "C1"), "choose what --undo takes back"),
        (("--field", "tier"), "choose what --undo takes back"),
        (("--undo", "r", "--report", "r.html"), "belong to a plan of tiers"),
        (("--undo", "r", "--as-of", "2026-10-31"), "belong to a plan of tiers"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(
    home: Path, ask: Ask, words: tuple[str, ...], complaint: str
) -> None:
    answer = ask("plan", *words)
    assert answer.code == 65
    assert complaint in " ".join(answer.err.split())


def test_the_plan_file_of_an_undo_says_what_each_change_takes_back(home: Path, ask: Ask) -> None:
    run = runs_of(ask)[-1]
    ask("plan", "--undo", run, "--out", "undo.json")
    body = json.loads(Path("undo.json").read_text(encoding="utf-8"))
    assert {change["undoes"]["run_id"] for change in body["changes"]} == {run}
    assert all(len(change["undoes"]["op_id"]) == 32 for change in body["changes"])
