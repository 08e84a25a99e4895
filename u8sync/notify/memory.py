"""What people were told last: one small file beside the history of runs.

It is no evidence and may be deleted: then a trouble is told once more. The idea: rather told twice than not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from u8sync.notify.state import Condition

__all__ = ["FILE", "read_told", "write_told"]

FILE: Final = "notified.json"


def read_told(folder: Path) -> Condition | None:
    """The trouble that was told last and is not over; null: none, or nobody can tell."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Condition | None)
    except (OSError, msgspec.DecodeError):
        return None


def write_told(folder: Path, told: Condition | None) -> None:
    """Remember it. Raises OSError when it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FILE}.new"
    part.write_bytes(msgspec.json.encode(told))
    part.replace(folder / FILE)
