"""A coarse topic for each text: one telling word, as a cell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.text._loops import loop, u64
from stillwatch.text._mixing import Bits, Places, mix
from stillwatch.text.words import ADDRESS, CODE, HAN, KIND, NUMBER, Words

__all__ = ["CELLS", "cells"]

CELLS = 1024
"""Number of topic cells."""

_LONG, _PAIR_LENGTH = 8, 5
_LENGTH, _REST = np.uint64(60), np.uint64(4)
_CELL = np.uint64(54)
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)


def cells(words: Words) -> npt.NDArray[np.int32]:
    """Topic cell of each text, 0 to `CELLS` - 1; -1 where there is no word to tell it by. Unkeyed: the same on every day and machine.

    The cell is the hash of one word: the longest, where all of 8 letters and more count as equally long and the largest hash
    decides (a minwise sample of the long words: Broder 1997, doi:10.1109/SEQUEN.1997.666900). Long words carry the subject in most
    alphabetic scripts; in scripts without spaces a pair of neighbouring characters counts as a word of 5. Numbers and
    addresses never decide.

    What it can do: texts about one thing meet in the same few cells more often than others. On 12 public prompt sets of up to 2,000
    each, cell and set share 0.98 bits more than under permutation (of 3.5 possible); 10-bit sign hashing of `Projection` shared
    0.26, which is why it is not used. What it cannot do: it knows no meaning; a language, one long word that someone
    appends, or a template makes the cell: two thirds of a set of coding tasks that share one closing sentence fall into one cell.
    Counts of cells over many texts say something, one cell does not.
    """
    return _cells(words.hash, words.kind, words.length, words.offset)


@loop
def _cells(
    hashes: Bits, kind: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int32], offset: Places
) -> npt.NDArray[np.int32]:
    out = np.full(len(offset) - 1, -1, dtype=np.int32)
    for row in range(len(out)):
        best = u64(0)
        for at in range(offset[row], offset[row + 1]):
            sort = kind[at] & KIND
            if sort == NUMBER or kind[at] >= ADDRESS:
                continue
            length, value = 1 if sort == CODE else min(lengths[at], _LONG), hashes[at]
            if sort == HAN and at + 1 < offset[row + 1] and kind[at + 1] & KIND == HAN:
                length, value = _PAIR_LENGTH, mix(value * _PAIR + hashes[at + 1])
            best = max(best, (u64(length) << _LENGTH) | (value >> _REST))
        if best:
            out[row] = mix(best << _REST) >> _CELL
    return out
