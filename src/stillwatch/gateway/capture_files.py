"""Captured exchanges as files: each appears under its name when it is whole, on the disk, and readable by its owner alone."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine import table
from stillwatch.ingest.column_map import TARGETS

__all__ = ["SCHEMA", "SURE", "Files", "Row", "parquet_files"]

Row = tuple[Any, ...]
"""The values of one exchange in the order of `SCHEMA`."""

SURE = frozenset(("at", "account", "org", "credential", "http_status", "pathway"))
"""Columns that the gateway knows by itself: they are left of an exchange whose other values no format takes."""

_KINDS = {column.name: column.type for column in table("exchanges").columns}
_NAMES = frozenset(
    ("account", "org", "credential", "end_user", "ip", "user_agent", "tls_fingerprint", "conversation", "request")
)
_LISTS = frozenset(("reasoning_artifacts", "artifacts_returned"))


def _kind(name: str) -> pa.DataType:
    if name in _LISTS:
        return pa.list_(pa.string())
    return pa.string() if name in _NAMES else _KINDS[name]


SCHEMA = pa.schema([(name, _kind(name)) for name in TARGETS])
"""Names as they are, before they become pseudonyms in a scan; everything else as in `exchanges`."""


class Files:
    """A folder into which files are rolled.

    Args:
        ending: of the names, such as `.parquet`.
        write: puts rows into a file.
    """

    def __init__(self, folder: Path, ending: str, write: Callable[[Sequence[Row], Path], object]) -> None:
        self._folder, self._ending, self._write = folder, ending, write
        self._number = 0

    def __call__(self, rows: Sequence[Row]) -> int:
        """Write one file, whole or not at all; how many rows it has.

        Raises:
            OSError: when it cannot be written now.
        """
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"gateway-{stamp}-{os.getpid()}-{self._number + 1:06d}{self._ending}"
        written = self._folder / f".{name}.part"
        try:
            self._write(rows, written)
            written.chmod(0o600)
            with written.open("rb") as file:
                os.fsync(file.fileno())
            written.rename(self._folder / name)
        except OSError:
            with contextlib.suppress(OSError):  # of the two errors the first says what happened
                written.unlink()
            raise
        self._number += 1
        return len(rows)


def parquet_files(folder: Path) -> Files:
    """Parquet files, as `stillwatch scan` reads them."""
    return Files(folder, ".parquet", lambda rows, path: pq.write_table(_table(rows), path, compression="zstd"))


def _table(rows: Sequence[Row]) -> pa.Table:
    try:
        columns = [pa.array(values, one.type) for one, values in zip(SCHEMA, zip(*rows, strict=True), strict=True)]
        return pa.Table.from_arrays(columns, schema=SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        if len(rows) == 1:
            return _table([tuple(v if name in SURE else None for name, v in zip(TARGETS, rows[0], strict=True))])
        return pa.concat_tables([_table([one]) for one in rows])
