"""Evaluation suites: a few accounts of three organisations run fixed public benchmarks every night, and again when a model is launched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import LAUNCH, Ground, Reply
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts of each organisation, items of its suite, runs spread over the day, and share of runs that a launch adds."""

    keys: tuple[int, ...] = (4, 3, 2)
    items: tuple[int, ...] = (500, 320, 160)
    runs: tuple[int, ...] = (6, 5, 8)
    launch_runs: int = 2
    step_by_step: tuple[bool, ...] = (False, True, False)
    declared: tuple[str, ...] = ("evaluation", "", "evaluation")
    group: str = "evaluation"


_SETS = (("mmlu", "gsm8k_test"), ("gsm8k_test", "math_train_8k"), ("humaneval", "mbpp_plus"))
_STYLE = ("{a}", "Q: {a}\nA: Let's think step by step.", "Complete the following task.\n{a}")
_NOTE = (
    "The following are multiple choice questions (with answers).",
    "Answer the question. Finish with a line that starts with ####.",
    "You are an expert programmer. Return only code.",
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the three organisations and send their runs: the same prompts again and again, evenly through the day."""
    names = words.company_names(rng, len(knobs.keys))
    for k, keys in enumerate(knobs.keys):
        held = accounts.companies(
            ground,
            rng,
            np.array([keys]),
            product="research",
            group=knobs.group,
            role="lookalike",
            names=[names[k]],
            program="eval",
            in_cloud=1.0,
            stream=0.0,
            plans={"scale": 1.0},
            declared_programme=knobs.declared[k],
        )
        pool = ground.shelf(*_SETS[k], longest=2000)
        items = rng.choice(pool, min(scaled(knobs.items[k], scale, least=20), len(pool)), replace=False)
        starts = np.arange(knobs.runs[k]) * (DAY // knobs.runs[k])
        launched = np.full(knobs.launch_runs, LAUNCH) + np.arange(knobs.launch_runs) * 5_400_000_000
        for start in np.concatenate([starts, launched]).tolist():
            size = len(items)
            order = rng.permutation(items)
            span = DAY // knobs.runs[k] * 0.9
            at = np.sort(rng.uniform(0, span, size)).astype(np.int64) + int(start)
            fresh = start >= LAUNCH and start in launched
            ground.send(
                rng,
                held.accounts[np.arange(size) % keys],
                np.minimum(at, DAY - 1),
                text=order,
                frame=ground.frames.number(_STYLE[k]),
                system=ground.texts.number(_NOTE[k]),
                tokens_out=np.full(size, 3) if k == 0 else answer_lengths(rng, rng.integers(50, 400, size)),
                reply=(Reply.LETTER, Reply.STEPS, Reply.CODE)[k],
                overrides={
                    "temperature": np.zeros(size),
                    "max_tokens": np.full(size, (16, 1024, 768)[k]),
                    **({"model": np.full(size, 2)} if fresh else {}),
                },
            )
