"""64-bit mixing on whole arrays: equal on every machine, for wrap-around integer arithmetic has no rounding.

`mixed` is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195). It is not a cryptographic
hash: with the salt known, collisions can be made. With the salt secret, values name things without saying what they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.text._loops import step

__all__ = ["GOLDEN", "Bits", "Places", "distinct", "filtered", "mix", "mixed", "passes", "salted", "within"]

Bits = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_THREE, _SEVEN = np.uint64(3), np.uint64(7)


@step
def mix(x: np.uint64) -> np.uint64:
    """One value of `mixed`, for compiled loops."""
    x += GOLDEN
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


def mixed(values: Bits) -> Bits:
    """Scramble 64-bit values one to one, so that any bits of the result serve as a hash.

    >>> int(mixed(np.array([1], dtype=np.uint64))[0] >> np.uint64(32)) != 0
    True
    """
    x = values + GOLDEN
    shifted = x >> _30
    x ^= shifted
    x *= _FIRST
    np.right_shift(x, _27, out=shifted)
    x ^= shifted
    x *= _SECOND
    np.right_shift(x, _31, out=shifted)
    x ^= shifted
    return x


def salted(salt: int, purpose: int) -> np.uint64:
    """One 64-bit key for one `purpose` from a salt, so that two kinds of hash under one salt are strangers."""
    seed = np.array([(salt ^ (purpose * 0xD6E8FEB86659FD93)) & 0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)
    return np.uint64(mixed(mixed(seed))[0])


def filtered(places: Bits, bits: int) -> npt.NDArray[np.uint8]:
    """A set of numbers below 2^bits as one bit each, small enough to stay near the processor; `passes` reads it."""
    there = np.zeros(1 << bits, dtype=np.bool_)
    there[places.view(np.int64)] = True
    return np.packbits(there, bitorder="little")


@step
def passes(by: npt.NDArray[np.uint8], place: np.uint64) -> bool:
    """Whether a number is in a set made by `filtered`; for compiled loops."""
    return bool(by[np.int64(place >> _THREE)] >> np.uint8(place & _SEVEN) & np.uint8(1))


def distinct(values: Places) -> Places:
    """Each value once, ascending. Sorting 64-bit integers takes a twentieth of the time of the hash table behind `numpy.unique`.

    >>> distinct(np.array([3, 1, 3, 2])).tolist()
    [1, 2, 3]
    """
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]


def within(offset: Places) -> Places:
    """Place of every element in its own row, from 0, for rows that lie end to end between `offset[i]` and `offset[i + 1]`.

    >>> within(np.array([0, 2, 2, 5])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(offset[-1], dtype=np.int64) - np.repeat(offset[:-1], np.diff(offset))
