"""Whether a promised error rate was kept: realised against nominal over many runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Estimate
from stillwatch.stats import clopper_pearson

__all__ = ["LEAST_RUNS", "Budget", "kept", "mean_between"]

LEAST_RUNS = 200
"""Runs below which nothing is said about whether a promise was kept."""

_STEPS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """A promise and what became of it.

    Attributes:
        nominal: the rate that was promised.
        realised: mean false discovery proportion over runs; a run without discoveries counts 0.
        any_false: share of runs with any false discovery.
        runs: how many.
        discoveries: mean number a run: a promise is easily kept by finding nothing.
        broken: whether the realised rate is above the nominal one beyond chance (its lower bound is); unknown below `LEAST_RUNS` runs.
    """

    nominal: float
    realised: Estimate
    any_false: Estimate
    runs: int
    discoveries: float
    broken: bool | None


def kept(discoveries: npt.ArrayLike, false: npt.ArrayLike, nominal: float, *, level: float = 0.95) -> Budget:
    """Hold the discoveries of independent runs, and how many of them were false, against the promised false discovery rate.

    >>> kept([0, 10, 10, 0], [0, 1, 0, 0], 0.05).realised.value
    0.025

    Raises:
        ValueError: when a run has more false discoveries than discoveries.
    """
    made, wrong = np.asarray(discoveries, np.int64), np.asarray(false, np.int64)
    if made.shape != wrong.shape or made.ndim != 1:
        raise ValueError(f"false: got shape {wrong.shape}, expected {made.shape}, one number a run")
    if (wrong < 0).any() or (wrong > made).any():
        raise ValueError("false: expected between 0 and the run's discoveries")
    realised = mean_between(wrong / np.maximum(made, 1), level=level)
    return Budget(
        nominal=nominal,
        realised=realised,
        any_false=clopper_pearson(int((wrong > 0).sum()), made.size, level=level),
        runs=made.size,
        discoveries=float(made.mean()) if made.size else math.nan,
        broken=realised.low > nominal if made.size >= LEAST_RUNS else None,
    )


def mean_between(values: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of independent values between 0 and 1, with an interval that covers at least `level` of the time, whatever their law.

    Hoeffding (1963) in its relative-entropy form and Bentkus (2004, doi:10.1214/009117904000000360), whichever is shorter, each side at
    half the error; as Bates and others use them (2021, arXiv:2101.02703). For values that are all 0 or 1 `clopper_pearson` is shorter.

    >>> rate = mean_between([0.0] * 200)
    >>> rate.value, rate.low, round(rate.high, 3)
    (0.0, 0.0, 0.018)

    Raises:
        ValueError: when a value is outside [0, 1].
    """
    x = np.asarray(values, np.float64)
    if x.ndim != 1 or (x.size and not (x.min() >= 0 and x.max() <= 1)):
        raise ValueError("values: expected one list of numbers between 0 and 1")
    if not x.size:
        return Estimate(value=math.nan, low=0.0, high=1.0, n=0, method="Hoeffding-Bentkus", level=level)
    mean, tail = float(x.mean()), (1 - level) / 2
    return Estimate(
        value=mean,
        low=1.0 - _upper(1.0 - mean, x.size, tail),
        high=_upper(mean, x.size, tail),
        n=x.size,
        method="Hoeffding-Bentkus",
        level=level,
    )


def _upper(mean: float, n: int, tail: float) -> float:
    """Largest true mean under which a mean as low as this has a chance of `tail`."""
    low, high = mean, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(mean, n, middle) > tail else (low, middle)
    return high


def _chance(mean: float, n: int, truth: float) -> float:
    """Bound on the chance of a mean of at most `mean` where the true one is `truth`."""
    if mean >= truth:
        return 1.0
    apart = (1 - mean) * math.log((1 - mean) / (1 - truth)) if truth < 1 else math.inf
    if mean > 0:
        apart += mean * math.log(mean / truth)
    bentkus = math.e * float(scipy.special.bdtr(math.ceil(n * mean - 1e-9), n, truth))
    return min(math.exp(-n * apart), bentkus, 1.0)
