"""Sums of multiples of public points: what making and checking the proof of a batch costs.

Few points go through libsodium; from `COMPILED` on, compiled buckets (`_curve`) do the same in a fifth of the time. Only proofs depend on
these sums: a wrong one refuses a good answer, or accepts a bad one with the chance of guessing a hash. No key and no blind comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stillwatch.forum.tags.group import POINT, plus, scalar, times
from stillwatch.forum.tags.refusals import TagError

__all__ = ["COMPILED", "sum_of_multiples"]

COMPILED = 48
"""Points from which compiled buckets are the cheaper way."""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def sum_of_multiples(points: Sequence[bytes], factors: Sequence[int]) -> bytes:
    """The sum of each point times its factor. Points and factors are public here: the time may tell them.

    Raises:
        TagError: when one is no point.
    """
    if len(points) != len(factors):
        raise ValueError(f"got {len(points)} points and {len(factors)} factors")
    return (_summed_in_buckets if len(points) >= COMPILED else _summed_one_by_one)(points, factors)


def _summed_one_by_one(points: Sequence[bytes], factors: Sequence[int]) -> bytes:
    total = bytes(POINT)
    for point, factor in zip(points, factors, strict=True):
        total = plus(total, times(scalar(factor), point))
    return total


def _summed_in_buckets(points: Sequence[bytes], factors: Sequence[int]) -> bytes:
    from stillwatch.forum.tags._curve import bucket_sum

    total = np.empty((4, 5), np.uint64)
    bucket_sum(_decoded(tuple(points)), np.frombuffer(b"".join(map(scalar, factors)), np.uint8).reshape(-1, 32), total)
    x, y, z, t = (sum(int(limb) << 51 * i for i, limb in enumerate(row)) % _P for row in total)
    return _encoded(x, y, z, t)


@lru_cache(maxsize=2)
def _decoded(points: tuple[bytes, ...]) -> NDArray[np.uint64]:
    """Points ready to be added. Kept for a moment: what a member sent is decoded once for the proofs of all custodians."""
    from stillwatch.forum.tags._curve import decode_all

    if any(len(point) != POINT for point in points):
        raise TagError("got bytes that are no point of the group")
    decoded = np.empty((len(points), 3, 5), np.uint64)
    if decode_all(np.frombuffer(b"".join(points), "<u8").reshape(-1, 4), decoded) != -1:
        raise TagError("got bytes that are no point of the group")
    return decoded


def _encoded(x: int, y: int, z: int, t: int) -> bytes:
    """The one spelling of a point (RFC 9496, 4.3.2)."""
    one, two = (z + y) * (z - y) % _P, x * y % _P
    root = _inverse_root(one * two * two % _P)
    den_one, den_two = root * one % _P, root * two % _P
    z_inverse = den_one * den_two * t % _P
    if t * z_inverse % _P & 1:
        x, y, den = y * _ROOT % _P, x * _ROOT % _P, den_one * _INVERSE_A_MINUS_D % _P
    else:
        den = den_two
    if x * z_inverse % _P & 1:
        y = -y % _P
    s = den * (z - y) % _P
    return (_P - s if s & 1 else s).to_bytes(POINT, "little")


def _inverse_root(number: int) -> int:
    """The even 1 / sqrt(number), or 1 / sqrt(i number) where that is none (SQRT_RATIO_M1)."""
    root = pow(number, 3, _P) * pow(pow(number, 7, _P), (_P - 5) // 8, _P) % _P
    check = number * root * root % _P
    if check in (_P - 1, -_ROOT % _P):
        root = root * _ROOT % _P
    return _P - root if root & 1 else root


_INVERSE_A_MINUS_D = _inverse_root((-1 - _D) % _P)
