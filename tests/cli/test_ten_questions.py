"""The ten questions that an auditor asks, each answered by one command, on an account set with a past.

The past: two nights of the demo; a night whose guard was let pass with a reason; a customer whose tier was taken back;
and one night that did not come.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_home import Answer, Ask, edit

from u8sync import __version__
from u8sync.cli.app import call


@pytest.fixture(scope="module")
def past(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's folder, further on."""
    home = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("past") / "home"))
    config = ["--config", str(home / "config.yaml")]
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusDefine5 IS NOT NULL")
    guards = ["share_changed", "top_downgrades", "edited_in_u8"]
    allow = [*(word for guard in guards for word in ("--allow", guard)), "--reason", "客户数据迁移"]
    assert call(["run", *config, *allow], language="en") == 0
    return home


@pytest.fixture
def asked(past: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask in that folder."""
    monkeypatch.chdir(past)
    return ask


def last_change(ask: Ask, customer: str | None = None) -> dict[str, object]:
    words = () if customer is None else ("--customer", customer)
    found = ask("audit", "list", *words, "--limit", "1", "--json").json
    return dict(found[-1])


def words_of(answer: Answer) -> str:
    assert answer.code == 0, answer.err
    return " ".join(answer.out.split())


def test_1_what_changed_on_a_customer_and_why(asked: Ask) -> None:
    customer = str(last_change(asked)["customer"])
    told = asked("audit", "list", "--customer", customer, "--json").json
    assert {change["customer"] for change in told} == {customer}
    for change in told:
        assert (change["field"], change["status"]) == ("tier", "applied")
        assert "tiers.yaml:" in change["rule"]
    assert told[-1]["before"] == "VIP"
    assert [change["edited"] for change in told] == [*[None] * (len(told) - 1), {"wrote": told[-2]["after"]}]
    assert "a person had changed" in words_of(asked("audit", "list", "--customer", customer))


def test_2_by_which_rule_and_from_which_figures(asked: Ask) -> None:
    rated = [one for one in asked("audit", "list", "--json").json if one["score"] is not None]
    text = words_of(asked("audit", "show", rated[-1]["seq"]))
    for words in (rated[-1]["rule"], rated[-1]["score"], "revenue", "Points", "Contribution"):
        assert words in text


def test_3_who_approved(asked: Ask) -> None:
    run = str(last_change(asked)["run_id"])
    (told,) = asked("audit", "runs", "--run", run, "--json").json
    assert [one["guard"] for one in told["guards"] if one["allowed"]] == [
        "share_changed",
        "top_downgrades",
        "edited_in_u8",
    ]
    assert {one["reason"] for one in told["approvals"]} == {"客户数据迁移"}
    assert {one["approver"] for one in told["approvals"]} == {told["by"]["user"]}
    assert "客户数据迁移" in words_of(asked("audit", "runs", "--run", run))


def test_4_was_it_written_when_and_what_did_u8_answer(asked: Ask) -> None:
    change = last_change(asked)
    shown = asked("audit", "show", change["seq"], "--json").json
    outcome = next(one for one in shown["partners"] if one["type"] == "outcome")
    answer = asked("audit", "show", outcome["seq"], "--json").json["record"]
    assert (answer["status"], answer["customer"]) == ("applied", change["customer"])
    assert answer["version_before"] < answer["version_after"]
    assert "written" in words_of(asked("audit", "show", change["seq"]))


def test_5_what_was_not_changed_and_why(asked: Ask) -> None:
    left = asked("audit", "list", "--not-written", "--json").json
    assert {one["cause"] for one in left} == {"disabled"}
    assert all(one["count"] == len(one["customers"]) > 0 for one in left)
    assert "disabled in U8" in words_of(asked("audit", "list", "--not-written"))


def test_6_which_runs_there_were_and_which_nights_are_missing(asked: Ask) -> None:
    runs = asked("audit", "runs", "--json").json
    assert [run["exit_code"] for run in runs] == [0, 0, 0]
    assert [run["state"] for run in runs] == ["closed"] * 3
    day = max(run["opened_at"] for run in runs)[:10]
    year = int(day[:4]) + 1
    (gap,) = asked("audit", "runs", "--gaps", "1", "--to", f"{year}{day[4:]}", "--json").json
    assert gap["before"] is None
    assert gap["days"] > 300


def test_7_is_it_whole_and_unaltered(asked: Ask) -> None:
    (told,) = asked("audit", "verify", "--json").json
    assert told["whole"]
    assert told["open_intents"] == 0


def test_8_since_which_checkpoint_that_is_provable(asked: Ask) -> None:
    change = last_change(asked)
    shown = asked("audit", "show", change["seq"], "--json").json
    assert shown["proof"]["size"] >= change["seq"]
    assert f"covers {shown['proof']['size']} records" in words_of(asked("audit", "show", change["seq"]))


def test_9_was_it_taken_back(past: Path, asked: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shutil.copytree(past, tmp_path / "later"))
    change = last_change(asked)
    customer, run = str(change["customer"]), str(change["run_id"])
    assert change["undone_by"] is None
    planned = asked("plan", "--undo", run, "--customer", customer, "--out", "undo.json")
    assert planned.code == 2, planned.err
    applied = asked("apply", "undo.json")
    assert applied.code == 0, applied.err
    *_, before, back = asked("audit", "list", "--customer", customer, "--json").json
    assert before["undone_by"] == back["run_id"]
    assert back["undoes"] == run
    assert asked("audit", "list", "--undo-of", run, "--json").json == [back]


def test_10_by_which_version_with_which_configuration(asked: Ask) -> None:
    (told,) = asked("audit", "runs", "--run", last_change(asked)["run_id"], "--json").json
    assert told["by"]["tool_version"] == __version__
    digests = [told["by"]["config_sha256"], told["seal"]["mapping"], told["seal"]["policy"]]
    assert {len(one) for one in digests} == {64}
    text = words_of(asked("audit", "runs", "--run", told["run_id"]))
    for digest in digests:
        assert digest in text
