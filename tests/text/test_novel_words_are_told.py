"""Sketches and familiar words: near texts share bits, foreign texts have unfamiliar words, and neither hangs on how a table is cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.text import Projection, familiar, sketch_signs, sketches, unfamiliar_shares, words

GARDEN = [f"the {a} grows beside the {b} in spring" for a in ("tulip", "crocus", "hedge") for b in ("gate", "fence")]
LEDGER = ["quarterly invoices exceed the audited budget", "shareholders question depreciation of assets"]


def shared_bits(one: str, other: str) -> int:
    signs = sketch_signs(sketches(words([one, other])))
    return int((signs[0] == signs[1]).sum())


def test_near_texts_share_more_bits_than_strangers() -> None:
    assert shared_bits(GARDEN[0], GARDEN[0]) == 64
    assert shared_bits(GARDEN[0], GARDEN[1]) > shared_bits(GARDEN[0], LEDGER[0])


def test_a_sketch_is_the_signs_of_the_projection() -> None:
    found = words(GARDEN + LEDGER)
    positive = Projection(64).sums(found) > 0
    assert ((sketch_signs(sketches(found)) > 0) == positive).all()


def test_a_text_without_words_has_no_sketch_and_no_signs() -> None:
    found = sketches(words(["?!", None, "tulip"]))
    assert found.type == pa.int64()
    assert found.is_valid().to_pylist() == [False, False, True]
    assert (sketch_signs(found)[:2] == 0).all()


def test_sketches_do_not_hang_on_the_cut_of_a_table() -> None:
    whole = sketches(words(GARDEN)).to_pylist()
    assert whole == [sketches(words([text]))[0].as_py() for text in GARDEN]
    assert whole[0] == 4686030596793697280, "references and sums of sketches are stored: a new value needs a new column"


def test_foreign_words_are_unfamiliar_and_known_ones_are_not() -> None:
    known = familiar(words(GARDEN))
    fresh, pairs = unfamiliar_shares(words([*GARDEN[:1], *LEDGER]), known)
    assert fresh[0] == pairs[0] == 0.0
    assert (fresh[1:] > 0.6).all()
    assert (pairs[1:] > 0.9).all()


def test_known_words_in_a_foreign_order_are_unfamiliar_pairs() -> None:
    fresh, pairs = unfamiliar_shares(words(["spring gate the in grows hedge"]), familiar(words(GARDEN)))
    assert fresh[0] == 0.0
    assert pairs[0] > 0.7


def test_a_text_of_no_words_or_of_one_has_no_unfamiliar_share_to_speak_of() -> None:
    fresh, pairs = unfamiliar_shares(words([None, "", "orchid"]), familiar(words(GARDEN)))
    assert fresh.tolist() == [0.0, 0.0, 1.0]
    assert pairs.tolist() == [0.0, 0.0, 0.0]


def test_counts_of_parts_add_up_to_counts_of_the_whole() -> None:
    whole, parts = familiar(words(GARDEN)), familiar(words(GARDEN[:2])) + familiar(words(GARDEN[2:]))
    assert np.array_equal(whole.single, parts.single)
    assert np.array_equal(whole.pair, parts.pair)


def test_rare_words_are_those_seen_at_most_so_often() -> None:
    known = familiar(words(GARDEN))
    few, _ = unfamiliar_shares(words(["tulip spring"]), known, most=2)
    assert few.tolist() == [0.5]
