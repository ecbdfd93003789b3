"""A template as another house can compare it: the order of its constant stretches and slots, and hashes of the constant words. No text.

The hashes have no key, so that two houses can compare them; they are of four neighbouring words that most of the texts share, so nothing
that only one account wrote is among them. Who guesses a sentence can test whether it stands in the template, and that is all: a
template is the operator's own text, and what fills its slots is nowhere in here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.text.words import ADDRESS, CODE, KIND, NUMBER, QUOTED, words

__all__ = ["LEAST_ALIKE", "WIDTH_OF_HASHES", "Fingerprint", "alike", "template_fingerprint"]

WIDTH_OF_HASHES = 4
"""Neighbouring words in one hash."""
LEAST_ALIKE = 0.5
"""Share of hashes in common from which two fingerprints count as one template."""

_MOST = 64
_LEAST_TEXTS = 3
_LEAST_HASHES = 3
_ELEMENTS = 32
_LONG = 16
_WORDS_READ = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """A template's shape (lengths of constant stretches as powers of two, and kinds of slots) and its smallest hashes, ascending."""

    shape: tuple[int | str, ...]
    hashes: tuple[str, ...]


def template_fingerprint(texts: Sequence[str]) -> Fingerprint | None:
    """The fingerprint of the template that most of these texts share, or None where they share too little.

    Args:
        texts: of as many different accounts, at least three: what one account alone wrote must not count as constant.
    """
    if len(texts) < _LEAST_TEXTS:
        return None
    rows = list(_rows(texts))
    needed = max(_LEAST_TEXTS, (len(texts) + 1) // 2)
    support = Counter(gram for row in rows for gram in set(_grams(row)))
    constant = {gram for gram, n in support.items() if n >= needed}
    hashes = sorted({_hash(gram) for gram in constant if not any(isinstance(word, str) for word in gram)})[:_MOST]
    if len(hashes) < _LEAST_HASHES:
        return None
    shapes = Counter(_shape(row, constant) for row in rows)
    shape = min(shapes, key=lambda one: (-shapes[one], len(one), str(one)))
    return Fingerprint(shape=shape, hashes=tuple(hashes))


def alike(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the hashes in common (Jaccard, estimated from the smallest of both together; Broder 1997).

    >>> alike(["0a", "1b"], ["0a", "1b"]), alike(["0a"], ["1b"])
    (1.0, 0.0)
    """
    smallest = sorted({*one, *other})[: max(min(len(one), len(other), _MOST), 1)]
    both = {*one} & {*other}
    return sum(hash_ in both for hash_ in smallest) / len(smallest)


_Word = int | str


def _rows(texts: Sequence[str]) -> Iterator[list[_Word]]:
    """Each text as words' numbers, with the name of a slot where something varies by nature."""
    told = words(list(texts))
    for row in range(told.rows):
        low, high = int(told.offset[row]), int(min(told.offset[row + 1], told.offset[row] + _WORDS_READ))
        out: list[_Word] = []
        for number, kind in zip(told.hash[low:high].tolist(), told.kind[low:high].tolist(), strict=True):
            slot = _slot(kind)
            if slot is None or not out or out[-1] != slot:
                out.append(number if slot is None else slot)
        yield out


def _slot(kind: int) -> str | None:
    if kind & ADDRESS:
        return "address"
    if kind & QUOTED:
        return "quote"
    return {NUMBER: "number", CODE: "code"}.get(kind & KIND)


def _grams(row: list[_Word]) -> Iterator[tuple[_Word, ...]]:
    return (tuple(row[i : i + WIDTH_OF_HASHES]) for i in range(len(row) - WIDTH_OF_HASHES + 1))


def _hash(gram: tuple[_Word, ...]) -> str:
    numbers = np.array(gram, dtype=np.uint64).astype("<u8").tobytes()
    return hashlib.blake2b(numbers, digest_size=6, person=b"prompt template").hexdigest()


def _shape(row: list[_Word], constant: set[tuple[_Word, ...]]) -> tuple[int | str, ...]:
    fixed = [False] * len(row)
    for start, gram in enumerate(_grams(row)):
        if gram in constant:
            fixed[start : start + WIDTH_OF_HASHES] = [True] * WIDTH_OF_HASHES
    out: list[int | str] = []
    at = 0
    while at < len(row) and len(out) < _ELEMENTS:
        end = at
        if isinstance(word := row[at], str):
            out.append(word)
            at += 1
            continue
        while end < len(row) and fixed[end] == fixed[at] and not isinstance(row[end], str):
            end += 1
        run = end - at
        out.append(1 << (run.bit_length() - 1) if fixed[at] else "text" if run >= _LONG else "words")
        at = end
    return tuple(out)
