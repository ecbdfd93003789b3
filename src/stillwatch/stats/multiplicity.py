"""Which of many candidates to show when only a share q of those shown may be false: BH, e-BH, and what each would need.

Every candidate that was tested counts in m, also those that turned out dull; a candidate may be left out only for a reason
fixed before its evidence was seen (too little data). For lists of a population m is never replaced by an estimate of the true
nulls: where nearly all are innocent it has nothing to give. `storey_bh` is for short lists of suspects, of whom most may be guilty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import BoolArray, FloatArray, numbers, p_values, share, whole

__all__ = [
    "Discoveries",
    "Reach",
    "benjamini_hochberg",
    "e_bh",
    "e_needed",
    "holm",
    "p_needed",
    "reach",
    "reach_e",
    "storey_bh",
]

_ROUNDING = 1.0 - 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Discoveries:
    """The candidates shown, in the order given.

    `adjusted` is the least q at which each would be shown. `needed` is what each had to reach, the others being as they
    are: at most this p-value, or at least this e-value. `m` candidates were tested.
    """

    selected: BoolArray
    adjusted: FloatArray
    needed: FloatArray
    q: float
    m: int
    method: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whether a list could show anyone at all: with this much calibration, only if `rank` candidates look extreme at once.

    `possible` holds if `rank <= m`. `alone` holds if one candidate by itself could be shown; for that the calibration
    must hold `needed` accounts.
    """

    possible: bool
    alone: bool
    rank: int
    needed: int


def benjamini_hochberg(p: npt.ArrayLike, *, q: float, any_dependence: bool = False) -> Discoveries:
    """The candidates to show so that on average at most a share q of them is false.

    Null of each: that of its p-value. Holds for independent p-values and for conformal p-values from one common
    calibration set (Bates and others 2023). For arbitrary dependence, cross-fitted p-values among it, ask for
    `any_dependence` (Benjamini and Yekutieli 2001; costs a factor of about ln m) or use `e_bh`.

    Source: Benjamini and Hochberg (1995). Misled by p-values of candidates that were found with the same data.

    >>> shown = benjamini_hochberg([0.001, 0.02, 0.04, 0.9], q=0.05)
    >>> shown.selected.tolist(), [round(a, 3) for a in shown.adjusted.tolist()]
    ([True, True, False, False], [0.004, 0.04, 0.053, 0.9])
    """
    values = _flat(p_values(p, "p"), "p")
    level = share(q, "q", open_low=True, open_high=True)
    m = values.size
    price = float(np.sum(1.0 / np.arange(1, m + 1))) if any_dependence else 1.0
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1.0 / values
    bars = _e_thresholds(inverse, level / price)
    selected = _reaches(inverse, bars)
    adjusted = _step_up(values * price, m)
    needed = 1.0 / bars
    name = "Benjamini-Yekutieli" if any_dependence else "Benjamini-Hochberg"
    return Discoveries(selected=selected, adjusted=np.minimum(1.0, adjusted), needed=needed, q=level, m=m, method=name)


def storey_bh(p: npt.ArrayLike, *, q: float) -> Discoveries:
    """The suspects to show so that on average at most a share q of them is false, where most of the list may be guilty.

    Benjamini-Hochberg with m replaced by `(1 + how many p are above q) / (1 - q)`, an estimate of the innocent that errs upwards, and
    nobody shown with p above q. So a suspect who did nothing in the time that is tested costs the others little, and each innocent one
    is shown with probability q at most. Where nobody is guilty it shows somebody about as often as `benjamini_hochberg`.

    Null of each: that of its p-value. Holds for independent p-values and for conformal ones from one common calibration set (Marandon,
    Lei, Mary, Roquain 2024); q as the point from which innocents are counted is what stands dependence best (Blanchard, Roquain 2009).
    `adjusted` counts innocents from the same point, whatever the level; it is 1 above it.

    Source: Storey (2002); Storey, Taylor, Siegmund (2004). Misled by suspects that were chosen for their p-values before, and by innocent
    ones whose p-values are small together, for a cause that strangers do not share: the estimate then takes them for guilty.

    >>> p = [0.04, 0.04, 0.04, 0.04, 0.9, 0.8]
    >>> storey_bh(p, q=0.05).selected.tolist(), bool(benjamini_hochberg(p, q=0.05).selected.any())
    ([True, True, True, True, False, False], False)
    """
    values = _flat(p_values(p, "p"), "p")
    level = share(q, "q", open_low=True, open_high=True)
    above = values > level
    innocent = (1.0 + int(above.sum())) / (1.0 - level)
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.where(above, 0.0, 1.0 / values)  # who is above q is shown by no step, and adds to no other's rank
    bars = _e_thresholds(inverse, level * values.size / innocent)
    if above.any():
        # Whoever is above q counts as innocent; with a p low enough to be shown he would not.
        bars[above] = _e_thresholds(inverse, level * values.size * (1.0 - level) / int(above.sum()))[above]
    needed = np.minimum(1.0 / bars, level)
    adjusted = np.minimum(
        1.0, _step_up(np.where(above, np.inf, values), values.size) * (innocent / max(values.size, 1))
    )
    return Discoveries(
        selected=_reaches(inverse, 1.0 / needed),
        adjusted=adjusted,
        needed=needed,
        q=level,
        m=values.size,
        method="Storey-Benjamini-Hochberg",
    )


def e_bh(e: npt.ArrayLike, *, q: float) -> Discoveries:
    """The candidates to show so that on average at most a share q of them is false, however they depend on one another.

    Shows the k candidates with `e >= m / (q k)`, for the largest such k. Null of each: that of its e-value.
    Source: Wang and Ramdas (2022), arXiv 2009.02824. Misled by overlapping candidates (parts of one actor), which count
    one discovery several times: test disjoint ones.

    >>> shown = e_bh([100.0, 45.0, 10.0, 0.3], q=0.05)
    >>> shown.selected.tolist(), [round(n, 1) for n in shown.needed.tolist()]
    ([True, True, False, False], [40.0, 40.0, 26.7, 26.7])
    """
    values = _flat(numbers(e, "e", least=0.0), "e")
    level = share(q, "q", open_low=True, open_high=True)
    m = values.size
    needed = _e_thresholds(values, level)
    with np.errstate(divide="ignore", over="ignore"):
        adjusted = _step_up(1.0 / values, m)
    return Discoveries(
        selected=_reaches(values, needed),
        adjusted=np.minimum(1.0, adjusted),
        needed=needed,
        q=level,
        m=m,
        method="e-BH",
    )


def holm(p: npt.ArrayLike, *, alpha: float) -> Discoveries:
    """The candidates that may be named, so that the chance of even one false among them is at most alpha, however they depend.

    Null of each: that of its p-value. Goes through the p-values from the least on, and stops at the first above `alpha / (m - k)` after k.
    `needed` is the bar that each met or fell short of, at its own place.
    Source: Holm (1979). Misled by candidates that were chosen for their p-values before.

    >>> named = holm([0.001, 0.03, 0.02, 0.9], alpha=0.05)
    >>> named.selected.tolist(), [round(a, 3) for a in named.adjusted.tolist()]
    ([True, False, False, False], [0.004, 0.06, 0.06, 0.9])
    """
    values = _flat(p_values(p, "p"), "p")
    level = share(alpha, "alpha", open_low=True, open_high=True)
    m = values.size
    order = np.argsort(values, kind="stable")
    left = m - np.arange(m)
    adjusted, needed = np.empty(m, dtype=np.float64), np.empty(m, dtype=np.float64)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * left))
    needed[order] = level / left
    selected = np.asarray(adjusted <= level / _ROUNDING, dtype=np.bool_)
    return Discoveries(selected=selected, adjusted=adjusted, needed=needed, q=level, m=m, method="Holm")


def e_needed(m: int, q: float, rank: int = 1) -> float:
    """The e-value that the candidate of this rank among m must reach to be shown: `m / (q * rank)`.

    >>> e_needed(200, 0.1, 4)
    500.0
    """
    tested, place = whole(m, "m", least=1), whole(rank, "rank", least=1)
    return tested / (share(q, "q", open_low=True) * place)


def p_needed(m: int, q: float, rank: int = 1) -> float:
    """The p-value that the candidate of this rank among m must not exceed to be shown by BH: `q * rank / m`.

    >>> p_needed(200, 0.1, 4)
    0.002
    """
    return 1.0 / e_needed(m, q, rank)


def reach(m: int, q: float, smallest_p: float) -> Reach:
    """Whether BH over m candidates could show any, given the least p-value that the calibration allows.

    Conformal and permutation p-values stop at `1 / (n + 1)`; if no rank r <= m has `smallest_p <= q r / m`, an empty
    list says nothing about the candidates, and the answer is "undecided, needs n".

    >>> reach(5000, 0.05, 1 / 2001)
    Reach(possible=True, alone=False, rank=50, needed=99999)
    """
    least = share(smallest_p, "smallest_p", open_low=True)
    return _reach(m, q, 1.0 / least)


def reach_e(m: int, q: float, largest_e: float) -> Reach:
    """Whether e-BH over m candidates could show any, given the greatest e-value possible (`n + 1` for `conformal_e`).

    >>> reach_e(10, 0.1, 501.0)
    Reach(possible=True, alone=True, rank=1, needed=99)
    """
    if not largest_e > 0.0:
        raise ValueError(f"largest_e: got {largest_e!r}, expected a number > 0")
    return _reach(m, q, largest_e)


def _reach(m: int, q: float, largest: float) -> Reach:
    alone = e_needed(m, q, 1)
    rank = max(1, math.ceil(alone / largest - 1e-9))
    return Reach(possible=rank <= m, alone=rank == 1, rank=rank, needed=math.ceil(alone - 1e-9) - 1)


def _flat(values: FloatArray, name: str) -> FloatArray:
    if values.ndim != 1:
        raise ValueError(f"{name}: got shape {values.shape}, expected one value a candidate")
    return values


def _step_up(values: FloatArray, m: int) -> FloatArray:
    order = np.argsort(values, kind="stable")
    ranked = values[order] * (m / np.arange(1, m + 1))
    result = np.empty(m, dtype=np.float64)
    result[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return result


def _reaches(values: FloatArray, bars: FloatArray) -> BoolArray:
    return np.asarray(values >= bars * _ROUNDING, dtype=np.bool_)


def _e_thresholds(values: FloatArray, q: float) -> FloatArray:
    """For each candidate, the least e-value with which the step-up rule would select it, the other values fixed.

    With candidate i raised without limit, the rule stops at the largest k for which k - 1 others reach `m / (q k)`.
    """
    m = values.size
    if m == 0:
        return np.zeros(0, dtype=np.float64)
    ranks = np.arange(1, m + 1)
    bars = m / (q * ranks)
    reaching = m - np.searchsorted(np.sort(values), bars * _ROUNDING, side="left")
    met = np.flatnonzero(reaching >= ranks)
    last = int(met[-1]) + 1 if met.size else 0
    nearly = ranks[(ranks > last) & (reaching == ranks - 1)]
    result = np.full(m, bars[last - 1] if last else np.inf)
    waiting = ~_reaches(values, result)
    place = np.searchsorted(-bars[nearly - 1] * _ROUNDING, -values[waiting], side="left") - 1
    result[waiting] = bars[nearly[np.maximum(place, 0)] - 1]
    return result
