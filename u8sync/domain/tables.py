"""Value tables: what U8's codes and words mean, code by code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from u8sync.text import Place

__all__ = ["TableEntry", "Unmapped", "ValueTable"]

Unmapped = Literal["issue", "keep"]
"""What becomes of a value that the table does not list: an issue on that customer, or the value itself."""


@dataclass(frozen=True)
class TableEntry:
    """One line of a table: this raw value means that canonical value."""

    raw: str
    canonical: str
    place: Place


@dataclass(frozen=True)
class ValueTable:
    """A table of values.

    Attributes:
        name: Its name in the file.
        entries: In the order of the file; a raw value stands once, a canonical value may stand several times.
        unmapped: What becomes of a value that is not listed.
        place: Where the table begins; an unknown value is reported with this place.
    """

    name: str
    entries: tuple[TableEntry, ...]
    unmapped: Unmapped
    place: Place

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """Raw -> canonical."""
        return {entry.raw: entry.canonical for entry in self.entries}

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Canonical -> raw: the first line that gives it is the way back."""
        ways: dict[str, str] = {}
        for entry in self.entries:
            ways.setdefault(entry.canonical, entry.raw)
        return ways
