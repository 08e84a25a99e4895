"""What ``tiers check`` found in a policy file, and on the customers, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.domain.policy_findings import Finding
from u8sync.errors import Problem
from u8sync.report.terminal.blocks import Writer
from u8sync.report.terminal.failure import Excerpt, problem_lines
from u8sync.text import Message, Translate, msg

__all__ = ["policy_checked_view"]


def policy_checked_view(
    file: str,
    *,
    problems: Sequence[Problem],
    warnings: Sequence[Problem],
    found: Sequence[Finding],
    seen: Message | None,
    excerpt: Excerpt,
    translate: Translate,
) -> RenderableType:
    """The problems, then the warnings, then what only tells; each with the line it stands in.

    Print it with ``crop=False``: a line of a file may be wider than the console.

    Args:
        file: Name of the file.
        problems: What is wrong with it.
        warnings: What other programs would read otherwise.
        found: What the customers say.
        seen: On which customers it was tried, in words; null: on none.
        excerpt: The line that a place stands in.
        translate: The language.
    """
    write = Writer(translate)
    warned = [*warnings, *(_told(one) for one in found if one.warns)]
    told = [_told(one) for one in found if not one.warns]
    verdict = msg("ok") if not problems else msg("{count} problem(s)", count=len(problems))
    if warned:
        verdict = msg("{verdict}, {count} warning(s)", verdict=verdict, count=len(warned))
    sign = "x" if problems else "!" if warned else "+"
    parts: list[RenderableType] = [write.title(f"{sign} {file}: {write.say(verdict)}")]
    for label, listed in ((None, problems), (msg("warning"), warned), (msg("note"), told)):
        for one in listed:
            parts += problem_lines(one, file, excerpt, write, label)
    if len(parts) > 1:
        parts.append(Text(""))
    unseen = msg("Only the file was looked at, no customer.")
    parts.append(write.line(unseen if seen is None else seen))
    return Group(*parts)


def _told(finding: Finding) -> Problem:
    return Problem(finding.place, finding.message, finding.hint)
