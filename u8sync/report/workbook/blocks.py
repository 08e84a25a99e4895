"""A sheet that is filled from the top down with what is no plain list: headings, facts, small tables.

Rows are written once and in order, because the workbook streams. Every value is written as what it is: an amount as an
amount, a share as a share, a day as a day; all else is text that harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from u8sync.domain.canonical import plain
from u8sync.report.tables import Cell, Column
from u8sync.report.xlsx import HEADER, Formats, printed, write_cell
from u8sync.text import Message, Translate

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

__all__ = ["AMOUNT", "COUNT", "PERCENT", "Blocks", "Region", "Shaded", "Value"]


@dataclass(frozen=True)
class Shaded:
    """A count on a coloured ground."""

    count: int
    colour: str


Value = Cell | Message | Decimal | date | Shaded
"""What a cell can hold; an aware instant is shown in UTC, null is an empty cell."""

AMOUNT: Final = "#,##0.00"
COUNT: Final = "#,##0"
PERCENT: Final = "0.0%"
_DAY: Final = "yyyy-mm-dd"
_INSTANT: Final = "yyyy-mm-dd hh:mm:ss"

_WIDTHS: Final = (30, 16, 16, 16, 18, 18)
"""Of the columns, in characters: names stand in the first one."""


@dataclass(frozen=True)
class Region:
    """Where the rows of a table stand, without its header; rows count from 0.

    Attributes:
        sheet: Name of the sheet.
        first: First row.
        last: Last row; before ``first`` when there is none.
        columns: What was written, column by column.
    """

    sheet: str
    first: int
    last: int
    columns: tuple[tuple[Value, ...], ...]


class Blocks:
    """One sheet. ``widths`` in characters; the last one goes on to the right."""

    def __init__(
        self,
        book: Workbook,
        name: Message,
        translate: Translate,
        looks: Formats,
        *,
        widths: Sequence[int] = _WIDTHS,
    ) -> None:
        self._book, self._translate, self._looks = book, translate, looks
        self._right = book.add_format({**HEADER, "align": "right"})
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}
        self.sheet = book.add_worksheet(translate(name))
        self.book = book
        self.row = 0
        for position, width in enumerate(widths):
            self.sheet.set_column(position, position, width)
        printed(self.sheet)
        self.sheet.fit_to_pages(1, 1)

    def words(self, value: Value) -> str:
        """A value as text, a sentence in the language of the workbook."""
        return self._translate(value) if isinstance(value, Message) else str(value)

    def title(self, words: Message) -> None:
        """The first line; it stays in sight."""
        self._text(self.row, 0, self._translate(words), self._looks.title)
        self.sheet.freeze_panes(self.row + 1, 0)
        self.row += 2

    def heading(self, words: Message) -> None:
        """The first line of a block, with an empty one above."""
        self.row += 1
        self._text(self.row, 0, self._translate(words), self.look(bold=True, font_size=12))
        self.row += 1

    def line(self, words: Message) -> None:
        """One sentence."""
        self._text(self.row, 0, self._translate(words), None)
        self.row += 1

    def facts(self, rows: Iterable[tuple[Message, Value]]) -> None:
        """Names with their values, one a row."""
        for name, value in rows:
            self._text(self.row, 0, self._translate(name), self.look(font_color="#5A6A76"))
            self._value(self.row, 1, value, "", align="left")
            self.row += 1

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> Region:
        """A small table with a header."""
        for position, column in enumerate(columns):
            look = self._right if column.kind == "number" else self._looks.header
            self._text(self.row, position, self._translate(column.title), look)
        first = self.row + 1
        kept = [tuple(row) for row in rows]
        for row in kept:
            self.row += 1
            for position, (column, value) in enumerate(zip(columns, row, strict=True)):
                self._value(self.row, position, value, column.number_format)
        self.row += 1
        return Region(self.sheet.get_name(), first, self.row - 1, tuple(zip(*kept, strict=True)))

    def look(self, **properties: object) -> Any:  # noqa: ANN401 - xlsxwriter has no types
        """A format, made once for each set of properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]

    def _text(self, row: int, position: int, text: str, look: Any) -> None:  # noqa: ANN401
        write_cell(self.sheet, row, position, text, number=False, look=look)

    def _value(self, row: int, position: int, value: Value, number_format: str, **properties: object) -> None:
        if isinstance(value, Shaded):
            self._value(row, position, value.count, number_format, bg_color=value.colour)
        elif isinstance(value, datetime):
            # Excel knows no time zones; the names of the values say UTC.
            instant = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
            self.sheet.write_datetime(row, position, instant, self.look(num_format=_INSTANT, **properties))
        elif isinstance(value, date):
            self.sheet.write_datetime(row, position, value, self.look(num_format=_DAY, **properties))
        elif isinstance(value, Decimal | int):
            text = plain(value) if isinstance(value, Decimal) else str(value)
            usual = AMOUNT if isinstance(value, Decimal) else COUNT
            look = self.look(num_format=number_format or usual, **properties)
            write_cell(self.sheet, row, position, text, number=True, look=look)
        else:
            words = self._translate(value) if isinstance(value, Message) else value
            write_cell(self.sheet, row, position, words, number=False, look=self.look(num_format="@", **properties))
