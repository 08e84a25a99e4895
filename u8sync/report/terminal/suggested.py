"""Suggested numbers for a policy, on the terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType

from u8sync.report.suggested import (
    PICKS,
    Proposed,
    facts_of_suggestion,
    front_columns,
    front_rows,
    number_columns,
    number_rows,
    size_columns,
    size_rows,
    suggestion_notes,
    worth_columns,
    worth_rows,
)
from u8sync.report.terminal.blocks import Writer
from u8sync.report.terminal.hindsight import figures_table
from u8sync.text import Translate, msg

__all__ = ["suggestion_view"]

MOST: Final = 10
"""So many points of the front are shown; the report has all of them."""


def suggestion_view(proposed: Proposed, translate: Translate) -> RenderableType:
    """The present numbers and those suggested, what they are worth, and lines to paste.

    Print it with ``crop=False``: a line that is to be pasted may be wider than the console.
    """
    write, found = Writer(translate), proposed.found
    parts: list[RenderableType] = [
        write.title(msg("Suggested numbers")),
        write.facts(facts_of_suggestion(proposed)),
        write.heading(msg("Weights and least scores")),
        figures_table(write, number_columns(found), number_rows(found)),
        write.heading(msg("Share of the next period's revenue, and of the customers that changed their tier")),
        figures_table(write, worth_columns(found), worth_rows(found)),
        write.heading(msg("Share of the rated customers in each tier / of the next period's revenue")),
        figures_table(write, size_columns(found), size_rows(found)),
    ]
    if len(found.front) > 1:
        parts.append(write.heading(msg("What a little more of the one costs of the other, where it was searched")))
        parts.append(figures_table(write, front_columns(found), front_rows(found, MOST)))
    parts += [
        write.heading(msg("To paste into {file}: {pick}", file=proposed.told.policy, pick=PICKS[proposed.chosen.pick])),
        write.verbatim(proposed.text),
        write.heading(msg("Worth knowing")),
        *(write.line(note, indent=2) for note in suggestion_notes(proposed)),
    ]
    return Group(*parts)
