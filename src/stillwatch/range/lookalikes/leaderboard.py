"""Third-party evaluators and leaderboards: public items swept in a day when a model is launched, some of them graded by rubric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes._pace import paced
from stillwatch.range.replies import student_answers
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Evaluators, keys of each, items of a sweep, the share that is a grading by rubric, and what was declared."""

    group: str = "leaderboard/sweep"
    evaluators: int = 3
    keys: int = 4
    items: int = 1200
    graded: float = 0.0
    declared: str = "evaluation"


_ASK = "Below is an item of our public benchmark. Reason step by step, then write the final answer after ####.\n\n{a}"
_GRADE = (
    "Compare the answer with the reference by our public rubric (correct, complete, well argued; 0 to 4 each).\n\nItem: "
    "{a}\n\nAnswer: {b}"
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the evaluators and send one sweep each, from the launch on; no item is asked twice in a sweep."""
    names = words.company_names(rng, knobs.evaluators)
    for k in range(knobs.evaluators):
        keys = scaled(knobs.keys, scale, least=1)
        held = accounts.companies(
            ground, rng, np.array([keys]), product="research", group=knobs.group, role="lookalike", names=[names[k]], program="eval",
            in_cloud=1.0, stream=0.0, plans={"scale": 1.0}, declared_programme=knobs.declared,
        )  # fmt: skip
        pool = ground.shelf("mmlu", "gsm8k_test", "math_train_8k", "mt_bench", "humaneval", longest=2000)
        size = min(scaled(knobs.items, scale, least=40), len(pool))
        items = rng.choice(pool, size, replace=False)
        begin = min(ground.launch % DAY, DAY - 4 * 3_600_000_000)
        _, at = paced(rng, np.array([size]), np.array([begin]), np.array([DAY - begin - 1]))
        graded = rng.random(size) < knobs.graded
        texts = ground.texts.all
        answers = ground.texts.numbers(student_answers(rng, [texts[i][:900] for i in items.tolist()]))
        ground.send(
            rng,
            held.accounts[np.arange(size) % keys],
            at,
            text=items,
            extra=np.where(graded, answers, -1),
            frame=np.where(graded, ground.frames.number(_GRADE), ground.frames.number(_ASK)),
            reply=np.where(graded, int(Reply.GRADE), int(Reply.STEPS)),
            tokens_out=answer_lengths(rng, rng.integers(80, 500, size)),
            overrides={"model": np.full(size, 2), "temperature": np.zeros(size)},
        )
