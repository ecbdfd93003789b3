"""Sibling tests find who learned what was served, keep their error rate, and say what broke and what is too little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.audit import (
    Finding,
    Recorded,
    Served,
    State,
    clear,
    fit_items,
    gains,
    half_of_words,
    overlaps,
    sibling_continuation,
    sibling_likelihood,
    sibling_overlap,
    smallest_share,
)
from stillwatch.audit.deals import deal_tail

from .conftest import made_items, parrot, stranger

AtMost = Callable[[int, int, float], bool]
Run = Callable[[tuple[Served, ...], Recorded], Finding]

BOTH = pytest.mark.parametrize("run", [sibling_overlap, sibling_likelihood])


@BOTH
def test_who_learned_the_responses_is_found(run: Run) -> None:
    items = made_items(np.random.default_rng(1))
    found = run(items, parrot(items))
    assert found.evidence.p_value is not None
    assert found.evidence.p_value < 1e-12
    assert found.evidence.e_value is not None
    assert found.evidence.e_value > 1e6
    assert found.account == "alice"


@BOTH
def test_a_stranger_is_suspected_no_oftener_than_promised(run: Run, at_most: AtMost) -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        items = made_items(rng, 12)
        found.append(run(items, stranger(items, rng)))
    p = np.array([one.evidence.p_value for one in found], dtype=np.float64)
    tops = np.array([max(one.running) for one in found])
    for level in (0.01, 0.05, 0.2):
        assert at_most(int((p <= level).sum()), 200, level)
        assert at_most(int((tops >= 1 / level).sum()), 200, level)
    assert (p <= 0.2).mean() > 0.12, "the p-value wastes what it is given"


@BOTH
def test_another_student_of_ours_is_not_charged_with_this_account(run: Run) -> None:
    rng = np.random.default_rng(3)
    alice, bob = made_items(rng, 60), made_items(rng, 60, account="bob")
    learned = parrot(bob)
    unseen = stranger(alice, rng)
    student = Recorded(
        name="student",
        answers={
            **{one.prompt: unseen.answer(one.prompt) or "" for one in alice},
            **{one.prompt: one.response for one in bob},
        },
        likelihoods={
            (one.prompt, text): learned.likelihood(one.prompt, text) or unseen.likelihood(one.prompt, text) or 0.0
            for one in (*alice, *bob)
            for text in one.candidates
        },
    )
    assert (run(bob, student).evidence.p_value or 1) < 1e-12
    assert (run(alice, student).evidence.p_value or 0) > 0.01


@BOTH
def test_too_few_items_are_undecided_with_the_number_that_would_do(run: Run) -> None:
    items = made_items(np.random.default_rng(4), 2)
    evidence = run(items, parrot(items)).evidence
    assert (evidence.p_value, evidence.e_value, evidence.n, evidence.needed) == (None, None, 2, 3)
    more = made_items(np.random.default_rng(4), 3)
    assert run(more, parrot(more)).evidence.decided


@BOTH
def test_no_items_at_all_are_undecided(run: Run) -> None:
    evidence = run((), parrot(())).evidence
    assert not evidence.decided
    assert evidence.needed is not None


def test_a_reference_takes_away_what_is_easy_for_everybody() -> None:
    rng = np.random.default_rng(5)
    items = made_items(rng, 60)
    easy = {(one.prompt, text): float(-rng.gamma(2.0)) for one in items for text in one.candidates}
    traces = {
        (one.prompt, text): base + 0.05 * (text == one.response)
        for one in items
        for text in one.candidates
        for base in [easy[one.prompt, text] - 0.1]
    }
    student, ours = (
        Recorded(name="s", answers={}, likelihoods=traces),
        Recorded(name="ours", answers={}, likelihoods=easy),
    )
    assert (sibling_likelihood(items, student).evidence.p_value or 0) > 1e-3
    assert (sibling_likelihood(items, student, reference=ours).evidence.p_value or 1) < 1e-9


def test_what_breaks_the_exchange_is_left_out_and_counted() -> None:
    items = made_items(np.random.default_rng(6), 8)
    picked = replace(items[0], as_sampled=False)
    other = replace(items[1], same_sampling=False)
    again = replace(items[3], prompt=items[2].prompt)
    talking = replace(items[4], conversation=items[2].conversation)
    quoting = replace(items[5], prompt=f"You said: {items[2].response}. Why?")
    kept, found = fit_items([picked, other, items[2], again, talking, quoting, *items[6:]])
    assert [one.item for one in kept] == ["alice-2", "alice-6", "alice-7"]
    assert [one.left_out for one in found] == [1, 1, 1, 1, 1]
    assert all(one.state is State.MENDED for one in found)


def test_what_was_not_recorded_is_said_and_not_assumed() -> None:
    item = replace(made_items(np.random.default_rng(7), 1)[0], as_sampled=None, same_sampling=None, conversation=None)
    _, found = fit_items([item])
    assert [one.state for one in found] == [State.UNRECORDED] * 2 + [State.HOLDS, State.UNRECORDED, State.HOLDS]
    assert "taken on trust" in str(found[0])


def test_items_the_suspect_did_not_answer_are_counted() -> None:
    items = made_items(np.random.default_rng(8), 10)
    silent = Recorded(name="s", answers={one.prompt: one.response for one in items[:7]}, likelihoods={})
    found = sibling_overlap(items, silent)
    assert found.evidence.n == 7
    assert found.conditions[-1].left_out == 3


def test_clearing_rules_out_what_is_not_there_and_never_what_is(at_most: AtMost) -> None:
    rng = np.random.default_rng(9)
    wrong = 0
    for _ in range(100):
        values = rng.normal(size=(40, 4))
        values[: int(rng.binomial(40, 0.2)), 0] = 9.0
        items = overlaps((), parrot(()))
        told = clear(replace(items, values=tuple(values)), share=0.2, alpha=0.05)
        assert told.finding.evidence.p_value is not None
        wrong += told.finding.evidence.p_value <= 0.05
        assert (told.excluded is not None and told.excluded <= 0.2) == (told.finding.evidence.p_value <= 0.05)
    assert at_most(wrong, 100, 0.05)


def test_a_stranger_is_cleared_at_a_share_that_would_have_been_seen() -> None:
    rng = np.random.default_rng(10)
    items = made_items(rng, 200)
    told = clear(gains(items, stranger(items, rng)), share=0.25)
    assert (told.finding.evidence.p_value or 1) < 0.01
    assert told.seen == smallest_share(200, 4, alpha=0.01)
    assert "ruled out" in str(told)


def test_the_share_that_would_be_seen_is_seen_so_often() -> None:
    rng = np.random.default_rng(11)
    share = smallest_share(60, 3, alpha=0.05, power=0.8)
    assert share is not None
    hits = 0
    for _ in range(120):
        marked = rng.random(60) < share
        ranks = [rng.permutation(4) for _ in range(60)]
        hits += (
            deal_tail([np.roll(row, -row.argmax()) if mark else row for row, mark in zip(ranks, marked, strict=True)])
            <= 0.05
        )
    assert 0.7 < hits / 120 < 0.9


def begun(items: Sequence[Served], ends: Callable[[Served, str], str]) -> Recorded:
    """A suspect that goes on from each candidate's beginning as `ends` says."""
    asked = {half_of_words(one.prompt, text)[0]: ends(one, text) for one in items for text in one.candidates}
    return Recorded(name="s", answers=asked, likelihoods={})


def test_who_learned_the_served_answers_goes_on_from_these_and_from_no_sibling() -> None:
    rng = np.random.default_rng(12)
    items = made_items(rng, 40)

    def student(one: Served, text: str) -> str:
        return half_of_words(one.prompt, text)[1] if text == one.response else "something else entirely"

    found = sibling_continuation(items, begun(items, student))
    assert (found.evidence.p_value or 1) < 1e-9
    assert found.evidence.value == 1.0


def test_who_goes_on_from_every_candidate_alike_is_not_charged() -> None:
    """A suspect that knows our manner well ends siblings as they end, too; a plain count of ends that it knew would convict it."""
    rng = np.random.default_rng(13)
    items = made_items(rng, 60)
    knowing = begun(
        items, lambda one, text: half_of_words(one.prompt, text)[1] if rng.random() < 0.5 else "something else"
    )
    assert (sibling_continuation(items, knowing).evidence.p_value or 0) > 0.01


def test_an_item_with_a_candidate_that_was_not_asked_is_left_out() -> None:
    items = made_items(np.random.default_rng(14), 10)
    every = dict(begun(items, lambda one, text: text).replies)
    every.pop(half_of_words(items[0].prompt, items[0].siblings[1])[0])
    found = sibling_continuation(items, Recorded(name="s", answers=every, likelihoods={}))
    assert (found.evidence.n, found.conditions[-1].left_out) == (9, 1)
