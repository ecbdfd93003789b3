# ruff: noqa: E501 - texts stand on one line each
"""Synthetic data for a firm's own small models: bulk generation from templates, allowed by the terms, by one organisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes._pace import paced
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms, keys of each, requests of a key, what is declared, and what is made: intents, or answers of a distillation the provider sells."""

    group: str = "synthetic/in_house"
    firms: int = 4
    keys: int = 3
    requests: int = 350
    declared: str = ""
    kind: str = "intents"


_FRAMES = {
    "intents": "Generate eight ways in which a customer might say the following, from polite to rude, one a line, no numbering. Keep the intent.\n\n{a}",
    "distillation": "Solve the task. Show your reasoning, then the answer after 'Answer:'. The output trains our in-house model under the distillation terms.\n\n{a}",
    "dialogues": "Write a short dialogue between a customer and our agent that begins with the message below and ends well. Return JSON with a list of turns.\n\n{a}",
}
_SOURCES = {
    "intents": ("banking77", "clinc150"),
    "distillation": ("gsm8k_test", "commonsenseqa", "bfcl_v4"),
    "dialogues": ("sgd_user_turns", "bitext_support"),
}


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms and send their jobs, each in one long run."""
    size = scaled(knobs.firms, scale, least=1)
    held = accounts.companies(
        ground, rng, np.full(size, knobs.keys), product="batch", group=knobs.group, role="lookalike",
        names=words.company_names(rng, size), program="async", in_cloud=1.0, stream=0.0, plans={"scale": 0.7, "payg": 0.3},
        declared_programme=knobs.declared,
    )  # fmt: skip
    keys = len(held.accounts)
    begin = np.repeat(rng.integers(0, DAY // 2, size), knobs.keys)
    owner, at = paced(rng, np.full(keys, knobs.requests), begin, np.full(keys, DAY // 3))
    pool = ground.shelf(*_SOURCES[knobs.kind], longest=1200)
    text = pool[Deck(len(pool), rng).draw(len(owner))]
    ground.send(
        rng,
        held.accounts[owner],
        at,
        text=text,
        frame=ground.frames.number(_FRAMES[knobs.kind]),
        reply=Reply.STEPS if knobs.kind == "distillation" else Reply.PROSE,
        tokens_out=np.maximum(120, answer_lengths(rng, ground.texts.lengths(text) // 4, trace="long")),
        overrides={"temperature": np.full(len(owner), 1.0)},
    )
