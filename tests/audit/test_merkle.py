"""The tree of RFC 6962: published roots, and every proof against the recursive definitions of the standard."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    ranges_of,
    root,
    verify_consistency,
    verify_inclusion,
)

KNOWN_ENTRIES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
KNOWN_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 writes it down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH as RFC 6962 writes it down."""
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF as RFC 6962 writes it down."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = naive_split(len(leaves))
    if m <= k:
        return [*naive_proof(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_proof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def naive_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4)) for number in range(count)]


@pytest.mark.parametrize(("size", "expected"), KNOWN_ROOTS.items())
def test_the_published_roots(size: int, expected: str) -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in KNOWN_ENTRIES[:size]]
    assert root(leaves).hex() == Frontier(leaves).root().hex() == expected


@given(st.integers(0, 200))
@settings(deadline=None)
def test_a_growing_tree_has_the_root_of_the_whole_one_at_every_size(size: int) -> None:
    leaves = leaves_of(size)
    frontier = Frontier()
    for count, leaf in enumerate(leaves):
        assert frontier.size == count
        frontier.append(leaf)
    assert frontier.root() == root(leaves) == naive_root(leaves)


def test_a_copy_of_a_frontier_grows_by_itself() -> None:
    frontier = Frontier(leaves_of(5))
    before = frontier.root()
    twin = frontier.copy()
    twin.append(b"\1" * 32)
    assert (frontier.size, frontier.root()) == (5, before)


@given(st.data(), st.integers(1, 130))
@settings(deadline=None)
def test_an_inclusion_proof_is_the_standards_and_holds_for_its_leaf_only(
    data: st.DataObject, size: int
) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(ranges_of(leaves), index, size)
    head = root(leaves)
    assert proof == naive_path(index, leaves)
    assert verify_inclusion(leaves[index], index, size, proof, head)
    assert not verify_inclusion(leaf_hash(b"another"), index, size, proof, head)
    assert not verify_inclusion(leaves[index], index, size, [*proof, head], head)
    assert not verify_inclusion(leaves[index], index, size, proof, EMPTY_ROOT)
    if size > 1:
        other = (index + 1) % size
        assert not verify_inclusion(leaves[index], other, size, proof, head)
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], head)


@given(st.data(), st.integers(1, 130))
@settings(deadline=None)
def test_a_consistency_proof_is_the_standards_and_holds_for_its_trees_only(
    data: st.DataObject, new: int
) -> None:
    leaves = leaves_of(new)
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(ranges_of(leaves), old, new)
    old_root, new_root = root(leaves[:old]), root(leaves)
    assert verify_consistency(old, new, old_root, new_root, proof)
    assert not verify_consistency(old, new, leaf_hash(b"fork"), new_root, proof)
    assert not verify_consistency(old, new, old_root, new_root, [*proof, new_root])
    if old:
        assert proof == naive_proof(old, leaves)
        assert not verify_consistency(old, new, old_root, leaf_hash(b"fork"), proof)
    if proof:
        assert not verify_consistency(old, new, old_root, new_root, proof[:-1])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(ranges_of(leaves_of(size)), index, size)
    assert not verify_inclusion(b"\0" * 32, index, size, [], b"\0" * 32)


def test_a_larger_tree_is_not_the_beginning_of_a_smaller_one() -> None:
    with pytest.raises(ValueError, match="can't begin"):
        consistency_proof(ranges_of(leaves_of(3)), 4, 3)
    assert not verify_consistency(4, 3, b"\0" * 32, b"\0" * 32, [])


def test_a_leaf_is_never_taken_for_a_node() -> None:
    one, two = leaves_of(2)
    assert leaf_hash(one + two) != node_hash(one, two)
