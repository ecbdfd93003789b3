"""Loops over characters and words, compiled to machine code when they are first used.

The loops of this room do in one pass what whole-array arithmetic does in ten. They are compiled once for each machine and kept beside the
source, or in the user's cache where that folder cannot be written; without either, once in each process. All arithmetic is that of
64-bit integers, so values are equal on every machine. `u64` makes the constants: a plain number beside a 64-bit value would make it a
floating-point number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np

__all__ = ["loop", "step", "u64"]

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")

u64 = np.uint64


def loop(work: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Compile a function of numbers and arrays; it lets other threads run while it does."""
    try:
        made = numba.njit(work, cache=True, nogil=True)
    except RuntimeError:  # nowhere to keep it
        made = numba.njit(work, nogil=True)
    return cast(Callable[_Given, _Found], made)


def step(work: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Compile a function as a part of every loop that calls it: a call with arrays costs more than a short step does."""
    return cast(Callable[_Given, _Found], numba.njit(work, inline="always"))
