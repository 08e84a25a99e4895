"""The auditor's sample as a workbook: a cover that says how it was drawn, and one line an item to sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from u8sync.report.tables import Cell, Column
from u8sync.report.xlsx import add_rows, add_sheet, open_workbook
from u8sync.text import Message, Translate, msg

__all__ = ["METHOD", "save_sample"]

METHOD: Final = (
    msg("Population: every change of a field that u8sync wrote, by the audit log, within the days given."),
    msg("Strata: field, value before and value after, by their meaning; changes of spelling are one stratum a field."),
    msg(
        "Sizes: every stratum gets one item. What is left of the size is shared out in proportion to the number of"
        " changes of each stratum less one, rounded down; what is then left goes to the largest remainders, one each, a"
        " tie to the stratum that stands first."
    ),
    msg(
        "Draw: in each stratum the items with the smallest sort key. Sort key: SHA-256, in hex, of the UTF-8 text"
        " seed:change:column, the three joined by colons."
    ),
    msg("To draw it again: the same command with this seed and, as --records, the number of records given here."),
)
"""How a sample is drawn, exactly enough to do it with other tools."""

ITEMS: Final = (
    Column("number", msg("No."), "number", 6),
    Column("record", msg("Record"), "number", 10),
    Column("time", msg("Time (UTC)"), width=28),
    Column("run", msg("Run"), width=26),
    Column("customer", msg("Customer"), width=16),
    Column("field", msg("Field"), width=14),
    Column("column", msg("Column"), width=16),
    Column("before", msg("Before"), width=16),
    Column("after", msg("After"), width=16),
    Column("was", msg("Meaning before"), width=16),
    Column("becomes", msg("Meaning after"), width=16),
    Column("score", msg("Score"), "number", 10),
    Column("rule", msg("Rule"), width=24),
    Column("end_record", msg("Record of the end"), "number", 10),
    Column("record_hash", msg("Hash of the record"), width=66),
    Column("change", msg("Change"), width=34),
    Column("sort_key", msg("Sort key"), width=66),
    Column("checked_by", msg("Checked by"), width=18),
    Column("checked_on", msg("Date"), width=14),
    Column("finding", msg("Finding"), width=40),
)

STRATA: Final = (
    Column("field", msg("Field"), width=28),
    Column("was", msg("Meaning before"), width=24),
    Column("becomes", msg("Meaning after"), width=24),
    Column("population", msg("Changes"), "number", 12),
    Column("drawn", msg("Drawn"), "number", 12),
)


def save_sample(
    path: Path,
    facts: Sequence[tuple[Message, str | int | Message]],
    strata: Sequence[Sequence[Cell]],
    items: Sequence[Sequence[Cell]],
    translate: Translate,
    *,
    made_of: str,
) -> None:
    """Write the workbook.

    Args:
        path: The file; replaced when it is there.
        facts: What it was drawn from: log, head, checkpoint, seed, command.
        strata: One line a stratum: field, meaning before and after, changes, drawn.
        items: One line an item: the columns up to the sort key; the rest is for the auditor's hand.
        translate: The language.
        made_of: Time of the newest record, the workbook's date.

    Raises InputError when it cannot be written.
    """
    with open_workbook(path, made_of=made_of) as (book, looks):
        cover = book.add_worksheet(translate(msg("About")))
        cover.set_column(0, 0, 28)
        cover.set_column(1, 1, 100)
        cover.write_string(0, 0, translate(msg("Sample of the changes for an audit")), looks.title)
        after = add_rows(cover, 2, facts, translate, looks)
        cover.write_string(after + 1, 0, translate(msg("How it was drawn")), looks.header)
        after = add_rows(cover, after + 2, ((number, line) for number, line in enumerate(METHOD, 1)), translate, looks)
        cover.write_string(after + 1, 0, translate(msg("Sign-off")), looks.header)
        add_rows(cover, after + 2, ((name, None) for name in _SIGNED), translate, looks)
        add_sheet(book, msg("Strata"), STRATA, strata, translate=translate, looks=looks)
        by_hand = (None,) * 3
        signed = ((*item, *by_hand) for item in items)
        add_sheet(book, msg("Sample"), ITEMS, signed, translate=translate, looks=looks)


_SIGNED: Final = (msg("Checked by"), msg("Date"), msg("Conclusion"))
