"""A value table on a sheet for the sales office: what goes out, and what comes of it when it comes back.

What lives here: the sheet's content and the three-way comparison. What does not: workbooks (``report/table_sheet.py``
writes them, ``config/table_sheet.py`` reads them) and the mapping file (``config/table_edit.py``). The idea: the sheet
carries what it was made from, so that an answer can be told from what merely went out and came back, and a line that
somebody else changed meanwhile from one that nobody touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from u8sync.domain.canonical import Json, digest
from u8sync.domain.coverage import ValueLine
from u8sync.domain.table_lines import left_side
from u8sync.domain.tables import Match, TableEntry, ValueTable

__all__ = [
    "CUSTOMERS",
    "HIDDEN",
    "MEANING",
    "NAME",
    "REMARK",
    "SHEET",
    "STATE",
    "VALUE",
    "Answer",
    "Change",
    "Conflict",
    "Exported",
    "Merge",
    "SheetRow",
    "State",
    "merge",
    "sheet_rows",
]

SHEET: Final = "对照表 Table"
HIDDEN: Final = "u8sync"
"""The sheet that says what the workbook was made from; nobody needs to see it."""

VALUE: Final = "值 Value"
NAME: Final = "名称 Name"
CUSTOMERS: Final = "客户数 Customers"
STATE: Final = "状态 State"
MEANING: Final = "含义 Meaning"
REMARK: Final = "备注 Remark"
"""Titles of columns, in both languages, because the sales office may speak another one than the consultant. Those of
values and meanings are looked for when the sheet comes back."""

_FORMAT: Final = 1

State = Literal["unmapped", "kept", "default", "mapped", "never"]
"""``unmapped``, ``kept`` and ``default``: no line covers it, and that is what then becomes of it; ``mapped``: a line of
the table; ``never``: a line that no customer has."""


@dataclass(frozen=True)
class SheetRow:
    """One row to fill in.

    Attributes:
        value: A line's left side, or a value that no line covers.
        name: What the account set calls it; null when it has no name.
        customers: How many have it.
        state: Whether it is a line.
        meaning: Its meaning in the table; null when it has none there.
    """

    value: str
    name: str | None
    customers: int
    state: State
    meaning: str | None


def sheet_rows(
    table: ValueTable, lines: Mapping[TableEntry, int], others: Mapping[str, ValueLine], names: Mapping[str, str]
) -> tuple[SheetRow, ...]:
    """The rows of a table's sheet: what is still to be mapped first, then the lines in the order of the file.

    Args:
        table: The table.
        lines: Line -> customers, see :func:`u8sync.domain.coverage.totals`.
        others: The values that no line covers. Those that no line can cover are left out.
        names: Code -> name.
    """
    rows = [
        SheetRow(value, names.get(value), line.customers, cast("State", line.status), None)
        for value, line in others.items()
        if left_side(value, table.match) is not None and value not in table.meanings
    ]
    rows.sort(key=lambda row: row.state != "unmapped")
    for entry in table.entries:
        count = lines.get(entry, 0)
        state: State = "mapped" if count else "never"
        rows.append(SheetRow(entry.raw, names.get(entry.raw), count, state, entry.canonical))
    return tuple(rows)


@dataclass(frozen=True)
class Exported:
    """What a workbook was made from.

    Attributes:
        table: Name of the table.
        mapping: The mapping file, as shown to people.
        match: What the left sides of the table were.
        lines: Left side -> meaning.
        seen: Values that no line covered.
        texts: Value -> what stands in its cell, where that is something else (a formula made harmless).
        meanings: What stood in the drop-down list -> meaning.
    """

    table: str
    mapping: str
    match: Match
    lines: Mapping[str, str]
    seen: tuple[str, ...]
    texts: Mapping[str, str]
    meanings: Mapping[str, str]

    def written(self) -> Iterator[str]:
        """Everything as lines of plain ASCII, so that no spreadsheet can take any of it for something else."""
        head: dict[str, Json] = {"format": _FORMAT, "table": self.table, "mapping": self.mapping, "match": self.match}
        yield _ascii({**head, "digest": self.digest})
        yield from (_ascii(["line", left, meaning]) for left, meaning in self.lines.items())
        yield from (_ascii(["seen", value]) for value in self.seen)
        yield from (_ascii(["text", value, text]) for value, text in self.texts.items())
        yield from (_ascii(["meaning", text, meaning]) for text, meaning in self.meanings.items())

    @property
    def digest(self) -> str:
        """SHA-256 over all of it, hex."""
        return digest(
            {
                "table": self.table,
                "mapping": self.mapping,
                "match": self.match,
                "lines": [[left, meaning] for left, meaning in self.lines.items()],
                "seen": list(self.seen),
                "texts": [[value, text] for value, text in self.texts.items()],
                "meanings": [[text, meaning] for text, meaning in self.meanings.items()],
            }
        )

    @classmethod
    def read(cls, written: Sequence[str]) -> Exported | None:
        """From :meth:`written`; null when it is anything else, or was changed."""
        try:
            head, *rest = (json.loads(each) for each in written)
            of = {kind: [each[1:] for each in rest if each[0] == kind] for kind in ("line", "seen", "text", "meaning")}
            exported = cls(
                table=head["table"],
                mapping=head["mapping"],
                match=head["match"],
                lines=dict(of["line"]),
                seen=tuple(value for (value,) in of["seen"]),
                texts=dict(of["text"]),
                meanings=dict(of["meaning"]),
            )
            whole = head["format"] == _FORMAT and head["digest"] == exported.digest
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            return None
        texts = (exported.table, exported.mapping, exported.match, *(part for each in rest for part in each))
        return exported if whole and all(isinstance(text, str) for text in texts) else None


def _ascii(value: Mapping[str, Json] | Sequence[Json]) -> str:
    # In a workbook _x0041_ is the letter A.
    return json.dumps(value).replace("_", "\\u005f")


@dataclass(frozen=True)
class Answer:
    """One row as it came back.

    Attributes:
        left: Left side of its line.
        meaning: What was filled in; null: nothing.
        cell: Where, e.g. ``对照表 Table!E7``.
    """

    left: str
    meaning: str | None
    cell: str


@dataclass(frozen=True)
class Change:
    """One line to change.

    Attributes:
        left: Its left side.
        before: Its meaning in the table now; null: there is no such line.
        after: Its new meaning; null: the line goes.
    """

    left: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Conflict:
    """A line that was changed in the sheet and, in another way, in the mapping file.

    Attributes:
        answer: What the sheet wants.
        exported: Its meaning when the sheet was made; null: none.
        now: Its meaning in the table now; null: none.
    """

    answer: Answer
    exported: str | None
    now: str | None


@dataclass(frozen=True)
class Merge:
    """What follows from a sheet.

    Attributes:
        changes: In the order of the sheet.
        conflicts: Likewise.
        emptied: Left sides of lines whose meaning was emptied and that stay all the same.
    """

    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    emptied: tuple[str, ...]


def merge(exported: Exported, now: Mapping[str, str], answers: Sequence[Answer], *, remove_empty: bool) -> Merge:
    """Compare what went out, what came back, and what stands in the table now.

    Args:
        exported: What went out.
        now: Left side -> meaning in the table now.
        answers: What came back; each left side once.
        remove_empty: Whether a line without a meaning goes.
    """
    changes: list[Change] = []
    conflicts: list[Conflict] = []
    emptied: list[str] = []
    for answer in answers:
        base, current = exported.lines.get(answer.left), now.get(answer.left)
        if answer.meaning in {base, current}:
            continue
        if answer.meaning is None and not remove_empty:
            emptied.append(answer.left)
        elif base != current:
            conflicts.append(Conflict(answer, base, current))
        else:
            changes.append(Change(answer.left, current, answer.meaning))
    return Merge(tuple(changes), tuple(conflicts), tuple(emptied))
