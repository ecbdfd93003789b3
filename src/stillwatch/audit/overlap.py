"""How alike two texts are: similarities that an audit may name in its plan, each fixed before the suspect is asked."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from typing import TypeAlias

__all__ = ["SIMILARITIES", "Similarity", "gram_overlap", "longest_run", "same_start"]

Similarity: TypeAlias = Callable[[str, str], float]

GRAM = 5
START = 3


def gram_overlap(one: str, other: str) -> float:
    """The share of character 5-grams that two texts have in common (Jaccard), in [0, 1]; case and runs of space do not count.

    >>> round(gram_overlap("the cat sat", "The  cat  ran"), 2)
    0.4
    """
    left, right = _grams(one), _grams(other)
    return len(left & right) / len(left | right) if left or right else 0.0


def longest_run(one: str, other: str) -> float:
    """The most words in a row that two texts share.

    >>> longest_run("a b c d e", "x b c d y")
    3.0
    """
    left, right = one.casefold().split(), other.casefold().split()
    return float(SequenceMatcher(None, left, right, autojunk=False).find_longest_match().size)


def same_start(one: str, other: str) -> float:
    """1 if two texts begin with the same three words, else 0; a text without words agrees with none.

    >>> same_start("It is a cat.", "it is a dog"), same_start("It is", "It was")
    (1.0, 0.0)
    """
    left, right = one.casefold().split()[:START], other.casefold().split()[:START]
    return float(bool(left) and left == right)


SIMILARITIES: dict[str, Similarity] = {one.__name__: one for one in (gram_overlap, longest_run, same_start)}
"""Every similarity by name."""


def _grams(text: str) -> set[str]:
    plain = " ".join(text.casefold().split())
    return {plain[at : at + GRAM] for at in range(max(1, len(plain) - GRAM + 1))} if plain else set()
