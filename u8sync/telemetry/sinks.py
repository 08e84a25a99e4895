"""Where lines go: a file of the run's own, and standard error. A sink never fails; it says what kept it from writing.

*Why one file a run and no rotation by renaming*: Windows refuses to rename a file that another process has open, and
two runs at the same time would tear each other's lines. A file that is one run's is removed with the run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

from u8sync.text import Message, msg

__all__ = ["FileSink", "Sink", "StreamSink", "clear_away"]

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)

_PRIORITY: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""Level -> the number by which syslog and systemd's journal know it."""


class Sink(Protocol):
    """Takes lines."""

    def write(self, line: str, *, level: str, last: bool) -> None:
        """Take one line without its end; ``last``: no more will come, so there is always room for it."""

    def close(self) -> None:
        """No more lines will come. Calling it twice is harmless."""


class FileSink:
    """A file that grows to a limit.

    Beyond the limit lines are counted, not written; only a last one still gets in. Each line goes to the system at
    once, so that a process that dies leaves all that it said.

    Args:
        path: The file; its folder is made. It is opened with the first line.
        most_bytes: The limit.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self.path = path
        self.dropped = 0
        self._most = most_bytes
        self._length = 0
        self._descriptor: int | None = None
        self._trouble: Message | None = None
        self._lock = threading.Lock()

    @property
    def troubles(self) -> Iterator[Message]:
        """What kept it from writing everything; nothing when it has."""
        if self._trouble is not None:
            yield self._trouble

    def write(self, line: str, *, level: str, last: bool) -> None:  # noqa: ARG002 - a file keeps all levels alike
        """Append the line; after the first failure nothing more is tried."""
        data = line.encode() + b"\n"
        with self._lock:
            if self._trouble is not None:
                return
            if not last and self._length + len(data) > self._most:
                self.dropped += 1
                return
            try:
                self._append(data)
            except OSError as error:
                why = error.strerror or str(error)
                self._trouble = msg("The run's log cannot be written: {path}: {why}", path=str(self.path), why=why)

    def _append(self, data: bytes) -> None:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, _FLAGS, 0o640)
        self._length += len(data)
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Close the file; what a network drive says only now is a trouble too."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is None:
                return
            try:
                os.close(descriptor)
            except OSError as error:
                why = error.strerror or str(error)
                self._trouble = msg("The run's log cannot be written: {path}: {why}", path=str(self.path), why=why)


class StreamSink:
    """Standard error. Nobody may be at its other end: that is no trouble.

    Args:
        stream: The stream.
        journal: Whether systemd's journal reads it: then each line begins with its priority.
    """

    def __init__(self, stream: IO[str], *, journal: bool) -> None:
        self._stream = stream
        self._journal = journal

    def write(self, line: str, *, level: str, last: bool) -> None:  # noqa: ARG002 - there is always room
        """Print the line."""
        with suppress(OSError, ValueError):
            self._stream.write(f"<{_PRIORITY[level]}>{line}\n" if self._journal else f"{line}\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing: the stream is not ours."""


def clear_away(folder: Path, pattern: str, keep: int) -> None:
    """Remove all but the newest ``keep`` files of a pattern whose names sort by age. Raises OSError."""
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    for path in found[: max(0, len(found) - keep)]:
        path.unlink(missing_ok=True)
