"""Every run leaves an entry in the history, however it ends; what goes wrong with that changes nothing in U8."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask, draw_pages

CONFIG = "config.yaml"


@pytest.fixture
def home(home: Path) -> Path:
    """Its nights leave their pages."""
    draw_pages(home)
    return home


def entries(home: Path) -> list[dict[str, Any]]:
    """Oldest first, without the demo's own two nights."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((home / "runs").glob("*/run.json"))]
    return sorted(found, key=lambda one: one["started_at"])


def replace(home: Path, old: str, new: str, file: str = CONFIG) -> None:
    path = home / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def clean(fresh: Path) -> Path:
    """Before the first night: no history either."""
    shutil.rmtree(fresh / "runs")
    return fresh


def test_a_run_leaves_an_entry_that_agrees_with_its_result_and_a_report(clean: Path, ask: Ask) -> None:
    result = ask("run", "--json").json
    (entry,) = entries(clean)

    assert entry["run_id"] == result["run_id"]
    assert entry["state"] == "ended"
    assert entry["exit_code"] == 0
    assert entry["planned"] == result["planned"]
    assert sum(entry["endings"].values()) == result["planned"]
    assert (entry["audit_count"], entry["audit_hash"]) == (result["audit"]["records"], result["audit"]["head"])
    assert sum(tier["recommended"] for tier in entry["tiers"]) == entry["eligible"]
    assert [guard["guard"] for guard in entry["guards"] if not guard["ok"]] == []
    assert {step["name"]["zh"] for step in entry["steps"]} >= {"读取客户", "写入 U8"}
    report = (clean / "runs" / entry["run_id"] / entry["files"]["report"]).read_text(encoding="utf-8")
    assert result["run_id"] in report


def test_an_applied_plan_leaves_one_too(clean: Path, ask: Ask) -> None:
    ask("plan", "--out", "plan.json")
    ask("apply", "plan.json")
    (entry,) = entries(clean)
    assert (entry["command"], entry["exit_code"]) == ("apply", 0)
    assert entry["planned"] == sum(entry["endings"].values()) > 0


def test_a_plan_leaves_none(clean: Path, ask: Ask) -> None:
    ask("plan")
    assert not (clean / "runs").exists()


def test_a_blocked_run_tells_which_guard_and_what_would_have_been(home: Path, ask: Ask) -> None:
    replace(home, "share_changed: 20", "share_changed: 1")
    replace(home, "as_of: 2026-10-31", "as_of: 2026-09-30")
    answer = ask("run")
    entry = entries(home)[-1]

    assert answer.code == entry["exit_code"] == 4
    assert [guard["guard"] for guard in entry["guards"] if not guard["ok"]] == ["share_changed"]
    assert "Nothing was written" in entry["error"]["en"]
    assert "--allow share_changed" in entry["hint"]["en"]
    assert entry["error"]["zh"] != entry["error"]["en"]
    assert entry["endings"] == {}
    assert entry["planned"] > 0
    assert (home / "runs" / entry["run_id"] / "report.html").exists()


def test_a_mapping_that_was_broken_in_the_evening_is_an_entry_of_the_night(home: Path, ask: Ask) -> None:
    replace(home, "version: 1", "version: 9", "mappings/customer.yaml")
    answer = ask("run")
    entry = entries(home)[-1]
    assert answer.code == entry["exit_code"] == 65
    assert "customer.yaml" in entry["error"]["en"]
    assert entry["account_set"] is None


def test_an_account_set_that_is_gone_is_an_entry(home: Path, ask: Ask) -> None:
    (home / "account-set.db").unlink()
    answer = ask("run")
    assert answer.code == entries(home)[-1]["exit_code"] == 69


def test_a_run_that_finds_another_at_work_is_an_entry_and_says_who(home: Path, ask: Ask) -> None:
    from filelock import FileLock

    (log,) = (home / "audit").iterdir()
    with FileLock(log / ".lock"):
        answer = ask("run")
    entry = entries(home)[-1]
    assert answer.code == entry["exit_code"] == 3
    assert "since" in entry["error"]["en"]


def test_a_configuration_that_cannot_be_read_names_no_history(home: Path, ask: Ask) -> None:
    before = len(entries(home))
    replace(home, "version: 1", "version: [")
    assert ask("run").code == 65
    assert len(entries(home)) == before


def test_an_error_that_nobody_foresaw_is_an_entry_as_well(
    home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError("a slip")

    monkeypatch.setattr("u8sync.bootstrap.nights.rules_of", fail)
    assert ask("run").code == 1
    entry = entries(home)[-1]
    assert (entry["state"], entry["exit_code"]) == ("ended", 1)
    assert "ZeroDivisionError" in entry["error"]["en"]


def test_where_the_history_cannot_be_written_the_run_is_right_and_says_so(clean: Path, ask: Ask) -> None:
    (clean / "runs").write_text("a file stands in its place", encoding="utf-8")
    answer = ask("run", "--json")
    assert answer.code == 2
    assert answer.json["totals"]["applied"] == answer.json["planned"] > 0
    assert "The run's folder cannot be written" in answer.err
    assert ask("audit", "verify").code == 0
    assert ask("plan").code == 0, "everything was written"


def test_a_report_that_cannot_be_written_is_a_trouble_of_the_entry(
    clean: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _page: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("u8sync.report.pages.save_page", full)
    answer = ask("run", "--json")
    (entry,) = entries(clean)
    assert answer.code == entry["exit_code"] == 2
    assert "No space left" in entry["troubles"][0]["en"]
    assert "report" not in entry["files"]
    assert answer.json["totals"]["applied"] == answer.json["planned"] > 0


def test_a_failure_is_not_softened_by_a_trouble(home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _page: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("u8sync.report.pages.save_page", full)
    replace(home, "share_changed: 20", "share_changed: 1")
    replace(home, "as_of: 2026-10-31", "as_of: 2026-09-30")
    assert ask("run").code == entries(home)[-1]["exit_code"] == 4


def test_a_site_may_do_without_reports(clean: Path, ask: Ask) -> None:
    replace(clean, "  report: true", "  report: false")
    assert ask("run").code == 0
    (entry,) = entries(clean)
    assert "report" not in entry["files"]
    assert [path.name for path in (clean / "runs" / entry["run_id"]).glob("*.html")] == []


def test_old_runs_are_cleared_away_and_nothing_else(clean: Path, ask: Ask) -> None:
    replace(clean, "keep_days: 400", "keep_days: 30")
    runs = clean / "runs"
    now = datetime.now(UTC)
    # The run of a week ago bears out that so much time has gone by.
    old, kept, recent = (f"{now - timedelta(days=days):%Y%m%dT%H%M%SZ}-abcdef" for days in (33, 29, 8))
    for name in (old, kept, recent, "notes", "20000101"):
        (runs / name).mkdir(parents=True)
        (runs / name / "file.txt").write_text("x", encoding="utf-8")
    ask("run")
    assert {path.name for path in runs.iterdir() if path.is_dir()} >= {kept, "notes", "20000101"}
    assert not (runs / old).exists()


def test_a_policy_edited_while_the_run_reads_writes_nothing(
    clean: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from u8sync.bootstrap import Installation, opening

    evidence_of = opening.evidence_of

    def edit_first(installation: Installation) -> list[bytes]:
        replace(clean, "version: 1", "version: 1 ", "mappings/tiers.yaml")
        return evidence_of(installation)

    monkeypatch.setattr(opening, "evidence_of", edit_first)
    answer = ask("run")
    (entry,) = entries(clean)
    assert answer.code == entry["exit_code"] == 65
    assert "was edited while it was being read" in entry["error"]["en"]
    assert not (clean / "audit").exists()


def test_a_log_that_fails_after_everything_was_written_is_not_passed_over(
    clean: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from u8sync.audit.store import ChainedLog
    from u8sync.errors import AuditError
    from u8sync.text import msg

    close = ChainedLog.close

    def fail(log: ChainedLog) -> None:
        close(log)
        raise AuditError(msg("the disk is gone"))

    monkeypatch.setattr(ChainedLog, "close", fail)
    answer = ask("run")
    (entry,) = entries(clean)
    assert answer.code == entry["exit_code"] == 74
    assert entry["error"]["en"] == "the disk is gone"
    assert sum(entry["endings"].values()) == entry["planned"] > 0
