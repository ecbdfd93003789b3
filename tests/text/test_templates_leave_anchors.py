"""Anchors and skeletons: what the instances of a template have in common."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.text import anchors, shingles, skeletons, words
from stillwatch.text.shingles import MOST, WIDTH

SENTENCE = st.text(st.sampled_from('ab c1é你." '), max_size=60)


LETTERS = np.random.default_rng(0).integers(97, 123, size=(30000, 7), dtype=np.uint8)
BAG = np.array([row.tobytes().decode() for row in LETTERS], dtype=object)


def bag(rng: np.random.Generator, size: int) -> str:
    return " ".join(BAG[rng.integers(0, len(BAG), size)])


def kept(where: str, size: int, slot: tuple[int, int], rng: np.random.Generator) -> tuple[float, float]:
    """Share of instances that keep a scaffold anchor, and scaffold anchors that most instances share; means over templates."""
    shares, shared = [], []
    for _ in range(10):
        scaffold = bag(rng, size)
        first, second = " ".join(scaffold.split()[: size // 2]), " ".join(scaffold.split()[size // 2 :])
        texts = []
        for _ in range(20):
            filler = bag(rng, int(rng.integers(*slot, endpoint=True)))
            half = (
                " ".join(filler.split()[: len(filler.split()) // 2]),
                " ".join(filler.split()[len(filler.split()) // 2 :]),
            )
            texts.append(
                {
                    "head": f"{scaffold} {filler}",
                    "tail": f"{filler} {scaffold}",
                    "both": f"{first} {filler} {second}",
                    "middle": f"{half[0]} {scaffold} {half[1]}",
                }[where]
            )
        own = set()
        for piece in (scaffold,) if where != "both" else (first, second):
            read = words([piece])
            own |= set(shingles(read.hash, read.offset, salt=3)[0].view(np.int64).tolist())
        found = [own & set(row) for row in anchors(words(texts), salt=3).to_pylist()]
        shares.append(np.mean([bool(row) for row in found]))
        shared.append(sum(sum(value in row for row in found) > 0.8 * len(texts) for value in own))
    return float(np.mean(shares)), float(np.mean(shared))


@pytest.mark.parametrize(
    ("where", "size", "slot", "least", "common"),
    [
        ("head", 10, (20, 60), 0.98, 3.0),
        ("head", 10, (150, 400), 0.98, 1.5),
        ("head", 40, (150, 400), 0.99, 4.0),
        ("tail", 10, (150, 400), 0.98, 1.5),
        ("tail", 20, (20, 60), 0.99, 6.0),
        ("both", 20, (150, 400), 0.98, 3.0),
        ("middle", 40, (20, 60), 0.95, 2.0),
        ("middle", 60, (150, 400), 0.6, 0.3),
    ],
)
def test_instances_of_a_template_keep_its_scaffold(
    where: str, size: int, slot: tuple[int, int], least: float, common: float
) -> None:
    share, shared = kept(where, size, slot, np.random.default_rng(5))
    assert share >= least
    assert shared >= common


def test_unrelated_texts_share_no_anchor() -> None:
    rng = np.random.default_rng(1)
    rows = anchors(words([bag(rng, 150) for _ in range(50)]), salt=1).to_pylist()
    assert len({value for row in rows for value in row}) == sum(len(row) for row in rows) == 50 * MOST


def test_numbers_and_ids_do_not_break_a_template() -> None:
    rows = anchors(
        words(["Question 17: what is the mass of it?", "Question 3.50: what is the mass of it?"]), salt=1
    ).to_pylist()
    assert rows[0] == rows[1] != []


def test_short_texts_have_one_anchor_or_none() -> None:
    rows = anchors(
        words(["", "one two", "one two three", "one two three four five", None, "one two three four five six seven"]),
        salt=1,
    )
    assert [None if row is None else len(row) for row in rows.to_pylist()] == [0, 0, 1, 1, None, 2]
    assert rows.type.value_type == "int64"


def test_repetition_cannot_crowd_out_a_scaffold() -> None:
    rng = np.random.default_rng(2)
    scaffold, padding = bag(rng, 12), " ".join(["again and again we say it"] * 200)
    rows = anchors(words([f"{scaffold} {padding}", f"{scaffold} {bag(rng, 50)}"]), salt=1).to_pylist()
    assert set(rows[0]) & set(rows[1])


def test_another_salt_gives_other_anchors() -> None:
    text = words(["one two three four five six seven eight"])
    assert not set(anchors(text, salt=1)[0].as_py()) & set(anchors(text, salt=2)[0].as_py())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), SENTENCE), max_size=6), st.integers(0, 6))
def test_anchors_and_skeletons_hang_on_their_own_row_alone(texts: list[str | None], cut: int) -> None:
    whole = words(texts)
    parts = [words(texts[:cut]), words(texts[cut:])]
    assert anchors(whole, salt=9).to_pylist() == [row for part in parts for row in anchors(part, salt=9).to_pylist()]
    assert skeletons(whole, salt=9).to_pylist() == [
        row for part in parts for row in skeletons(part, salt=9).to_pylist()
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=120))
def test_anchors_are_distinct_ascending_and_few(letters: list[int]) -> None:
    row = anchors(words([" ".join("abcd"[k] for k in letters)]), salt=4)[0].as_py()
    assert row == sorted(set(row))
    assert len(row) <= MOST
    distinct = {tuple(letters[k : k + WIDTH]) for k in range(len(letters) - WIDTH + 1)}
    if len(letters) >= WIDTH:
        assert len(row) == min(len(distinct), MOST)


def test_skeleton_masks_what_varies() -> None:
    same = skeletons(
        words(
            [
                'Order AB12 of "red shoes" for 3.50 to ann@example.org',
                'Order ZZ999 of "a very long blue coat" for 17 to bob.b@mail.example.com',
                "Order Q1 of «vélo» for 8 to https://x.example/y?z=1",
            ]
        ),
        salt=1,
    ).to_pylist()
    assert len(set(same)) == 1
    assert skeletons(words(["Order AB12 of shoes"]), salt=1).to_pylist() != same[:1]
    assert skeletons(words(["", None]), salt=1).to_pylist() == [None, None]
