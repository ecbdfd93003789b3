# ruff: noqa: E501 - texts stand on one line each
"""Regression suites of products: the same prompts every night or after every commit, by machine, and more of them when a model is new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes._pace import paced
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms, prompts of a suite, runs a day (1 is nightly), minutes of a run, and runs that a launch adds."""

    group: str = "regression/nightly"
    firms: int = 12
    prompts: int = 150
    runs: int = 1
    minutes: int = 50
    launch_runs: int = 2


_ASK = "Regression case. Work through the request below as you would for a customer, reason step by step where the case says so, and end with RESULT.\n\n{a}"


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms and send their runs; each firm has a suite of its own, which never grows."""
    size = scaled(knobs.firms, scale, least=2)
    names = words.company_names(rng, size)
    held = accounts.companies(
        ground, rng, np.ones(size, np.int64), product="batch", group=knobs.group, role="lookalike", names=names, program="async",
        in_cloud=0.9, stream=0.0,
    )  # fmt: skip
    systems = ground.texts.numbers([words.system_prompt(rng, "support", name) for name in names])
    pool = ground.shelf("sgd_user_turns", "bfcl_v4", "nq_open", longest=1500)
    suites = pool[rng.integers(0, len(pool), (size, knobs.prompts))]
    night = rng.integers(0, DAY // 5, size)
    launched = np.minimum(ground.launch % DAY + rng.integers(0, 7_200_000_000, size), DAY - 1)
    for run in range(knobs.runs + knobs.launch_runs):
        fresh = run >= knobs.runs
        begin = launched if fresh else (night + run * (DAY // knobs.runs)) % DAY
        owner, at = paced(rng, np.full(size, knobs.prompts), begin, np.full(size, knobs.minutes * 60_000_000))
        total = len(owner)
        text = rng.permuted(suites, axis=1).ravel()
        ground.send(
            rng,
            held.accounts[owner],
            at,
            text=text,
            frame=ground.frames.number(_ASK),
            system=systems[owner],
            reply=Reply.STEPS,
            tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
            overrides={"temperature": np.zeros(total), **({"model": np.full(total, 2)} if fresh else {})},
        )
