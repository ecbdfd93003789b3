"""How far a measured value may be from the truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Estimate
from stillwatch.stats._arguments import FloatArray, IntArray, flags, labels, numbers, share, whole

__all__ = ["bootstrap", "clopper_pearson", "clustered_rate", "dkw", "wilson"]


def clopper_pearson(successes: int, trials: int, *, level: float = 0.95) -> Estimate:
    """A rate with an interval that covers the truth at least `level` of the time, whatever the rate and however few the trials.

    No trials: the value is unknown (nan) and the interval is all of [0, 1]. Zero of n gives roughly `[0, 3.7 / n]`.
    Source: Clopper and Pearson (1934). Misled by trials that hang together: 1,000 requests of 3 accounts are 3 trials.

    >>> rate = clopper_pearson(0, 10)
    >>> round(rate.low, 3), round(rate.high, 3)
    (0.0, 0.308)
    """
    hits, n, tail = _binomial(successes, trials, level)
    low, high = _exact(hits, n, tail)
    value = hits / n if n else math.nan
    return Estimate(value=value, low=low, high=high, n=n, method="Clopper-Pearson", level=level)


def clustered_rate(hits: npt.ArrayLike, cluster: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """A rate of trials that hang together by cluster (of one world, account, day), with an interval that is wider the more they do.

    One truth value and one label a trial. `n` counts trials, but the interval is that of `clopper_pearson` for as many independent
    ones as tell the rate as well (Korn and Graubard 1998), never more than there are. Where nothing was a hit, or everything, nothing tells
    how trials hang together, and each cluster counts once; fewer than two clusters: the interval is all of [0, 1].
    Misled by clusters that hang together in turn, and by hits in one or two clusters alone: then it may be too short.

    >>> import numpy as np
    >>> apart, alike = np.arange(400) % 10 == 0, np.arange(400) < 40
    >>> one, other = (clustered_rate(hits, np.arange(400) // 10) for hits in (apart, alike))
    >>> round(one.low, 3), round(one.high, 3), round(other.low, 3), round(other.high, 3)
    (0.072, 0.134, 0.026, 0.244)
    """
    found = flags(hits, "hits", n=np.size(hits))
    at, names = labels(cluster, "cluster", n=found.size)
    tail = (1.0 - share(level, "level", open_low=True, open_high=True)) / 2.0
    value = float(found.mean()) if found.size else math.nan
    low, high = 0.0, 1.0
    if len(names) >= 2:
        worth = _worth(np.bincount(at, weights=found).astype(np.float64), np.bincount(at), tail)
        low, high = _exact(value * worth, worth, tail)
    return Estimate(value=value, low=low, high=high, n=found.size, method="Korn-Graubard by cluster", level=level)


def wilson(successes: int, trials: int, *, level: float = 0.95) -> Estimate:
    """A rate with an interval that covers the truth about `level` of the time: shorter than `clopper_pearson`, for plots and tables.

    Source: Wilson (1927); Brown, Cai, DasGupta (2001). Near 0 and 1 it may cover less than it says: decide with
    `clopper_pearson`.

    >>> rate = wilson(5, 10)
    >>> round(rate.low, 3), round(rate.high, 3)
    (0.237, 0.763)
    """
    hits, n, tail = _binomial(successes, trials, level)
    if n == 0:
        return Estimate(value=math.nan, low=0.0, high=1.0, n=0, method="Wilson", level=level)
    z = float(scipy.stats.norm.ppf(1.0 - tail))
    rate = hits / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return Estimate(value=rate, low=low, high=high, n=n, method="Wilson", level=level)


def bootstrap(
    units: npt.ArrayLike,
    statistic: Callable[[FloatArray], float],
    *,
    rng: np.random.Generator,
    draws: int = 999,
    level: float = 0.95,
) -> Estimate:
    """A statistic of whole units (accounts, actors, worlds) with a percentile interval from drawing units again.

    `units` has one row a unit; `statistic` takes such an array. Fewer than two units: the interval is unbounded.
    Source: Efron (1979). Misled by few units (under about 20 it is too short), by maxima, and by units that are not
    independent.

    >>> import numpy as np
    >>> mean = bootstrap([1.0, 2.0, 3.0, 4.0], lambda x: float(x.mean()), rng=np.random.default_rng(1))
    >>> mean.value, mean.low >= 1.0, mean.high <= 4.0
    (2.5, True, True)
    """
    rows = numbers(units, "units")
    tail = (1.0 - share(level, "level", open_low=True, open_high=True)) / 2.0
    times = whole(draws, "draws", least=1)
    if rows.ndim == 0:
        raise ValueError("units: expected an array with one row a unit")
    n = rows.shape[0]
    if n < 2:
        value = float(statistic(rows)) if n else math.nan
        return Estimate(value=value, low=-math.inf, high=math.inf, n=n, method="bootstrap of units", level=level)
    drawn = np.array([statistic(rows[rng.integers(0, n, size=n)]) for _ in range(times)], dtype=np.float64)
    low, high = np.quantile(numbers(drawn, "statistic"), [tail, 1.0 - tail])
    return Estimate(
        value=float(statistic(rows)),
        low=float(low),
        high=float(high),
        n=n,
        method=f"bootstrap of units, {times} draws",
        level=level,
    )


def dkw(n: int, *, level: float = 0.95) -> float:
    """How far a whole empirical distribution function of n independent values may be from the truth, anywhere, at `level`.

    Half width of the band, at most 1. Source: Dvoretzky, Kiefer, Wolfowitz (1956) with the constant of Massart (1990).

    >>> round(dkw(1000), 4), dkw(0)
    (0.0429, 1.0)
    """
    size = whole(n, "n")
    miss = 1.0 - share(level, "level", open_low=True, open_high=True)
    return min(1.0, math.sqrt(math.log(2.0 / miss) / (2.0 * size))) if size else 1.0


def _exact(hits: float, n: float, tail: float) -> tuple[float, float]:
    """The bounds of Clopper and Pearson, also for fractions of trials."""
    low = 0.0 if hits == 0 else float(scipy.stats.beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits == n else float(scipy.stats.beta.ppf(1.0 - tail, hits + 1, n - hits))
    return low, high


def _worth(hits: FloatArray, sizes: IntArray, tail: float) -> float:
    """As how many independent trials those of clusters tell their rate, given the hits and the trials of each."""
    n, many = int(sizes.sum()), sizes.size
    rate = float(hits.sum()) / n
    if rate in (0.0, 1.0):
        return float(many)
    variance = many / (many - 1) * float(((hits - rate * sizes) ** 2).sum()) / n**2
    doubt = float(scipy.stats.t.ppf(tail, n - 1) / scipy.stats.t.ppf(tail, many - 1)) ** 2
    return min(float(n), rate * (1.0 - rate) * n / (n - 1) / variance * doubt) if variance else float(n)


def _binomial(successes: int, trials: int, level: float) -> tuple[int, int, float]:
    n = whole(trials, "trials")
    hits = whole(successes, "successes")
    if hits > n:
        raise ValueError(f"successes: got {hits}, more than {n} trials")
    return hits, n, (1.0 - share(level, "level", open_low=True, open_high=True)) / 2.0
