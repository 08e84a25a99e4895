"""Records of a log as plain values, for what reads records and needs no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from u8sync.ports import Record

_COMMON: Mapping[str, Any] = {
    "v": 1,
    "prev": "0" * 64,
    "mono_us": 0,
    "target": "sqlite||UFDATA_999_2026|999|abc",
    "host": "host",
    "pid": 1,
    "tool_version": "1",
}


def record(seq: int, type_: str, *, run: str = "run-1", ts: str | None = None, **fields: Any) -> Record:
    """One record; its time follows from its number unless it is given."""
    when = ts or f"2026-11-{1 + seq // 86400:02}T{seq // 3600 % 24:02}:{seq // 60 % 60:02}:{seq % 60:02}.000000Z"
    return {**_COMMON, "seq": seq, "type": type_, "run_id": run, "ts": when, **fields}


def intent(
    seq: int,
    op_id: str,
    customer: str = "001",
    *,
    was: str | None = None,
    becomes: str | None = "VIP",
    field: str = "tier",
    column: str = "cCusDefine5",
    reason: Any = "tier",
    **more: Any,
) -> Record:
    """A change is announced; values in U8 are spelt as they are meant. ``reason``: ``tier`` for an ordinary one."""
    if reason == "tier":
        reason = {"tier": becomes, "score": "50.0000", "rule": "tiers.yaml:1", "contributions": [], "measured": {}}
    fields = [{"field": field, "column": column, "was": was, "becomes": becomes}]
    before, after = {column: was}, {column: becomes}
    return record(
        seq,
        "intent",
        op_id=op_id,
        batch=1,
        customer=customer,
        fields=fields,
        before=before,
        after=after,
        reason=reason,
        **more,
    )


def outcome(seq: int, op_id: str, status: str = "applied", customer: str = "001", **more: Any) -> Record:
    """A change ended."""
    versions = {"version_before": None, "version_after": None}
    return record(seq, "outcome", op_id=op_id, customer=customer, status=status, attempts=1, **versions, **more)


def settle(seq: int, op_id: str, verdict: str = "applied", customer: str = "001", **more: Any) -> Record:
    """A change that was left open was settled."""
    return record(
        seq, "settle", op_id=op_id, customer=customer, of_run="run-1", verdict=verdict, method="read_back", seen={},
        version=None, **more,
    )  # fmt: skip
