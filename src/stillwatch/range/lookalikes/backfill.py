"""New keys at full throughput: a workload that moved to a new account, a search index filled with summaries, a batch of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, facts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes._pace import paced
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms, keys of each, requests of a key in one burst, its hours, what is done (migration, rag, labelling), and whether it was
    announced."""

    group: str = "backfill/migration"
    firms: int = 4
    keys: int = 4
    requests: int = 400
    hours: float = 9.0
    kind: str = "migration"
    declared: str = "backfill"


_FRAMES = {
    "migration": "{a}",
    "rag": "Write three search phrases and a summary of two sentences for the passage.\n\n{a}",
    "labelling": "Give one label for the record: billing, delivery, account, product, other.\n\n{a}",
}
_SOURCES = {
    "migration": ("bitext_support", "banking77", "sgd_user_turns"),
    "rag": ("medquad", "nq_open"),
    "labelling": ("banking77", "clinc150"),
}
_REPLIES = {"migration": Reply.PROSE, "rag": Reply.PROSE, "labelling": Reply.LABEL}


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms' new keys and send one burst each."""
    size = scaled(knobs.firms, scale, least=1)
    names = words.company_names(rng, size)
    held = accounts.companies(
        ground, rng, np.full(size, knobs.keys), product="batch", group=knobs.group, role="lookalike", names=names, program="async",
        in_cloud=1.0, stream=0.0, plans={"payg": 0.5, "team": 0.5}, declared_programme=knobs.declared, created=facts.stamp(0, days=-1),
    )  # fmt: skip
    keys = len(held.accounts)
    begin = np.repeat(rng.integers(0, DAY // 3, size), knobs.keys)
    owner, at = paced(rng, np.full(keys, knobs.requests), begin, np.full(keys, round(knobs.hours * 3.6e9)))
    pool = ground.shelf(*_SOURCES[knobs.kind], longest=2500)
    if knobs.kind == "rag":
        pool = np.unique(np.concatenate([pool, ground.passages("summarise"), ground.passages("rag_qa", lang="en")]))
    text = pool[Deck(len(pool), rng).draw(len(owner))]
    systems = ground.texts.numbers([words.system_prompt(rng, "batch", name) for name in names])
    ground.send(
        rng,
        held.accounts[owner],
        at,
        text=text,
        frame=ground.frames.number(_FRAMES[knobs.kind]),
        system=systems[held.company[owner]],
        reply=_REPLIES[knobs.kind],
        tokens_out=np.full(len(owner), 3)
        if knobs.kind == "labelling"
        else answer_lengths(rng, ground.texts.lengths(text) // 4),
    )
