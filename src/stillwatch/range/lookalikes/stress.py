"""Load tests, and clients that retry: the same prompts at high rates, or ordinary requests asked twice because a client gave up too
soon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes._pace import paced
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms with one key each, median requests, different prompts of a load test (0: all differ), share asked again, and minutes of a
    run."""

    group: str = "stress/load_test"
    firms: int = 5
    median: float = 1200.0
    prompts: int = 20
    again: float = 0.0
    minutes: int = 40


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms and send their runs; what is asked again follows within a minute, from the same account."""
    size = scaled(knobs.firms, scale, least=1)
    held = accounts.companies(
        ground, rng, np.ones(size, np.int64), product="batch", group=knobs.group, role="lookalike",
        names=words.company_names(rng, size), program="async", in_cloud=1.0, stream=0.2,
    )  # fmt: skip
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.4)
    owner, at = paced(rng, counts, rng.integers(0, DAY // 2, size), np.full(size, knobs.minutes * 60_000_000))
    pool = ground.shelf("bitext_support", "sgd_user_turns", "nq_open", longest=1500)
    if knobs.prompts:
        few = pool[rng.integers(0, len(pool), (size, knobs.prompts))]
        text = few[owner, rng.integers(0, knobs.prompts, len(owner))]
    else:
        text = pool[Deck(len(pool), rng).draw(len(owner))]
    twice = np.flatnonzero(rng.random(len(owner)) < knobs.again)
    owner, text = np.concatenate([owner, owner[twice]]), np.concatenate([text, text[twice]])
    at = np.concatenate([at, np.minimum(at[twice] + rng.integers(1, 60_000_000, len(twice)), DAY - 1)])
    ground.send(
        rng,
        held.accounts[owner],
        at,
        text=text,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
    )
