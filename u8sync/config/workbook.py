"""Excel workbooks that people send back, read cell by cell: what stands where, and nothing guessed.

What lives here: opening a file that may be anything, within limits. What does not: what the cells mean
(``table_sheet.py``).

Why openpyxl: calamine is faster and more often mended, but it gives an empty text for ``#N/A`` and for a formula that
was not computed, and it ends the whole process on a sheet that uses a cell in the last corner. An empty cell and a bad
one must be told apart here, and a file from elsewhere must not end anything.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from u8sync.errors import InputError
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Bad", "Content", "Merged", "Sheet", "read_workbook"]

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_UNPACKED: Final = 32 * 1024 * 1024
"""A table of ten thousand values needs a twentieth of it."""

_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How .xls files and workbooks with a password begin."""


@dataclass(frozen=True)
class Bad:
    """A cell whose value cannot be taken: why."""

    why: Message


Content = str | int | float | bool | date | Bad
"""What one cell holds; a cell without anything is not listed."""


@dataclass(frozen=True)
class Merged:
    """Cells that were made one: first and last row and column, from 1, and what people call the range."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    name: str


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        name: Its name.
        rows: Row, from 1 -> column, from 1 -> what stands there; in order, only what is not empty. Rows that are hidden
            or filtered away are rows like others.
        merged: The merged cells.
    """

    name: str
    rows: Mapping[int, Mapping[int, Content]]
    merged: tuple[Merged, ...]


def read_workbook(path: Path) -> tuple[Sheet, ...]:
    """All sheets of a workbook, in their order. Raises InputError when it is none, or too large."""
    data = _read(path)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            # What openpyxl does not know (a drop-down of another program) it leaves out, and says so to nobody here.
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
            return tuple(_sheet(sheet) for sheet in book.worksheets)
    except Exception as error:  # noqa: BLE001 - openpyxl lets every error of a broken file pass as it comes
        _refuse(path, msg("it is damaged ({kind})", kind=type(error).__name__), _SAVE_AGAIN)


_SAVE_AGAIN: Final = msg("Open it in Excel or WPS and save it as .xlsx.")


def _refuse(path: Path, why: Message, hint: Message) -> NoReturn:
    raise InputError(msg("{path} is no workbook that can be read: {why}", path=str(path), why=why), hint=hint) from None


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            _refuse(path, msg("it is a folder"), msg("Give the path of the .xlsx file itself."))
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        _refuse(path, msg("there is no such file"), msg("Check the path: {path}", path=path.absolute()))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        _refuse(path, Message("{reason}", {"reason": reason}), msg("Close it in other programs and try again."))
    if data.startswith(_OLD_EXCEL):
        _refuse(path, msg("it is an old .xls file, or has a password"), _SAVE_AGAIN)
    if len(data) > MAX_BYTES:
        _refuse(path, *_TOO_LARGE)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        _refuse(path, msg("it is no .xlsx file"), _SAVE_AGAIN)
    if size > MAX_UNPACKED:
        _refuse(path, *_TOO_LARGE)
    return data


_TOO_LARGE: Final = (
    msg("it is too large for a value table"),
    msg("Was it filled in on the sheet that 'u8sync map export' made? Make a new one and copy the meanings."),
)


def _sheet(sheet: Worksheet) -> Sheet:
    rows: dict[int, dict[int, Content]] = {}
    for row, column, content in _contents(sheet):
        rows.setdefault(row, {})[column] = content
    merged = tuple(
        Merged((each.min_row, each.max_row), (each.min_col, each.max_col), str(each.coord))
        for each in sheet.merged_cells.ranges
    )
    return Sheet(sheet.title, {row: rows[row] for row in sorted(rows)}, merged)


def _contents(sheet: Worksheet) -> Iterator[tuple[int, int, Content]]:
    # The cells that the file has, not the rectangle around them: that may have a million rows.
    for (row, column), cell in sheet._cells.items():  # noqa: SLF001
        value = cell.value
        if value is None or (isinstance(value, str) and not value and cell.data_type != "f"):
            continue
        yield row, column, _content(value, cell.data_type)


def _content(value: object, kind: str) -> Content:
    if kind in _BAD:
        return Bad(_BAD[kind])
    match value:
        case datetime():
            return value.date()
        case str():
            # How a workbook writes a text such as _x0041_; openpyxl takes it back in some places only.
            return value.replace("_x005F_", "_")
        case bool() | int() | float() | date():
            return value
        case time() | timedelta():
            return Bad(msg("a time of day stands here; Excel made one of a text"))
        case _:
            return Bad(msg("this value cannot be read"))


_BAD: Final = {
    "f": msg("a formula stands here; copy the column and paste it as values"),
    "e": msg("an error of the spreadsheet stands here, such as #N/A"),
}
"""Kinds of cells that hold no value of their own."""
