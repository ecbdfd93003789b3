"""What a detector must offer to be run on windows of queries beside the others, and the list of those that do.

A window is a set of queries that one client sent. A peer is fitted to benign queries, scores windows that it draws from them under its
own null, and scores windows of traffic. The threshold is taken from its null scores, the same way for all: `calibrate`.

To add one: a class with the three members of `WindowPeer`, then `@window_peer` on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from stillwatch.core.errors import Error

__all__ = [
    "WINDOW_PEERS",
    "Fitted",
    "Floats",
    "Places",
    "Queries",
    "Tail",
    "Threshold",
    "Vectors",
    "WindowPeer",
    "calibrate",
    "draw",
    "draw_windows",
    "window_peer",
]

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


class Tail(StrEnum):
    """On which side of its null a score is suspicious."""

    UPPER = "upper"
    TWO_SIDED = "two-sided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Queries:
    """Queries as vectors (rows by dimensions, float32, length 1 or all zero) and, where a peer reads them, as texts."""

    vectors: Vectors
    texts: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.vectors.dtype != np.float32:
            raise ValueError(
                f"vectors: got {self.vectors.ndim}-d {self.vectors.dtype}, expected rows by dimensions, float32"
            )
        if not np.isfinite(self.vectors).all():
            raise ValueError("vectors: expected finite numbers")
        if self.texts is not None and len(self.texts) != len(self.vectors):
            raise ValueError(f"texts: got {len(self.texts)} for {len(self.vectors)} vectors")

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, places: Places) -> Queries:
        """The queries at these places, in this order."""
        texts = None if self.texts is None else [self.texts[place] for place in places]
        return Queries(vectors=self.vectors[places], texts=texts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """Scores below `low` or above `high` are flagged; `nominal` is the share of null windows that this flags."""

    tail: Tail
    low: float | None
    high: float
    nominal: float

    def flags(self, scores: Floats) -> npt.NDArray[np.bool_]:
        """Which of these scores are flagged."""
        above = scores > self.high
        return above if self.low is None else above | (scores < self.low)


class Fitted(Protocol):
    """A detector that knows its benign queries."""

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        """Scores of `draws` benign windows of `size` queries, drawn as the detector's own calibration draws them."""

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        """Scores of windows: `windows` has one row a window and holds places in `traffic`."""


class WindowPeer(Protocol):
    """A detector as its paper describes it. `tails`: the sides it is run with, the paper's main one first."""

    @property
    def name(self) -> str:
        """What it is called in tables and on the command line."""

    @property
    def tails(self) -> tuple[Tail, ...]:
        """The sides on which a score may be suspicious."""

    def fit(self, pool: Queries, rng: np.random.Generator) -> Fitted:
        """Learn what benign queries look like."""


WINDOW_PEERS: dict[str, WindowPeer] = {}
"""All window detectors by name."""

_Peer = TypeVar("_Peer", bound=type)


def window_peer(kind: _Peer) -> _Peer:
    """Declare a window detector: the class is made once, without arguments, and kept under its name.

    Raises:
        Error: if another detector has the name.
    """
    peer: WindowPeer = kind()
    if peer.name in WINDOW_PEERS:
        raise Error(f"{peer.name}: two window detectors have this name")
    WINDOW_PEERS[peer.name] = peer
    return kind


def calibrate(null: Floats, tail: Tail, *, fpr: float = 0.05) -> Threshold:
    """The threshold that flags a share `fpr` of null scores on each side that `tail` names, so twice `fpr` when two-sided.

    That is the released protocol's rule (95th percentile; 5th and 95th when two-sided). It promises `nominal` only for
    windows that are exchangeable with the null's, and up to the resolution of the draws.

    >>> import numpy as np
    >>> found = calibrate(np.arange(101.0), Tail.TWO_SIDED)
    >>> found.low, found.high, found.nominal
    (5.0, 95.0, 0.1)
    """
    if not 0.0 < fpr < 0.5:
        raise ValueError(f"fpr: got {fpr}, expected a share above 0 and below 0.5")
    if len(null) < 2 or not np.isfinite(null).all():
        raise ValueError(f"null: got {len(null)} scores, expected at least 2, all finite")
    low, high = (float(value) for value in np.quantile(null, [fpr, 1.0 - fpr]))
    if tail is Tail.UPPER:
        return Threshold(tail=tail, low=None, high=high, nominal=fpr)
    return Threshold(tail=tail, low=low, high=high, nominal=2.0 * fpr)


def draw(rng: np.random.Generator, among: int, size: int) -> Places:
    """Places of one window: without replacement, or with it where there are fewer queries than the window has."""
    return rng.choice(among, size=size, replace=among < size).astype(np.int64)


def draw_windows(rng: np.random.Generator, among: int, size: int, count: int) -> Places:
    """`count` windows of `size` places below `among`, each drawn by itself."""
    if not among:
        raise ValueError("among: got no queries to draw from")
    return np.stack([draw(rng, among, size) for _ in range(count)]) if count else np.empty((0, size), dtype=np.int64)
