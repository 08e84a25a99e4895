"""Signed logs as real runs leave them: sealed plans, kept files, checkpoints, several segments."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from audit_world import ACCOUNT_SET
from fakes import Quiet, Ticking

from u8sync.audit.checkpoint import SigningKey
from u8sync.audit.store import SEGMENT_BYTES, ChainedLog, open_log
from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Change, FieldChange, Held, Plan, Population, Seal, op_id, seal_json
from u8sync.domain.reason import Contribution, Reason
from u8sync.domain.run import Ending
from u8sync.engine import records

KEY = SigningKey("night", hashlib.sha256(b"night").digest())
NEW_KEY = SigningKey("night-2", hashlib.sha256(b"night-2").digest())
STRANGER = SigningKey("night", hashlib.sha256(b"stranger").digest())

CONFIG, MAPPING, POLICY = "config: 配置\n".encode(), b"mapping: 1\n", b"policy: 1\n"
METRICS = ("revenue", "gross_profit", "order_frequency", "recency")


def open_log_at(
    root: Path, run_id: str, *, signer: SigningKey | None = KEY, segment_bytes: int = SEGMENT_BYTES
) -> ChainedLog:
    """Open the log below ``root``; ``signer`` null: it is not signed."""
    return open_log(
        root,
        ACCOUNT_SET,
        run_id=run_id,
        clock=Ticking(),
        host="host",
        pid=1,
        progress=Quiet(),
        signer=signer,
        segment_bytes=segment_bytes,
    )


def plan_of(codes: Sequence[str]) -> Plan:
    """A plan that lifts these customers."""
    digests = [hashlib.sha256(data).hexdigest() for data in (MAPPING, POLICY)]
    return Plan(
        Seal(ACCOUNT_SET.key, date(2026, 10, 31), *digests, "0.5.0"),
        datetime(2026, 11, 1, tzinfo=UTC),
        tuple(map(_change, codes)),
        (),
        Population(len(codes) * 8, len(codes) * 7, len(codes) * 6, 0),
    )


def _change(code: str) -> Change:
    parts = tuple(
        Contribution(metric, Decimal("123456.78"), Decimal("80.12"), Decimal("24.04"), 800, 0, 999)
        for metric in METRICS
    )
    return Change(
        CustomerCode(code),
        (FieldChange("tier", "cCusDefine5", "一般", "重要", "一般", "重要"),),
        {"dCusDevDate": "2020-01-01", "dEndDate": None},
        Reason("重要", Decimal("71.25"), parts, "tiers.yaml:12"),
    )


def write_night(
    log: ChainedLog,
    run_id: str,
    codes: Sequence[str],
    *,
    batch: int = 2,
    dies_after: int | None = None,
    keep_files: bool = True,
    held: Sequence[Held] = (),
) -> None:
    """One run into an open log, signed at its end when the log has a key.

    ``dies_after``: so many records of changes, then nothing more, as in a crash; ``held``: whose tier it held.
    """
    config = log.keep(CONFIG) if keep_files else hashlib.sha256(CONFIG).hexdigest()
    if keep_files:
        log.keep(MAPPING)
        log.keep(POLICY)
    plan = plan_of(codes)
    log.append("run_open", {"mode": "run", "user": "管理员", "config_sha256": config})
    log.append("plan", {"plan": plan.fingerprint, "seal": seal_json(plan.seal), "changes": len(plan.changes)})
    log.append("guard", {"guard": "share_changed", "ok": True, "allowed": False, "measured": "1.00", "limit": "20.00"})
    for fields in records.holds(held, plan.seal.as_of):
        log.append("hold", fields)
    left = dies_after
    for start in range(0, len(codes), batch):
        changes = plan.changes[start : start + batch]
        named = [op_id(plan, change, run_id) for change in changes]
        lines = [
            ("intent", records.intent(name, one, start // batch)) for name, one in zip(named, changes, strict=True)
        ]
        lines += [
            ("outcome", records.outcome(name, Ending(one.code, "applied", {}), attempts=1, versions=("0x01", "0x02")))
            for name, one in zip(named, changes, strict=True)
        ]
        for type_, fields in lines:
            if left == 0:
                log.commit()
                return
            log.append(type_, fields)
            left = None if left is None else left - 1
        log.commit()
    log.append("run_close", {"exit_code": 0, "error": None, "totals": {"planned": len(codes), "applied": len(codes)}})
    log.commit()
    log.checkpoint()


def settle_night(log: ChainedLog, run_id: str, open_changes: Sequence[tuple[str, str, str]]) -> None:
    """A run that settles what another left open (name, customer, run), and plans nothing more."""
    log.append("run_open", {"mode": "run", "user": "管理员", "config_sha256": log.keep(CONFIG)})
    for name, customer, of_run in open_changes:
        verdict = {"verdict": "applied", "method": "read_back", "seen": {}, "version": None}
        log.append("settle", {"op_id": name, "customer": customer, "of_run": of_run, **verdict})
    log.append("run_close", {"exit_code": 0, "error": None, "totals": {"planned": 0, "applied": 0}})
    log.commit()
    log.checkpoint()


def signed_log(root: Path, *, nights: int = 3, changes: int = 4, segment_bytes: int = SEGMENT_BYTES) -> Path:
    """Some signed nights, ``run-1`` and so on; customers ``C000`` and so on. Returns the folder of the log."""
    folder = root
    for night in range(1, nights + 1):
        log = open_log_at(root, f"run-{night}", segment_bytes=segment_bytes)
        write_night(log, f"run-{night}", [f"C{number:03d}" for number in range(changes)])
        log.close()
        folder = log.folder
    return folder
