"""Which exchanges are already in: sorted runs of 64-bit ids, merged as they grow. Eight bytes an exchange."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Seen"]

Ints = npt.NDArray[np.int64]

_SHELF_BITS = 5
_SHELVES = 1 << _SHELF_BITS
_ENDS = np.arange(1 - _SHELVES // 2, _SHELVES // 2, dtype=np.int64) << (64 - _SHELF_BITS)


class Seen:
    """Remembers ids and tells new ones from repeated ones.

    Ids are hashes, so their leading bits spread them evenly over shelves. Runs are merged shelf by shelf: merging all at once would need
    the memory of all ids a second time.

    >>> seen = Seen()
    >>> seen.admit(np.array([3, 1, 3])).tolist()
    [True, True, False]
    >>> seen.admit(np.array([1, 2])).tolist()
    [False, True]
    """

    def __init__(self) -> None:
        self._shelves: list[list[Ints]] = [[] for _ in range(_SHELVES)]

    def __len__(self) -> int:
        return sum(run.size for runs in self._shelves for run in runs)

    def admit(self, ids: Ints) -> npt.NDArray[np.bool_]:
        """Remember `ids`; true where an id is new, for the first of equal ones."""
        distinct, first = np.unique(ids, return_index=True)
        fresh = np.ones(distinct.size, np.bool_)
        ends = np.searchsorted(distinct, _ENDS)
        for runs, begin, end in zip(self._shelves, [0, *ends], [*ends, distinct.size], strict=True):
            told, new = distinct[begin:end], fresh[begin:end]
            for run in runs:
                new &= run[np.minimum(np.searchsorted(run, told), run.size - 1)] != told
            _put(runs, told[new])
        admitted = np.zeros(ids.size, np.bool_)
        admitted[first[fresh]] = True
        return admitted


def _put(runs: list[Ints], run: Ints) -> None:
    """Add a run to a shelf; a run at least half as long as the one before is merged with it."""
    if not run.size:
        return
    while runs and runs[-1].size <= 2 * run.size:
        run = np.concatenate([runs.pop(), run])
        run.sort()
    runs.append(run)
