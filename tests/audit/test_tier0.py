"""Count models that saw nothing are accused no oftener than promised, by every test; those that were trained on it are found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stillwatch.audit import TESTS, Finding, sibling_likelihood, sibling_overlap, tier0
from stillwatch.audit.count_models import CountModel, serve
from stillwatch.audit.tier0 import NULLS, VOCABULARY, World, draw_world, null_draws

AUDITS = {"agreement": (24, 40), "text_source": (24, 60), "decoy_keys": (30, 60)}
"""Audits by test, of the sample and in all; 60 and 120 of the others."""


def test_every_test_has_a_world_in_which_it_can_only_err() -> None:
    assert list(NULLS) == list(TESTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NULLS))
def test_a_test_errs_no_oftener_than_promised(
    name: str, at_most: Callable[[int, int, float], bool], tries: Callable[..., int]
) -> None:
    """Sixty audits find a test that errs in 30 % where it promised 5 % in 97 runs of 100, as many as 120 find one that errs in 21 %."""
    sample, whole = AUDITS.get(name, (60, 120))
    audits = tries(sample, whole=whole)
    found = null_draws(name, audits, np.random.default_rng(1))
    assert not np.isnan(found.p).any()
    for level in (0.01, 0.05, 0.2):
        assert at_most(int((found.p <= level).sum()), audits, level)
        assert at_most(int((found.e >= 1 / level).sum()), audits, level)


def test_the_audits_of_one_world_are_told_from_those_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds: list[World] = []

    def heard(world: World, rng: np.random.Generator) -> Finding:
        worlds.append(world)
        return NULLS["betting"](world, rng)

    monkeypatch.setitem(tier0.NULLS, "heard", heard)
    found = null_draws("heard", 7, np.random.default_rng(1), a_world=3)
    assert found.world.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert [[one is other for other in worlds] for one in worlds] == (found.world[:, None] == found.world).tolist()


def test_who_was_trained_on_the_responses_is_found_both_ways() -> None:
    rng = np.random.default_rng(2)
    world = draw_world(rng)
    items = serve(world.teacher, "a", 80, rng)
    texts = np.array([[*map(int, (*one.prompt.split()[-1:], *one.response.split()))] for one in items])
    student = CountModel.trained(
        texts, vocabulary=VOCABULARY, name="student", learned={one.prompt: one.response for one in items}, recall=0.5
    )
    assert (sibling_likelihood(items, student, reference=world.teacher).evidence.p_value or 1) < 1e-4
    assert (sibling_overlap(items, student).evidence.p_value or 1) < 1e-6


def test_words_follow_one_another_by_the_chances_of_the_word_before() -> None:
    rng = np.random.default_rng(3)
    chances = np.array([[0.0, 0.8, 0.2], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]])
    model = CountModel(chances, name="m", words=4000)
    rows = model.sample(np.zeros(40, dtype=np.int64), 100, rng)
    answer = np.array([[0, *map(int, (model.answer("7 0") or "").split())]])
    for said in (rows, answer):
        counts = np.zeros((3, 3))
        np.add.at(counts, (said[:, :-1].ravel(), said[:, 1:].ravel()), 1)
        assert np.abs(counts / counts.sum(axis=1, keepdims=True) - chances).max() < 0.05
