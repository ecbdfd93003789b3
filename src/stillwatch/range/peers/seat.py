"""How many pairs of a window's queries are nearly alike: SEAT (Zhang et al., AISec 2021), as adapted by arXiv 2606.05725.

Two queries are alike when their cosine reaches the 99th percentile of 200,000 random pairs of benign queries. The score is the share
of alike pairs among all pairs of the window. Two-sided there, upper tail in its supplement.

Limits: the original trains its encoder against perturbed queries; the adaptation, and so ours, takes the common embedder as it is.
"""

from __future__ import annotations

import numpy as np

from stillwatch.range.peers.window_peer import Floats, Places, Queries, Tail, Vectors, draw_windows, window_peer

__all__ = ["Seat"]

_PAIRS = 200_000
_PERCENTILE = 99.0


class _FittedSeat:
    def __init__(self, pool: Vectors, rng: np.random.Generator) -> None:
        if len(pool) < 2:
            raise ValueError(f"pool: got {len(pool)} queries, expected at least 2")
        self._pool = pool
        first = rng.integers(0, len(pool), size=_PAIRS)
        second = rng.integers(0, len(pool) - 1, size=_PAIRS)
        second += second >= first
        self._alike = np.float32(np.percentile(np.einsum("ij,ij->i", pool[first], pool[second]), _PERCENTILE))

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        return self._scores(self._pool, draw_windows(rng, len(self._pool), size, draws))

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        return self._scores(traffic.vectors, windows)

    def _scores(self, vectors: Vectors, windows: Places) -> Floats:
        size = windows.shape[1]
        if size < 2:
            raise ValueError(f"windows: got {size} queries each, expected at least 2")
        alike = np.array([self._count(vectors[row]) for row in windows], dtype=np.float64)
        shares: Floats = alike / (size * (size - 1) / 2)
        return shares

    def _count(self, window: Vectors) -> float:
        cosine = window @ window.T
        np.fill_diagonal(cosine, -np.inf)
        return int(np.count_nonzero(cosine >= self._alike)) / 2


@window_peer
class Seat:
    """The share of a window's pairs whose cosine is as high as that of one benign pair in a hundred."""

    name = "seat"
    tails = (Tail.TWO_SIDED, Tail.UPPER)

    def fit(self, pool: Queries, rng: np.random.Generator) -> _FittedSeat:
        return _FittedSeat(pool.vectors, rng)
