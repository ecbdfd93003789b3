"""Words of a batch of texts as 64-bit numbers: what every other text feature is made of.

A word is a run of letters, marks, digits and underscores; in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) each
character is a word. A word's number is a polynomial of its characters modulo 2^64, taken from running sums (Karp and Rabin 1987,
doi:10.1147/rd.312.0249), then mixed. It carries no key: values that leave this room are keyed where they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from stillwatch.text._characters import AT, COLON, DIGIT, IDEOGRAPH, LETTER, QUOTE, SPACE
from stillwatch.text._mixing import GOLDEN, Bits, Places, mixed
from stillwatch.text.normal import Batch, Text, arrow, normal, portions

__all__ = ["ADDRESS", "CODE", "HAN", "KIND", "NUMBER", "QUOTED", "STEM", "WORD", "Words", "count", "of", "words"]

WORD, NUMBER, CODE, HAN = 0, 1, 2, 3
"""Kinds: letters, digits only, letters with digits (names, ids), a character that is a word of its own."""
KIND, QUOTED, ADDRESS = 3, 4, 8
"""`kind & KIND` is the kind; the bits QUOTED (inside quotation marks) and ADDRESS (part of a URL or e-mail) come on top."""

_BASE = 0x2545F4914F6CDD1D
_BLOCK = 128 * 1024
_LONGEST = 16 * 1024
"""Characters of one word that enter its number; beyond that only its length does."""
STEM = 5
"""Characters of a word that make its stem: what most forms of a word share in languages that inflect or join."""
_OF_A_STEM = np.uint64(STEM * int(GOLDEN) % (1 << 64))


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Words of rows end to end: row i has `hash[offset[i]:offset[i + 1]]`.

    `stem` is the number of a word's first `STEM` characters, equal to `hash` where there are no more; `length` is a word's length in
    characters after folding; `known` is False for rows that were null, which have no words.
    """

    hash: Bits
    stem: Bits
    kind: npt.NDArray[np.uint8]
    length: npt.NDArray[np.int32]
    offset: Places
    known: npt.NDArray[np.bool_]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.known)

    @property
    def counts(self) -> Places:
        """Words in each row; 0 for null rows, which `known` tells apart."""
        return np.diff(self.offset)

    def rows_between(self, low: int, high: int) -> Words:
        """The rows from `low` up to `high`, as views."""
        if low == 0 and high >= self.rows:
            return self
        offset = self.offset[low : high + 1]
        part = slice(int(offset[0]), int(offset[-1]))
        return Words(
            hash=self.hash[part],
            stem=self.stem[part],
            kind=self.kind[part],
            length=self.length[part],
            offset=offset - offset[0],
            known=self.known[low:high],
        )


def words(batch: Batch) -> Words:
    """Read a batch of texts as words.

    >>> found = words(["Hello, HELLO 42", None, "你好"])
    >>> found.counts.tolist(), found.known.tolist()
    ([3, 0, 2], [True, False, True])
    >>> bool(found.hash[0] == found.hash[1])
    True
    """
    parts = [of(normal(portion)) for portion in portions(arrow(batch))]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return of(normal([]))
    counts = np.concatenate([part.counts for part in parts])
    return Words(
        hash=np.concatenate([part.hash for part in parts]),
        stem=np.concatenate([part.stem for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        length=np.concatenate([part.length for part in parts]),
        offset=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
        known=np.concatenate([part.known for part in parts]),
    )


def count(batch: Batch) -> tuple[Places, npt.NDArray[np.bool_]]:
    """Count the words of each text without hashing them: (counts, known)."""
    counts, known = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
    for portion in portions(arrow(batch)):
        text = normal(portion)
        starts, _ = _spans(text)
        counts.append(np.diff(np.searchsorted(starts, text.offset)))
        known.append(text.known)
    return np.concatenate(counts), np.concatenate(known)


def of(text: Text) -> Words:
    """Words of texts that are already spelt one way."""
    starts, ends = _spans(text)
    kind = np.zeros(len(starts), dtype=np.uint8)
    length = ends - starts
    digits = np.flatnonzero(text.classes == DIGIT)
    if len(digits):
        held = np.bincount(np.searchsorted(starts, digits, side="right") - 1, minlength=len(starts))
        kind[held > 0] = CODE
        kind[held == length] = NUMBER
    if text.codes.dtype != np.uint8:
        kind[text.classes.take(starts) == IDEOGRAPH] = HAN
    _mark_quoted(kind, text, starts)
    _mark_addresses(kind, text, starts)
    whole, stem = _hashes(text.codes, starts, ends)
    return Words(
        hash=whole,
        stem=stem,
        kind=kind,
        length=length.astype(np.int32),
        offset=np.searchsorted(starts, text.offset).astype(np.int64),
        known=text.known,
    )


def _spans(text: Text) -> tuple[Places, Places]:
    classes = text.classes
    inside = np.zeros(len(classes) + 1, dtype=bool)
    np.greater_equal(classes, LETTER, out=inside[:-1])
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    first = text.offset[:-1]
    begins[first] = inside[first]
    begins[-1] = False
    if text.codes.dtype != np.uint8:
        alone = classes == IDEOGRAPH
        begins[:-1] |= alone
        begins[1:-1] |= alone[:-1] & inside[1:-1]
    ends = inside[:-1] & (~inside[1:] | begins[1:])
    if len(text.offset) > 1 and len(classes):
        last = text.offset[1:][text.offset[1:] > 0] - 1
        ends[last] = inside[last]
    return np.flatnonzero(begins), np.flatnonzero(ends) + 1


@cache
def _powers() -> tuple[Bits, Bits]:
    """Powers of the base and of its inverse modulo 2^64, for positions in a block."""
    size = _BLOCK + _LONGEST + 1
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        table = np.full(size, base, dtype=np.uint64)
        table[0] = 1
        np.cumprod(table, out=table)
        table.flags.writeable = False
        both.append(table)
    return both[0], both[1]


def _hashes(codes: npt.NDArray[np.uint8] | npt.NDArray[np.uint32], starts: Places, ends: Places) -> tuple[Bits, Bits]:
    """The numbers of the words and of their stems, from the same running sums."""
    power, inverse = _powers()
    whole = np.empty(len(starts), dtype=np.uint64)
    length = (ends - starts).astype(np.uint64)
    cut = np.flatnonzero(length > STEM)
    short = np.empty(len(cut), dtype=np.uint64)
    ends = np.minimum(ends, starts + _LONGEST)
    running = np.empty(_BLOCK + _LONGEST + 1, dtype=np.uint64)
    low = done = 0
    while low < len(starts):
        origin = int(starts[low])
        high = int(np.searchsorted(starts, origin + _BLOCK))
        size = int(ends[high - 1]) - origin
        sums = running[: size + 1]
        sums[0] = 0
        np.multiply(codes[origin : origin + size], power[:size], out=sums[1:])
        np.cumsum(sums, out=sums)
        at = starts[low:high] - origin
        whole[low:high] = (sums.take(ends[low:high] - origin) - sums.take(at)) * inverse.take(at)
        upto = int(np.searchsorted(cut, high))
        at = starts[cut[done:upto]] - origin
        short[done:upto] = (sums.take(at + STEM) - sums.take(at)) * inverse.take(at)
        low, done = high, upto
    whole = mixed(whole + length * GOLDEN)
    stem = whole.copy()
    stem[cut] = mixed(short + _OF_A_STEM)
    return whole, stem


def _mark(kind: npt.NDArray[np.uint8], flag: int, starts: Places, low: Places, high: Places) -> None:
    """Set a flag on the words that begin at or after `low[i]` and before `high[i]`, for some i."""
    first = np.searchsorted(starts, low)
    size = np.searchsorted(starts, high) - first
    inside = np.repeat(first - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))
    kind[inside] |= np.uint8(flag)


def _mark_quoted(kind: npt.NDArray[np.uint8], text: Text, starts: Places) -> None:
    marks = np.flatnonzero(text.classes == QUOTE)
    if len(marks) < 2:
        return
    row = np.searchsorted(text.offset, marks, side="right") - 1
    place = np.arange(len(marks)) - np.searchsorted(row, row)
    opens = np.flatnonzero((place[:-1] % 2 == 0) & (row[:-1] == row[1:]))
    _mark(kind, QUOTED, starts, marks[opens], marks[opens + 1])


def _inside(text: Text, marks: Places, after: int) -> Places:
    """Marks with a character before them and `after` behind them in their own row."""
    if not len(marks):
        return marks
    row = np.searchsorted(text.offset, marks, side="right") - 1
    return marks[(marks > text.offset[row]) & (marks + after < text.offset[row + 1])]


def _mark_addresses(kind: npt.NDArray[np.uint8], text: Text, starts: Places) -> None:
    """Flag the words of URLs (`://`) and e-mail addresses: everything up to the next space, quotation mark or ideograph."""
    codes, classes = text.codes, text.classes
    colons = np.flatnonzero(classes == COLON)
    colons = _inside(text, colons, 2)
    colons = colons[(codes[colons + 1] == 0x2F) & (codes[colons + 2] == 0x2F) & (classes[colons - 1] >= LETTER)]
    ats = np.flatnonzero(classes == AT)
    ats = _inside(text, ats, 1)
    ats = ats[(classes[ats - 1] >= LETTER) & (classes[ats + 1] >= LETTER)]
    marks = np.concatenate([colons, ats])
    if not len(marks):
        return
    stops = np.flatnonzero((classes == SPACE) | (classes == QUOTE) | (classes == IDEOGRAPH))
    fence = np.concatenate([[-1], stops, [len(codes)]])
    place = np.searchsorted(fence, marks)
    row = np.searchsorted(text.offset, marks, side="right") - 1
    low = np.maximum(fence[place - 1] + 1, text.offset[row])
    high = np.minimum(fence[place], text.offset[row + 1])
    _mark(kind, ADDRESS, starts, low, high)
