"""That one record is in the log that a checkpoint vouches for, shown without the other records.

What lives here: finding the checkpoint, making the proof, and checking it on the spot. The tree itself: ``merkle.py``;
checkpoints: ``checkpoint.py``; the proof as a file: :class:`u8sync.domain.logged.Proof`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from u8sync.audit.checkpoint import Note, VerificationKey, parse_checkpoint, parse_key, parse_note
from u8sync.audit.indexed import Index
from u8sync.audit.indexing import GROUP, GROUP_LEVEL
from u8sync.audit.merkle import Node, inclusion_proof, node_hash, root_of, verify_inclusion
from u8sync.audit.questions import Found, records_of
from u8sync.domain.logged import Proof, Signer
from u8sync.errors import AuditError
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["nodes_of_index", "prove"]


def prove(index: Index, found: Found, keys: Sequence[VerificationKey] = ()) -> Proof | None:
    """Prove a record by the newest checkpoint of the log; null when none covers it yet.

    Args:
        index: The log.
        found: The record.
        keys: Public keys that are trusted; else those that the log names are tried, which is no outside evidence.

    Raises AuditError when a checkpoint cannot be read or the log does not lead to its root.
    """
    newest = next(index.rows("SELECT MAX(seq) FROM milestone WHERE type = 'checkpoint' AND seq >= ?", (index.first,)))
    if newest[0] is None or newest[0] <= found.seq:
        return None
    (record,) = (one.record for one in records_of(index, [newest[0]]))
    note = parse_note(str(record.get("note")))
    checkpoint = note if isinstance(note, Message) else parse_checkpoint(note.body)
    if isinstance(note, Message) or isinstance(checkpoint, Message) or checkpoint.size != newest[0] - 1:
        raise _wrong(newest[0])
    leaf = bytes.fromhex(found.hash)
    hashes = inclusion_proof(found.seq - 1, checkpoint.size, nodes_of_index(index))
    if not verify_inclusion(leaf, found.seq - 1, checkpoint.size, hashes, checkpoint.root):
        raise _wrong(newest[0])
    return Proof(
        found.seq - 1,
        checkpoint.size,
        tuple(hashes),
        note.text,
        newest[0],
        checkpoint.time,
        _signers(note, keys, _named_keys(index)),
    )


def _wrong(seq: int) -> AuditError:
    return AuditError(
        msg("The log does not lead to its own checkpoint in record {seq}", seq=seq),
        hint=msg("The log or its index was changed. 'u8sync audit verify' checks every record."),
    )


def _named_keys(index: Index) -> list[VerificationKey]:
    numbers = [
        seq for (seq,) in index.rows("SELECT seq FROM milestone WHERE type = 'key' AND seq >= ?", (index.first,))
    ]
    parsed = (parse_key(_key_text(one.record)) for one in records_of(index, numbers))
    return [key for key in parsed if not isinstance(key, Message)]


def _key_text(record: Record) -> str:
    return str(record.get("key"))


def _signers(note: Note, given: Sequence[VerificationKey], named: Sequence[VerificationKey]) -> tuple[Signer, ...]:
    signers = []
    for signature in note.signatures:
        trust: Literal["given", "named", "wrong", "unknown"] = "unknown"
        for keys, word in ((given, "given"), (named, "named")):
            for key in keys:
                if (key.name, key.id) == (signature.name, signature.key_id) and trust == "unknown":
                    right = key.verifies(signature, note.body)
                    trust = ("given" if word == "given" else "named") if right else "wrong"
        signers.append(Signer(signature.name, signature.key_id.hex(), trust))
    return tuple(signers)


def nodes_of_index(index: Index) -> Node:
    """The complete subtrees of a log, from the index's hashes; what was moved away is known by its frontier only."""
    moved = _frontier(index.base.count, index.base.frontier)

    def node(level: int, position: int) -> bytes:
        start, end = position << level, (position + 1) << level
        if end <= index.base.count:
            return moved[(level, position)]
        if start < index.base.count:
            return node_hash(node(level - 1, 2 * position), node(level - 1, 2 * position + 1))
        if level >= GROUP_LEVEL:
            rows = index.rows(
                "SELECT hash FROM tree WHERE position >= ? AND position < ? ORDER BY position",
                (start // GROUP, end // GROUP),
            )
        else:
            rows = index.rows("SELECT hash FROM record WHERE seq > ? AND seq <= ? ORDER BY seq", (start, end))
        return root_of([leaf for (leaf,) in rows])

    return node


def _frontier(count: int, hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """``(level, position)`` -> hash of the complete subtrees that ``count`` leaves are made of, the largest first."""
    known = {}
    start = 0
    for level, one in zip((n for n in reversed(range(count.bit_length())) if count >> n & 1), hashes, strict=True):
        known[(level, start >> level)] = one
        start += 1 << level
    return known
