"""Pseudonyms of many texts at once: the same names as `core.Pseudonymiser`, by a compiled BLAKE2b (RFC 7693) over Arrow's buffers.

A log has several identities a row, most of them different in every row, and calling a hash from Python costs ten times what it computes.
The state after the key is the same for all texts of a kind, so a short text is one block.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.text._loops import loop, step, u64
from stillwatch.text._mixing import Bits, Places

__all__ = ["pseudonyms"]

_BLOCK = 128
_IV = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)  # fmt: skip
_SIGMA = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    dtype=np.int64,
)


def pseudonyms(names: Pseudonymiser, kind: str, texts: pa.Array) -> pa.Array:
    """Name every text (string or large string) as `names.name(kind, text)` does; unknown stays unknown. int64.

    >>> names = Pseudonymiser(b"0" * 32)
    >>> pseudonyms(names, "ip", pa.array(["a", None])).to_pylist() == [names.name("ip", "a"), None]
    True
    """
    if not len(texts):
        return pa.nulls(0, pa.int64())
    block, key = names.beginning(kind)
    wide = texts.cast(pa.large_binary())
    _, ends, data = wide.buffers()
    offsets = np.frombuffer(ends, np.int64)[wide.offset : wide.offset + len(wide) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    begun = _IV ^ np.frombuffer(block, np.uint64)
    named = _named(held, offsets, begun, np.frombuffer(key.ljust(_BLOCK, b"\0"), np.uint64))
    return pa.array(named.view(np.int64), mask=np.asarray(wide.is_null()) if wide.null_count else None)


@step
def _turned(value: np.uint64, by: np.uint64) -> np.uint64:
    return (value >> by) | (value << (u64(64) - by))


@step
def _mixed(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, x: np.uint64, y: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """The function G of RFC 7693, 3.1."""
    a = a + b + x
    d = _turned(d ^ a, u64(32))
    c = c + d
    b = _turned(b ^ c, u64(24))
    a = a + b + y
    d = _turned(d ^ a, u64(16))
    c = c + d
    b = _turned(b ^ c, u64(63))
    return a, b, c, d


@step
def _compress(h: Bits, m: Bits, taken: np.uint64, last: bool) -> None:
    """The function F of RFC 7693, 3.2, in place; `taken` bytes so far, this block's among them."""
    v0, v1, v2, v3, v4, v5, v6, v7 = h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
    v8, v9, v10, v11 = _IV[0], _IV[1], _IV[2], _IV[3]
    v12, v13, v14, v15 = _IV[4] ^ taken, _IV[5], _IV[6], _IV[7]
    if last:
        v14 = ~v14
    for turn in range(12):
        s = _SIGMA[turn]
        v0, v4, v8, v12 = _mixed(v0, v4, v8, v12, m[s[0]], m[s[1]])
        v1, v5, v9, v13 = _mixed(v1, v5, v9, v13, m[s[2]], m[s[3]])
        v2, v6, v10, v14 = _mixed(v2, v6, v10, v14, m[s[4]], m[s[5]])
        v3, v7, v11, v15 = _mixed(v3, v7, v11, v15, m[s[6]], m[s[7]])
        v0, v5, v10, v15 = _mixed(v0, v5, v10, v15, m[s[8]], m[s[9]])
        v1, v6, v11, v12 = _mixed(v1, v6, v11, v12, m[s[10]], m[s[11]])
        v2, v7, v8, v13 = _mixed(v2, v7, v8, v13, m[s[12]], m[s[13]])
        v3, v4, v9, v14 = _mixed(v3, v4, v9, v14, m[s[14]], m[s[15]])
    h[0] ^= v0 ^ v8
    h[1] ^= v1 ^ v9
    h[2] ^= v2 ^ v10
    h[3] ^= v3 ^ v11
    h[4] ^= v4 ^ v12
    h[5] ^= v5 ^ v13
    h[6] ^= v6 ^ v14
    h[7] ^= v7 ^ v15


@loop
def _named(data: npt.NDArray[np.uint8], offsets: Places, begun: Bits, key: Bits) -> Bits:
    out = np.empty(len(offsets) - 1, dtype=np.uint64)
    keyed, h, m = begun.copy(), np.empty(8, dtype=np.uint64), np.empty(16, dtype=np.uint64)
    _compress(keyed, key, u64(_BLOCK), False)
    for row in range(len(out)):
        at, size = offsets[row], offsets[row + 1] - offsets[row]
        h[:] = keyed
        if size == 0:
            h[:] = begun
            _compress(h, key, u64(_BLOCK), True)
        done = 0
        while done < size:
            part = min(_BLOCK, size - done)
            m[:] = 0
            for place in range(part):
                m[place >> 3] |= u64(data[at + done + place]) << u64((place & 7) << 3)
            done += part
            _compress(h, m, u64(_BLOCK + done), done == size)
        out[row] = h[0] if h[0] != 0 else u64(1)
    return out
