"""One way to write a value as bytes, so that equal values have equal hashes.

The form is RFC 8785 (keys sorted, no spaces), restricted to what has one spelling everywhere: objects with ASCII keys,
arrays, strings, true, false, null, and integers below 2^53. No floats: amounts and scores are decimal text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

__all__ = ["Json", "canonical_bytes", "decimal_text", "digest", "plain"]

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""What can be written."""

LARGEST: Final = 2**53 - 1

_dump: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical_bytes(value: Mapping[str, Json]) -> bytes:
    """The bytes of ``value``. Raises TypeError for a float or another type, ValueError for what has no single form."""
    _check(value)
    return _dump(value).encode()


def digest(value: Mapping[str, Json]) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def decimal_text(value: Decimal | None) -> str | None:
    """An amount or score as it stands in records and files: plain decimals, every place kept; null stays null."""
    return None if value is None else f"{value:f}"


def plain(value: Decimal) -> str:
    """A figure as people read it, without the zeros that the exact type carries: ``80`` rather than ``80.0000``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_PLAIN: Final = frozenset({str, bool, type(None)})
"""Types that need no look inside; tested first, because most values are of them."""


def _check(value: object) -> None:
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise ValueError(f"integer beyond 2^53: {value}")
        return
    items: Iterable[object]
    if isinstance(value, list):
        items = value
    elif isinstance(value, Mapping):
        if not "".join(value).isascii():  # one call for all keys; join itself refuses what is no text
            raise TypeError(f"keys must be ASCII text: {list(value)!r}")
        items = value.values()
    else:
        raise TypeError(f"no canonical form for {type(value).__name__}")
    for item in items:
        if type(item) not in _PLAIN:
            _check(item)
