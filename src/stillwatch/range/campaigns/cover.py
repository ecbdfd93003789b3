"""Unrelated traffic on an operator's accounts: conversations as people hold them, sent for show or passed through for real users."""

from __future__ import annotations

import numpy as np

from stillwatch.range.campaigns.families.family import item_of
from stillwatch.range.campaigns.plan import HOUR, Requests, no_requests, requests
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.pack import Deck
from stillwatch.range.purpose import Purpose
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.splits import Fold, shelf

__all__ = ["conversations"]


def conversations(
    ground: Ground,
    rng: np.random.Generator,
    counts: Ints,
    *,
    zone: Ints,
    fold: Fold,
    start: int,
    hours: float,
    purpose: Purpose = Purpose.COVER,
    profile: str = "evening",
) -> Requests:
    """`counts` requests of each account in conversations at local hours, within `hours` from `start`; nothing of them is harvested."""
    if not counts.sum():
        return no_requests()
    cut = turns(rng, ground.clock, counts, zone=zone, profile=profile)
    size = len(cut.owner)
    pool = shelf(ground, fold, "open", "search", "support", "tongues")
    text = pool[Deck(len(pool), rng).draw(size)]
    follow = ground.texts.kept(ground.pack.follow_ups())
    later = (cut.turn > 0) & (rng.random(size) < 0.6)
    text = np.where(later, follow[rng.integers(0, len(follow), size)], text)
    window = round(hours * HOUR)
    first = cut.at[np.flatnonzero(cut.before < 0)][cut.conversation]
    days = max(1, round(hours / 24))
    day = rng.integers(0, days, int(cut.conversation.max()) + 1)[cut.conversation] * 24 * HOUR
    at = start + np.minimum((first + day) % window + (cut.at - first), window - 1)
    return requests(
        size,
        who=cut.owner,
        at=at,
        text=text,
        item=-item_of(text, np.full(size, -1)),
        purpose=int(purpose),
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
        before=cut.before,
        talk=cut.conversation,
    )
