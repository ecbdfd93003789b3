"""Which of many shingles stand in a table, and where: nearly all do not, and one byte tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["AnchorIndex"]

Ints = npt.NDArray[np.int64]


class AnchorIndex:
    """A sorted table of shingle hashes, each once. A flag for each run of leading bits turns most others away before any search."""

    def __init__(self, anchors: Ints) -> None:
        self.anchors = anchors
        # About a flag in sixteen is set, and the flags stay within a few megabytes.
        bits = min(max(int(anchors.size).bit_length() + 4, 16), 23)
        self._shift = np.uint64(64 - bits)
        self._there = np.zeros(1 << bits, np.bool_)
        self._there[self._leading(anchors)] = True

    def find(self, values: Ints) -> tuple[Ints, Ints]:
        """Places of those `values` that stand in the table, and the place of each in the table."""
        perhaps = np.flatnonzero(self._there[self._leading(values)])
        asked = values[perhaps]
        place = np.minimum(np.searchsorted(self.anchors, asked), max(self.anchors.size - 1, 0))
        same = self.anchors[place] == asked if self.anchors.size else np.zeros(0, np.bool_)
        return perhaps[same], place[same]

    def _leading(self, values: Ints) -> npt.NDArray[np.uint64]:
        return np.ascontiguousarray(values).view(np.uint64) >> self._shift
