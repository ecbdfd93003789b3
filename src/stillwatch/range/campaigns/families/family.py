"""A family of prompts: what a harvest asks for, with its wordings for developing and for testing, and where its items come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch.range.campaigns.plan import Requests, requests
from stillwatch.range.campaigns.wording import Wording
from stillwatch.range.ground import Ground, Ints, Reply
from stillwatch.range.purpose import Purpose
from stillwatch.range.rhythm import answer_lengths
from stillwatch.range.splits import Fold

__all__ = ["Family", "Items", "item_of", "write"]

Items = Callable[[Ground, np.random.Generator, int, Fold, Ints], tuple[Ints, Ints]]
"""Deals out items of one fold that are not among those taken: numbers of texts for the slot {a}, and for {b} or -1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A kind of prompt that a campaign sends. `says` is what it wants; `tokens` the least length of an answer; `bare` of the requests carry
    no wrapper at all."""

    key: str
    says: str
    wordings: Mapping[Fold, Wording]
    items: Items
    reply: Reply = Reply.PROSE
    tokens: int = 60
    trace: str = "chat"
    limit: int = -1
    heat: float = float("nan")
    bare: float = 0.0
    systems: Mapping[Fold, str] | None = None
    purpose: Purpose = Purpose.HARVEST

    def joins(self, fold: Fold) -> bool:
        """Whether its items have two parts, which only the wrapper joins."""
        return "{b}" in self.wordings[fold].fixed()


def item_of(text: Ints, extra: Ints) -> Ints:
    """One number for what is harvested: the same text with another companion is another item."""
    return text * (1 << 31) + extra + 1


def write(
    family: Family, ground: Ground, rng: np.random.Generator, size: int, fold: Fold, number: int, taken: Ints
) -> Requests:
    """`size` requests of one family under its fixed wording; accounts and times are not set yet.

    `number` is the family's; texts in `taken` are in the operator's queue already and are not dealt again while there are others.
    """
    text, extra = family.items(ground, rng, size, fold, taken)
    frame = np.full(size, ground.frames.number(family.wordings[fold].fixed()))
    frame[rng.random(size) < family.bare] = -1
    system = -1 if family.systems is None else ground.texts.number(family.systems[fold])
    asked = ground.texts.lengths(text) // 4
    return requests(
        size,
        text=text,
        extra=extra,
        item=item_of(text, extra),
        frame=frame,
        system=system,
        family=number,
        purpose=int(family.purpose),
        reply=int(family.reply),
        tokens_out=np.maximum(family.tokens, answer_lengths(rng, asked, trace=family.trace)),
        limit=family.limit,
        heat=family.heat,
    )
