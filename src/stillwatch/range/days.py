"""The days of a world: who is active when. Weekly rhythm by kind of work, growth over the weeks, accounts that begin and end.

Everything is a whole number: an account's requests are cut over its days by cumulated weights, so that totals are exact and the same on
every machine.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.odds import BITS, lognormal, looked_up
from stillwatch.range.seeds import Dice

__all__ = ["PACES", "WEEKS", "allotted", "by_day", "first_and_last"]

Ints = NDArray[np.int64]

WEEKS: dict[str, tuple[int, ...]] = {
    "office": (100, 106, 106, 102, 84, 14, 11),
    "evening": (94, 92, 93, 96, 98, 112, 115),
    "service": (112, 106, 102, 100, 102, 90, 88),
    "school": (110, 112, 110, 104, 70, 24, 62),
    "flat": (100,) * 7,
}
"""Weight of each day of the week from Monday on, by kind of work; an assumption, like the hours in `rhythm.PROFILES`."""

PACES = ("people", "service", "jobs")
"""How even a customer's days are: people skip many days and have busy ones, services run every day, jobs run now and then."""

_FIRST_WEEKDAY = 1


@cache
def _evenness(pace: str) -> Ints:
    size = 1 << BITS
    idle, spread = {"people": (45, 90), "service": (2, 25), "jobs": (72, 110)}[pace]
    busy = lognormal(100, spread, most=4000)
    off = size * idle // 100
    return np.concatenate([np.zeros(off, np.int64), busy[np.arange(size - off) * size // (size - off)]])


def first_and_last(dice: Dice, size: int, days: int) -> tuple[Ints, Ints]:
    """The first and last day of each account within the window: most were there before and stay, some begin, some end.

    About a quarter of a month's accounts begin within it, and lives are log-normal with a median of half a year.
    """
    begins = dice.chance(65536 * days // (days + 84), size)
    first = np.where(begins, dice.below(days, size), 0)
    life = lognormal(180, 160, most=3000)[dice.shorts(size) >> (16 - BITS)]
    spent = np.where(begins, 0, dice.below(np.maximum(1, life), size))
    last = np.minimum(days - 1, first + np.maximum(0, life - spent - 1))
    return first, last


def allotted(weights: Ints, total: int) -> Ints:
    """`total` requests over accounts in proportion to their weights, each at least one, exactly.

    >>> allotted(np.array([1, 1, 8]), 13).tolist()
    [2, 2, 9]
    """
    if total < len(weights):
        raise ValueError(f"exchanges: got {total} for {len(weights)} accounts, expected at least one each")
    room = total - len(weights)
    shift = max(0, int(weights.sum()).bit_length() + max(1, room).bit_length() - 62)
    cumulated = np.cumsum(weights if weights.any() else np.ones_like(weights)) >> shift
    cuts = cumulated * room // max(1, int(cumulated[-1]))
    found: Ints = 1 + np.diff(cuts, prepend=0)
    return found


def by_day(
    dice: Dice,
    counts: Ints,
    *,
    week: Ints,
    weeks: tuple[str, ...],
    pace: Ints,
    growth: Ints,
    first: Ints,
    last: Ints,
    days: int,
) -> Ints:
    """Requests of each account on each day, shape (accounts, days): rows sum to `counts`, nothing before `first` or after `last`.

    `week` numbers a kind of week in `weeks`, `pace` a pace in `PACES`; `growth` is in thousandths a day.
    """
    size = len(counts)
    day = np.arange(days)
    rhythm = np.array([WEEKS[name] for name in weeks], np.int64)[:, (day + _FIRST_WEEKDAY) % 7]
    words = dice.words(size * days)
    weight = rhythm[week] * (1000 + growth[:, None] * day)
    even = np.stack([_evenness(name) for name in PACES])
    drawn = looked_up(words, np.arange(1 << BITS)).reshape(size, days)
    weight = weight * (1 + 64 * even[pace[:, None], drawn])
    weight = np.where((day >= first[:, None]) & (day <= last[:, None]), weight, 0) >> 8
    idle = np.flatnonzero(weight.sum(axis=1) == 0)
    weight[idle, first[idle]] = 1
    cumulated = np.cumsum(weight, axis=1)
    total = cumulated[:, -1:]
    start = (words.reshape(size, days)[:, :1] >> np.uint64(44)).astype(np.int64)
    cuts = (cumulated * counts[:, None] + ((start * total) >> 20)) // total
    found: Ints = np.diff(cuts, axis=1, prepend=0)
    return found
