"""The tree of RFC 9162: its published values, and the laws of its proofs."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    nodes_of,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The test data that Certificate Transparency publishes for this tree (reference implementation, merkle tree tests).
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
NODE_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
NODE_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"

LEAVES = [leaf_hash(bytes.fromhex(data)) for data in INPUTS]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_heads_come_out(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_of([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, []),
        (0, 8, [LEAF_1, NODE_2_3, NODE_4_7]),
        (5, 8, [LEAF_4, NODE_6_7, ROOTS[3]]),
        (2, 3, [ROOTS[1]]),
        (1, 5, [ROOTS[0], NODE_2_3, LEAF_4]),
    ],
)
def test_the_published_inclusion_proofs_come_out(index: int, size: int, expected: list[str]) -> None:
    assert [step.hex() for step in inclusion_proof(index, size, nodes_of(LEAVES))] == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (1, 1, []),
        (1, 8, [LEAF_1, NODE_2_3, NODE_4_7]),
        (6, 8, [NODE_4_5, NODE_6_7, ROOTS[3]]),
        (2, 5, [NODE_2_3, LEAF_4]),
    ],
)
def test_the_published_consistency_proofs_come_out(first: int, second: int, expected: list[str]) -> None:
    assert [step.hex() for step in consistency_proof(first, second, nodes_of(LEAVES))] == expected


def leaves(size: int, salt: int = 0) -> list[bytes]:
    return [leaf_hash(f"{salt} {number}".encode()) for number in range(size)]


SIZES = st.integers(1, 130)


@given(SIZES, st.data())
def test_every_leaf_is_proved_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    all_leaves = leaves(size)
    root = root_of(all_leaves)
    proof = inclusion_proof(index, size, nodes_of(all_leaves))
    assert verify_inclusion(all_leaves[index], index, size, proof, root)

    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index) if size > 1 else st.just(size))
    assert not verify_inclusion(all_leaves[index], other, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"forged"), index, size, proof, root)
    assert not verify_inclusion(all_leaves[index], index, size, [*proof, root], root)
    if proof:
        spoilt = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:spoilt], leaf_hash(b"x"), *proof[spoilt + 1 :]]
        assert not verify_inclusion(all_leaves[index], index, size, changed, root)
        assert not verify_inclusion(all_leaves[index], index, size, proof[:-1], root)


@given(SIZES, SIZES, st.data())
def test_a_longer_log_is_proved_to_begin_with_a_shorter_and_a_forked_one_is_not(
    one: int, other: int, data: st.DataObject
) -> None:
    first, second = sorted((one, other))
    all_leaves = leaves(second)
    node = nodes_of(all_leaves)
    old, new = root_of(all_leaves[:first]), root_of(all_leaves)
    proof = consistency_proof(first, second, node)
    assert verify_consistency(first, second, proof, old, new)

    changed = data.draw(st.integers(0, first - 1))
    forked = [*all_leaves[:changed], leaf_hash(b"forged"), *all_leaves[changed + 1 :]]
    forged = consistency_proof(first, second, nodes_of(forked))
    assert not verify_consistency(first, second, forged, old, root_of(forked))
    assert not verify_consistency(first, second, proof, root_of(forked[:first]), new)
    assert not verify_consistency(first, second, [*proof, new], old, new)
    if proof:
        assert not verify_consistency(first, second, proof[1:], old, new)


@given(st.integers(0, 130), st.integers(0, 60))
def test_a_frontier_goes_on_where_it_was_put_down(size: int, more: int) -> None:
    all_leaves = leaves(size + more)
    frontier = Frontier()
    for leaf in all_leaves[:size]:
        frontier.append(leaf)
    later = Frontier(frontier.size, tuple(frontier.hashes))
    for leaf in all_leaves[size:]:
        later.append(leaf)
    assert later.root() == root_of(all_leaves)
    assert len(later.hashes) == (size + more).bit_count()


@pytest.mark.parametrize(("size", "hashes"), [(3, [b"x" * 32]), (1, [b"short"]), (-1, []), (0, [b"x" * 32])])
def test_a_frontier_that_cannot_be_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="no frontier"):
        Frontier(size, hashes)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, nodes_of(LEAVES))
    assert not verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def test_a_log_never_begins_with_a_longer_one() -> None:
    with pytest.raises(ValueError, match="cannot begin"):
        consistency_proof(3, 2, nodes_of(LEAVES))
    assert not verify_consistency(3, 2, [], LEAVES[0], LEAVES[1])


def test_the_empty_log_is_the_beginning_of_every_log_and_needs_no_proof() -> None:
    assert consistency_proof(0, 8, nodes_of(LEAVES)) == []
    assert verify_consistency(0, 8, [], EMPTY_ROOT, root_of(LEAVES))
    assert not verify_consistency(0, 8, [], LEAVES[0], root_of(LEAVES))
