"""The note that says since when, and by what, runs are started by themselves: one small file beside the history.

The operating system is asked what is really set up; the note adds what it does not tell: since when nights can have
been missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from u8sync.scheduling.task import Kind

__all__ = ["Installed", "forget_installed", "read_installed", "write_installed"]

_NOTE: Final = "schedule.json"


@dataclass(frozen=True)
class Installed:
    """What was set up.

    Attributes:
        kind: For which scheduler.
        name: Of the task, the units or the block.
        since: When, aware UTC.
    """

    kind: Kind
    name: str
    since: datetime


def read_installed(folder: Path) -> Installed | None:
    """What was set up; null: nothing, or the note is spoilt."""
    try:
        return msgspec.json.decode((folder / _NOTE).read_bytes(), type=Installed)
    except (OSError, msgspec.DecodeError):
        return None


def write_installed(folder: Path, installed: Installed) -> None:
    """Leave the note. Raises OSError when it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NOTE).write_bytes(msgspec.json.encode(installed))


def forget_installed(folder: Path) -> None:
    """Take the note away. Raises OSError when it cannot be removed."""
    (folder / _NOTE).unlink(missing_ok=True)
