"""A few rows of a table that is sorted by a key, without reading the rest: what a page about one account needs.

Parts of a table lie in the order of its key, in row groups. The smallest and the largest key of every group are read once; a look then
opens only the groups that can hold the key. Where a part is not sorted this is slower, never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.store import Store
from stillwatch.engine.tables import table

__all__ = ["Lookup"]


@dataclass(frozen=True, slots=True)
class _Group:
    """One row group: where it is, and between which keys."""

    path: Path
    number: int
    low: int
    high: int


class Lookup:
    """Rows of one table by the whole number in one column.

    Args:
        store: the workspace's tables.
        name: the table.
        column: a column of hashes; the first of the table's key by default.
    """

    def __init__(self, store: Store, name: str, column: str | None = None) -> None:
        self._contract = table(name)
        self._column = column or self._contract.key[0]
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(self._groups, store.files(name))
        self._all = tuple(group for groups in found for group in groups)

    def _groups(self, path: Path) -> list[_Group]:
        file = pq.ParquetFile(path)
        out = []
        for number in range(file.num_row_groups):
            keys = self._keys(file, number)
            known = keys[~np.isnan(keys)] if keys.dtype.kind == "f" else keys
            if known.size:
                out.append(_Group(path, number, int(known.min()), int(known.max())))
        return out

    def _keys(self, file: pq.ParquetFile, number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        column = file.read_row_group(number, columns=[self._column], use_threads=False).column(0).drop_null()
        return np.asarray(column.to_numpy())

    def rows(self, keys: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """All rows with one of these keys, in the order of the table's parts."""
        names = list(columns) if columns is not None else self._contract.names()
        wanted = np.unique(np.array(list(keys), np.int64))
        groups = [
            g for g in self._all if np.searchsorted(wanted, g.low) < np.searchsorted(wanted, g.high, side="right")
        ]
        parts = [part for group in groups if (part := self._within(group, wanted, names)).num_rows]
        schema = pa.schema([self._contract.schema.field(name) for name in names])
        return pa.concat_tables(parts).cast(schema) if parts else schema.empty_table()

    def _within(self, group: _Group, wanted: np.ndarray[tuple[int], np.dtype[np.int64]], names: list[str]) -> pa.Table:
        file = pq.ParquetFile(group.path)
        key = file.read_row_group(group.number, columns=[self._column], use_threads=False).column(0)
        hit = np.flatnonzero(np.isin(key.to_numpy(), wanted))
        if not hit.size:
            return pa.table({})
        there = [name for name in names if name in file.schema_arrow.names]
        rows = file.read_row_group(group.number, columns=there, use_threads=False).take(pa.array(hit))
        for name in names:
            if name not in there:
                rows = rows.append_column(self._contract.schema.field(name), pa.nulls(len(hit)))
        return rows.select(names)
