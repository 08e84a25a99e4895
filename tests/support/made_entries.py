"""Entries of runs that never were, for what is shown of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from u8sync.domain.run_entry import GuardFound, RunEntry, Told

__all__ = ["STARTED", "entry", "guard", "told"]

STARTED = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)

GOOD = RunEntry(
    run_id="20261127T180000Z-abcdef",
    command="run",
    started_at=STARTED,
    host="erp-1",
    pid=7,
    user="svc",
    config="/srv/u8sync/config.yaml",
    state="ended",
    account_set="001",
    account_set_name="演示账套",
    ended_at=STARTED + timedelta(minutes=3, seconds=5),
    exit_code=0,
    customers=1000,
    eligible=990,
    issues=0,
    planned=12,
    held=0,
    waiting=0,
    endings={"applied": 12},
    audit_count=2210,
    audit_hash="c978484b22bf756e6ed51dd663ae0304c849449b8abdbf72a0bc48366d3650a0",
)


def entry(**changes: Any) -> RunEntry:
    """A good night, but for these."""
    return replace(GOOD, **changes)


def told(words: str) -> Told:
    return Told(words, f"（{words}）")


def guard(name: str) -> GuardFound:
    return GuardFound(name, ok=False, allowed=False, message=told(f"{name} says no"))
