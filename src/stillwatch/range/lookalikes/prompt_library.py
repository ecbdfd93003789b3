# ruff: noqa: E501 - texts stand on one line each
"""Fans of a public prompt library: many people use the same popular templates, a few times each, with their own subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts
from stillwatch.range.ground import Ground
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed, talk

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts and median requests a day."""

    accounts: int = 130
    median: float = 6.0
    group: str = "prompt_library"


_TEMPLATES = (
    (
        "I want you to act as a {x}. I will describe a situation and you reply as the {x} would, and only that. Do not write explanations. "
        "Ask me questions one at a time and wait for my answers. My first message is: {a}"
    ),
    (
        "Act as an experienced {x} with twenty years of practice. First list what you would need to know, then give your best advice in plain "
        "language, then a short checklist I can print. Here is my case: {a}"
    ),
    (
        "You are a {x}. Think step by step before you answer and explain your reasoning so that a beginner can follow it. End with a summary in "
        "three bullet points. Topic: {a}"
    ),
    (
        "Ignore fluff. As a {x}, rewrite and improve what I send you, keep my meaning, fix the grammar, and show me the three most important "
        "changes in a table. Text: {a}"
    ),
)
_ROLES = (
    "career coach",
    "travel guide",
    "maths teacher",
    "lawyer",
    "doctor",
    "copywriter",
    "interviewer",
    "chef",
    "linguist",
    "personal trainer",
    "historian",
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the fans and send their conversations; the first turn stands in a template, favourites are drawn by Zipf's law."""
    size = scaled(knobs.accounts, scale, least=4)
    who = accounts.people(
        ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="browser", stream=0.9
    )
    frames = ground.frames.numbers([t.replace("{x}", role) for t in _TEMPLATES for role in _ROLES])
    favourite = frames[np.minimum(rng.zipf(1.4, size) - 1, len(frames) - 1)]
    texts = ground.shelf("oasst1_en_train", "wildchat_structural", longest=1200)
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.9, most=120)
    talk(ground, rng, who, counts, texts=texts, profile="evening", frame=favourite, mean_turns=2.0)
