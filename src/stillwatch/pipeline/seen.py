"""Which exchanges are already in: sorted runs of 64-bit ids, merged as they grow. Eight bytes an exchange."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Seen"]

Ints = npt.NDArray[np.int64]


class Seen:
    """Remembers ids and tells new ones from repeated ones.

    >>> seen = Seen()
    >>> seen.admit(np.array([3, 1, 3])).tolist()
    [True, True, False]
    >>> seen.admit(np.array([1, 2])).tolist()
    [False, True]
    """

    def __init__(self) -> None:
        self._runs: list[Ints] = []

    def __len__(self) -> int:
        return sum(run.size for run in self._runs)

    def admit(self, ids: Ints) -> npt.NDArray[np.bool_]:
        """Remember `ids`; true where an id is new, for the first of equal ones."""
        distinct, first = np.unique(ids, return_index=True)
        fresh = np.ones(distinct.size, np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, distinct), run.size - 1)
            fresh &= run[place] != distinct
        admitted = np.zeros(ids.size, np.bool_)
        admitted[first[fresh]] = True
        self._keep(distinct[fresh])
        return admitted

    def _keep(self, run: Ints) -> None:
        if not run.size:
            return
        while self._runs and self._runs[-1].size <= 2 * run.size:
            run = np.concatenate([self._runs.pop(), run])
            run.sort()
        self._runs.append(run)
