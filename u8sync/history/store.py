"""The folder of runs: ``runs/<run id>/run.json`` and what lies beside it.

What does not live here: what an entry says (``u8sync/domain/run_entry.py``) and when it is written (``bootstrap``).
The idea: an entry is a small file that is whole or not there, and a folder that somebody spoilt is told, not fatal:
the history proves nothing, the audit log does. A clock that was once years ahead must cost it nothing either: its
entries hide no real run, and nothing is cleared away by the word of such a clock alone.
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

AHEAD: Final = timedelta(minutes=2)
"""So far may a run have begun in the future: clocks of one site differ by less."""

AGREED: Final = timedelta(days=7)
"""A run that began so long ago says that the clock may be believed."""

_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True)
class History:
    """What the folder holds.

    Attributes:
        entries: Oldest first; before them those from the future, whose time nobody knows.
        problems: Entries that cannot be read, one sentence each.
        ahead: Of the entries, those from the future: the clock was ahead then, or is behind now.
    """

    entries: tuple[RunEntry, ...]
    problems: tuple[Message, ...]
    ahead: tuple[RunEntry, ...] = ()

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


def read_history(folder: Path, most: int | None = None, *, now: datetime | None = None) -> History:
    """The entries in a folder. A folder that is not there holds none.

    Args:
        folder: The folder of runs.
        most: Only so many, the newest, and those from the future; null: all.
        now: The present instant, aware, by which an entry is from the future; null: none is.
    """
    found = runs_in(folder)
    future = [] if now is None else [own for own in found if own.name[:16] > _named(now + AHEAD)]
    past = found[: len(found) - len(future)]
    entries, problems = [], []
    for own in [*future, *(past if most is None else past[-most:])]:
        try:
            entries.append(msgspec.json.decode(_bytes_of(own / ENTRY), type=RunEntry))
        except FileNotFoundError:
            continue  # a run that is just beginning, or one that could not write
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            problems.append(msg("{path} cannot be read: {why}", path=str(own / ENTRY), why=str(error)))
    entries.sort(key=lambda one: (one.started_at, one.run_id))
    ahead = [] if now is None else [one for one in entries if one.started_at > now + AHEAD]
    return History((*ahead, *entries[: len(entries) - len(ahead)]), tuple(problems), tuple(ahead))


def _bytes_of(path: Path) -> bytes:
    """The bytes of a file; a pipe in its place would keep a reader waiting for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return path.read_bytes()


def prune(folder: Path, keep_days: int, now: datetime) -> None:
    """Remove the folders of runs that began more than ``keep_days`` ago. Raises OSError when one cannot be removed.

    A clock that is far ahead would make everything old. So time counts as gone by only as far as the runs bear it out:
    up to :data:`AGREED` after the newest run that is at least as old as that (half of ``keep_days`` where that is
    less). With runs that come regularly this is the present.
    """
    agreed = min(AGREED, timedelta(days=keep_days) / 2)
    found = runs_in(folder)
    earlier = [own.name for own in found if own.name[:16] <= _named(now - agreed)]
    if not earlier:
        return
    gone_by = min(now, _began(earlier[-1]) + agreed)
    oldest = _named(gone_by - timedelta(days=keep_days))
    for own in found:
        if own.name < oldest:
            # Runs of a fleet share the folder and clear up at the same time: what is gone already is as it should be.
            with suppress(FileNotFoundError):
                shutil.rmtree(own)


def _named(instant: datetime) -> str:
    """How the name of a run begins that began at this instant."""
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _began(name: str) -> datetime:
    """When a run of this name began, to the second."""
    return datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def runs_in(folder: Path) -> Sequence[Path]:
    """Folders of runs, oldest first; whatever else lies there is left alone."""
    try:
        return sorted(path for path in folder.iterdir() if _RUN_ID.fullmatch(path.name) and path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
