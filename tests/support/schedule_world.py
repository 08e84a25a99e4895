"""Entries of a history, written with as few words as a test needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from u8sync.domain.run_entry import RunEntry


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def entry(started: datetime, **more: Any) -> RunEntry:
    fields: dict[str, Any] = {
        "run_id": f"{started:%Y%m%dT%H%M%SZ}-000000",
        "command": "run",
        "started_at": started,
        "host": "h",
        "pid": 1,
        "user": "u",
        "config": "/c",
        "state": "ended",
        "ended_at": started + timedelta(minutes=3),
        "exit_code": 0,
    }
    return RunEntry(**{**fields, **more})
