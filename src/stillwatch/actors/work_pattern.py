"""How evenly work is dealt out and how much accounts keep to their own topics: numbers of one group, and of random groups beside it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["dealt_lifts", "dispersion", "drawn_dispersions", "without_busiest"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SPARSE = 16
"""Places for a value beyond which sorting is quicker than counting in place."""
_OUTSIDERS = 0.01
"""Share of a group that may be strangers who got into it: of three thousand accounts of a queue, two evaluators sent a third of all."""


def without_busiest(loads: Ints) -> npt.NDArray[np.bool_]:
    """Which members are left once the busiest hundredth, and one at least, are set aside: so few must not speak for a group.

    Who is set aside hangs on how much each did alone, not on what: tests that are fair whatever the loads are stay so.

    >>> without_busiest(np.array([4, 1600, 4, 4])).tolist()
    [True, False, True, True]
    """
    kept = np.ones(loads.size, np.bool_)
    kept[np.argsort(-loads, kind="stable")[: _outsiders(loads.size)]] = False
    return kept


def dispersion(loads: Ints) -> float:
    """Variance over mean of the members' loads, the busiest hundredth left out: about 1 where a scheduler deals, far more among people.

    0 without any load.
    """
    return float(_dispersions(loads[None, :])[0])


def _dispersions(loads: Ints) -> Floats:
    """One value a row."""
    left = loads.shape[1] - _outsiders(loads.shape[1])
    most = np.partition(loads, left - 1, axis=1)[:, :left]
    mean = most.mean(axis=1)
    return np.asarray(np.where(mean > 0, most.var(axis=1, ddof=1) / np.maximum(mean, 1e-9), 0.0))


def _outsiders(size: int) -> int:
    return math.ceil(_OUTSIDERS * size)


def drawn_dispersions(everyone: Ints, size: int, draws: int, rng: np.random.Generator) -> Floats:
    """Dispersions of `draws` random groups of `size` accounts, each without its busiest. Drawn with replacement, many groups at once."""
    rows = max(1, 2_000_000 // size)
    out = []
    for start in range(0, draws, rows):
        loads = everyone[rng.integers(0, everyone.size, (min(rows, draws - start), size))]
        out.append(_dispersions(loads))
    return np.concatenate(out)


def _counted(values: Ints, bound: int) -> tuple[Ints, Ints]:
    """The distinct values, ascending, and how often each is there; all of them are below `bound`."""
    if bound > _SPARSE * values.size:
        values = np.sort(values)
        ends = np.flatnonzero(np.append(values[1:] != values[:-1], True))
        return values[ends], np.diff(ends, prepend=-1)
    times = np.bincount(values, minlength=bound)
    there = np.flatnonzero(times)
    return there, times[there]


def dealt_lifts(account: Ints, cell: Ints, draws: int, rng: np.random.Generator) -> tuple[float, Floats]:
    """How much likelier two exchanges of one account share a topic cell than two of different accounts; and that of `draws` random deals.

    Every account weighs the same, however much it sent: pairs of exchanges would let one busy account speak for all.

    Args:
        account, cell: one of each an exchange. A deal hands the cells out anew.
    """
    who, what = np.unique(account, return_inverse=True)[1], np.unique(cell, return_inverse=True)[1]
    sent, cells = np.bincount(who).astype(np.float64), int(what.max(initial=0)) + 1
    several = sent >= 2
    if not several.any() or sent.size < 2:
        return 0.0, np.zeros(draws)
    pair_weight = np.where(several, 1 / np.maximum(sent * (sent - 1), 1), 0.0)
    alone = float((sent * pair_weight).sum())
    begin, share = who * cells, 1 / sent[who]

    def lift(dealt: Ints) -> float:
        pairs, times = _counted(begin + dealt, sent.size * cells)
        squares, owner = times.astype(np.float64) ** 2, pairs // cells
        within = ((squares * pair_weight[owner]).sum() - alone) / several.sum()
        of_cell = np.bincount(dealt, weights=share)
        between = (of_cell**2).sum() - (squares / sent[owner] ** 2).sum()
        return float(within - between / (sent.size * (sent.size - 1)))

    return lift(what), np.array([lift(rng.permutation(what)) for _ in range(draws)])
