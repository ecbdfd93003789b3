"""How often honest accounts really pass a threshold, given the calibration at hand: a bound that holds for this very calibration.

`P(p <= t) <= t` is a promise over calibrations. Whoever drew an unlucky one has a larger rate every day until he draws another. Given the
calibration, the rate at threshold t is the coverage beyond one order statistic, a Beta variable, and has an upper bound with
confidence `1 - delta` (Vovk 2012, arXiv 1209.2673; Bates and others 2023, arXiv 2104.08279).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.stats._arguments import FloatArray, p_values, share, whole

__all__ = ["certified_rate", "certified_rate_everywhere"]

_STEP = 1.25
"""Ratio of the ranks at which `certified_rate_everywhere` holds its bound: finer steps round less and share delta among more."""


def certified_rate(level: npt.ArrayLike, *, n: int, delta: float = 0.05, hostile: int = 0) -> FloatArray:
    """The most that the true false-positive rate of "p <= level" can be, with confidence `1 - delta`, for a level fixed beforehand.

    `n` accounts calibrate `conformal_p`, of whom at most `hostile` are not honest. The honest accounts number at least `n - hostile`, and a
    p-value at or below the level lies beyond the j-th largest of them, `j = floor(level * (n - hostile + 1))`; what lies beyond is
    `Beta(j, n - hostile + 1 - j)` or less. A level that no p-value can reach has rate 0; with nobody honest the bound is 1.

    Null: the tested account and the honest calibration accounts are independent draws from one population.
    Misled by: a level chosen after looking at the p-values (then `certified_rate_everywhere`); scores that were themselves fitted to
    the calibration accounts; drift.

    >>> [round(r, 5) for r in certified_rate([0.01, 0.001, 0.00001], n=9999).tolist()]
    [0.01169, 0.00157, 0.0]
    """
    return _beyond(_ranks(level, n, hostile), _honest(n, hostile), share(delta, "delta", open_low=True, open_high=True))


def certified_rate_everywhere(level: npt.ArrayLike, *, n: int, delta: float = 0.05, hostile: int = 0) -> FloatArray:
    """The same bound for all levels at once: it also holds for a level that was chosen by looking, as BH does.

    Delta is shared equally among the ranks 1, 2, 3, ... that grow by a quarter, and a level uses the next of these ranks above its own.

    >>> [round(r, 5) for r in certified_rate_everywhere([0.01, 0.001], n=9999).tolist()]
    [0.01531, 0.00251]
    """
    honest = _honest(n, hostile)
    ranks = _ranks(level, n, hostile)
    held = _held_ranks(honest)
    each = share(delta, "delta", open_low=True, open_high=True) / max(1, held.size)
    place = np.minimum(np.searchsorted(held, ranks, side="left"), max(0, held.size - 1))
    above = np.where(ranks > 0, held[place] if held.size else ranks, 0)
    return _beyond(above, honest, each)


def _honest(n: int, hostile: int) -> int:
    return whole(n, "n") - min(whole(hostile, "hostile"), whole(n, "n"))


def _ranks(level: npt.ArrayLike, n: int, hostile: int) -> npt.NDArray[np.int64]:
    """How many of the honest accounts may lie at or above a score with such a p-value, and one more: 0 where no p-value is so small."""
    at = p_values(level, "level") * (_honest(n, hostile) + 1.0)
    return np.asarray(np.floor(at + 1e-9), dtype=np.int64)


def _held_ranks(honest: int) -> npt.NDArray[np.int64]:
    ranks = [1] if honest else []
    while ranks and ranks[-1] < honest:
        ranks.append(min(honest, max(ranks[-1] + 1, math.ceil(ranks[-1] * _STEP))))
    return np.array(ranks, dtype=np.int64)


def _beyond(rank: npt.NDArray[np.int64], honest: int, delta: float) -> FloatArray:
    inside = (rank > 0) & (rank <= honest)
    safe = np.where(inside, rank, 1)
    bound = scipy.special.betaincinv(safe, np.maximum(honest + 1.0 - safe, 1.0), 1.0 - delta)
    return np.asarray(np.where(rank == 0, 0.0, np.where(inside, bound, 1.0)), dtype=np.float64)
