"""Which of several answers was the one that was served? If a suspect cannot know, chance deals it, and the tail of chance is exact.

Every item has K + 1 numbers, one a candidate answer, the served one first. Under the null the candidates of an item are exchangeable, so,
given the numbers themselves, the served one is each of them with the same chance, independently over items. Ties need no lots: equal
numbers simply stay equal in every deal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "SMALLEST",
    "STAKES",
    "Floats",
    "Levels",
    "deal_distribution",
    "deal_process",
    "deal_tail",
    "doubled_midranks",
    "steps",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Levels: TypeAlias = Sequence[npt.NDArray[np.int64]]

SMALLEST = 1e-280
"""No exact tail is told as less than this: floats end near there."""

STAKES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Bets that are mixed with equal weight, from timid to bold, in standard deviations; fixed before any audit."""

_STEPS = 64


def doubled_midranks(values: Sequence[Floats]) -> list[npt.NDArray[np.int64]]:
    """Twice the rank of each number in its item, from 0, where equal numbers share their mean rank.

    >>> [ranks.tolist() for ranks in doubled_midranks([np.array([0.3, 0.1, 0.3])])]
    [[3, 0, 3]]
    """
    return [((one[:, None] > one).sum(1) * 2 + (one[:, None] == one).sum(1) - 1).astype(np.int64) for one in values]


def steps(values: Sequence[Floats]) -> list[npt.NDArray[np.int64]]:
    """Each number's distance from the mean of its item, in whole steps of a sixteenth of the overall deviation, cut at two of it.

    Which candidate was served does not enter, so a test on steps is as exact as one on ranks; unlike ranks they let an item that stands out
    count for more, and the cut keeps one item from deciding alone.

    >>> [level.tolist() for level in steps([np.array([-1.0, -3.0]), np.array([-9.0, -9.0])])]
    [[55, 9], [32, 32]]
    """
    if not values:
        return []
    away = [one - one.mean() for one in values]
    spread = float(np.sqrt(np.mean(np.concatenate(away) ** 2)))
    unit = 4.0 / _STEPS * spread or 1.0
    half = _STEPS // 2
    return [np.clip(np.rint(one / unit), -half, half).astype(np.int64) + half for one in away]


def deal_distribution(levels: Levels, *, marked: float = 0.0) -> Floats:
    """The chance of each sum of levels that a deal may give the served answers, from the least possible sum on.

    `marked` is the share of items in which the served answer has the top level for sure, not by chance. By convolution of whole numbers:
    exact up to rounding, no draws.

    >>> deal_distribution([np.array([0, 1])] * 2).tolist()
    [0.25, 0.5, 0.25]
    """
    spread = np.ones(1)
    for row, times in Counter(tuple(sorted((one - one.min()).tolist())) for one in levels).items():
        chances = np.asarray(np.bincount(row) * ((1.0 - marked) / len(row)), dtype=np.float64)
        chances[-1] += marked
        spread = _and(spread, _repeated(chances, times))
    return spread


def _repeated(chances: Floats, times: int) -> Floats:
    """The distribution of the sum of so many independent draws, by squaring."""
    if times == 1:
        return chances
    half = _repeated(chances, times // 2)
    both = _and(half, half)
    return _and(both, chances) if times % 2 else both


def _and(one: Floats, other: Floats) -> Floats:
    """The distribution of the sum of two; what is too small to be told is dropped. A few levels go place by place."""
    few, many = (one, other) if one.size < other.size else (other, one)
    places = np.flatnonzero(few)
    if places.size <= 8:
        both = np.zeros(few.size + many.size - 1)
        for place in places.tolist():
            both[place : place + many.size] += few[place] * many
    else:
        both = np.convolve(many, few)
    both[both < SMALLEST * 1e-15] = 0.0
    return both


def deal_tail(levels: Levels, *, marked: float = 0.0, lower: bool = False) -> float:
    """The chance that a deal gives the served answers a sum of levels as high as observed, or with `lower` as low.

    With `marked` as in `deal_distribution`. Never below `SMALLEST`.

    >>> deal_tail([np.array([2, 0, 1])] * 3) == 1 / 27
    True
    """
    observed = sum(int(row[0] - row.min()) for row in levels)
    spread = deal_distribution(levels, marked=marked)
    tail = spread[: observed + 1] if lower else spread[observed:]
    return float(min(1.0, max(SMALLEST, tail.sum())))


def deal_process(values: Sequence[Floats], *, scales: Sequence[float], stakes: Sequence[float] = STAKES) -> Floats:
    """The evidence after each item that the served answers have the higher numbers: a running e-value that may be looked at any time.

    An item's factor is `exp(s v0) / mean(exp(s v))`, with v the numbers over `scales`: its mean over the deal is 1 whatever the numbers.
    `scales` of an item must not use that item's deal, nor later items (0: no bet). Equal weight on all stakes s.

    Source: an exponential tilt, as in Waudby-Smith and Ramdas (2024), arXiv 2010.09686, with the exact mean in place of a bound.

    >>> [round(e, 2) for e in deal_process([np.array([1.0, 0.0])] * 8, scales=[0.5] * 8).tolist()][::7]
    [1.47, 74.05]
    """
    factors = np.zeros((len(stakes), len(values)))
    for at, (one, scale) in enumerate(zip(values, scales, strict=True)):
        if scale > 0.0:
            bets = np.multiply.outer(np.asarray(stakes), (one - one.max()) / scale)
            factors[:, at] = bets[:, 0] - np.log(np.exp(bets).mean(axis=1))
    logs = np.cumsum(factors, axis=1)
    return np.asarray(np.exp(np.minimum(logs, 690.0)).mean(axis=0), dtype=np.float64)
