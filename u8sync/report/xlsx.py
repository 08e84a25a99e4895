"""Excel workbooks, written row by row: as many sheets as it takes, text that stays text, and no formula ever.

A cell is a number only in a column of numbers and only when Excel can hold it exactly; everything else, customer codes
above all, is a string. Strings are defused as in CSV, because workbooks are saved as CSV sooner or later.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len

from u8sync.report.cells import defused, is_number
from u8sync.report.tables import Cell, Column, Table, in_place_of
from u8sync.text import Message, Translate, msg

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

__all__ = [
    "HEADER",
    "SHEET_ROWS",
    "Formats",
    "add_rows",
    "add_sheet",
    "open_workbook",
    "printed",
    "save_workbook",
    "write_cell",
]

SHEET_ROWS: Final = 1_048_576
"""Rows that a sheet can have, its header among them."""

MOST_CHARACTERS: Final = 16_000
"""Excel takes 32,767 halves of characters a cell; a longer text is cut and says so."""

EXACT_DIGITS: Final = 15
"""Excel keeps so many digits of a number; one with more stays text."""

ARROW: Final = 3
"""Characters that the arrow of a filter takes."""

HEADER: Final = {"bold": True, "bg_color": "#EEF2F4", "bottom": 1, "valign": "top"}
"""How the header of a table looks."""

A4: Final = 9
"""Excel's number of the paper."""


@dataclass(frozen=True)
class Formats:
    """The looks of cells: ``header`` bold on grey, ``wrapped`` for long text, ``title`` for the first line."""

    header: Any
    wrapped: Any
    title: Any


@contextmanager
def open_workbook(path: Path, *, made_of: str | None = None) -> Iterator[tuple[Workbook, Formats]]:
    """A workbook that stands at ``path`` when the block ends well.

    Args:
        path: The file; replaced when it is there.
        made_of: Instant that it carries as its date, ``YYYY-MM-DDThh:mm:ss…Z``; null: now.

    Raises InputError when it cannot be written.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

    # What is spooled holds customers' codes: it stays beside the file, out of the machine's common folder.
    with in_place_of(path) as part, tempfile.TemporaryDirectory(prefix=".u8sync-", dir=path.parent) as spool:
        options = {"constant_memory": True, "tmpdir": spool, "strings_to_urls": False, "strings_to_formulas": False}
        book = Workbook(str(part), {**options, "strings_to_numbers": False})
        if made_of is not None:
            book.set_properties({"created": datetime.fromisoformat(made_of)})
        looks = Formats(
            header=book.add_format(HEADER),
            wrapped=book.add_format({"text_wrap": True, "valign": "top"}),
            title=book.add_format({"bold": True, "font_size": 14}),
        )
        try:
            yield book, looks
        finally:
            # After an error too: what was spooled is open until then, and Windows deletes no open file.
            try:
                book.close()
            except FileCreateError as error:
                raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from None


def save_workbook(path: Path, table: Table, translate: Translate, *, sheet_rows: int = SHEET_ROWS) -> int:
    """Write a table as a workbook: a first sheet that says what it is, then the rows; returns their number.

    Args:
        path: The file; replaced when it is there.
        table: What to write.
        translate: The language.
        sheet_rows: Most rows a sheet, the header among them; what does not fit goes to the next sheet.
    """
    with open_workbook(path) as (book, looks):
        cover = book.add_worksheet(translate(msg("About")))
        cover.set_column(0, 0, 28)
        cover.set_column(1, 1, 100)
        cover.write_string(0, 0, translate(table.title), looks.title)
        add_rows(cover, 2, ((name, value) for name, value in table.notes), translate, looks)
        return add_sheet(
            book,
            msg("Rows"),
            table.columns,
            table.rows,
            translate=translate,
            looks=looks,
            sheet_rows=sheet_rows,
        )


def add_sheet(
    book: Workbook,
    name: Message,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    translate: Translate,
    looks: Formats,
    sheet_rows: int = SHEET_ROWS,
) -> int:
    """Add a table with a header that stays in sight and filters; returns the number of rows.

    More rows than a sheet takes go to further sheets, ``name 2`` and so on, each with the header.
    """
    each = sheet_rows - 1
    formats = [book.add_format(_look(column)) for column in columns]
    count = 0
    waiting = iter(rows)
    while (chunk := list(islice(waiting, 1))) or not count:
        title = translate(name)
        sheet = book.add_worksheet(title if not count else f"{title} {1 + count // each}")
        _head(sheet, columns, translate, looks)
        printed(sheet, header_row=0)
        at = 0
        for at, row in enumerate(chain(chunk, islice(waiting, each - 1)), 1):
            for position, (column, cell) in enumerate(zip(columns, row, strict=True)):
                write_cell(sheet, at, position, cell, number=column.kind == "number", look=formats[position])
        sheet.autofilter(0, 0, at, len(columns) - 1)
        count += at
        if at < each:
            break
    return count


def add_rows(
    sheet: Any,  # noqa: ANN401 - xlsxwriter has no types
    first: int,
    rows: Iterable[Sequence[Cell | Message]],
    translate: Translate,
    looks: Formats,
) -> int:
    """Write names and values without a header, from row ``first`` on; returns the next free row."""
    at = first
    for row in rows:
        for position, cell in enumerate(row):
            text = translate(cell) if isinstance(cell, Message) else cell
            write_cell(sheet, at, position, text, number=isinstance(text, int), look=looks.wrapped)
        at += 1
    return at


def printed(sheet: Any, *, header_row: int | None = None) -> None:  # noqa: ANN401
    """How a sheet comes out of a printer: A4 lying, as wide as the page, its header again and a number on each."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")
    if header_row is not None:
        sheet.repeat_rows(header_row)


def _head(sheet: Any, columns: Sequence[Column], translate: Translate, looks: Formats) -> None:  # noqa: ANN401
    from xlsxwriter.utility import xl_range  # type: ignore[import-untyped]

    sheet.freeze_panes(1, 0)
    for position, column in enumerate(columns):
        title = translate(column.title)
        # The arrow of the filter takes room beside the title, and a Chinese character as much as two letters.
        sheet.set_column(position, position, max(column.width, cell_len(title) + ARROW))
        sheet.write_string(0, position, title, looks.header)
    text = (position for position, column in enumerate(columns) if column.kind == "text")
    # Excel marks each code that looks like a number with a green corner, as if it were a mistake.
    sheet.ignore_errors({"number_stored_as_text": " ".join(xl_range(1, at, SHEET_ROWS - 1, at) for at in text)})


def _look(column: Column) -> dict[str, object]:
    """How cells below the header look; text is marked as such, so that "007" stays when somebody edits it."""
    wrapped = {"text_wrap": True} if column.wrapped else {}
    number_format = "@" if column.kind == "text" else column.number_format or "General"
    return {"num_format": number_format, "valign": "top", **wrapped}


def write_cell(sheet: Any, row: int, position: int, cell: Cell, *, number: bool, look: Any = None) -> None:  # noqa: ANN401
    """Write one value: as a number where that is asked for and Excel can hold it exactly, else as text."""
    if cell is None:
        return
    text = str(cell)
    if number and is_number(text) and sum(map(str.isdigit, text)) <= EXACT_DIGITS:
        sheet.write_number(row, position, float(text), look)
        return
    shown = defused(text)
    if len(shown) > MOST_CHARACTERS:
        shown = f"{shown[:MOST_CHARACTERS]} [...]"
    sheet.write_string(row, position, shown, look)
