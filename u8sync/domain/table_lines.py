"""A line of a value table as people paste it into a mapping file: quoted so that whatever stands in U8 stays text.

What does not live here: reading YAML and editing files (``config/``). The idea: only what is harmless beyond doubt
stands without quotes; every value of U8 stands in double quotes, where YAML has an escape for all that it lets in.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from u8sync.domain.operators.words import BLANKS
from u8sync.domain.patterns import MAX_LENGTH
from u8sync.domain.tables import Match

__all__ = ["LONGEST", "comment", "left_side", "line", "plain_or_quoted", "quoted", "single_quoted", "writable"]

LONGEST: Final = 1_000
"""Most characters of a left side in quotes; YAML takes 1,024 for a key on one line."""

_NO_TEXT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What the loader of mapping files refuses wherever it stands, written out or as an escape."""

_ESCAPES: Final = {
    "\\": "\\\\",
    '"': '\\"',
    "\t": "\\t",
    "\n": "\\n",
    "\r": "\\r",
}

_HIDDEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Marks that nobody sees, those that turn the reading direction among them, and what YAML takes for a line's end."""

_PLAIN: Final = re.compile(r"[^\W\d_][\w.()（）·/+-]*(?: [\w(（][\w.()（）·/+-]*)*")
"""Letters first, so that nobody takes it for a number or a mark of YAML; no ``:``, ``#``, quote or bracket anywhere."""

_WORDS_OF_YAML: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Other programs that read the file would not take these for text."""

_PATTERN_MARKS: Final = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")


def writable(text: str) -> bool:
    """Whether a mapping file can hold the text at all."""
    return len(quoted(text)) <= LONGEST and _NO_TEXT.search(text) is None


def left_side(value: str, match: Match) -> str | None:
    """The left side of a line that covers this value; null when no line can.

    The left sides of tables are read without blanks at their ends: a value with blanks needs the operator ``trim``
    before the table, or a pattern.
    """
    if not value.strip(BLANKS) or not writable(value):
        return None
    match match:
        case "exact":
            return value if value == value.strip(BLANKS) else None
        case "prefix":
            return value.rstrip(BLANKS) if value == value.lstrip(BLANKS) else None
        case "pattern":
            pattern = _PATTERN_MARKS.sub(r"\\\g<0>", value)
            return pattern if len(pattern) <= MAX_LENGTH else None


def line(left: str, meaning: str) -> str:
    """The line, without indentation."""
    return f"{quoted(left)}: {plain_or_quoted(meaning)}"


def quoted(text: str) -> str:
    """The text in double quotes, on one line, with what cannot be seen written out."""
    return '"' + "".join(map(_escaped, text)) + '"'


def single_quoted(text: str) -> str | None:
    """The text in single quotes; null when only double quotes can hold it on one line."""
    if any(_escaped(character) != character for character in text if character not in '\\"'):
        return None
    return "'" + text.replace("'", "''") + "'"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    number = ord(character)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"  # noqa: PLR2004


def plain_or_quoted(text: str) -> str:
    """The text as it is where that is harmless, in braces too; else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return quoted(text)


def comment(text: str) -> str:
    """The text as it may stand behind a ``#``: one line, nothing that cannot be seen."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
