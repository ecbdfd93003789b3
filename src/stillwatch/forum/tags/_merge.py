"""One pass over two sorted lists of tags, compiled when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["places_in_both"]

_Halves = NDArray[np.uint64]


def _both(high: _Halves, low: _Halves, other_high: _Halves, other_low: _Halves, found: NDArray[np.intp]) -> int:
    """Fill `found` with the places in the first list of what is in both; how many. No branch hangs on which of two tags is less."""
    here, there, many = 0, 0, 0
    while here < len(high) and there < len(other_high):
        one, other = high[here], other_high[there]
        if one == other:
            one, other = low[here], other_low[there]
            if one == other:
                found[many] = here
                many += 1
                here += 1
                there += 1
                continue
        here += int(one < other)
        there += int(other < one)
    return many


_compiled = cast(Callable[..., Any], numba.njit(_both, cache=True, nogil=True))


def places_in_both(high: _Halves, low: _Halves, other_high: _Halves, other_low: _Halves) -> NDArray[np.intp]:
    """Where in the first list the tags stand that are in both; each list holds distinct tags in order, as halves."""
    found = np.empty(min(len(high), len(other_high)), np.intp)
    return found[: _compiled(high, low, other_high, other_low, found)].copy()
