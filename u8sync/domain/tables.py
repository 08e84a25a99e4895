"""Value tables: what U8's codes and words mean, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from u8sync.text import Place

__all__ = ["Match", "TableEntry", "Unmapped", "ValueTable"]

Unmapped = Literal["issue", "keep", "default"]
"""What becomes of a value that no line covers: an issue on that customer, the value itself, or the table's default."""

Match = Literal["exact", "prefix", "pattern"]
"""What a line's left side is: the value; the beginning of a code, the longest one counts; or a regular expression that
the whole value matches, the first one counts."""


@dataclass(frozen=True)
class TableEntry:
    """One line of a table: what it covers means that canonical value."""

    raw: str
    canonical: str
    place: Place


@dataclass(frozen=True)
class ValueTable:
    """A table of values.

    Attributes:
        name: Its name in the file.
        entries: In the order of the file; a raw value stands once, a canonical value may stand several times.
        unmapped: What becomes of a value that no line covers.
        place: Where the table begins; an unknown value is reported with this place.
        match: What the left sides of its lines are.
        default: The meaning of what no line covers; null unless ``unmapped`` is ``default``.
        chosen: Canonical -> raw, where the file says how a meaning is written; the others are written as their first
            line has it.
    """

    name: str
    entries: tuple[TableEntry, ...]
    unmapped: Unmapped
    place: Place
    match: Match = "exact"
    default: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """Left side -> canonical."""
        return {entry.raw: entry.canonical for entry in self.entries}

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Canonical -> raw, the way back: as chosen, else the first line that gives it; a pattern is no way back."""
        ways = dict(self.chosen)
        if self.match != "pattern":
            for entry in self.entries:
                ways.setdefault(entry.canonical, entry.raw)
        return ways

    @cached_property
    def results(self) -> tuple[str, ...]:
        """Every meaning that the table can give, in the order of the file; what it keeps is not among them."""
        meanings = dict.fromkeys(entry.canonical for entry in self.entries)
        if self.default is not None:
            meanings[self.default] = None
        return tuple(meanings)
