"""The Merkle tree of RFC 6962, section 2.1 (the same as RFC 9162, section 2.1) over SHA-256. Pure functions.

Hashes are 32 bytes. A *range* function gives the tree head of the leaves ``lo`` to ``hi`` (exclusive), so that
proofs can be made from a list in memory or from whatever else knows the hashes of subtrees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32

Range = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """What is left of a growing tree when only its root is wanted: the roots of its complete subtrees.

    For n leaves it holds as many hashes as n has bits set (at most 20 for a million).
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right end."""
        peaks, sha256, size = self._peaks, hashlib.sha256, self.size
        while size & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The tree head over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        head = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            head = node_hash(peak, head)
        return head

    def copy(self) -> Frontier:
        """An independent frontier in the same state."""
        twin = Frontier()
        twin.size, twin._peaks = self.size, list(self._peaks)
        return twin


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All levels of the tree from the leaf hashes up; a last node without a partner moves up unchanged.

    Number i of level k is the tree head of the leaves from i * 2**k to (i + 1) * 2**k, or to the end.
    """
    found = [list(leaves)]
    while len(level := found[-1]) > 1:
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        found.append(paired + level[len(paired) * 2 :])
    return found


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree head of a list of leaf hashes."""
    return levels(leaves)[-1][0] if leaves else EMPTY_ROOT


def ranges_of(leaves: Sequence[bytes]) -> Range:
    """The range function of a tree, for the ranges that proofs within a tree of exactly these leaves ask for."""
    tree = levels(leaves)

    def range_root(lo: int, hi: int) -> bytes:
        level = (hi - lo - 1).bit_length()
        return tree[level][lo >> level]

    return range_root


def inclusion_proof(range_root: Range, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]): the siblings from the leaf upward. Raises ``ValueError`` for an index outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    path: list[bytes] = []
    lo, hi = 0, size
    while hi - lo > 1:
        middle = lo + _split(hi - lo)
        if index < middle:
            path.append(range_root(middle, hi))
            hi = middle
        else:
            path.append(range_root(lo, middle))
            lo = middle
    return path[::-1]


def consistency_proof(range_root: Range, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]): that the tree of *new* leaves begins with the tree of *old*; empty for equal sizes and 0.

    Raises ``ValueError`` unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {new} leaves can't begin with {old}.")
    if old in (0, new):
        return []
    path: list[bytes] = []
    lo, hi, whole = 0, new, True
    while old != hi:
        middle = lo + _split(hi - lo)
        if old <= middle:
            path.append(range_root(middle, hi))
            hi = middle
        else:
            path.append(range_root(lo, middle))
            lo, whole = middle, False
    if not whole:
        path.append(range_root(lo, hi))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether *proof* shows that *leaf* is number *index* (from 0) of the tree (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, head = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            head = node_hash(sibling, head)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            head = node_hash(head, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and head == tree_root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether *proof* shows that the new tree only added to the old one (RFC 9162, section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old & (old - 1) == 0:  # a whole power of two is a node of the new tree, so the proof leaves it out
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old_head = new_head = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old_head, new_head = node_hash(sibling, old_head), node_hash(sibling, new_head)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new_head = node_hash(new_head, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old_head == old_root and new_head == new_root


def _split(size: int) -> int:
    """The largest power of two below *size*."""
    return 1 << ((size - 1).bit_length() - 1)
