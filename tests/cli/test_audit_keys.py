"""Keys, checkpoints and archives as their users meet them: on the command line."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from audit_world import rewrite
from cli_home import Ask, ask, demo_folder, edit, fresh, home, overwrite_edits

import u8sync.audit
from u8sync import bootstrap
from u8sync.audit.segments import CHECKPOINT
from u8sync.errors import InputError

__all__ = ["ask", "demo_folder", "fresh", "home"]


def log_of(folder: Path) -> Path:
    return next(path for path in (folder / "audit").iterdir() if path.is_dir())


def keep_checkpoint(folder: Path) -> Path:
    kept = folder / "kept.checkpoint"
    shutil.copyfile(log_of(folder) / CHECKPOINT, kept)
    return kept


def standalone(path: Path, *words: object) -> int:
    """The exit code of the verifier that knows nothing of u8sync."""
    verifier = Path(u8sync.audit.__file__).with_name("standalone_verify.py")
    command = [sys.executable, "-I", str(verifier), str(path), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True).returncode


def move_some(folder: Path) -> None:
    edit(folder, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode IN ('00001', '00020', '00094')")


def test_the_demo_is_signed_and_its_key_can_be_shown_and_trusted(home: Path, ask: Ask) -> None:
    shown = ask("audit", "key", "show")
    assert shown.code == 0
    key = shown.out.strip()
    verified = ask("audit", "verify", "--key", key, "--json").json[0]
    assert verified["whole"]
    assert verified["signed"]["trusted"]
    assert verified["signed"]["unsigned"] == 0
    assert verified["signed"]["key"] == key
    said = ask("audit", "verify", "--key", key)
    assert "the key is one that you trust" in said.out


def test_a_run_prints_its_checkpoint_and_the_report_carries_it(home: Path, ask: Ask) -> None:
    ran = ask("run", "--report", "night.html")
    assert ran.code == 0, ran.err
    newest = (log_of(home) / CHECKPOINT).read_text(encoding="utf-8")
    assert newest in ran.out
    page = (home / "night.html").read_text(encoding="utf-8")
    (shown,) = re.findall(r'<pre class="code note">(.*?)</pre>', page, re.DOTALL)
    (home / "from-the-report.checkpoint").write_text(html.unescape(shown), encoding="utf-8")
    assert html.unescape(shown) == newest
    assert ask("audit", "verify", "--checkpoint", "from-the-report.checkpoint").code == 0
    assert ask("run", "--json").json["audit"]["checkpoint"] == (log_of(home) / CHECKPOINT).read_text(encoding="utf-8")


def test_the_log_of_a_later_night_is_proved_to_go_on_from_a_kept_checkpoint(home: Path, ask: Ask) -> None:
    kept = keep_checkpoint(home)
    move_some(home)
    assert ask("run").code == 0
    verified = ask("audit", "verify", "--checkpoint", kept, "--json").json[0]
    size = int(kept.read_text(encoding="utf-8").splitlines()[1])
    assert (verified["whole"], verified["signed"]["outside"]) == (True, size)
    assert f"Records 1 to {size:,} are those of the checkpoint" in ask("audit", "verify", "--checkpoint", kept).out


def test_a_checkpoint_that_came_by_mail_with_windows_line_ends_is_read(home: Path, ask: Ask) -> None:
    kept = keep_checkpoint(home)
    kept.write_bytes(b"\xef\xbb\xbf" + kept.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert ask("audit", "verify", "--checkpoint", kept).code == 0


def test_a_rewritten_log_is_found_by_its_checkpoint(home: Path, ask: Ask) -> None:
    kept = keep_checkpoint(home)

    def change(records: list[dict[str, object]]) -> list[dict[str, object]]:
        return [
            {**record, "seen": {}} if record["type"] == "outcome" and record["customer"] == "00020" else record
            for record in records
            if record["type"] not in {"key", "checkpoint"}
        ]

    rewrite(log_of(home), change)
    assert ask("audit", "verify").code == 0, "who can write the folder can write all of it"
    found = ask("audit", "verify", "--checkpoint", kept)
    assert found.code == 1
    assert "kept outside" in found.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--key", "nonsense"], "cannotbeusedasakey"),
        (["--checkpoint", "config.yaml"], "holdsnocheckpoint"),
        (["--checkpoint", "missing.checkpoint"], "cannotberead"),
        (["--checkpoint", "mappings"], "hasnocheckpoint"),
    ],
)
def test_what_is_no_key_and_no_checkpoint_is_told(home: Path, ask: Ask, words: list[str], complaint: str) -> None:
    answer = ask("audit", "verify", *words)
    assert answer.code == 65
    assert complaint in answer.complaint


def test_a_key_is_made_once_readable_by_its_user_only_and_never_shown(fresh: Path, ask: Ask) -> None:
    (fresh / "audit.key").unlink()
    without = ask("run")
    assert without.code == 65
    assert "audit key new" in " ".join(without.err.split())
    made = ask("audit", "key", "new", "--name", "site-1")
    assert made.code == 0
    assert made.out.splitlines()[-1].startswith("site-1+")
    secret = (fresh / "audit.key").read_text(encoding="utf-8")
    assert (fresh / "audit.key").stat().st_mode & 0o777 == 0o600 or os.name == "nt"
    assert secret.strip() not in made.out + made.err
    again = ask("audit", "key", "new")
    assert again.code == 65
    assert (fresh / "audit.key").read_text(encoding="utf-8") == secret
    assert ask("run").code == 0
    assert ask("audit", "verify", "--key", made.out.splitlines()[-1]).code == 0


def test_a_name_that_cannot_sign_is_told(fresh: Path, ask: Ask) -> None:
    (fresh / "audit.key").unlink()
    assert "cannotnameakey" in ask("audit", "key", "new", "--name", "two words").complaint
    assert not (fresh / "audit.key").exists()


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_a_key_that_others_may_read_is_refused(home: Path, ask: Ask) -> None:
    (home / "audit.key").chmod(0o644)
    refused = ask("run")
    assert refused.code == 65
    assert "chmod600" in refused.complaint


def test_a_key_is_rotated_and_the_old_one_is_gone(home: Path, ask: Ask) -> None:
    old = ask("audit", "key", "show").out.strip()
    kept = keep_checkpoint(home)
    rotated = ask("audit", "key", "rotate", "--name", "second")
    assert rotated.code == 0, rotated.err
    new = rotated.out.splitlines()[-1]
    assert ask("audit", "key", "show").out.strip() == new != old
    assert not (home / "audit.key.next").exists()
    assert ask("run").code == 0
    for key in (old, new):
        verified = ask("audit", "verify", "--key", key, "--checkpoint", kept, "--json").json[0]
        assert (verified["whole"], verified["signed"]["trusted"], verified["signed"]["unsigned"]) == (True, True, 0)


def test_a_rotation_that_was_stopped_is_finished_by_the_next_one(home: Path, ask: Ask) -> None:
    code = (
        "import sys; from u8sync.audit import key_store; from u8sync.cli.app import main\n"
        "def die(self): sys.exit(9)\n"
        "key_store.FileStore.take_over = die\n"
        "main(['audit', 'key', 'rotate'])"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=home, check=False, capture_output=True).returncode == 9
    assert (home / "audit.key.next").exists()
    assert ask("run").code == 74, "the log was handed over already"
    assert ask("audit", "key", "rotate").code == 0
    assert ask("run").code == 0
    assert ask("audit", "verify", "--json").json[0]["whole"]


def test_a_lost_key_is_replaced_and_the_check_says_so(home: Path, ask: Ask) -> None:
    (home / "audit.key").unlink()
    assert ask("audit", "key", "rotate").code == 65
    assert ask("audit", "key", "rotate", "--lost").code == 0
    assert ask("run").code == 0
    verified = ask("audit", "verify")
    assert verified.code == 0
    assert "did not sign" in verified.out


def test_old_segments_are_compressed_and_moved_and_the_nights_go_on(home: Path, ask: Ask) -> None:
    log = log_of(home)
    code = (
        "from u8sync.audit import store; store.SEGMENT_BYTES = 1\n"
        "store.open_log.__kwdefaults__['segment_bytes'] = 1\n"
        "from u8sync.cli.app import main; main(['run'])"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=home, check=False, capture_output=True).returncode == 0
    assert len(list(log.glob("seg-*.jsonl"))) > 1
    nothing = ask("audit", "archive")
    assert nothing.code == 0
    assert list(log.glob("seg-*.gz"))
    moved = ask("audit", "archive", "--to", "old", "--keep", 0)
    assert moved.code == 0, moved.err
    assert not list(log.glob("seg-*.gz"))
    assert list((home / "old" / log.name).glob("seg-*.gz"))
    assert ask("run").code == 0
    alone = ask("audit", "verify", "--json").json[0]
    assert alone["whole"]
    assert alone["read_from_record"] > 1
    assert "were moved away and were not read" in ask("audit", "verify").out
    whole = ask("audit", "verify", "--archive", "old", "--json").json[0]
    assert (whole["whole"], whole["read_from_record"]) == (True, 1)
    assert whole["last_record"] == alone["last_record"]
    key = ask("audit", "key", "show").out.strip()
    for name, words in (("rest.zip", []), ("all.zip", ["--archive", "old"])):
        assert ask("audit", "bundle", "--out", name, *words).code == 0
        assert standalone(home / name, "--key", key) == 0
    assert standalone(log, "--key", key) == 0
    assert standalone(log, "--key", key, "--archive", home / "old" / log.name) == 0
    path = home / "old" / log.name / "seg-000001.jsonl.gz"
    path.chmod(0o600)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"intent", b"INTENT", 1)))
    assert ask("audit", "verify", "--archive", "old").code == 1


def test_letting_a_guard_pass_leaves_an_approval_in_the_log(fresh: Path, ask: Ask) -> None:
    assert ask("run").code == 0
    overwrite_edits(fresh)
    edit(fresh, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusDefine5 = '一般'")
    stopped = ask("run")
    assert stopped.code == 4
    passed = ask("run", "--allow", "share_changed", "--allow", "top_downgrades", "--reason", "年度调整，王经理同意")
    assert passed.code == 0, passed.err
    records = [json.loads(line) for line in (log_of(fresh) / "seg-000001.jsonl").read_bytes().splitlines()]
    approvals = [record for record in records if record["type"] == "approval"]
    assert {record["what"] for record in approvals} == {"share_changed", "top_downgrades"}
    assert {record["reason"] for record in approvals} == {"年度调整，王经理同意"}
    plans = [record for record in records if record["type"] == "plan"]
    assert approvals[0]["plan"] == plans[-1]["plan"]


def test_customers_that_get_no_change_stand_in_the_log_with_the_reason(fresh: Path, ask: Ask) -> None:
    assert ask("run").code == 0
    records = [json.loads(line) for line in (log_of(fresh) / "seg-000001.jsonl").read_bytes().splitlines()]
    skipped = {code: record["cause"] for record in records if record["type"] == "skip" for code in record["customers"]}
    planned = {one["code"]: one["cause"] for one in ask("plan", "--json").json["skipped"]}
    assert skipped == planned
    assert planned


@pytest.mark.parametrize("name", ["config.yaml", "mappings/customer.yaml", "mappings/tiers.yaml"])
def test_a_file_that_is_edited_while_the_run_reads_it_stops_the_run(fresh: Path, name: str) -> None:
    installation = bootstrap.load(Path("config.yaml"))
    (fresh / name).write_bytes((fresh / name).read_bytes() + b"\n# edited\n")
    with pytest.raises(InputError, match="was edited while it was being read"):
        bootstrap.evidence_of(installation)


def test_what_a_run_went_by_is_kept_beside_the_log(fresh: Path, ask: Ask) -> None:
    assert ask("plan", "--out", "plan.json").code == 2
    assert ask("apply", "plan.json").code == 0
    kept = {path.read_bytes() for path in (log_of(fresh) / "files").iterdir()}
    records = [json.loads(line) for line in (log_of(fresh) / "seg-000001.jsonl").read_bytes().splitlines()]
    (plan,) = (record for record in records if record["type"] == "plan")
    assert plan["file_sha256"] == hashlib.sha256((fresh / "plan.json").read_bytes()).hexdigest()
    names = ("config.yaml", "mappings/customer.yaml", "mappings/tiers.yaml", "plan.json")
    assert kept == {(fresh / name).read_bytes() for name in names}
