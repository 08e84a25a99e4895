"""What ``doctor`` and ``accounts`` found, on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.ports import AccountSetFound, Check, CheckStatus, DatabaseFound
from u8sync.report.figures import clean
from u8sync.report.terminal.blocks import Writer
from u8sync.text import Message, Translate, msg

__all__ = ["account_sets_view", "check_view", "checks_summary"]

_VERDICTS: Final[Mapping[CheckStatus, tuple[str, Message, str]]] = {
    "ok": ("+", msg("ok"), ""),
    "warning": ("!", msg("warning"), "yellow"),
    "failure": ("x", msg("failure"), "bold red"),
}
"""Sign, word and colour; the colour says nothing that the others do not."""


def check_view(check: Check, translate: Translate) -> RenderableType:
    """One finding: the verdict, what was looked at and found, and below it what to do.

    Print it with ``crop=False``: a script may be wider than the console.
    """
    write = Writer(translate)
    sign, word, style = _VERDICTS[check.status]
    verdict = Text(f"{sign} {write.say(word)}", style=style)
    first = Text.assemble(verdict, f"  {write.say(check.topic)}: {write.say(check.found)}", overflow="fold")
    parts: list[RenderableType] = [first]
    if check.hint is not None:
        parts.append(write.line(check.hint, indent=4))
    if check.script is not None:
        # Not folded: a statement that is broken in the middle of a name cannot be pasted.
        lines = "\n".join(f"    {clean(line)}" for line in check.script.splitlines())
        parts.append(Text(lines, no_wrap=True, overflow="ignore"))
    return Group(*parts)


def checks_summary(checks: Sequence[Check], translate: Translate) -> RenderableType:
    """How many checks ended how."""
    counts = Counter(check.status for check in checks)
    return Writer(translate).line(
        msg(
            "{ok} ok, {warnings} warning(s), {failures} failure(s). Nothing was written.",
            ok=counts["ok"],
            warnings=counts["warning"],
            failures=counts["failure"],
        ),
        above=1,
    )


def account_sets_view(found: Sequence[AccountSetFound], translate: Translate) -> RenderableType:
    """The account sets, one database a line, and below them what could not be seen."""
    write = Writer(translate)
    notes = dict.fromkeys(write.say(note) for one in found for note in one.notes)
    return Group(
        write.table(
            [
                (msg("Account set"), "left"),
                (msg("Name"), "left"),
                (msg("Database"), "left"),
                (msg("Years"), "left"),
            ],
            ((one.code, one.name, database.name, _years(database)) for one in found for database in one.databases),
        ),
        *(write.line(f"- {note}") for note in notes),
    )


def _years(database: DatabaseFound) -> Message | str | None:
    if database.first_year is None:
        return None
    if database.last_year is None:
        return msg("since {year}", year=database.first_year)
    if database.last_year == database.first_year:
        return str(database.first_year)
    return msg("{start} to {end}", start=database.first_year, end=database.last_year)
