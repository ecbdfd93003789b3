"""Words with what varies within a template masked: numbers, ids, addresses and, where asked, quotations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.text._loops import loop
from stillwatch.text._mixing import Bits, Places
from stillwatch.text.words import ADDRESS, CODE, KIND, NUMBER, QUOTED, Words

__all__ = ["masked"]

_MARKS = np.array([0xA5A5_0001, 0xA5A5_0002, 0xA5A5_0003, 0xA5A5_0004], dtype=np.uint64)
_NUMBER, _CODE, _ADDRESS, _QUOTED = range(4)


def _mark(kind: int, quotes: bool) -> int:
    """Which mark stands for a word of some kind; -1 where it stands for itself."""
    if kind & ADDRESS:
        return _ADDRESS
    if quotes and kind & QUOTED:
        return _QUOTED
    return {NUMBER: _NUMBER, CODE: _CODE}.get(kind & KIND, -1)


_MARK = np.array([[_mark(kind, quotes) for kind in range(16)] for quotes in (False, True)], dtype=np.int8)


def masked(words: Words, *, quotes: bool) -> tuple[Bits, Places]:
    """Words with one mark for every number, id, address and (with `quotes`) quotation; runs of one mark become one.

    Returns the remaining words and the row offsets among them.
    """
    return _masked(words.hash, words.kind, words.offset, _MARK[int(quotes)])


@loop
def _masked(
    hashes: Bits, kind: npt.NDArray[np.uint8], offset: Places, mark_of: npt.NDArray[np.int8]
) -> tuple[Bits, Places]:
    out = np.empty(len(hashes), dtype=np.uint64)
    ends = np.empty(len(offset), dtype=np.int64)
    ends[0] = done = 0
    for row in range(len(offset) - 1):
        before = -1
        for at in range(offset[row], offset[row + 1]):
            mark = mark_of[kind[at]]
            if mark < 0 or mark != before:
                out[done] = hashes[at] if mark < 0 else _MARKS[mark]
                done += 1
            before = mark
        ends[row + 1] = done
    return out[:done], ends
