"""Items of public question sets, told inside whatever text they stand in.

Harvesters ask public training and benchmark sets through, because graded answers to them exist; so do evaluators, and now and then
anybody. An item that stands in a prompt says nothing about its sender. What share of a group's traffic comes from known sets, and
whether its accounts divide a set of known size among themselves (`stats.tiling`), are facts about the group.

The registry keeps three 6-word shingles of every item, 32 bits each, that stand in no other item: no text. It is made by
`prompts/make_known_items.py`. Which sets it holds, and how many items each: `sets()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.text._loops import loop
from stillwatch.text._mixing import Bits, Places, distinct, filtered, mix, passes, salted
from stillwatch.text.shingles import WIDTH, window
from stillwatch.text.words import Words

__all__ = ["ITEM_BITS", "KEPT", "KnownSet", "Registry", "fingerprints", "known_items", "registry", "sets"]

ITEM_BITS = 32
"""A known item's number is its set's number shifted left by so many bits, plus its place in the set."""

KEPT = 3
"""Shingles of an item that the registry keeps."""

_NEEDED = 2
_PLACE_BITS = 24
_PLACE = (1 << _PLACE_BITS) - 1
_FILTERED = 21
_FILTER = np.uint64(64 - _FILTERED)
_HIGH = np.uint64(32)
_KEY = salted(0, 7)

_Marks = npt.NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSet:
    """A public set: its number, its name, and how many different items of it the registry can tell apart."""

    number: int
    name: str
    items: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """Known items, ready to look up: `marks` ascending, the place of each one's item in `items`, and a filter by the highest bits."""

    sets: tuple[KnownSet, ...]
    marks: _Marks
    place: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    might: npt.NDArray[np.uint8]


def known_items(words: Words, *, among: Registry | None = None) -> pa.Array:
    """The known item in each text; null where there is none, or where the text is unknown. int64, see `ITEM_BITS`.

    A text holds an item when at least two of the item's three marks stand in it, wherever they stand: a scaffold around the item, a
    cut or a changed word far from two marks make no difference. Of several items in one text (few-shot prompts) the one with most
    marks counts, the first of the registry where they tie.

    What it misses: paraphrased and translated items, and items of fewer than 8 words, which are in no registry. What misleads it:
    sets that quote one another count for the first; a text that quotes an item to discuss it counts.
    """
    among = registry() if among is None else among
    row, place = _hits(words, among)
    pair, marks = np.unique((row << _PLACE_BITS) | place, return_counts=True)
    pair, marks = pair[marks >= _NEEDED], marks[marks >= _NEEDED]
    row, place = pair >> _PLACE_BITS, pair & _PLACE
    order = np.lexsort((-place, marks, row))
    out = np.full(words.rows, -1, dtype=np.int64)
    out[row[order]] = among.items[place[order]]
    return pa.array(out, mask=out < 0)


def fingerprints(words: Words) -> tuple[_Marks, Places]:
    """The marks of every 6 neighbouring words, never across rows: (marks, row of each). Unkeyed: the sets are public."""
    return _marks_of(words.hash, words.offset, np.full(1 << (_FILTERED - 3), 0xFF, dtype=np.uint8))


def sets() -> tuple[KnownSet, ...]:
    """The sets that the package knows."""
    return registry().sets


@cache
def registry() -> Registry:
    """Read the registry that comes with the package."""
    with files("stillwatch.text").joinpath("known_items.npz").open("rb") as file, np.load(file) as held:
        return compiled(held["names"].tolist(), held["marks"], held["items"])


def compiled(names: list[str], marks: _Marks, items: npt.NDArray[np.int64]) -> Registry:
    """Make a registry of the marks of all items, `KEPT` a row, sets end to end with `items` rows each."""
    number = np.repeat(np.arange(len(names)), items)
    within = np.arange(len(marks)) - np.repeat(np.cumsum(items) - items, items)
    order = np.argsort(marks.reshape(-1), kind="stable")
    flat = marks.reshape(-1)[order]
    return Registry(
        sets=tuple(
            KnownSet(number=n, name=name, items=count)
            for n, (name, count) in enumerate(zip(names, items.tolist(), strict=True))
        ),
        marks=flat,
        place=(order // KEPT).astype(np.int64),
        items=((number << ITEM_BITS) | within).astype(np.int64),
        might=filtered((flat >> np.uint32(32 - _FILTERED)).astype(np.uint64), _FILTERED),
    )


def _hits(words: Words, among: Registry) -> tuple[Places, Places]:
    """Rows and places of the items of all marks that stand in the texts, each distinct mark of a text once."""
    mark, row = _marks_of(words.hash, words.offset, among.might)
    first = np.searchsorted(among.marks, mark, side="left")
    same = among.marks.take(np.minimum(first, among.marks.size - 1)) == mark
    one = distinct((row[same] << _PLACE_BITS) | first[same])
    return one >> _PLACE_BITS, among.place[one & _PLACE]


@loop
def _marks_of(values: Bits, offset: Places, might: npt.NDArray[np.uint8]) -> tuple[_Marks, Places]:
    """The marks of every 6 neighbouring words of a row that pass a filter by their highest bits, and the row of each."""
    mark, row_of = np.empty(len(values), dtype=np.uint32), np.empty(len(values), dtype=np.int64)
    held = 0
    for row in range(len(offset) - 1):
        for start in range(offset[row], offset[row + 1] - WIDTH + 1):
            value = mix(window(values, start, WIDTH) ^ _KEY)
            if passes(might, value >> _FILTER):
                mark[held], row_of[held] = value >> _HIGH, row
                held += 1
    return mark[:held], row_of[:held]
