"""Vectors of meanings: near for what means the same, equal on every machine and for every cut of a batch, small in the package."""

import lzma
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.text import TOPICS, meaning_vectors, meanings
from stillwatch.text.meaning import (
    BUCKETS,
    LENGTH,
    MAIN,
    PARTS,
    WIDTH,
    buckets_of,
    meaning_sums,
    packed,
    told,
    unpacked,
)
from stillwatch.text.normal import normal

MONEY = "How do I change the currency of my bank account?"
TRANSLATED = {
    "How many people live in the city?": "Wie viele Menschen leben in der Stadt?",
    "When did the war end?": "Wann endete der Krieg?",
    "What is the capital of the country?": "¿Cuál es la capital del país?",
    "Who was the president of the university?": "Кто был президентом университета?",
}
TEXTS = st.lists(
    st.sampled_from([MONEY, "", "...", "42", "你好 世界", "naïve café", "a b c d", "x" * 900, *TRANSLATED.values()]),
    max_size=9,
)


def test_what_means_the_same_is_nearer_than_what_does_not() -> None:
    one, other, strange = meaning_vectors(
        [MONEY, "Can I switch my account to another currency?", "Write a Python function that sorts a list of strings."]
    )
    assert one @ other > one @ strange + 0.3


def test_a_translation_is_nearer_than_the_other_questions() -> None:
    near = meaning_vectors(list(TRANSLATED)) @ meaning_vectors(list(TRANSLATED.values())).T
    assert (near.argmax(axis=1) == np.arange(len(TRANSLATED))).all()


@settings(deadline=None)
@given(TEXTS)
def test_a_text_has_one_meaning_whatever_stands_beside_it(texts: list[str]) -> None:
    together = told(normal(texts))
    for row, text in enumerate(texts):
        alone = told(normal([text]))
        for name in ("known", "signs", "topic", "far", "rest"):
            assert getattr(alone, name)[0] == getattr(together, name)[row]


def test_texts_without_words_have_no_meaning() -> None:
    found = told(normal(["", "... !?", None, "word"]))
    assert found.known.tolist() == [False, False, False, True]
    assert np.linalg.norm(meaning_vectors(["", "word"]), axis=1).round(6).tolist() == [0.0, 1.0]


def test_a_bucket_counts_once_and_only_the_beginning_is_read() -> None:
    once, twice, long = (
        meaning_sums(normal([text]))[0] for text in ("alpha beta", "alpha beta alpha", "alpha " * 50 + "beta")
    )
    assert (once == twice).all()
    assert not (once == long).all(), "beta stands before the 300th letter in one and behind it in the other"
    assert (meaning_sums(normal(["alpha"]))[0] == long).all()


def test_sums_are_the_rows_of_the_buckets_that_are_met() -> None:
    texts = normal([MONEY, "你好 世界", "Was kostet 1 Brot?"])
    bucket, ends = buckets_of(texts)
    rows = meanings().rows.astype(np.int64)
    by_hand = [rows[bucket[low:high]].sum(axis=0) for low, high in pairwise(ends)]
    sums, size = meaning_sums(texts)
    assert (sums == np.stack(by_hand)).all()
    assert (size == np.diff(ends)).all()


def test_a_packed_table_is_read_back_as_it_was() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 256, (BUCKETS, PARTS)).astype(np.uint8)
    books = rng.integers(-127, 128, (PARTS, 256, WIDTH // PARTS)).astype(np.int8)
    cells, main = (rng.integers(-60, 60, (rows, WIDTH)).astype(np.int8) for rows in (TOPICS, MAIN))
    made = unpacked(packed(codes, books, cells, main), "one\ntwo\n")
    assert made.names == ("one", "two")
    assert (made.rows[77] == np.concatenate([books[part, codes[77, part]] for part in range(PARTS)])).all()
    assert (cells == made.cells.T).all()
    assert (main == made.main.T).all()


def test_what_is_no_table_or_one_of_other_sizes_is_refused() -> None:
    whole = files("stillwatch.text").joinpath("meaning.table").read_bytes()
    for damaged in (b"", whole[:-50], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]):
        with pytest.raises(lzma.LZMAError):
            unpacked(damaged, "")
    raw = lzma.decompress(whole)
    for foreign in (b"", raw[:-WIDTH], raw + raw[:WIDTH]):
        with pytest.raises(ValueError, match=r"table of meanings: got .* bytes, expected "):
            unpacked(lzma.compress(foreign), "")


def test_the_table_of_the_package_is_small_and_its_topics_have_names() -> None:
    by = meanings()
    assert len(files("stillwatch.text").joinpath("meaning.table").read_bytes()) < 100_000
    assert by.rows.shape == (BUCKETS, WIDTH)
    assert len(by.names) == TOPICS
    assert all(name.count(", ") == 2 for name in by.names)
    assert np.abs(np.linalg.norm(by.cells, axis=0) - LENGTH).max() < 10


@pytest.mark.parametrize(
    ("text", "topic"), [(MONEY, "currency"), ("Solve for x: what is the probability of two heads?", "probability")]
)
def test_topics_are_named_by_what_stands_in_their_texts(text: str, topic: str) -> None:
    assert topic in meanings().names[told(normal([text])).topic[0]]
