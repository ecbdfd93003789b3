"""How unlike everything in a reference a vector is: by its nearest neighbour, and by what the reference's main directions leave over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import FloatArray

__all__ = ["Directions", "main_directions", "nearest_distances", "rank_surprise", "residual_energy"]

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Directions:
    """The mean of reference vectors, and the directions in which they hardly vary, one a column."""

    mean: FloatArray
    rest: FloatArray


def main_directions(reference: npt.ArrayLike, *, kept: int) -> Directions:
    """Find the `kept` directions in which the reference varies most (principal components), so that all others can be told.

    >>> found = main_directions([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.1], [-2.0, -0.1]], kept=1)
    >>> bool(abs(found.rest[1, 0]) > 0.99)
    True
    """
    rows = _rows(reference, "reference")
    if not 0 <= kept < rows.shape[1]:
        raise ValueError(f"kept: got {kept}, expected fewer than {rows.shape[1]} directions")
    mean = rows.mean(axis=0)
    centred = rows - mean
    _, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    return Directions(mean=mean, rest=np.asarray(axes[:, : rows.shape[1] - kept], dtype=np.float64))


def residual_energy(rows: npt.ArrayLike, directions: Directions) -> FloatArray:
    """The squared length of what is left of each row when the mean and the main directions of the reference are taken out.

    Resubstitution misleads: rows that the directions were found from have less left over than strangers.
    Source: Jackson and Mudholkar (1979), doi:10.1080/00401706.1979.10489779 (the Q statistic).

    >>> found = main_directions([[1.0, 0.0], [-1.0, 0.0]], kept=1)
    >>> residual_energy([[5.0, 0.0], [0.0, 2.0]], found).tolist()
    [0.0, 4.0]
    """
    left = (_rows(rows, "rows") - directions.mean) @ directions.rest
    return np.asarray(np.einsum("ij,ij->i", left, left), dtype=np.float64)


def nearest_distances(rows: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> FloatArray:
    """One minus the largest cosine of each row with any row of the reference; rows have length 1 or are all zero.

    Costs a product of every row with every row of the reference: give a sample of some thousands.
    Source: Loftsgaarden and Quesenberry (1965) for nearest neighbours as density; Breunig and others (2000) for outliers.

    >>> one = np.eye(2, dtype=np.float32)
    >>> nearest_distances(one, one[:1]).tolist()
    [0.0, 1.0]
    """
    if not len(reference):
        raise ValueError("reference: got no rows")
    parts = [1.0 - (rows[low : low + _BLOCK] @ reference.T).max(axis=1) for low in range(0, len(rows), _BLOCK)]
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def rank_surprise(rows: npt.ArrayLike, reference: npt.ArrayLike) -> FloatArray:
    """How rare a value as large as each is in its column of the reference: minus the logarithm of the share at or above it.

    Sums over columns are Fisher's combination: a row that is a little strange in every way stands out though none of its values does.
    Their law depends on how the columns hang together, so compare sums with those of reference rows.
    Source: Fisher (1932), Statistical Methods for Research Workers, section 21.1.

    >>> rank_surprise([[9.0], [0.0]], [[1.0], [2.0], [3.0]]).round(2).tolist()
    [[1.39], [-0.0]]
    """
    values, ordered = _rows(rows, "rows"), np.sort(_rows(reference, "reference"), axis=0)
    n = len(ordered)
    below = [np.searchsorted(ordered[:, column], values[:, column], side="left") for column in range(values.shape[1])]
    return np.asarray(-np.log((1.0 + n - np.stack(below, axis=1)) / (1.0 + n)), dtype=np.float64)


def _rows(values: npt.ArrayLike, name: str) -> FloatArray:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
        raise ValueError(f"{name}: got shape {rows.shape}, expected finite rows by dimensions, at least one row")
    return rows
