"""A copy of a table in which all rows of one key lie together: made once for each committed state, so that a look reads one small piece.

`account_evidence` has a part for every signal, so that the rows of one account lie in thirty files. The copy is read from them range by
range, never as a whole, and is a cache: whoever deletes it loses the time to make it again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.store import Store, full_disk_is_an_error
from stillwatch.engine.tables import table

__all__ = ["gathered"]

_PIECE = 8192
"""Rows that a look has to read."""


def gathered(store: Store, name: str, folder: Path) -> Path | None:
    """The copy of a table, made where there is none of its committed state; copies of earlier states are removed.

    Args:
        store: the workspace's tables; every part is in the order of the table's key.
        name: the table.
        folder: where copies are kept.

    Returns:
        The file, or nothing where the table is empty.
    """
    files = store.files(name)
    if not files:
        return None
    digest = hashlib.sha256("\n".join(str(path) for path in files).encode()).hexdigest()[:24]
    made = folder / f"{name}-{digest}.parquet"
    if made.exists():
        return made
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = made.with_suffix(f".{os.getpid()}.tmp")
    key = table(name).key[0]
    with full_disk_is_an_error(folder):
        try:
            with pq.ParquetWriter(
                temporary, table(name).schema, compression="zstd", compression_level=1, write_statistics=[key]
            ) as writer:
                for rows in _ranges(files, name, key):
                    writer.write_table(rows, row_group_size=_PIECE)
            temporary.replace(made)
        finally:
            temporary.unlink(missing_ok=True)
    for old in folder.glob(f"{name}-*.parquet"):
        if old != made:
            old.unlink()
    return made


def _ranges(files: list[Path], name: str, key: str) -> Iterator[pa.Table]:
    """The rows of all parts by ranges of the key, each range sorted."""
    parts = [_Part(path, name, key) for path in files]
    widest = max(parts, key=lambda part: len(part.lows))
    for low, high in zip(widest.lows, [*widest.lows[1:], None], strict=True):
        first = None if low == widest.lows[0] else low
        rows = [part.between(first, high) for part in parts]
        together = pa.concat_tables([one for one in rows if one.num_rows]).unify_dictionaries().combine_chunks()
        order = np.argsort(together.column(key).to_numpy(), kind="stable")
        yield together.take(pa.array(order)).cast(table(name).schema)


class _Part:
    """One part, read row group by row group as ranges ask for them."""

    def __init__(self, path: Path, name: str, key: str) -> None:
        texts = [one.name for one in table(name).schema if one.type == pa.string()]
        self._file = pq.ParquetFile(path, read_dictionary=texts, memory_map=True)
        self._names = table(name).names()
        self._key = key
        self._held: tuple[int, pa.Table, npt.NDArray[np.int64]] | None = None
        self.lows = [int(self._keys(group)[0]) for group in range(self._file.num_row_groups)]

    def _keys(self, group: int) -> npt.NDArray[np.int64]:
        column = self._file.read_row_group(group, columns=[self._key], use_threads=False).column(0)
        return np.asarray(column.to_numpy())

    def between(self, low: int | None, high: int | None) -> pa.Table:
        """The rows from `low` on, up to but without `high`."""
        found = []
        for group, first in enumerate(self.lows):
            after = self.lows[group + 1] if group + 1 < len(self.lows) else None
            if (high is not None and first >= high) or (low is not None and after is not None and after <= low):
                continue
            rows, keys = self._group(group)
            start = 0 if low is None else int(np.searchsorted(keys, low))
            end = len(keys) if high is None else int(np.searchsorted(keys, high))
            found.append(rows.slice(start, end - start))
        return pa.concat_tables(found) if found else self._group(0)[0].slice(0, 0)

    def _group(self, group: int) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        if self._held is None or self._held[0] != group:
            rows = self._file.read_row_group(group, use_threads=False).select(self._names)
            self._held = (group, rows, np.asarray(rows.column(self._key).to_numpy()))
        return self._held[1], self._held[2]
