"""64 bits that say what a text is about: near texts share most of them, and sums of them say what an account asks about."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.text.project import Projection
from stillwatch.text.words import Words

__all__ = ["SKETCH_BITS", "sketch_signs", "sketches"]

SKETCH_BITS = 64

_PROJECTION = Projection(SKETCH_BITS)
_WEIGHT = np.uint64(1) << np.arange(SKETCH_BITS, dtype=np.uint64)


def sketches(words: Words) -> pa.Array:
    """One int64 a text: the signs of the 64 coordinates of `Projection`. Null where there are no words.

    Two texts at angle t share each bit with chance 1 - t / pi, so the mean of the signs over many texts embeds their distribution for
    the kernel 1 - 2 t / pi, in 64 sums that merge by addition. Unkeyed, and made of integers: equal on every day and machine.
    Source: Charikar (2002), doi:10.1145/509907.509965.
    Misleading: as `Projection` it knows no meaning; a coordinate that nothing touched counts as a minus, so short texts lie near one
    another.
    """
    bits = _PROJECTION.sums(words) > 0
    value = (bits * _WEIGHT).sum(axis=1, dtype=np.uint64)
    return pa.array(value.view(np.int64), mask=words.counts == 0)


def sketch_signs(sketch: pa.Array) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """The 64 signs of each sketch, +1 or -1; 0 where it is null.

    >>> sketch_signs(pa.array([1, None]))[:, :2].tolist()
    [[1, -1], [0, 0]]
    """
    known = np.asarray(sketch.is_valid())
    value = np.asarray(sketch.fill_null(0), dtype=np.int64).view(np.uint64)
    signs = np.where(value[:, None] & _WEIGHT, 1, -1).astype(np.int8)
    signs[~known] = 0
    return signs
