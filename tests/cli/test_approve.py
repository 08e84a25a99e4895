"""``u8sync approve`` as the person uses it in the morning: real files, a real audit log, both verifiers."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from cli_home import Ask, edit

from u8sync.audit import store
from u8sync.bootstrap import opening

ROOT = Path(__file__).parents[2]
CONFIG = "config.yaml"
APPROVAL = "\napproval: {tiers: [VIP], steps: 2}\n"


@pytest.fixture
def home_with_rules(home: Path) -> Path:
    """The demo's folder, where the month before is to be written back, and VIP and two steps need a person."""
    config = home / CONFIG
    text = config.read_text(encoding="utf-8").replace("as_of: 2026-10-31", "as_of: 2026-09-30")
    config.write_text(text + APPROVAL, encoding="utf-8")
    return home


def left(home: Path, ask: Ask) -> list[str]:
    return [one["change"]["code"] for one in ask("approve", "--json").json]


def verify(home: Path, ask: Ask, tmp_path: Path) -> None:
    """Both verifiers find the log whole."""
    assert ask("audit", "verify").code == 0
    bundle = tmp_path / "evidence.zip"
    bundle.unlink(missing_ok=True)
    assert ask("audit", "bundle", "--out", bundle).code == 0
    key = ask("audit", "key", "show").out.strip()
    done = subprocess.run(
        [sys.executable, ROOT / "u8sync/audit/standalone_verify.py", bundle, "--key", key],
        capture_output=True,
        check=False,
    )
    assert done.returncode in {0, 3}, done.stdout.decode() + done.stderr.decode()


def test_a_morning_with_approvals(home_with_rules: Path, ask: Ask, tmp_path: Path) -> None:
    planned = ask("plan", "--json").json
    wanted = sorted(one["change"]["code"] for one in planned["waiting"])
    assert wanted
    assert not {change["code"] for change in planned["changes"]} & {*wanted}

    night = ask("run", "--json")
    assert night.code == 0
    assert night.json["waiting"] == len(wanted)
    assert "wait for a person" in night.err
    assert left(home_with_rules, ask) == wanted

    shown = ask("approve")
    assert shown.code == 2
    for code in wanted:
        assert code in shown.out

    vips = [
        one["change"]["code"] for one in ask("approve", "--json").json if one["change"]["fields"][0]["becomes"] == "VIP"
    ]
    said = ask("approve", "--yes", "--into", "VIP", "--reason", "seen by sales")
    assert said.code == 0
    assert f"Approved: {len(vips)} changes" in said.out
    refused = ask("approve", "--no", "--all", "--reason", "next quarter")
    assert f"Refused: {len(wanted) - len(vips)} changes" in refused.out
    assert left(home_with_rules, ask) == []
    assert "Nothing waits for approval" in ask("approve").out

    second = ask("run", "--json").json
    assert (second["planned"], second["waiting"]) == (len(vips), 0)
    assert second["totals"]["applied"] == len(vips)
    verify(home_with_rules, ask, tmp_path)
    why = ask("audit", "why", vips[0], "--at", "2099-01-01")
    assert "u8sync approve" in why.out
    assert "seen by sales" in why.out
    listed = ask("audit", "list", "--not-written", "--json").json
    assert {"waiting", "refused"} <= {one["cause"] for one in listed}
    assert f"changes of {len(vips)} customers" in ask("audit", "runs", "--run", second["run_id"]).out


def test_the_entry_of_a_night_counts_what_waits(home_with_rules: Path, ask: Ask) -> None:
    waiting = ask("run", "--json").json["waiting"]
    newest = max((home_with_rules / "runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    assert json.loads(newest.read_text(encoding="utf-8"))["waiting"] == waiting > 0


def test_the_evidence_of_a_run_holds_the_answers_that_it_rests_on(
    home_with_rules: Path, ask: Ask, tmp_path: Path
) -> None:
    ask("run")
    ask("approve", "--yes", "--all", "--reason", "ok")
    run = ask("run", "--json").json["run_id"]
    bundle = tmp_path / "run.zip"
    assert ask("audit", "bundle", "--run", run, "--out", bundle).code == 0
    import zipfile

    records = [json.loads(line) for line in zipfile.ZipFile(bundle).read("records.jsonl").splitlines()]
    assert {"decision", "approval", "intent"} <= {record["type"] for record in records}
    done = subprocess.run(
        [sys.executable, ROOT / "u8sync/audit/standalone_verify.py", bundle],
        capture_output=True,
        check=False,
    )
    assert done.returncode in {0, 3}, done.stdout.decode() + done.stderr.decode()


def test_the_evidence_of_a_customer_tells_what_waited_and_who_answered(
    home_with_rules: Path, ask: Ask, tmp_path: Path
) -> None:
    ask("run")
    code = left(home_with_rules, ask)[0]
    ask("approve", "--no", "--customer", code, "--reason", "no")
    bundle = tmp_path / "customer.zip"
    assert ask("audit", "bundle", "--customer", code, "--out", bundle).code == 0
    import zipfile

    records = [json.loads(line) for line in zipfile.ZipFile(bundle).read("records.jsonl").splitlines()]
    assert {"wait", "decision"} <= {record["type"] for record in records}
    assert ask("audit", "show", next(r["seq"] for r in records if r["type"] == "decision")).code == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--yes", "--all"), "--yes needs a reason"),
        (("--no", "--all", "--reason", "  "), "--no needs a reason"),
        (("--yes", "--reason", "x"), "--yes needs to know what is meant"),
        (("--reason", "x"), "--reason goes with --yes or --no"),
        (("--yes", "--customer", "7", "--reason", "x"), "Nothing waits for approval of 7"),
    ],
)
def test_half_an_answer_is_refused(home_with_rules: Path, ask: Ask, words: tuple[str, ...], complaint: str) -> None:
    ask("run")
    answer = ask("approve", *words)
    assert answer.code == 65
    assert complaint in answer.err
    assert "decision" not in {record["type"] for record in _records(home_with_rules)}


def test_where_nothing_needs_approval_there_is_nothing_to_answer(home: Path, ask: Ask) -> None:
    assert ask("approve").code == 0
    assert ask("approve", "--yes", "--all", "--reason", "x").code == 0


def test_an_answer_after_the_rules_are_gone_is_refused(home_with_rules: Path, ask: Ask) -> None:
    ask("run")
    config = home_with_rules / CONFIG
    config.write_text(config.read_text(encoding="utf-8").replace(APPROVAL, ""), encoding="utf-8")
    answer = ask("approve", "--yes", "--all", "--reason", "x")
    assert answer.code == 65
    assert "asks for no approval" in answer.err


def test_an_unknown_tier_in_the_rules_is_told_with_its_line(home: Path, ask: Ask) -> None:
    config = home / CONFIG
    config.write_text(config.read_text(encoding="utf-8") + "\napproval: {tiers: [VIPP]}\n", encoding="utf-8")
    answer = ask("plan")
    assert answer.code == 65
    line = config.read_text(encoding="utf-8").splitlines().index("approval: {tiers: [VIPP]}") + 1
    assert f"config.yaml:{line}:" in answer.err
    assert "has no tier 'VIPP'" in answer.err
    assert "'VIP'" in answer.err


def test_rules_that_name_nothing_are_refused(home: Path, ask: Ask) -> None:
    config = home / CONFIG
    config.write_text(config.read_text(encoding="utf-8") + "\napproval: {days: 3}\n", encoding="utf-8")
    answer = ask("plan")
    assert answer.code == 65
    assert "no change would need approval" in answer.err


def test_who_runs_approves_only_with_a_reason_and_never_under_four_eyes(home_with_rules: Path, ask: Ask) -> None:
    assert "--approve needs a reason" in ask("run", "--approve").err
    config = home_with_rules / CONFIG
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("steps: 2}", "steps: 2, four_eyes: true}"), encoding="utf-8")
    refused = ask("run", "--approve", "--reason", "mine")
    assert refused.code == 78
    assert "four_eyes" in refused.err

    config.write_text(text, encoding="utf-8")
    done = ask("run", "--approve", "--reason", "mine", "--json").json
    assert done["waiting"] == 0
    assert left(home_with_rules, ask) == []


def test_under_four_eyes_the_user_of_the_run_gets_no_answer_in(home_with_rules: Path, ask: Ask) -> None:
    config = home_with_rules / CONFIG
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("steps: 2}", "steps: 2, four_eyes: true}"), encoding="utf-8")
    ask("run")
    before = left(home_with_rules, ask)
    answer = ask("approve", "--yes", "--all", "--reason", "x")
    assert answer.code == 78
    assert "may not answer" in answer.err
    assert left(home_with_rules, ask) == before


def test_while_a_run_is_at_work_the_answer_waits(
    home_with_rules: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    ask("run")
    (log,) = (home_with_rules / "audit").iterdir()
    with FileLock(log / ".lock"):
        answer = ask("approve", "--yes", "--all", "--reason", "x")
    assert answer.code == 3
    assert "Another run is at work" in answer.err


def test_an_answer_is_asked_for_one_after_the_other(
    home_with_rules: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    ask("run")
    first, second, *rest = left(home_with_rules, ask)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\ngood customer\nn\nnot yet\nq\n"))
    answer = ask("approve", "--ask")
    assert answer.code == 2
    assert left(home_with_rules, ask) == rest
    said = [record for record in _records(home_with_rules) if record["type"] == "decision"]
    assert [(one["customer"], one["answer"], one["reason"]) for one in said] == [
        (first, "yes", "good customer"),
        (second, "no", "not yet"),
    ]


def test_everything_is_said_in_chinese_too(home_with_rules: Path, ask: Ask) -> None:
    assert "等待批准" in ask("run", language="zh").out + ask("plan", language="zh").out
    assert "等待批准" in ask("approve", language="zh").out
    assert "批准" in ask("approve", "--yes", "--all", "--reason", "好", language="zh").out


def test_an_edit_in_u8_meanwhile_leaves_the_approved_change_unwritten(home_with_rules: Path, ask: Ask) -> None:
    ask("run")
    code = left(home_with_rules, ask)[0]
    ask("approve", "--yes", "--customer", code, "--reason", "x")
    edit(home_with_rules, "UPDATE Customer SET cCusDefine5 = '潜在' WHERE cCusCode = ?", code)
    ask("run", "--allow", "edited_in_u8", "--reason", "test")
    applied = [record for record in _records(home_with_rules) if record["type"] == "approval"]
    assert not any(code in (record.get("customers") or ()) for record in applied)


def _records(home: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for segment in sorted((home / "audit").rglob("seg-*.jsonl"))
        for line in segment.read_text(encoding="utf-8").splitlines()
    ]


def test_a_refusal_that_was_moved_to_the_archive_still_counts(
    home_with_rules: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "open_log", partial(store.open_log, segment_bytes=4000))
    monkeypatch.setattr(store, "SEGMENT_BYTES", 4000)
    config = home_with_rules / CONFIG
    text = config.read_text(encoding="utf-8")
    assert "  # archive: D:/u8sync-archive" in text
    config.write_text(text.replace("  # archive: D:/u8sync-archive", "  archive: away"), encoding="utf-8")
    assert ask("run").code == 0
    refused = left(home_with_rules, ask)
    assert ask("approve", "--no", "--customer", refused[0], "--reason", "not now").code == 0
    assert ask("run").code == 0  # closes the segment that holds the answer
    moved = ask("audit", "archive", "--keep", "0")
    assert (moved.code, " 0 moved" in moved.out) == (0, False)
    assert "moved away" not in moved.err

    def waiting() -> list[str]:
        return sorted(one["change"]["code"] for one in ask("plan", "--json").json["waiting"])

    assert waiting() == refused[1:], "a refusal is not asked again"
    assert left(home_with_rules, ask) == refused[1:], "and requests that were moved can be answered"
    assert ask("approve", "--yes", "--customer", refused[1], "--reason", "seen").code == 0
    night = ask("run", "--json")
    assert (night.code, night.json["waiting"]) == (0, len(refused) - 2)

    # Without them, whoever runs it is told what is not known.
    (home_with_rules / "away").rename(home_with_rules / "elsewhere")
    blind = ask("plan")
    assert "are asked again" in " ".join((blind.out + blind.err).split())
    assert refused[0] in waiting()
    assert "会再次询问" in "".join(ask("plan", language="zh").out.split())
