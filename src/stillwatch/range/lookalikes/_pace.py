"""Times of machines: runs that begin and last as long as they are told."""

from __future__ import annotations

import numpy as np

from stillwatch.range.ground import Ints
from stillwatch.range.rhythm import DAY, gaps

__all__ = ["paced", "spread_evenly"]


def paced(rng: np.random.Generator, counts: Ints, begin: Ints, span: Ints) -> tuple[Ints, Ints]:
    """Owner and time of each request of runs that begin at `begin` and last `span` microseconds, with a real service's gaps."""
    owner = np.repeat(np.arange(len(counts)), counts)
    wait = gaps(rng, len(owner), trace="chat") + 1e-6
    run = np.cumsum(wait)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    since = run - run[first][owner] if len(owner) else run
    last = np.zeros(len(counts))
    np.maximum.at(last, owner, since)
    at = begin[owner] + (since / np.maximum(last[owner], 1e-6) * span[owner]).astype(np.int64)
    return owner, np.minimum(at, DAY - 1)


def spread_evenly(rng: np.random.Generator, size: int) -> Ints:
    """`size` times over the whole day, evenly with a little jitter, in order."""
    step = DAY / max(1, size)
    times: Ints = np.minimum((np.arange(size) + rng.random(size)) * step, DAY - 1).astype(np.int64)
    return times
