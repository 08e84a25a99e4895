"""A log of two small runs, and the means to look at it after something happened to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fakes import Quiet, Ticking

from u8sync.audit.chain import GENESIS, encode, link
from u8sync.audit.checkpoint import Note, SigningKey, VerificationKey, parse_note
from u8sync.audit.findings import Verification
from u8sync.audit.reading import verify_folder
from u8sync.audit.segments import CHECKPOINT, HEAD
from u8sync.audit.store import SEGMENT_BYTES, ChainedLog, open_log
from u8sync.domain.model import AccountSet

ACCOUNT_SET = AccountSet("sqlite", "", "UFDATA_999_2026", "999", "演示", "abc")


def open_at(
    root: Path, run_id: str = "run-1", *, segment_bytes: int = SEGMENT_BYTES, signer: SigningKey | None = None
) -> ChainedLog:
    """Open the log below ``root``."""
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


def write_run(
    root: Path,
    run_id: str = "run-1",
    *,
    changes: int = 4,
    segment_bytes: int = SEGMENT_BYTES,
    signer: SigningKey | None = None,
) -> Path:
    """One whole run, signed at its end if there is a key; returns the folder of the log."""
    log = open_at(root, run_id, segment_bytes=segment_bytes, signer=signer)
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
    log.checkpoint()
    log.close()
    return log.folder


def check(
    folder: Path, *, keys: Sequence[VerificationKey] = (), outside: Sequence[str] = (), archive: Path | None = None
) -> Verification:
    """What ``audit verify`` finds, with these keys trusted and these checkpoints kept outside."""
    notes = [note for text in outside if isinstance(note := parse_note(text), Note)]
    assert len(notes) == len(outside)
    return verify_folder(folder, Quiet(), keys=keys, outside=notes, archive=archive)


def named(folder: Path) -> list[int | None]:
    """The records that ``audit verify`` names."""
    return [fault.seq for fault in check(folder).faults]


def key(name: str) -> SigningKey:
    """A signing key, always the same for the same name."""
    return SigningKey(name, hashlib.sha256(name.encode()).digest())


def newest(folder: Path) -> str:
    """The newest checkpoint, as a person carries it away."""
    return (folder / CHECKPOINT).read_text(encoding="utf-8")


def rewrite(folder: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """What somebody does who knows the format: change the records, and make numbers, chain and head anew."""
    segment = folder / "seg-000001.jsonl"
    previous = GENESIS
    lines = []
    records = change([json.loads(line) for line in segment.read_bytes().splitlines()])
    for seq, record in enumerate(records, 1):
        line = encode({**record, "seq": seq, "prev": previous})
        previous = link(line)
        lines.append(line + b"\n")
    segment.write_bytes(b"".join(lines))
    (folder / HEAD).write_text(json.dumps({"count": len(lines), "hash": previous}), encoding="utf-8")
