"""A plan is sealed before the answers are read, is followed to the letter, and its answer keeps three questions apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit import (
    Recorded,
    Stop,
    answer_lines,
    carry_out,
    draw_up,
    read_outcome,
    read_plan,
    write_outcome,
    write_plan,
)
from stillwatch.core import Error, FormatError

from .conftest import made_items, parrot, stranger

RNG = np.random.default_rng(1)
ALICE, BOB = made_items(RNG, 30), made_items(RNG, 30, account="bob")
SERVED = (*ALICE, *BOB)
LEARNED, UNSEEN = parrot(ALICE), stranger(BOB, RNG)
SUSPECT = Recorded(
    name="student",
    answers={one.prompt: LEARNED.answer(one.prompt) or UNSEEN.answer(one.prompt) or "" for one in SERVED},
    likelihoods={},
)


def test_the_harvest_is_named_and_the_other_account_is_not() -> None:
    outcome = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)
    assert outcome.named == outcome.triage == ("alice",)
    assert [one.account for one in outcome.findings] == ["alice", "bob"]


def test_a_plan_says_what_it_could_see_of_each_account() -> None:
    plan = draw_up((*ALICE, *BOB[:1]), suspect="student")
    assert [(one.account, one.items) for one in plan.accounts] == [("alice", 30), ("bob", 1)]
    assert plan.accounts[0].seen is not None
    assert 0.2 < plan.accounts[0].seen < 0.6
    assert plan.accounts[1].seen is None


def test_a_plan_is_kept_as_it_was_sealed_and_never_written_over(tmp_path: Path) -> None:
    path, plan = tmp_path / "plan.json", draw_up(SERVED, suspect="student", keys=["0" * 64])
    write_plan(path, plan)
    assert read_plan(path) == plan
    with pytest.raises(Error, match="not written over"):
        write_plan(path, plan)
    changed = json.loads(path.read_text())
    path.write_text(json.dumps({**changed, "alpha": 0.2}))
    with pytest.raises(FormatError, match="changed after it was sealed"):
        read_plan(path)
    path.write_text(json.dumps({"alpha": 0.2}))
    with pytest.raises(FormatError, match="not a plan"):
        read_plan(path)


def test_nothing_but_the_plan_is_carried_out() -> None:
    plan = draw_up(SERVED, suspect="student")
    with pytest.raises(Error, match="not the items of the plan"):
        carry_out(plan, SERVED[::-1], SUSPECT)
    with pytest.raises(Error, match="not the items of the plan"):
        carry_out(plan, (replace(SERVED[0], response="x"), *SERVED[1:]), SUSPECT)
    with pytest.raises(Error, match="the plan is for 'student'"):
        carry_out(plan, SERVED, parrot(ALICE))
    with pytest.raises(Error, match="prompts: not the prompts"):
        carry_out(plan, SERVED, SUSPECT, prompts=["q"])
    with pytest.raises(Error, match="controls: expected those of the plan"):
        carry_out(plan, SERVED, SUSPECT, controls=[SUSPECT])
    with pytest.raises(Error, match="reference: expected that of the plan: none"):
        carry_out(plan, SERVED, SUSPECT, reference=SUSPECT)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exposure": "feeling"}, "test: got 'feeling'"),
        ({"similarity": "feeling"}, "similarity: got 'feeling'"),
        ({"alpha": 0.0}, "alpha: got 0.0"),
        ({"controls": ["c"]}, "resemblance takes both"),
        ({"controls": ["c", "c"], "prompts": ["q"]}, "named twice"),
        ({"reference": "ours"}, "takes none"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(Error, match=words):
        draw_up(SERVED, suspect="s", **changes)  # type: ignore[arg-type]


def test_who_stops_early_uses_fewer_items_and_clears_nobody() -> None:
    plan = draw_up(SERVED, suspect="student", stop=Stop.EVIDENCE)
    alice, bob = carry_out(plan, SERVED, SUSPECT).findings
    assert alice.n < 30
    assert (alice.e or 0) >= 100
    assert alice.p == pytest.approx(1 / (alice.e or 1))
    assert bob.n == 30
    assert alice.cleared is None


def test_the_answer_keeps_three_questions_apart_and_says_what_stays_open(tmp_path: Path) -> None:
    outcome = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)
    write_outcome(tmp_path / "audit.json", outcome)
    told = "\n".join(answer_lines(read_outcome(tmp_path / "audit.json")))
    parts = told.split("\n## ")[1:]
    assert [part[:2] for part in parts] == ["Q1", "Q2", "Q3"]
    assert "Holm): alice." in parts[0]
    assert "Null: " in parts[0]
    assert "Innocent explanations still open" in parts[0]
    assert all("Not asked" in part for part in parts[1:])
    kept = (tmp_path / "audit.json").read_text()
    assert not any(one.response in kept or one.prompt in kept for one in SERVED)


def test_resemblance_is_answered_in_its_own_place() -> None:
    prompts = [f"q{at}" for at in range(20)]
    answers = {q: f"word {at % 3} is" for at, q in enumerate(prompts)}
    controls = [
        Recorded(name=f"c{at}", answers=dict.fromkeys(prompts, "none of these"), likelihoods={}) for at in range(9)
    ]
    both = Recorded(name="student", answers={**answers, **{one.prompt: "?" for one in SERVED}}, likelihoods={})
    plan = draw_up(SERVED, suspect="student", controls=[one.name for one in controls], prompts=prompts, alpha=0.1)
    told = carry_out(
        plan,
        SERVED,
        both,
        ours=Recorded(name="ours", answers=answers, likelihoods={}),
        controls=controls,
        prompts=prompts,
    )
    assert told.findings[-1].p == pytest.approx(0.1)
    assert told.named == ()
    parts = "\n".join(answer_lines(told)).split("\n## ")
    assert "agreement" in parts[2]
    assert "agreement" not in parts[1]
    with pytest.raises(Error, match="ours: the plan compares"):
        carry_out(plan, SERVED, both, controls=controls, prompts=prompts)
