"""Keys and checkpoints of a log, checked while it is read. Pure: records and tree heads in, findings out.

The idea: inside the log, a checkpoint says what everything before it hashes to; outside, the same text kept by
somebody else says it again. A key is believed because somebody outside vouches for it, or because a key that is
believed handed over to it: a checkpoint signed by both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from u8sync.audit.checkpoint import Checkpoint, Note, VerificationKey, parse_checkpoint, parse_key, parse_note
from u8sync.audit.findings import Base, Signed
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["SEALS", "Seals"]

SEALS: Final = frozenset({"key", "checkpoint"})
"""The types of record that this room reads."""


RECENT: Final = 200
"""So many checkpoints are remembered, for places outside that missed some."""


class Seals:
    """What was read so far.

    Attributes:
        recent: The newest checkpoints of the log, at most :data:`RECENT`, the oldest first.
        next_outside: The length of the log at which the next outside checkpoint must fit; -1: none is left.
    """

    def __init__(
        self, trusted: Sequence[VerificationKey] = (), outside: Sequence[Note] = (), *, base: Base | None = None
    ) -> None:
        self.recent: deque[str] = deque(maxlen=RECENT)
        self._given = bool(trusted)
        self._trusted = list(trusted)
        first = parse_key(base.key) if base is not None and base.key is not None else None
        self._current = first if isinstance(first, VerificationKey) else None
        self._known = [*trusted, *([self._current] if self._current else [])]
        self._handing_over: VerificationKey | None = None
        self._lost = False
        self._count = 0
        self._upto = 0
        self._vouched = False
        self._origin: str | None = None
        self._proved = 0
        self._notes: list[Message] = []
        parsed = [(note, parse_checkpoint(note.body)) for note in outside]
        self._outside = sorted(
            ((found, note) for note, found in parsed if isinstance(found, Checkpoint)), key=lambda pair: -pair[0].size
        )
        self._late: list[tuple[Checkpoint, Note]] = []
        self.next_outside = self._outside[-1][0].size if self._outside else -1

    @property
    def current(self) -> VerificationKey | None:
        """The key that signs now; null when the log names none."""
        return self._current

    @property
    def successor(self) -> VerificationKey | None:
        """The key that is about to take over: its record is there, the checkpoint that both sign is not."""
        return self._handing_over

    @property
    def lost(self) -> bool:
        """Whether the successor takes over without the present key's signature."""
        return self._lost

    # --- inside the log ---

    def take(self, record: Record, root: Callable[[], bytes]) -> Message | None:
        """Read a record of :data:`SEALS`; ``root`` gives the head of the tree over all records before it.

        Returns what is wrong with it; null when nothing is.
        """
        return self._key(record) if record["type"] == "key" else self._checkpoint(record, root)

    def _key(self, record: Record) -> Message | None:
        key = parse_key(str(record.get("key")))
        if isinstance(key, Message):
            return key
        replaces = self._current.text if self._current else None
        if record.get("replaces") != replaces or self._handing_over is not None:
            return msg("the key does not replace the one that signed before")
        self._lost = record.get("lost") is True
        if self._current is None:
            self._current = key
        else:
            self._handing_over = key
        self._known.append(key)
        if self._lost:
            self._notes.append(
                msg("With record {seq} a key took over that the old one did not sign", seq=record["seq"])
            )
        return None

    def _checkpoint(self, record: Record, root: Callable[[], bytes]) -> Message | None:
        note = parse_note(str(record.get("note")))
        if isinstance(note, Message):
            return note
        checkpoint = parse_checkpoint(note.body)
        if isinstance(checkpoint, Message):
            return checkpoint
        return self._place(record, checkpoint) or self._signatures(note) or self._cover(checkpoint, note, root())

    def _place(self, record: Record, checkpoint: Checkpoint) -> Message | None:
        if checkpoint.size != int(str(record["seq"])) - 1 or checkpoint.account_set != record["target"]:
            return msg("the checkpoint is not that of this place in this log")
        if self._origin not in {None, checkpoint.origin}:
            return msg("the checkpoint is that of another log")
        self._origin = checkpoint.origin
        return None

    def _cover(self, checkpoint: Checkpoint, note: Note, root: bytes) -> Message | None:
        if checkpoint.root != root:
            return msg(
                "records {first} to {last} are not those that the checkpoint signed: one of them was changed, and the"
                " chain after it made anew",
                first=self._upto + 1,
                last=checkpoint.size,
            )
        self._count += 1
        self.recent.append(note.text)
        if self._vouched or not self._given:
            self._upto = checkpoint.size
        return None

    def _signatures(self, note: Note) -> Message | None:
        if self._current is None:
            return msg("the checkpoint comes before the key that signed it")
        signers = [self._current]
        if self._handing_over is not None:
            signers = [self._handing_over] if self._lost else [self._current, self._handing_over]
        for key in signers:
            if not any(key.verifies(signature, note.body) for signature in note.signatures):
                return msg("the checkpoint is not signed by the key that was in force, {key}", key=key.text)
        if self._handing_over is not None:
            if self._current in self._trusted and not self._lost:
                self._trusted.append(self._handing_over)
            self._current, self._handing_over, self._lost = self._handing_over, None, False
        self._vouched = self._current in self._trusted
        return None

    # --- checkpoints kept outside ---

    def pass_outside(self, size: int, root: bytes) -> Message | None:
        """The log has ``size`` records, as many as :attr:`next_outside`; compare. Null when it is the same log."""
        wrong = None
        while self._outside and self._outside[-1][0].size == size:
            checkpoint, note = self._outside.pop()
            self._late.append((checkpoint, note))
            if checkpoint.root != root:
                wrong = wrong or msg(
                    "records 1 to {size} are not those that the checkpoint kept outside was made of: the log was"
                    " rewritten, or is another one",
                    size=size,
                )
            else:
                self._proved = size
        self.next_outside = self._outside[-1][0].size if self._outside else -1
        return wrong

    def end(self, size: int) -> list[Message]:
        """What is wrong when the log ends after ``size`` records."""
        wrong = [
            msg(
                "the log ends with record {end}, but a checkpoint kept outside was made of {size} records: its end was"
                " cut off, or an older copy put in its place",
                end=size,
                size=checkpoint.size,
            )
            for checkpoint, _ in reversed(self._outside)
        ]
        for checkpoint, note in self._late:
            if self._origin is not None and checkpoint.origin != self._origin:
                wrong.append(
                    msg("the checkpoint kept outside is that of another log, {origin}", origin=checkpoint.origin)
                )
            elif not any(key.verifies(one, note.body) for key in self._known for one in note.signatures):
                wrong.append(
                    msg(
                        "the checkpoint of {size} records kept outside is signed by no key that this log or its reader"
                        " knows",
                        size=checkpoint.size,
                    )
                )
        if self._given and not self._upto:
            wrong.append(msg("no checkpoint of the log is signed by a key that is trusted"))
        if self._handing_over is not None:
            # The machine stopped between two lines; no trust has gone over yet.
            self._notes.append(msg("A key is about to take over; 'u8sync audit key rotate' finishes it"))
        return wrong

    def signed(self) -> Signed:
        """What signatures prove of the log."""
        return Signed(
            checkpoints=self._count,
            upto=self._upto,
            key=self._current.text if self._current else None,
            trusted=self._given and self._upto > 0,
            outside=self._proved,
            notes=tuple(self._notes),
        )
