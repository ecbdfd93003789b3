"""How widely a window covers the space of queries: the cost of CAP (coverage-aware perturbation), as adapted by arXiv 2606.05725.

Eleven random hyperplanes cut the space into 2,048 buckets. The cost of a window adds a penalty that grows exponentially with the share
of buckets it touches, one for new buckets a query, and one for its spread around its mean. A window is a stream of one batch, so all
its buckets are new. Two-sided there, upper tail in its supplement.

Limits: only the detecting half; what CAP does with the cost (perturbing answers) is left out. The hyperplanes are random, so two seeds are
two detectors.
"""

from __future__ import annotations

import math

import numpy as np

from stillwatch.range.peers.window_peer import Floats, Places, Queries, Tail, Vectors, draw_windows, window_peer

__all__ = ["Cap"]

_BUCKETS = 2048
_PLANES = 11
_BASE, _ALPHA, _BETA = 0.0005, 8.0, 0.19
_COVERAGE, _NOVELTY, _SPREAD = 0.05, 0.35, 0.45


class _FittedCap:
    def __init__(self, pool: Vectors, rng: np.random.Generator) -> None:
        self._pool = pool
        self._planes = rng.normal(size=(pool.shape[1], _PLANES)).astype(np.float32)

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        return self._costs(self._pool, draw_windows(rng, len(self._pool), size, draws))

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        return self._costs(traffic.vectors, windows)

    def _costs(self, vectors: Vectors, windows: Places) -> Floats:
        bucket = ((vectors @ self._planes) >= 0.0) @ (1 << np.arange(_PLANES))
        found = np.sort(bucket[windows], axis=1)
        touched = 1.0 + np.count_nonzero(found[:, 1:] != found[:, :-1], axis=1)
        squares = np.einsum("ij,ij->i", vectors, vectors).astype(np.float64)[windows].mean(axis=1)
        mean = np.stack([vectors[row].mean(axis=0, dtype=np.float64) for row in windows])
        spread = np.sqrt(np.maximum(squares - np.einsum("ij,ij->i", mean, mean), 0.0))
        steep = touched / _BUCKETS / _BETA * math.log(_ALPHA / _BASE)
        cost: Floats = (
            _BASE
            + _COVERAGE * np.expm1(np.minimum(steep, 700.0))
            + _ALPHA * _NOVELTY * touched / windows.shape[1]
            + _ALPHA * _SPREAD * np.minimum(spread, 1.0)
        )
        return cost


@window_peer
class Cap:
    """The coverage cost of a window."""

    name = "cap"
    tails = (Tail.TWO_SIDED, Tail.UPPER)

    def fit(self, pool: Queries, rng: np.random.Generator) -> _FittedCap:
        return _FittedCap(pool.vectors, rng)
