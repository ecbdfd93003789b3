"""Whether a group of accounts scores higher than a random group as busy: one population, prepared once, for many groups."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import FloatArray, IntArray, flags, labels, numbers, whole, wholes

__all__ = ["GroupMeans", "group_mean_test"]

_TILTS = (0.25, 0.5, 1.0, 2.0, 4.0)
_EXACT_LIMIT = 20_000
_DEAR_DRAW = 12
"""What one hypergeometric draw costs, in accounts dealt."""
_NULL = "the members are a random choice of accounts with the same activity profile"


def group_mean_test(
    scores: npt.ArrayLike,
    members: npt.ArrayLike,
    *,
    bins: npt.ArrayLike | None = None,
    rng: np.random.Generator,
    draws: int = 9_999,
    by_rank: bool = True,
    least: int = 5,
) -> Evidence:
    """Whether a group's accounts score higher than a random group with the same activity profile.

    Null: the members are a random choice, within each bin, of the accounts there (so many of each bin). The deal
    keeps bins, so a group of busy accounts is compared with busy accounts. `value` is the members' mean of within-bin
    standard scores: 0 is a random group, 1 a standard deviation per member. By default scores become ranks in their
    bin first, which no single account can dominate.

    The p-value counts re-deals (all of them where there are at most 20,000, else `draws` random ones), never under `1
    / (draws + 1)`. The e-value needs no re-deals and has no such floor: `exp(t * sum of member scores)` over the
    product of the bins' means of `exp(t * score)`, averaged over ten fixed t. By Hoeffding (1963, theorem 4) sampling
    without replacement has no larger exponential mean than sampling with, so its mean is at most 1 under the null.

    Undecided below `least` members or when no bin holds both members and others; `needed` is the number of members.
    Misled by: a group that was chosen by these scores (then the null is false before any account misbehaves); bins
    too wide to hold activity equal; members that are one customer, whose scores agree for an innocent reason.

    >>> import numpy as np
    >>> scores = np.arange(12.0)
    >>> test = group_mean_test(scores, scores >= 8, rng=np.random.default_rng(0), least=4)
    >>> round(test.value, 2), round(test.p_value * math.comb(12, 4), 6), test.n
    (1.16, 1.0, 4)
    """
    population = GroupMeans(scores, bins=bins, by_rank=by_rank)
    chosen = flags(members, "members", n=population.size)
    return population.test(np.flatnonzero(chosen), rng=rng, draws=draws, least=least)


class GroupMeans:
    """The scores of a population, sorted into bins and standardised there, to test groups of it one after another.

    `group_mean_test` says what a test of a group means. What groups have in common is worked out once: a test costs what the members'
    own bins cost, and the second test in a bin next to nothing.

    Args:
        scores: one finite score an account (any number where `by_rank`).
        bins: one label an account; accounts are only compared inside a bin. One bin for all by default.
        by_rank: turn scores into ranks in their bin first.

    >>> import numpy as np
    >>> population = GroupMeans(np.arange(12.0))
    >>> population.test([8, 9, 10, 11], rng=np.random.default_rng(0), least=4).p_value < 0.01
    True
    """

    def __init__(self, scores: npt.ArrayLike, *, bins: npt.ArrayLike | None = None, by_rank: bool = True) -> None:
        values = numbers(scores, "scores")
        if values.ndim != 1:
            raise ValueError(f"scores: got shape {values.shape}, expected one score an account")
        self.size = int(values.size)
        self._by_rank = by_rank
        self._code = np.zeros(self.size, np.int64) if bins is None else labels(bins, "bins", n=self.size)[0]
        order = np.argsort(self._code, kind="stable")
        self._sorted = values[order]
        self._slot = np.empty(self.size, np.int64)
        self._slot[order] = np.arange(self.size)
        self._begin = np.concatenate(([0], np.cumsum(np.bincount(self._code))))
        self._pools: dict[int, _Pool] = {}

    def test(self, members: npt.ArrayLike, *, rng: np.random.Generator, draws: int = 9_999, least: int = 5) -> Evidence:
        """Test the group at the places `members` (each once) of the population; see `group_mean_test`."""
        places = wholes(members, "members")
        if places.size and int(places.max()) >= self.size:
            raise ValueError(f"members: got place {int(places.max())}, expected places below {self.size}")
        wanted, minimum = whole(draws, "draws", least=1), whole(least, "least", least=1)
        code = self._code[places]
        groups = [(self._pool(int(c)), self._slot[places[code == c]] - self._begin[c]) for c in np.unique(code)]
        open_bins = [(pool, inside) for pool, inside in groups if inside.size < pool.values.size]
        free = sum(inside.size for _, inside in open_bins)
        mean = (
            sum(float(pool.values[inside].sum()) for pool, inside in groups) / places.size if places.size else math.nan
        )
        if free < minimum:
            return Evidence(
                value=mean,
                n=free,
                p_value=None,
                e_value=None,
                null=_NULL,
                method="stratified permutation",
                needed=minimum,
            )
        total = sum(float(pool.values[inside].sum()) for pool, inside in open_bins)
        pools = [(pool, int(inside.size)) for pool, inside in open_bins]
        p_value, method = _dealt_again(pools, total, wanted, rng)
        return Evidence(value=mean, n=free, p_value=p_value, e_value=_tilted_e(pools, total), null=_NULL, method=method)

    def _pool(self, code: int) -> _Pool:
        pool = self._pools.get(code)
        if pool is None:
            own = self._sorted[self._begin[code] : self._begin[code + 1]]
            pool = self._pools[code] = _Pool(_standard(own, self._by_rank))
        return pool


class _Pool:
    """Standardised scores of one bin, and the bin's means of `exp(tilt * score)` as far as they were asked for."""

    def __init__(self, values: FloatArray) -> None:
        self.values = values
        self._logs: dict[float, float] = {}

    @cached_property
    def distinct(self) -> tuple[FloatArray, IntArray]:
        """The scores that occur, ascending, and how often each does."""
        return np.unique(self.values, return_counts=True)

    def log_mean_exp(self, tilt: float) -> float:
        """Logarithm of the mean of `exp(tilt * score)`."""
        known = self._logs.get(tilt)
        if known is None:
            scores, counts = self.distinct
            top = float(scores[-1]) * tilt
            share = float((np.exp(tilt * scores - top) * counts).sum()) / self.values.size
            known = self._logs[tilt] = top + math.log(share)
        return known


def _dealt_again(
    pools: list[tuple[_Pool, int]], total: float, draws: int, rng: np.random.Generator
) -> tuple[float, str]:
    """The share of deals whose sum reaches `total`, and how it was counted."""
    reached = total - 1e-9 * max(1.0, abs(total))
    if _few_deals([(pool.values.size, k) for pool, k in pools]):
        sums = np.zeros(1, dtype=np.float64)
        for pool, k in pools:
            sums = (sums[:, None] + _all_sums(pool.values, k)[None, :]).ravel()
        return float((sums >= reached).mean()), "stratified permutation, all deals"
    dealt = np.zeros(draws, dtype=np.float64)
    for pool, k in pools:
        dealt += _dealt_sums(pool, k, draws, rng)
    return (1.0 + int((dealt >= reached).sum())) / (1.0 + draws), f"stratified permutation, {draws} deals"


def _few_deals(choices: list[tuple[int, int]]) -> bool:
    """Whether there are at most `_EXACT_LIMIT` deals. Told by logarithms where there are far more: a binomial of thousands is slow."""
    size = sum(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for n, k in choices)
    return size < math.log(_EXACT_LIMIT) + 1 and math.prod(math.comb(n, k) for n, k in choices) <= _EXACT_LIMIT


def _standard(pool: FloatArray, by_rank: bool) -> FloatArray:
    """Scores with mean 0 and standard deviation 1 in their bin; 0 where all are equal."""
    if by_rank:
        scaled = np.asarray(scipy.stats.rankdata(pool), dtype=np.float64)
    elif np.isinf(pool).any():
        raise ValueError("scores: expected finite numbers unless by_rank")
    else:
        scaled = pool
    spread = float(scaled.std())
    centred = scaled - float(scaled.mean())
    return centred / spread if spread > 1e-12 * max(1.0, float(np.abs(scaled).max(initial=0.0))) else centred * 0.0


def _tilted_e(pools: list[tuple[_Pool, int]], total: float) -> float:
    """The average over fixed tilts of `exp(t * total)` against its bound under random choice."""
    size = sum(k for _, k in pools)
    logs = [
        tilt * total - sum(k * pool.log_mean_exp(tilt) for pool, k in pools)
        for tilt in (*_TILTS, *(tilt / math.sqrt(size) for tilt in _TILTS))
    ]
    return math.exp(min(700.0, float(np.logaddexp.reduce(logs)) - math.log(len(logs))))


def _all_sums(pool: FloatArray, k: int) -> FloatArray:
    index: IntArray = np.array(list(combinations(range(pool.size), k)), dtype=np.int64).reshape(-1, k)
    return np.asarray(pool[index].sum(axis=1), dtype=np.float64)


def _dealt_sums(pool: _Pool, k: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Sums of `draws` random k-subsets. Where few scores occur, how often each is dealt is drawn, not which accounts."""
    scores, counts = pool.distinct
    if scores.size == 1:
        return np.full(draws, k * float(scores[0]))
    if scores.size == 2 or _DEAR_DRAW * scores.size <= min(k, pool.values.size - k):
        return np.asarray(rng.multivariate_hypergeometric(counts, k, size=draws, method="marginals") @ scores)
    return _subset_sums(pool.values, k, draws, rng)


def _subset_sums(pool: FloatArray, k: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Sums of `draws` random k-subsets. Small subsets are drawn with replacement and redrawn when an account repeats."""
    n = pool.size
    if 2 * k > n:
        return float(pool.sum()) - _subset_sums(pool, n - k, draws, rng)
    if k == 0:
        return np.zeros(draws, dtype=np.float64)
    result = np.empty(draws, dtype=np.float64)
    if k * k > 4 * n and n <= 1_000:
        for start in range(0, draws, 1_000):
            keys = rng.random((min(1_000, draws - start), n))
            result[start : start + keys.shape[0]] = pool[np.argpartition(keys, k - 1, axis=1)[:, :k]].sum(axis=1)
        return result
    if k * k > 4 * n:
        for row in range(draws):
            result[row] = pool[rng.choice(n, size=k, replace=False, shuffle=False)].sum()
        return result
    filled = 0
    rows = max(1, min(draws, 2_000_000 // k))
    while filled < draws:
        deal = np.sort(rng.integers(0, n, size=(rows, k)), axis=1)
        fair = deal[(np.diff(deal, axis=1) > 0).all(axis=1)][: draws - filled]
        result[filled : filled + fair.shape[0]] = pool[fair].sum(axis=1)
        filled += fair.shape[0]
    return result
