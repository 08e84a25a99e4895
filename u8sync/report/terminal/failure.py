"""An error on the terminal, with the place in the file that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.errors import ConfigError, Problem, U8SyncError
from u8sync.report.terminal.blocks import Writer
from u8sync.text import Place, Translate, msg

__all__ = ["error_view"]

BEFORE: Final = 30
AFTER: Final = 30
"""So many characters of a line are shown on either side of the place; twice as many cells when they are Chinese."""


def error_view(error: U8SyncError, source_line: Callable[[Place], str | None], translate: Translate) -> RenderableType:
    """An error: what is wrong, where, the line with a mark under the place, and what to do next.

    Args:
        error: The error; one about a file shows every problem of the file.
        source_line: The line of the file that a place stands in, without its line end; null when it cannot be read.
        translate: The language.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [write.title(msg("Error: {what}", what=error.message))]
    if isinstance(error, ConfigError):
        for problem in error.problems:
            parts += _problem(problem, error.file, source_line, write)
        parts.append(Text(""))
    if error.hint is not None:
        parts.append(write.line(error.hint))
    return Group(*parts)


def _problem(
    problem: Problem, file: str, source_line: Callable[[Place], str | None], write: Writer
) -> Iterator[RenderableType]:
    place = problem.place
    yield write.heading(f"{place or file}: {write.say(problem.message)}")
    line = source_line(place) if place is not None else None
    if place is not None and line is not None:
        yield _pointed(line, place)
    if problem.hint is not None:
        yield write.line(problem.hint, indent=2)


def _pointed(line: str, place: Place) -> Text:
    """The line and a caret under the column; Chinese characters take two cells."""
    visible = "".join(char if char.isprintable() or char == "\u3000" else " " for char in line)
    at = min(place.column - 1, len(visible))
    start = max(0, at - BEFORE)
    before, after = visible[start:at], visible[at : at + AFTER]
    margin = " " * (len(str(place.line)) + 2)
    return Text(
        f"  {place.line} | {before}{after}".rstrip() + f"\n{margin} | {' ' * cell_len(before)}^",
        no_wrap=True,
        overflow="ignore",
    )
