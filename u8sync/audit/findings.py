"""What a check of a log reads and finds."""

from __future__ import annotations

from dataclasses import dataclass

from u8sync.audit.form import GENESIS
from u8sync.ports import Head, Json
from u8sync.text import Message

__all__ = ["Base", "Fault", "Line", "Signed", "Verification"]


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
class Base:
    """Where a log begins whose older segments were moved away; the record ``archived`` says the same.

    Attributes:
        segments: Number of the last segment that was moved; 0: the log begins at its beginning.
        count: Records up to there.
        hash: Hash of the last one.
        frontier: The tree over them, see :class:`u8sync.audit.merkle.Frontier`.
        key: The public key that signs from there on; null: none yet.
        run: The run that is open there; null: none.
        waiting: Names of the changes whose end is recorded only after that.
    """

    segments: int = 0
    count: int = 0
    hash: str = GENESIS
    frontier: tuple[bytes, ...] = ()
    key: str | None = None
    run: str | None = None
    waiting: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Json]:
        """As it stands in the record and in the file."""
        return {
            "segments": self.segments,
            "count": self.count,
            "hash": self.hash,
            "frontier": [one.hex() for one in self.frontier],
            "key": self.key,
            "run": self.run,
            "waiting": list(self.waiting),
        }


@dataclass(frozen=True)
class Signed:
    """What signatures prove of a log.

    Attributes:
        checkpoints: Number of checkpoint records, all of them right when the log has no fault.
        upto: Number of the last record that a checkpoint covers whose key is accepted; 0: none.
        key: The key that signs now, as text; null when the log names none.
        trusted: Whether somebody outside vouches for the key of that checkpoint: a key that was given, or one that such
            a key handed over to.
        outside: Number of the last record that a checkpoint kept outside proves; 0: none was given.
        notes: What is no fault, and a person should know.
    """

    checkpoints: int = 0
    upto: int = 0
    key: str | None = None
    trusted: bool = False
    outside: int = 0
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Verification:
    """What a check of a log found.

    Attributes:
        records: Number of lines read.
        segments: Number of segment files read.
        head: Where the log ends.
        faults: In the order of the log; empty: the log is whole.
        open_intents: Names of the changes of which no end is recorded, oldest first.
        runs: Number of runs.
        torn: Bytes of a last line that was never finished; 0: none.
        base: Where the reading began.
        root: Head of the Merkle tree over all records, those before ``base`` too; empty when there are faults.
        frontier: The tree itself, for a writer that goes on; empty when there are faults.
        signed: What signatures prove.
    """

    records: int
    segments: int
    head: Head
    faults: tuple[Fault, ...]
    open_intents: tuple[str, ...]
    runs: int
    torn: int
    base: Base = Base()
    root: bytes = b""
    frontier: tuple[bytes, ...] = ()
    signed: Signed = Signed()

    @property
    def trustworthy(self) -> int:
        """Number of the last record before the first fault; 0 when the log as a whole is in doubt."""
        return min((fault.seq or 1 for fault in self.faults), default=self.head.count + 1) - 1

    @property
    def unsigned(self) -> int:
        """Number of records after the last checkpoint, its own record not counted."""
        return max(self.head.count - self.signed.upto - (1 if self.signed.upto else 0), 0)
