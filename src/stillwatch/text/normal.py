"""Texts of a batch as one array of characters in one spelling, so that everything after works on whole arrays.

A row of plain ASCII costs two table look-ups a byte. Other rows cost a look-up a code point, and only rows in which
neighbouring characters compose or reorder (Unicode NFKC, UAX 15) are normalised by `unicodedata`, one call each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.text._characters import ASCII_CLASSES, ASCII_FOLDED, DROPPED, characters, folded
from stillwatch.text._mixing import Places

__all__ = ["Batch", "Text", "normal", "portions"]

Batch: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str | None]
"""Texts as they come: an Arrow string column, or a plain sequence in which None means unknown."""

PORTION = 1024 * 1024
"""Bytes of text worked on at a time: few enough for small arrays, enough that calls cost little."""
ROWS = 1 << 15
"""Rows worked on at a time, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Rows of text as characters end to end: row i is `codes[offset[i]:offset[i + 1]]`.

    `codes` are folded code points (bytes where all is ASCII), `classes` what each is (`_characters`), `known` is False for null rows.
    """

    codes: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    classes: npt.NDArray[np.uint8]
    offset: Places
    known: npt.NDArray[np.bool_]


def arrow(batch: Batch) -> pa.Array:
    """One Arrow array of large strings; lone surrogates of plain sequences become separators."""
    if isinstance(batch, pa.ChunkedArray):
        batch = batch.combine_chunks()
    if isinstance(batch, pa.Array):
        return batch if pa.types.is_large_string(batch.type) else batch.cast(pa.large_string())
    try:
        return pa.array(batch, type=pa.large_string())
    except UnicodeEncodeError:
        whole = [None if text is None else text.encode("utf-8", "replace").decode("utf-8") for text in batch]
        return pa.array(whole, type=pa.large_string())


def portions(array: pa.Array) -> Iterator[pa.Array]:
    """Cut a large-string array into slices of about `PORTION` bytes, never inside a row."""
    offset = _offsets(array)
    low = 0
    while low < len(array):
        high = int(np.searchsorted(offset, offset[low] + PORTION, side="right")) - 1
        high = min(max(high, low + 1), low + ROWS, len(array))
        yield array.slice(low, high - low)
        low = high


def normal(batch: Batch) -> Text:
    """Spell a batch of texts one way: NFKC, case-folded, without invisible characters.

    Null rows are empty and not `known`. NUL and other control characters separate words; so does what is not valid UTF-8.
    Source: Unicode UAX 15 (normalisation), UAX 44 (categories). Homoglyphs of different scripts stay different.
    """
    array = arrow(batch)
    offset = _offsets(array)
    known = np.asarray(array.is_valid()) if array.null_count else np.ones(len(array), dtype=bool)
    buffers = array.buffers()
    data = memoryview(buffers[2])[int(offset[0]) : int(offset[-1])] if buffers[2] is not None else memoryview(b"")
    offset = offset - offset[0]
    if array.null_count and (np.diff(offset)[~known] != 0).any():
        return normal(pa.array(array.to_pylist(), type=pa.large_string()))
    raw = data.tobytes()
    if raw.isascii():
        codes = np.frombuffer(raw.translate(ASCII_FOLDED), dtype=np.uint8)
        classes = np.frombuffer(raw.translate(ASCII_CLASSES), dtype=np.uint8)
        return Text(codes=codes, classes=classes, offset=offset, known=known)
    return _unicode(raw, offset, known)


def _offsets(array: pa.Array) -> Places:
    buffer = array.buffers()[1]
    if buffer is None or len(array) == 0:
        return np.zeros(len(array) + 1, dtype=np.int64)
    return np.frombuffer(buffer, dtype=np.int64, count=len(array) + 1, offset=array.offset * 8)


def _unicode(raw: bytes, offset: Places, known: npt.NDArray[np.bool_]) -> Text:
    try:
        wide = raw.decode("utf-8").encode("utf-32-le")
    except UnicodeDecodeError:
        rows = [raw[a:b].decode("utf-8", "replace").encode("utf-8") for a, b in _bounds(offset)]
        return _unicode(b"".join(rows), _ends([len(row) for row in rows]), known)
    leads = np.zeros(len(raw) + 1, dtype=np.int64)
    np.cumsum((np.frombuffer(raw, dtype=np.uint8) & 0xC0) != 0x80, out=leads[1:])
    codes = np.frombuffer(wide, dtype=np.uint32)
    offset = leads[offset]
    table = characters()
    classes = table.classes.take(codes)
    dropped = classes == DROPPED
    if dropped.any():
        codes, offset = _without(codes, offset, dropped)
    context = table.context.take(codes)
    if context.any():
        beside = context == 2
        beside[1:] &= beside[:-1].copy()
        beside[:1] = False
        needs = np.flatnonzero((context == 1) | beside)
        if len(needs):
            rows_needing = np.unique(np.searchsorted(offset, needs, side="right") - 1)
            codes, offset = _one_by_one(codes, offset, rows_needing)
    codes = table.folded.take(codes)
    classes = table.classes.take(codes)
    dropped = classes == DROPPED
    if dropped.any():
        codes, offset = _without(codes, offset, dropped)
        classes = classes[~dropped]
    return Text(codes=codes, classes=classes, offset=offset, known=known)


def _without(
    codes: npt.NDArray[np.uint32], offset: Places, dropped: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint32], Places]:
    gone = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(dropped, out=gone[1:])
    return codes[~dropped], offset - gone[offset]


def _one_by_one(codes: npt.NDArray[np.uint32], offset: Places, rows: Places) -> tuple[npt.NDArray[np.uint32], Places]:
    """Fold the given rows, which have no invisible characters left, through `unicodedata`; the rest is carried over as it is."""
    pieces: list[npt.NDArray[np.uint32]] = []
    lengths = np.diff(offset)
    done = 0
    for row in rows.tolist():
        low, high = int(offset[row]), int(offset[row + 1])
        text = codes[low:high].tobytes().decode("utf-32-le")
        spelt = np.frombuffer(folded(text, visible=True).encode("utf-32-le"), dtype=np.uint32)
        pieces += [codes[done:low], spelt]
        lengths[row] = len(spelt)
        done = high
    pieces.append(codes[done:])
    return np.concatenate(pieces), _ends(lengths)


def _bounds(offset: Places) -> Iterator[tuple[int, int]]:
    return zip(offset[:-1].tolist(), offset[1:].tolist(), strict=True)


def _ends(lengths: Sequence[int] | Places) -> Places:
    out = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=out[1:])
    return out
