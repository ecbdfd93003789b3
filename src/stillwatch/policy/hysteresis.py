"""A rule lets go of an account later than it took hold: at a threshold it must not switch on and off with every scan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["hold"]

_Bools = npt.NDArray[np.bool_]
_Seconds = npt.NDArray[np.uint32]


def hold(
    enters: _Bools, keeps: _Bools, was: _Bools, entered: _Seconds, *, now: int, at_least: int
) -> tuple[_Bools, _Seconds]:
    """Whom a rule holds now, and since when.

    Args:
        enters: whether its condition and its entry evidence are met.
        keeps: whether the evidence is still at the level at which it lets go, or above.
        was: whom it held before.
        entered: since when, in seconds since 1970; read where `was`.
        now: the time, in seconds since 1970.
        at_least: seconds for which it holds in any case.

    >>> yes, no, none = np.array([True]), np.array([False]), np.zeros(1, np.uint32)
    >>> on, since = hold(yes, yes, no, none, now=100, at_least=0)
    >>> hold(no, yes, on, since, now=200, at_least=0)
    (array([ True]), array([100], dtype=uint32))
    """
    young = was & (now < entered.astype(np.int64) + at_least)
    on = enters | (was & keeps) | young
    return on, np.where(was, entered, np.uint32(now)).astype(np.uint32)
