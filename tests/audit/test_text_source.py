"""A student is told from models that learned from none of the teachers, and 'none of these' is an answer."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.audit import Asked, Recorded, Shown, answer_lines, carry_out, draw_up, text_source
from stillwatch.core import Error

from .conftest import made_items

PROMPTS = [f"question {at}" for at in range(12)]
ODD = 0.3
COMMON = ["the", "a", "of", "to", "it", "is", "and", "so", "one", "can"]
MANNERS = {"ours": ["certainly", "indeed"], "ours-2": ["certainly", "indeed"], "theirs": ["well", "sure"]}


def model(rng: np.random.Generator, name: str, *, like: str | None = None, much: float = 0.15) -> Recorded:
    """Common words, words of its own, and by a share `much` the manner of a teacher in place of its own."""
    own = [f"{name}x", f"{name}y"]

    def word() -> str:
        lot = rng.random()
        return str(rng.choice(MANNERS[like] if like and lot < much else own if lot < ODD else COMMON))

    answers = {q: " ".join(word() for _ in range(30)) for q in PROMPTS}
    return Recorded(name=name, answers=answers, likelihoods={})


def world(seed: int) -> tuple[np.random.Generator, list[Recorded], list[Recorded]]:
    rng = np.random.default_rng(seed)
    return rng, [model(rng, one, like=one, much=ODD) for one in MANNERS], [model(rng, f"i{at}") for at in range(19)]


def test_a_student_of_one_teacher_is_found_at_the_floor_and_only_of_that_teacher() -> None:
    rng, teachers, independents = world(1)
    student = model(rng, "student", like="theirs")
    found = {
        one.model: one.evidence.p_value for one in text_source(PROMPTS, student, teachers[1:], independents, alpha=0.1)
    }
    assert found["theirs"] == found["theirs rather than ours-2"] == 0.05
    assert (found["ours-2"] or 0) > 0.3
    assert (found["ours-2 rather than theirs"] or 0) == 1.0


def test_models_that_learned_from_no_teacher_are_suspected_no_oftener_than_promised() -> None:
    rng, teachers, _ = world(2)
    everyone = [model(rng, f"m{at}") for at in range(20)]
    p = [
        text_source(PROMPTS, one, teachers[:1], [other for other in everyone if other is not one], alpha=0.05)[
            0
        ].evidence.p_value
        for one in everyone
    ]
    assert sorted(one or 0.0 for one in p) == [pytest.approx((at + 1) / 20) for at in range(20)], (
        "among exchangeable models every rank occurs once"
    )


def test_too_few_independents_are_undecided_with_what_holm_takes() -> None:
    rng, teachers, independents = world(3)
    found = text_source(PROMPTS, model(rng, "s"), teachers, independents, alpha=0.05)
    assert {one.evidence.needed for one in found if " rather than " not in (one.model or "")} == {59}
    assert {one.evidence.needed for one in found if " rather than " in (one.model or "")} == {119}
    with pytest.raises(Error, match="one occurs twice"):
        text_source(["q", "q"], independents[0], teachers, independents[1:])


@pytest.mark.parametrize(
    ("like", "teachers", "told"),
    [
        ("theirs", (1, 2), "Holm): theirs, rather than any other."),
        ("ours", (0, 1), "Holm): indistinguishable between ours, ours-2."),
        (None, (0, 2), "Text source: none of these teachers"),
    ],
)
def test_the_answer_names_one_teacher_or_several_or_none(
    like: str | None, teachers: tuple[int, ...], told: str
) -> None:
    rng, known, independents = world(4)
    chosen = [known[at] for at in teachers]
    items = made_items(rng, 4)
    student = model(rng, "student", like=like)
    asked = Asked(teachers=tuple(one.name for one in chosen), independents=tuple(one.name for one in independents))
    plan = draw_up(items, suspect="student", prompts=PROMPTS, asked=asked, alpha=0.1)
    shown = Shown(teachers=chosen, independents=independents)
    outcome = carry_out(plan, items, student, prompts=PROMPTS, shown=shown)
    assert told in "\n".join(answer_lines(outcome)).split("\n## ")[2]
    with pytest.raises(Error, match="independents: expected those of the plan"):
        carry_out(plan, items, student, prompts=PROMPTS, shown=Shown(teachers=chosen, independents=independents[:3]))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(teachers=("t",)), "takes both, or neither"),
        (Asked(teachers=("t",), independents=("i", "i")), "named twice"),
        (Asked(weight_controls=("c",)), "names no tensors"),
        (Asked(artefacts="x"), "rare artefacts take strings and models"),
    ],
)
def test_a_plan_without_what_a_test_needs_is_refused(asked: Asked, words: str) -> None:
    with pytest.raises(Error, match=words):
        draw_up(made_items(np.random.default_rng(1), 4), suspect="s", asked=asked)
