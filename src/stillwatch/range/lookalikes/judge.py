"""A company that grades its own product's answers with a stable rubric: a few accounts, many gradings, no growth of tasks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.replies import support_answers
from stillwatch.range.rhythm import DAY, gaps
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts and gradings a day."""

    keys: int = 3
    gradings: int = 5400
    group: str = "judge"


_RUBRIC = """You check answers that the support assistant of {c} gave to customers. Mark each answer from 1 to 5:
5 - correct under our policy, complete, friendly; 4 - correct, small gap; 3 - partly correct; 2 - misleading; 1 - wrong or rude.
Our policy: no refunds without an agent, card numbers are never repeated, opening hours are 8:00 to 18:00.
Return JSON with the fields score and reason. The reason has at most 15 words."""
_FRAME = "Customer wrote:\n{a}\n\nOur assistant answered:\n{b}"


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the company and send its gradings, as answers of its product come in through the day."""
    name = words.company_names(rng, 1)
    held = accounts.companies(
        ground,
        rng,
        np.array([knobs.keys]),
        product="support",
        group=knobs.group,
        role="lookalike",
        names=name,
        program="async",
        in_cloud=1.0,
        stream=0.0,
        plans={"scale": 1.0},
    )
    total = scaled(knobs.gradings, scale, least=60)
    wait = np.cumsum(gaps(rng, total))
    asked = ground.shelf("banking77")
    answers = ground.texts.numbers(support_answers(rng, max(40, total // 2), name[0]))
    ground.send(
        rng,
        held.accounts[rng.integers(0, knobs.keys, total)],
        (wait / wait[-1] * (DAY - 1)).astype(np.int64),
        text=asked[Deck(len(asked), rng).draw(total)],
        extra=answers[rng.integers(0, len(answers), total)],
        frame=ground.frames.number(_FRAME),
        system=ground.texts.number(_RUBRIC.replace("{c}", name[0])),
        reply=Reply.GRADE,
        tokens_out=rng.integers(18, 40, total),
        overrides={"temperature": np.zeros(total), "max_tokens": np.full(total, 120)},
    )
