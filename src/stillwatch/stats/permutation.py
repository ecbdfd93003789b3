"""How often chance alone, dealing the same cards again, does as well: permutation tests with exact error rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import stats

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import FloatArray, IntArray, flags, labels, numbers, whole

__all__ = ["group_mean_test", "permutation_p", "sequential_permutation"]

_TILTS = (0.25, 0.5, 1.0, 2.0, 4.0)
_EXACT_LIMIT = 20_000


def permutation_p(observed: float, draws: npt.ArrayLike, *, larger_is_worse: bool = True) -> float:
    """The share of re-deals, the observed one among them, at least as extreme: `(1 + b) / (1 + B)`.

    Null: the observed value is exchangeable with the draws. Never 0; at least `1 / (B + 1)`.
    Source: Phipson and Smyth (2010), arXiv 1603.05766. Misled by deals that break a structure the null keeps
    (clusters, hours).

    >>> permutation_p(5.0, [1.0, 2.0, 5.0])
    0.5
    """
    sign = 1.0 if larger_is_worse else -1.0
    others = sign * numbers(draws, "draws").ravel()
    value = sign * float(numbers(observed, "observed"))
    slack = 1e-12 * max(1.0, abs(value)) if math.isfinite(value) else 0.0
    return (1.0 + int((others >= value - slack).sum())) / (1.0 + others.size)


def sequential_permutation(
    observed: float,
    draw: Callable[[np.random.Generator, int], npt.ArrayLike],
    *,
    rng: np.random.Generator,
    null: str,
    stop_after: int = 20,
    most: int = 9_999,
    batch: int = 200,
) -> Evidence:
    """A permutation p-value that stops early when the answer is plainly dull.

    `draw(rng, size)` gives `size` values under the null. Draws end once `stop_after` of them reach the observed
    value, at the l-th draw, and then `p = stop_after / l`; or after `most` draws, and then `p = (1 + b) / (1 +
    most)`. Either way `P(p <= t) <= t`. `Evidence.n` is the number of draws used; the e-value is the calibrated p
    (`p_to_e`, kappa 0.5).

    Source: Besag and Clifford (1991). The result depends on `batch` only through how `draw` uses `rng`.

    >>> import numpy as np
    >>> dull = sequential_permutation(0.0, lambda rng, k: rng.normal(size=k), rng=np.random.default_rng(3), null="mean 0")
    >>> dull.n < 100, dull.p_value > 0.2
    (True, True)
    """
    value = float(numbers(observed, "observed"))
    goal, limit = whole(stop_after, "stop_after", least=1), whole(most, "most", least=1)
    size = whole(batch, "batch", least=1)
    slack = 1e-12 * max(1.0, abs(value)) if math.isfinite(value) else 0.0
    done, reached = 0, 0
    p_value: float | None = None
    while done < limit:
        batch_size = min(size, limit - done)
        drawn = numbers(draw(rng, batch_size), "draw").ravel()
        if drawn.size != batch_size:
            raise ValueError(f"draw: gave {drawn.size} values, expected {batch_size}")
        running = reached + np.cumsum(drawn >= value - slack)
        if int(running[-1]) >= goal:
            done += int(np.searchsorted(running, goal)) + 1
            p_value = goal / done
            break
        reached = int(running[-1])
        done += batch_size
    if p_value is None:
        p_value = (1.0 + reached) / (1.0 + limit)
    return Evidence(
        value=value, n=done, p_value=p_value, e_value=0.5 / math.sqrt(p_value), null=null, method="Besag-Clifford"
    )


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
    values = numbers(scores, "scores")
    if values.ndim != 1:
        raise ValueError(f"scores: got shape {values.shape}, expected one score an account")
    chosen = flags(members, "members", n=values.size)
    codes = np.zeros(values.size, dtype=np.int64) if bins is None else labels(bins, "bins", n=values.size)[0]
    wanted, minimum = whole(draws, "draws", least=1), whole(least, "least", least=1)
    null = "the members are a random choice of accounts with the same activity profile"
    picked = [(_standard(values[codes == code], by_rank), chosen[codes == code]) for code in np.unique(codes[chosen])]
    open_bins = [(pool, inside) for pool, inside in picked if not inside.all()]
    size = int(chosen.sum())
    free = sum(int(inside.sum()) for _, inside in open_bins)
    mean = sum(float(pool[inside].sum()) for pool, inside in picked) / size if size else math.nan
    if free < minimum:
        return Evidence(
            value=mean, n=free, p_value=None, e_value=None, null=null, method="stratified permutation", needed=minimum
        )
    total = sum(float(pool[inside].sum()) for pool, inside in open_bins)
    pools = [(pool, int(inside.sum())) for pool, inside in open_bins]
    ways = math.prod(math.comb(pool.size, k) for pool, k in pools)
    if ways <= _EXACT_LIMIT:
        sums = np.zeros(1, dtype=np.float64)
        for pool, k in pools:
            sums = (sums[:, None] + _all_sums(pool, k)[None, :]).ravel()
        p_value = float((sums >= total - 1e-9 * max(1.0, abs(total))).mean())
        method = "stratified permutation, all deals"
    else:
        dealt = np.zeros(wanted, dtype=np.float64)
        for pool, k in pools:
            dealt += _subset_sums(pool, k, wanted, rng)
        p_value = (1.0 + int((dealt >= total - 1e-9 * max(1.0, abs(total))).sum())) / (1.0 + wanted)
        method = f"stratified permutation, {wanted} deals"
    return Evidence(value=mean, n=free, p_value=p_value, e_value=_tilted_e(pools, total), null=null, method=method)


def _standard(pool: FloatArray, by_rank: bool) -> FloatArray:
    """Scores with mean 0 and standard deviation 1 in their bin; 0 where all are equal."""
    if by_rank:
        scaled = np.asarray(stats.rankdata(pool), dtype=np.float64)
    elif np.isinf(pool).any():
        raise ValueError("scores: expected finite numbers unless by_rank")
    else:
        scaled = pool
    spread = float(scaled.std())
    centred = scaled - float(scaled.mean())
    return centred / spread if spread > 1e-12 * max(1.0, float(np.abs(scaled).max(initial=0.0))) else centred * 0.0


def _tilted_e(pools: list[tuple[FloatArray, int]], total: float) -> float:
    """The average over fixed tilts of `exp(t * total)` against its bound under random choice."""
    size = sum(k for _, k in pools)
    logs = []
    for tilt in (*_TILTS, *(tilt / math.sqrt(size) for tilt in _TILTS)):
        bound = 0.0
        for pool, k in pools:
            top = float(pool.max()) * tilt
            bound += k * (top + math.log(float(np.exp(tilt * pool - top).mean())))
        logs.append(tilt * total - bound)
    return math.exp(min(700.0, float(np.logaddexp.reduce(logs)) - math.log(len(logs))))


def _all_sums(pool: FloatArray, k: int) -> FloatArray:
    index: IntArray = np.array(list(combinations(range(pool.size), k)), dtype=np.int64).reshape(-1, k)
    return np.asarray(pool[index].sum(axis=1), dtype=np.float64)


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
