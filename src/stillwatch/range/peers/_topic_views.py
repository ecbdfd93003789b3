"""What topic statistics read from texts: cross-fitted novelty of each text, and features whose sums compare bodies of texts.

The benign texts are cut into four parts, and three of them tell what is new in a text: for a benign text those that it is not in, for
any other text three chosen at random. So a benign text and a stranger are measured alike, and nothing is measured against itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.range.peers.window_peer import Floats, Places, Vectors
from stillwatch.stats import Directions, main_directions, nearest_distances, residual_energy
from stillwatch.text import (
    CELLS,
    Familiar,
    Projection,
    Words,
    cells,
    familiar,
    sketch_signs,
    sketches,
    unfamiliar_shares,
)
from stillwatch.text import words as words_of

__all__ = ["MEASURES", "PARTS", "Strangers", "Views", "benign_views"]

PARTS = 4
MEASURES = ("new words", "rare words", "new pairs", "nearest distance", "residual energy")
"""Columns of `Views.novelty`; larger is stranger."""

_DIMENSIONS = 256
_KEPT = 96
_RARE = 3
_NEIGHBOURS = 6000
_BUCKETS = 4096
_PROJECTION = Projection(_DIMENSIONS)


@dataclass(frozen=True, kw_only=True)
class Views:
    """Texts (rows) as numbers: `novelty` by `MEASURES`, `signs` of the sketch, and `cells` and hashed `words` as zeros and ones."""

    novelty: Floats
    signs: Vectors
    cells: sparse.csr_array
    words: sparse.csr_array

    def __len__(self) -> int:
        return len(self.novelty)

    def followed_by(self, other: Views) -> Views:
        """These rows and then those."""
        return Views(
            novelty=np.concatenate([self.novelty, other.novelty]),
            signs=np.concatenate([self.signs, other.signs]),
            cells=sparse.vstack([self.cells, other.cells], format="csr"),
            words=sparse.vstack([self.words, other.words], format="csr"),
        )


@dataclass(frozen=True, kw_only=True)
class _Part:
    known: Familiar
    neighbours: Vectors
    directions: Directions


class Strangers:
    """Measures texts against parts of the benign ones."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts

    def views(self, texts: Sequence[str], part: Places) -> Views:
        """The texts as numbers, each told strange by the part that leaves out `part[i]`."""
        return _views(words_of(list(texts)), part, self._parts)


def benign_views(texts: Sequence[str], rng: np.random.Generator) -> tuple[Views, Strangers]:
    """Benign texts, which must differ, as numbers, and what measures others in the same way."""
    words = words_of(list(texts))
    part = rng.permutation(len(texts)) % PARTS
    vectors = _PROJECTION.embed(words)
    parts = [_left_out(texts, vectors, np.flatnonzero(part != one), rng) for one in range(PARTS)]
    return _views(words, part, parts), Strangers(parts)


def _left_out(texts: Sequence[str], vectors: Vectors, kept: Places, rng: np.random.Generator) -> _Part:
    some = rng.permutation(kept)[:_NEIGHBOURS]
    return _Part(
        known=familiar(words_of([texts[place] for place in kept.tolist()])),
        neighbours=vectors[some],
        directions=main_directions(vectors[kept], kept=_KEPT),
    )


def _views(words: Words, part: Places, parts: Sequence[_Part]) -> Views:
    vectors = _PROJECTION.embed(words)
    novelty = np.empty((words.rows, len(MEASURES)))
    for number, one in enumerate(parts):
        here = np.flatnonzero(part == number)
        new, pairs = unfamiliar_shares(words, one.known)
        rare, _ = unfamiliar_shares(words, one.known, most=_RARE)
        novelty[here, :3] = np.stack([new, rare, pairs], axis=1)[here]
        if len(here):
            novelty[here, 3] = nearest_distances(vectors[here], one.neighbours)
            novelty[here, 4] = residual_energy(vectors[here], one.directions)
    cell = cells(words).astype(np.int64)
    return Views(
        novelty=novelty,
        signs=sketch_signs(sketches(words)).astype(np.float32),
        cells=_ones(np.arange(words.rows)[cell >= 0], cell[cell >= 0], (words.rows, CELLS)),
        words=_ones(
            np.repeat(np.arange(words.rows), words.counts),
            (words.hash % np.uint64(_BUCKETS)).astype(np.int64),
            (words.rows, _BUCKETS),
        ),
    )


def _ones(row: Places, column: npt.NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_array:
    found = sparse.csr_array((np.ones(len(row), dtype=np.float32), (row, column)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1.0
    return found
