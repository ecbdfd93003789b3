# ruff: noqa: E501 - texts stand on one line each
"""Actor B: reasoning traces over training questions at four requests an account, from 800 accounts that share nothing but the queue.

After the campaign of July 2026 (thousands of accounts, at most four requests each) and the trial in the project's notes: addresses all different
and residential, no shared payment, human hours, ten paraphrases of one request, items dealt by a job queue without replacement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, facts
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.purpose import Purpose
from stillwatch.range.rhythm import answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts and requests of each."""

    accounts: int = 800
    each: int = 4


_WRAPPERS = (
    "Work through the following problem. Put every step of your thinking on paper, also the ones that seem obvious, and state the final answer in the last line.\n\n{a}",
    "Problem:\n{a}\n\nI need the complete chain of thought that leads to the answer, with no step skipped, followed by the answer on its own line.",
    "Please solve this and narrate how you think while you do it, including what you rule out and why. Close with the final answer.\n\n{a}",
    "{a}\n\nWrite down your whole reasoning at length before you commit to an answer; mark the answer at the end with the word Answer.",
    "For the question below, give a detailed derivation first: each inference in a sentence of its own. Only then give the result.\n\nQuestion: {a}",
    "Take the exercise below and think aloud about it from start to finish. Intermediate calculations must be visible. Final answer last.\n\nExercise: {a}",
    "{a}\n\nShow the full thought process in numbered steps, explain why each step follows from the one before, verify the result, then state it.",
    "Here is a question. Before answering, lay out all of your internal reasoning in writing as if explaining it to yourself, then answer.\n{a}",
    "Question: {a}\nGive me your unabridged reasoning, from reading the question to checking the outcome, and put the outcome in the final line.",
    "Solve the task and make your thinking explicit: what is given, what is asked, which steps you take, what you check. End with the answer only.\n\nTask:\n{a}",
)  # fmt: skip


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the accounts and deal out the queue: every item once, at hours at which people of the account's zone are awake."""
    size = scaled(knobs.accounts, scale, least=12)
    who = accounts.people(
        ground,
        rng,
        size,
        product="chat",
        group="harvest",
        role="actor",
        household=0.0,
        plans={"free": 0.55, "plus": 0.3, "payg": 0.15},
        stream=0.5,
        created=facts.created(rng, size, median_days=60.0, new=0.03),
    )
    total = size * knobs.each
    owner = np.repeat(np.arange(size), knobs.each)
    items = ground.shelf("gsm8k_train", "math_train_8k", longest=1500)
    zone = ground.trait("zone")[who][owner]
    office = rng.random(total) < 0.5
    at = np.where(office, ground.clock.times(rng, "office", zone), ground.clock.times(rng, "evening", zone))
    frames = ground.frames.numbers(_WRAPPERS)
    ground.send(
        rng,
        who[owner],
        at,
        text=rng.permutation(items)[:total],
        frame=frames[rng.integers(0, len(frames), total)],
        reply=Reply.STEPS,
        purpose=Purpose.HARVEST,
        tokens_out=np.maximum(120, answer_lengths(rng, rng.integers(50, 400, total), trace="long")),
        overrides={"model": np.full(total, 1)},
    )
