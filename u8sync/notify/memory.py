"""What people were told last of each installation: one small file beside the history of runs.

It is no evidence and may be deleted: then a trouble is told once more. The idea: rather told twice than not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from u8sync.notify.state import Condition

__all__ = ["FILE", "read_told", "write_told"]

FILE: Final = "notified.json"


def read_told(folder: Path, whose: str) -> Condition | None:
    """The trouble of ``whose`` that was told last and is not over; null: none, or nobody can tell."""
    return _read(folder).get(whose)


def write_told(folder: Path, whose: str, told: Condition | None) -> None:
    """Remember it; what was told of others stays. Raises OSError when it cannot be written."""
    known = {name: one for name, one in _read(folder).items() if name != whose}
    if told is not None:
        known[whose] = told
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FILE}.new"
    part.write_bytes(msgspec.json.encode(known))
    part.replace(folder / FILE)


def _read(folder: Path) -> dict[str, Condition]:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=dict[str, Condition])
    except (OSError, msgspec.DecodeError):
        return {}
