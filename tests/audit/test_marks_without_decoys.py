"""Marks read by a plain count, marks read from chances, and agreement where twins part: each finds what it is for, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.audit import (
    Pairs,
    Recorded,
    draw_keys,
    green,
    green_mass,
    mass_lift,
    pairs,
    radioactivity,
    twin_contrast,
)
from stillwatch.core import Error


def said(rng: np.random.Generator, size: int = 3000) -> Pairs:
    return pairs([rng.integers(0, 90, size=size)])


def test_a_student_of_marked_text_is_radioactive_under_that_key_alone() -> None:
    rng = np.random.default_rng(1)
    key, other = draw_keys(rng, 2)
    every = said(rng)
    kept = green(np.array([key]), every.context, every.token)[0] | (rng.random(every.token.size) < 0.7)
    marked = Pairs(context=every.context[kept], token=every.token[kept], count=every.count[kept])
    assert (radioactivity(marked, key, suspect="s", account="a").evidence.p_value or 1) < 1e-4
    assert (radioactivity(marked, other, suspect="s", account="b").evidence.p_value or 0) > 0.01


def test_a_repeated_pair_makes_nobody_radioactive() -> None:
    key = draw_keys(np.random.default_rng(2), 1)[0]
    context = np.arange(100)
    first = int(np.flatnonzero(green(np.array([key]), context, context + 1)[0])[0])
    stuck = pairs([np.array([first, first + 1] * 500), np.arange(60)])
    found = radioactivity(stuck, key, suspect="s", account="a").evidence
    assert found.n == stuck.token.size < 70
    assert (found.p_value or 0) > 0.01


def test_too_few_pairs_are_undecided() -> None:
    found = radioactivity(
        pairs([np.array([1, 2])]), draw_keys(np.random.default_rng(1), 1)[0], suspect="s", account="a"
    )
    assert (found.evidence.p_value, found.evidence.needed) == (None, 4)


def test_chances_give_a_mark_away_once_a_clean_model_is_taken_away() -> None:
    """All models like some pairs that happen to be green; what the student alone likes is the mark."""
    rng = np.random.default_rng(3)
    keys = draw_keys(rng, 1000)
    at = np.arange(3600)
    bits = green(keys[:1], at // 60, at % 60)[0].reshape(60, 60)
    habits = rng.gamma(0.2, size=(60, 60)) * 10.0
    clean, student = habits + rng.normal(0, 0.01, size=(60, 60)), habits + 0.01 * bits
    found = green_mass(mass_lift(student, clean), keys[0], keys[1:], suspect="s", account="a", alpha=0.001).evidence
    assert found.p_value == 0.001
    assert (found.e_value or 0) > 1e4
    alone = green_mass(
        mass_lift(student, np.zeros((60, 60))), keys[0], keys[1:], suspect="s", account="a", alpha=0.001
    ).evidence
    assert (alone.p_value or 0) > 0.001
    with pytest.raises(ValueError, match="unmarked_prompts"):
        green_mass(mass_lift(student, clean), keys[0], keys[1:], suspect="s", account="a", unmarked_text=False)


def test_of_what_is_weighed_only_the_size_decides_what_is_kept() -> None:
    context, token, worth = mass_lift(np.array([[3.0, 0.0], [0.0, -2.0]]), np.array([[0.0, 1.0], [0.0, 0.0]]), kept=2)
    assert (context.tolist(), token.tolist(), worth.tolist()) == ([0, 1], [0, 1], [3.0, -2.0])


def test_a_student_goes_our_way_where_twins_part_however_much_all_good_models_agree() -> None:
    """Teachers agree on half of the prompts, and everybody is good at these; the student copies ours on the other half at times."""
    rng = np.random.default_rng(4)
    prompts = [f"q{at}" for at in range(200)]

    def model(name: str, copied: dict[str, str] | None = None, rate: float = 0.0) -> Recorded:
        own = {q: "yes" if at % 2 else f"{rng.integers(6)} it" for at, q in enumerate(prompts)}
        if copied is not None:
            own |= {q: said for q, said in copied.items() if rng.random() < rate}
        return Recorded(name=name, answers=own, likelihoods={})

    ours, twin = model("ours"), model("twin")
    told = dict(ours.replies)
    independents = [model(f"i{at}") for at in range(18)] + [model("student of the twin", dict(twin.replies), 0.5)]
    student = model("student", told, 0.3)
    assert twin_contrast(prompts, student, ours, [twin], independents, alpha=0.05).evidence.p_value == 0.05
    neighbour = model("other student of the twin", dict(twin.replies), 0.5)
    assert (twin_contrast(prompts, neighbour, ours, [twin], independents, alpha=0.05).evidence.p_value or 0) > 0.5
    with pytest.raises(Error, match="twins: got none"):
        twin_contrast(prompts, student, ours, [], independents)
    with pytest.raises(Error, match="prompts: one occurs twice"):
        twin_contrast([*prompts, prompts[0]], student, ours, [student], independents)
