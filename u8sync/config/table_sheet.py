"""A value table that comes back from the sales office: which line each row is, and what was filled in.

What lives here: finding the sheet, telling its rows apart whatever Excel made of them, and refusing what cannot be
told. What does not: cells (``workbook.py``), the comparison with the table (``domain/table_sheet.py``) and the mapping
file (``table_edit.py``). The idea: Excel makes 1 of "01", and people type full-width letters. What went out is known,
so a cell is read as the one value that it can stand for; where it can stand for two, or for none that exists, nothing
is taken, and every such cell is told at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from u8sync.config.checking import did_you_mean, shown
from u8sync.config.workbook import Bad, Content, Sheet, read_workbook
from u8sync.domain.operators.words import BLANKS
from u8sync.domain.table_lines import left_side, writable
from u8sync.domain.table_sheet import HIDDEN, MEANING, VALUE, Answer, Exported
from u8sync.domain.tables import ValueTable
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.text import Message, msg

__all__ = ["Answers", "Filled", "answers", "read_sheet", "refuse"]

LONGEST_MEANING: Final = 60
"""As in the mapping file."""

HEAD_ROWS: Final = 20
"""The titles stand in one of the first rows."""


@dataclass(frozen=True)
class Row:
    """One row: the cells of its value and of its meaning, null where nothing stands."""

    number: int
    value: Content | None
    meaning: Content | None


@dataclass(frozen=True)
class Filled:
    """A sheet that came back.

    Attributes:
        file: The workbook.
        sheet: Name of the sheet.
        exported: What it was made from.
        columns: Letters of the columns of values and of meanings.
        rows: What stands below the titles.
        problems: What is wrong with the sheet as a whole.
    """

    file: Path
    sheet: str
    exported: Exported
    columns: tuple[str, str]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Answers:
    """What a sheet says.

    Attributes:
        answers: One for each row that is a line or becomes one, in the order of the sheet.
        notes: What was read as something else than it looks like.
    """

    answers: tuple[Answer, ...]
    notes: tuple[Message, ...]


def refuse(file: Path, problems: Sequence[Problem]) -> None:
    """Raise a ConfigError with all problems of a workbook, if there is any."""
    if problems:
        error = ConfigError(str(file), problems)
        error.hint = msg("Nothing was written. Mend the workbook and run the command again.")
        raise error


# --- the sheet ---


def read_sheet(path: Path) -> Filled:
    """Read a workbook that ``map export`` made and somebody filled in. Raises InputError when it is none."""
    sheets = read_workbook(path)
    written = next((sheet for sheet in sheets if sheet.name == HIDDEN), None)
    lines = [row.get(1) for row in written.rows.values()] if written else []
    exported = Exported.read([line for line in lines if isinstance(line, str)])
    if exported is None:
        raise InputError(
            msg("{path} is not a workbook that 'u8sync map export' made, or was changed too much", path=str(path)),
            hint=msg(
                "What it was made from stands on its hidden sheet '{sheet}'. Export the table again, and copy the"
                " meanings there.",
                sheet=HIDDEN,
            ),
        )
    sheet, head = _main(path, [sheet for sheet in sheets if sheet.name != HIDDEN])
    at = {_title(content): column for column, content in sheet.rows[head].items()}
    value, meaning = at[_folded(VALUE)], at[_folded(MEANING)]
    rows = tuple(
        Row(number, cells.get(value), cells.get(meaning)) for number, cells in sheet.rows.items() if number > head
    )
    merged = [
        Problem(
            None,
            msg("{cell}: these cells are merged", cell=f"{sheet.name}!{each.name}"),
            msg("Undo the merging, and fill in every row."),
        )
        for each in sheet.merged
        if each.rows[1] > head and any(each.columns[0] <= column <= each.columns[1] for column in (value, meaning))
    ]
    return Filled(path, sheet.name, exported, (_letter(value), _letter(meaning)), rows, tuple(merged))


def _main(path: Path, sheets: Sequence[Sheet]) -> tuple[Sheet, int]:
    """The sheet that has the titles, and the row in which they stand."""
    wanted = {_folded(VALUE), _folded(MEANING)}
    found = [
        (sheet, number)
        for sheet in sheets
        if (number := next((n for n, row in sheet.rows.items() if n <= HEAD_ROWS and wanted <= _titles(row)), 0))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            msg(
                "{path} has several sheets that could be the table: {names}",
                path=str(path),
                names=", ".join(sheet.name for sheet, _ in found),
            ),
            hint=msg("Delete the others, and import it again."),
        )
    half = next((s.name for s in sheets for n, row in s.rows.items() if n <= HEAD_ROWS and wanted & _titles(row)), None)
    if half is not None:
        raise InputError(
            msg("The sheet {sheet} of {path} has lost a column", sheet=half, path=str(path)),
            hint=msg(
                "It needs the columns '{value}' and '{meaning}', with these titles.", value=VALUE, meaning=MEANING
            ),
        )
    raise InputError(
        msg(
            "{path} has no sheet with the columns '{value}' and '{meaning}'",
            path=str(path),
            value=VALUE,
            meaning=MEANING,
        ),
        hint=msg("Fill in the sheet that 'u8sync map export' made."),
    )


def _titles(row: Mapping[int, Content]) -> set[str]:
    return {_title(content) for content in row.values()}


def _title(content: Content) -> str:
    return _folded(content) if isinstance(content, str) else ""


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(column)


# --- its rows ---


def answers(
    filled: Filled, table: ValueTable, in_data: Callable[[], Collection[str]], *, new_meanings: bool
) -> Answers:
    """Tell which line each row is, and what was filled in.

    Args:
        filled: The sheet.
        table: The table as it is now.
        in_data: The values that the account set has; asked only when a row is neither in the sheet as it was made nor
            in the table.
        new_meanings: Whether meanings are taken that the table does not have.

    Raises ConfigError with every cell that cannot be taken.
    """
    reading = _Reading(filled, table, in_data, new_meanings=new_meanings)
    for row in filled.rows:
        reading.take(row)
    refuse(filled.file, [*filled.problems, *reading.problems])
    return Answers(tuple(reading.answers), tuple(reading.notes))


class _Refused(Exception):  # noqa: N818 - no error, a way out of one row
    def __init__(self, what: Message, hint: Message | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class _Reading:
    """One pass over the rows that goes on after each problem."""

    def __init__(
        self, filled: Filled, table: ValueTable, in_data: Callable[[], Collection[str]], *, new_meanings: bool
    ) -> None:
        self.answers: list[Answer] = []
        self.notes: list[Message] = []
        self.problems: list[Problem] = []
        self._filled = filled
        self._table = table
        self._in_data = in_data
        self._data: tuple[Collection[str], _Words] | None = None
        self._new_meanings = new_meanings
        exported = filled.exported
        self._lines = {**exported.lines, **table.meanings}
        self._values = _Words([*self._lines, *exported.seen], {text: v for v, text in exported.texts.items()})
        self._meanings = _Words([*table.results, *exported.meanings.values()], exported.meanings)
        self._first: dict[str, str] = {}

    def take(self, row: Row) -> None:
        """Read one row; what is wrong with it is a problem."""
        if _is_blank(row.value) and _is_blank(row.meaning):
            return
        value_cell, meaning_cell = (f"{self._filled.sheet}!{letter}{row.number}" for letter in self._filled.columns)
        left: str | None = None
        meaning: str | None = None
        sound = True
        try:
            left = self._left(row, value_cell)
        except _Refused as refused:
            sound = self._refuse(value_cell, refused)
        try:
            meaning = self._meaning(row.meaning)
            if sound and left is not None:
                self._check_meaning(left, meaning)
        except _Refused as refused:
            sound = self._refuse(meaning_cell, refused)
        if sound and left is not None:
            self.answers.append(Answer(left, meaning, meaning_cell))

    def _refuse(self, cell: str, refused: _Refused) -> bool:
        self.problems.append(Problem(None, msg("{cell}: {what}", cell=cell, what=refused.what), refused.hint))
        return False

    def _left(self, row: Row, cell: str) -> str | None:
        """The left side that a row stands for; null when it stands for none and nothing was filled in."""
        value = row.value
        match value:
            case None:
                raise _Refused(msg("a meaning is filled in, and its value is missing"))
            case Bad():
                raise _Refused(value.why)
            case date():
                raise _Refused(msg("a date stands here; Excel made one of a text"), _AS_TEXT)
            case _:
                pass
        if _is_blank(value):
            raise _Refused(msg("a meaning is filled in, and its value is missing"))
        found = self._values.find(value)
        left = self._known(found, value) if found else self._new(row, value)
        if left is None:
            return None
        if left in self._first:
            raise _Refused(
                msg(
                    "'{name}' stands here again; it stands first at {first}",
                    name=shown(left),
                    first=self._first[left],
                )
            )
        self._first[left] = cell
        if found and _text(value) not in {found[0], self._filled.exported.texts.get(found[0])}:
            self.notes.append(
                msg("{cell}: {text} was read as {value}", cell=cell, text=shown(_text(value)), value=left)
            )
        return left

    def _known(self, found: Sequence[str], value: str | float) -> str:
        if len(found) > 1:
            raise _Refused(
                msg("{text} may stand for {values}", text=shown(_text(value)), values=", ".join(map(shown, found))),
                _AS_TEXT,
            )
        return found[0] if found[0] in self._lines else self._left_of(found[0])

    def _new(self, row: Row, value: str | float) -> str | None:
        """The left side of a value that the sheet did not have when it was made; it must exist in the account set."""
        if _is_blank(row.meaning):
            return None
        if self._data is None:
            there = self._in_data()
            self._data = there, _Words(there)
        there, words = self._data
        found = words.find(value)
        if found:
            return self._known(found, value)
        text = _text(value).strip(BLANKS)
        if self._table.match == "prefix" and isinstance(value, str) and any(each.startswith(text) for each in there):
            return self._left_of(text)
        near = get_close_matches(text, [*self._lines, *self._filled.exported.seen], n=1)
        raise _Refused(
            msg("'{value}' is neither in the table nor in the account set", value=shown(text)),
            msg("Did you mean '{near}'?", near=near[0]) if near else msg("Only values that exist can get a meaning."),
        )

    def _left_of(self, value: str) -> str:
        left = left_side(value, self._table.match)
        if left is None:
            raise _Refused(
                msg("no line of a table can cover '{value}'", value=shown(value)),
                msg("It has blanks at its ends, or characters that a mapping file cannot hold."),
            )
        return left

    def _meaning(self, content: Content | None) -> str | None:
        match content:
            case Bad():
                raise _Refused(content.why)
            case bool():
                raise _Refused(msg("true or false stands here; a meaning is a text"), _AS_TEXT)
            case date():
                raise _Refused(msg("a date stands here; Excel made one of a text"), _AS_TEXT)
            case _ if content is None or _is_blank(content):
                return None
            case _:
                pass
        text = _text(content).strip(BLANKS)
        found = self._meanings.find(text)
        if len(found) == 1:
            return found[0]
        if len(text) > LONGEST_MEANING:
            raise _Refused(msg("a meaning has at most {count} characters", count=LONGEST_MEANING))
        if len(text.splitlines()) > 1 or not writable(text):
            raise _Refused(msg("a meaning is one line of plain text"))
        return text

    def _check_meaning(self, left: str, meaning: str | None) -> None:
        """A meaning that the table does not have is let in only when that was asked for."""
        if meaning is None or self._new_meanings or meaning in self._table.results:
            return
        if meaning == self._filled.exported.lines.get(left):
            return
        near = did_you_mean(meaning, self._table.results)
        if meaning in self._table.meanings:
            near = msg("There it is a value, which means '{meaning}'.", meaning=self._table.meanings[meaning])
        raise _Refused(
            msg("the table '{table}' has no meaning '{meaning}'", table=self._table.name, meaning=shown(meaning)),
            msg("{near} --new-meanings lets new ones in.", near=near) if near else None,
        )


_AS_TEXT: Final = msg("Set the cell's format to text and type the value again.")


def _is_blank(content: Content | None) -> bool:
    return content is None or (isinstance(content, str) and not content.strip(BLANKS))


def _text(content: str | float) -> str:
    """The content as it looks in the cell."""
    if isinstance(content, bool):
        return str(content).upper()
    if isinstance(content, float) and content.is_integer() and abs(content) < 1e15:  # noqa: PLR2004
        return str(int(content))
    return str(content)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(BLANKS)


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
_DIGITS: Final = re.compile("[0-9]{1,40}")


class _Words:
    """Known texts, and the ways in which a cell may stand for one of them."""

    def __init__(self, words: Iterable[str], texts: Mapping[str, str] | None = None) -> None:
        """Take the words, and what stands in a cell for some of them: text -> word."""
        self._ways: dict[tuple[str, object], dict[str, None]] = defaultdict(dict)
        for word in words:
            self._ways["text", word][word] = None
            self._ways["width", _folded(word)][word] = None
            if _NUMBER.fullmatch(word):
                self._ways["number", float(word)][word] = None
            if _DIGITS.fullmatch(word):
                self._ways["digits", int(word)][word] = None
            if word.upper() in {"TRUE", "FALSE"}:
                self._ways["flag", word.upper()][word] = None
        for text, word in (texts or {}).items():
            self._ways["text", text][word] = None

    def find(self, content: str | float) -> tuple[str, ...]:
        """The words that a cell can stand for; none, one, or several."""
        ways: list[tuple[str, object]]
        if isinstance(content, bool):
            ways = [("flag", _text(content))]
        elif isinstance(content, str):
            folded = _folded(content)
            ways = [("text", content), ("text", content.strip(BLANKS)), ("width", folded)]
            if _DIGITS.fullmatch(folded) and not any(way in self._ways for way in ways):
                # It may have lost zeros on the way through another program; it has won none.
                return tuple(word for word in self._ways.get(("digits", int(folded)), ()) if len(word) > len(folded))
        else:
            ways = [("number", float(content))] if abs(content) < 1e99 else []  # noqa: PLR2004 - more is no code
        return next((tuple(self._ways[way]) for way in ways if way in self._ways), ())
