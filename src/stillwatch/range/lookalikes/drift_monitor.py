"""Monitors of answer quality: a few questions with known answers, asked around the clock, which look like an attacker's test for
degradation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes._pace import spread_evenly
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms with a key each, questions of the probe set (one set for all when `hosted` by a monitoring service), and asks a day of one
    key."""

    group: str = "drift_monitor/own"
    firms: int = 25
    questions: int = 12
    asks: int = 96
    hosted: bool = False


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms and send their probes at even times."""
    size = scaled(knobs.firms, scale, least=3)
    held = accounts.companies(
        ground, rng, np.ones(size, np.int64), product="support", group=knobs.group, role="lookalike",
        names=words.company_names(rng, size), program="async", in_cloud=1.0, stream=0.0,
    )  # fmt: skip
    pool = ground.shelf("commonsenseqa", "arithmetic_word_problems", longest=500)
    sets = pool[rng.integers(0, len(pool), (1 if knobs.hosted else size, knobs.questions))]
    owner = np.repeat(np.arange(size), knobs.asks)
    at = np.concatenate([spread_evenly(rng, knobs.asks) for _ in range(size)])
    place = np.tile(np.arange(knobs.asks), size) % knobs.questions
    total = len(owner)
    ground.send(
        rng,
        held.accounts[owner],
        at,
        text=sets[np.zeros_like(owner) if knobs.hosted else owner, place],
        frame=ground.frames.number("{a}\nAnswer with the letter or the number only."),
        reply=Reply.LETTER,
        tokens_out=np.full(total, 3),
        overrides={"temperature": np.zeros(total), "max_tokens": np.full(total, 8)},
    )
