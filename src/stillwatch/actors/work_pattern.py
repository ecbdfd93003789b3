"""How evenly work is dealt out and how much accounts keep to their own topics: numbers of one group, and of random groups beside it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["dealt_lifts", "dispersion", "drawn_dispersions"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def dispersion(loads: Ints) -> float:
    """Variance over mean of the members' loads: about 1 where a scheduler deals, far more among people; 0 without any load."""
    mean = float(loads.mean())
    return float(loads.var(ddof=1)) / mean if mean > 0 else 0.0


def drawn_dispersions(everyone: Ints, size: int, draws: int, rng: np.random.Generator) -> Floats:
    """Dispersions of `draws` random groups of `size` accounts. Drawn with replacement, many groups at once."""
    rows = max(1, 2_000_000 // size)
    out = []
    for start in range(0, draws, rows):
        loads = everyone[rng.integers(0, everyone.size, (min(rows, draws - start), size))]
        out.append(loads.var(axis=1, ddof=1) / np.maximum(loads.mean(axis=1), 1e-9))
    return np.concatenate(out)


def dealt_lifts(account: Ints, cell: Ints, draws: int, rng: np.random.Generator) -> tuple[float, Floats]:
    """How much likelier two exchanges of one account share a topic cell than two of different accounts; and that of `draws` random deals.

    Args:
        account, cell: one of each an exchange. A deal hands the cells out anew.
    """
    who, what = np.unique(account, return_inverse=True)[1], np.unique(cell, return_inverse=True)[1]
    per_account, per_cell = np.bincount(who).astype(np.float64), np.bincount(what).astype(np.float64)
    within_pairs = float((per_account * (per_account - 1)).sum())
    between_pairs = float(who.size**2 - (per_account**2).sum())
    if within_pairs == 0 or between_pairs == 0:
        return 0.0, np.zeros(draws)
    begin = who * per_cell.size
    same_cell = float((per_cell**2).sum())

    def lift(dealt: Ints) -> float:
        pairs = np.sort(begin + dealt)
        ends = np.flatnonzero(np.append(pairs[1:] != pairs[:-1], True))
        squares = float((np.diff(ends, prepend=-1).astype(np.float64) ** 2).sum())
        return (squares - who.size) / within_pairs - (same_cell - squares) / between_pairs

    return lift(what), np.array([lift(rng.permutation(what)) for _ in range(draws)])
