# ruff: noqa: E501 - texts stand on one line each
"""Victims of stolen keys: a long benign history, then somebody else's traffic. The alarm is right and a ban is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses, clients, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed, talk

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Victims, their own median requests, the thief's requests on each key, from which hour on, and what the thief sends: resale or harvest."""

    group: str = "stolen_key/resale"
    victims: int = 12
    median: float = 30.0
    thefts: int = 90
    hour: float = 19.0
    kind: str = "resale"


_FRAME = "Answer in full with all intermediate thoughts written out, nothing left implicit. Item:\n{a}"


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the victims, send their own traffic of the day, and after the theft the thief's, from other addresses and programs."""
    size = scaled(knobs.victims, scale, least=2)
    held = accounts.companies(
        ground, rng, np.ones(size, np.int64), product="support", group=knobs.group, role="lookalike",
        names=words.company_names(rng, size),
    )  # fmt: skip
    who = held.accounts
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.7, most=300)
    talk(ground, rng, who, counts, texts=ground.shelf("banking77", "bitext_support"), profile="office", mean_turns=2.0)
    owner = np.repeat(np.arange(size), knobs.thefts)
    total = len(owner)
    begin = round(knobs.hour * 3.6e9)
    sources = ("oasst1_en_train", "nq_open") if knobs.kind == "resale" else ("gsm8k_train", "math_train_8k")
    pool = ground.shelf(*sources, longest=1500)
    ground.send(
        rng,
        who[owner],
        rng.integers(begin, DAY, total),
        text=pool[Deck(len(pool), rng).draw(total)],
        frame=-1 if knobs.kind == "resale" else ground.frames.number(_FRAME),
        reply=Reply.PROSE if knobs.kind == "resale" else Reply.STEPS,
        tokens_out=answer_lengths(rng, rng.integers(50, 400, total)),
        overrides={
            "ip": ground.ips.numbers(addresses.cloud(rng, total)),
            "agent": ground.agents.numbers(clients.choose(rng, "async", total)),
        },
    )
