"""Why a value is there, what changed outside, and the files that an auditor takes away: with nothing but the log."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cli_home import Ask, edit
from openpyxl import load_workbook

from u8sync.audit.chain import GENESIS, encode, link
from u8sync.audit.endings import changes_in
from u8sync.audit.reading import iterate
from u8sync.domain.recompute import Recomputed, recompute


def log_folder(home: Path) -> Path:
    """The one log of the demo."""
    [folder] = (path for path in (home / "audit").iterdir() if path.is_dir())
    return folder


def rewrite(home: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit records of the log in place and link the chain anew: what only a signature or a copy outside would show."""
    prev = GENESIS
    for path in sorted(log_folder(home).glob("seg-*.jsonl")):
        records = [json.loads(line) for line in path.read_bytes().splitlines()]
        for record in records:
            change(record)
            record["prev"] = prev
            prev = link(encode(record))
        path.chmod(0o600)
        path.write_bytes(b"".join(encode(record) + b"\n" for record in records))
    head = log_folder(home) / "HEAD"
    head.write_text(json.dumps({**json.loads(head.read_text()), "hash": prev}), encoding="utf-8")


def changes(home: Path) -> list[dict[str, Any]]:
    """What the log tells of every change."""
    return [asdict(one) for one in changes_in(iterate(log_folder(home)))]


@pytest.fixture
def moved(home: Path) -> dict[str, Any]:
    """A change of the second night, which rated a customer that the first one had rated otherwise."""
    return next(one for one in reversed(changes(home)) if one["before"] is not None and one["score"] is not None)


def alone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log on another machine: no configuration, no account set."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(home / "audit", elsewhere / "log")
    monkeypatch.chdir(elsewhere)
    return elsewhere


# Why ------------------------------------------------------------------------------------------------------------------


def test_why_recomputes_the_tier_from_the_log_alone(
    home: Path, moved: dict[str, Any], ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone(home, tmp_path, monkeypatch)
    answer = ask("audit", "why", moved["customer"], "--folder", "log", "--json")
    assert answer.code == 0, answer.err
    found = answer.json
    assert found["changes"][0]["seq"] == moved["seq"]
    assert found["recomputed"]["verdict"] == "same"
    assert found["recomputed"]["score"] == moved["score"]
    assert found["recomputed"]["tier"] == found["intent"]["reason"]["tier"] == moved["becomes"]
    assert found["window"] == {
        "start": "2025-11-01",
        "as_of": "2026-10-31",
        "compared_with": {"start": "2024-11-01", "as_of": "2025-10-31"},
        "floor_days": 90,
        "credit_days": 30,
    }
    assert found["run"]["run_id"] == moved["run_id"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Recomputed: same", "By the record", "Approved by", "tiers.yaml:", "2025-11-01 to 2026-10-31"]),
        ("zh", ["tiers.yaml:", "2025-11-01", "100.0000"]),
    ],
)
def test_why_says_in_words_who_when_and_by_which_rule(
    language: Any, words: list[str], home: Path, moved: dict[str, Any], ask: Ask
) -> None:
    answer = ask("audit", "why", moved["customer"], language=language)
    assert answer.code == 0
    text = "".join(answer.out.split())
    for word in (moved["run_id"], moved["score"], moved["rule"], moved["customer"]):
        assert "".join(word.split()) in text
    if language == "en":
        assert "Recomputed:same" in text
        assert "nobody:noapprovalisrecorded" in text


def test_every_change_that_the_demo_wrote_is_recomputed_the_same(home: Path, ask: Ask) -> None:
    plans: dict[object, Any] = {}
    count = 0
    for record in iterate(log_folder(home), "plan", "intent"):
        if record["type"] == "plan":
            plans[record["run_id"]] = record
            continue
        found = recompute(plans[record["run_id"]], record)
        assert isinstance(found, Recomputed)
        assert found.differences == (), record
        count += 1
    assert count > 1000


def test_an_edited_figure_does_not_follow_any_more(home: Path, moved: dict[str, Any], ask: Ask) -> None:
    def better(record: dict[str, Any]) -> None:
        if record["seq"] == moved["seq"]:
            record["reason"]["score"] = "99.0000"

    rewrite(home, better)
    answer = ask("audit", "why", "--seq", moved["seq"])
    assert answer.code == 1
    assert "NOT the same" in answer.out
    assert "99.0000" in answer.out
    found = ask("audit", "why", "--seq", moved["seq"], "--json").json["recomputed"]
    assert found["verdict"] == "different"
    assert [(one["what"], one["recorded"], one["recomputed"]) for one in found["differences"]] == [
        ("score", "99.0000", moved["score"])
    ]


def test_a_record_of_an_older_version_cannot_be_recomputed_and_says_so(
    home: Path, moved: dict[str, Any], ask: Ask
) -> None:
    rewrite(home, lambda record: record.pop("rules", None))
    answer = ask("audit", "why", moved["customer"])
    assert answer.code == 0
    assert "cannotberecomputedfromthisrecord" in "".join(answer.out.split())


def test_why_at_a_day_gives_the_change_in_force_then(home: Path, moved: dict[str, Any], ask: Ask) -> None:
    day = moved["at"][:10]
    assert (
        ask("audit", "why", moved["customer"], "--at", "2099-01-01", "--json").json["changes"][0]["seq"] == moved["seq"]
    )
    assert ask("audit", "why", moved["customer"], "--at", day, "--folder", "audit").code == 0
    early = ask("audit", "why", moved["customer"], "--at", "2001-01-01")
    assert early.code == 65
    assert moved["customer"] in early.complaint


def test_why_by_record_takes_the_end_of_a_change_as_well(home: Path, moved: dict[str, Any], ask: Ask) -> None:
    first = ask("audit", "why", "--seq", moved["seq"], "--json").json
    assert ask("audit", "why", "--seq", first["end"]["seq"], "--json").json == first


def test_why_says_the_same_by_the_index_and_without_it(home: Path, moved: dict[str, Any], ask: Ask) -> None:
    # A day is one of the account set's own time zone.
    day = datetime.fromisoformat(moved["at"]).astimezone(ZoneInfo("Asia/Shanghai")).date()
    for words in ([moved["customer"]], ["--seq", moved["seq"]], [moved["customer"], "--at", day]):
        by_index = ask("audit", "why", *words, "--json")
        assert (by_index.code, by_index.json) == (0, ask("audit", "why", *words, "--json", "--no-index").json)


@pytest.mark.parametrize("how", [[], ["--no-index"]], ids=["by the index", "without it"])
@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="nothing"),
        pytest.param(["00001", "--seq", "12"], id="both"),
        pytest.param(["--seq", "12", "--at", "2026-11-24"], id="a record and a day"),
        pytest.param(["--seq", "1"], id="a record that is no change"),
        pytest.param(["--seq", "99999999"], id="a record that is not there"),
        pytest.param(["no such customer"], id="a customer that was never written"),
        pytest.param(["00001", "--at", "yesterday"], id="no day"),
    ],
)
def test_a_question_that_cannot_be_answered_is_no_traceback(
    words: list[str], how: list[str], home: Path, ask: Ask
) -> None:
    answer = ask("audit", "why", *words, *how)
    assert answer.code == 65
    assert answer.err
    assert "Traceback" not in answer.err


# Reconcile ------------------------------------------------------------------------------------------------------------


def test_reconcile_finds_nothing_after_two_nights(home: Path, ask: Ask) -> None:
    answer = ask("audit", "reconcile", "--json")
    assert (answer.code, answer.json["differences"], answer.json["findings"]) == (0, 0, [])
    assert answer.json["values"] > 900


def test_reconcile_lists_what_people_changed(home: Path, ask: Ask) -> None:
    one, two, *_ = changes(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = ? WHERE cCusCode = ?", "=1+1\x1b[31m", one["customer"])
    edit(home, "DELETE FROM Customer WHERE cCusCode = ?", two["customer"])
    answer = ask("audit", "reconcile", "--out", "found.csv")
    assert answer.code == 2
    assert "\x1b" not in answer.out
    assert r"=1+1\x1b[31m" in answer.out
    found = ask("audit", "reconcile", "--json").json
    assert {(each["finding"], each["customer"], each["live"]) for each in found["findings"]} == {
        ("changed", one["customer"], "=1+1\x1b[31m"),
        ("gone", two["customer"], None),
    }
    with (home / "found.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["Customer"], row["U8 holds now"]) for row in rows} == {
        (one["customer"], r"'=1+1\x1b[31m"),
        (two["customer"], ""),
    }


def test_reconcile_needs_a_log_of_this_account_set(home: Path, ask: Ask) -> None:
    shutil.rmtree(home / "audit")
    answer = ask("audit", "reconcile")
    assert answer.code == 65
    assert "auditlog" in answer.complaint


# Export ---------------------------------------------------------------------------------------------------------------


def test_an_export_has_every_change(home: Path, ask: Ask) -> None:
    listed = changes(home)
    assert ask("audit", "export", "--out", "all.csv", "--raw").code == 0
    with (home / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["record"]), row["customer"], row["after"], row["status"]) for row in rows] == [
        (each["seq"], each["customer"], each["after"], each["status"]) for each in listed
    ]


def test_a_head_file_that_was_put_back_hides_no_change(home: Path, ask: Ask) -> None:
    (log_folder(home) / "HEAD").write_text(json.dumps({"count": 12, "hash": "0" * 64}), encoding="utf-8")
    assert ask("audit", "export", "--out", "all.csv", "--raw").code == 0
    assert len((home / "all.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(changes(home))


def test_an_export_can_be_of_one_run_and_some_customers(home: Path, moved: dict[str, Any], ask: Ask) -> None:
    where = ("--customer", moved["customer"], "--run", moved["run_id"], "--from", moved["at"][:10])
    assert ask("audit", "export", "--out", "one.xlsx", *where).code == 0
    rows = list(load_workbook(home / "one.xlsx")["Rows"].iter_rows(values_only=True))
    assert len(rows) == 2
    assert dict(zip(rows[0], rows[1], strict=True))["Customer"] == moved["customer"]
    assert ask("audit", "export", "--out", "none.html", "--to", "2001-01-01").code == 0
    assert "<td" not in (home / "none.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["x.pdf", "none/x.csv"])
def test_an_export_that_cannot_be_written_is_no_traceback(name: str, home: Path, ask: Ask) -> None:
    answer = ask("audit", "export", "--out", name)
    assert answer.code == 65
    assert "Traceback" not in answer.err


# Sample ---------------------------------------------------------------------------------------------------------------


def sample_rows(path: Path) -> list[dict[str, Any]]:
    header, *rows = load_workbook(path)["Sample"].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_a_sample_can_be_drawn_again_after_the_log_has_grown(home: Path, ask: Ask) -> None:
    assert ask("audit", "sample", "--size", 30, "--seed", "2026", "--out", "first.xlsx").code == 0
    about = {row[0]: row[1] for row in load_workbook(home / "first.xlsx")["About"].iter_rows(values_only=True)}
    records = about["Number of records"]
    edit(home, "UPDATE Customer SET cCusDefine5 = NULL WHERE cCusCode IN (SELECT cCusCode FROM Customer LIMIT 50)")
    assert ask("run", "--allow", "edited_in_u8").code in {0, 2}
    assert ask("audit", "sample", "--size", 30, "--seed", "2026", "--out", "grown.xlsx").code == 0
    again = ("--records", records, "--out", "again.xlsx")
    assert ask("audit", "sample", "--size", 30, "--seed", "2026", *again).code == 0
    first, grown, redone = (sample_rows(home / f"{name}.xlsx") for name in ("first", "grown", "again"))
    assert first == redone != grown
    assert len(first) == 30


def test_a_sample_names_the_head_and_the_checkpoint_of_its_log(home: Path, ask: Ask) -> None:
    assert ask("audit", "sample", "--size", 1, "--seed", "=1", "--out", "s.xlsx").code == 0
    about = {row[0]: row[1] for row in load_workbook(home / "s.xlsx")["About"].iter_rows(values_only=True)}
    records = list(iterate(log_folder(home)))
    assert about["Number of records"] == len(records)
    assert about["Hash of the last record"] == link(encode(records[-1]))
    assert about["Seed"] == "'=1"
    newest = [str(record["note"]).splitlines() for record in records if record["type"] == "checkpoint"][-1]
    assert about["Newest checkpoint"].split(" | ") == [line for line in newest if line]


def test_an_item_of_the_sample_is_a_record_of_the_log(home: Path, ask: Ask) -> None:
    assert ask("audit", "sample", "--size", 12, "--out", "s.xlsx").code == 0
    lines = [line for path in sorted(log_folder(home).glob("seg-*.jsonl")) for line in path.read_bytes().splitlines()]
    for row in sample_rows(home / "s.xlsx"):
        line = lines[int(row["Record"]) - 1]
        assert row["Hash of the record"] == link(line)
        assert json.loads(line)["customer"] == row["Customer"]


def test_a_sample_of_more_records_than_there_are_is_refused(home: Path, ask: Ask) -> None:
    answer = ask("audit", "sample", "--size", 3, "--records", 10_000_000, "--out", "s.xlsx")
    assert answer.code == 65
    assert not (home / "s.xlsx").exists()
