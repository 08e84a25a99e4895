"""plan, apply, run, explain and audit, from the folder that the demo leaves."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from cli_home import Ask, edit, overwrite_edits

TIERS = {"潜在", "一般", "重要", "VIP"}


def tiers_in(home: Path) -> dict[str, str | None]:
    connection = sqlite3.connect(home / "account-set.db")
    rows = dict(connection.execute("SELECT cCusCode, cCusDefine5 FROM Customer"))
    connection.close()
    return rows


def test_the_demo_leaves_everything_that_the_other_commands_need(demo_folder: Path) -> None:
    left = {path.relative_to(demo_folder).parts[0] for path in demo_folder.rglob("*")}
    assert left == {"account-set.db", "config.yaml", "mappings", "audit", "audit.key", "report.html", "runs"}


def test_after_the_demo_nothing_is_left_to_do(home: Path, ask: Ask) -> None:
    answer = ask("plan")
    assert answer.code == 0
    assert "U8 holds every value as recommended" in answer.out
    assert ask("audit", "verify").code == 0


def test_plan_apply_plan_and_verify(fresh: Path, ask: Ask) -> None:
    planned = ask("plan", "--out", "plan.json", "--json")
    assert planned.code == 2
    assert tiers_in(fresh).values() == set() or set(tiers_in(fresh).values()) == {None}
    applied = ask("apply", "plan.json")
    assert applied.code == 0, applied.err
    written = {code: tier for code, tier in tiers_in(fresh).items() if tier is not None}
    assert written == {change["code"]: change["fields"][0]["after"] for change in planned.json["changes"]}
    assert set(written.values()) == TIERS
    assert ask("plan", "--json").json["changes"] == []
    assert ask("audit", "verify").code == 0


def test_a_plan_writes_nothing_and_leaves_no_trace(fresh: Path, ask: Ask) -> None:
    before = (fresh / "account-set.db").read_bytes()
    ask("plan")
    assert (fresh / "account-set.db").read_bytes() == before
    assert not (fresh / "audit").exists()


def test_a_run_does_both(fresh: Path, ask: Ask) -> None:
    answer = ask("run", "--json", "--report", "night.html")
    assert answer.code == 0, answer.err
    assert answer.json["totals"]["applied"] == answer.json["planned"] > 900
    assert "<html" in (fresh / "night.html").read_text(encoding="utf-8")
    assert ask("run").code == 0


def test_what_a_person_changed_since_makes_the_plan_stale(fresh: Path, ask: Ask) -> None:
    code = ask("plan", "--out", "plan.json", "--json").json["changes"][0]["code"]
    edit(fresh, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = ?", code)
    answer = ask("apply", "plan.json")
    assert answer.code == 5
    assert f"1customerswerechangedinU8sincetheplanwasmade:{code}" in answer.complaint
    assert set(tiers_in(fresh).values()) == {None, "VIP"}


def test_a_plan_edited_by_hand_is_refused(fresh: Path, ask: Ask) -> None:
    ask("plan", "--out", "plan.json")
    text = Path("plan.json").read_text(encoding="utf-8")
    Path("plan.json").write_text(text.replace('"after": "一般"', '"after": "VIP"', 1), encoding="utf-8")
    answer = ask("apply", "plan.json")
    assert answer.code == 5
    assert "was changed after it was made" in answer.err


def test_a_plan_is_refused_once_the_policy_was_edited(fresh: Path, ask: Ask) -> None:
    ask("plan", "--out", "plan.json")
    policy = fresh / "mappings" / "tiers.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "# x\n", encoding="utf-8")
    answer = ask("apply", "plan.json")
    assert answer.code == 5
    assert "another tier policy" in answer.err


def test_a_plan_is_refused_on_another_account_set(fresh: Path, ask: Ask) -> None:
    ask("plan", "--out", "plan.json")
    edit(fresh, "UPDATE u8sync_sandbox SET value = 'another' WHERE name = 'lineage'")
    answer = ask("apply", "plan.json")
    assert answer.code == 5
    assert "another account set" in answer.err


def test_a_guard_stops_the_night_and_says_how_to_let_it_pass(home: Path, ask: Ask) -> None:
    overwrite_edits(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP'")
    answer = ask("run")
    assert answer.code == 4
    assert "--allowshare_changed--allowtop_downgrades" in answer.complaint
    assert set(tiers_in(home).values()) == {"VIP"}
    assert ask("plan").code == 4
    assert ask("run", "--allow", "share_changed", "--allow", "top_downgrades").code == 0
    assert ask("plan").code == 0


def test_explain_says_why_and_what_would_lift(home: Path, ask: Ask) -> None:
    changes = ask("audit", "list", "--json").json
    code = next(change["customer"] for change in reversed(changes) if change["after"] == "重要")
    answer = ask("explain", code)
    assert answer.code == 0
    for words in ("revenue", "gross profit", "score at least 60", "Why not VIP", "mappings/tiers.yaml:"):
        assert words in answer.out
    told = ask("explain", code, "--json").json
    total = sum(float(line["contribution"] or 0) for line in told["metrics"])
    assert float(told["score"]) == pytest.approx(total)


def test_explain_an_unknown_customer(home: Path, ask: Ask) -> None:
    answer = ask("explain", "no such")
    assert answer.code == 65
    assert "There is no customer with the code 'no such'" in answer.err


def test_the_history_of_a_customer_tells_both_nights(home: Path, ask: Ask) -> None:
    moved = ask("audit", "list", "--json").json[-1]
    told = ask("audit", "list", "--customer", moved["customer"], "--json").json
    assert [change["status"] for change in told] == ["applied", "applied"]
    assert told[0]["before"] is None
    assert told[1]["before"] == told[0]["after"]
    assert told[1]["after"] == tiers_in(home)[moved["customer"]]
    assert ask("audit", "list", "--run", moved["run_id"], "--customer", "none").out.strip() != ""


def test_a_flipped_byte_is_found_by_the_command(home: Path, ask: Ask) -> None:
    segment = next(home.glob("audit/*/seg-000001.jsonl"))
    data = bytearray(segment.read_bytes())
    at = data.index(b"\n", len(data) // 2) + 50
    number = bytes(data[:at]).count(b"\n") + 1
    data[at] ^= 1
    segment.write_bytes(bytes(data))
    answer = ask("audit", "verify", "--json")
    assert answer.code == 1
    assert [fault["record"] for fault in answer.json[0]["faults"]] == [number]
    assert f"record {number} " in ask("audit", "verify").out
    stopped = ask("run")
    assert stopped.code == 74
    assert "is not whole" in stopped.err


def test_the_log_is_verified_without_configuration_and_without_u8(home: Path, ask: Ask) -> None:
    (home / "config.yaml").unlink()
    (home / "account-set.db").unlink()
    assert ask("audit", "verify", "--folder", "audit").code == 0
    assert ask("audit", "verify", "--folder", next(home.glob("audit/*"))).code == 0


def test_another_run_at_work_is_told(home: Path, ask: Ask) -> None:
    from filelock import FileLock

    with FileLock(next(home.glob("audit/*")) / ".lock"):
        answer = ask("run")
    assert answer.code == 3
    assert "Another run is at work" in answer.err


def test_the_plan_in_chinese(fresh: Path, ask: Ask) -> None:
    answer = ask("plan", language="zh")
    assert answer.code == 2
    for words in ("客户", "推荐", "计划"):
        assert words in answer.out


def test_machine_output_is_the_same_in_both_languages(fresh: Path, ask: Ask) -> None:
    english, chinese = ask("plan", "--json").json, ask("plan", "--json", language="zh").json
    assert english == chinese


def test_the_plan_file_is_readable(fresh: Path, ask: Ask) -> None:
    ask("plan", "--out", "plan.json")
    body = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    assert body["changes"][0]["reason"]["tier"] in TIERS


def test_no_customer_name_reaches_the_audit_log_or_a_plan_file(fresh: Path, ask: Ask) -> None:
    connection = sqlite3.connect(fresh / "account-set.db")
    names = {name for row in connection.execute("SELECT cCusName, cCusAbbName FROM Customer") for name in row if name}
    connection.close()
    ask("plan", "--out", "plan.json")
    ask("apply", "plan.json")
    written = Path("plan.json").read_text(encoding="utf-8")
    written += "".join(path.read_text(encoding="utf-8") for path in fresh.glob("audit/*/seg-*.jsonl"))
    assert len(names) > 1000
    assert [name for name in names if name in written] == []


def test_every_guard_that_stops_is_named_in_the_message(home: Path, ask: Ask) -> None:
    overwrite_edits(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP', cCusMngTypeCode = 'XX'")
    complaint = ask("run", "--json").complaint
    for words in ("wouldgetanothervalue", "wouldfallfromVIP", "haveavaluethatcannotbeused"):
        assert words in complaint


def test_a_line_that_a_dying_run_left_unfinished_is_told_and_recovered(home: Path, ask: Ask) -> None:
    segment = next(home.glob("audit/*/seg-000001.jsonl"))
    with segment.open("ab") as file:
        file.write(b'{"v":1,')
    answer = ask("audit", "verify")
    assert answer.code == 2
    assert "never finished (7 bytes)" in answer.out
    assert ask("run").code == 0
    assert ask("audit", "verify", "--json").json[0]["torn_bytes"] == 0


def test_a_second_demo_takes_the_next_free_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask("demo").code == 0
    assert ask("demo").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"u8sync-demo", "u8sync-demo-2"}
