"""Words of a batch of texts as 64-bit numbers: what every other text feature is made of.

A word is a run of letters, marks, digits and underscores; in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) each
character is a word. A word's number is a polynomial of its characters modulo 2^64 (Karp and Rabin 1987,
doi:10.1147/rd.312.0249), then mixed. It carries no key: values that leave this room are keyed where they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stillwatch.text._characters import AT, COLON, DIGIT, IDEOGRAPH, LETTER, QUOTE, SPACE
from stillwatch.text._loops import loop, step, u64
from stillwatch.text._mixing import GOLDEN, Bits, Places, mix
from stillwatch.text.normal import Batch, Text, arrow, normal, portions

__all__ = ["ADDRESS", "CODE", "HAN", "KIND", "NUMBER", "QUOTED", "STEM", "WORD", "Words", "count", "of", "words"]

WORD, NUMBER, CODE, HAN = 0, 1, 2, 3
"""Kinds: letters, digits only, letters with digits (names, ids), a character that is a word of its own."""
KIND, QUOTED, ADDRESS = 3, 4, 8
"""`kind & KIND` is the kind; the bits QUOTED (inside quotation marks) and ADDRESS (part of a URL or e-mail) come on top."""

_BASE = u64(0x2545F4914F6CDD1D)
_SLASH = 0x2F
_LONGEST = 16 * 1024
"""Characters of one word that enter its number; beyond that only its length does."""
STEM = 5
"""Characters of a word that make its stem: what most forms of a word share in languages that inflect or join."""
_OF_A_STEM = u64(STEM * int(GOLDEN) % (1 << 64))

_Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
_Classes: TypeAlias = npt.NDArray[np.uint8]


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
        counts.append(_counts(text.classes, text.offset))
        known.append(text.known)
    return np.concatenate(counts), np.concatenate(known)


def of(text: Text) -> Words:
    """Words of texts that are already spelt one way."""
    most = len(text.codes) if text.codes.dtype != np.uint8 else (len(text.codes) + len(text.known)) // 2
    hashes, stems = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.uint64)
    kind, length = np.empty(most, dtype=np.uint8), np.empty(most, dtype=np.int32)
    offset = _read(text.codes, text.classes, text.offset, hashes, stems, kind, length)
    size = offset[-1]
    return Words(
        hash=hashes[:size],
        stem=stems[:size],
        kind=kind[:size],
        length=length[:size],
        offset=offset,
        known=text.known,
    )


@loop
def _counts(classes: _Classes, offset: Places) -> Places:
    """Words of each row."""
    counts = np.zeros(len(offset) - 1, dtype=np.int64)
    for row in range(len(counts)):
        low, high = offset[row], offset[row + 1]
        found = 1 if low < high and classes[low] >= LETTER else 0
        for at in range(low + 1, high):
            now, before = classes[at], classes[at - 1]
            found += (now >= LETTER) & ((now == IDEOGRAPH) | (before < LETTER) | (before == IDEOGRAPH))
        counts[row] = found
    return counts


@loop
def _read(
    codes: _Codes,
    classes: _Classes,
    offset: Places,
    whole: Bits,
    stems: Bits,
    kind: _Classes,
    lengths: npt.NDArray[np.int32],
) -> Places:
    """Number every word, say of which sort it is, and mark those inside quotation marks and addresses; the row offsets among them.

    Quotation marks pair in order within a row. An address is told by `://` or `@` between words, and reaches from the last space,
    quotation mark or ideograph before it to the next behind it.
    """
    ends = np.zeros(len(offset), dtype=np.int64)
    word = 0
    for row in range(len(offset) - 1):
        low, high = offset[row], offset[row + 1]
        at, opened, head, address = low, -1, word, False
        while at < high:
            now = classes[at]
            if now == SPACE or now == QUOTE or now == IDEOGRAPH:  # noqa: SIM109 - compiled, `in` is three times slower
                if address:
                    _mark(kind, ADDRESS, head, word)
                head, address = word, False
            if now < LETTER:
                if now == QUOTE:
                    if opened >= 0:
                        _mark(kind, QUOTED, opened, word)
                    opened = -1 if opened >= 0 else word
                elif now >= AT and at > low and classes[at - 1] >= LETTER:
                    if now == COLON:
                        address |= at + 2 < high and codes[at + 1] == _SLASH and codes[at + 2] == _SLASH
                    elif now == AT:
                        address |= at + 1 < high and classes[at + 1] >= LETTER
                at += 1
                continue
            start, digits = at, 0
            total, power, stem = u64(0), u64(1), u64(0)
            while True:
                stem = total if at - start == STEM else stem
                if at - start < _LONGEST:
                    total += u64(codes[at]) * power
                    power *= _BASE
                digits += classes[at] == DIGIT
                at += 1
                if at == high or classes[at] < LETTER or classes[at] == IDEOGRAPH or now == IDEOGRAPH:
                    break
            length = at - start
            whole[word] = mix(total + u64(length) * GOLDEN)
            stems[word] = mix(stem + _OF_A_STEM) if length > STEM else whole[word]
            lengths[word] = length
            kind[word] = WORD if digits == 0 else NUMBER if digits == length else CODE
            word += 1
            if now == IDEOGRAPH:
                kind[word - 1] = HAN
                head = word
        if address:
            _mark(kind, ADDRESS, head, word)
        ends[row + 1] = word
    return ends


@step
def _mark(kind: _Classes, flag: int, first: int, last: int) -> None:
    for word in range(first, last):
        kind[word] |= flag
