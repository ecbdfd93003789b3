"""What a text asks for, told by weights that were learned from written requests; the phrases of `elicitation` stand beside it.

Asked about are the ends of a text, its first and its last `ENDS` words: what is wanted stands before or behind what it is wanted of, and
a page of the latter would drown it. A text has the higher level of its two ends.

A linear model over hashed words, their stems (first letters), pairs of neighbouring stems and triples of ideographs. The weights of an
end's features, each counted once, are summed and divided by the square root of how many features it has in all, known to the model or
not: unknown words speak for an ordinary text, and repetition adds nothing. One column of weights says how likely a text asks for
training value at all (`level`), thirteen say for which kind (`bits`). Weights and sums are integers, and the only rounding is that of
square roots and of one product, which IEEE 754 fixes: equal texts give equal bits everywhere. How it was made, on which texts, and where
it errs: `docs/elicitation-model.md`.

What misleads it: people who write about these techniques; honest pipelines of evaluation and data; languages that its writers lacked.
A level says nothing about an account; a share of an account's or a family's traffic, against comparable accounts, does.
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Technique
from stillwatch.text._loops import loop, step, u64
from stillwatch.text._mixing import Bits, Places, mix
from stillwatch.text.words import HAN, KIND, NUMBER, Words

__all__ = [
    "ENDS",
    "KINDS",
    "Level",
    "Weights",
    "asked_for",
    "asking",
    "ends",
    "features_of",
    "norms",
    "packed",
    "sums",
    "unpacked",
    "weights",
]

KINDS: tuple[Technique, ...] = (
    Technique.COT_WRITEOUT,
    Technique.REASONING_TAGS,
    Technique.DEBUG_PRETEXT,
    Technique.FAKE_SYSTEM,
    Technique.ANTI_FLAGGING,
    Technique.THINKING_LANGUAGE,
    Technique.TRANSLATE_MEMORY,
    Technique.RUBRIC_GRADING,
    Technique.TASK_GENERATION,
    Technique.SYNTHETIC_DATA,
    Technique.TRACE_CLEANING,
    Technique.CRITIQUE,
    Technique.ALIGNMENT_HARVEST,
)
"""The kinds the model knows, in the order of its columns after the first; grading by rubric and by preference are one kind to it."""

SLOTS = 18
"""Bits of a feature's hash that choose its place in the table."""
_STEP = np.uint64(0xD1342543DE82EF95)
_STEM, _PAIR, _TRIPLE = (np.uint64(salt) for salt in (101, 202, 303))
_NUMBER = np.uint64(12345)
_AT = np.uint64(64 - SLOTS)
_LOW = np.uint64(0xFFFF_FFFF)
_MOST_OF_A_WORD = 4
"""Features that begin or end with one word: itself, its stem, a pair, a triple."""
_ROOM = 10
ENDS = 48
"""Words that are read of either end of a text."""


class Level(IntEnum):
    """How sure the model is that a text asks for training value; the shares are of ordinary texts of sources it had not seen."""

    NO = 0
    FLAGGED = 1
    """Met by about 4 of 10,000 ordinary texts."""
    BLOCKABLE = 2
    """Met by far fewer; never to be acted upon on one text alone all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """The model: `value[slot[key's place]]` are the weights of the feature `key`, first for asking at all, then for each of `KINDS`.

    `flag` and `block` are thresholds of the first sum over its norm, `kind` those of the others.
    """

    slot: npt.NDArray[np.uint16]
    key: npt.NDArray[np.uint32]
    value: npt.NDArray[np.int8]
    flag: float
    block: float
    kind: npt.NDArray[np.float64]


@cache
def weights() -> Weights:
    """Read the model that comes with the package."""
    return unpacked(files("stillwatch.text").joinpath("elicitation.weights").read_bytes())


def packed(keys: Bits, value: npt.NDArray[np.int8], bounds: npt.NDArray[np.float64]) -> bytes:
    """A model as the package carries it: bounds, of ascending keys what is looked at (places as steps, the low half), weights; then xz."""
    steps = np.diff((keys >> _AT).astype("<u4"), prepend=np.uint32(0)).astype("<u4")
    parts = (bounds.astype("<f8"), keys.astype("<u4"), steps, value)
    return lzma.compress(b"".join(part.tobytes() for part in parts), preset=9)


def unpacked(held: bytes) -> Weights:
    """The model of `packed`."""
    raw = np.frombuffer(lzma.decompress(held), dtype=np.uint8)
    columns = 1 + len(KINDS)
    bounds = np.frombuffer(raw[: 8 * (columns + 1)].tobytes(), dtype="<f8")
    rest = raw[8 * (columns + 1) :]
    count = len(rest) // (8 + columns)
    low, steps = np.frombuffer(rest[: 8 * count].tobytes(), dtype="<u4").astype(np.uint64).reshape(2, count)
    value = rest[8 * count :].view(np.int8).reshape(count, columns)
    return made((np.cumsum(steps, dtype=np.uint64) << _AT) | low, value, bounds)


def made(keys: Bits, value: npt.NDArray[np.int8], bounds: npt.NDArray[np.float64]) -> Weights:
    """Lay out weights for look-up: row 0 is that of features the model does not know."""
    slot = np.zeros(1 << SLOTS, dtype=np.uint16)
    slot[(keys >> _AT).view(np.int64)] = np.arange(1, len(keys) + 1, dtype=np.uint16)
    return Weights(
        slot=slot,
        key=np.concatenate([np.zeros(1, dtype=np.uint32), keys.astype(np.uint32)]),
        value=np.concatenate([np.zeros((1, value.shape[1]), dtype=np.int8), value]),
        flag=float(bounds[0]),
        block=float(bounds[1]),
        kind=bounds[2:],
    )


def features_of(words: Words) -> tuple[Bits, Places]:
    """Hashes of the features of each text, and the row each one stands in; a row's features come in no particular order."""
    return _all_features(words.hash, words.stem, words.kind, words.offset)


@loop
def _all_features(hashes: Bits, stems: Bits, kind: npt.NDArray[np.uint8], offset: Places) -> tuple[Bits, Places]:
    keys = np.empty(_MOST_OF_A_WORD * len(hashes), dtype=np.uint64)
    row_of = np.empty(len(keys), dtype=np.int64)
    done = 0
    for row in range(len(offset) - 1):
        more = _features(hashes, stems, kind, offset[row], offset[row + 1], keys[done:])
        row_of[done : done + more] = row
        done += more
    return keys[:done], row_of[:done]


@step
def _features(hashes: Bits, stems: Bits, kind: npt.NDArray[np.uint8], low: int, high: int, keys: Bits) -> int:
    """Write the hashes of the features of one text's words, and say how many.

    Digits are one word; a word of up to `words.STEM` letters is its own stem and counts once.
    """
    done, run = 0, 0
    before = pair = u64(0)
    for at in range(low, high):
        sort = kind[at] & KIND
        stem = _NUMBER if sort == NUMBER else stems[at]
        keys[done] = _NUMBER if sort == NUMBER else hashes[at]
        done += 1
        if stem != keys[done - 1]:
            keys[done] = mix(stem + _STEM)
            done += 1
        run = run + 1 if sort == HAN else 0
        if run > 2:
            keys[done] = mix(pair * _STEP + stem + _TRIPLE)
            done += 1
        if at > low:
            pair = before * _STEP + stem
            keys[done] = mix(pair + _PAIR)
            done += 1
        before = stem
    return done


def norms(total: Places) -> npt.NDArray[np.float64]:
    """What a text's sum is divided by, from how many features it has."""
    return np.sqrt((total + _ROOM).astype(np.float64))


def sums(words: Words, by: Weights) -> tuple[npt.NDArray[np.int64], Places, Places, Places]:
    """Sum of the first column for each text, its number of features, and (table row, text) of its features that the model knows, each
    once."""
    return _sums(words.hash, words.stem, words.kind, words.offset, by.slot, by.key, by.value)


@loop
def _sums(
    hashes: Bits,
    stems: Bits,
    kind: npt.NDArray[np.uint8],
    offset: Places,
    slot: npt.NDArray[np.uint16],
    key: npt.NDArray[np.uint32],
    value: npt.NDArray[np.int8],
) -> tuple[Places, Places, Places, Places]:
    rows = len(offset) - 1
    first, total = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    held = np.empty(_MOST_OF_A_WORD * len(hashes), dtype=np.int64)
    row_of = np.empty(len(held), dtype=np.int64)
    keys = np.empty(
        _MOST_OF_A_WORD * max([0] + [offset[row + 1] - offset[row] for row in range(rows)]), dtype=np.uint64
    )
    met = np.full(len(key), -1, dtype=np.int64)
    done = 0
    for row in range(rows):
        total[row] = _features(hashes, stems, kind, offset[row], offset[row + 1], keys)
        for feature in keys[: total[row]]:
            entry = np.int64(slot[np.int64(feature >> _AT)])
            if entry and met[entry] != row and key[entry] == np.uint32(feature & _LOW):
                met[entry] = row
                first[row] += value[entry, 0]
                held[done], row_of[done] = entry, row
                done += 1
    return first, total, held[:done], row_of[:done]


def ends(found: Words) -> tuple[Words, Places]:
    """First and last `ENDS` words of each text as texts of their own, one where it has no more; and the text each one is of.

    >>> from stillwatch.text.words import words
    >>> cut, row = ends(words(["word " * 50, "two words"]))
    >>> cut.counts.tolist(), row.tolist()
    ([48, 48, 2], [0, 0, 1])
    """
    row = np.repeat(np.arange(found.rows), 1 + (found.counts > ENDS))
    last = np.append(False, row[1:] == row[:-1]) if len(row) else np.zeros(0, dtype=bool)
    low = np.where(last, found.offset[row + 1] - ENDS, found.offset[row])
    size = np.minimum(found.counts[row], ENDS)
    offset = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(size)])
    at = np.repeat(low - offset[:-1], size) + np.arange(offset[-1])
    parts = Words(
        hash=found.hash[at],
        stem=found.stem[at],
        kind=found.kind[at],
        length=found.length[at],
        offset=offset,
        known=found.known[row],
    )
    return parts, row


def asking(words: Words, *, by: Weights | None = None) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """How surely each text asks for training value (`Level`), and the bits of the kinds it asks for, 0 where the level is."""
    by = weights() if by is None else by
    parts, row = ends(words)
    first, total, at, part = sums(parts, by)
    norm = norms(total)
    sure = (first >= by.flag * norm).astype(np.uint8) + (first >= by.block * norm).astype(np.uint8)
    sure[total == 0] = Level.NO
    level, bits = np.zeros(words.rows, dtype=np.uint8), np.zeros(words.rows, dtype=np.int32)
    np.maximum.at(level, row, sure)
    flagged = np.flatnonzero(sure)
    if len(flagged):
        np.bitwise_or.at(bits, row[flagged], asked_for(by, at, part, flagged, norm))
    return level, bits


def asked_for(
    by: Weights, at: Places, row: Places, flagged: Places, norm: npt.NDArray[np.float64]
) -> npt.NDArray[np.int32]:
    """Bits of the kinds that flagged texts ask for: all above their threshold, and the likeliest in any case."""
    place = np.full(len(norm), -1)
    place[flagged] = np.arange(len(flagged))
    mine = place[row] >= 0
    total = np.zeros((len(flagged), len(KINDS)), dtype=np.int64)
    np.add.at(total, place[row[mine]], by.value[at[mine], 1:].astype(np.int64))
    over = total / norm[flagged, None] - by.kind
    kinds = over >= 0
    kinds[np.arange(len(flagged)), over.argmax(axis=1)] = True
    order = list(Technique)
    return kinds.astype(np.int32) @ np.array([1 << order.index(kind) for kind in KINDS], dtype=np.int32)
