"""How long requests are: what customers bring along besides the words that a log keeps, as the traces of services have it."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.names import Ints
from stillwatch.range.odds import BITS, trace_inputs

__all__ = ["NO_CONTEXT", "TRACES", "contexts", "quarters"]

TRACES = ("chat", "code", "long")
"""Traces by number."""

NO_CONTEXT = -1
"""The trace of requests that bring nothing along."""

_BYTES = np.array([45, 70, 200])
"""Quarters of prompts in bytes, where there is nothing but a prompt."""


@cache
def _inputs() -> Ints:
    return np.stack([trace_inputs(name) for name in TRACES])


@cache
def _edges() -> Ints:
    """Upper ends of the first three quarters of the inputs, one row a trace."""
    return _inputs()[:, [k * (1 << BITS) // 4 for k in (1, 2, 3)]]


def contexts(trace: Ints, talk: Ints, draws: Ints) -> Ints:
    """Tokens in of each request at least; 0 for those of no trace. The rows of a conversation stand side by side in the order of its turns.

    Every row draws from its trace, and the draws of a conversation are dealt out in rising order: requests grow from turn to turn, and all
    together have the trace's distribution exactly. `draws` are numbers below 2**BITS.

    >>> some = contexts(np.array([0, 0, -1]), np.array([0, 0, 1]), np.array([3000, 40, 7]))
    >>> bool(some[0] < some[1]), int(some[2])
    (True, 0)
    """
    level = np.sort((talk << BITS) | draws) & ((1 << BITS) - 1)
    return np.where(trace >= 0, _inputs()[np.maximum(trace, 0), level], 0)


def quarters(trace: Ints, context: Ints, asked: Ints) -> NDArray[np.int64]:
    """The quarter of the inputs, 0 to 3, that each request lies in: of its trace, or by the bytes of its prompt where it has none."""
    edges = _edges()[np.maximum(trace, 0)]
    long = (context[:, None] >= edges).sum(axis=1)
    return np.where(trace >= 0, long, np.searchsorted(_BYTES, asked, side="right"))
