"""Resemblance is judged by models and not by prompts; accounts are named with a bound on error; questions are never mixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.audit import (
    Finding,
    Question,
    Recorded,
    accuse,
    agreement,
    along_one_martingale,
    any_dependence,
    sibling_overlap,
)
from stillwatch.core import Error, Evidence

from .conftest import made_items, parrot

AtMost = Callable[[int, int, float], bool]
PROMPTS = [f"question {at}" for at in range(40)]


def model(rng: np.random.Generator, name: str, skill: float) -> Recorded:
    """Right with a chance of its own, else one of few wrong answers that everybody gives."""
    said = np.where(rng.random(len(PROMPTS)) < skill, 0, rng.integers(1, 4, len(PROMPTS)))
    return Recorded(name=name, answers={q: f"it is {a}" for q, a in zip(PROMPTS, said, strict=True)}, likelihoods={})


def finding(account: str, p: float | None, e: float | None, **changes: object) -> Finding:
    evidence = Evidence(value=0.0, n=9, p_value=p, e_value=e, null="none", method="made")
    made = Finding(
        test="made", question=Question.EXPOSURE, suspect="s", account=account, evidence=evidence, assumptions=()
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_models_of_unequal_skill_are_accused_no_oftener_than_promised(at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    p = []
    for _ in range(100):
        models = [model(rng, f"m{at}", float(rng.uniform(0.3, 0.9))) for at in range(11)]
        p.append(agreement(PROMPTS, models[0], models[1], models[2:], alpha=0.1).evidence.p_value)
    assert at_most(int((np.array(p, dtype=np.float64) <= 0.1).sum()), 100, 0.1)


def test_a_copy_is_told_from_models_as_capable_and_never_below_the_floor() -> None:
    rng = np.random.default_rng(2)
    ours = model(rng, "ours", 0.6)
    controls = [model(rng, f"c{at}", 0.6) for at in range(19)]
    found = agreement(PROMPTS, ours, ours, controls, alpha=0.05)
    assert found.question is Question.RESEMBLANCE
    assert found.evidence.p_value == 0.05
    assert agreement(PROMPTS, ours, ours, controls, alpha=0.01).evidence.needed == 99


def test_prompts_that_a_model_did_not_answer_are_counted_and_doubles_refused() -> None:
    rng = np.random.default_rng(3)
    ours, control = model(rng, "ours", 0.6), model(rng, "c", 0.6)
    found = agreement([*PROMPTS, "never asked"], ours, ours, [control])
    assert found.conditions[0].left_out == 1
    with pytest.raises(ValueError, match="one occurs twice"):
        agreement(["q", "q"], ours, ours, [control])


def test_a_named_account_has_a_stricter_bar_than_one_to_look_at() -> None:
    found = accuse(
        [finding("a", 1e-9, 1e7), finding("b", 0.004, 90.0), finding("c", 0.6, 0.4), finding("d", None, None)],
        q=0.05,
        alpha=0.01,
    )
    assert found.triage == ("a", "b")
    assert found.named == ("a", "b")
    assert found.undecided == ("d",)
    assert found.m == 3
    assert accuse([finding("a", 1e-9, 1e7), finding("b", 0.008, 90.0), finding("c", 0.6, 0.4)]).named == ("a",)


def test_one_test_and_one_finding_an_account_are_asked_for() -> None:
    with pytest.raises(Error, match="one for each account"):
        accuse([finding("a", 0.1, 1.0), finding("a", 0.1, 1.0)])
    with pytest.raises(Error, match="several tests"):
        accuse([finding("a", 0.1, 1.0), finding("b", 0.1, 1.0, test="other")])


def test_evidence_is_averaged_under_dependence_and_multiplied_only_over_fresh_items() -> None:
    one, two = finding("a", 0.1, 6.0, items=("x",)), finding("a", 0.1, 10.0, items=("y",))
    assert any_dependence([one, two]) == 8.0
    assert along_one_martingale([one, two]) == 60.0
    assert any_dependence([finding("a", None, None)]) is None
    with pytest.raises(Error, match="share items"):
        along_one_martingale([one, one])
    with pytest.raises(Error, match="share items, or do not name"):
        along_one_martingale([one, finding("a", 0.1, 2.0)])
    with pytest.raises(Error, match="several tests"):
        along_one_martingale([one, replace(two, test="other")])


def test_questions_are_never_mixed() -> None:
    for merge in (any_dependence, along_one_martingale):
        with pytest.raises(Error, match="never mixed"):
            merge([finding("a", 0.1, 6.0), finding("a", 0.1, 6.0, question=Question.RESEMBLANCE)])


def test_batches_of_one_account_multiply_to_about_the_evidence_of_all() -> None:
    items = made_items(np.random.default_rng(4), 40)
    said = parrot(items)
    halves = [sibling_overlap(items[:20], said), sibling_overlap(items[20:], said)]
    product = along_one_martingale(halves)
    assert product is not None
    assert 0 < np.log(product) < np.log(5) * 40
