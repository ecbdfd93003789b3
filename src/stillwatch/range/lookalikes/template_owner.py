# ruff: noqa: E501 - texts stand on one line each
"""Template owners: small products, each one account, that wrap every input of their users in one long template of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed, talk

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts and median requests a day."""

    accounts: int = 80
    median: float = 35.0
    group: str = "template_owner"


_TASKS = (
    "Write a product description of {n} words for the item below. Mention who it is for and one use that is not obvious.",
    "Turn the notes below into minutes of a meeting with decisions, owners and dates.", "Explain the question below to a patient in simple words.",
    "Write {n} quiz questions with answers about the text below.", "Give the answer and the working, so that our tutors can follow each step.",
    "Suggest {n} titles for the text below and say which one you would take.", "Check the message below for tone and propose a friendlier version.",
    "List the {n} most likely causes and what to try first.", "Draft a reply to the review below; thank the guest and address each point.",
)  # fmt: skip
_RULES = (
    "Use British spelling.", "At most {n}0 words.", "No headings.", "Start with the main point.", "Write for readers of {c}.", "Return valid JSON.",
    "Never mention that you are a model.", "Keep the names of people.", "Use the second person.", "End with a question to the reader.",
)  # fmt: skip
_SOURCES = ("oasst1_en_train", "medquad", "gsm8k_test", "wildchat_structural", "bitext_support", "mmlu", "nq_open")


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the owners and send their templated requests."""
    size = scaled(knobs.accounts, scale, least=4)
    names = words.company_names(rng, size)
    held = accounts.companies(
        ground, rng, np.ones(size, np.int64), product="chat", group=knobs.group, role="lookalike", names=names
    )
    counts = heavy_tailed(rng, size, median=knobs.median, spread=1.1, most=1500)
    which = rng.integers(0, len(_SOURCES), size)
    for k, source in enumerate(_SOURCES):
        chosen = np.flatnonzero(which == k)
        frames = []
        for i in chosen.tolist():
            rules = " ".join(_RULES[r] for r in rng.permutation(len(_RULES))[:5].tolist())
            task = _TASKS[int(rng.integers(len(_TASKS)))]
            frames.append(
                f"{task} {rules}\n\n".replace("{n}", str(int(rng.integers(3, 12)))).replace("{c}", names[i]) + "{a}"
            )
        if len(chosen):
            texts = ground.shelf(source, longest=2000)
            talk(
                ground,
                rng,
                held.accounts[chosen],
                counts[chosen],
                texts=texts,
                profile="service",
                frame=ground.frames.numbers(frames),
                mean_turns=1.0,
                follow_ups=False,
            )
