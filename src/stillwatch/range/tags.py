"""Identifiers as text, a whole column at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["tagged"]

_HEX = np.array([[ord(c) for c in f"{k:02x}"] for k in range(256)], np.uint8)


def tagged(prefix: str, words: NDArray[np.uint64], digits: int = 16) -> Any:
    """`prefix` and the last `digits` hexadecimal digits of each word, as an Arrow array of texts.

    >>> tagged("req_", np.array([255], np.uint64), 4).to_pylist()
    ['req_00ff']
    """
    size, ahead = len(words), len(prefix)
    raw = np.ascontiguousarray(words).astype(">u8").view(np.uint8).reshape(size, 8)
    out = np.empty((size, ahead + digits), np.uint8)
    out[:, :ahead] = np.frombuffer(prefix.encode("ascii"), np.uint8)
    out[:, ahead:] = _HEX[raw].reshape(size, 16)[:, 16 - digits :]
    offsets = np.arange(size + 1, dtype=np.int32) * np.int32(ahead + digits)
    return pa.StringArray.from_buffers(size, pa.py_buffer(offsets), pa.py_buffer(out))
