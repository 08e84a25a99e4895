"""What a sample of an account set holds and what it left in, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.text import Message, Translate, msg

__all__ = ["TREATMENT_WORDS", "extract_view"]

TREATMENT_WORDS: Final[Mapping[str, Message]] = {
    "code": msg("replaced by a made-up code"),
    "name": msg("made up"),
    "short_name": msg("made up"),
    "alias": msg("replaced by a running number"),
    "day": msg("moved to another day of its month"),
    "kept": msg("kept as it is"),
    "shaped": msg("shared and mapped values kept, the others replaced"),
    "amount": msg("multiplied by the customer's factor"),
    "left_out": msg("left out"),
}
"""What was done with a column."""

COLUMNS: Final[Sequence[Column]] = (
    (msg("Column"), "left"),
    (msg("What was done"), "left"),
    (msg("Customers with a value"), "right"),
    (msg("Values kept"), "right"),
    (msg("Values replaced"), "right"),
)


def extract_view(
    facts: Iterable[tuple[Message, Cell]],
    columns: Iterable[tuple[str, str, int | None, int | None, int | None]],
    notes: Sequence[Message],
    translate: Translate,
) -> RenderableType:
    """The figures, every column with what became of it, and what to know.

    Args:
        facts: Names with their values.
        columns: Column, treatment, customers with a value, different values kept and replaced; null where none are
            counted. A column that nobody has filled is not shown.
        notes: Sentences below.
        translate: The language.
    """
    write = Writer(translate)
    rows = (
        (column, TREATMENT_WORDS[treatment], *(None if n is None else f"{n:,}" for n in (filled, kept, replaced)))
        for column, treatment, filled, kept, replaced in columns
        if filled != 0
    )
    return Group(
        write.facts(facts),
        write.heading(msg("What the sample left in")),
        write.table(COLUMNS, rows),
        *(write.line(f"- {write.say(note)}") for note in notes),
    )
