"""Which of many shingles stand in a table, and where: nearly all do not, and one byte tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["AnchorIndex"]

Ints = npt.NDArray[np.int64]

_BITS = 20


class AnchorIndex:
    """A sorted table of shingle hashes, each once. A megabyte of flags by leading bits turns most others away before any search."""

    def __init__(self, anchors: Ints) -> None:
        self.anchors = anchors
        self._there = np.zeros(1 << _BITS, np.bool_)
        self._there[_leading(anchors)] = True

    def find(self, values: Ints) -> tuple[Ints, Ints]:
        """Places of those `values` that stand in the table, and the place of each in the table."""
        perhaps = np.flatnonzero(self._there[_leading(values)])
        asked = values[perhaps]
        place = np.minimum(np.searchsorted(self.anchors, asked), max(self.anchors.size - 1, 0))
        same = self.anchors[place] == asked if self.anchors.size else np.zeros(0, np.bool_)
        return perhaps[same], place[same]


def _leading(values: Ints) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(values).view(np.uint64) >> np.uint64(64 - _BITS)
