"""Help texts that fit their window: a Chinese character takes two cells, and a line may break beside it.

click counts characters, so that Chinese lines come out up to twice as wide as the window, and breaks lines at blanks,
of which Chinese has none. What does not live here: the texts, and tables (rich measures cells by itself).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import click
from rich.cells import cell_len, chop_cells, split_graphemes

__all__ = ["HelpContext", "HelpFormatter", "wrapped"]

_NEVER_FIRST: Final = "、。，．；：！？）】》〉」』”’…％%,.;:!?)]}"
"""Never at the beginning of a line (GB/T 15834)."""

_NEVER_LAST: Final = "（【《〈「『“‘([{"
"""Never at the end of one."""

_PIECE: Final = re.compile(r"\s+|[^\s|]*\||\S+")
_COLUMN: Final = 30
"""The first column of a list is at most so wide; a longer entry stands on lines of its own."""


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` cells, at least 2; words are kept whole as long as they fit."""
    lines, line = [], ""
    for piece in _pieces(text):
        if cell_len((line + piece).rstrip()) <= width:
            line = line + piece if line else piece.lstrip()
            continue
        if line.strip():
            lines.append(line.rstrip())
        *full, line = chop_cells(piece.lstrip(), width) or [""]
        lines += full
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterator[str]:
    """What may not be broken, each with the blank before it; a choice breaks behind its bar."""
    held = ""
    for found in _PIECE.finditer(text):
        if found[0].isspace():
            held += " "
            continue
        for character in _together(found[0]):
            yield held + character
            held = ""


def _together(word: str) -> Iterator[str]:
    """A word cut beside its wide characters, punctuation left where it belongs."""
    held, was_wide = "", False
    for start, end, cells in split_graphemes(word)[0]:
        character, wide = word[start:end], cells > 1
        if held and (wide or was_wide) and character[0] not in _NEVER_FIRST and held[-1] not in _NEVER_LAST:
            yield held
            held = ""
        held, was_wide = held + character, wide
    yield held


class HelpFormatter(click.HelpFormatter):
    """click's formatter, counting cells."""

    def write_text(self, text: str) -> None:
        """Paragraphs, indented."""
        indent = " " * self.current_indent
        for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
            self.write("\n" if number else "")
            self.write("".join(f"{indent}{line}\n" for line in wrapped(paragraph, self.width - self.current_indent)))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _COLUMN, col_spacing: int = 2) -> None:
        """Options or commands with what they are, in two columns."""
        rows = list(rows)
        indent = " " * self.current_indent
        first = min(max((cell_len(term) for term, _ in rows), default=0), col_max) + col_spacing
        rest = self.width - self.current_indent
        for term, words in rows:
            lines = wrapped(words, max(rest - first, 10))
            if cell_len(term) <= first - col_spacing and lines:
                self.write(f"{indent}{term}{' ' * (first - cell_len(term))}{lines.pop(0)}\n")
            else:
                own = wrapped(term, rest - 2)
                self.write("".join(f"{indent}{'  ' if number else ''}{line}\n" for number, line in enumerate(own)))
            self.write("".join(f"{indent}{' ' * first}{line}\n" for line in lines))


class HelpContext(click.Context):
    """A context whose help is written so."""

    formatter_class = HelpFormatter
