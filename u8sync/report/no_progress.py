"""Progress that nobody watches: of a run by night, into a file or a pipe. Apart from bars, which need a library."""

from __future__ import annotations

from u8sync.text import Message

__all__ = ["NoProgress"]


class NoProgress:
    """Shows nothing."""

    def start(self, step: Message, total: int | None) -> None:
        """Nothing."""

    def advance(self, units: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""
