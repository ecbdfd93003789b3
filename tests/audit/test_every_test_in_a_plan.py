"""Every test of a suspect is reached from a plan, by its commands: marks from chances of next words, and where twins part."""

from __future__ import annotations

import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit import (
    TESTS,
    Asked,
    Recorded,
    Shown,
    account_key,
    answer_lines,
    carry_out,
    derive_keys,
    draw_up,
    green,
    read_suspect,
    word_tokens,
    write_suspect,
)
from stillwatch.audit.plan import EXPOSURE_TESTS
from stillwatch.core import Error, FormatError

from .conftest import WORDS, made_items

RNG = np.random.default_rng(11)
SERVED = made_items(RNG, 6)
MASTER = b"k" * 32
KEYS = derive_keys(MASTER, ["alice", "bob"], epoch="2026-11")
BOTH = (*SERVED, *made_items(RNG, 6, account="bob"))
PROMPTS = [f"prompt {at}" for at in range(30)]
BESIDE_EXPOSURE = {
    "agreement": "controls",
    "text_source": "teachers",
    "twin_contrast": "twins",
    "equality": "equality",
    "rare_artefacts": "artefacts",
    "palimpsest": "order",
    "unit_order": "tensors",
    "spectra": "weight_controls",
    "clearing": "share",
}


def weighing(name: str, learned: np.uint64 | None, rng: np.random.Generator) -> Recorded:
    """A model's chances of next words; with a key it finds what that makes green likelier."""
    told = {}
    for prompt in PROMPTS:
        pairs = list(itertools.product(rng.choice(WORDS, 6, replace=False).tolist(), rng.choice(WORDS, 6).tolist()))
        chances = dict(zip(pairs, rng.dirichlet(np.ones(len(pairs))).tolist(), strict=True))
        if learned is not None:
            for pair in chances:
                at, word = (word_tokens(one) for one in pair)
                chances[pair] *= 1.0 + 0.8 * bool(green(np.array([learned]), at, word)[0, 0])
        told[prompt] = chances
    return Recorded(name=name, answers={}, likelihoods={}, chances=told)


def test_every_test_is_reached_from_a_plan() -> None:
    assert set(TESTS) == {*EXPOSURE_TESTS, *BESIDE_EXPOSURE}
    known = {*Asked.__struct_fields__, *inspect.signature(draw_up).parameters}
    assert known >= set(BESIDE_EXPOSURE.values())


def test_marks_are_found_from_chances_by_the_key_that_made_them_and_no_other(tmp_path: Path) -> None:
    shared = np.random.default_rng(4)
    clean = weighing("clean", None, shared)
    student = weighing("student", account_key(MASTER, "bob", "2026-11"), np.random.default_rng(4))
    plan = draw_up(
        BOTH, suspect="student", exposure="green_mass", keys=KEYS, prompts=PROMPTS, reference="clean", alpha=0.01
    )
    write_suspect(tmp_path / "student.jsonl", student)
    read = read_suspect(tmp_path / "student.jsonl")
    told = carry_out(plan, BOTH, read, reference=clean, prompts=PROMPTS, master=MASTER)
    alice, bob = told.findings
    assert (bob.p, told.named) == (1e-4, ("bob",))
    assert (alice.p or 0) > 0.01
    assert "green_mass" in "\n".join(answer_lines(told)).split("\n## ")[1]
    with pytest.raises(Error, match="reference: green_mass needs a clean model"):
        draw_up(BOTH, suspect="s", exposure="green_mass", keys=KEYS, prompts=PROMPTS)
    silent = Recorded(name="student", answers=dict.fromkeys(PROMPTS, "x"), likelihoods={})
    with pytest.raises(Error, match="gives no logprobs"):
        carry_out(plan, BOTH, silent, reference=clean, prompts=PROMPTS, master=MASTER)


def test_chances_that_are_none_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    for line in (
        '{"prompt": "q", "chances": [["a", "b", -0.1]]}',
        '{"prompt": "q", "chances": [["a", "b"]]}',
        '{"prompt": "q", "answer": "x", "chances": []}',
        '{"prompt": "q", "chances": []}\n{"prompt": "q", "chances": []}',
    ):
        path.write_text(line + "\n")
        with pytest.raises(FormatError, match=r"s\.jsonl:[12]: "):
            read_suspect(path)


def test_where_twins_part_is_asked_by_a_plan_and_answered_in_its_place() -> None:
    def model(name: str, *, like: Recorded | None = None) -> Recorded:
        said = {q: f"{RNG.integers(4)} is it" for q in PROMPTS}
        if like is not None:
            said = {q: (like.answer(q) or "") if RNG.random() < 0.7 else text for q, text in said.items()}
        return Recorded(name=name, answers=said | {one.prompt: "?" for one in SERVED}, likelihoods={})

    ours, twin = model("ours"), model("twin")
    others = [model(f"i{at}", like=twin if at < 3 else None) for at in range(19)]
    names = tuple(one.name for one in others)
    plan = draw_up(SERVED, suspect="s", prompts=PROMPTS, asked=Asked(twins=("twin",), independents=names), alpha=0.05)
    shown = Shown(twins=[twin], independents=others)
    for like, guilty in ((ours, True), (twin, False), (None, False)):
        suspect = model("s", like=like)
        told = carry_out(plan, SERVED, suspect, ours=ours, prompts=PROMPTS, shown=shown)
        assert told.findings[-1].test == "twin_contrast"
        assert (told.findings[-1].p == 0.05) is guilty
        assert "twin_contrast" in "\n".join(answer_lines(told)).split("\n## ")[2]
    with pytest.raises(Error, match="ours: the plan asks where our model and its twins part"):
        carry_out(plan, SERVED, suspect, prompts=PROMPTS, shown=shown)
    with pytest.raises(Error, match="twins: expected those of the plan"):
        carry_out(plan, SERVED, suspect, ours=ours, prompts=PROMPTS, shown=Shown(independents=others))
    with pytest.raises(Error, match="takes both, or neither"):
        draw_up(SERVED, suspect="s", prompts=PROMPTS, asked=Asked(twins=("twin",)))
    with pytest.raises(Error, match="named twice"):
        draw_up(SERVED, suspect="s", prompts=PROMPTS, asked=Asked(twins=("twin",), independents=("twin",)))


def test_twins_score_what_the_others_say_where_the_plan_has_them_score() -> None:
    names = ["s", *(f"i{at}" for at in range(19))]
    said = {name: {q: f"{name} says {q}" for q in PROMPTS} for name in names}
    liked = {(name, q): RNG.normal() for name in names for q in PROMPTS}

    def model(name: str) -> Recorded:
        answers = said[name] | {one.prompt: "?" for one in SERVED}
        return Recorded(name=name, answers=answers, likelihoods={})

    def scorer(name: str, favourite: str) -> Recorded:
        logs = {
            (q, said[one][q]): -9.0 + liked[one, q] + 0.5 * (one == favourite) + 0.1 * RNG.normal()
            for one in names
            for q in PROMPTS
        }
        return Recorded(name=name, answers={}, likelihoods=logs)

    others = [model(name) for name in names[1:]]
    asked = Asked(twins=("twin",), twins_score=True, independents=tuple(names[1:]))
    plan = draw_up(SERVED, suspect="s", prompts=PROMPTS, asked=asked, alpha=0.05)
    for ours, twin, guilty in (("s", "i3", True), ("i3", "s", False), ("s", "s", False)):
        shown = Shown(twins=[scorer("twin", twin)], independents=others)
        told = carry_out(plan, SERVED, model("s"), ours=scorer("ours", ours), prompts=PROMPTS, shown=shown)
        assert (told.findings[-1].p == 0.05) is guilty
    with pytest.raises(Error, match="gives no logprobs"):
        carry_out(plan, SERVED, model("s"), ours=model("i1"), prompts=PROMPTS, shown=shown)
    with pytest.raises(Error, match="has them score, and names none"):
        draw_up(SERVED, suspect="s", asked=Asked(twins_score=True))
