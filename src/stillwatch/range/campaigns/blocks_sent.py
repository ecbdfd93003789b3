"""Which reasoning blocks a campaign sends: each replay brings one that another of its accounts was handed before."""

from __future__ import annotations

import numpy as np

from stillwatch.range.campaigns.families import NUMBERS
from stillwatch.range.campaigns.plan import Requests
from stillwatch.range.ground import Ints, Reply

__all__ = ["replayed"]


def replayed(rows: Requests, rng: np.random.Generator) -> Ints | None:
    """The row whose signature each request sends, or -1; None for a campaign that replays nothing.

    Blocks come from earlier answers to requests that are no replays themselves, of other accounts of the same operator: that is what the
    reports describe. A replay before anything was handed out sends nothing.
    """
    replays = rows.family == NUMBERS["replay"]
    if not replays.any():
        return None
    sources = np.flatnonzero(~replays & (rows.reply != Reply.REFUSAL) & (rows.reply != Reply.LABEL))
    sources = sources[np.argsort(rows.at[sources], kind="stable")]
    sent = np.full(len(rows), -1)
    asking = np.flatnonzero(replays)
    handed = np.searchsorted(rows.at[sources], rows.at[asking], side="left")
    drawn = rng.random(len(asking))
    some = handed > 0
    asking, chosen = asking[some], (drawn[some] * handed[some]).astype(np.int64)
    source = sources[chosen]
    own = rows.who[source] == rows.who[asking]
    source = np.where(own, sources[np.maximum(chosen - 1, 0)], source)
    sent[asking] = np.where(rows.who[source] == rows.who[asking], -1, source)
    return sent
