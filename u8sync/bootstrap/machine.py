"""The machine, who works at it and where: the clock, the user, the folder; and what is made of them, the name of a run.

What lives here asks the operating system and nothing else.
"""

from __future__ import annotations

import getpass
import secrets
from datetime import UTC, datetime
from pathlib import Path

from u8sync.ports import Clock

__all__ = ["SystemClock", "new_run_id", "shown", "user_name"]


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


def new_run_id(clock: Clock) -> str:
    """A name for a run that no other has."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def user_name() -> str:
    """The operating-system user; ``?`` where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"


def shown(path: Path) -> str:
    """The path as messages and records show it: relative to the current folder where that is shorter."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
