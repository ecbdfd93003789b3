"""Actor C: a grading job for a student's answers, hidden one to three in ordinary traffic of a pool of accounts.

After the reports on pooled accounts that carry many people's requests and the operator's own (rubric grading, distillation hidden in
customers'
traffic): about 150 accounts, a quarter of the requests grade pairs of instruction and response, the rest is what a reseller's users ask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses, facts
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes.reseller import mixed_traffic
from stillwatch.range.pack import Deck
from stillwatch.range.purpose import Purpose
from stillwatch.range.replies import student_answers
from stillwatch.range.rhythm import DAY
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts, median requests of an account, and the share that grades."""

    accounts: int = 150
    median: float = 56.0
    share: float = 0.25
    shared_payment: float = 0.3


_RUBRIC = """Assess how well the RESPONSE carries out the INSTRUCTION. Award points on four criteria, 0 to 10 each:
- Accuracy: are statements and calculations right?
- Coverage: is every part of the instruction dealt with?
- Soundness of argument: does each step follow, would an expert accept it?
- Style: is it well ordered, without padding?
Quote the weakest sentence, say in two or three sentences what a perfect response would have done differently, then print one line:
SCORES: a/b/c/d TOTAL: t/40.

INSTRUCTION:
{a}

RESPONSE:
{b}"""


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the pool; send the gradings around the clock and three times as much of other people's traffic."""
    size = scaled(knobs.accounts, scale, least=5)
    proxy = addresses.households(rng, size)
    cards = [f"card_{v:010x}" for v in rng.integers(1 << 40, size=size).tolist()]
    for k in np.flatnonzero(rng.random(size) < knobs.shared_payment).tolist():
        cards[k] = cards[k // 8]
    who = accounts.people(
        ground,
        rng,
        size,
        product="chat",
        group="grading",
        role="actor",
        program="async",
        household=0.0,
        plans={"payg": 0.7, "team": 0.3},
        stream=0.4,
        payment=cards,
        created=facts.created(rng, size, median_days=80.0, new=0.02),
    )
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.45, most=300) + 3
    graded = np.maximum(1, np.round(counts * knobs.share)).astype(np.int64)
    asked, answered = _pairs(ground, rng)
    total = int(graded.sum())
    dealt = Deck(len(asked), rng).draw(total).tolist()
    owner = np.repeat(np.arange(size), graded)
    ground.send(
        rng,
        who[owner],
        rng.integers(0, DAY, total),
        text=ground.texts.numbers([asked[k] for k in dealt]),
        extra=ground.texts.numbers(student_answers(rng, [answered[k] for k in dealt])),
        frame=ground.frames.number(_RUBRIC),
        reply=Reply.GRADE,
        purpose=Purpose.HARVEST,
        tokens_out=rng.integers(60, 160, total),
        overrides={
            "temperature": np.zeros(total),
            "max_tokens": np.full(total, 400),
            "model": np.full(total, 1),
            "ip": ground.ips.numbers(proxy)[owner],
        },
    )
    mixed_traffic(ground, rng, who, counts - graded, end_users=False, purpose=Purpose.COVER)


def _pairs(ground: Ground, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Instructions with responses: maths with solutions, searches with answers, open questions with prose."""
    pack = ground.pack
    asked: list[str] = []
    answers: list[str] = []
    for name in ("gsm8k_test", "humaneval", "nq_open"):
        source = pack.source(name)
        asked += source.texts
        answers += source.answers
    open_questions = pack.texts("oasst1_en_train", "wildchat_structural", longest=1500, shortest=40)
    book = pack.shuffled(rng)
    first, length = rng.integers(0, len(book), len(open_questions)), rng.integers(1, 6, len(open_questions))
    prose = ["".join(book[a : a + n]).strip() for a, n in zip(first.tolist(), length.tolist(), strict=True)]
    return asked + open_questions, answers + prose
