"""A Merkle tree to which leaves are only ever added: one hash vouches for all of them, and a few hashes prove any claim about it.

The tree is that of RFC 6962 section 2.1; how proofs are checked is RFC 9162 sections 2.1.3.2 and 2.1.4.2. Hashes of complete subtrees are
kept (`Nodes`), so a root or a proof of a tree of n leaves costs O(log² n) look-ups and no leaf is read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

__all__ = [
    "EMPTY",
    "MemoryNodes",
    "Nodes",
    "append",
    "consistency",
    "consistent",
    "included",
    "inclusion",
    "leaf_hash",
    "root",
]

EMPTY = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


class Nodes(Protocol):
    """Where hashes of complete subtrees are kept: of 2**level leaves, the `place`-th of that size."""

    def node(self, level: int, place: int) -> bytes:
        """The hash that was kept there."""
        ...

    def keep(self, level: int, place: int, value: bytes) -> None:
        """Keep a hash; none is ever replaced."""
        ...


class MemoryNodes(dict[tuple[int, int], bytes]):
    """Nodes of a tree that is read once, as an auditor reads one."""

    def node(self, level: int, place: int) -> bytes:
        """The hash that was kept there."""
        return self[level, place]

    def keep(self, level: int, place: int, value: bytes) -> None:
        """Keep a hash."""
        self[level, place] = value


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; its first byte keeps leaves and inner nodes apart."""
    return hashlib.sha256(b"\0" + data).digest()


def append(nodes: Nodes, size: int, leaf: bytes) -> None:
    """Add the hash of a leaf to a tree of `size` leaves, and of every subtree that it completes.

    >>> nodes = MemoryNodes()
    >>> for size, data in enumerate([b"", b"\\0", b"\\x10"]):
    ...     append(nodes, size, leaf_hash(data))
    >>> root(nodes, 3).hex()[:16]
    'aeb6bcfe274b70a1'
    """
    nodes.keep(0, size, leaf)
    level, value = 0, leaf
    while size & 1:
        value = _node_hash(nodes.node(level, size - 1), value)
        level, size = level + 1, size >> 1
        nodes.keep(level, size, value)


def root(nodes: Nodes, size: int) -> bytes:
    """The hash that vouches for the first `size` leaves."""
    return _range(nodes, 0, size) if size else EMPTY


def inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The hashes that show, from the leaf upwards, that leaf `index` is among the first `size`.

    Raises:
        ValueError: when it is not.
    """
    if not 0 <= index < size:
        raise ValueError(f"got leaf {index} of {size}, expected one of 0 to {size - 1}")
    return list(_path(nodes, index, 0, size))


def consistency(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """The hashes that show that the first `second` leaves begin with the first `first`.

    Raises:
        ValueError: unless 0 <= first <= second.
    """
    if not 0 <= first <= second:
        raise ValueError(f"got sizes {first} and {second}, expected the second no smaller than the first")
    return list(_growth(nodes, first, 0, second, whole=True)) if 0 < first < second else []


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], of: bytes) -> bool:
    """Whether `proof` shows that the leaf with this hash stands at `index` of the tree with `size` leaves and root `of`."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = _node_hash(one, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = _node_hash(value, one)
        place, last = place >> 1, last >> 1
    return last == 0 and value == of


def consistent(first: int, second: int, proof: Sequence[bytes], old: bytes, new: bytes) -> bool:
    """Whether `proof` shows that the tree (`second`, root `new`) only adds to the tree (`first`, root `old`)."""
    if first == second:
        return not proof and old == new
    if first == 0:
        return not proof and old == EMPTY
    if not 0 < first < second or not proof:
        return False
    hashes = list(proof) if first & (first - 1) else [old, *proof]
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for one in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = _node_hash(one, before), _node_hash(one, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = _node_hash(after, one)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old and after == new


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(nodes: Nodes, first: int, size: int) -> bytes:
    """The hash over `size` leaves from `first`, which a complete subtree begins."""
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes.node(level, first >> level)
    half = _split(size)
    return _node_hash(_range(nodes, first, half), _range(nodes, first + half, size - half))


def _path(nodes: Nodes, index: int, first: int, size: int) -> Iterator[bytes]:
    if size == 1:
        return
    half = _split(size)
    if index < half:
        yield from _path(nodes, index, first, half)
        yield _range(nodes, first + half, size - half)
    else:
        yield from _path(nodes, index - half, first + half, size - half)
        yield _range(nodes, first, half)


def _growth(nodes: Nodes, old: int, first: int, size: int, *, whole: bool) -> Iterator[bytes]:
    if old == size:
        if not whole:
            yield _range(nodes, first, size)
        return
    half = _split(size)
    if old <= half:
        yield from _growth(nodes, old, first, half, whole=whole)
        yield _range(nodes, first + half, size - half)
    else:
        yield from _growth(nodes, old - half, first + half, size - half, whole=False)
        yield _range(nodes, first, half)
