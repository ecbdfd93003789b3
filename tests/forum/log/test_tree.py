"""The tree against Certificate Transparency's own vectors and against the definition in RFC 6962, written out."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.forum.log.tree import (
    EMPTY,
    MemoryNodes,
    append,
    consistency,
    consistent,
    included,
    inclusion,
    leaf_hash,
    root,
)

LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
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
SECOND = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
THIRD = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4 "
FIFTH = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 "


def tree(leaves: list[bytes]) -> MemoryNodes:
    nodes = MemoryNodes()
    for size, data in enumerate(leaves):
        append(nodes, size, leaf_hash(data))
    return nodes


def defined(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + defined(leaves[:half]) + defined(leaves[half:])).digest()


def test_the_roots_are_those_of_certificate_transparency() -> None:
    nodes = tree(LEAVES)
    assert [root(nodes, size).hex() for size in range(1, 9)] == ROOTS
    assert root(nodes, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, ""),
        (
            0,
            8,
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 " + SECOND + THIRD,
        ),
        (
            5,
            8,
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b " + FIFTH + ROOTS[3],
        ),
        (2, 3, ROOTS[1]),
    ],
)
def test_proofs_of_inclusion_are_those_of_certificate_transparency(index: int, size: int, proof: str) -> None:
    assert [one.hex() for one in inclusion(tree(LEAVES), index, size)] == proof.split()


@pytest.mark.parametrize(
    ("first", "second", "proof"),
    [
        (1, 1, ""),
        (
            6,
            8,
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a " + FIFTH + ROOTS[3],
        ),
        (
            2,
            5,
            SECOND + "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ),
    ],
)
def test_proofs_of_consistency_are_those_of_certificate_transparency(first: int, second: int, proof: str) -> None:
    assert [one.hex() for one in consistency(tree(LEAVES), first, second)] == proof.split()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=3), min_size=1, max_size=40), st.data())
def test_every_leaf_and_every_past_is_proved_and_nothing_else(leaves: list[bytes], data: st.DataObject) -> None:
    nodes = tree(leaves)
    size = len(leaves)
    assert root(nodes, size) == defined(leaves)
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(0, size))
    proof, growth = inclusion(nodes, index, size), consistency(nodes, first, size)
    assert included(leaf_hash(leaves[index]), index, size, proof, root(nodes, size))
    assert consistent(first, size, growth, root(nodes, first), root(nodes, size))
    wrong = bytes(32)
    assert not included(leaf_hash(b"another leaf"), index, size, proof, root(nodes, size))
    assert not included(leaf_hash(leaves[index]), index, size, [*proof, wrong], root(nodes, size))
    assert not included(leaf_hash(leaves[index]), index, 4 * size, proof, root(nodes, size)), "nor of a larger tree"
    if 0 < first < size:
        assert not consistent(first, size, growth, wrong, root(nodes, size))
        assert not consistent(first, size, growth, root(nodes, first), wrong)
        assert not consistent(first, size, [*growth, wrong], root(nodes, first), root(nodes, size))
        assert not consistent(first, size, growth[:-1], root(nodes, first), root(nodes, size))


def test_a_place_outside_the_tree_is_no_place() -> None:
    nodes = tree(LEAVES)
    with pytest.raises(ValueError, match="expected one of 0 to 7"):
        inclusion(nodes, 8, 8)
    with pytest.raises(ValueError, match="no smaller"):
        consistency(nodes, 3, 2)
    assert not included(leaf_hash(b""), 1, 1, [], root(nodes, 1))
