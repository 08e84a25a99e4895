"""Lines of a log in, rows of its index out: where each record stands, what it is about, and how each change ended.

What lives here: the tables, and filling them. What does not: the file that holds them (``index.py``) and what they are
asked (``questions.py``). The idea: a row says where to look, never what to answer; every answer is made from the
records themselves, read again and compared with the hash in the row.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import msgspec

from u8sync.audit.chain import GENESIS, LINE_LIMIT
from u8sync.audit.findings import Base, Fault
from u8sync.audit.merkle import root_of
from u8sync.audit.segments import Segment, bytes_of
from u8sync.ports import Progress
from u8sync.text import Message, msg

__all__ = ["GROUP", "INDEXES", "TABLES", "BrokenChainError", "Place", "fill", "place_after"]

GROUP: Final = 256
"""So many leaves have one row for the head of their subtree, so that a proof in a long log reads few rows."""

GROUP_LEVEL: Final = 8
"""Level of that subtree: ``2 ** 8`` leaves."""

_CHUNK: Final = 20_000

TABLES: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE record (seq INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL,"
        " length INTEGER NOT NULL, hash BLOB NOT NULL, run INTEGER NOT NULL, intent INTEGER)"
    ),
    (
        "CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first INTEGER NOT NULL,"
        " last INTEGER NOT NULL)"
    ),
    (
        "CREATE TABLE milestone (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, at TEXT NOT NULL, run INTEGER NOT NULL,"
        " intent INTEGER, of_run TEXT)"
    ),
    (
        "CREATE TABLE change (seq INTEGER, position INTEGER, field TEXT NOT NULL, customer TEXT NOT NULL,"
        " run INTEGER NOT NULL, at TEXT NOT NULL, status TEXT NOT NULL, ended INTEGER, undoes TEXT,"
        " PRIMARY KEY (seq, position)) WITHOUT ROWID"
    ),
    "CREATE TABLE waiting (op TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE undo (op TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (op, seq)) WITHOUT ROWID",
    "CREATE TABLE passed_over (seq INTEGER NOT NULL, customer TEXT NOT NULL)",
    "CREATE TABLE tree (position INTEGER PRIMARY KEY, hash BLOB NOT NULL)",
)
"""What the rows say:

* ``record``: where every record stands, its leaf hash, its run, and for an end the intent that it ends;
* ``milestone``: every record that is neither intent nor outcome;
* ``change``: every changed field; ``ended`` is the record that tells how, ``undoes`` the run that it takes back;
* ``waiting``: changes without a final end;
* ``undo``: intents that take back the change ``op``;
* ``passed_over``: customers that a record names as skipped, or as held for a reason;
* ``tree``: heads of the complete subtrees of 256 leaves.
"""

INDEXES: Final = (
    "CREATE INDEX change_customer ON change (customer, seq)",
    "CREATE INDEX passed_over_customer ON passed_over (customer, seq)",
    "CREATE INDEX milestone_type ON milestone (type, seq)",
)
"""Made after the first filling: sorting once is cheaper than keeping order a million times."""


class BrokenChainError(Exception):
    """A line that is no record, or not the one that belongs there.

    Attributes:
        fault: Where, and what is wrong.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault.message))
        self.fault = fault


@dataclass(frozen=True)
class Place:
    """Where the reading of a log goes on.

    Attributes:
        count: Number of records before.
        link: Hash of the last of them, hex; 64 zeros when there are none.
        segment: Number of the segment where the next one is looked for.
        offset: Where in its plain bytes.
    """

    count: int = 0
    link: str = GENESIS
    segment: int = 1
    offset: int = 0


class _Field(msgspec.Struct):
    field: str


class _Undoes(msgspec.Struct):
    run_id: str
    op_id: str


class _Held(msgspec.Struct):
    code: str
    cause: str | None


class _Record(msgspec.Struct):
    """What the index wants to know of a record; everything else in the line is passed over."""

    seq: int
    prev: str
    ts: str
    type: str
    run_id: str
    op_id: str = ""
    customer: str = ""
    status: str = ""
    verdict: str = ""
    of_run: str | None = None
    fields: list[_Field] = []
    undoes: _Undoes | None = None
    customers: list[str] | int = 0  # in a plan record: their number
    held: list[_Held] = []


def place_after(base: Base) -> Place:
    """Where a log begins whose older segments were moved away."""
    return Place(base.count, base.hash or GENESIS, base.segments + 1, 0)


def fill(connection: sqlite3.Connection, segments: Sequence[Segment], start: Place, progress: Progress) -> Place:
    """Add every record from ``start`` on; returns where the next one will stand.

    Raises BrokenChainError at the first line that is no record or is not linked to the one before it; the rows so far
    are then the transaction's to take back. An unfinished last line is passed over.
    """
    filler = _Filler(connection, start)
    last = segments[-1].number if segments else 0
    for segment in segments:
        if segment.number >= start.segment:
            offset = start.offset if segment.number == start.segment else 0
            filler.take(segment, offset, progress, may_be_unfinished=segment.number == last)
    return filler.finish()


class _Rows:
    """The rows of some lines, before they are saved."""

    def __init__(self, waiting: dict[str, int]) -> None:
        self.records: list[tuple[int, int, int, int, bytes, int, int | None]] = []
        self._waiting = waiting
        self._milestones: list[tuple[object, ...]] = []
        self._changes: dict[int, list[list[object]]] = {}
        self._ends: list[tuple[str, int, int]] = []
        self._undos: list[tuple[str, int]] = []
        self._passed_over: list[tuple[int, str]] = []

    def take(self, record: _Record, run: int) -> int | None:
        """Add what the record says; returns the number of the intent that it ends, if it is an end."""
        kind, seq = record.type, record.seq
        if kind == "intent":
            undoes = record.undoes
            self._waiting[record.op_id] = seq
            self._changes[seq] = [
                [seq, at, one.field, record.customer, run, record.ts, "open", None, undoes and undoes.run_id]
                for at, one in enumerate(record.fields)
            ]
            if undoes is not None:
                self._undos.append((undoes.op_id, seq))
            return None
        intent = self._end(record) if kind in {"outcome", "settle"} else None
        if kind != "outcome":
            self._milestones.append((seq, kind, record.ts, run, intent, record.of_run))
            if isinstance(record.customers, list):
                self._passed_over += [(seq, customer) for customer in record.customers]
            self._passed_over += [(seq, one.code) for one in record.held if one.cause is not None]
        return intent

    def _end(self, record: _Record) -> int | None:
        """Join an end to its change, which waits on while nobody knows how it ended."""
        status = record.status or record.verdict
        open_ = status == "unknown" and record.type == "outcome"
        intent = self._waiting.get(record.op_id) if open_ else self._waiting.pop(record.op_id, None)
        if intent is None:
            return None
        if intent in self._changes:
            for row in self._changes[intent]:
                row[6:8] = status, record.seq
        else:
            self._ends.append((status, record.seq, intent))
        return intent

    def save(self, connection: sqlite3.Connection) -> None:
        """Write them."""
        many = connection.executemany
        many("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", self.records)
        many("INSERT INTO milestone VALUES (?, ?, ?, ?, ?, ?)", self._milestones)
        many(
            "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row for rows in self._changes.values() for row in rows),
        )
        many("UPDATE change SET status = ?, ended = ? WHERE seq = ?", self._ends)
        many("INSERT INTO undo VALUES (?, ?)", self._undos)
        many("INSERT INTO passed_over VALUES (?, ?)", self._passed_over)


class _Filler:
    """The state of a filling: what the last record was, and which changes still wait for their end."""

    def __init__(self, connection: sqlite3.Connection, start: Place) -> None:
        self._connection = connection
        self._place = start
        self._waiting: dict[str, int] = dict(connection.execute("SELECT op, seq FROM waiting"))
        self._runs: dict[str, int] = {}
        self._run = ("", 0, 0, 0)
        begun = start.count % GROUP
        leaves = connection.execute("SELECT hash FROM record WHERE seq > ? ORDER BY seq", (start.count - begun,))
        self._leaves: list[bytes] = [leaf for (leaf,) in leaves]
        # A group whose first records were moved away gets no row; its head is put together from smaller subtrees.
        self._headless = 0 if len(self._leaves) == begun else GROUP - begun
        if self._headless:
            self._leaves = []

    def take(self, segment: Segment, offset: int, progress: Progress, *, may_be_unfinished: bool) -> None:
        """Read one segment from ``offset`` on."""
        lines = bytes_of(segment, offset)
        while chunk := list(islice(lines, _CHUNK)):
            if may_be_unfinished and not chunk[-1].endswith(b"\n"):
                chunk.pop()
            offset = self._take_chunk(segment, offset, chunk)
            progress.advance(sum(map(len, chunk)))

    def _take_chunk(self, segment: Segment, offset: int, chunk: Sequence[bytes]) -> int:
        """Make the rows of some lines; returns where the next line begins."""
        sha256, decode = hashlib.sha256, _decode
        count, link = self._place.count, self._place.link
        rows = _Rows(self._waiting)
        for line in chunk:
            count += 1
            try:
                record = decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                raise _broken(segment, offset, count, _NO_RECORD) from None
            if record.seq != count or record.prev != link:
                raise _broken(segment, offset, count, _NOT_LINKED)
            if len(line) > LINE_LIMIT or not line.endswith(b"\n"):
                raise _broken(segment, offset, count, _NO_RECORD)
            digest = sha256(b"\0" + line[:-1])
            link, leaf = digest.hexdigest(), digest.digest()
            run = self._run_id(record.run_id, count)
            intent = rows.take(record, run)
            rows.records.append((count, segment.number, offset, len(line) - 1, leaf, run, intent))
            offset += len(line)
        rows.save(self._connection)
        self._place = Place(count, link, segment.number, offset)
        self._grow([row[4] for row in rows.records])
        return offset

    def _run_id(self, name: str, seq: int) -> int:
        """The number of a run, which now reaches to ``seq``; records of one run mostly stand together."""
        known, id_, first, _ = self._run
        if name != known:
            self._save_run()
            found = self._connection.execute("SELECT id, first FROM run WHERE name = ?", (name,)).fetchone()
            if found is None:
                id_ = (
                    self._connection.execute("INSERT INTO run VALUES (NULL, ?, ?, ?)", (name, seq, seq)).lastrowid or 0
                )
                first = seq
            else:
                id_, first = found
        self._run = (name, id_, first, seq)
        return id_

    def _save_run(self) -> None:
        _, id_, _, last = self._run
        self._connection.execute("UPDATE run SET last = ? WHERE id = ?", (last, id_))

    def _grow(self, hashes: list[bytes]) -> None:
        """Add the heads of the groups that are now complete."""
        passed, self._headless = hashes[: self._headless], max(self._headless - len(hashes), 0)
        leaves = self._leaves + hashes[len(passed) :]
        position = (self._place.count - len(leaves)) // GROUP
        whole = range(0, len(leaves) - GROUP + 1, GROUP)
        rows = ((position + number, root_of(leaves[at : at + GROUP])) for number, at in enumerate(whole))
        self._connection.executemany("INSERT INTO tree VALUES (?, ?)", rows)
        self._leaves = leaves[len(whole) * GROUP :]

    def finish(self) -> Place:
        """Save what is kept from chunk to chunk."""
        self._save_run()
        self._connection.execute("DELETE FROM waiting")
        self._connection.executemany("INSERT INTO waiting VALUES (?, ?)", self._waiting.items())
        return self._place


_decode: Final = msgspec.json.Decoder(_Record).decode

_NO_RECORD: Final = msg("the line is not a record in canonical form")
_NOT_LINKED: Final = msg("the record does not follow the one before it")


def _broken(segment: Segment, offset: int, seq: int, what: Message) -> BrokenChainError:
    before = 0
    for number, line in enumerate(bytes_of(segment), 1):
        if before >= offset:
            return BrokenChainError(Fault(segment.name, number, seq, what))
        before += len(line)
    return BrokenChainError(Fault(segment.name, 0, seq, what))
