"""An error on the terminal, with the place in the file that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.errors import ConfigError, Problem, U8SyncError
from u8sync.report.terminal.blocks import Writer
from u8sync.text import Message, Place, Translate, msg

__all__ = ["Excerpt", "error_view", "problem_lines"]

Excerpt = Callable[[Place], tuple[str, str] | None]
"""The line of a place and a caret under it, for fixed width."""


def error_view(error: U8SyncError, excerpt: Excerpt, translate: Translate) -> RenderableType:
    """An error: what is wrong, where, the line with a mark under the place, and what to do next.

    Args:
        error: The error; one about a file shows every problem of the file.
        excerpt: The line that a place stands in, and a line with a caret under it; null when it cannot be read.
        translate: The language.
    """
    write = Writer(translate)
    parts: list[RenderableType] = [write.title(msg("Error: {what}", what=error.message))]
    if isinstance(error, ConfigError):
        for problem in error.problems:
            parts += problem_lines(problem, error.file, excerpt, write)
        parts.append(Text(""))
    if error.hint is not None:
        parts.append(write.line(error.hint))
    return Group(*parts)


def problem_lines(
    problem: Problem, file: str, excerpt: Excerpt, write: Writer, label: Message | None = None
) -> Iterator[RenderableType]:
    """One problem with its place, the line it stands in and what to do; ``label`` says what it is, if not an error."""
    place = problem.place
    words = write.say(problem.message) if label is None else f"{write.say(label)}: {write.say(problem.message)}"
    yield write.heading(f"{place or file}: {words}")
    shown = excerpt(place) if place is not None else None
    if place is not None and shown is not None:
        margin = " " * len(str(place.line))
        pointed = f"  {place.line} | {shown[0].rstrip()}\n  {margin} | {shown[1]}"
        yield Text(pointed, no_wrap=True, overflow="ignore")
    if problem.hint is not None:
        yield write.line(problem.hint, indent=2)
