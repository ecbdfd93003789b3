"""Casual users of public question sets: they paste benchmark questions to try the model out, or for their homework."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts, median requests a day, and share of requests that ask for the steps."""

    accounts: int = 140
    median: float = 4.0
    steps: float = 0.4
    group: str = "casual"


_SETS = ("gsm8k_train", "gsm8k_test", "math_train_8k", "commonsenseqa", "mmlu", "arithmetic_word_problems")
_PLAIN = ("{a}", "{a}\n", "solve: {a}", "{a} ?", "what's the answer to this\n{a}")
_STEPS = (
    "{a} Think step by step.",
    "Let's think step by step. {a}",
    "{a}\nExplain step by step please",
    "{a} show your work",
    "solve step by step: {a}",
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the users and send their questions; well-known items are asked by many (Zipf's law)."""
    size = scaled(knobs.accounts, scale, least=4)
    who = accounts.people(
        ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="browser", stream=0.9
    )
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.9, most=60)
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[who], profile="evening", mean_turns=1.6)
    total = len(cut.owner)
    items = rng.permutation(ground.shelf(*_SETS, longest=1500))
    text = items[np.minimum(rng.zipf(1.25, total) - 1, len(items) - 1)]
    plain, steps = ground.frames.numbers(_PLAIN), ground.frames.numbers(_STEPS)
    frame = np.where(
        rng.random(total) < knobs.steps,
        steps[rng.integers(0, len(steps), total)],
        plain[rng.integers(0, len(plain), total)],
    )
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        frame=frame,
        reply=Reply.STEPS,
        tokens_out=answer_lengths(rng, rng.integers(20, 300, total)),
        before=cut.before,
        conversation=cut.conversation,
    )
