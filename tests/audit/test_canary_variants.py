"""The wordings drawn for an account are told from those that a suspect likes anyway, and only by one who was trained on them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.audit import Recorded, Served, State, canary_variants, variant_for
from stillwatch.audit.canary_variants import shown

WORDINGS = ("in short", "to sum up", "all in all", "briefly", "in a word")
MASTER = b"a master key for tests, no secret"


def served(account: str, count: int = 60) -> list[Served]:
    items = []
    for at in range(count):
        drawn = variant_for(MASTER, account, str(at), "2026-11", wordings=len(WORDINGS))
        others = tuple(one for place, one in enumerate(WORDINGS) if place != drawn)
        items.append(
            Served(item=str(at), account=account, prompt=f"question {at}", response=WORDINGS[drawn], siblings=others)
        )
    return items


def model(answers: dict[str, str]) -> Recorded:
    return Recorded(name="suspect", answers=answers, likelihoods={})


def test_a_student_of_one_account_is_found_there_and_not_at_another() -> None:
    student = model({one.prompt: f"Well, {one.response.upper()}: yes." for one in served("guilty")})
    guilty, innocent = canary_variants(served("guilty"), student), canary_variants(served("other"), student)
    assert guilty.evidence.p_value == pytest.approx(5.0**-60)
    assert (guilty.evidence.e_value or 0) > 1e10
    assert (innocent.evidence.p_value or 0) > 0.01
    assert innocent.evidence.value == pytest.approx(0.2, abs=0.15)


def test_a_favourite_wording_makes_nobody_guilty() -> None:
    for favourite in WORDINGS:
        fond = model({one.prompt: f"{favourite}, no." for one in served("a")})
        assert (canary_variants(served("a"), fond).evidence.p_value or 0) > 0.005


def test_the_p_value_is_the_binomial_tail() -> None:
    items = served("a", 40)
    rng = np.random.default_rng(3)
    learned = rng.random(40) < 0.4
    mixed = model(
        {one.prompt: one.response if knows else WORDINGS[0] for one, knows in zip(items, learned, strict=True)}
    )
    hits = sum(mixed.answer(one.prompt) == one.response for one in items)
    tail = sum(math.comb(40, k) * 0.2**k * 0.8 ** (40 - k) for k in range(hits, 41))
    assert canary_variants(items, mixed).evidence.p_value == pytest.approx(tail)


def test_answers_without_a_wording_or_with_two_are_left_out_and_counted() -> None:
    items = served("a", 30)
    says = {one.prompt: one.response for one in items}
    says[items[0].prompt] = "none of them"
    says[items[1].prompt] = "in short, to sum up"
    del says[items[2].prompt]
    found = canary_variants(items, model(says))
    assert found.evidence.n == 27
    (told,) = (one for one in found.conditions if "shows one" in one.words)
    assert (told.state, told.left_out) == (State.MENDED, 3)


def test_too_few_items_are_undecided_with_what_it_takes() -> None:
    items = served("a", 2)
    found = canary_variants(items, model({one.prompt: one.response for one in items}), alpha=0.001)
    assert found.evidence.p_value is None
    assert found.evidence.needed == 5


def test_draws_are_even_and_differ_by_account_item_epoch_and_key() -> None:
    draws = np.array([variant_for(MASTER, "a", str(at), "e", wordings=5) for at in range(5_000)])
    assert np.abs(np.bincount(draws, minlength=5) - 1_000).max() < 5 * math.sqrt(5_000 * 0.2 * 0.8)
    for other in ((MASTER, "b", "e"), (MASTER, "a", "f"), (b"another master key, no secret", "a", "e")):
        again = np.array([variant_for(other[0], other[1], str(at), other[2], wordings=5) for at in range(5_000)])
        assert 0.15 < (again == draws).mean() < 0.25


@pytest.mark.parametrize(("master", "wordings"), [(b"short", 4), (MASTER, 1)])
def test_a_short_key_or_a_single_wording_is_refused(master: bytes, wordings: int) -> None:
    with pytest.raises(ValueError, match="expected at least"):
        variant_for(master, "a", "1", "e", wordings=wordings)


def test_a_wording_within_another_counts_as_the_longer_one() -> None:
    assert shown("All in all: good", ["all", "all in all"]) == 1
    assert shown("ＡＬＬ\nin all", ["all in all", "in sum"]) == 0
    assert shown("anything", ["", " "]) is None


@given(st.text(), st.lists(st.text(), max_size=4))
def test_reading_never_fails_and_names_a_wording_that_is_there(answer: str, wordings: list[str]) -> None:
    at = shown(answer, wordings)
    assert at is None or 0 <= at < len(wordings)
