"""Ours on windows: whether a window's queries spread over topic cells as benign ones do (the cells of `stillwatch.text`, without a model).

Each text falls into one of 1,024 cells by one telling word, or into none. A window's score is the likelihood-ratio statistic of its
counts against the shares of three quarters of the pool, each count raised by a half so that a cell never seen costs much but not all.
Null windows come from the quarter that gave no shares.

Limits: Stillwatch decides on accounts and actors and never on windows; this is the one of its measurements that a window of texts allows.
It knows no meaning: the same subject in other words is another cell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.range.peers.window_peer import Floats, Places, Queries, Tail, draw_windows, window_peer
from stillwatch.text import CELLS, cells, words

__all__ = ["Spread"]

_RAISED = 0.5


class _FittedSpread:
    def __init__(self, shares: Queries, calibration: Queries) -> None:
        if not len(shares) or not len(calibration):
            raise ValueError(f"pool: got {len(shares) + len(calibration)} queries, expected at least 4")
        counts = np.bincount(_cells(shares), minlength=CELLS + 1) + _RAISED
        self._log_share = np.log(counts / counts.sum())
        self._calibration = _cells(calibration)

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        return self._scores(self._calibration, draw_windows(rng, len(self._calibration), size, draws))

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        return self._scores(_cells(traffic), windows)

    def _scores(self, cell: npt.NDArray[np.int64], windows: Places) -> Floats:
        rows, size = windows.shape
        row = np.repeat(np.arange(rows), size) * (CELLS + 1)
        count = np.bincount(row + cell[windows].reshape(-1), minlength=rows * (CELLS + 1)).reshape(rows, -1)
        seen = np.log(np.maximum(count, 1) / size) - self._log_share
        statistic: Floats = 2.0 * (count * seen).sum(axis=1)
        return statistic


def _cells(queries: Queries) -> npt.NDArray[np.int64]:
    if queries.texts is None:
        raise ValueError("texts: got none, and topic cells are told from texts")
    cell = cells(words(list(queries.texts))).astype(np.int64)
    cell[cell < 0] = CELLS
    return cell


@window_peer
class Spread:
    """The likelihood ratio of a window's topic cells against the pool's, upper tail."""

    name = "spread"
    tails = (Tail.UPPER,)

    def fit(self, pool: Queries, rng: np.random.Generator) -> _FittedSpread:
        order = rng.permutation(len(pool))
        apart = len(pool) // 4
        return _FittedSpread(pool.take(order[apart:]), pool.take(order[:apart]))
