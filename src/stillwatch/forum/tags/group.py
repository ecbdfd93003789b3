"""The group ristretto255 (RFC 9496) as libsodium has it: points and scalars are 32 bytes each, and every operation checks its points.

libsodium is the machine's own (`libsodium23` on Debian, `libsodium` elsewhere), or the one that the package `rbcl` carries. The one
inside PyNaCl is built without this group. Its multiplications take the same time for every scalar, so keys and blinds pass through them.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import secrets
from contextlib import suppress
from functools import cache
from typing import Any

from stillwatch.forum.tags.refusals import TagError

__all__ = ["ORDER", "POINT", "is_point", "plus", "point_from", "random_scalar", "scalar", "times", "times_base"]

ORDER = 2**252 + 27742317777372353535851937790883648493
"""How many points there are: a prime."""

POINT = 32
"""Bytes of a point, and of a scalar."""


@cache
def _sodium() -> Any:
    """The library, initialised.

    Raises:
        TagError: when this machine has none with the group.
    """
    for load in (_of_the_system, _of_rbcl):
        with suppress(OSError, ImportError, AttributeError):
            library = load()
            if library is not None and library.crypto_scalarmult_ristretto255 and library.sodium_init() >= 0:
                return library
    raise TagError(
        "no libsodium with ristretto255 on this machine: install libsodium (1.0.18 or later), or the package rbcl"
    )


def _of_the_system() -> Any:
    name = ctypes.util.find_library("sodium")
    return None if name is None else ctypes.CDLL(name)


def _of_rbcl() -> Any:
    return importlib.import_module("rbcl._sodium")._sodium


def scalar(number: int) -> bytes:
    """A number modulo the order, as the group takes it: 32 bytes, little-endian."""
    return (number % ORDER).to_bytes(32, "little")


def random_scalar() -> int:
    """A secret number from 1 to the order less one, each as likely."""
    return 1 + secrets.randbelow(ORDER - 1)


def is_point(data: bytes) -> bool:
    """Whether these are the 32 bytes of a point other than the identity; each point has only one spelling."""
    return len(data) == POINT and any(data) and _sodium().crypto_core_ristretto255_is_valid_point(data) == 1


def point_from(uniform: bytes) -> bytes:
    """The point that 64 uniform bytes stand for (the one-way map of RFC 9496, 4.3.4)."""
    if len(uniform) != 64:
        raise ValueError(f"got {len(uniform)} bytes, expected 64")
    made = ctypes.create_string_buffer(POINT)
    _sodium().crypto_core_ristretto255_from_hash(made, uniform)
    return made.raw


def times(factor: bytes, point: bytes) -> bytes:
    """A multiple of a point.

    Raises:
        TagError: when it is no point, or the multiple is the identity.
    """
    made = ctypes.create_string_buffer(POINT)
    if len(point) != POINT or _sodium().crypto_scalarmult_ristretto255(made, factor, point) != 0:
        raise TagError("got bytes that are no point of the group, or its identity")
    return made.raw


def times_base(factor: bytes) -> bytes:
    """A multiple of the generator.

    Raises:
        TagError: for a multiple of the order.
    """
    made = ctypes.create_string_buffer(POINT)
    if _sodium().crypto_scalarmult_ristretto255_base(made, factor) != 0:
        raise TagError("got zero for a scalar")
    return made.raw


def plus(one: bytes, other: bytes) -> bytes:
    """The sum of two points; the identity, 32 zero bytes, counts as one here.

    Raises:
        TagError: when one is no point.
    """
    made = ctypes.create_string_buffer(POINT)
    if not len(one) == len(other) == POINT or _sodium().crypto_core_ristretto255_add(made, one, other) != 0:
        raise TagError("got bytes that are no point of the group")
    return made.raw
