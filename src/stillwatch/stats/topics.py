"""Three ways in which one body of traffic differs from another in what it asks about: broadly, narrowly, or in its tail.

All are made from sums that grow by addition: keep the sums of an account or a window, add them up over days or machines, compare at any
time. None dominates. The shift of means sees a different mixture of everything; the scan sees a few topics asked too
often; the excess of a share sees the outliers of traffic that is otherwise like everybody's.

Each compares a sample with a reference of the same population. Accounts differ among themselves far more than chance: a value here is
evidence only after it is held beside the values of other accounts (`conformal_p`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import FloatArray, IntArray, numbers, wholes
from stillwatch.stats.evalues import poisson_e

__all__ = ["CellScan", "cell_scan", "mean_shift", "share_excess"]


def mean_shift(
    sums: npt.ArrayLike,
    squares: npt.ArrayLike,
    n: npt.ArrayLike,
    reference_sums: npt.ArrayLike,
    reference_squares: npt.ArrayLike,
    reference_n: npt.ArrayLike,
    *,
    weights: npt.ArrayLike = 1.0,
) -> FloatArray:
    """How far the means of features lie apart: the unbiased squared distance, in units of what chance gives at these sizes.

    Null: both samples come from one population; the mean is then 0 whatever the sizes, and the spread hardly depends on
    them. With random features of a kernel as features this is the maximum mean discrepancy in linear time; with counts of cells and
    `weights` of one over their shares it is a chi-square without its bias (second moment).

    Args:
        sums: sums of features over each sample, rows by features.
        squares: sums of their squares; for features that are 0 or 1 the sums again.
        n: how many are in each sample, at least 2.
        reference_sums: the same of the reference, one row or one for each sample; no sample may be part of its reference.
        reference_squares: the sums of squares of the reference.
        reference_n: how many are in the reference.
        weights: how much each feature counts.

    Source: Gretton and others (2012), JMLR 13, lemma 6; Rahimi and Recht (2007) for random features.
    Misled by: repeats. Count each distinct prompt once.

    >>> mean_shift([[6, 4]], [[6, 4]], 10, [[60, 40]], [[60, 40]], 100).round(2).tolist()
    [-0.53]
    >>> mean_shift([[9, 1]], [[9, 1]], 10, [[60, 40]], [[60, 40]], 100).round(2).tolist()
    [1.41]
    """
    own, other = (
        _moments(sums, squares, n, "n"),
        _moments(reference_sums, reference_squares, reference_n, "reference_n"),
    )
    apart = own.squared + other.squared - 2.0 * own.mean * other.mean
    total = (apart * numbers(weights, "weights", least=0.0)).sum(axis=-1)
    return np.asarray(total / (1.0 / own.n + 1.0 / other.n)[..., 0], dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellScan:
    """Evidence that some cells are asked about too often: its natural logarithm, and for each row the cells that carry it most."""

    log_e: FloatArray
    cells: IntArray


def cell_scan(counts: npt.ArrayLike, expected: npt.ArrayLike, *, name: int = 3) -> CellScan:
    """Evidence that a few topics are asked about more often than expected, and which: the average of one bet a cell.

    Null: each count is Poisson with a mean of at most `expected` (> 0). An average of e-values is one under any dependence, so
    the answer is an e-value; it pays for looking at all cells by the division alone.

    Source: Vovk and Wang (2021), doi:10.1214/20-AOS2020, for the average; `poisson_e` for the bets.
    Misled by: what a reference of honest accounts does not show, such as honest accounts that each have cells of their own.

    >>> found = cell_scan([[2, 1, 14, 3]], [2.0, 2.0, 2.0, 2.0], name=1)
    >>> found.log_e.round(1).tolist(), found.cells.tolist()
    ([11.9], [[2]])
    """
    seen = wholes(counts, "counts")
    if seen.ndim != 2 or not seen.shape[1]:
        raise ValueError(f"counts: got shape {seen.shape}, expected rows by cells")
    e = poisson_e(seen, np.broadcast_to(numbers(expected, "expected", least=0.0), seen.shape))
    most = np.argsort(-e, axis=1, kind="stable")[:, :name]
    return CellScan(log_e=np.log(e.mean(axis=1)), cells=most.astype(np.int64))


def share_excess(
    total: npt.ArrayLike,
    n: npt.ArrayLike,
    reference_total: npt.ArrayLike,
    reference_n: npt.ArrayLike,
    *,
    variance: npt.ArrayLike,
) -> FloatArray:
    """By how many standard errors the mean of a sample exceeds that of the reference; for 0 or 1 values, a share.

    Null: both samples come from one population with this `variance` a value. Counts of a rare kind in a small sample are not normal:
    take the size of the answer from other samples, not from the normal law.

    >>> share_excess([9, 2], 100, 100, 10_000, variance=0.01 * 0.99).round(1).tolist()
    [8.0, 1.0]
    """
    size, reference = numbers(n, "n", least=1.0), numbers(reference_n, "reference_n", least=1.0)
    apart = numbers(total, "total") / size - numbers(reference_total, "reference_total") / reference
    spread = np.sqrt(np.maximum(numbers(variance, "variance", least=0.0), 1e-12) * (1.0 / size + 1.0 / reference))
    return np.asarray(apart / spread, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Moments:
    n: FloatArray
    mean: FloatArray
    squared: FloatArray


def _moments(sums: npt.ArrayLike, squares: npt.ArrayLike, n: npt.ArrayLike, name: str) -> _Moments:
    """The mean of each feature and the unbiased square of its expectation."""
    total, size = numbers(sums, "sums"), numbers(n, name, least=2.0)[..., None]
    squared = (total * total - numbers(squares, "squares", least=0.0)) / (size * (size - 1.0))
    return _Moments(n=size, mean=total / size, squared=squared)
