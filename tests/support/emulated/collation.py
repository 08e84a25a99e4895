"""How text compares: case, width and trailing blanks make no difference with Chinese_PRC_CI_AS.

The order is that of the folded characters, not of pinyin: nothing that u8sync does depends on which order it is.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

__all__ = ["DEFAULT_COLLATION", "ignores_case", "like", "register", "sort_key"]

DEFAULT_COLLATION: Final = "Chinese_PRC_CI_AS"

_MOST_KEYS: Final = 500_000
_NARROW: Final = {**{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}


def sort_key(text: str, *, ignore_case: bool = True, ignore_width: bool = True) -> str:
    """What compares alike has the same key."""
    if ignore_width and not text.isascii():
        text = text.translate(_NARROW)
    text = text.rstrip(" ")
    return text.casefold() if ignore_case else text


class _Keys(dict[str, str]):
    """The keys of texts, each worked out once: SQLite asks millions of times, mostly for the same ones."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> str:
        if len(self) > _MOST_KEYS:
            self.clear()
        key = self[text] = self._make(text)
        return key


def ignores_case(collation: str) -> bool:
    """Whether upper and lower case compare alike."""
    return "_CI_" in f"{collation.upper()}_"


def register(connection: sqlite3.Connection, collation: str) -> None:
    """Teach a connection the collation, under its own name: ``_CI_`` in it ignores case, ``_BIN`` minds width too."""
    keys = _Keys(partial(sort_key, ignore_case=ignores_case(collation), ignore_width="_BIN" not in collation.upper()))

    def compare(left: str, right: str) -> int:
        if left == right:
            return 0
        one, other = keys[left], keys[right]
        return -1 if one < other else one > other

    connection.create_collation(collation, compare)


@lru_cache(maxsize=1024)
def _pattern(pattern: str, escape: str | None) -> Callable[[str], re.Match[str] | None]:
    made, position = [], 0
    while position < len(pattern):
        char = pattern[position]
        if escape and char == escape and position + 1 < len(pattern):
            position += 1
            made.append(re.escape(pattern[position]))
        elif char == "%":
            made.append(".*")
        elif char == "_":
            made.append(".")
        elif char == "[" and (end := pattern.find("]", position + 1)) > 0:
            inside = pattern[position + 1 : end]
            negated, inside = inside.startswith("^"), inside.removeprefix("^")
            made.append(f"[{'^' if negated else ''}{re.escape(inside).replace(chr(92) + '-', '-')}]")
            position = end
        else:
            made.append(re.escape(char))
        position += 1
    return re.compile("".join(made), re.DOTALL).fullmatch


def like(value: str | None, pattern: str | None, escape: str | None = None, *, ignore_case: bool = True) -> bool | None:
    """T-SQL's LIKE, with sets such as ``[0-9]``."""
    if value is None or pattern is None:
        return None
    value, pattern = value.translate(_NARROW), pattern.translate(_NARROW)
    if ignore_case:
        value, pattern = value.casefold(), pattern.casefold()
    return _pattern(pattern, escape)(value) is not None
