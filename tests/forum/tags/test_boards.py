"""A board is one file, matched on one's own machine; a large one is cut so that every piece is a crowd."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.forum.tags import (
    Board,
    Kind,
    Support,
    TagError,
    board_of,
    bucket,
    bucket_bits,
    merged,
    prefixes,
    read_board,
    write_board,
)
from stillwatch.forum.tags.buckets import smallest_bucket

EPOCH = "2026-11-22"


def board(tags: list[bytes], labs: list[str] | None = None) -> Board:
    return board_of(Kind.EMAIL, EPOCH, tags, labs)


def random_tags(n: int, seed: int) -> list[bytes]:
    data = np.random.default_rng(seed).bytes(16 * n)
    return [data[at : at + 16] for at in range(0, len(data), 16)]


@settings(deadline=None)
@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_what_matches_is_what_is_in_both(here: set[int], there: set[int]) -> None:
    def spelled(numbers: set[int]) -> list[bytes]:  # few first halves, so that tags share them
        return [(number % 3).to_bytes(8, "big") + number.to_bytes(8, "big") for number in sorted(numbers)]

    found = board(spelled(here)).matches(board(spelled(there)))
    assert [match.tag.value for match in found] == sorted(spelled(here & there))


def test_matching_a_random_board_finds_each_common_tag_and_no_other() -> None:
    tags = random_tags(30_000, 1)
    own = [*tags[::100], *random_tags(20_000, 2)]
    found = board(tags).matches(board(own))
    assert {match.tag.value for match in found} == set(tags[::100])


@pytest.mark.parametrize("value", [b"", bytes(15), bytes(17), bytes(32)])
def test_what_has_another_length_is_no_tag(value: bytes) -> None:
    with pytest.raises(TagError, match="16 bytes"):
        board_of(Kind.EMAIL, "2026-11-22", [bytes(16), value, value])


def test_a_lab_counts_once_however_often_it_names_a_tag() -> None:
    one, two, three = random_tags(3, 3)
    made = board([one, one, one, two, two, three, three, three, three], ["a", "a", "a", "a", "b", "a", "b", "c", "d"])
    support = {match.tag.value: match.support for match in made.matches(board([one, two, three]))}
    assert support == {one: Support.SEED, two: Support.CORROBORATED, three: Support.ESTABLISHED}


def test_tags_of_another_epoch_or_kind_are_never_compared() -> None:
    tags = random_tags(10, 4)
    for other in (board_of(Kind.EMAIL, "2027-02-06", tags), board_of(Kind.PHONE, EPOCH, tags)):
        with pytest.raises(TagError, match="compare only within one"):
            board(tags).matches(other)


def test_a_board_comes_back_from_its_file_and_a_damaged_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "board"
    made = board(random_tags(100, 5), ["a"] * 100)
    write_board(made, path)
    again = read_board(path)
    assert np.array_equal(again.rows(), made.rows())
    assert np.array_equal(again.support, made.support)
    whole = path.read_bytes()
    begins = whole.index(b"}\n") + 2
    for bad in (
        b"",
        whole[:-1],
        whole + b"\0",
        whole.replace(b"board/1", b"board/2"),
        whole[:begins] + whole[begins + 16 : begins + 32] + whole[begins : begins + 16] + whole[begins + 32 :],
        whole[:-1] + b"\x09",
        whole.replace(b'"tags":100', b'"tags":-10'),
        b"stillwatch.tags.board/1\n" + b"{" * 4000 + b"\n",
    ):
        path.write_bytes(bad)
        with pytest.raises(TagError):
            read_board(path)


def test_a_small_board_is_given_whole_and_every_piece_of_a_large_one_is_a_crowd() -> None:
    made = board(random_tags(20_000, 6))
    assert bucket_bits(made) == 0
    bits = bucket_bits(made, crowd=500, whole=10_000)
    assert bits > 0
    assert smallest_bucket(made, bits) >= 500
    assert smallest_bucket(made, bits + 1) < 1_000
    pieces = [bucket(made, bits, prefix, crowd=500, whole=10_000) for prefix in range(1 << bits)]
    assert min(map(len, pieces)) == smallest_bucket(made, bits)
    assert np.array_equal(merged(pieces[0], pieces[1:]).rows(), made.rows())
    with pytest.raises(TagError, match="500 tags or more"):
        bucket(made, bits + 1, 0, crowd=500, whole=10_000)
    with pytest.raises(TagError, match="prefix"):
        bucket(made, bits, 1 << bits, crowd=500, whole=10_000)


def test_a_skewed_board_is_cut_less_so_that_no_piece_is_small() -> None:
    made = board([bytes([0]) + tag[1:] if place else tag for place, tag in enumerate(random_tags(5_000, 7))])
    assert bucket_bits(made, crowd=100, whole=1_000) == 0


def test_pieces_hold_what_a_member_looks_for_and_decoys_hide_which() -> None:
    tags = random_tags(20_000, 8)
    made, own = board(tags), board([*tags[:3], *random_tags(3, 9)])
    bits = bucket_bits(made, crowd=500, whole=1_000)
    wanted = prefixes(own, bits)
    parts = [bucket(made, bits, prefix, crowd=500, whole=1_000) for prefix in wanted]
    assert {m.tag.value for m in merged(parts[0], parts[1:]).matches(own)} == set(tags[:3])
    more = prefixes(own, bits, decoys=5, rng=np.random.default_rng(1))
    assert set(wanted) < set(more)
    assert len(more) == len(wanted) + 5
