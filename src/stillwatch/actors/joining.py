"""Things whose accounts overlap far above chance, and the groups they form: wordings of one operator, his cards, his devices.

One overlap joins two things, and a chain of them would join everybody to everybody: a public question that some of an operator's
accounts and some students of a course were given overlaps both. So groups grow by their strongest overlaps first, and two groups become
one only where the accounts of the *whole* of each overlap, too (linkage by groups, after Lance and Williams 1967, not by nearest pairs).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
from scipy import sparse

__all__ = ["joined", "overlapping"]

Ints = npt.NDArray[np.int64]

_MOST_THINGS = 300
_MOST_PAIRS = 4_000_000
"""Pairs of things that are held in memory at once, about: all pairs of a large population would fill it."""


def overlapping(
    sent: sparse.csr_matrix, *, share: float, lift: float = 3.0, least: int = 5, p_value: float
) -> tuple[Ints, Ints]:
    """Pairs of columns of an accounts-by-things matrix of zeros and ones whose accounts overlap far above chance.

    An account with k things is in k (k - 1) / 2 pairs, so it counts 1 / (k - 1) in each: busy accounts explain what they explain and no
    more. If the things fell on accounts by chance (the configuration model of Chung and Lu 2002, row sums k and column sums s kept),
    the weighed overlap of things i and j would be about s_i s_j / sum(k). A pair is kept when at least `least` accounts, and at least
    `share` of the smaller column, have both, when the weighed overlap is at least `lift` times chance, and when its Poisson tail is
    below `p_value` over the number of pairs looked at.

    Accounts with more than `_MOST_THINGS` things are left out: they would weigh next to nothing, and cost the square of their number.

    Misled by groups of benign users with one taste: hence `share`.
    """
    few = np.asarray(sent.sum(axis=1)).ravel() <= _MOST_THINGS
    sent = sent if few.all() else sent[np.flatnonzero(few)]
    size = np.asarray(sent.sum(axis=0), np.int64).ravel()
    held = np.asarray(sent.sum(axis=1), np.float64).ravel()
    # Who holds one thing is in no pair; with a weight of zero its place in the product might be left out.
    weight = sparse.csr_matrix(
        (np.repeat(1 / np.maximum(held - 1, 1), np.diff(sent.indptr)), sent.indices, sent.indptr), shape=sent.shape
    )
    of_things = sent.T.tocsr()
    looked_at, kept = 0, []
    for begin, end in _blocks(of_things @ np.asarray(sent.sum(axis=1), np.int64).ravel()):
        # Products of matrices with the same places have the same places, in the same order.
        together, overlaps = of_things[begin:end] @ sent, of_things[begin:end] @ weight
        row = np.repeat(np.arange(begin, end), np.diff(together.indptr))
        above = together.indices > row
        looked_at += int(np.count_nonzero(above))
        near = np.flatnonzero(above & (together.data >= least))
        one, other, count = row[near], together.indices[near].astype(np.int64), together.data[near]
        many = count >= share * np.minimum(size[one], size[other])
        one, other, overlap = one[many], other[many], np.round(overlaps.data[near[many]], 9)
        chance = size[one].astype(np.float64) * size[other] / max(float(held.sum()), 1.0)
        more = overlap >= lift * chance
        kept.append((one[more], other[more], overlap[more], chance[more]))
    if not kept:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    one, other, overlap, chance = (np.concatenate(column) for column in zip(*kept, strict=True))
    rare = scipy.stats.poisson.sf(np.floor(overlap) - 1, chance) <= p_value / max(looked_at, 1)
    one, other = one[rare], other[rare]
    order = np.lexsort((other, one))
    return one[order], other[order]


def _blocks(cost: Ints) -> Iterator[tuple[int, int]]:
    """Spans of things whose costs sum to `_MOST_PAIRS` at most, or one thing that costs more alone."""
    spent = np.concatenate(([0], np.cumsum(cost)))
    begin = 0
    while begin < cost.size:
        end = max(int(np.searchsorted(spent, spent[begin] + _MOST_PAIRS, "right")) - 1, begin + 1)
        yield begin, end
        begin = end


def joined(sent: sparse.csr_matrix, one: Ints, other: Ints, *, share: float, lift: float = 3.0) -> Ints:
    """Group of each thing, numbered from 0 in the order of the things, from pairs that overlap.

    Args:
        sent: accounts by things, zeros and ones.
        one, other: the pairs, each once.
        share: of the accounts of the smaller thing, how many must have the other, too, on average over all things of the one group and
            all of the other, the larger ones counting for more.
        lift: least odds ratio of being in both groups, over all accounts that have any of the things.
    """
    of_things = sent.T.tocsr()
    accounts = np.split(of_things.indices, of_things.indptr[1:-1]) if sent.shape[1] else []
    groups = {thing: _Group.of(accounts[thing]) for thing in np.union1d(one, other).tolist()}
    population = int(np.count_nonzero(np.diff(sent.indptr)))
    head = np.arange(sent.shape[1])

    def strength(pair: tuple[int, int]) -> tuple[float, int, tuple[int, int]]:
        told = groups[pair[0]].overlap(groups[pair[1]])
        return -told.share, -told.both, pair

    def group_of(thing: int) -> int:
        while head[thing] != thing:
            head[thing] = head[head[thing]]
            thing = int(head[thing])
        return thing

    pairs = sorted(zip(one.tolist(), other.tolist(), strict=True), key=strength)
    while pairs:
        apart: dict[tuple[int, int], None] = {}
        grown = False
        for pair in pairs:
            a, b = sorted(map(group_of, pair))
            if a == b:
                continue
            told = groups[a].overlap(groups[b])
            if told.share >= share and told.odds(population) >= lift:
                head[b] = a
                groups[a] = groups[a].with_(groups.pop(b))
                grown = True
            else:
                apart[a, b] = None
        pairs = list(apart) if grown else []
    return np.unique([group_of(thing) for thing in range(head.size)], return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """How two groups meet: accounts in both, in the one only, in the other only; and the mean share of their things."""

    both: int
    only_one: int
    only_other: int
    share: float

    def odds(self, population: int) -> float:
        """Odds of being in the one group for accounts of the other, over the odds for everybody else."""
        neither = population - self.both - self.only_one - self.only_other
        against = self.only_one * self.only_other
        return self.both * neither / against if against else math.inf


@dataclass(frozen=True, slots=True)
class _Group:
    """Things that were joined: how many of them each account has, and how many accounts have each (sorted)."""

    held: Counter[int]
    sizes: Ints

    @classmethod
    def of(cls, accounts: Ints) -> _Group:
        return cls(Counter(accounts.tolist()), np.array([accounts.size], np.int64))

    def overlap(self, other: _Group) -> _Overlap:
        few, many = sorted((self.held, other.held), key=len)
        met = [(count, many[account]) for account, count in few.items() if account in many]
        smaller = np.minimum.outer(self.sizes, other.sizes).sum()
        return _Overlap(
            len(met),
            len(self.held) - len(met),
            len(other.held) - len(met),
            sum(one * two for one, two in met) / max(int(smaller), 1),
        )

    def with_(self, other: _Group) -> _Group:
        """Both as one group; the larger one's counts are used up."""
        few, many = sorted((self.held, other.held), key=len)
        many.update(few)
        return _Group(many, np.sort(np.concatenate([self.sizes, other.sizes])))
