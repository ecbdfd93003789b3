"""Requests of one customer in bursts: within each hour the gaps of a traced service, between the hour's first request and its last."""

from __future__ import annotations

import numpy as np

from stillwatch.range.names import Ints
from stillwatch.range.odds import draw, trace_gaps
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import Dice

__all__ = ["in_bursts"]

_HOUR = DAY // 24


def in_bursts(dice: Dice, who: Ints, at: Ints, *, trace: str) -> Ints:
    """The times of some rows moved within their hours; requests keep their order, an account's first and last of an hour their time.

    A trace of one service tells how its requests follow each other, and nobody says how many customers stand behind it. So each customer
    by itself is bursty here, and no two of them are so together.
    """
    order = np.lexsort((at, at // _HOUR, who))
    hour = who[order] * (1 << 20) + at[order] // _HOUR
    starts = np.flatnonzero(np.diff(hour, prepend=-1))
    sizes = np.diff(starts, append=len(order))
    gaps = draw(dice, trace_gaps(trace), len(order)) + 1
    gaps[starts] = 0
    elapsed = np.cumsum(gaps)
    elapsed -= np.repeat(elapsed[starts], sizes)
    ends = starts + sizes - 1
    begin = np.repeat(at[order][starts], sizes)
    length = np.repeat(at[order][ends] - at[order][starts], sizes)
    whole = np.maximum(1, np.repeat(elapsed[ends], sizes))
    moved = np.empty(len(order), np.int64)
    moved[order] = begin + length // whole * elapsed + length % whole * elapsed // whole
    return moved
