"""What ``u8sync init`` says at its end: what was written, and what to do next, in order, with the exact commands."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from u8sync.cli.session import Session
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from u8sync.cli.setup.trying import Trial
    from u8sync.report.first_mapping import Draft

__all__ = ["say_next", "say_what_was_written", "warn_of_folder"]

_CLEANED: Final = frozenset({"temp", "tmp", "cache", ".cache", "downloads", "$recycle.bin", "inetcache"})
"""Names of folders that people and programs clean up."""


def warn_of_folder(session: Session, folder: Path) -> None:
    """Say so when the audit log would lie where things are cleaned up."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links that need not be there
    temporary = Path(tempfile.gettempdir()).absolute()
    if whole.is_relative_to(temporary) or _CLEANED & {part.lower() for part in whole.parts}:
        session.note(
            msg(
                "Careful: {folder} looks like a place that is cleaned up, and the audit log must stay for good. Name"
                " another one under 'audit:' in the configuration before the first run.",
                folder=str(whole),
            )
        )


def say_what_was_written(session: Session, folder: Path, draft: Draft, kept: Sequence[Path]) -> None:
    """The files, what the mapping came from, and where old files are."""
    account = draft.account_set
    session.out.print()
    session.say(
        msg(
            "Written in {folder}: config.yaml, mappings/customer.yaml and mappings/tiers.yaml, for account set {code}"
            " {name} with {customers:,} customers.",
            folder=str(folder.absolute()),
            code=account.code,
            name=account.name,
            customers=draft.customers,
        )
    )
    if draft.tier is not None:
        session.say(msg("The recommended tier goes into {column}.", column=draft.tier.column))
    tables = (draft.management_types, draft.classes)
    untold = sum(table.untold for table in tables if table is not None)
    if untold:
        from u8sync.report.first_mapping import TO_DO

        session.say(
            msg("Codes that wait for their meaning: {count}. Look for {mark} in the file.", count=untold, mark=TO_DO)
        )
    if kept:
        session.say(msg("The old files are kept: {files}", files=", ".join(str(path) for path in kept)))


def say_next(session: Session, config: Path, trial: Trial, *, planned: bool) -> None:
    """What to do next."""
    session.out.print()
    session.say(msg("Next, in this order:"))
    for number, (what, command) in enumerate(_steps(config, trial, planned=planned), 1):
        session.say(msg("{number}. {what}", number=number, what=what))
        if command is not None:
            session.out.print(f"   {command}", markup=False, highlight=False, soft_wrap=True)


def _steps(config: Path, trial: Trial, *, planned: bool) -> Iterator[tuple[Message, str | None]]:
    option = "" if config == Path("config.yaml") else f" --config {_quoted(str(config))}"
    if trial.secret is not None and trial.secret.typed and "secret_env" in trial.answers:
        yield (
            msg("Set the environment variable {name} where u8sync runs.", name=trial.answers["secret_env"]),
            None,
        )
    if not planned:
        yield msg("Mend what was named above, then check everything."), f"u8sync doctor{option}"
    yield msg("Look at the whole plan."), f"u8sync plan --all{option}"
    yield (
        msg("Look at one customer: why it gets its tier."),
        f"u8sync explain CODE{option}",
    )
    yield (
        msg("The first run writes to U8. If a guard stops it, read why, and let that one guard pass with a reason."),
        f"u8sync run{option}",
    )
    yield msg("Every night from then on."), f"u8sync schedule install{option}"
    yield msg("Have the report sent to you."), f"u8sync notify test{option}"


def _quoted(path: str) -> str:
    """As cmd.exe, PowerShell and POSIX shells alike take it, for a path without quotes in it."""
    return path if all(character.isalnum() or character in "._-/\\:" for character in path) else f'"{path}"'
