"""Fit the table of `stillwatch.text.meaning` to vectors of a sentence encoder, and pack it; `static_table.py` runs it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.text.meaning import (
    BUCKETS,
    LENGTH,
    MAIN,
    PARTS,
    TOPICS,
    WIDTH,
    buckets_of,
    meaning_vectors,
    packed,
    unpacked,
)
from stillwatch.text.normal import normal

__all__ = ["counted", "language_free", "make", "named", "turned"]

Floats = npt.NDArray[np.float32]
RIDGE = 0.4
ROUNDS, STEPS = 25, 100
NEAREST, COMMON = 60, 0.02
_WORD = re.compile(r"[a-z]{4,}")


def counted(texts: Sequence[str]) -> sparse.csr_array:
    """Texts by buckets, as the product reads them: each bucket that is met counts once, rows of length 1."""
    met, ends = buckets_of(normal(list(texts)))
    weight = 1.0 / np.sqrt(np.maximum(np.diff(ends), 1))
    return sparse.csr_array(
        (np.repeat(weight, np.diff(ends)).astype(np.float32), met, ends), shape=(len(texts), BUCKETS)
    )


def language_free(vectors: Floats, alike: Mapping[str, npt.NDArray[np.int64]]) -> Floats:
    """Vectors about their mean, without the directions in which the means over translations of the same texts differ.

    `alike` has the rows of those texts by language, in one order.
    """
    means = np.stack([vectors[rows].mean(axis=0) for rows in alike.values()])
    _, _, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    axes = axes[: len(alike) - 1]
    centred = vectors - vectors.mean(axis=0)
    return np.asarray(centred - (centred @ axes.T) @ axes, dtype=np.float32)


def make(texts: Sequence[str], wanted: Floats, rng: np.random.Generator) -> bytes:
    """The table fitted to `wanted`, which has `WIDTH` columns, as the package carries it."""
    x = counted(texts)
    rows = _ridge(x, wanted)
    codes, books = _quantised(rows, np.asarray(x.power(2).sum(axis=0)).ravel() + 1e-3, rng)
    kept = np.concatenate([books[part][codes[:, part]] for part in range(PARTS)], axis=1)
    vectors = _unit((x @ kept.astype(np.float32)).astype(np.float32))
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    return packed(codes, books, _whole(_cells(vectors, rng)), _whole(axes[:MAIN]))


def turned(vectors: Floats, rng: np.random.Generator) -> Floats:
    """The `WIDTH` main directions of vectors, turned at random, so that each coordinate says as much as the next."""
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    return np.asarray(axes[:WIDTH].T @ turn, dtype=np.float32)


def named(texts: Sequence[str], table: bytes) -> list[str]:
    """Three words for each cell: of the texts nearest to its centre, those that are in many of them and in few others."""
    by = unpacked(table, "")
    near = meaning_vectors(list(texts), by) @ _unit(by.cells.T.astype(np.float32)).T
    held = [set(_WORD.findall(text[:300].lower())) for text in texts]
    everywhere = Counter(word for words in held for word in words)
    common = len(texts) * COMMON
    names = []
    for cell in near.T:
        here = Counter(word for row in np.argsort(-cell, kind="stable")[:NEAREST] for word in held[row])
        weight = {w: n * np.log(len(texts) / everywhere[w]) for w, n in here.items() if everywhere[w] < common}
        names.append(", ".join(sorted(weight, key=lambda word: (here[word] < 3, -weight[word], word))[:3]))
    return names


def _ridge(x: sparse.csr_array, wanted: Floats) -> Floats:
    """All columns at once, by conjugate gradients."""
    rows = np.zeros((x.shape[1], wanted.shape[1]), dtype=np.float32)
    left = np.asarray(x.T @ wanted)
    step, size = left.copy(), np.sum(left * left, axis=0)
    for _ in range(STEPS):
        far = x.T @ (x @ step) + RIDGE * step
        pace = size / np.maximum(np.sum(step * far, axis=0), 1e-12)
        rows += pace * step
        left -= pace * far
        before, size = size, np.sum(left * left, axis=0)
        step = left + size / np.maximum(before, 1e-12) * step
    return rows


def _quantised(
    rows: Floats, use: npt.NDArray[np.float64], rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int8]]:
    """Codes (buckets by parts) and codebooks of integers: k-means of each part's columns, buckets counted as often as they are met."""
    wide = WIDTH // PARTS
    codes, books = [], []
    for part in range(PARTS):
        mine = rows[:, part * wide : (part + 1) * wide]
        book = mine[rng.choice(len(mine), 256, replace=False, p=use / use.sum())].copy()
        for _ in range(ROUNDS):
            code = _nearest(mine, book)
            weight = np.bincount(code, use, minlength=256)
            sums = np.stack([np.bincount(code, use * column, minlength=256) for column in mine.T], axis=1)
            book = np.where(weight[:, None] > 0, sums / np.maximum(weight, 1e-12)[:, None], book).astype(np.float32)
        books.append(book)
        codes.append(_nearest(mine, book))
    all_books = np.stack(books)
    return np.stack(codes, axis=1).astype(np.uint8), np.rint(all_books * (127.0 / np.abs(all_books).max())).astype(
        np.int8
    )


def _nearest(rows: Floats, book: Floats) -> npt.NDArray[np.int64]:
    return np.asarray(np.argmin(np.sum(book * book, axis=1) - 2.0 * rows @ book.T, axis=1))


def _cells(vectors: Floats, rng: np.random.Generator) -> Floats:
    """Centres of cells: k-means on the sphere."""
    centre = vectors[rng.choice(len(vectors), TOPICS, replace=False)].copy()
    for _ in range(ROUNDS):
        cell = np.argmax(vectors @ centre.T, axis=1)
        for one in range(TOPICS):
            if (cell == one).any():
                centre[one] = vectors[cell == one].mean(axis=0)
        centre = _unit(centre)
    return centre


def _whole(rows: Floats) -> npt.NDArray[np.int8]:
    """Directions as integers, `LENGTH` long."""
    return np.clip(np.rint(LENGTH * _unit(rows)), -127, 127).astype(np.int8)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)
