"""The words of a fleet's night for the terminal, the page and the progress: states, the whole, a member's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from u8sync.domain.fleet import FleetSummary, MemberResult, MemberState
from u8sync.domain.run_entry import Told
from u8sync.errors import ExitCode
from u8sync.report.figures import duration
from u8sync.report.words import GUARD_NAMES
from u8sync.text import Message, listed, msg

__all__ = ["STATES", "counts_words", "duration_words", "number", "remark", "standing", "told_message", "who"]

STATES: Final[Mapping[MemberState, Message]] = {
    "done": msg("done"),
    "pending": msg("changes pending"),
    "partly": msg("partly done"),
    "blocked": msg("stopped by a guard"),
    "failed": msg("failed"),
    "not_run": msg("not run"),
}

_GUARDS: Final[Mapping[str, Message]] = {str(name): words for name, words in GUARD_NAMES.items()}


def told_message(told: Told | None, language: str) -> str | None:
    """A sentence that was kept in both languages, in one of them."""
    return None if told is None else told.zh if language == "zh" else told.en


def counts_words(summary: FleetSummary) -> Message:
    """How many members ended how."""
    counts = summary.counts
    parts = [
        msg("{state}: {count}", state=words, count=f"{counts[state]:,}")
        for state, words in STATES.items()
        if counts.get(state)
    ]
    return listed(parts, ", ")


def standing(summary: FleetSummary) -> tuple[Literal["ok", "wait", "stop"], Message]:
    """Where things stand, in one sentence."""
    total = f"{summary.members:,}"
    match summary.exit_code:
        case ExitCode.DONE if summary.kind == "plan":
            return "ok", msg("Nothing is to be changed in any of {count} account set(s).", count=total)
        case ExitCode.DONE:
            return "ok", msg("All is well in {count} account set(s).", count=total)
        case ExitCode.PENDING if set(summary.counts) <= {"done", "pending"}:
            return "wait", msg("Nothing has been written. {counts}.", counts=counts_words(summary))
        case ExitCode.PENDING:
            return "stop", msg("Not all is well: {counts}.", counts=counts_words(summary))
        case ExitCode.TEMPORARY if summary.stopped:
            return "stop", msg("Somebody asked it to stop: {counts}.", counts=counts_words(summary))
        case _:
            return "stop", msg("No account set was carried out: {counts}.", counts=counts_words(summary))


def who(result: MemberResult) -> str | None:
    """The account set as U8 names it; null: it was not reached."""
    if result.account_set is None:
        return None
    return f"{result.account_set} {result.account_set_name or ''}".strip()


def number(value: int | None) -> str | None:
    """A count; null stays null."""
    return None if value is None else f"{value:,}"


def duration_words(result: MemberResult) -> str | None:
    """How long it took; null: not known."""
    return None if result.took is None else duration(result.took)


def remark(result: MemberResult, language: str) -> Message | None:
    """What a person has to know of a member besides its figures; null: nothing."""
    parts: list[Message] = []
    if result.guards:
        parts.append(listed([_GUARDS.get(name, msg("{text}", text=name)) for name in result.guards], ", "))
    error = told_message(result.error, language)
    if error is not None:
        parts.append(msg("{text}", text=error))
    elif result.entry is not None:
        parts += [msg("{text}", text=told_message(trouble, language)) for trouble in result.entry.troubles]
    if result.starts > 1:
        parts.append(msg("begun {times} times, because a worker died", times=result.starts))
    if result.entry is not None and result.entry.settled:
        parts.append(msg("{count} change(s) of an earlier run settled", count=f"{result.entry.settled:,}"))
    return listed(parts) if parts else None
