"""A value table as a workbook for the sales office: one row a value, a column to fill in, and how to do it.

What does not live here: which rows (``domain/table_sheet.py``) and reading the workbook again (``config/``). The idea:
the person who fills it in can do no harm by accident. Codes are text and locked; meanings come from a list, and another
one is possible after a warning, because new meanings are the sales office's to propose and the import's to let in. The
lock has no password: it keeps slips out, not people.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from u8sync.domain.table_sheet import (
    CUSTOMERS,
    HIDDEN,
    MEANING,
    NAME,
    REMARK,
    SHEET,
    STATE,
    VALUE,
    Exported,
    SheetRow,
    State,
)
from u8sync.domain.tables import ValueTable
from u8sync.report.cells import defused
from u8sync.report.language import translator
from u8sync.report.suggestions import reason_words, suggest
from u8sync.report.xlsx import open_workbook
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

__all__ = ["exported_of", "save_table_sheet"]

_COLUMNS: Final = ((VALUE, 24), (NAME, 24), (CUSTOMERS, 18), (STATE, 22), (MEANING, 24), (REMARK, 60))

_STATES: Final[dict[State, Message]] = {
    "unmapped": msg("not mapped yet"),
    "kept": msg("kept as it is"),
    "default": msg("default of the table"),
    "mapped": msg("mapped"),
    "never": msg("never seen"),
}

_FIRST_ROW: Final = 1
_LAST_ROW: Final = 5_000
"""Rows below the list may be used for values that are not in it yet; the drop-down list goes so far."""


def exported_of(table: ValueTable, mapping: str, rows: Sequence[SheetRow]) -> Exported:
    """What a workbook with these rows is made from."""
    seen = tuple(row.value for row in rows if row.meaning is None)
    texts = {value: defused(value) for value in (*table.meanings, *seen)}
    return Exported(
        table=table.name,
        mapping=mapping,
        match=table.match,
        lines=dict(table.meanings),
        seen=seen,
        texts={value: text for value, text in texts.items() if text != value},
        meanings={defused(meaning): meaning for meaning in table.results},
    )


def save_table_sheet(path: Path, table: ValueTable, mapping: str, rows: Sequence[SheetRow]) -> None:
    """Write the workbook; replaced when it is there.

    Args:
        path: The file.
        table: The table.
        mapping: Its mapping file, as shown to people.
        rows: One row a value.

    Raises InputError when it cannot be written.
    """
    exported = exported_of(table, mapping, rows)
    with open_workbook(path) as (book, looks):
        sheet = book.add_worksheet(SHEET)
        about = book.add_worksheet("说明 Read me")
        hidden = book.add_worksheet(HIDDEN)
        _fill(sheet, book, table, rows, header=looks.header, meanings=len(exported.meanings))
        _explain(about, book, looks.title, exported)
        hidden.hide()
        hidden.protect()
        # Row by row: a workbook that is written as it comes does not go back.
        meanings, lines = list(exported.meanings), list(exported.written())
        for at in range(max(len(meanings), len(lines))):
            if at < len(lines):
                hidden.write_string(at, 0, lines[at])
            if at < len(meanings):
                hidden.write_string(at, 1, meanings[at])


def _fill(
    sheet: Any,  # noqa: ANN401 - xlsxwriter has no types
    book: Workbook,
    table: ValueTable,
    rows: Sequence[SheetRow],
    *,
    header: Any,  # noqa: ANN401
    meanings: int,
) -> None:
    """The rows, with what is to be filled in unlocked."""
    text = {"num_format": "@", "valign": "top"}
    locked = book.add_format({**text, "locked": True, "bg_color": "#F3F4F6"})
    figure = book.add_format({"num_format": "#,##0", "valign": "top", "locked": True, "bg_color": "#F3F4F6"})
    free = book.add_format({**text, "locked": False})
    wanted = book.add_format({**text, "locked": False, "bg_color": "#FFF7CC"})
    sheet.freeze_panes(_FIRST_ROW, 1)
    for position, (title, width) in enumerate(_COLUMNS):
        sheet.set_column(position, position, width, free)
        sheet.write_string(0, position, title, header)
    for at, row in enumerate(rows, _FIRST_ROW):
        sheet.write_string(at, 0, defused(row.value), locked)
        sheet.write_string(at, 1, defused(row.name or ""), locked)
        sheet.write_number(at, 2, row.customers, figure)
        sheet.write_string(at, 3, _both(_STATES[row.state]), locked)
        if row.meaning is None:
            sheet.write_blank(at, 4, None, wanted if row.state == "unmapped" else free)
        else:
            sheet.write_string(at, 4, defused(row.meaning), free)
        sheet.write_string(at, 5, defused(_remark(row, table)), free)
    last = len(rows)
    sheet.autofilter(0, 0, last, len(_COLUMNS) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:F{max(last, _LAST_ROW) + 1}"})
    if meanings:
        sheet.data_validation(
            _FIRST_ROW,
            4,
            max(last, _LAST_ROW),
            4,
            {
                "validate": "list",
                "source": f"={HIDDEN}!$B$1:$B${meanings}",
                "ignore_blank": True,
                "error_type": "warning",
                "error_title": "u8sync",
                "error_message": _both(msg("This meaning is not in the table yet. Use it all the same?"))[:255],
            },
        )
    allowed = ("autofilter", "sort", "format_columns", "format_rows", "insert_rows", "delete_rows")
    sheet.protect("", dict.fromkeys(allowed, True))


def _remark(row: SheetRow, table: ValueTable) -> str:
    """A proposal for what is not mapped yet."""
    found = suggest(row.value, table, name=row.name) if row.state == "unmapped" else None
    if found is None:
        return ""
    return _both(msg("{meaning}? {reason}", meaning=found.meaning, reason=reason_words(found)))


def _explain(about: Any, book: Workbook, title: Any, exported: Exported) -> None:  # noqa: ANN401
    """How to fill it in, in both languages, and where it comes from."""
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    about.set_column(0, 0, 30)
    about.set_column(1, 1, 90)
    about.write_string(0, 0, _both(msg("Value table {table}", table=exported.table)), title)
    at = 2
    for language in ("zh", "en"):
        translate = translator(language)
        for number, words in enumerate(_INSTRUCTIONS, 1):
            about.write_string(at, 0, str(number), wrapped)
            about.write_string(at, 1, translate(words), wrapped)
            at += 1
        at += 1
    for name, value in (
        (msg("Value table"), exported.table),
        (msg("Mapping file"), exported.mapping),
        (msg("Digest of the table"), exported.digest),
    ):
        about.write_string(at, 0, _both(name), wrapped)
        about.write_string(at, 1, defused(value), wrapped)
        at += 1
    about.protect()


_INSTRUCTIONS: Final = (
    msg(
        "Fill in the column {meaning} on the sheet {sheet}: what the value beside it means. The yellow cells are still"
        " open.",
        meaning=MEANING,
        sheet=SHEET,
    ),
    msg(
        "Choose from the list in the cell. Another meaning can be typed in; whoever imports the sheet must agree to it."
    ),
    msg("An empty meaning leaves the value as it is now."),
    msg("Values are text: 007 is not 7. Do not change them, and do not copy the rows into another workbook."),
    msg("Meanings are plain text: no formulas, no merged cells. Sorting and filtering do no harm."),
    msg("The column {remark} is for you and your colleagues; it is not taken over.", remark=REMARK),
    msg("Save the file as .xlsx and send it back. It goes into the mapping file with: u8sync map import FILE.xlsx"),
)


def _both(words: Message) -> str:
    """Words in both languages, once where they are the same."""
    return " ".join(dict.fromkeys(translator(language)(words) for language in ("zh", "en")))
