"""Checkpoints that leave the machine, seen from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_home import Ask, ask, demo_folder, edit, fresh, home, overwrite_edits
from time_stamping import time_stamping

from u8sync.audit.segments import CHECKPOINT

__all__ = ["ask", "demo_folder", "fresh", "home"]


def anchored(folder: Path, anchors: str) -> None:
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("  key: {file: audit.key}", f"  key: {{file: audit.key}}\n  anchors: {anchors}"), "utf-8"
    )


@pytest.fixture
def vault(home: Path) -> Path:
    """A folder on another machine, as far as u8sync knows."""
    folder = home / "vault"
    folder.mkdir()
    anchored(home, "[{folder: vault}]")
    return folder


def log_of(folder: Path) -> Path:
    return next(path for path in (folder / "audit").iterdir() if path.is_dir())


def test_a_run_brings_out_its_checkpoint_and_those_that_were_missed(home: Path, vault: Path, ask: Ask) -> None:
    assert ask("run").code == 0
    kept = sorted(vault.rglob("*.checkpoint"))
    assert kept[-1].read_bytes() == (log_of(home) / CHECKPOINT).read_bytes()
    assert len(kept) > 2, "those of the demo's nights too"
    checked = ask("audit", "verify", "--anchors", "--json").json[0]
    assert checked["signed"]["outside"] == checked["last_record"] - 1


def test_an_anchor_that_is_down_stops_nothing_and_is_told(home: Path, vault: Path, ask: Ask) -> None:
    vault.rename(home / "away")
    overwrite_edits(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = '00020'")
    ran = ask("run", "--json")
    assert ran.code == 2
    assert ran.json["totals"]["applied"] == 1
    (why,) = ran.json["audit"]["unanchored"]
    assert "vault" in why
    assert "Not carried out of this machine" in ask("run").out
    (home / "away").rename(vault)
    assert ask("run").code == 0


def test_a_log_that_was_put_back_is_noticed_before_anything_is_written(home: Path, vault: Path, ask: Ask) -> None:
    older = shutil.copytree(home / "audit", home / "older")
    overwrite_edits(home)
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = '00020'")
    assert ask("run").code == 0
    shutil.rmtree(home / "audit")
    Path(older).rename(home / "audit")
    edit(home, "UPDATE Customer SET cCusDefine5 = 'VIP' WHERE cCusCode = '00020'")
    assert ask("audit", "verify").code == 0
    refused = ask("run")
    assert refused.code == 74
    assert ask("plan", "--json").json["changes"][0]["code"] == "00020", "nothing was written"
    assert ask("audit", "verify", "--anchors").code == 1


def test_doctor_tries_every_anchor(home: Path, vault: Path, ask: Ask) -> None:
    good = {check["topic"]: check["status"] for check in ask("doctor", "--json").json["checks"]}
    assert good["Anchor vault"] == "ok"
    vault.rmdir()
    bad = {check["topic"]: check["status"] for check in ask("doctor", "--json").json["checks"]}
    assert bad["Anchor vault"] == "warning"


def test_a_stamp_of_a_service_is_kept_and_checked(home: Path, tmp_path: Path, ask: Ask) -> None:
    with time_stamping(tmp_path / "service") as service:
        place = {"url": service.url, "certificates": str(service.authority.certificates)}
        anchored(home, json.dumps([{"timestamp": place}]))
        assert ask("run").code == 0
    assert list((log_of(home) / "anchors").glob("*.tsr"))
    checked = ask("audit", "verify", "--anchors")
    assert checked.code == 0
    assert "a time stamping service signed it" in checked.out
    stamp = next((log_of(home) / "anchors").glob("*.tsr"))
    stamp.chmod(0o600)
    stamp.write_bytes(stamp.read_bytes()[:-40])
    assert ask("audit", "verify", "--anchors").code == 1


def test_grants_print_the_table_of_an_anchor_too(home: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U8SYNC_PASSWORD", "x")
    config = home / "config.yaml"
    text = config.read_text(encoding="utf-8").replace(
        "account_set: {backend: sqlite, file: account-set.db}",
        "account_set: {backend: sqlserver, server: 192.0.2.10, database: UFDATA_001_2026, account: '001',"
        " login: u8sync_writer, password: {env: U8SYNC_PASSWORD}}",
    )
    config.write_text(text, encoding="utf-8")
    anchored(
        home,
        "[{sqlserver: {server: 192.0.2.20, database: AUDIT, table: u8sync.anchor, login: keeper,"
        " password: {env: U8SYNC_PASSWORD}}}]",
    )
    printed = ask("grants", "--reader", "r", "--writer", "w")
    assert printed.code == 0, printed.err
    assert "CREATE TABLE [u8sync].[anchor]" in printed.out
    assert "192.0.2.20" in printed.out
