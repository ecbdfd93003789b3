"""Which of many shingles stand in a table, and where: nearly all do not, and one byte tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["AnchorIndex"]

Ints = npt.NDArray[np.int64]

_LONG = 32
"""Anchors that may share their leading bits before they are searched for in another way."""


class AnchorIndex:
    """A sorted table of shingle hashes, each once. How many share their leading bits with a value is known before any search."""

    def __init__(self, anchors: Ints) -> None:
        self.anchors = anchors
        # About one run of leading bits in sixteen has an anchor, and what is kept of the runs stays within some megabytes.
        bits = min(max(int(anchors.size).bit_length() + 4, 16), 23)
        self._shift = np.uint64(64 - bits)
        run = self._leading(anchors)
        length = np.bincount(run, minlength=1 << bits)
        self._longest = int(length.max())
        self._length = np.minimum(length, _LONG + 1).astype(np.uint8)
        # As bits, negative numbers come last: runs are sorted like the anchors, turned by their number.
        self._first = np.zeros(1 << bits, np.int32)
        self._first[run[::-1]] = np.arange(anchors.size, dtype=np.int32)[::-1]

    def find(self, values: Ints) -> tuple[Ints, Ints]:
        """Places of those `values` that stand in the table, and the place of each in the table."""
        run = self._leading(values)
        perhaps = np.flatnonzero(self._length[run] > 0)
        asked, run = values[perhaps], run[perhaps]
        if self._longest > _LONG:  # these are no hashes
            place = np.minimum(np.searchsorted(self.anchors, asked), self.anchors.size - 1)
            found = self.anchors[place] == asked
            return perhaps[found], place[found]
        place, last = self._first[run].astype(np.int64), self._length[run]
        found = self.anchors[place] == asked if self.anchors.size else np.zeros(0, np.bool_)
        for step in range(1, self._longest):
            open_ = np.flatnonzero(~found & (last > step))
            hit = open_[self.anchors[place[open_] + step] == asked[open_]]
            place[hit] += step
            found[hit] = True
        return perhaps[found], place[found]

    def _leading(self, values: Ints) -> Ints:
        return (np.ascontiguousarray(values).view(np.uint64) >> self._shift).view(np.int64)
