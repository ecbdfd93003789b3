"""A browser extension with its users' own keys: its prompts are the same everywhere, the pages it reads are each user's own."""

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

    accounts: int = 90
    median: float = 5.0
    group: str = "extension"


_SYSTEM = "You are PageLens, a reading helper inside the user's browser. You see the text that the user has selected on a page."
_FRAME = (
    "The user selected the following text and pressed Explain. Explain it in the language of the text, in at most 120 words, and define "
    "difficult terms. If it is a question, answer it and show briefly how you got there.\n\n<selection>\n{a}\n</selection>"
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the users and send their selections: single turns at human hours."""
    size = scaled(knobs.accounts, scale, least=4)
    who = accounts.people(
        ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="extension", plans={"payg": 1.0}
    )
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.8, most=80)
    texts = ground.shelf("wildchat_structural", "xquad_questions", "nq_open", longest=1500)
    talk(
        ground,
        rng,
        who,
        counts,
        texts=texts,
        profile="evening",
        frame=ground.frames.number(_FRAME),
        system=ground.texts.number(_SYSTEM),
        mean_turns=1.0,
        follow_ups=False,
    )
