"""Numbers of texts: a copy goes its own way, and what copies share is what all of them number alike."""

from __future__ import annotations

import numpy as np

from stillwatch.range.names import Names

TEXTS = ["first", "second"]


def test_copies_share_the_lists_that_were_known_before() -> None:
    origin = Names()
    origin.numbers(TEXTS)
    assert origin.copy().kept(TEXTS) is origin.copy().kept(TEXTS)


def test_a_list_that_a_copy_of_a_copy_knows_is_not_taken_for_known_in_other_copies() -> None:
    origin = Names()
    origin.number("first")
    desk = origin.copy()
    desk.number("second")
    assert desk.copy().kept(TEXTS).tolist() == [0, 1]
    other = origin.copy()
    other.number("another")
    assert other.kept(TEXTS).tolist() == [0, 2]
    assert other.lengths(other.kept(TEXTS)).tolist() == [5, 6]


def test_copies_of_before_and_after_their_origin_grew_share_nothing() -> None:
    origin = Names()
    origin.number("first")
    before = origin.copy()
    origin.number("second")
    assert origin.copy().kept(TEXTS).tolist() == [0, 1]
    before.number("another")
    assert before.kept(TEXTS).tolist() == [0, 2]


def test_lengths_are_those_of_the_texts_whoever_measured_them() -> None:
    origin = Names()
    origin.numbers(TEXTS)
    one, other = origin.copy(), origin.copy()
    one.number("a third")
    other.number("4")
    assert one.lengths(np.arange(3)).tolist() == [5, 6, 7]
    assert other.lengths(np.arange(3)).tolist() == [5, 6, 1]
