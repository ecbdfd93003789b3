"""A few rows of a table that is sorted by a key, without reading the rest: what a page about one account needs.

Parts of a table lie in the order of its key, in row groups. The smallest and the largest key of every group are read once; a look then
opens only the groups that can hold the key. Where a part is not sorted this is slower, never wrong.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.gathered import gathered
from stillwatch.engine.store import Store
from stillwatch.engine.tables import table

__all__ = ["Lookup"]


@dataclass(frozen=True, slots=True)
class _Groups:
    """The row groups of one part: between which keys each of them lies."""

    file: pq.ParquetFile
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]


class Lookup:
    """Rows of one table by the first column of its key.

    Args:
        store: the workspace's tables.
        name: the table.
        copies: where a copy is kept in which all rows of a key lie together; without it the parts themselves are read.
    """

    def __init__(self, store: Store, name: str, *, copies: Path | None = None) -> None:
        self._contract = table(name)
        self._key = self._contract.key[0]
        copy = None if copies is None else gathered(store, name, copies)
        self._parts = [self._groups(path) for path in (store.files(name) if copy is None else [copy])]
        self._lock = threading.Lock()

    def _groups(self, path: Path) -> _Groups:
        texts = [one.name for one in pq.read_schema(path) if one.type == pa.string()]
        file = pq.ParquetFile(path, read_dictionary=texts, memory_map=True)
        ends = [self._ends(file, group) for group in range(file.num_row_groups)]
        low, high = (np.array([end[side] for end in ends], np.int64) for side in (0, 1))
        return _Groups(file, low, high)

    def _ends(self, file: pq.ParquetFile, group: int) -> tuple[int, int]:
        """The smallest and the largest key of a row group, out of its statistics where it has some."""
        told = file.metadata.row_group(group).column(file.schema_arrow.get_field_index(self._key)).statistics
        if told is not None and told.has_min_max:
            return told.min, told.max
        keys = file.read_row_group(group, columns=[self._key], use_threads=False).column(0).drop_null().to_numpy()
        return (int(keys.min()), int(keys.max())) if keys.size else (1, 0)

    def rows(self, key: int) -> pa.Table:
        """All rows of one key, in the order of the table's parts."""
        with self._lock:  # an open file has one place at which it reads
            parts = [
                rows
                for part in self._parts
                for group in np.flatnonzero((part.low <= key) & (key <= part.high))
                if (rows := self._within(part.file, int(group), key)).num_rows
            ]
        return pa.concat_tables(parts) if parts else self._contract.schema.empty_table()

    def _within(self, file: pq.ParquetFile, group: int, key: int) -> pa.Table:
        keys = file.read_row_group(group, columns=[self._key], use_threads=False).column(0)
        hit = np.flatnonzero(keys.to_numpy() == key)
        if not hit.size:
            return self._contract.schema.empty_table()
        there = [name for name in self._contract.names() if name in file.schema_arrow.names]
        rows = file.read_row_group(group, columns=there, use_threads=False).take(pa.array(hit))
        columns = [
            rows.column(one.name).cast(one.type) if one.name in there else pa.nulls(len(hit), one.type)
            for one in self._contract.schema
        ]
        return pa.Table.from_arrays(columns, schema=self._contract.schema)
