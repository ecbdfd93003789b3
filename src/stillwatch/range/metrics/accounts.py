"""How well scores tell guilty accounts from innocent ones, at false-positive rates a provider could live with.

The unit is the account. Intervals are exact for accounts that are independent of one another; accounts of one campaign are not, so they
speak of this campaign and not of campaigns in general: for those draw whole campaigns again (`bootstrap_recall`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Estimate
from stillwatch.stats import clopper_pearson

__all__ = [
    "FPRS",
    "OperatingPoint",
    "area",
    "at_fpr",
    "at_own_word",
    "at_threshold",
    "bootstrap_recall",
    "precision_at",
    "threshold_for",
]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FPRS = (1e-2, 1e-3, 1e-4)
"""False-positive rates at which recall is reported: at a million accounts, 10,000, 1,000 and 100 false alarms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatingPoint:
    """Recall, false-positive rate and precision of one threshold, each with its interval.

    Attributes:
        fpr: the rate that was aimed at; NaN where the peer decided by itself.
        threshold: accounts with a larger score are accused; NaN where the peer decided by itself.
        recall: share of guilty accounts accused.
        false_positives: share of innocent accounts accused.
        precision: share of the accused that are guilty, at this world's share of guilty accounts.
        resolved: whether there were enough innocent accounts (1 / fpr) to set this threshold; without, recall is that of the strictest
            threshold at hand and the rate is known only up to its upper bound.
    """

    fpr: float
    threshold: float
    recall: Estimate
    false_positives: Estimate
    precision: Estimate
    resolved: bool


def threshold_for(innocent: npt.ArrayLike, fpr: float) -> float:
    """The smallest threshold that at most a share `fpr` of these innocent scores exceed. Undecided (NaN) scores exceed nothing.

    >>> threshold_for([1, 2, 3, 4], 0.25)
    3.0
    """
    scores = _ordered(innocent)
    if not scores.size:
        return math.inf
    allowed = min(math.floor(fpr * scores.size + 1e-9), scores.size - 1)
    return float(np.sort(scores)[::-1][allowed])


def at_threshold(
    score: npt.ArrayLike,
    guilty: npt.ArrayLike,
    threshold: float,
    *,
    fpr: float = math.nan,
    resolved: bool = True,
    level: float = 0.95,
) -> OperatingPoint:
    """Recall, false-positive rate and precision of accusing every account with a score above `threshold`."""
    return _point(_ordered(score) > threshold, np.asarray(guilty, np.bool_), threshold, fpr, resolved, level)


def at_own_word(accused: npt.ArrayLike, guilty: npt.ArrayLike, *, level: float = 0.95) -> OperatingPoint:
    """The same for whom the peer itself accused."""
    return _point(np.asarray(accused, np.bool_), np.asarray(guilty, np.bool_), math.nan, math.nan, True, level)


def at_fpr(
    score: npt.ArrayLike,
    guilty: npt.ArrayLike,
    fpr: float,
    *,
    calibration: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> OperatingPoint:
    """Recall at a false-positive rate.

    The threshold is set on `calibration`, scores of innocent accounts that are not among those judged, and the rate is then measured on
    the judged: only so its interval means what it says. Without, it is set on the judged innocents themselves, which is optimistic.

    >>> point = at_fpr([1, 2, 3, 9, 8], [False, False, False, True, True], 0.01)
    >>> point.recall.value, point.false_positives.value, point.resolved
    (1.0, 0.0, False)
    """
    marks = np.asarray(guilty, np.bool_)
    innocent = _ordered(score)[~marks] if calibration is None else _ordered(calibration)
    resolved = innocent.size * fpr >= 1
    return at_threshold(score, marks, threshold_for(innocent, fpr), fpr=fpr, resolved=resolved, level=level)


def precision_at(point: OperatingPoint, prevalence: float) -> tuple[float, float, float]:
    """Precision where a share `prevalence` of the accounts is guilty: value, and bounds from those of recall and false positives.

    A simulated world has many more guilty accounts than a provider; precision there says nothing about precision here. The bounds hold
    together at 1 - 2 (1 - level), for both intervals must. NaN where nobody would be accused.
    """

    def one(recall: float, wrong: float) -> float:
        accused = prevalence * recall + (1 - prevalence) * wrong
        return prevalence * recall / accused if accused > 0 else math.nan

    return (
        one(point.recall.value, point.false_positives.value),
        one(point.recall.low, point.false_positives.high),
        one(point.recall.high, point.false_positives.low),
    )


def area(score: npt.ArrayLike, guilty: npt.ArrayLike) -> float:
    """Chance that a guilty account scores above an innocent one, ties counting half; NaN without both.

    >>> area([1, 2, 3], [False, True, True])
    1.0
    """
    scores, marks = _ordered(score), np.asarray(guilty, np.bool_)
    bad, good = int(marks.sum()), int((~marks).sum())
    if not bad or not good:
        return math.nan
    ranks = scipy.stats.rankdata(scores)
    return float((ranks[marks].sum() - bad * (bad + 1) / 2) / (bad * good))


def bootstrap_recall(
    score: npt.ArrayLike,
    guilty: npt.ArrayLike,
    fpr: float,
    *,
    rng: np.random.Generator,
    unit: npt.ArrayLike | None = None,
    draws: int = 999,
    level: float = 0.95,
) -> Estimate:
    """Recall at a false-positive rate with an interval from drawing accounts again, or whole `unit`s (campaigns, firms) of accounts.

    Guilty and innocent units are drawn apart, and the threshold is set anew in every draw. Source: Efron (1979). Too short with fewer than
    some 20 units; with one campaign and `unit` the interval is all of [0, 1], for one campaign says nothing of others.
    """
    scores, marks = _ordered(score), np.asarray(guilty, np.bool_)
    labels = np.arange(scores.size) if unit is None else np.unique(np.asarray(unit), return_inverse=True)[1]
    value = float((scores[marks] > threshold_for(scores[~marks], fpr)).mean()) if marks.any() else math.nan
    bad, good = (_Units(labels[side], scores[side]) for side in (marks, ~marks))
    if min(bad.n, good.n) < 2:
        return Estimate(value=value, low=0.0, high=1.0, n=bad.n, method="bootstrap of units", level=level)
    drawn = np.array([(bad.drawn(rng) > threshold_for(good.drawn(rng), fpr)).mean() for _ in range(draws)])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    method = f"bootstrap of units, {draws} draws"
    return Estimate(value=value, low=float(low), high=float(high), n=bad.n, method=method, level=level)


class _Units:
    """Scores that are drawn again by whole units."""

    def __init__(self, labels: npt.NDArray[np.int64], scores: Floats) -> None:
        order = np.argsort(labels, kind="stable")
        self._scores = scores[order]
        self._begin = np.flatnonzero(np.diff(labels[order], prepend=-1))
        self._size = np.diff(self._begin, append=scores.size)
        self.n = self._begin.size

    def drawn(self, rng: np.random.Generator) -> Floats:
        """As many units as there are, with return."""
        chosen = rng.integers(0, self.n, self.n)
        size = self._size[chosen]
        shift = self._begin[chosen] - np.concatenate(([0], np.cumsum(size)[:-1]))
        return np.asarray(self._scores[np.repeat(shift, size) + np.arange(int(size.sum()))])


def _ordered(score: npt.ArrayLike) -> Floats:
    """Scores with the undecided below all others."""
    scores = np.array(score, np.float64)
    scores[np.isnan(scores)] = -np.inf
    return scores


def _point(accused: Flags, guilty: Flags, threshold: float, fpr: float, resolved: bool, level: float) -> OperatingPoint:
    caught, wronged = int((accused & guilty).sum()), int((accused & ~guilty).sum())
    return OperatingPoint(
        fpr=fpr,
        threshold=threshold,
        recall=clopper_pearson(caught, int(guilty.sum()), level=level),
        false_positives=clopper_pearson(wronged, int((~guilty).sum()), level=level),
        precision=clopper_pearson(caught, caught + wronged, level=level),
        resolved=resolved,
    )
