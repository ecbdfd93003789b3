# ruff: noqa: E501 - texts stand on one line each
"""An open course: students at home, everywhere, each dealt a few public problems that no other student gets, in words of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.rhythm import answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Students, problems of each (no two alike in the course), where they come from, and what was declared."""

    group: str = "mooc"
    students: int = 200
    problems: int = 4
    sources: tuple[str, ...] = ("math_train_8k",)
    declared: str = ""


_WORDS = (
    "{a}", "{a}\n\nHow do I solve this?", "Help: {a}", "{a} show all steps please", "Problem of the week: {a}\nI want to understand the way.",
    "can you walk me through this {a}", "{a}\nexplain each step", "I have to hand this in: {a} What is the idea?",
)  # fmt: skip


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the students and send each his or her own problems in the evening of the place."""
    size = scaled(knobs.students, scale, least=10)
    who = accounts.people(
        ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="browser", stream=0.9, household=0.0,
        declared_programme=knobs.declared,
    )  # fmt: skip
    owner = np.repeat(np.arange(size), knobs.problems)
    items = rng.permutation(np.unique(ground.shelf(*knobs.sources, longest=1200)))
    if len(items) < len(owner):
        raise ValueError(
            f"mooc: got {len(owner)} problems to deal out, expected at most {len(items)}, each to one student"
        )
    frames = ground.frames.numbers(_WORDS)
    total = len(owner)
    ground.send(
        rng,
        who[owner],
        ground.clock.times(rng, "evening", ground.trait("zone")[who][owner]),
        text=items[:total],
        frame=frames[rng.integers(0, len(frames), total)],
        reply=Reply.STEPS,
        tokens_out=answer_lengths(rng, rng.integers(20, 300, total)),
    )
