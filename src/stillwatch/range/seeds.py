"""One seed for a whole world, and a random stream of its own for every named part of it.

Two kinds of stream: `stream` gives numpy's generator, for parts that draw from any distribution; `Dice` gives whole numbers only, from the
raw words of a counter-based generator whose output numpy promises never to change. What large worlds are made of comes from `Dice`, so that
no rounding of a machine's logarithm decides a row.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dice", "mixed", "stream"]

Words = NDArray[np.uint64]
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def stream(seed: int, *names: str) -> np.random.Generator:
    """The random stream of the part `names` in the world `seed`.

    The stream hangs on the names and not on an order of spawning: a part that is added later changes no other part.

    >>> bool(stream(7, "chat").integers(1 << 30) == stream(7, "chat").integers(1 << 30))
    True
    >>> bool(stream(7, "chat").integers(1 << 30) == stream(7, "coding").integers(1 << 30))
    False
    """
    digest = hashlib.blake2b("/".join(names).encode("utf-8"), digest_size=16).digest()
    key = tuple(int.from_bytes(digest[k : k + 4], "little") for k in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=key)))


class Dice:
    """Whole random numbers of one named part of a world: the same on every machine, each call further along the stream.

    Philox (Salmon et al., SC 2011) keyed by the seed and the names.

    >>> Dice(7, "chat").below(10, 3).tolist() == Dice(7, "chat").below(10, 3).tolist()
    True
    """

    def __init__(self, seed: int, *names: str) -> None:
        text = "/".join((str(seed), *names)).encode("utf-8")
        key = int.from_bytes(hashlib.blake2b(text, digest_size=16, person=b"dice").digest(), "little")
        self._raw = np.random.Philox(key=key)

    def words(self, size: int) -> Words:
        """`size` words of 64 random bits."""
        drawn: Words = np.asarray(self._raw.random_raw(size), np.uint64)
        return drawn

    def shorts(self, size: int) -> NDArray[np.int64]:
        """`size` numbers from 0 to 65535, four from a word."""
        words = self.words(-(-size // 4)).astype("<u8").view("<u2")[:size]
        return words.astype(np.int64)

    def below(self, bound: int | NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """`size` numbers from 0 to `bound` - 1 (one bound, or one for each); bounds under 2**31."""
        high = (self.words(size) >> np.uint64(33)).astype(np.int64)
        found: NDArray[np.int64] = (high * np.asarray(bound, np.int64)) >> 31
        return found

    def chance(self, share: int | NDArray[np.int64], size: int) -> NDArray[np.bool_]:
        """True with a chance of `share` in 65536, one share or one for each."""
        found: NDArray[np.bool_] = self.shorts(size) < share
        return found


def mixed(key: int, *numbers: NDArray[np.int64] | int) -> Words:
    """One random word for each combination of `numbers` under `key`: the same wherever in the world it is asked for (SplitMix64).

    >>> bool(mixed(1, np.array([5]), 2)[0] == mixed(1, np.array([4, 5]), 2)[1])
    True
    """
    state = np.asarray(key & _MASK, np.uint64)
    for number in numbers:
        state = state ^ np.asarray(number).astype(np.uint64)
        state = state + np.asarray(_GOLDEN, np.uint64)
        state = (state ^ (state >> np.uint64(30))) * np.asarray(0xBF58476D1CE4E5B9, np.uint64)
        state = (state ^ (state >> np.uint64(27))) * np.asarray(0x94D049BB133111EB, np.uint64)
        state = state ^ (state >> np.uint64(31))
    return state
