"""What texts are about, as short vectors from a small table of words and pieces of words in several languages: no model at run time.

The beginning of a text, its first `READ` characters, is read as words and pieces of `PIECE` letters of them; in scripts written without
spaces, as characters and pairs of neighbours. Each falls into one of `BUCKETS` buckets, and the rows of the table of the buckets that
are met, each once, are added up. The rows were fitted by ridge regression to what a multilingual sentence encoder says of permissively
licensed prompts, after the directions had been taken out in which translations of one text differ. So what is left says little of the
language. The table is kept as a product quantisation, `WIDTH` numbers of a row in `PARTS` bytes. Its make, size and error:
`docs/benchmarks/static-table.md`.

Rows are integers and so are their sums; what is rounded is a square root and a division, which IEEE 754 fixes: equal texts give equal
numbers on every machine and for every cut of a batch.

Source of the form: Joulin and others (2017), arXiv:1607.01759 (bags of pieces); Jegou and others (2011), doi:10.1109/TPAMI.2010.57
(product quantisation).
Misled by: words that its makers' texts lack, whose pieces may mean something else; the order of words, which it does not see; and
languages that its makers lacked. Never the only evidence.
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from stillwatch.text._characters import DIGIT, IDEOGRAPH, LETTER
from stillwatch.text._loops import loop, step, u64
from stillwatch.text._mixing import GOLDEN, Places, mix
from stillwatch.text.normal import Batch, Text, arrow, normal, portions

__all__ = [
    "BUCKETS",
    "LENGTH",
    "MAIN",
    "PARTS",
    "TOPICS",
    "WIDTH",
    "Meanings",
    "Told",
    "buckets_of",
    "meaning_sums",
    "meaning_vectors",
    "meanings",
    "packed",
    "told",
    "unpacked",
]

READ = 300
"""Characters of a text that are read."""
PIECE = 4
"""Letters of a piece of a word, its two ends counted as one letter each."""
BITS = 13
BUCKETS = 1 << BITS
WIDTH, PARTS = 64, 8
TOPICS, MAIN = 256, 24
"""Cells into which vectors are sorted, and main directions that most of them lie in."""
LENGTH = 300
"""Length of the vectors of cells and directions, as integers."""

_SHIFT = u64(64 - BITS)
_BASE = u64(0x2545F4914F6CDD1D)
_WHOLE, _PIECE, _PAIR, _NUMBER = u64(11), u64(23), u64(37), u64(53)
_OPENS, _CLOSES = u64(2), u64(3)

_Bytes = npt.NDArray[np.int8]
_Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Meanings:
    """The table, ready: `rows` by bucket, vectors of `cells` and of `main` directions (`LENGTH` long, one a column), names of cells."""

    rows: _Bytes
    cells: npt.NDArray[np.int32]
    main: npt.NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the vectors of texts say, a row a text; `known` is False where a text meets no bucket, and the rest is then 0.

    `signs` has a bit for each coordinate that is above 0: texts at angle t share each with chance 1 - t / pi, so means of the signs over
    many texts embed their distribution (Charikar 2002, doi:10.1145/509907.509965). `topic` is the nearest cell, `far` the thousandths
    that the cosine with it lacks of 1, `rest` the thousandths of the squared length outside the main directions.
    """

    known: npt.NDArray[np.bool_]
    signs: Places
    topic: npt.NDArray[np.int32]
    far: npt.NDArray[np.int32]
    rest: npt.NDArray[np.int32]


@cache
def meanings() -> Meanings:
    """Read the table that comes with the package."""
    room = files("stillwatch.text")
    return unpacked(room.joinpath("meaning.table").read_bytes(), room.joinpath("meaning.names").read_text("utf-8"))


def packed(codes: npt.NDArray[np.uint8], books: _Bytes, cells: _Bytes, main: _Bytes) -> bytes:
    """A table as the package carries it: codebooks (a part's 256 rows end to end), cells, main directions, codes by part; then xz."""
    return lzma.compress(
        b"".join(np.ascontiguousarray(part).tobytes() for part in (books, cells, main, codes.T)), preset=9
    )


def unpacked(held: bytes, names: str) -> Meanings:
    """The table of `packed`, with the names of its cells, one a line.

    Raises:
        ValueError: when it is no table, or one of other sizes.
        lzma.LZMAError: when it is cut or damaged.
    """
    raw = np.frombuffer(lzma.decompress(held), dtype=np.int8)
    sizes = (256 * WIDTH, TOPICS * WIDTH, MAIN * WIDTH, BUCKETS * PARTS)
    if raw.size != sum(sizes):
        raise ValueError(f"table of meanings: got {raw.size:,} bytes, expected {sum(sizes):,}")
    books, cells, main, codes = np.split(raw, np.cumsum(sizes)[:-1])
    book = books.reshape(PARTS, 256, WIDTH // PARTS)
    code = codes.view(np.uint8).reshape(PARTS, BUCKETS)
    return Meanings(
        rows=np.ascontiguousarray(np.concatenate([book[part][code[part]] for part in range(PARTS)], axis=1)),
        cells=np.ascontiguousarray(cells.reshape(TOPICS, WIDTH).T.astype(np.int32)),
        main=np.ascontiguousarray(main.reshape(MAIN, WIDTH).T.astype(np.int32)),
        names=tuple(names.splitlines()),
    )


def buckets_of(text: Text) -> tuple[Places, Places]:
    """Buckets that each text meets, each once, end to end; and where each text begins among them, with the end of the last."""
    return _all_buckets(text.codes, text.classes, text.offset)


def meaning_sums(text: Text, by: Meanings | None = None) -> tuple[npt.NDArray[np.int32], Places]:
    """Sum of the table's rows for each text (texts by `WIDTH`), and how many buckets it meets."""
    by = meanings() if by is None else by
    return _sums(text.codes, text.classes, text.offset, by.rows)


def meaning_vectors(batch: Batch, by: Meanings | None = None) -> npt.NDArray[np.float32]:
    """One vector a text, of length 1, or all zero where the text meets no bucket."""
    parts = [np.zeros((0, WIDTH), dtype=np.int32)]
    parts += [meaning_sums(normal(portion), by)[0] for portion in portions(arrow(batch))]
    total = np.concatenate(parts).astype(np.float64)
    long = np.sqrt(np.sum(total * total, axis=1, keepdims=True))
    return np.asarray(total / np.where(long > 0, long, 1.0), dtype=np.float32)


def told(text: Text, by: Meanings | None = None) -> Told:
    """Signs, topic and strangeness of each text."""
    by = meanings() if by is None else by
    total, size = meaning_sums(text, by)
    signs, topic, far, rest = _told(total, by.cells, by.main)
    return Told(known=(size > 0) & (topic >= 0), signs=signs, topic=np.maximum(topic, 0), far=far, rest=rest)


@loop
def _told(
    total: npt.NDArray[np.int32], cells: npt.NDArray[np.int32], main: npt.NDArray[np.int32]
) -> tuple[Places, npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    rows = len(total)
    signs, topic = np.zeros(rows, dtype=np.int64), np.full(rows, -1, dtype=np.int32)
    far, rest = np.zeros(rows, dtype=np.int32), np.zeros(rows, dtype=np.int32)
    near, along = np.empty(TOPICS, dtype=np.int32), np.empty(MAIN, dtype=np.int32)
    for row in range(rows):
        squared = np.int64(0)
        near[:], along[:] = 0, 0
        for place in range(WIDTH):
            one = total[row, place]
            squared += np.int64(one) * np.int64(one)
            if one > 0:
                signs[row] |= np.int64(1) << np.int64(place)
            for cell in range(TOPICS):
                near[cell] += one * cells[place, cell]
            for axis in range(MAIN):
                along[axis] += one * main[place, axis]
        if squared == 0:
            continue
        best = 0
        for cell in range(TOPICS):
            if near[cell] > near[best]:
                best = cell
        within = np.int64(0)
        for axis in range(MAIN):
            within += np.int64(along[axis]) * np.int64(along[axis])
        topic[row] = best
        share = (np.int64(1000) * within) // (np.int64(LENGTH * LENGTH) * squared)
        rest[row] = max(0, 1000 - int(share))
        cosine = np.float64(near[best]) / (np.float64(LENGTH) * np.sqrt(np.float64(squared)))
        far[row] = min(2000, max(0, int(1000.0 - 1000.0 * cosine)))
    return signs, topic, far, rest


@loop
def _all_buckets(codes: _Codes, classes: npt.NDArray[np.uint8], offset: Places) -> tuple[Places, Places]:
    rows = len(offset) - 1
    ends = np.zeros(rows + 1, dtype=np.int64)
    out = np.empty(2 * (len(codes) + rows), dtype=np.int64)
    met, held = np.full(BUCKETS, -1, dtype=np.int64), np.empty(READ + 2, dtype=np.uint64)
    found = np.empty(2 * READ, dtype=np.int64)
    done = 0
    for row in range(rows):
        more = _buckets(codes, classes, offset[row], offset[row + 1], row, met, held, found)
        for at in range(more):
            out[done + at] = found[at]
        done += more
        ends[row + 1] = done
    return out[:done], ends


@loop
def _sums(
    codes: _Codes, classes: npt.NDArray[np.uint8], offset: Places, table: _Bytes
) -> tuple[npt.NDArray[np.int32], Places]:
    rows = len(offset) - 1
    total, size = np.zeros((rows, WIDTH), dtype=np.int32), np.zeros(rows, dtype=np.int64)
    met, held = np.full(BUCKETS, -1, dtype=np.int64), np.empty(READ + 2, dtype=np.uint64)
    found = np.empty(2 * READ, dtype=np.int64)
    for row in range(rows):
        size[row] = _buckets(codes, classes, offset[row], offset[row + 1], row, met, held, found)
        for at in range(size[row]):
            for place in range(WIDTH):
                total[row, place] += np.int32(table[found[at], place])
    return total, size


@step
def _buckets(
    codes: _Codes,
    classes: npt.NDArray[np.uint8],
    low: int,
    end: int,
    row: int,
    met: Places,
    held: npt.NDArray[np.uint64],
    found: Places,
) -> int:
    """Write the buckets that one text meets, each once, and say how many. `met` holds of each bucket the last text that met it."""
    high, at, done = min(end, low + READ), low, 0
    while at < high:
        now = classes[at]
        if now < LETTER:
            at += 1
            continue
        if now == IDEOGRAPH:
            done = _meet(u64(codes[at]), _WHOLE, row, met, found, done)
            at += 1
            if at < high and classes[at] == IDEOGRAPH:
                done = _meet(u64(codes[at - 1]) * _BASE + u64(codes[at]), _PAIR, row, met, found, done)
            continue
        size, digits, whole = 0, 0, u64(0)
        held[0] = _OPENS
        while at < high and classes[at] >= LETTER and classes[at] != IDEOGRAPH:
            size += 1
            held[size] = u64(codes[at])
            whole = whole * _BASE + u64(codes[at])
            digits += classes[at] == DIGIT
            at += 1
        if digits == size:
            done = _meet(_NUMBER, _NUMBER, row, met, found, done)
            continue
        held[size + 1] = _CLOSES
        done = _meet(whole, _WHOLE, row, met, found, done)
        for start in range(size + 3 - PIECE):
            piece = u64(0)
            for letter in range(PIECE):
                piece = piece * _BASE + held[start + letter]
            done = _meet(piece, _PIECE, row, met, found, done)
    return done


@step
def _meet(value: np.uint64, salt: np.uint64, row: int, met: Places, found: Places, done: int) -> int:
    bucket = np.int64(mix(value + salt * GOLDEN) >> _SHIFT)
    if met[bucket] == row:
        return done
    met[bucket] = row
    found[done] = bucket
    return done + 1
