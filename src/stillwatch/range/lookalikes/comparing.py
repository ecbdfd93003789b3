# ruff: noqa: E501 - texts stand on one line each
"""Pairwise judges of own products, and audits that ask for the reasons behind each decision of a regulated firm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes._pace import spread_evenly
from stillwatch.range.pack import Deck
from stillwatch.range.replies import support_answers
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms, keys of each, requests a day of a firm, and what is done: pairs of answers are compared, or decisions are explained."""

    group: str = "judge/pairwise"
    firms: int = 3
    keys: int = 2
    requests: int = 1200
    kind: str = "pairs"


_FRAMES = {
    "pairs": "A customer of {c} wrote: {a}\n\nTwo drafts of our bot:\n{b}\n\nWhich draft is better by our style guide, A or B? One letter, then one sentence why.",
    "bank": "Case of {c} for the audit file. The customer's request was: {a}\nThe decision was: {b}\nRestate step by step the reasoning that led to this decision, naming the rule used at each step, so that an examiner can follow it.",
    "hospital": "For the record of {c}: question {a}\nadvice given: {b}\nWrite out the complete line of reasoning behind the advice, in order, with what was considered and set aside.",
}
_SOURCES = {"pairs": ("banking77", "bitext_support"), "bank": ("banking77", "clinc150"), "hospital": ("medquad",)}


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms and send their requests evenly through the day, as cases come in."""
    names = words.company_names(rng, knobs.firms)
    for name in names:
        held = accounts.companies(
            ground, rng, np.array([knobs.keys]), product="support", group=knobs.group, role="lookalike", names=[name], program="async",
            in_cloud=1.0, stream=0.0, plans={"scale": 1.0},
        )  # fmt: skip
        size = scaled(knobs.requests, scale, least=40)
        asked = ground.shelf(*_SOURCES[knobs.kind], longest=900)
        drafts = support_answers(rng, 2 * max(40, size // 2), name)
        own = (
            [f"A: {a}\nB: {b}" for a, b in zip(drafts[::2], drafts[1::2], strict=True)]
            if knobs.kind == "pairs"
            else drafts
        )
        answers = ground.texts.numbers(own)
        ground.send(
            rng,
            held.accounts[rng.integers(0, knobs.keys, size)],
            spread_evenly(rng, size),
            text=asked[Deck(len(asked), rng).draw(size)],
            extra=answers[rng.integers(0, len(answers), size)],
            frame=ground.frames.number(_FRAMES[knobs.kind].replace("{c}", name)),
            reply=Reply.GRADE if knobs.kind == "pairs" else Reply.STEPS,
            tokens_out=rng.integers(20, 60, size) if knobs.kind == "pairs" else rng.integers(150, 500, size),
            overrides={"temperature": np.zeros(size)},
        )
