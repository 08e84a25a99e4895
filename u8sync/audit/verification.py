"""Which record of a log is wrong, and how. Pure: lines in, findings out.

What lives here: the slow check, asked when the quick one of ``quick.py`` says that the chain is not whole. Checkpoints
are not looked at: where the chain is broken, it tells more.

The idea: when the link between two lines is broken, one of them was changed, and the lines around tell which. If the
later line is itself linked to by its successor, it stands as it was written, and the earlier one was changed; if not,
the later one was. The head, kept in a file of its own, is the successor of the last line.
"""

from __future__ import annotations

from collections.abc import Iterable

from u8sync.audit.chain import GENESIS, link, parse
from u8sync.audit.findings import Base, Fault, Line, Verification
from u8sync.audit.story import Story
from u8sync.ports import Head, Record
from u8sync.text import Message, msg

__all__ = ["verify"]


def verify(
    lines: Iterable[Line], head: Head | None, *, segments: int, last: str | None = None, base: Base | None = None
) -> Verification:
    """Check every line, and report all faults.

    Args:
        lines: All lines of all segments in order; only the very last may be without LF.
        head: What the head file says; null when it is missing.
        segments: Number of segment files.
        last: Name of the last one, which alone may end in an unfinished line; null: the one of the last line.
        base: Where the reading begins; null: at the beginning of the log.
    """
    scan = _Scan(head, base or Base())
    waiting: tuple[Line, Record | Message] | None = None
    for line in lines:
        parsed = parse(line.data)
        if waiting is not None:
            scan.take(*waiting, successor=None if isinstance(parsed, Message) else str(parsed["prev"]))
        waiting = (line, parsed)
    torn = 0
    if waiting is not None:
        committed = head is not None and scan.expected <= head.count
        if waiting[0].ended or committed or waiting[0].segment != (last or waiting[0].segment):
            scan.take(*waiting, successor=head.hash if head is not None and committed else None)
        else:
            torn = len(waiting[0].data)
    return scan.finish(segments=segments, torn=torn)


class _Scan:
    """The state of a check, line by line."""

    def __init__(self, head: Head | None, base: Base) -> None:
        self.expected = base.count + 1
        self._base = base
        self._head = head
        self._hash = base.hash
        self._hash_at_head = GENESIS
        self._line_at_head: Line | None = None
        self._count = 0
        self._previous: Line | None = None
        self._damaged: list[tuple[Line, Message]] = []
        self._doubt = False  # the line before was found changed, so the link to it proves nothing
        self._faults: list[Fault] = []
        self._story = Story(base)

    def take(self, line: Line, parsed: Record | Message, *, successor: str | None) -> None:
        """Check one line; ``successor`` is the hash that the next line leads back to, null when it does not say."""
        self._count += 1
        own_hash = link(line.data)
        if isinstance(parsed, Message) or not line.ended:
            self._damaged.append((line, parsed if isinstance(parsed, Message) else msg("the line does not end")))
        else:
            self._place(line, parsed, own_hash, successor)
            self._story.take(line.segment, line.number, parsed)
            if self._head is not None and self.expected - 1 == self._head.count:
                self._hash_at_head = own_hash
                self._line_at_head = line
        self._hash = own_hash
        self._previous = line

    def _place(self, line: Line, record: Record, own_hash: str, successor: str | None) -> None:
        """Is this the record that belongs here?"""
        seq = int(str(record["seq"]))
        changed = False
        if self._damaged:
            self._name_damaged(seq if seq > self.expected else None)
            self.expected = seq
        elif record["prev"] == self._hash:
            if seq != self.expected:
                changed = True
                self._fault(line, self.expected, msg("the record's number was changed to {seq}", seq=seq))
        elif not self._doubt:
            if seq > self.expected:
                message = msg("records {first} to {last} are missing", first=self.expected, last=seq - 1)
                self._fault(line, self.expected, message)
                self.expected = seq
            elif seq < self.expected:
                message = msg("record {seq} stands where record {expected} belongs", seq=seq, expected=self.expected)
                self._fault(line, seq, message)
                self.expected = seq
            elif self._previous is not None and successor in {own_hash, None} and not self._vouched():
                self._fault(self._previous, seq - 1, _CHANGED)
            else:
                changed = True
                self._fault(line, seq, _CHANGED)
        else:
            self.expected = seq
        self._doubt = changed
        self.expected += 1

    def _vouched(self) -> bool:
        """Whether the head says that the line before is as it was written."""
        return self._head is not None and self._head == Head(self.expected - 1, self._hash)

    def _fault(self, line: Line, seq: int, message: Message) -> None:
        self._faults.append(Fault(line.segment, line.number, seq, message))

    def _name_damaged(self, after: int | None) -> None:
        """Name the records that damaged lines in a row held; ``after`` is the record that follows, null: unknown."""
        named = set()
        for offset, (line, message) in enumerate(self._damaged):
            seq = self.expected + offset
            if after is not None:
                seq = min(seq, after - 1)
            if seq not in named:
                named.add(seq)
                self._fault(line, seq, message)
        self._damaged = []

    def finish(self, *, segments: int, torn: int) -> Verification:
        """Compare the end with the head, and put the findings together."""
        head = self._head
        if self._damaged:
            last = self.expected + len(self._damaged)
            self._name_damaged(head.count + 1 if head is not None and head.count >= self.expected else None)
            self.expected = last
        found = {fault.seq for fault in self._faults}
        if head is None:
            if self._count:
                self._faults.append(
                    Fault("", 0, None, msg("the head file is missing: the end of the log is not proved"))
                )
        elif head.count >= self.expected:
            if not found & {self.expected - 1, self.expected}:
                message = msg("records {first} to {last} are missing", first=self.expected, last=head.count)
                self._faults.append(Fault("", 0, self.expected, message))
        elif self._line_at_head is not None and head.hash != self._hash_at_head and head.count not in found:
            self._fault(self._line_at_head, head.count, _CHANGED)
        return Verification(
            records=self._count,
            segments=segments,
            head=Head(self.expected - 1, self._hash),
            # What a changed log says of its runs is not worth reporting.
            faults=tuple(self._faults) or tuple(self._story.faults),
            open_intents=() if self._faults else self._story.open_intents,
            runs=len(self._story.runs),
            torn=torn,
            base=self._base,
        )


_CHANGED = msg("the record was changed: what follows does not lead back to it")
