"""Texts by number: a world keeps each text once and speaks of it by its number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ints", "Names"]

Ints = NDArray[np.int64]


class Names:
    """Numbers things in the order of first sight: `number("x")` is the same for the same text."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._kept: dict[int, tuple[list[str], Ints]] = {}
        self._shared: dict[int, tuple[list[str], Ints]] = {}
        self._common = 0
        self._offered: dict[int, dict[int, tuple[list[str], Ints]]] = {}
        self._lengths = np.zeros(0, np.int64)

    @property
    def all(self) -> list[str]:
        """The texts by number."""
        return list(self._known)

    def number(self, text: str) -> int:
        """The number of one text."""
        return self._known.setdefault(text, len(self._known))

    def numbers(self, texts: Sequence[str]) -> Ints:
        """The numbers of many texts."""
        known = self._known
        return np.array([known.setdefault(text, len(known)) for text in texts], np.int64)

    def kept(self, texts: list[str]) -> Ints:
        """The numbers of a list of the pack; looked up once for all copies. The list is kept too, so that no other takes its place."""
        found = self._shared.get(id(texts)) or self._kept.get(id(texts))
        if found is None:
            numbers = self.numbers(texts)
            common = not len(numbers) or int(numbers.max()) < self._common
            found = (self._shared if common else self._kept)[id(texts)] = (texts, numbers)
        return found[1]

    def copy(self) -> Names:
        """The same numbers, to be added to apart. What was there before is looked up, and measured, once for all copies."""
        self._measure()
        other = Names()
        other._known, other._lengths = dict(self._known), self._lengths
        other._common = len(self._known)
        other._shared = self._offered.setdefault(other._common, {})
        return other

    def lengths(self, numbers: Ints) -> Ints:
        """Characters of texts by number."""
        self._measure()
        found: Ints = self._lengths[numbers]
        return found

    def _measure(self) -> None:
        done = len(self._lengths)
        if done < len(self._known):
            new = [len(text) for text in islice(self._known, done, None)]
            self._lengths = np.concatenate([self._lengths, np.array(new, np.int64)])
