"""Items of public question sets, told inside whatever text they stand in.

Harvesters ask public training and benchmark sets through, because graded answers to them exist; so do evaluators, and now and then
anybody. An item that stands in a prompt says nothing about its sender. What share of a group's traffic comes from known sets, and
whether its accounts divide a set of known size among themselves (`stats.tiling`), are facts about the group.

The registry keeps three 6-word shingles of every item, 28 bits each, that stand in no other item: no text. It is made by
`prompts/make_known_items.py`. Which sets it holds, and how many items each: `sets()`. A text of 1,000 words that holds no item seems
to hold one in about two cases of a million, for two marks of one item must meet by chance.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
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

__all__ = [
    "ITEM_BITS",
    "KEPT",
    "KnownSet",
    "Registry",
    "compiled",
    "fingerprints",
    "known_items",
    "packed",
    "registry",
    "sets",
    "unpacked",
]

ITEM_BITS = 32
"""A known item's number is its set's number shifted left by so many bits, plus its place in the set."""

KEPT = 3
"""Shingles of an item that the registry keeps."""

_NEEDED = 2
_PLACE_BITS = 24
_PLACE = (1 << _PLACE_BITS) - 1
_FILTERED = 21
_FILTER = np.uint64(64 - _FILTERED)
_MARK_BITS = 28
_HIGH = np.uint64(64 - _MARK_BITS)
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
    return compiled(*unpacked(files("stillwatch.text").joinpath("known_items.xz").read_bytes()))


def packed(names: Sequence[str], marks: _Marks, items: npt.NDArray[np.int64]) -> bytes:
    """A registry as the package carries it: the sets, then the marks of all items, ordered within their set, as steps from one to the
    next, byte by byte of each; then xz.

    Raises:
        ValueError: when a set is named twice, or there are not as many items as the sets hold.
    """
    if len(set(names)) < len(names) or items.sum() != len(marks):
        raise ValueError(f"marks: got {len(marks):,} items for sets of {items.tolist()} named {', '.join(names)}")
    steps = []
    for rows in np.split(np.sort(marks, axis=1), np.cumsum(items)[:-1]):
        ordered = rows[np.lexsort(rows.T[::-1])]
        first = np.diff(ordered[:, :1], axis=0, prepend=np.uint32(0))
        steps.append(np.concatenate([first, np.diff(ordered, axis=1)], axis=1))
    head = json.dumps(dict(zip(names, items.tolist(), strict=True))).encode()
    whole = np.concatenate(steps).astype("<u4")
    planes = np.ascontiguousarray(whole.view(np.uint8).reshape(len(whole), KEPT, 4).transpose(1, 2, 0))
    return lzma.compress(head + b"\n" + planes.tobytes(), preset=9)


def unpacked(held: bytes) -> tuple[list[str], _Marks, npt.NDArray[np.int64]]:
    """Names, marks and sizes of the sets of `packed`; items are numbered in its order.

    Raises:
        ValueError: when it is no registry, or one of another make.
        lzma.LZMAError: when it is cut or damaged.
    """
    head, _, body = lzma.decompress(held).partition(b"\n")
    told = json.loads(head)
    if not isinstance(told, dict):
        raise ValueError("registry of known items: names no sets")
    items = np.array(list(told.values()), dtype=np.int64)
    if len(body) != 4 * KEPT * items.sum():
        raise ValueError(
            f"registry of known items: got {len(body):,} bytes of marks, expected {4 * KEPT * items.sum():,}"
        )
    planes = np.frombuffer(body, dtype=np.uint8).reshape(KEPT, 4, -1).transpose(2, 0, 1)
    steps = np.ascontiguousarray(planes).view("<u4")[:, :, 0].astype(np.uint32)
    for rows in np.split(steps, np.cumsum(items)[:-1]):  # views: the steps become marks in place
        np.cumsum(rows[:, 0], out=rows[:, 0])
    return list(told), np.cumsum(steps, axis=1, dtype=np.uint32), items


def compiled(names: Sequence[str], marks: _Marks, items: npt.NDArray[np.int64]) -> Registry:
    """Make a registry of the marks of all items, `KEPT` a row, sets end to end with `items` rows each.

    Raises:
        ValueError: when a mark is wider than those that are looked for, so that it would never be met.
    """
    if (marks >> np.uint32(_MARK_BITS)).any():
        raise ValueError(f"marks: got {int(marks.max())}, expected less than 2^{_MARK_BITS}")
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
        might=filtered((flat >> np.uint32(_MARK_BITS - _FILTERED)).astype(np.uint64), _FILTERED),
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
