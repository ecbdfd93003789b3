"""What topic statistics read from texts: how strange each text is to benign ones, and features whose sums compare bodies of texts.

How strange a text is depends on the text and on what was learnt, and on no text beside it: whatever was held out is measured alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.range.peers.window_peer import Floats, Places, Vectors
from stillwatch.stats import (
    Directions,
    Spread,
    main_directions,
    nearest_distances,
    residual_energy,
    scaled_distances,
    spread_of,
)
from stillwatch.text import CELLS, Familiar, Projection, cells, familiar, meaning_vectors, unfamiliar_shares
from stillwatch.text import words as words_of

__all__ = ["MEASURES", "Learnt", "Views", "learn"]

MEASURES = (
    "new words",
    "rare words",
    "new pairs",
    "nearest distance",
    "residual energy",
    "distance in meaning",
    "strangeness in meaning",
)
"""Columns of `Views.novelty`; larger is stranger. The last two are read from the table of meanings, the others from hashed words."""

_DIMENSIONS = 256
_KEPT = 96
_RARE = 3
_NEIGHBOURS = 6000
_NEAREST = 5
_BUCKETS = 4096
_PROJECTION = Projection(_DIMENSIONS)


@dataclass(frozen=True, kw_only=True)
class Views:
    """Texts (rows) as numbers: `novelty` by `MEASURES`, vectors of `meaning`, and `cells` and hashed `words` as zeros and ones."""

    novelty: Floats
    meaning: Vectors
    cells: sparse.csr_array
    words: sparse.csr_array

    def __len__(self) -> int:
        return len(self.novelty)

    def followed_by(self, other: Views) -> Views:
        """These rows and then those."""
        return Views(
            novelty=np.concatenate([self.novelty, other.novelty]),
            meaning=np.concatenate([self.meaning, other.meaning]),
            cells=sparse.vstack([self.cells, other.cells], format="csr"),
            words=sparse.vstack([self.words, other.words], format="csr"),
        )


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What benign texts hold: words and pairs of words, samples of vectors of words and of meaning, and how both kinds vary."""

    known: Familiar
    neighbours: Vectors
    directions: Directions
    like_in_meaning: Vectors
    spread: Spread

    def views(self, texts: Sequence[str]) -> Views:
        """Texts as numbers. Texts that this was learnt from look less strange than they are."""
        words = words_of(list(texts))
        vectors = _PROJECTION.embed(words)
        new, pairs = unfamiliar_shares(words, self.known)
        rare, _ = unfamiliar_shares(words, self.known, most=_RARE)
        far, left = nearest_distances(vectors, self.neighbours), residual_energy(vectors, self.directions)
        meaning = meaning_vectors(list(texts))
        apart = nearest_distances(meaning, self.like_in_meaning, among=_NEAREST)
        strange = scaled_distances(meaning, self.spread)
        cell = cells(words).astype(np.int64)
        return Views(
            novelty=np.stack([new, rare, pairs, far, left, apart, strange], axis=1),
            meaning=meaning,
            cells=_ones(np.arange(words.rows)[cell >= 0], cell[cell >= 0], (words.rows, CELLS)),
            words=_ones(
                np.repeat(np.arange(words.rows), words.counts),
                (words.hash % np.uint64(_BUCKETS)).astype(np.int64),
                (words.rows, _BUCKETS),
            ),
        )


def learn(texts: Sequence[str], rng: np.random.Generator) -> Learnt:
    """Learn what benign texts hold; at most 6,000 of them, at random, are kept as neighbours."""
    words = words_of(list(texts))
    vectors, meaning = _PROJECTION.embed(words), meaning_vectors(list(texts))
    some = rng.permutation(len(texts))[:_NEIGHBOURS]
    return Learnt(
        known=familiar(words),
        neighbours=vectors[some],
        directions=main_directions(vectors, kept=_KEPT),
        like_in_meaning=meaning[some],
        spread=spread_of(meaning),
    )


def _ones(row: Places, column: npt.NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_array:
    found = sparse.csr_array((np.ones(len(row), dtype=np.float32), (row, column)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1.0
    return found
