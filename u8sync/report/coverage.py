"""Coverage of value tables as a table for people and spreadsheets, and the lines that people paste.

What does not live here: the counting (``domain/coverage.py``), the terminal (``terminal/coverage.py``) and likeness
(``suggestions.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from u8sync.domain.coverage import Coverage, Status, TableCoverage, ValueLine, totals
from u8sync.domain.tables import ValueTable
from u8sync.report.suggestions import pasted, reason_words, suggest
from u8sync.report.tables import Cell, Column
from u8sync.text import Message, Translate, msg

__all__ = ["COLUMNS", "NEVER_SEEN", "STATUSES", "Names", "Paste", "coverage_rows", "pastes"]

Names = Mapping[str, Mapping[str, str]]
"""Physical column -> code -> what the account set calls it."""

STATUSES: Final[Mapping[Status, Message]] = {
    "mapped": msg("mapped"),
    "default": msg("default of the table"),
    "kept": msg("kept as it is"),
    "unmapped": msg("UNMAPPED"),
    "empty": msg("empty"),
}
"""Why a value means what it means."""

NEVER_SEEN: Final = msg("never seen")
"""Of a line that decides nothing."""

COLUMNS: Final = (
    Column("field", msg("Field"), width=20),
    Column("table", msg("Value table"), width=20),
    Column("value", msg("Value"), width=24),
    Column("name", msg("Name in U8"), width=24),
    Column("customers", msg("Customers"), "number", 12),
    Column("meaning", msg("Meaning"), width=20),
    Column("line", msg("Line"), width=34),
    Column("status", msg("Status"), width=18),
    Column("suggestion", msg("Suggested meaning"), width=20),
    Column("reason", msg("Why"), width=34),
)
"""One row a value of a field, and one a line that was never seen."""


@dataclass(frozen=True)
class Paste:
    """What to paste into one table.

    Attributes:
        table: The table.
        lines: Ready to be pasted below its last line.
    """

    table: ValueTable
    lines: tuple[str, ...]


def pastes(coverage: Coverage, names: Names, translate: Translate) -> Mapping[str, Paste]:
    """Table -> the lines for its unmapped values, over all fields that use it; tables without any are left out."""
    parts: dict[str, list[TableCoverage]] = {}
    for each in coverage.tables:
        parts.setdefault(each.table.name, []).append(each)
    found = {}
    for name, same in parts.items():
        _, others = totals(same)
        unmapped = [line for line in others.values() if line.status == "unmapped"]
        if unmapped:
            known = {code: word for part in same for code, word in names_of(part, names).items()}
            lines = tuple(pasted(same[0].table, unmapped, known, translate))
            found[name] = Paste(same[0].table, lines)
    return found


def names_of(part: TableCoverage, names: Names) -> Mapping[str, str]:
    """Code -> name for the columns of a field, whatever way into U8 it is read by."""
    return {code: word for column in part.field.columns.values() for code, word in names.get(column, {}).items()}


def coverage_rows(
    coverage: Coverage, names: Names, translate: Translate, *, only_unmapped: bool
) -> Iterator[tuple[Cell, ...]]:
    """The rows of :data:`COLUMNS`."""
    for part in coverage.tables:
        known = names_of(part, names)
        lines: Sequence[ValueLine] = part.unmapped if only_unmapped else part.values
        for line in lines:
            found = None
            if line.status == "unmapped" and line.value is not None:
                found = suggest(line.value, part.table, name=known.get(line.value))
            yield (
                part.field.name,
                part.table.name,
                line.value,
                known.get(line.value or ""),
                line.customers,
                line.meaning,
                None if line.entry is None else f"{line.entry.place.file}:{line.entry.place.line}",
                translate(STATUSES[line.status]),
                None if found is None else found.meaning,
                None if found is None else translate(reason_words(found)),
            )
    for table, entries in () if only_unmapped else coverage.never_seen.items():
        for entry in entries:
            place = f"{entry.place.file}:{entry.place.line}"
            yield (None, table, entry.raw, None, 0, entry.canonical, place, translate(NEVER_SEEN), None, None)
