"""A million accounts in a few tens of megabytes: sorted keys with a directory over them, found in under a microsecond, values beside them.

Pseudonyms are spread evenly over 64 bits by a keyed hash, so a directory over their leading bits points almost at the place; were they
not, a search by halves within the directory's entry still finds it in logarithmic time.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

__all__ = ["Keys"]


class Keys:
    """Sorted, distinct signed 64-bit keys.

    >>> keys = Keys(np.array([-5, 3, 900], dtype=np.int64))
    >>> keys.find(3), keys.find(4), len(keys)
    (1, -1, 3)
    """

    __slots__ = ("_directory", "_half", "_keys", "_shift", "array")

    def __init__(self, keys: npt.NDArray[np.int64]) -> None:
        self.array = np.ascontiguousarray(keys, dtype=np.int64)
        bits = max(1, int(self.array.size).bit_length())
        self._shift = 64 - bits
        self._half = 1 << (bits - 1)
        prefixes = (self.array >> np.int64(self._shift)) + self._half
        starts = np.searchsorted(prefixes, np.arange((1 << bits) + 1)).astype(np.uint32)
        self._keys = self.array.data
        self._directory = starts.data

    def __len__(self) -> int:
        return int(self.array.size)

    def find(self, key: int) -> int:
        """The place of a key, or -1."""
        entry = (key >> self._shift) + self._half
        end = self._directory[entry + 1]
        place = bisect_left(self._keys, key, self._directory[entry], end)
        return place if place < end and self._keys[place] == key else -1

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.array.nbytes + self._directory.nbytes
