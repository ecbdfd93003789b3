"""Topic vectors and cells: equal everywhere, near for texts about the same, unknown for nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.text import CELLS, Embedder, Projection, cells, words


def test_a_vector_never_changes() -> None:
    sums = Projection().sums(words([QUESTION]))
    assert sums.dtype == np.int32
    assert cells(words([QUESTION])).tolist() == [PINNED_CELL]
    assert int((sums * np.arange(1, 65)).sum()) == PINNED_SUM


def test_texts_on_one_subject_lie_closer_than_others() -> None:
    embedder: Embedder = Projection()
    vectors = embedder.embed(
        words(
            [
                "Which vaccine protects children against measles and rubella infection?",
                "Against which infection does the measles vaccine protect children?",
                "Write a python function that reverses a linked list without recursion",
            ]
        )
    )
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > 0.3 + vectors[0] @ vectors[2]


def test_nothing_to_embed_is_unknown() -> None:
    found = cells(words(["", None, "12 34", "ok", ""]))
    assert found.tolist()[:3] == [-1, -1, -1]
    assert 0 <= found[3] < CELLS
    assert found[4] == -1
    assert not Projection().embed(words([""])).any()


def test_numbers_carry_no_topic() -> None:
    sums = Projection().sums(words(["invoice number 12345 overdue", "invoice number 777 overdue"]))
    assert (sums[0] == sums[1]).all()


def test_many_rows_are_worked_on_in_parts() -> None:
    texts = ["alpha beta", "gamma"] * 20000
    sums = Projection(16).sums(words(texts))
    assert (sums[::2] == sums[0]).all()
    assert (sums[1::2] == sums[1]).all()


def test_a_silly_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 8 to 4096"):
        Projection(2)


def test_a_cell_follows_the_long_words_and_not_numbers_or_addresses() -> None:
    found = cells(
        words(
            [
                "the vaccination of 3 cats",
                "A vaccination for me, see https://averylongaddress.example/vaccinationsformypet",
                "你好世界",
                "世界你好",
                "你",
                "x你好世界",
            ]
        )
    ).tolist()
    assert found[0] == found[1]
    assert found[2] == found[5]
    assert min(found) >= 0


@given(st.lists(st.text(st.sampled_from("abcdefg 你好1é"), max_size=30), max_size=6), st.integers(0, 6))
def test_cells_hang_on_their_own_row_alone(texts: list[str], cut: int) -> None:
    assert cells(words(texts)).tolist() == cells(words(texts[:cut])).tolist() + cells(words(texts[cut:])).tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("abcdefg 你好1é"), max_size=60), max_size=6), st.integers(0, 6))
def test_sums_hang_on_their_own_row_alone(texts: list[str], cut: int) -> None:
    whole = Projection().sums(words(texts))
    parts = [Projection().sums(words(texts[:cut])), Projection().sums(words(texts[cut:]))]
    assert (whole == np.concatenate(parts)).all()


QUESTION = "How do I cancel the order that I placed yesterday evening?"
PINNED_CELL = 667
PINNED_SUM = -228
