"""The form of one record and the link to the next. Pure: bytes in, values out.

A record is one line: canonical JSON, UTF-8, LF. What is hashed is the exact bytes of the line without its LF, so that
verification depends on no JSON library's habits; that the line is canonical is checked beside it. Each record carries
the hash of the record before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from u8sync.domain.canonical import Json, canonical_bytes
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["GENESIS", "LINE_LIMIT", "VERSION", "encode", "link", "parse"]

VERSION: Final = 1
"""Version of the record format: field ``v``."""

GENESIS: Final = "0" * 64
"""What the first record carries in place of a hash."""

LINE_LIMIT: Final = 64 * 1024
"""Most bytes in a line, the LF counted."""

_DOMAIN: Final = b"u8sync-audit-v1\0"
"""Set before the bytes of a line, so that no other file's hash can pass for a record's."""

_FIELDS: Final[Mapping[str, type]] = {
    "v": int,
    "seq": int,
    "prev": str,
    "ts": str,
    "mono_us": int,
    "type": str,
    "run_id": str,
    "target": str,
    "host": str,
    "pid": int,
    "tool_version": str,
}
"""What every record has."""


def link(line: bytes) -> str:
    """The hash of a record: what the next one carries as ``prev``. ``line`` has no LF."""
    return hashlib.sha256(_DOMAIN + line).hexdigest()


def encode(record: Mapping[str, Json]) -> bytes:
    """The line of a record, without LF. Raises TypeError or ValueError for a value that has no canonical form."""
    return canonical_bytes(record)


def parse(line: bytes) -> Record | Message:
    """The record that a line (without LF) holds, or what is wrong with the line."""
    try:
        record = json.loads(line.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
        canonical = isinstance(record, dict) and _dump(record) == line
    except (ValueError, RecursionError):
        canonical = False
    if not canonical or len(line) >= LINE_LIMIT:
        return msg("the line is not a record in canonical form")
    for name, type_ in _FIELDS.items():
        if type(record.get(name)) is not type_:
            return msg("the record has no usable field '{field}'", field=name)
    if record["v"] != VERSION:
        return msg("the record has the unknown format {version}", version=record["v"])
    return dict(record)


def _dump(record: dict[str, Any]) -> bytes:
    """As :func:`encode`, for values that came out of JSON and hold nothing that it would refuse."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse(number: str) -> Json:
    raise ValueError(number)
