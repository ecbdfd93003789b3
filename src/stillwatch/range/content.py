"""The content of columns as bytes, for hashes that are the same on every machine and for every version of a file format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["content", "content_hash"]


def content_hash(table: pa.Table) -> str:
    """A hash of a table's names and values."""
    found = hashlib.blake2b(digest_size=16)
    for name, column in zip(table.schema.names, table.combine_chunks().columns, strict=True):
        found.update(name.encode("utf-8"))
        for chunk in column.chunks:
            for part in content(chunk):
                found.update(part)
    return found.hexdigest()


def content(column: Any) -> Iterator[Any]:
    """A column as bytes that hang on its values only: no padding, nothing of what lies under nulls; floats in thousandths."""
    if pa.types.is_dictionary(column.type):
        yield _whole(column.indices.fill_null(-1), np.int32)
        yield from content(column.dictionary)
    elif pa.types.is_string(column.type):
        if column.null_count < len(column):
            lengths = pc.fill_null(pc.binary_length(column), -1)
            yield _whole(lengths, np.int32)
            _, offsets, data = column.buffers()
            ends = np.frombuffer(offsets, np.int32)
            if data is not None:
                yield memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]
    elif pa.types.is_list(column.type):
        yield _whole(pc.fill_null(pc.list_value_length(column), -1), np.int32)
        yield from content(column.flatten())
    elif pa.types.is_boolean(column.type):
        yield np.packbits(column.to_numpy(zero_copy_only=False)).tobytes()
    else:
        kind = {8: np.int64, 4: np.int32, 2: np.int16}[column.type.bit_width // 8]
        if pa.types.is_floating(column.type):
            yield (pc.fill_null(column, -1.0).to_numpy() * 1000).round().astype(np.int32).tobytes()
        else:
            yield _whole(pc.fill_null(column.view(pa.int64()) if kind is np.int64 else column, -1), kind)


def _whole(column: Any, kind: Any) -> bytes:
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values.astype(np.dtype(kind).newbyteorder("<")).tobytes()
