"""A million accounts in a few tens of megabytes: keys in an open table, each at its own place or just behind it, values beside them.

Pseudonyms are spread evenly over 64 bits by a keyed hash that no caller can steer, so their last bits are their place, and more than a step
or two beyond it is rare.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["Keys"]

_ROOM = 16
"""Places behind the last one, so that nothing has to wrap around; as many more as the keys need."""


class Keys:
    """Distinct signed 64-bit keys, none of them zero, in the order in which they are kept: `order` sorts whatever belongs to them.

    >>> keys = Keys(np.array([900, -5, 3], dtype=np.int64))
    >>> keys.find(900) == keys.order.tolist().index(0), keys.find(4), len(keys)
    (True, -1, 3)
    """

    __slots__ = ("_index", "_table", "array", "find", "nbytes", "order")

    def __init__(self, keys: npt.NDArray[np.int64]) -> None:
        bits = max(1, int(keys.size).bit_length())
        mask = (1 << bits + (keys.size > 0.7 * (1 << bits))) - 1
        homes = keys & np.int64(mask)
        self.order = np.argsort(homes, kind="stable").astype(np.uint32)
        rank = np.arange(keys.size)
        places = np.maximum.accumulate(homes[self.order] - rank) + rank
        size = mask + 1 + _ROOM + int(max(0, places[-1] - mask) if keys.size else 0)
        self._table = np.zeros(size, dtype=np.int64)
        self._index = np.zeros(size, dtype=np.uint32)
        self.array = keys[self.order]
        self._table[places] = self.array
        self._index[places] = rank
        self.nbytes = self._table.nbytes + self._index.nbytes + self.array.nbytes
        self.find = _finder(self._table.data, self._index.data, mask)

    def __len__(self) -> int:
        return int(self.array.size)


def _finder(table: memoryview, index: memoryview, mask: int) -> Callable[[int], int]:
    """The look-up: the place of a key, or -1. Zero stands where no key is, and is nobody's."""

    def find(key: int) -> int:
        place = key & mask
        there = table[place]
        while there != key:
            if not there:
                return -1
            place += 1
            there = table[place]
        return index[place] if key else -1

    return find
