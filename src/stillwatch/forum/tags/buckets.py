"""Boards too large to give everybody whole: pieces by the first bits of a tag, none smaller than a crowd.

Whoever asks for a piece tells the board's keeper the first bits of a tag, and no more: at least `CROWD` tags on the board share them, and
so does that share of everything the member might look for. Still, a keeper that is told prefix after prefix learns which pieces a member
has candidates in; a member that asks for all pieces tells nothing. docs/tags.md says what this comes to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.forum.tags.board import Board
from stillwatch.forum.tags.refusals import TagError

__all__ = ["CROWD", "WHOLE", "bucket", "bucket_bits", "piece", "prefixes", "smallest_bucket"]

CROWD = 1_000
"""Fewest tags in a bucket."""

WHOLE = 10_000_000
"""Up to so many tags the board is given whole, and asking tells nothing."""


def bucket_bits(board: Board, *, crowd: int = CROWD, whole: int = WHOLE) -> int:
    """By how many first bits a board is cut: 0 (whole) up to `whole` tags, else the most that leave a crowd in every bucket.

    The number is counted on the tags that there are, not taken from their mean: the smallest bucket is a crowd, or there are fewer bits.
    """
    if len(board) <= whole:
        return 0
    bits = max(0, (len(board) // crowd).bit_length() - 1)
    while bits and smallest_bucket(board, bits) < crowd:
        bits -= 1
    return bits


def smallest_bucket(board: Board, bits: int) -> int:
    """How many tags the smallest bucket holds."""
    if bits == 0:
        return len(board)
    edges = np.searchsorted(board.high, np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(64 - bits))
    return int(np.diff(np.concatenate([[0], edges, [len(board)]])).min())


def bucket(board: Board, bits: int, prefix: int, *, crowd: int = CROWD, whole: int = WHOLE) -> Board:
    """One bucket of a board.

    Raises:
        TagError: when the prefix is none, or longer than leaves a crowd in every bucket.
    """
    most = bucket_bits(board, crowd=crowd, whole=whole)
    if not 0 <= bits <= most:
        raise TagError(f"bits: got {bits}, expected 0 to {most}: a bucket holds {crowd:,} tags or more")
    if not 0 <= prefix < 1 << bits:
        raise TagError(f"prefix: got {prefix}, expected 0 to {(1 << bits) - 1}")
    return piece(board, bits, prefix)


def piece(board: Board, bits: int, prefix: int) -> Board:
    """The tags of a board that begin with these bits, however few."""
    part = _edges(board, bits, prefix)
    return Board(
        kind=board.kind,
        epoch=board.epoch,
        high=board.high[part],
        low=board.low[part],
        support=board.support[part],
        rules=board.rules,
    )


def prefixes(own: Board, bits: int, *, decoys: int = 0, rng: np.random.Generator | None = None) -> Sequence[int]:
    """The buckets that a member asks for, sorted, each once; `decoys` adds as many that it has no use for."""
    if bits == 0:
        return [0]
    wanted = np.unique(own.high >> np.uint64(64 - bits))
    if decoys:
        others = np.setdiff1d(np.arange(1 << bits, dtype=np.uint64), wanted)
        chance = rng or np.random.default_rng()
        wanted = np.union1d(wanted, chance.choice(others, min(decoys, len(others)), replace=False))
    return [int(prefix) for prefix in wanted]


def _edges(board: Board, bits: int, prefix: int) -> slice:
    if bits == 0:
        return slice(None)
    shift = np.uint64(64 - bits)
    begins = int(np.searchsorted(board.high, np.uint64(prefix) << shift))
    if prefix + 1 == 1 << bits:
        return slice(begins, None)
    return slice(begins, int(np.searchsorted(board.high, np.uint64(prefix + 1) << shift)))
