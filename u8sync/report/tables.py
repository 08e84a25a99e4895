"""A table as a file: CSV, Excel workbook or HTML page, by the ending of its name. Rows stream through, none is kept.

What lives here: the common shape of a table, CSV, the page, and putting the finished file in its place. What does not:
workbooks (``xlsx.py``) and what single values become (``cells.py``). The idea: a file with the wanted name is whole or
is not there; and nothing in it acts.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from u8sync.errors import InputError
from u8sync.report.cells import defused, escaped
from u8sync.text import Message, Translate, msg

__all__ = ["Cell", "Column", "Table", "in_place_of", "save_csv", "save_page", "save_table", "suffix_of"]

Cell = str | int | None
"""One value; null: an empty cell."""

PAGE_ROWS: Final = 500
"""So many rows of a page are put together before they are written."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Name for machines.
        title: What people read above it.
        kind: ``number``: its values are numbers where they look like it; ``text``: never, whatever they look like.
        width: In characters, for a workbook.
        number_format: How a workbook shows its numbers, as Excel writes it; empty: as they are.
        wrapped: Whether a workbook breaks its long texts into lines.
    """

    name: str
    title: Message
    kind: Literal["text", "number"] = "text"
    width: int = 14
    number_format: str = ""
    wrapped: bool = False


@dataclass(frozen=True)
class Table:
    """A table that streams.

    Attributes:
        title: What it is.
        notes: Where it comes from, in names and values.
        columns: At least one.
        rows: One value a column each; can be gone through once.
    """

    title: Message
    notes: Sequence[tuple[Message, str | Message]]
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


SUFFIXES: Final = (".csv", ".xlsx", ".html")


def suffix_of(path: Path, *allowed: str) -> str:
    """The ending that says which format is wanted. Raises InputError when it is none of ``allowed``."""
    suffix = path.suffix.lower()
    if suffix not in (allowed or SUFFIXES):
        raise InputError(
            msg("{path} has an ending that names no format", path=str(path)),
            hint=msg("Give the file one of these endings: {endings}", endings=", ".join(allowed or SUFFIXES)),
        )
    return suffix


def save_table(path: Path, table: Table, translate: Translate, language: str, *, raw: bool = False) -> int:
    """Write a table in the format that the ending of ``path`` names; returns the number of rows.

    Args:
        path: The file; replaced when it is there.
        table: What to write.
        translate: Puts titles into the words of ``language``.
        language: ``zh`` or ``en``.
        raw: CSV only: values as they are and column names for machines, without byte-order mark.

    Raises InputError when it cannot be written, and every error of the rows; the file is then as it was before.
    """
    suffix = suffix_of(path)
    if raw and suffix != ".csv":
        raise InputError(
            msg("Only a CSV file can hold values as they are"),
            hint=msg("Leave --raw out, or name a file that ends in .csv."),
        )
    if suffix == ".xlsx":
        from u8sync.report.xlsx import save_workbook

        return save_workbook(path, table, translate)
    if suffix == ".html":
        return save_page(path, table, translate, language)
    return save_csv(path, table, translate, raw=raw)


def save_csv(path: Path, table: Table, translate: Translate, *, raw: bool = False) -> int:
    """Write CSV as RFC 4180 has it, UTF-8; with byte-order mark and harmless cells unless ``raw``."""
    shown = _plain if raw else _defused
    titles = [column.name if raw else translate(column.title) for column in table.columns]
    count = 0
    with (
        in_place_of(path) as part,
        part.open("w", encoding="utf-8" if raw else "utf-8-sig", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(titles)
        for row in table.rows:
            writer.writerow(map(shown, row))
            count += 1
    return count


def save_page(path: Path, table: Table, translate: Translate, language: str) -> int:
    """Write one HTML file that holds no script and asks for nothing outside itself."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: translate(value) if isinstance(value, Message) else value,
    )
    text = files("u8sync").joinpath("report", "templates", "table.html.j2").read_text(encoding="utf-8")
    count = 0

    def shown() -> Iterator[list[str]]:
        nonlocal count
        for row in table.rows:
            count += 1
            yield ["" if cell is None else escaped(str(cell)) for cell in row]

    stream = environment.from_string(text).stream(
        page_language="zh-CN" if language == "zh" else "en",
        title=table.title,
        notes=[(name, escaped(translate(v) if isinstance(v, Message) else v)) for name, v in table.notes],
        columns=table.columns,
        rows=shown(),
    )
    stream.enable_buffering(PAGE_ROWS)
    with in_place_of(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(stream)
    return count


@contextmanager
def in_place_of(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """A new file beside ``path`` that takes its place when the block ends well, and goes away when it does not.

    Args:
        path: The file.
        shared: Whether others may read it as far as the umask lets them, as any new file; else its owner alone may.

    Raises InputError when that cannot be done.
    """
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".u8sync-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        part = Path(name)
        if shared:
            umask = os.umask(0o077)
            os.umask(umask)
            part.chmod(0o666 & ~umask)
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(path), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written, and close it in other programs."),
        ) from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _plain(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _defused(cell: Cell) -> str:
    return "" if cell is None else defused(str(cell))
