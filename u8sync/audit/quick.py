"""Whether a log is whole, as quickly as it can be told: every line is read, parsed, compared and hashed once.

What lives here: yes or no. What does not: which record is wrong and how; that is for the slow check of
``verification.py``, which is asked only when this one says no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from u8sync.audit.chain import LINE_LIMIT, has_fields, read, write
from u8sync.audit.findings import Base, Fault, Verification
from u8sync.audit.merkle import Frontier
from u8sync.audit.seals import SEALS, Seals
from u8sync.audit.story import Story
from u8sync.ports import Head
from u8sync.text import Message

__all__ = ["Check"]


class Check:
    """The state of a check, segment by segment; a writer goes on with what it knows at the end.

    Attributes:
        tree: Over all records so far.
        seals: Keys and checkpoints so far.
        story: Runs and changes so far.
        last_hash: Hash of the last record.
    """

    def __init__(self, head: Head | None, base: Base, seals: Seals) -> None:
        self.tree = Frontier(base.count, base.frontier)
        self.seals = seals
        self.story = Story(base)
        self._head = head
        self._base = base
        self.last_hash = base.hash
        self._torn = 0
        self._faults: list[Fault] = []
        self._met_head = head is not None and head == Head(base.count, base.hash)

    def take_segment(self, name: str, chunks: Iterable[list[bytes]]) -> bool:
        """Read the lines of one segment, each with its LF; false when the chain is not whole."""
        number = 0
        for chunk in chunks:
            if self._torn or not self._take(name, number, chunk):
                return False
            number += len(chunk)
        return not self._torn or number > 0

    def _take(self, name: str, number: int, chunk: list[bytes]) -> bool:
        # One line costs a few microseconds: everything that the loop uses is at hand, and nothing is made in it.
        sha256, append = hashlib.sha256, self.tree.append
        story, seals, own_hash = self.story.take, self.seals, self.last_hash
        seq, watched = self.tree.size, self._head.count if self._head else -1
        try:
            for line in chunk:
                data = line[:-1]
                if line[-1:] != b"\n":
                    # Only the very last line may have no end, and only if it was never said to be durable.
                    self._torn = len(line)
                    return self._head is not None and self._head.count < seq + 1
                if len(line) > LINE_LIMIT:
                    return False
                record = read(data)
                seq += 1
                number += 1
                if write(record) != data or record["prev"] != own_hash or record["seq"] != seq:
                    return False
                if not has_fields(record):
                    return False
                if seals.next_outside == seq - 1:
                    self._note(name, number, seq - 1, seals.pass_outside(seq - 1, self.tree.root()))
                if record["type"] in SEALS:
                    self._note(name, number, seq, seals.take(record, self.tree.root))
                digest = sha256(b"\0" + data)
                own_hash = digest.hexdigest()
                append(digest.digest())
                story(name, number, record)
                if seq == watched:
                    self._met_head = own_hash == self._head.hash  # type: ignore[union-attr]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
            return False
        finally:
            self.last_hash = own_hash
        return True

    def _note(self, name: str, number: int, seq: int, message: Message | None) -> None:
        if message is not None:
            self._faults.append(Fault(name, number, seq, message))

    def finish(self, *, segments: int) -> Verification | None:
        """The findings; null when the head file does not agree with the log, and the slow check must say why."""
        size = self.tree.size
        if not self._met_head and (self._head is not None or size > self._base.count):
            return None
        if self.seals.next_outside == size:
            self._note("", 0, size, self.seals.pass_outside(size, self.tree.root()))
        faults = (
            *self.story.faults,
            *self._faults,
            *(Fault("", 0, None, message) for message in (*self.story.end(), *self.seals.end(size))),
        )
        return Verification(
            records=size - self._base.count,
            segments=segments,
            head=Head(size, self.last_hash),
            faults=faults,
            open_intents=() if faults else self.story.open_intents,
            runs=len(self.story.runs),
            torn=self._torn,
            base=self._base,
            root=b"" if faults else self.tree.root(),
            frontier=() if faults else tuple(self.tree.hashes),
            signed=self.seals.signed(),
        )
