"""The value tables of a first mapping: a line for every code and word in use. What U8 does not name means itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from u8sync.domain.operators.words import BLANKS
from u8sync.domain.survey import Count, count_parts, count_values
from u8sync.report.first_mapping.source import LISTED, Source
from u8sync.report.first_mapping.words import can_be_named, distinct_meaning

__all__ = ["LONGEST_TABLE", "UNCLASSIFIED", "Line", "TableDraft", "classes", "management_types", "role_words"]

UNCLASSIFIED: Final = "未分类"
UNCLASSIFIED_CODE: Final = "999"
"""What U8's own interfaces write where nobody classified a customer; empty means the same."""

LONGEST_TABLE: Final = 300
MOST_CLASSES: Final = 20_000
MOST_FINER: Final = 100


@dataclass(frozen=True)
class Line:
    """One line of a value table.

    Attributes:
        raw: The code or word in U8.
        meaning: What it shall mean.
        customers: How many have it.
        told: The name that U8 gives it; null: none, so that somebody has to write what it means.
    """

    raw: str
    meaning: str
    customers: int
    told: str | None


@dataclass(frozen=True)
class TableDraft:
    """A value table.

    Attributes:
        lines: By code.
        complete: Whether every value in use has a line; what has none is kept as it is.
        finer: Lines that would tell more precisely, to be used or not.
    """

    lines: tuple[Line, ...]
    complete: bool = True
    finer: tuple[Line, ...] = ()

    @property
    def untold(self) -> int:
        """How many lines wait for their meaning."""
        return sum(line.told is None for line in self.lines)


def management_types(count: Count, names: Mapping[str, str]) -> TableDraft:
    """A line for every code in use, and one for the code that stands for no type.

    Args:
        count: The codes in use.
        names: What U8 calls them, as far as it tells.
    """
    taken = {UNCLASSIFIED}
    used = {use.value: use.customers for use in count.uses if can_be_named(use.value)}
    lines = []
    for code in sorted({*used, UNCLASSIFIED_CODE}):
        if code == UNCLASSIFIED_CODE:
            lines.append(Line(code, UNCLASSIFIED, used.get(code, 0), names.get(code, UNCLASSIFIED)))
        else:
            name = names.get(code)
            lines.append(Line(code, distinct_meaning(code, name, taken), used[code], name))
    return TableDraft(tuple(lines), complete=len(used) == count.distinct)


def classes(source: Source, raw: pl.DataFrame) -> TableDraft | None:
    """The top-level classes, and lines for codes in use that belong to none; null where U8 tells no names."""
    column = source.column("category")
    names = _stripped(source.names("category"))
    if column is None or not names:
        return None
    count = count_values(raw, column, most=MOST_CLASSES)
    above = {code: _class_above(code, names) for code in names}
    tops = sorted(code for code, parent in above.items() if parent is None)
    of_top: Counter[str] = Counter()
    of_child: Counter[str] = Counter()
    for use in count.uses:
        chain = _chain(use.value, names)
        of_top[chain[0] if chain else use.value] += use.customers
        of_child.update(dict.fromkeys(chain[1:2], use.customers))
    taken: set[str] = set()
    lines = [Line(code, distinct_meaning(code, names[code], taken), of_top[code], names[code]) for code in tops]
    strays = sorted(code for code in of_top.keys() - names.keys() if can_be_named(code))
    lines += [Line(code, distinct_meaning(code, None, taken), of_top[code], None) for code in strays]
    named = sum(code in names for code in of_top)
    children = sorted(code for code, parent in above.items() if parent is not None and above[parent] is None)
    finer = [Line(code, distinct_meaning(code, names[code], taken), of_child[code], names[code]) for code in children]
    return TableDraft(
        tuple(lines[:LONGEST_TABLE]),
        complete=count.complete and named + len(strays) == len(of_top) and len(lines) <= LONGEST_TABLE,
        finer=tuple(finer) if len(finer) <= MOST_FINER else (),
    )


def _stripped(names: Mapping[str, str]) -> dict[str, str]:
    stripped = {code.strip(BLANKS): name for code, name in names.items()}
    return {code: name for code, name in stripped.items() if code and can_be_named(code)}


def _chain(code: str, names: Mapping[str, str]) -> list[str]:
    """The named classes that a class lies in, the top one first, itself last where it has a name."""
    return [code[:length] for length in range(1, len(code) + 1) if code[:length] in names]


def _class_above(code: str, names: Mapping[str, str]) -> str | None:
    chain = _chain(code[:-1], names)
    return chain[-1] if chain else None


def role_words(raw: pl.DataFrame, column: str) -> TableDraft | None:
    """The roles in use; null when there are none, or too many to be named."""
    count = count_parts(raw, column, most=LISTED)
    taken: set[str] = set()
    lines = [
        Line(use.value, distinct_meaning(use.value, None, taken), use.customers, use.value)
        for use in count.uses
        if can_be_named(use.value)
    ]
    return TableDraft(tuple(lines), complete=len(lines) == count.distinct) if lines and count.complete else None
