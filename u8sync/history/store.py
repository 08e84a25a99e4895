"""The folder of runs: ``runs/<run id>/run.json`` and what lies beside it.

What does not live here: what an entry says (``u8sync/domain/run_entry.py``) and when it is written (``bootstrap``).
The idea: an entry is a small file that is whole or not there, and a folder that somebody spoilt is told, not fatal:
the history proves nothing, the audit log does.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

import msgspec

from u8sync.domain.canonical import Json
from u8sync.domain.run_entry import RunEntry
from u8sync.text import Message, msg

__all__ = [
    "ENTRY",
    "History",
    "entry_json",
    "prune",
    "read_history",
    "run_folder",
    "runs_in",
    "write_entry",
    "write_whole",
]

ENTRY: Final = "run.json"
"""Name of the entry in its run's folder."""

_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True)
class History:
    """What the folder holds.

    Attributes:
        entries: Oldest first.
        problems: Entries that cannot be read, one sentence each.
    """

    entries: tuple[RunEntry, ...]
    problems: tuple[Message, ...]

    @property
    def last(self) -> RunEntry | None:
        """The newest entry; null: there is none."""
        return self.entries[-1] if self.entries else None


def run_folder(folder: Path, run_id: str) -> Path:
    """The folder of one run."""
    return folder / run_id


def write_entry(folder: Path, entry: RunEntry) -> None:
    """Write an entry in the place of the run's earlier one. Raises OSError when it cannot be written."""
    write_whole(run_folder(folder, entry.run_id) / ENTRY, entry)


def write_whole(path: Path, value: object) -> None:
    """Write a plain value as JSON: the whole file or nothing. Raises OSError when it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.new")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
    part.replace(path)


def entry_json(entry: RunEntry) -> dict[str, Json]:
    """An entry as its file holds it."""
    return cast("dict[str, Json]", msgspec.json.decode(msgspec.json.encode(entry)))


def read_history(folder: Path, most: int | None = None) -> History:
    """The entries in a folder: the newest ``most``, all when null. A folder that is not there holds none."""
    found = runs_in(folder)
    entries, problems = [], []
    for own in found if most is None else found[-most:]:
        try:
            entries.append(msgspec.json.decode(_bytes_of(own / ENTRY), type=RunEntry))
        except FileNotFoundError:
            continue  # a run that is just beginning, or one that could not write
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            problems.append(msg("{path} cannot be read: {why}", path=str(own / ENTRY), why=str(error)))
    return History(tuple(sorted(entries, key=lambda one: (one.started_at, one.run_id))), tuple(problems))


def _bytes_of(path: Path) -> bytes:
    """The bytes of a file; a pipe in its place would keep a reader waiting for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return path.read_bytes()


def prune(folder: Path, keep_days: int, now: datetime) -> None:
    """Remove the folders of runs that began more than ``keep_days`` ago. Raises OSError when one cannot be removed."""
    oldest = f"{now.astimezone(UTC) - timedelta(days=keep_days):%Y%m%dT%H%M%SZ}"
    for own in runs_in(folder):
        if own.name < oldest:
            # Runs of a fleet share the folder and clear up at the same time: what is gone already is as it should be.
            with suppress(FileNotFoundError):
                shutil.rmtree(own)


def runs_in(folder: Path) -> Sequence[Path]:
    """Folders of runs, oldest first; whatever else lies there is left alone."""
    try:
        return sorted(path for path in folder.iterdir() if _RUN_ID.fullmatch(path.name) and path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
