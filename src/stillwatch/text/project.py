"""Texts to short vectors, without a model and without fitting.

Each text's words and pairs of neighbouring words are counted (square root), and each is added with signs to 2 of `dim`
coordinates that its hash picks: a very sparse random projection (Achlioptas 2003, doi:10.1016/S0022-0000(03)00025-4; Li, Hastie and
Church 2006, doi:10.1145/1150402.1150436) of the hashed bag (Weinberger et al. 2009, arXiv:0902.2206). Sums are integers: equal on
every machine and for every cut of the batch.

What it can do: texts that share many content words lie close. What it cannot do:
it knows no meaning, so paraphrases without common words, and translations, lie far apart, and language itself is the strongest
topic. Words of up to 3 letters weigh nothing (mostly function words in alphabetic scripts), which is a rule of thumb and no stop
list. Never the only evidence.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from stillwatch.text._mixing import GOLDEN, mixed
from stillwatch.text.words import CODE, HAN, KIND, NUMBER, Words

__all__ = ["Embedder", "Projection"]

_ROWS = 1 << 15
_HASH_BITS = 44
_DAMPED = np.rint(4 * np.sqrt(np.arange(1025))).astype(np.int64)
_BY_LENGTH = np.array([0, 0, 0, 0, 1, 1, 2], dtype=np.uint64)
"""Weight of a word by its length in characters; the last one holds for all longer words."""
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
_TOUCHED = 2


class Embedder(Protocol):
    """Turns words into vectors; `name` and `version` are stored with every reference that depends on them."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def version(self) -> str:
        """Changes whenever a vector would."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def embed(self, words: Words) -> npt.NDArray[np.float32]:
        """One vector a row, of length 1, or all zero where there is nothing to embed."""


class Projection:
    """The built-in embedder: a signed sparse random projection of hashed words and word pairs."""

    name = "hashed-words"
    version = "1"

    def __init__(self, dim: int = 64) -> None:
        if not 8 <= dim <= 4096:
            raise ValueError(f"dim: got {dim}, expected 8 to 4096")
        self.dim = dim

    def sums(self, words: Words) -> npt.NDArray[np.int32]:
        """Integer coordinates, rows by `dim`, before any rounding."""
        parts = [_sums(words.rows_between(low, low + _ROWS), self.dim) for low in range(0, words.rows, _ROWS)]
        return np.concatenate([np.zeros((0, self.dim), dtype=np.int32), *parts])

    def embed(self, words: Words) -> npt.NDArray[np.float32]:
        """Vectors of length 1 in float32, all zero where a text has no words."""
        sums = self.sums(words).astype(np.int64)
        length = np.sqrt(np.sum(sums * sums, axis=1).astype(np.float64))
        vectors: npt.NDArray[np.float32] = (sums / np.maximum(length, 1.0)[:, None]).astype(np.float32)
        return vectors


def _sums(words: Words, dim: int) -> npt.NDArray[np.int32]:
    row = np.repeat(np.arange(words.rows, dtype=np.uint64), words.counts)
    plain = words.kind & KIND
    weight = _BY_LENGTH.take(np.minimum(words.length, len(_BY_LENGTH) - 1))
    weight[plain == CODE] = 1
    ideograph = plain == HAN
    weight[ideograph] = 1
    weight[plain == NUMBER] = 0
    heavy = weight > 0
    before = np.zeros(len(heavy) + 1, dtype=np.int32)
    np.cumsum(heavy, out=before[1:])
    empty = (before[words.offset[1:]] == before[words.offset[:-1]]) & (words.counts > 0)
    if empty.any():
        weight[np.repeat(empty, words.counts)] = 1
        heavy = weight > 0
    single = np.flatnonzero(heavy)
    pair = np.flatnonzero(heavy[:-1] & heavy[1:] & (row[:-1] == row[1:]))
    left, right = words.hash.take(pair), words.hash.take(pair + 1)
    left *= _PAIR
    left += right
    pair_weight = np.uint64(1) + (ideograph[:-1] & ideograph[1:]).take(pair)
    key = np.concatenate([words.hash.take(single), left])
    key = mixed(key)
    key >>= np.uint64(64 - _HASH_BITS)
    key <<= np.uint64(2)
    key |= np.concatenate([weight.take(single), pair_weight])
    key |= np.concatenate([row.take(single), row.take(pair)]) << np.uint64(_HASH_BITS + 2)
    key.sort()
    if not len(key):
        return np.zeros((words.rows, dim), dtype=np.int32)
    fresh = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    times = np.diff(fresh, append=len(key))
    key = key.take(fresh)
    sides = 2 * dim
    value = (_DAMPED.take(np.minimum(times, 1024)) * (key & np.uint64(3)).view(np.int64)).astype(np.float64)
    where = (key >> np.uint64(_HASH_BITS + 2)).view(np.int64) * sides
    draws = mixed((key & np.uint64((1 << (_HASH_BITS + 2)) - 1)) * GOLDEN).view(np.uint32).reshape(-1, _TOUCHED)
    place = np.empty((_TOUCHED, len(key)), dtype=np.int64)
    place[:] = draws.T  # the two are added alike, so the byte order of the machine makes no difference
    place *= sides
    place >>= 32
    place += where
    total = np.bincount(place.reshape(-1), weights=np.tile(value, _TOUCHED), minlength=words.rows * sides)
    return (total[0::2] - total[1::2]).astype(np.int32).reshape(words.rows, dim)
