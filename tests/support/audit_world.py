"""A log of two small runs, and the means to look at it after something happened to it."""

from __future__ import annotations

from pathlib import Path

from fakes import Quiet, Ticking

from u8sync.audit.findings import Verification
from u8sync.audit.reading import verify_folder
from u8sync.audit.store import SEGMENT_BYTES, ChainedLog, open_log
from u8sync.domain.model import AccountSet

ACCOUNT_SET = AccountSet("sqlite", "", "UFDATA_999_2026", "999", "演示", "abc")


def open_at(root: Path, run_id: str = "run-1", *, segment_bytes: int = SEGMENT_BYTES) -> ChainedLog:
    """Open the log below ``root``."""
    return open_log(
        root,
        ACCOUNT_SET,
        run_id=run_id,
        clock=Ticking(),
        host="host",
        pid=1,
        progress=Quiet(),
        segment_bytes=segment_bytes,
    )


def write_run(root: Path, run_id: str = "run-1", *, changes: int = 4, segment_bytes: int = SEGMENT_BYTES) -> Path:
    """One whole run; returns the folder of the log."""
    log = open_at(root, run_id, segment_bytes=segment_bytes)
    log.append("run_open", {"mode": "run", "user": "管理员"})
    log.commit()
    for number in range(changes):
        op = f"{run_id}-{number}"
        log.append("intent", {"op_id": op, "customer": f"C{number}", "before": {"x": None}, "after": {"x": "重要"}})
        log.commit()
        log.append("outcome", {"op_id": op, "customer": f"C{number}", "status": "applied", "attempts": 1})
        log.commit()
    log.append("run_close", {"exit_code": 0, "totals": {"planned": changes, "applied": changes}})
    log.commit()
    log.close()
    return log.folder


def check(folder: Path) -> Verification:
    """What ``audit verify`` finds."""
    return verify_folder(folder, Quiet())


def named(folder: Path) -> list[int | None]:
    """The records that ``audit verify`` names."""
    return [fault.seq for fault in check(folder).faults]
