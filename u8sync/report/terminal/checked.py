"""What ``map check`` found in the files that people write, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.errors import Problem
from u8sync.report.terminal.blocks import Writer
from u8sync.report.terminal.failure import Excerpt, problem_lines
from u8sync.text import Message, Translate, msg

__all__ = ["CheckedView", "checked_view"]

CheckedView = tuple[str, str | None, Sequence[Problem], Sequence[Problem]]
"""A file's name, its kind (null when it cannot be told), its problems and its warnings."""

KINDS: Final[Mapping[str, Message]] = {
    "mapping": msg("mapping"),
    "policy": msg("tier policy"),
    "config": msg("configuration"),
    "cases": msg("cases of a mapping"),
    "fleet": msg("fleet of account sets"),
}


def checked_view(files: Sequence[CheckedView], excerpt: Excerpt, translate: Translate) -> RenderableType:
    """Each file with its problems and warnings, each of them with the line it stands in, and how many there are.

    Print it with ``crop=False``: a line of a file may be wider than the console.
    """
    write = Writer(translate)
    parts: list[RenderableType] = []
    for file, kind, problems, warnings in files:
        verdict = msg("ok") if not problems else msg("{count} problem(s)", count=len(problems))
        if warnings:
            verdict = msg("{verdict}, {count} warning(s)", verdict=verdict, count=len(warnings))
        sign = "x" if problems else "!" if warnings else "+"
        name = file if kind is None else f"{file} ({write.say(KINDS.get(kind, kind))})"
        parts.append(write.title(f"{sign} {name}: {write.say(verdict)}"))
        parts += _listed(problems, file, excerpt, write)
        parts += _listed(warnings, file, excerpt, write, label=msg("warning"))
        if problems or warnings:
            parts.append(Text(""))
    total, warned = sum(len(file[2]) for file in files), sum(len(file[3]) for file in files)
    summary = msg(
        "{files} file(s), {problems} problem(s), {warnings} warning(s).",
        files=len(files),
        problems=total,
        warnings=warned,
    )
    return Group(*parts, write.line(summary))


def _listed(
    problems: Sequence[Problem], file: str, excerpt: Excerpt, write: Writer, label: Message | None = None
) -> Iterator[RenderableType]:
    for problem in problems:
        yield from problem_lines(problem, file, excerpt, write, label)
