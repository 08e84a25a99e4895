"""Words from U8 made fit for a mapping file: as a value, as the text of a meaning, in a comment.

A caption or a code may hold whatever somebody once pasted into U8: quotes, colons, ``#``, line breaks, marks that
cannot be seen. Whatever it is, the file can be read, and the value in it is the value in U8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import count
from typing import Final

from u8sync.report.figures import clean

__all__ = ["LONGEST_MEANING", "aligned", "can_be_named", "distinct_meaning", "label", "quoted", "remark", "word"]

LONGEST_MEANING: Final = 60
"""Characters that a mapping file takes for a meaning or a label."""

LONGEST_REMARK: Final = 60
LONGEST_KEY: Final = 150
"""Characters of a quoted value; YAML itself takes no key of more than 1,024."""

WIDEST: Final = 44
"""Cells after which comments are no longer lined up."""

_REFUSED: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What no YAML file may hold, not even by an escape."""

_PLAIN: Final = re.compile("[A-Za-z\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff]*")
_OTHER_MEANING: Final = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
"""Words that other readers of YAML take for something else than text."""


def can_be_named(value: str) -> bool:
    """Whether the value can stand in a mapping file, as the left side of a line in a table."""
    return not _REFUSED.search(value) and len(quoted(value)) <= LONGEST_KEY


def quoted(text: str) -> str:
    """The text in double quotes, on one line; what cannot be seen is written as an escape."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable() or unicodedata.category(character) == "Co":  # rare name characters of old systems
        return character
    number = ord(character)
    return f"\\x{number:02X}" if number <= 0xFF else f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"  # noqa: PLR2004


def word(text: str) -> str:
    """The text as it may stand on the right of a colon: bare where nothing can be mistaken, quoted otherwise."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _OTHER_MEANING else quoted(text)


def remark(text: str) -> str:
    """The text as it may stand in a comment: one line of what can be seen, cut when it is long."""
    return _cut(_tidy(text), LONGEST_REMARK)


def distinct_meaning(code: str, name: str | None, taken: set[str]) -> str:
    """What a code shall mean: its name, the code itself where it has none, told apart from those in ``taken``.

    The meaning is added to ``taken``.
    """
    wanted = _tidy(name or "") or _tidy(code) or ascii(code)[1:-1]
    for number in count():
        tail = (
            "" if number == 0 else f" ({_cut(_tidy(code) or ascii(code)[1:-1], 20)})" if number == 1 else f" ({number})"
        )
        meaning = _cut(wanted, LONGEST_MEANING - len(tail)) + tail
        if meaning not in taken:
            taken.add(meaning)
            return meaning
    raise AssertionError  # pragma: no cover - numbers have no end


def label(caption: str | None, usual: str) -> str:
    """What people call a field: the caption of its item, or the usual word where there is none."""
    return _cut(_tidy(caption or ""), LONGEST_MEANING) or usual


def aligned(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Lines with a comment behind each, one below the other as far as they are not too long."""
    width = min(max((_width(line) for line, _ in lines), default=0), WIDEST)
    return [f"{line}{' ' * max(0, width - _width(line))}   # {comment}" for line, comment in lines]


def _tidy(text: str) -> str:
    return " ".join(_REFUSED.sub("", clean(text)).split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
