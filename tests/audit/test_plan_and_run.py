"""A plan is followed to the letter, its outcome names what it rests on, and its answer keeps three questions apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
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
    read_suspect,
    write_outcome,
    write_plan,
)
from stillwatch.audit.kept import hashed
from stillwatch.core import Error, FormatError

from .conftest import made_items, parrot, sentence, stranger

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


def test_a_plan_is_kept_as_it_was_drawn_up_and_never_written_over(tmp_path: Path) -> None:
    path, plan = tmp_path / "plan.json", draw_up(SERVED, suspect="student")
    write_plan(path, plan)
    assert read_plan(path) == plan
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(Error, match="not written over"):
        write_plan(path, plan)
    changed = json.loads(path.read_text())
    path.write_text(json.dumps({**changed, "alpha": 0.2}))
    with pytest.raises(FormatError, match="changed after its hash was taken"):
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
    assert (alice.e or 0) >= 200
    assert alice.p == pytest.approx(2 / (alice.e or 1))
    assert bob.n == 30
    assert alice.cleared is None


def test_who_never_stopped_has_the_exact_test_at_half_of_alpha_if_every_item_was_answered() -> None:
    rng = np.random.default_rng(8)
    some = (*ALICE[:9], *made_items(rng, 81))
    items = [replace(one, item=f"i{at}", prompt=f"q{at}", conversation=f"c{at}") for at, one in enumerate(some[::-1])]
    answers = {
        one.prompt: one.response if one.response in {a.response for a in ALICE} else sentence(rng) for one in items
    }
    whole = Recorded(name="s", answers=answers, likelihoods={})
    plan, every = draw_up(items, suspect="s", stop=Stop.EVIDENCE), draw_up(items, suspect="s")
    (exact,), (told,) = carry_out(every, items, whole).findings, carry_out(plan, items, whole).findings
    assert (told.n, told.e) == (90, exact.e)
    assert (told.e or 0) < 1 / (exact.p or 1)
    assert told.p == pytest.approx(2 * (exact.p or 1))
    answers.pop(items[0].prompt)
    (part,) = carry_out(plan, items, Recorded(name="s", answers=answers, likelihoods={})).findings
    assert (part.p or 0) > 5 * (told.p or 1)


def test_the_p_of_who_may_stop_at_any_item_errs_as_seldom_as_promised(
    at_most: Callable[[int, int, float], bool],
) -> None:
    rng = np.random.default_rng(9)
    found = []
    for _ in range(300):
        items = made_items(rng, 14, siblings=2)
        plan = draw_up(items, suspect="stranger", exposure="sibling_likelihood", stop=Stop.EVIDENCE, alpha=0.1)
        found += [one.p or 1.0 for one in carry_out(plan, items, stranger(items, rng)).findings]
    assert at_most(sum(p <= 0.1 for p in found), len(found), 0.1)
    assert at_most(sum(p <= 0.02 for p in found), len(found), 0.02)
    assert sum(p <= 0.1 for p in found) >= 5


def test_the_answer_keeps_three_questions_apart_and_says_what_stays_open(tmp_path: Path) -> None:
    outcome = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)
    write_outcome(tmp_path / "audit.json", outcome)
    told = "\n".join(answer_lines(read_outcome(tmp_path / "audit.json")))
    parts = told.split("\n## ")[1:]
    assert [part[:2] for part in parts] == ["Q1", "Q2", "Q3"]
    assert "Holm): alice." in parts[0]
    assert "Null of sibling_overlap: " in parts[0]
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


def lines(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_an_outcome_names_the_files_that_it_rests_on(tmp_path: Path) -> None:
    prompts = [f"q{at}" for at in range(20)]
    rows = [{"prompt": q, "answer": "yes"} for q in prompts]
    files = {
        name: lines(tmp_path / f"{name}.jsonl", [*rows, {"prompt": name, "answer": "x"}]) for name in ("ours", "c")
    }
    files["student"] = lines(
        tmp_path / "student.jsonl", [*rows, *({"prompt": one.prompt, "answer": one.response} for one in SERVED)]
    )
    read = {name: read_suspect(path) for name, path in files.items()}
    outcome = carry_out(
        draw_up(SERVED, suspect="student", controls=["c"], prompts=prompts),
        SERVED,
        read["student"],
        ours=read["ours"],
        controls=[read["c"]],
        prompts=prompts,
    )
    used = {"answers": "student", "ours": "ours", "control c": "c"}
    assert outcome.inputs == {role: hashlib.sha256(files[name].read_bytes()).hexdigest() for role, name in used.items()}
    path = tmp_path / "audit.json"
    write_outcome(path, outcome)
    assert read_outcome(path, inputs=list(files.values())) == outcome
    told = "\n".join(answer_lines(outcome))
    assert all(f"- {role}: SHA-256 {digest}" in told for role, digest in outcome.inputs.items())
    files["c"].write_text(files["c"].read_text() + "\n")
    with pytest.raises(FormatError, match=r"c\.jsonl: is none of the files"):
        read_outcome(path, inputs=list(files.values()))


def test_an_outcome_is_written_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    outcome = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)
    path = tmp_path / "audit.json"
    write_outcome(path, outcome)
    kept = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(Error, match="not written over"):
        write_outcome(path, carry_out(draw_up(SERVED, suspect="student", alpha=0.5), SERVED, SUSPECT))
    assert path.read_bytes() == kept
    assert [one.name for one in tmp_path.iterdir()] == ["audit.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: {**told, "named": ["bob"]},
        lambda told: {**told, "inputs": {"answers": "0" * 64}},
        lambda told: {**told, "plan": {**told["plan"], "alpha": 0.5}},
    ],
)
def test_an_outcome_that_was_changed_is_not_read(
    tmp_path: Path, change: Callable[[dict[str, object]], dict[str, object]]
) -> None:
    path = tmp_path / "audit.json"
    write_outcome(path, carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT))
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(FormatError, match="changed after its hash was taken"):
        read_outcome(path)


def test_a_plan_that_was_changed_is_found_inside_an_outcome_hashed_anew(tmp_path: Path) -> None:
    outcome = carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)
    plan = msgspec.structs.replace(outcome.plan, alpha=0.5)
    write_outcome(tmp_path / "audit.json", hashed(msgspec.structs.replace(outcome, plan=plan)))
    with pytest.raises(FormatError, match="plan: changed"):
        read_outcome(tmp_path / "audit.json")


def test_the_answer_claims_no_more_than_a_hash_can_show() -> None:
    told = "\n".join(answer_lines(carry_out(draw_up(SERVED, suspect="student"), SERVED, SUSPECT)))
    assert "before they were read" not in told
    assert "do not show that the plan is older than the replies" in told
    assert "nothing here is signed or time-stamped" in told


@pytest.mark.parametrize("exposure", ["sibling_overlap", "sibling_likelihood"])
def test_a_suspect_is_asked_each_thing_once(exposure: str) -> None:
    asked: list[tuple[str, ...]] = []

    class Counting(Recorded):
        def answer(self, prompt: str) -> str | None:
            asked.append((prompt,))
            return super().answer(prompt)

        def likelihood(self, prompt: str, text: str) -> float | None:
            asked.append((prompt, text))
            return super().likelihood(prompt, text)

    likelihoods = {(one.prompt, text): -float(len(text)) for one in SERVED for text in one.candidates}
    answers = {one.prompt: one.response for one in SERVED}
    suspect = Counting(name="student", answers=answers, likelihoods=likelihoods)
    carry_out(draw_up(SERVED, suspect="student", exposure=exposure), SERVED, suspect)
    assert len(asked) == len(set(asked)) > 0
