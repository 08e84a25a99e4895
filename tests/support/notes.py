"""Signed checkpoints for tests, of a log that has a record for each number up to some size."""

from __future__ import annotations

from functools import cache

from u8sync.audit.checkpoint import Checkpoint, Note, SigningKey
from u8sync.audit.merkle import leaf_hash, root_of

__all__ = ["KEY", "ORIGIN", "note"]

KEY = SigningKey("u8sync-host", b"\x11" * 32)
ORIGIN = "u8sync/sqlserver-UFDATA_001_2026-0f3e6ac1"


@cache
def note(size: int, *, origin: str = ORIGIN, fork: str = "") -> str:
    """The checkpoint of a log of this size; logs with different ``fork`` have different records."""
    root = root_of([leaf_hash(f"{fork}{number}".encode()) for number in range(size)])
    account_set = "sqlserver|U8服务器|UFDATA_001_2026|001|"
    body = Checkpoint(origin, size, root, "2026-11-24T12:03:15Z", account_set).body
    return Note(body, (KEY.sign(body),)).text
