"""How far a measured value may be from the truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Estimate
from stillwatch.stats._arguments import FloatArray, numbers, share, whole

__all__ = ["bootstrap", "clopper_pearson", "dkw", "wilson"]


def clopper_pearson(successes: int, trials: int, *, level: float = 0.95) -> Estimate:
    """A rate with an interval that covers the truth at least `level` of the time, whatever the rate and however few the trials.

    No trials: the value is unknown (nan) and the interval is all of [0, 1]. Zero of n gives roughly `[0, 3.7 / n]`.
    Source: Clopper and Pearson (1934). Misled by trials that hang together: 1,000 requests of 3 accounts are 3 trials.

    >>> rate = clopper_pearson(0, 10)
    >>> round(rate.low, 3), round(rate.high, 3)
    (0.0, 0.308)
    """
    hits, n, tail = _binomial(successes, trials, level)
    low = 0.0 if hits == 0 else float(scipy.stats.beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits == n else float(scipy.stats.beta.ppf(1.0 - tail, hits + 1, n - hits))
    value = hits / n if n else math.nan
    return Estimate(value=value, low=low, high=high, n=n, method="Clopper-Pearson", level=level)


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


def _binomial(successes: int, trials: int, level: float) -> tuple[int, int, float]:
    n = whole(trials, "trials")
    hits = whole(successes, "successes")
    if hits > n:
        raise ValueError(f"successes: got {hits}, more than {n} trials")
    return hits, n, (1.0 - share(level, "level", open_low=True, open_high=True)) / 2.0
