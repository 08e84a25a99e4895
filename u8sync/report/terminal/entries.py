"""The history of runs on the terminal: a table of them, everything about one, and where its time went.

What the audit log proves of a run is another view: ``history.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.run_entry import RunEntry, StepTime
from u8sync.domain.status import Fate
from u8sync.report.figures import duration, percent
from u8sync.report.language import Language, words_of
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.words import GUARD_NAMES, LOGGED, audit_words, tier_name
from u8sync.text import Message, Translate, msg

__all__ = ["FATES", "count_words", "end_words", "entries_view", "entry_view", "local", "timings_view"]

_ENDS: Final[dict[int, Message]] = {
    0: msg("well"),
    1: msg("an error that nobody foresaw"),
    2: msg("not all of it was done"),
    3: msg("another run was at work"),
    4: msg("a guard stopped it; nothing was written"),
    5: msg("its plan was not true any more; nothing was written"),
    65: msg("a file or a value that people gave cannot be used"),
    69: msg("U8 could not be reached, or not be used"),
    74: msg("the audit log could not be written or trusted"),
    75: msg("it was stopped, or U8 was busy"),
    78: msg("refused by policy"),
}
"""Exit code -> what it means, in a few words."""

FATES: Final[dict[Fate, Message]] = {
    "at_work": msg("at work"),
    "died": msg("DIED: no end is recorded"),
    "unknown": msg("no end is recorded: it is at work, or died"),
}
"""What is said of a run that has said no end."""


RUN_ID: Final = 23
"""Width of a run's name."""


def end_words(entry: RunEntry, fate: Fate) -> Message:
    """How a run ended, in a few words."""
    if fate != "ended" or entry.exit_code is None:
        return FATES.get(fate, FATES["unknown"])
    return _ENDS.get(entry.exit_code, msg("exit code {code}", code=entry.exit_code))


def entries_view(entries: Sequence[tuple[RunEntry, Fate]], translate: Translate, *, zone: tzinfo) -> RenderableType:
    """One run a line, in the order given; times are those of the zone, to the minute."""
    write = Writer(translate)
    return write.table(
        [
            (msg("Run"), "left"),
            (msg("Began"), "left"),
            (msg("Duration"), "right"),
            (msg("Account set"), "left"),
            (msg("Planned"), "right"),
            (msg("In U8"), "right"),
            (msg("Not in U8"), "right"),
            (msg("Exit code"), "right"),
            (msg("How it ended"), "left"),
        ],
        (
            (
                entry.run_id,
                f"{entry.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
                None if entry.duration is None else duration(max(entry.duration, timedelta())),
                entry.account_set,
                count_words(entry.planned),
                count_words(entry.in_place) if entry.endings else None,
                count_words(entry.not_in_place) if entry.endings else None,
                count_words(entry.exit_code),
                _remarked(entry, fate),
            )
            for entry, fate in entries
        ),
        first=RUN_ID,
    )


def _remarked(entry: RunEntry, fate: Fate) -> Message:
    """How a run ended, and that there is more to see."""
    words = end_words(entry, fate)
    if entry.troubles:
        return msg("{words}; troubles: {count}", words=words, count=len(entry.troubles))
    return words


def entry_view(
    entry: RunEntry, fate: Fate, translate: Translate, language: Language, *, zone: tzinfo, folder: str
) -> RenderableType:
    """Everything about one run; ``folder`` is where its files lie."""
    write = Writer(translate)
    rows: list[tuple[Message, Cell]] = [
        (msg("How it ended"), end_words(entry, fate)),
        (msg("Exit code"), count_words(entry.exit_code)),
        (msg("Began ({zone})", zone=str(zone)), local(entry.started_at, zone)),
        (msg("Duration"), None if entry.duration is None else duration(max(entry.duration, timedelta()))),
        *([(msg("Meant to start"), local(entry.scheduled_for, zone))] if entry.scheduled_for else []),
        (msg("What"), entry.command),
        (msg("Computer"), msg("{host}, process {pid}", host=entry.host, pid=entry.pid)),
        (msg("Operating-system user"), entry.user),
        (msg("Configuration"), entry.config),
        (msg("Account set"), " ".join(filter(None, (entry.account_set, entry.account_set_name))) or None),
        (msg("Last day of the window"), None if entry.as_of is None else entry.as_of.isoformat()),
        (msg("Customers"), count_words(entry.customers)),
        (msg("Planned changes"), count_words(entry.planned)),
        *([(msg("Waiting for approval"), count_words(entry.waiting))] if entry.waiting is not None else []),
        *(
            (LOGGED.get(status, Message("{status}", {"status": status})), count_words(count))
            for status, count in entry.endings.items()
        ),
        *([(msg("Settled for earlier runs"), count_words(entry.settled))] if entry.settled else []),
        (
            msg("Audit log"),
            None
            if entry.audit_count is None or entry.audit_hash is None
            else audit_words(entry.audit_count, entry.audit_hash),
        ),
    ]
    parts: list[RenderableType] = [write.title(msg("Run {run}", run=entry.run_id)), write.facts(rows)]
    if entry.error is not None:
        parts += [write.heading(msg("Error")), write.line(words_of(entry.error, language))]
        if entry.hint is not None:
            parts.append(write.line(words_of(entry.hint, language), indent=2))
    if entry.troubles:
        parts.append(write.heading(msg("Troubles around it; U8 holds what the run says")))
        parts += [write.line(words_of(trouble, language)) for trouble in entry.troubles]
    if entry.guards:
        parts += [write.heading(msg("Guards")), _guards(entry, write, language)]
    if entry.moves:
        parts += [write.heading(msg("Tier changes planned")), _moves(entry, write)]
    if entry.steps:
        parts += [write.heading(msg("Where the time went")), timings_view(entry.steps, translate, language)]
    if entry.files:
        parts += [
            write.heading(msg("Files in {folder}", folder=folder)),
            write.facts((Message("{name}", {"name": name}), file) for name, file in entry.files.items()),
        ]
    return Group(*parts)


def _guards(entry: RunEntry, write: Writer, language: Language) -> RenderableType:
    names: dict[str, Message] = {str(name): words for name, words in GUARD_NAMES.items()}
    return write.table(
        [(msg("Guard"), "left"), (msg("Verdict"), "left"), (msg("Found"), "left")],
        (
            (
                names.get(guard.guard, guard.guard),
                msg("ok") if guard.ok else msg("allowed") if guard.allowed else msg("STOPPED"),
                words_of(guard.message, language),
            )
            for guard in entry.guards
        ),
    )


def _moves(entry: RunEntry, write: Writer) -> RenderableType:
    return write.table(
        [(msg("From"), "left"), (msg("To"), "left"), (msg("Customers"), "right")],
        ((tier_name(was), tier_name(becomes), count_words(count)) for was, becomes, count in entry.moves),
    )


def timings_view(steps: Sequence[StepTime], translate: Translate, language: Language) -> RenderableType:
    """Where the time of a run went: its steps, which together are its duration."""
    write = Writer(translate)
    whole = sum((step.seconds for step in steps), Decimal())
    rows: list[Sequence[Cell]] = [
        (words_of(step.name, language), f"{step.seconds:,.3f}", percent(step.seconds, whole)) for step in steps
    ]
    return write.table(
        [(msg("Step"), "left"), (msg("Seconds"), "right"), (msg("Share, %"), "right")],
        [*rows, (msg("Together"), f"{whole:,.3f}", percent(whole, whole))],
    )


def local(instant: datetime, zone: tzinfo) -> str:
    """An instant as a clock in the zone shows it."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def count_words(number: int | None) -> str | None:
    """A number as tables show it."""
    return None if number is None else f"{number:,}"
