"""How unlike everything in a reference a vector is: by its nearest neighbour, and by what the reference's main directions leave over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import FloatArray

__all__ = [
    "Directions",
    "Spread",
    "main_directions",
    "nearest_distances",
    "rank_surprise",
    "residual_energy",
    "scaled_distances",
    "spread_of",
]

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Directions:
    """The mean of reference vectors, and the directions in which they hardly vary, one a column."""

    mean: FloatArray
    rest: FloatArray


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean of reference vectors, and axes along each of which they have a variance of 1, one a column."""

    mean: FloatArray
    axes: FloatArray


def spread_of(reference: npt.ArrayLike, *, least: float = 0.02) -> Spread:
    """How much the reference varies in each direction, for `scaled_distances`; no direction counts as narrower than `least` of the widest.

    >>> found = spread_of([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> scaled_distances([[3.0, 0.0], [0.0, 1.0], [0.0, 3.0]], found).round(6).tolist()
    [2.0, 2.0, 18.0]
    """
    if not 0.0 < least <= 1.0:
        raise ValueError(f"least: got {least}, expected a share above 0 and up to 1")
    mean, variances, axes = _principal(_rows(reference, "reference"))
    widest = max(float(variances[-1]), 1e-12)
    return Spread(mean=mean, axes=axes / np.sqrt(np.maximum(variances, least * widest)))


def scaled_distances(rows: npt.ArrayLike, spread: Spread) -> FloatArray:
    """The squared distance of each row from the reference's mean, each direction in units of the reference's own spread.

    Source: Mahalanobis (1936), On the generalised distance in statistics.
    """
    scaled = (_rows(rows, "rows") - spread.mean) @ spread.axes
    return np.asarray(np.einsum("ij,ij->i", scaled, scaled), dtype=np.float64)


def main_directions(reference: npt.ArrayLike, *, kept: int) -> Directions:
    """Find the `kept` directions in which the reference varies most (principal components), so that all others can be told.

    >>> found = main_directions([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.1], [-2.0, -0.1]], kept=1)
    >>> bool(abs(found.rest[1, 0]) > 0.99)
    True
    """
    rows = _rows(reference, "reference")
    if not 0 <= kept < rows.shape[1]:
        raise ValueError(f"kept: got {kept}, expected fewer than {rows.shape[1]} directions")
    mean, _, axes = _principal(rows)
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


def nearest_distances(
    rows: npt.NDArray[np.float32], reference: npt.NDArray[np.float32], *, among: int = 1
) -> FloatArray:
    """One minus the mean of the `among` largest cosines of each row with rows of the reference; rows have length 1 or are all zero.

    Costs a product of every row with every row of the reference: give a sample of some thousands.
    Source: Loftsgaarden and Quesenberry (1965) for nearest neighbours as density; Breunig and others (2000) for outliers.

    >>> one = np.eye(2, dtype=np.float32)
    >>> nearest_distances(one, one[:1]).tolist()
    [0.0, 1.0]
    """
    if not len(reference):
        raise ValueError("reference: got no rows")
    if among < 1:
        raise ValueError(f"among: got {among}, expected at least 1")
    most = min(among, len(reference))
    parts = [_nearest(rows[low : low + _BLOCK] @ reference.T, most) for low in range(0, len(rows), _BLOCK)]
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


def _nearest(cosines: npt.NDArray[np.float32], most: int) -> npt.NDArray[np.float32]:
    largest = cosines.max(axis=1) if most == 1 else np.partition(cosines, -most, axis=1)[:, -most:].mean(axis=1)
    return np.asarray(1.0 - largest, dtype=np.float32)


def _principal(rows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variances from the smallest on, and their directions, one a column."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    return mean, variances, axes


def _rows(values: npt.ArrayLike, name: str) -> FloatArray:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
        raise ValueError(f"{name}: got shape {rows.shape}, expected finite rows by dimensions, at least one row")
    return rows
