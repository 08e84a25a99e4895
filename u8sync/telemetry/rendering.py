r"""One record, one line: JSON for machines, plain text for a journal.

Whatever stands in a value, it cannot begin a second line, turn the reading direction, or move a terminal's cursor
(CWE-117): every character that is not plainly visible is written as ``\uXXXX``, in a plain line too.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from u8sync.telemetry.redaction import Redactor

__all__ = ["LONGEST_TEXT", "Record", "instant", "json_line", "plain_line", "safe"]

Record = Mapping[str, object]
"""What is to be told: name of a field -> its value."""

LONGEST_TEXT: Final = 4000
"""Characters of one value; the rest is cut, and the cut is told."""

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode that no log shows as they are: controls, bidirectional marks, line separators, surrogates."""

_HEAD: Final = ("ts", "level", "event")
"""What a plain line begins with; the other fields follow with their names."""


def instant(at: datetime) -> str:
    """An instant as every line writes it: ISO, UTC, to the microsecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def safe(value: object, redactor: Redactor) -> Any:  # noqa: ANN401 - JSON, fractions of seconds among it
    """A value as JSON knows it, with no secret in it; what JSON does not know becomes its text."""
    match value:
        case None | bool() | int():
            return value
        case Decimal() | float() if math.isfinite(value):
            return float(value)
        case Mapping():
            return {str(safe(str(key), redactor)): safe(item, redactor) for key, item in value.items()}
        case list() | tuple():
            return [safe(item, redactor) for item in value]
        case _:
            text = redactor.clean(str(value))
            rest = len(text) - LONGEST_TEXT
            return text if rest <= 0 else f"{text[:LONGEST_TEXT]} ... ({rest} more characters)"


def json_line(record: Record, redactor: Redactor) -> str:
    """The record as one line of JSON, without its end."""
    return _visible(json.dumps(safe(record, redactor), ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def plain_line(record: Record, redactor: Redactor) -> str:
    """The record as one line for a person: time, level, what happened, then ``name=value``; nulls are left out."""
    said = safe(record, redactor)
    words = [str(said[name]) for name in _HEAD if name in said]
    words += [f"{name}={_word(value)}" for name, value in said.items() if name not in _HEAD and value is not None]
    return _visible(" ".join(words))


def _word(value: object) -> str:
    """One value, quoted unless it is a single word."""
    if isinstance(value, str):
        return (
            value
            if value and value.isprintable() and not set(value) & set(' "=\\')
            else json.dumps(value, ensure_ascii=False)
        )
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _visible(line: str) -> str:
    """The line with every hidden character escaped; inside JSON they stand in texts only, so it stays JSON."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(_escaped(one) if unicodedata.category(one) in _HIDDEN else one for one in line)


def _escaped(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:  # noqa: PLR2004 - JSON spells what is beyond 16 bits as a pair
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
