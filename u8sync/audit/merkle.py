"""The Merkle tree of RFC 9162 over the records of a log. Pure: hashes in, hashes out.

What lives here: tree heads, proofs that a record is in a log (inclusion) and that one log is the beginning of another
(consistency), and their checks. What does not: where the hashes come from.

The idea: a tree over ``n`` leaves is a row of complete subtrees, one for each bit of ``n``. A :class:`Frontier` keeps
only their roots, so that a log of any length is hashed in one pass; a proof asks for complete subtrees by their place,
whoever keeps them.

Source: RFC 9162, section 2.1 (the same hashes as RFC 6962).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "Node",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "nodes_of",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The head of a tree without leaves."""

Node = Callable[[int, int], bytes]
"""``(level, index)`` -> hash of the complete subtree over ``1 << level`` leaves, from leaf ``index << level`` on."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the roots of its complete subtrees, the largest first.

    Attributes:
        size: Number of leaves.
        hashes: One for each bit that is set in ``size``.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Go on where a tree ended. Raises ValueError when the hashes cannot be those of a tree of this size."""
        if (
            size < 0
            or len(hashes) != size.bit_count()
            or any(len(one) != hashlib.sha256().digest_size for one in hashes)
        ):
            raise ValueError(f"no frontier of {size} leaves has these {len(hashes)} hashes")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        hashes, size = self.hashes, self.size
        while size & 1:
            leaf = node_hash(hashes.pop(), leaf)
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The head of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *left, root = self.hashes
        for one in reversed(left):
            root = node_hash(one, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The head of the tree over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def nodes_of(leaves: Sequence[bytes]) -> Node:
    """The complete subtrees over leaf hashes that are all at hand; each is worked out when it is asked for."""

    def node(level: int, index: int) -> bytes:
        return root_of(leaves[index << level : (index + 1) << level])

    return node


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that leaf ``index`` (from 0) is in the tree over the first ``size`` leaves, the lowest hash first.

    Raises ValueError when it is not.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return list(_path(index, 0, size, node))


def _path(index: int, start: int, end: int, node: Node) -> Iterator[bytes]:
    if end - start == 1:
        return
    middle = start + _largest_power_below(end - start)
    if index < middle:
        yield from _path(index, start, middle, node)
        yield _subtree(middle, end, node)
    else:
        yield from _path(index, middle, end, node)
        yield _subtree(start, middle, node)


def consistency_proof(first: int, second: int, node: Node) -> list[bytes]:
    """The proof that the tree over ``first`` leaves is the beginning of the one over ``second``.

    Empty when both are the same, or the first has none. Raises ValueError when ``first`` is larger.
    """
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves cannot begin with {first}")
    return list(_growth(first, 0, second, node, whole=True)) if 0 < first < second else []


def _growth(first: int, start: int, end: int, node: Node, *, whole: bool) -> Iterator[bytes]:
    """``whole``: the old tree is this very subtree, so that the other side knows its hash."""
    if first == end:
        if not whole:
            yield _subtree(start, end, node)
        return
    middle = start + _largest_power_below(end - start)
    if first <= middle:
        yield from _growth(first, start, middle, node, whole=whole)
        yield _subtree(middle, end, node)
    else:
        yield from _growth(first, middle, end, node, whole=False)
        yield _subtree(start, middle, node)


def _subtree(start: int, end: int, node: Node) -> bytes:
    """The hash over the leaves from ``start`` to before ``end``: complete subtrees, put together from the right."""
    size = end - start
    pieces = []
    while size:
        level = size.bit_length() - 1
        pieces.append(node(level, start >> level))
        start += 1 << level
        size -= 1 << level
    hashed = pieces.pop()
    while pieces:
        hashed = node_hash(pieces.pop(), hashed)
    return hashed


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that ``leaf`` is number ``index``, from 0, of the tree of this size and root."""
    if not 0 <= index < size:
        return False
    at, last, hashed = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            hashed = node_hash(step, hashed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        at, last = at >> 1, last >> 1
    return last == 0 and hashed == root


def verify_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether ``proof`` shows that the tree of ``first`` leaves is the beginning of the one of ``second``."""
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    if not 0 < first < second:
        return False
    # A complete old tree is itself the first step, and the other side knows it.
    steps = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    return bool(steps) and _grown(steps, at, last) == (first_root, second_root)


def _grown(steps: Sequence[bytes], at: int, last: int) -> tuple[bytes, bytes] | None:
    """The heads of the old and the new tree that the steps lead to; null when there are too many or too few."""
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None
