"""How far a window's queries lie from the benign mean on average, in units of the benign spread (as adapted by arXiv 2606.05725).

Seven eighths of the pool give mean and covariance, one eighth the null: of the whole normal set that is 70 % to fit, 10 % to
calibrate, 20 % held out. All directions count (a ridge of 1e-6 is added to each variance), upper tail only.

Limits: directions that benign queries hardly use weigh most, so an embedder without full rank makes it a detector of rounding; null
windows come from the small calibration part, with replacement where a window is larger than it, as released.
"""

from __future__ import annotations

import numpy as np

from stillwatch.range.peers.window_peer import Floats, Places, Queries, Tail, Vectors, draw_windows, window_peer

__all__ = ["Mahalanobis"]

_RIDGE = 1e-6


class _FittedMahalanobis:
    def __init__(self, fit: Vectors, calibration: Vectors) -> None:
        if len(fit) < 2 or not len(calibration):
            raise ValueError(f"pool: got {len(fit) + len(calibration)} queries, expected at least 16")
        exact = fit.astype(np.float64)
        self._mean = exact.mean(axis=0)
        centred = exact - self._mean
        spread, axes = np.linalg.eigh(centred.T @ centred / len(exact))
        self._whiten = axes / np.sqrt(np.maximum(spread, 0.0) + _RIDGE)
        self._calibration = self._distances(calibration)

    def _distances(self, vectors: Vectors) -> Floats:
        whitened = (vectors.astype(np.float64) - self._mean) @ self._whiten
        squares: Floats = np.einsum("ij,ij->i", whitened, whitened)
        return squares

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        among = len(self._calibration)
        means: Floats = self._calibration[draw_windows(rng, among, size, draws)].mean(axis=1)
        return means

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        means: Floats = self._distances(traffic.vectors)[windows].mean(axis=1)
        return means


@window_peer
class Mahalanobis:
    """The mean squared Mahalanobis distance of a window's queries, upper tail."""

    name = "mahalanobis"
    tails = (Tail.UPPER,)

    def fit(self, pool: Queries, rng: np.random.Generator) -> _FittedMahalanobis:
        order = rng.permutation(len(pool))
        apart = len(pool) // 8
        return _FittedMahalanobis(pool.vectors[order[apart:]], pool.vectors[order[:apart]])
