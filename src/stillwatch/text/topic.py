"""A coarse topic for each text: one telling word, as a cell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.text._mixing import mixed
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
    out = np.full(words.rows, -1, dtype=np.int32)
    held = words.counts > 0
    if not len(words.hash):
        return out
    plain = words.kind & KIND
    length = np.minimum(words.length, _LONG).astype(np.uint64)
    length[plain == CODE] = 1
    value = words.hash
    han = plain == HAN
    if han.any():
        pair = np.flatnonzero(han[:-1] & han[1:])
        row_end = np.zeros(len(han) + 1, dtype=bool)
        row_end[words.offset] = True
        pair = pair[~row_end[pair + 1]]
        value = value.copy()
        value[pair] = mixed(words.hash[pair] * _PAIR + words.hash[pair + 1])
        length[pair] = _PAIR_LENGTH
    key = (length << _LENGTH) | (value >> _REST)
    key[(plain == NUMBER) | (words.kind >= ADDRESS)] = 0
    best = np.maximum.reduceat(key, words.offset[:-1][held])
    cell = (mixed(best << _REST) >> _CELL).astype(np.int32)
    cell[best == 0] = -1
    out[held] = cell
    return out
