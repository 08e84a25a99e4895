"""``status`` and ``runs``: is all well, and how the nights went, from real nights, good ones and others."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_home import Ask, edit, overwrite_edits

from u8sync.audit.lock import take_lock
from u8sync.bootstrap import SystemClock
from u8sync.domain.run_entry import RunEntry
from u8sync.history.store import read_history, write_entry


def newest(home: Path) -> RunEntry:
    last = read_history(home / "runs").last
    assert last is not None
    return last


def add(home: Path, **changed: Any) -> RunEntry:
    """An entry that another run would have left, a minute after the newest."""
    last = newest(home)
    began = last.started_at + timedelta(minutes=1)
    entry = replace(last, run_id=f"{began:%Y%m%dT%H%M%SZ}-aaaaaa", started_at=began, **changed)
    write_entry(home / "runs", entry)
    return entry


def gone() -> int:
    """The number of a process that is not there any more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def log_folder(home: Path) -> Path:
    (folder,) = (path for path in (home / "audit").iterdir() if path.is_dir())
    return folder


def test_after_a_good_night_all_is_well(home: Path, ask: Ask) -> None:
    said = ask("status")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("All is well.")
    entry = newest(home)
    assert entry.run_id in said.out
    assert f"{entry.planned}: written" in said.out
    assert f"{entry.audit_count:,} records after the last run, {entry.audit_count:,} now" in said.out
    machine = ask("status", "--json").json
    assert (machine["well"], machine["concerns"], machine["at_work"], machine["no_end"]) == (True, [], [], [])
    assert machine["last"]["run_id"] == entry.run_id


def test_in_chinese_too(home: Path, ask: Ask) -> None:
    said = ask("status", language="zh")
    assert said.code == 0
    assert said.out.startswith("一切正常。")
    said.out.encode("gbk")


def test_without_any_run_somebody_should_look(home: Path, ask: Ask) -> None:
    shutil.rmtree(home / "runs")
    said = ask("status")
    assert said.code == 2
    assert "No run has left an entry in the history yet." in said.out
    assert "The history has no such run." in ask("runs").out


def test_a_night_that_a_guard_stopped_needs_a_look(home: Path, ask: Ask) -> None:
    overwrite_edits(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP'")
    assert ask("run").code == 4
    said = ask("status")
    assert said.code == 2
    assert "The last run ended with exit code 4." in said.out
    assert "a guard stopped it; nothing was written" in said.out
    assert [concern["key"] for concern in ask("status", "--json").json["concerns"]] == ["ended_badly"]


def test_a_run_that_died_is_told_until_the_next_good_one(home: Path, ask: Ask) -> None:
    died = add(home, state="running", ended_at=None, exit_code=None, pid=gone())
    said = ask("status")
    assert said.code == 2
    assert f"Run {died.run_id} died" in said.out
    assert ask("status", "--json").json["no_end"] == [{"run_id": died.run_id, "fate": "died"}]
    assert [run["run_id"] for run in ask("runs", "--failed", "--json").json] == [died.run_id]
    assert "DIED" in ask("runs", "show", died.run_id).out
    add(home, state="ended", exit_code=0)
    assert ask("status").code == 0


def test_a_run_whose_process_is_there_is_at_work_and_no_reason_to_worry(home: Path, ask: Ask) -> None:
    began = datetime.now(UTC)
    entry = replace(newest(home), run_id=f"{began:%Y%m%dT%H%M%SZ}-bbbbbb", started_at=began)
    write_entry(home / "runs", replace(entry, state="running", ended_at=None, exit_code=None, pid=os.getpid()))
    said = ask("status")
    assert said.code == 0
    assert f"run {entry.run_id} since " in said.out
    assert ask("runs", "--failed", "--json").json == []


def test_who_holds_the_lock_is_named(home: Path, ask: Ask) -> None:
    lock = take_lock(log_folder(home), host="server-7", pid=4711, run_id="20991231T000000Z-cccccc", clock=SystemClock())
    try:
        said = ask("status", "--json")
        assert said.code == 0
        (holder,) = said.json["at_work"]
        assert (holder["run_id"], holder["pid"], holder["host"]) == ("20991231T000000Z-cccccc", "4711", "server-7")
        assert "run 20991231T000000Z-cccccc, process 4711 on server-7" in ask("status").out
    finally:
        lock.release()
    assert ask("status", "--json").json["at_work"] == []


def test_a_run_of_another_machine_that_said_no_end_is_not_called_dead(home: Path, ask: Ask) -> None:
    add(home, state="running", ended_at=None, exit_code=None, host=f"not-{socket.gethostname()}", pid=gone())
    assert [concern["key"] for concern in ask("status", "--json").json["concerns"]] == ["unknown"]


@pytest.mark.parametrize("how", ["shorter", "other", "gone"])
def test_an_audit_log_that_does_not_agree_with_the_history_is_told(home: Path, ask: Ask, how: str) -> None:
    head = log_folder(home) / "HEAD"
    said = json.loads(head.read_text(encoding="utf-8"))
    said.pop("check")
    if how == "gone":
        head.unlink()
    else:
        changed = {"count": said["count"] - 1} if how == "shorter" else {"hash": "0" * 64}
        head.write_text(json.dumps({**said, **changed}), encoding="utf-8")
    assert [concern["key"] for concern in ask("status", "--json").json["concerns"]] == ["audit"]
    assert "audit verify" in ask("status").out


def test_a_spoilt_entry_is_told_and_the_others_are_shown(home: Path, ask: Ask) -> None:
    spoilt = add(home)
    (home / "runs" / spoilt.run_id / "run.json").write_text("{", encoding="utf-8")
    assert [concern["key"] for concern in ask("status", "--json").json["concerns"]] == ["history"]
    listed = ask("runs")
    assert "run.json cannot be read" in listed.err
    assert newest(home).run_id in listed.out


def test_entries_of_other_configurations_in_one_history_are_left_out(home: Path, ask: Ask) -> None:
    assert ask("run").code == 0
    other = add(home, config=str(home / "other.yaml"), exit_code=69)
    assert other.run_id not in ask("runs").out
    assert ask("status").code == 0


def test_a_run_of_a_clock_that_was_years_ahead_hides_no_real_run(home: Path, ask: Ask) -> None:
    real = newest(home)
    began = datetime.now(UTC) + timedelta(days=3650)
    future = replace(real, run_id=f"{began:%Y%m%dT%H%M%SZ}-bbbbbb", started_at=began, exit_code=4)
    write_entry(home / "runs", future)
    found = ask("status", "--json")
    assert found.json["last"]["run_id"] == real.run_id
    [concern] = found.json["concerns"]
    assert (found.code, concern["key"], future.run_id in concern["found"]) == (2, "clock", True)
    assert ask("runs", "show", "last", "--json").json["run_id"] == real.run_id
    listed = [run["run_id"] for run in ask("runs", "--json").json]
    assert (listed[0], listed[-1]) == (future.run_id, real.run_id)
    assert ask("run").code == 0
    assert ask("status", "--json").json["last"]["exit_code"] == 0
    assert (home / "runs" / real.run_id).is_dir()


def test_a_hostile_entry_cannot_move_the_cursor(home: Path, ask: Ask) -> None:
    add(home, host="h\x1b[2J\u202e", account_set_name="x\x9b2J")
    for words in (("status",), ("runs",), ("runs", "show", "last")):
        assert not {"\x1b", "\u202e", "\x9b"} & set(ask(*words).out)


def test_runs_are_listed_the_newest_last_and_can_be_narrowed(home: Path, ask: Ask) -> None:
    first, second = read_history(home / "runs").entries
    bad = add(home, exit_code=69, ended_at=newest(home).ended_at)
    everything = [run["run_id"] for run in ask("runs", "--json").json]
    assert everything == [first.run_id, second.run_id, bad.run_id]
    assert [run["run_id"] for run in ask("runs", "--last", 1, "--json").json] == [bad.run_id]
    assert [run["run_id"] for run in ask("runs", "--failed", "--json").json] == [bad.run_id]
    assert "2 older run(s) are not shown" in ask("runs", "--last", "1").out
    day = first.started_at.astimezone().date()
    assert ask("runs", "--to", day - timedelta(days=2), "--json").json == []
    assert len(ask("runs", "--from", day - timedelta(days=2), "--to", day + timedelta(days=2), "--json").json) == 3


def test_days_are_those_of_the_configured_time_zone(home: Path, ask: Ask) -> None:
    late = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # 01:00 of the next day in Shanghai
    write_entry(home / "runs", replace(newest(home), run_id="20260301T170000Z-dddddd", started_at=late))
    found = ask("runs", "--from", "2026-03-02", "--to", "2026-03-02", "--json").json
    assert [run["run_id"] for run in found] == ["20260301T170000Z-dddddd"]
    said = ask("runs", "--to", "2026-03-02").out
    assert "2026-03-02 01:00 " in said
    assert "Times are those of Asia/Shanghai." in said


def test_one_run_is_shown_by_its_name_a_part_of_it_or_as_the_last(home: Path, ask: Ask) -> None:
    entry = newest(home)
    for name in (entry.run_id, entry.run_id[-6:], "last"):
        assert ask("runs", "show", name, "--json").json["run_id"] == entry.run_id
    said = ask("runs", "show", "last").out
    for words in ("Guards", "Where the time went", "report.html", "log.jsonl", str(entry.audit_hash)):
        assert words in said


def test_a_name_that_no_run_has_or_several_have_is_bad_input(home: Path, ask: Ask) -> None:
    unknown = ask("runs", "show", "20200101T000000Z-abcdef")
    assert unknown.code == 65
    assert "The history has no run '20200101T000000Z-abcdef'" in unknown.err
    several = ask("runs", "show", "Z-")
    assert several.code == 65
    assert "2 runs have 'Z-' in their name" in several.err
    assert ask("runs", "show", "").code == 65


def test_status_needs_neither_mapping_nor_policy_nor_u8(home: Path, ask: Ask) -> None:
    shutil.rmtree(home / "mappings")
    (home / "account-set.db").unlink()
    assert ask("status").code == 0


def test_a_configuration_that_is_not_there_is_bad_input(home: Path, ask: Ask) -> None:
    (home / "config.yaml").unlink()
    assert (ask("status").code, ask("runs").code, ask("runs", "show", "last").code) == (65, 65, 65)


def test_too_little_space_needs_a_look(home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("u8sync.bootstrap.status.ENOUGH", 2**80)
    assert [concern["key"] for concern in ask("status", "--json").json["concerns"]] == ["disk"]


def test_before_anything_is_there_nothing_fails(home: Path, ask: Ask) -> None:
    for name in ("runs", "audit"):
        shutil.rmtree(home / name)
    settings = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
    settings["audit"] = {"folder": "not/made/yet"}
    (home / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert ask("status").code == 2
