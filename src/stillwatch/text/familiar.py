"""Which words and pairs of words a body of texts holds, and how much of another text it has never seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.text._mixing import mixed
from stillwatch.text.words import Words

__all__ = ["Familiar", "familiar", "unfamiliar_shares"]

_BITS = 18
_PAIR = np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True, slots=True)
class Familiar:
    """How often each hashed word and each hashed pair of neighbours occurs: 2^18 counts each. Two of them add up."""

    single: npt.NDArray[np.int64]
    pair: npt.NDArray[np.int64]

    def __add__(self, other: Familiar) -> Familiar:
        return Familiar(self.single + other.single, self.pair + other.pair)


def familiar(words: Words) -> Familiar:
    """Count the words and pairs of these texts."""
    single, _, pair, _ = _hashed(words)
    size = 1 << _BITS
    return Familiar(np.bincount(single, minlength=size), np.bincount(pair, minlength=size))


def unfamiliar_shares(
    words: Words, known: Familiar, *, most: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Share of each text's words, and of its pairs of words, that `known` holds at most `most` times; 0 where it has none.

    A cheap surprisal: it sees foreign subjects and foreign surface form (word salad has known words and unknown pairs), in any
    language. Texts that `known` was counted from hold no unfamiliar word: compare texts that were left out. Shares fall as the
    reference grows, and words collide: about one in six once 50,000 different ones are known.
    """
    single, row, pair, pair_row = _hashed(words)
    fresh = np.bincount(row[known.single[single] <= most], minlength=words.rows)
    fresh_pairs = np.bincount(pair_row[known.pair[pair] <= most], minlength=words.rows)
    counts = words.counts
    return fresh / np.maximum(counts, 1), fresh_pairs / np.maximum(counts - 1, 1)


def _hashed(words: Words) -> tuple[npt.NDArray[np.int64], ...]:
    """Places of words and of pairs in the tables, each with the row that it stands in."""
    row = np.repeat(np.arange(words.rows), words.counts)
    beside = row[:-1] == row[1:]
    pair = mixed(words.hash[:-1] * _PAIR + words.hash[1:])[beside]
    shift = np.uint64(64 - _BITS)
    return (words.hash >> shift).astype(np.int64), row, (pair >> shift).astype(np.int64), row[:-1][beside]
