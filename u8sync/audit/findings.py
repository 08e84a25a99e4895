"""What a check of a log reads and finds."""

from __future__ import annotations

from dataclasses import dataclass

from u8sync.ports import Head
from u8sync.text import Message

__all__ = ["Fault", "Line", "Verification"]


@dataclass(frozen=True)
class Line:
    """One line of a segment.

    Attributes:
        segment: Name of the segment's file.
        number: Its number in that file, from 1.
        data: Its bytes without LF.
        ended: Whether the LF was there.
    """

    segment: str
    number: int
    data: bytes
    ended: bool = True


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a log.

    Attributes:
        segment: The segment's file; empty when the log as a whole is meant.
        line: Line in that file, from 1; 0 when the log as a whole is meant.
        seq: Number of the record that was changed or is missing; null when the log as a whole is meant.
        message: What is wrong.
    """

    segment: str
    line: int
    seq: int | None
    message: Message


@dataclass(frozen=True)
class Verification:
    """What a check of a log found.

    Attributes:
        records: Number of lines read.
        segments: Number of segment files.
        head: Where the log ends.
        faults: In the order of the log; empty: the log is whole.
        open_intents: Names of the changes of which no end is recorded, oldest first.
        runs: Number of runs.
        torn: Bytes of a last line that was never finished; 0: none.
    """

    records: int
    segments: int
    head: Head
    faults: tuple[Fault, ...]
    open_intents: tuple[str, ...]
    runs: int
    torn: int

    @property
    def trustworthy(self) -> int:
        """Number of the last record before the first fault; 0 when the log as a whole is in doubt."""
        return min((fault.seq or 1 for fault in self.faults), default=self.head.count + 1) - 1
