"""Whole nights, and what they tell machines: the log of each, the figures, the times; also when things go wrong."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import canary
import pytest
import yaml
from canary import WORD
from cli_home import Ask, draw_pages, edit, overwrite_edits
from prometheus_client.parser import text_string_to_metric_families

from u8sync.backends.sql import SqlBackend
from u8sync.cli.app import call
from u8sync.domain.run_entry import RunEntry
from u8sync.errors import TransientError
from u8sync.history.store import read_history
from u8sync.text import msg

CARRIED = {"ts", "level", "event", "run_id", "account_set", "host", "pid", "mono"}


def configure(home: Path, **sections: Any) -> None:
    """Put sections into the configuration."""
    path = home / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**settings, **sections}, allow_unicode=True), encoding="utf-8")


def newest(home: Path) -> RunEntry:
    last = read_history(home / "runs").last
    assert last is not None
    return last


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def log_of(home: Path) -> list[dict[str, Any]]:
    entry = newest(home)
    return lines(home / "runs" / entry.run_id / entry.files["log"])


def events(home: Path) -> list[str]:
    return [line["event"] for line in log_of(home)]


def test_every_line_of_a_night_carries_its_run_and_the_log_tells_the_whole_road(fresh: Path, ask: Ask) -> None:
    assert ask("run").code == 0
    entry = newest(fresh)
    told = log_of(fresh)
    assert all(line.keys() >= CARRIED for line in told)
    assert {(line["run_id"], line["host"], line["pid"]) for line in told} == {(entry.run_id, entry.host, os.getpid())}
    assert {line["account_set"] for line in told} == {None, "999"}
    assert [line["mono"] for line in told] == sorted(line["mono"] for line in told)
    seen = [line["event"] for line in told]
    assert (seen[0], seen[-1]) == ("run_began", "run_ended")
    assert {"account_set", "audit_head", "plan", "guard", "batch_ended", "step_ended"} <= set(seen)
    assert sum(line["changes"] for line in told if line["event"] == "batch_ended") == entry.planned
    last_head = [line for line in told if line["event"] == "audit_head"][-1]
    assert (last_head["records"], last_head["hash"]) == (entry.audit_count, entry.audit_hash)
    assert told[-1]["exit_code"] == 0
    assert told[-1]["endings"] == dict(entry.endings)


def test_the_steps_of_a_night_add_up_to_its_time(fresh: Path, ask: Ask) -> None:
    draw_pages(fresh)
    said = ask("run", "--timings")
    assert said.code == 0
    entry = newest(fresh)
    names = [step.name.en for step in entry.steps]
    for name in (
        *("Loading the files", "Opening U8", "Checking the audit log", "Taking the account set", "Reading customers"),
        *("Adding up documents", "Deciding", "Asking the guards", "Showing the plan", "Recording the plan"),
        *("Writing to U8", "Closing the audit log", "Writing the report", "Other"),
    ):
        assert name in names
        assert name in said.out
    assert names[-1] == "Other"
    assert entry.duration is not None
    whole = float(sum(step.seconds for step in entry.steps))
    assert abs(whole - entry.duration.total_seconds()) < 0.1 + 0.05 * whole
    assert "Where the time went" in ask("runs", "show", "last").out


def test_a_plan_shows_where_its_time_went_beside_the_results_for_a_machine(home: Path, ask: Ask) -> None:
    said = ask("plan", "--json", "--timings")
    assert said.json["changes"] == []
    assert "Adding up documents" in said.err
    assert "Together" in ask("plan", "--timings").out


def test_the_terminal_stays_as_quiet_as_it_was(fresh: Path, ask: Ask) -> None:
    assert ask("run", "--json").err == ""


def test_lines_go_to_standard_error_when_the_configuration_wants_them(fresh: Path, ask: Ask) -> None:
    draw_pages(fresh)
    configure(fresh, logs={"console": "json", "level": "warning"})
    assert ask("run", "--json").err == "", "a good night has no warnings"
    configure(fresh, logs={"console": "json"})
    told = [json.loads(line) for line in ask("run", "--json").err.splitlines()]
    assert told == log_of(fresh)
    configure(fresh, logs={"console": "plain", "file": "off"})
    said = ask("run", "--json").err.splitlines()
    assert said[0].split(" ")[1:3] == ["info", "run_began"]
    assert all(f" run_id={newest(fresh).run_id} " in line for line in said)
    assert newest(fresh).files.keys() == {"report"}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no journal there")
def test_under_systemd_the_journal_gets_the_lines_with_their_priority(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert call(["run", "--json"], language="en") == 0
    said = capfd.readouterr().err.splitlines()
    assert said[0].startswith("<6>")
    assert " run_began " in said[0]
    assert said[-1].startswith("<6>")
    assert " run_ended " in said[-1]


def test_conflicts_and_guards_stand_in_the_log_by_code(home: Path, ask: Ask) -> None:
    overwrite_edits(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP'")
    assert ask("run").code == 4
    told = log_of(home)
    stopped = [line for line in told if line["event"] == "guard" and line["verdict"] == "stopped"]
    assert {line["guard"] for line in stopped} == {guard.guard for guard in newest(home).stopped_by} != set()
    assert (told[-1]["event"], told[-1]["level"], told[-1]["exit_code"]) == ("run_ended", "error", 4)
    with sqlite3.connect(home / "account-set.db") as connection:
        names = {row[0] for row in connection.execute("SELECT cCusName FROM Customer")}
    connection.close()
    text = (home / "runs" / newest(home).run_id / "log.jsonl").read_text(encoding="utf-8")
    assert not [name for name in names if name in text], "no customer by name"


def test_each_retry_stands_in_the_log(fresh: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    customers, failed = SqlBackend.customers, []

    def busy(self: SqlBackend, *words: Any) -> Any:
        if len(failed) < 2:
            failed.append(1)
            raise TransientError(msg("U8 is busy"))
        return customers(self, *words)

    monkeypatch.setattr(SqlBackend, "customers", busy)
    assert ask("run").code == 0
    retries = [line for line in log_of(fresh) if line["event"] == "retry"]
    assert [(line["try"], line["error"], line["why"]) for line in retries] == [
        (1, "TransientError", "U8 is busy"),
        (2, "TransientError", "U8 is busy"),
    ]


def test_no_log_and_no_figure_has_a_secret_even_if_an_error_says_it(
    fresh: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SECRET", WORD)
    (fresh / "other.txt").write_text(WORD[::-1] + "x", encoding="utf-8")
    (fresh / "other.txt").chmod(0o600)
    configure(
        fresh,
        metrics={"textfile": "u8sync.prom"},
        logs={"console": "plain", "level": "debug"},
        audit={
            "key": {"file": "audit.key"},
            "folder": "audit",
            "anchors": [
                {
                    "sqlserver": {
                        "server": "127.0.0.1",
                        "port": 9,
                        "database": "A",
                        "login": "x",
                        "password": {"env": "THE_SECRET"},
                    },
                    "timeout_s": 1,
                }
            ],
        },
    )

    def boom(*_args: object, **_named: object) -> None:
        raise ValueError(f"cannot connect with PWD={WORD};")

    monkeypatch.setattr(SqlBackend, "customers", boom)
    said = ask("run")
    assert said.code == 1
    assert "ValueError" in newest(fresh).error.en  # type: ignore[union-attr]
    assert log_of(fresh)[-1]["error"] == "ValueError: cannot connect with PWD=***;"
    assert canary.hits_below(WORD, fresh / "runs", fresh / "u8sync.prom") == []
    assert canary.hits(WORD, "\n".join(line for line in said.err.splitlines() if "run_id=" in line)) == []
    (fresh / "other.txt").unlink()


def test_a_folder_of_logs_keeps_the_newest_files_and_touches_no_other(fresh: Path, ask: Ask) -> None:
    configure(fresh, logs={"folder": "logs", "keep": 2})
    (fresh / "logs").mkdir()
    (fresh / "logs" / "notes.jsonl").touch()
    for _ in range(4):
        assert ask("run").code == 0
    entry = newest(fresh)
    path = Path(entry.files["log"])
    assert path == (fresh / "logs" / f"{entry.run_id}.jsonl").absolute()
    assert lines(path)[-1]["event"] == "run_ended"
    assert len(list((fresh / "logs").glob("2*.jsonl"))) <= 3, "two, and the one that was being written"
    assert (fresh / "logs" / "notes.jsonl").exists()


def test_a_log_that_cannot_be_written_is_a_trouble_and_no_failure(fresh: Path, ask: Ask) -> None:
    (fresh / "logs").write_text("no folder", encoding="utf-8")
    configure(fresh, logs={"folder": "logs"})
    said = ask("run")
    assert said.code == 2
    assert "The run's log cannot be written" in said.err
    entry = newest(fresh)
    assert [trouble.en.split(":")[0] for trouble in entry.troubles] == ["The run's log cannot be written"]
    assert entry.in_place == entry.planned > 0, "U8 was written all the same"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_for_the_log_is_a_trouble_and_no_failure(
    fresh: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def full(path: Any, *words: Any, **more: Any) -> int:
        return opened("/dev/full", os.O_WRONLY) if str(path).endswith("log.jsonl") else opened(path, *words, **more)

    monkeypatch.setattr(os, "open", full)
    assert ask("run").code == 2
    (trouble,) = newest(fresh).troubles
    assert trouble.en.endswith("No space left on device")
    assert trouble.zh.startswith("无法写入本次运行的日志")


def test_a_log_that_reaches_its_limit_still_says_how_the_night_ended(
    fresh: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("u8sync.bootstrap.telling._MEGABYTE", 2000)
    configure(fresh, logs={"max_mb": 1})
    assert ask("run").code == 0
    told = log_of(fresh)
    assert told[-1]["event"] == "run_ended"
    assert told[-1]["dropped_lines"] > 10
    assert (fresh / "runs" / newest(fresh).run_id / "log.jsonl").stat().st_size < 2000 + 4000


def figures(path: Path) -> dict[str, float]:
    return {
        sample.name: sample.value
        for metric in text_string_to_metric_families(path.read_text(encoding="utf-8"))
        for sample in metric.samples
        if set(sample.labels) == {"account_set", "config"}
    }


def test_each_night_leaves_its_figures_also_one_that_failed(fresh: Path, ask: Ask) -> None:
    configure(fresh, metrics={"textfile": "u8sync.prom"})
    assert ask("run").code == 0
    good = figures(fresh / "u8sync.prom")
    entry = newest(fresh)
    assert entry.ended_at is not None
    assert good["u8sync_run_exit_code"] == 0
    assert good["u8sync_run_planned_changes"] == entry.planned
    assert good["u8sync_audit_records"] == entry.audit_count
    (fresh / "account-set.db").rename(fresh / "away.db")
    assert ask("run").code == 69
    bad = figures(fresh / "u8sync.prom")
    assert bad["u8sync_run_exit_code"] == 69
    success = "u8sync_last_success_timestamp_seconds"
    assert bad[success] == pytest.approx(good[success], abs=1), "the good night said so before its last step"
    assert bad["u8sync_last_run_timestamp_seconds"] > good["u8sync_last_run_timestamp_seconds"]
    assert "u8sync_run_planned_changes" not in bad, "one series an account set, also when it was not reached"


def test_a_mistake_around_the_night_does_not_hide_what_was_written(
    fresh: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_pages(fresh)

    def boom(*_args: object, **_named: object) -> str:
        raise KeyError("a template")

    monkeypatch.setattr("u8sync.report.html.render_report", boom)
    said = ask("run")
    assert said.code == 2
    assert "KeyError: 'a template'" in said.err
    entry = newest(fresh)
    assert (entry.state, entry.exit_code, entry.in_place) == ("ended", 2, entry.planned)
    assert events(fresh)[-2:] == ["trouble", "run_ended"]


def test_figures_that_cannot_be_written_are_a_trouble(fresh: Path, ask: Ask) -> None:
    configure(fresh, metrics={"textfile": "gone/u8sync.prom", "otlp": "http://127.0.0.1:9", "timeout_s": 1})
    assert ask("run").code == 2
    troubles = [trouble.en for trouble in newest(fresh).troubles]
    assert len(troubles) == 2
    assert troubles[0].startswith("The figures cannot be written: there is no folder ")
    assert troubles[1].startswith("The collector at http://127.0.0.1:9 did not take")
    assert [line["what"] for line in log_of(fresh) if line["event"] == "trouble"] == troubles
    assert "Telling the monitoring" in [step.name.en for step in newest(fresh).steps]
