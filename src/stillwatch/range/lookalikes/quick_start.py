# ruff: noqa: E501 - texts stand on one line each
"""Copied quick-starts: newcomers run the code of the provider's first page, with its system prompt and its question, and then try their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts
from stillwatch.range.ground import Ground
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts of newcomers and most requests of one."""

    accounts: int = 90
    most: int = 9
    group: str = "quick_start"


_SYSTEM = "You are a helpful assistant. Answer in the style of a short poem when the user asks about programming."
_QUESTIONS = (
    "Compose a poem that explains the concept of recursion in programming.", "Say this is a test.", "Hello!", "What is the capital of France?",
    "Write a one-sentence bedtime story about a unicorn.",
)  # fmt: skip


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the newcomers and send the copied requests, then a few of their own under the same system prompt."""
    size = scaled(knobs.accounts, scale, least=4)
    who = accounts.people(
        ground,
        rng,
        size,
        product="chat",
        group=knobs.group,
        role="lookalike",
        plans={"free": 0.6, "payg": 0.4},
        stream=0.2,
        verification="email",
    )
    counts = rng.integers(1, knobs.most, size)
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[who], profile="office", mean_turns=1.0)
    total = len(cut.owner)
    copied = ground.texts.numbers(_QUESTIONS)
    own = ground.shelf("nq_open", "clinc150")
    place = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    text = np.where(
        (place < 2) | (rng.random(total) < 0.3),
        copied[np.minimum(rng.zipf(1.5, total) - 1, len(copied) - 1)],
        own[rng.integers(0, len(own), total)],
    )
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        system=ground.texts.number(_SYSTEM),
        tokens_out=answer_lengths(rng, rng.integers(10, 60, total)),
        conversation=cut.conversation,
    )
