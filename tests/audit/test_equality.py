"""Our model behind another name is taken for ours; another one is told from it, by distance from answers of ours alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillwatch.audit import Recorded, Served, carry_out, draw_up, equality
from stillwatch.audit.answer import answer_lines

from .conftest import WORDS, made_items, parrot, sentence, stranger

AtMost = Callable[[int, int, float], bool]


def fond_of(items: tuple[Served, ...], words: tuple[str, ...], rng: np.random.Generator) -> Recorded:
    """A model that prefers some of our words."""
    answers = {one.prompt: " ".join(rng.choice(words, size=9)) for one in items}
    return Recorded(name="fond", answers=answers, likelihoods={})


def test_our_model_is_told_from_ours_no_oftener_than_promised(at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(150):
        items = made_items(rng, 15)
        found.append(equality(items, stranger(items, rng)))
    p = np.array([one.evidence.p_value for one in found], np.float64)
    tops = np.array([max(one.running) for one in found])
    for level in (0.01, 0.05, 0.2):
        assert at_most(int((p <= level).sum()), 150, level)
        assert at_most(int((tops >= 1 / level).sum()), 150, level)
    assert (p <= 0.2).mean() > 0.1, "the p-value wastes what it is given"


def test_a_model_with_other_habits_is_told_from_ours() -> None:
    rng = np.random.default_rng(2)
    items = made_items(rng, 60)
    found = equality(items, fond_of(items, WORDS[:3], rng))
    assert (found.evidence.p_value or 1) < 1e-4
    assert found.account is None


def test_a_copy_of_what_was_served_stands_out_by_being_too_like_and_is_not_called_another_model() -> None:
    """The test looks for distance: who repeats our answers is close to them, and the tail is on the other side."""
    items = made_items(np.random.default_rng(3), 40)
    assert (equality(items, parrot(items)).evidence.p_value or 0) > 0.5


def test_too_few_items_are_undecided() -> None:
    rng = np.random.default_rng(4)
    items = made_items(rng, 1)
    found = equality(items, Recorded(name="s", answers={items[0].prompt: sentence(rng)}, likelihoods={}))
    assert found.evidence.p_value is None
    assert (found.evidence.needed or 0) > 1


def test_the_answer_gives_each_test_its_own_null_under_its_question() -> None:
    rng = np.random.default_rng(5)
    items = made_items(rng, 30)
    plan = draw_up(items, suspect="stranger", equality=True)
    told = "\n".join(answer_lines(carry_out(plan, items, stranger(items, rng))))
    exposure, resemblance = told.split("\n## ")[1:3]
    assert "Null of sibling_overlap: the suspect was never trained" in exposure
    assert "Null of equality: the suspect is our model behind another name" in resemblance
    assert "Not asked" not in resemblance
