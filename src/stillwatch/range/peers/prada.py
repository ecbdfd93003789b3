"""Whether distances between a window's nearest neighbours look normal: PRADA (Juuti et al., EuroS&P 2019, arXiv 1805.02628).

As adapted by arXiv 2606.05725: within a window, each query's Euclidean distance to its nearest other query; distances beyond three
standard deviations are dropped once; the score is 1 less the Shapiro-Wilk statistic. Two-sided there, upper tail in its supplement.

Limits: the original watches a growing set a class, this does not; a random sample of 5,000 distances would be taken from larger
windows, which the protocol has not, so windows above 5,000 are refused.
"""

from __future__ import annotations

import warnings

import numpy as np
import scipy

from stillwatch.range.peers.window_peer import Floats, Places, Queries, Tail, Vectors, draw_windows, window_peer

__all__ = ["Prada"]

_SHAPIRO_MOST = 5000
_SIGMAS = 3.0


class _FittedPrada:
    def __init__(self, pool: Vectors) -> None:
        self._pool = pool

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        return _scores(self._pool, draw_windows(rng, len(self._pool), size, draws))

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        return _scores(traffic.vectors, windows)


@window_peer
class Prada:
    """1 less the Shapiro-Wilk statistic of a window's nearest-neighbour distances."""

    name = "prada"
    tails = (Tail.TWO_SIDED, Tail.UPPER)

    def fit(self, pool: Queries, rng: np.random.Generator) -> _FittedPrada:
        return _FittedPrada(pool.vectors)


def _scores(vectors: Vectors, windows: Places) -> Floats:
    if not 3 <= windows.shape[1] <= _SHAPIRO_MOST:
        raise ValueError(f"windows: got {windows.shape[1]} queries each, expected 3 to {_SHAPIRO_MOST}")
    return np.array([1.0 - _shapiro(_trimmed(_nearest(vectors[row]))) for row in windows], dtype=np.float64)


def _nearest(window: Vectors) -> Floats:
    norm = np.einsum("ij,ij->i", window, window)[:, None]
    one = np.ones_like(norm)
    squared = (
        np.concatenate([window * np.float32(-2.0), norm, one], axis=1) @ np.concatenate([window, one, norm], axis=1).T
    )
    np.fill_diagonal(squared, np.inf)
    nearest: Floats = np.sqrt(np.maximum(squared.min(axis=1), 0.0)).astype(np.float64)
    return nearest


def _trimmed(distances: Floats) -> Floats:
    spread = float(distances.std())
    if spread <= 1e-12:
        return distances
    kept = distances[np.abs(distances - distances.mean()) <= _SIGMAS * spread]
    return kept if len(kept) >= 3 else distances


def _shapiro(distances: Floats) -> float:
    if float(np.ptp(distances)) <= 1e-12:
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(scipy.stats.shapiro(distances).statistic)
