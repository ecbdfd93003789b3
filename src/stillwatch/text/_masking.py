"""Words with what varies within a template masked: numbers, ids, addresses and, where asked, quotations."""

from __future__ import annotations

import numpy as np

from stillwatch.text._mixing import Bits, Places
from stillwatch.text.words import ADDRESS, CODE, KIND, NUMBER, QUOTED, Words

__all__ = ["masked"]

_NUMBER, _CODE, _ADDRESS, _QUOTED = (np.uint64(v) for v in (0xA5A5_0001, 0xA5A5_0002, 0xA5A5_0003, 0xA5A5_0004))


def masked(words: Words, *, quotes: bool) -> tuple[Bits, Places]:
    """Words with one mark for every number, id, address and (with `quotes`) quotation; runs of one mark become one.

    Returns the remaining words and the row offsets among them.
    """
    kind = words.kind
    plain = kind & KIND
    masks = np.zeros(16, dtype=np.uint64)
    masks[NUMBER], masks[CODE] = _NUMBER, _CODE
    masks[ADDRESS:] = _ADDRESS
    table = np.concatenate([masks[:4], np.repeat(_QUOTED, 4) if quotes else masks[:4], masks[8:]])
    hides = (plain == NUMBER) | (plain == CODE) | (kind >= ADDRESS)
    if quotes:
        hides |= kind >= QUOTED
    at = np.flatnonzero(hides)
    if not len(at):
        return words.hash, words.offset
    out = words.hash.copy()
    out[at] = table[kind[at]]
    again = at[1:][(at[1:] == at[:-1] + 1) & (out[at[1:]] == out[at[:-1]])]
    if len(again):
        heads = np.isin(again, words.offset[:-1])
        again = again[~heads]
        out = np.delete(out, again)
        return out, words.offset - np.searchsorted(again, words.offset)
    return out, words.offset
