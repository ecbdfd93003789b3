"""Where items come from: dealt off the pack without repeats, and made anew from old ones when a job is larger than the pack."""

from __future__ import annotations

import re

import numpy as np

from stillwatch.range import words
from stillwatch.range.campaigns.families.family import Items
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.pack import Deck
from stillwatch.range.splits import Fold, shelf

__all__ = ["alone", "answered", "coding", "dealt", "fresh", "prose"]

_DIGITS = re.compile(r"[0-9]+")


def fresh(ground: Ground, rng: np.random.Generator, pool: Ints, size: int, taken: Ints) -> Ints:
    """`size` items of a pool, each once and none of those taken; when it runs out, further ones are old ones with other figures in them.

    A pool whose texts hold no figures is dealt again from the start: its items then repeat, as a job's do that asks for several samples.
    """
    pool = np.setdiff1d(pool, taken) if len(np.setdiff1d(pool, taken)) else pool
    first: Ints = pool[Deck(len(pool), rng).draw(min(size, len(pool)))]
    if size <= len(pool):
        return first
    texts = ground.texts.all
    numbered = [texts[k] for k in pool.tolist() if _DIGITS.search(texts[k])]
    if not numbered:
        return pool[Deck(len(pool), rng).draw(size)]
    known = set(texts)
    made: dict[str, None] = {}
    reach = 90
    while len(made) < size - len(pool):
        before = len(made)
        shift = rng.integers(1, reach, len(numbered)).tolist()
        for text, by in zip(numbered, shift, strict=True):
            new = _DIGITS.sub(lambda found, by=by: str(int(found[0][:12]) + by), text)  # type: ignore[misc]
            if new not in known:
                made[new] = None
            if len(made) == size - len(pool):
                break
        if 2 * (len(made) - before) < len(numbered):
            reach *= 2  # few texts with figures: nearly all of the smaller ones were made
    return np.concatenate([first, ground.texts.numbers(list(made))])


def alone(text: Ints) -> tuple[Ints, Ints]:
    """Items without a companion."""
    return text, np.full(len(text), -1)


def answered(*topics: str, longest: int = 1200) -> Items:
    """Items of some topics, each with prose of the pack as the answer that it was given."""

    def deal(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
        asked = fresh(ground, rng, shelf(ground, fold, *topics, longest=longest), size, taken)
        return asked, ground.texts.numbers(prose(ground, rng, size))

    return deal


def dealt(*topics: str, longest: int = 1800) -> Items:
    """Items of some topics of the split, each once."""

    def deal(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
        return alone(fresh(ground, rng, shelf(ground, fold, *topics, longest=longest), size, taken))

    return deal


def coding(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
    """Tasks about code: half from the pack, half of the kind that developers send about their own files."""
    pool = np.setdiff1d(shelf(ground, fold, "code", "agents"), taken)
    half = min(size // 2, len(pool))
    own = np.zeros(0, np.int64)
    while len(own) < size - half:
        more = ground.texts.numbers(words.code_tasks(rng, size - half - len(own) + 8))
        own = np.concatenate([own, np.setdiff1d(more, np.concatenate([own, taken]))])
    dealt_off = pool[Deck(len(pool), rng).draw(half)]
    text: Ints = rng.permutation(np.concatenate([dealt_off, own[: size - half]]))
    return alone(text)


def prose(ground: Ground, rng: np.random.Generator, size: int, *, least: int = 1, most: int = 6) -> list[str]:
    """`size` pieces of prose from the pack's passages: their sense is not simulated, their length and words are real."""
    book = ground.pack.shuffled(rng)
    at, length = rng.integers(0, len(book), size).tolist(), rng.integers(least, most + 1, size).tolist()
    return ["".join(book[a : a + n]).strip() for a, n in zip(at, length, strict=True)]
