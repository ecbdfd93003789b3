"""The raw rows of a table's chunk: a range of a Parquet file's rows, or CSV text with its numbering."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from .chunks import Chunk
from .clean import Reading
from .column_map import ColumnMap
from .open_source import read_range

__all__ = ["Reject", "csv_rows", "parquet_rows"]

Reject = tuple[int, int, str, str]
"""(source, line, field, reason)"""


_DAMAGED = "the Parquet data are damaged: these rows could not be read"


def parquet_rows(chunk: Chunk, found: ColumnMap, reading: Reading, rejects: list[Reject]) -> pa.Table:
    """Rows of a chunk, which lie in one row group; one reject in place of all of them where the data are damaged.

    Damage inside a text that leaves the rest readable costs the bytes that are no UTF-8, as in every other layout. Damage that still
    decodes to sound values cannot be seen: few writers store checksums of pages.

    Raises:
        OSError: when the system, not the data, is at fault: a file that is gone, no permission, no space.
    """
    try:
        return _sound(_group_rows(chunk, found), reading)
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):
            raise
    except (pa.ArrowException, UnicodeDecodeError, StopIteration):
        pass
    rejects.append((chunk.source, chunk.first_line, "row", _DAMAGED))
    return pa.table({})


def _sound(data: pa.Table, reading: Reading) -> pa.Table:
    """The table with every text in UTF-8.

    Raises:
        pyarrow.ArrowInvalid: when an array's inner lengths do not fit together.
    """
    with contextlib.suppress(pa.ArrowInvalid):
        data.validate(full=True)
        return data
    for place, named in enumerate(data.schema):
        if not (pa.types.is_string(named.type) or pa.types.is_large_string(named.type)):
            continue
        column = data.column(place)
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raw = column.cast(pa.large_binary() if pa.types.is_large_string(named.type) else pa.binary())
            raw.validate(full=True)
            texts = [None if value is None else value.decode("utf-8", "replace") for value in raw.to_pylist()]
            reading.notes["texts with invalid UTF-8, replaced"] += 1
            data = data.set_column(place, named.name, pa.chunked_array([pa.array(texts, named.type)]))
    data.validate(full=True)
    return data


def _group_rows(chunk: Chunk, found: ColumnMap) -> pa.Table:
    """Rows of a chunk as they stand. Chunks of a large group, read in order by one process, decode it once."""
    status = Path(chunk.path).stat()
    key = (chunk.path, status.st_size, status.st_mtime_ns, tuple(sorted(found.columns.values())))
    cursor = _cursors.pop(key, None)
    if cursor is None or cursor.row > chunk.start or cursor.stop <= chunk.start:
        cursor = _Cursor(chunk, found)
    data = cursor.read(chunk.start, chunk.stop)
    if cursor.row < cursor.stop:
        _cursors.clear()
        _cursors[key] = cursor
    return data


class _Cursor:
    """A row group read forward in batches; `row` is the next row of the file that it would give, `stop` the group's end."""

    def __init__(self, chunk: Chunk, found: ColumnMap) -> None:
        self._file = pq.ParquetFile(chunk.path, buffer_size=1 << 20, pre_buffer=False)
        wanted = sorted({name.split(".")[0] for name in found.columns.values()} & set(self._file.schema_arrow.names))
        self.row = group = 0
        while self.row + (count := self._file.metadata.row_group(group).num_rows) <= chunk.start:
            self.row += count
            group += 1
        self.stop = self.row + count
        self._batches = self._file.iter_batches(
            chunk.stop - chunk.start, row_groups=[group], columns=wanted, use_threads=False
        )
        self._held: pa.RecordBatch | None = None

    def read(self, start: int, stop: int) -> pa.Table:
        """Rows `start` to `stop` of the file."""
        taken: list[pa.RecordBatch] = []
        while self.row < stop:
            batch = self._held if self._held is not None else next(self._batches)
            self._held = None
            first, last = max(start - self.row, 0), min(stop - self.row, batch.num_rows)
            if last > first:
                taken.append(batch.slice(first, last - first))
            if last < batch.num_rows:
                self._held = batch.slice(last)
            self.row += last
        return pa.Table.from_batches(taken)


_cursors: dict[tuple[str, int, int, tuple[str, ...]], _Cursor] = {}


def csv_rows(chunk: Chunk, reading: Reading, rejects: list[Reject]) -> pa.Table:
    raw, _ = read_range(Path(chunk.path), chunk.start, chunk.stop)
    if chunk.ended_early:
        line = chunk.first_line + raw.count(b"\n")
        rejects.append((chunk.source, line, "row", "the compressed file ends early; what stood before was read"))
        raw = raw[: raw.rfind(b"\n") + 1]
    try:
        raw.decode()
    except UnicodeDecodeError:
        reading.notes["lines with invalid UTF-8, replaced"] += 1
        raw = raw.decode("utf-8", "replace").encode()
    first = chunk.first_line
    if chunk.start == 0:
        raw = raw.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[2]
    else:
        first -= 1
    if not raw.strip():
        return pa.table({name: pa.array([], pa.string()) for name in chunk.header})
    broken: list[int] = []

    def odd_row(row: Any) -> str:
        broken.append(row.number)
        return "skip"

    try:
        data = pcsv.read_csv(
            pa.BufferReader(raw),
            read_options=pcsv.ReadOptions(column_names=list(chunk.header), block_size=len(raw) + 1, use_threads=False),
            parse_options=pcsv.ParseOptions(
                delimiter=chunk.delimiter, newlines_in_values=True, invalid_row_handler=odd_row
            ),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(chunk.header, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        data, broken = _csv_slowly(raw, chunk)
    if broken and any(number is None for number in broken):
        data, broken = _csv_slowly(raw, chunk)
    # Rows are counted from 1 as Arrow counts them; a chunk's first row is row `first` of the file.
    wrong = f"got another number of values, expected {len(chunk.header)}"
    rejects.extend((chunk.source, first + number - 1, "row", wrong) for number in broken)
    missing = set(broken)
    lines = [first + number for number in range(data.num_rows + len(missing)) if number + 1 not in missing]
    return data.append_column("line", pa.array(lines[: data.num_rows], pa.int64()))


def _csv_slowly(raw: bytes, chunk: Chunk) -> tuple[pa.Table, list[int]]:
    """What a strict parser gives up on, row by row."""
    rows: list[list[str | None]] = []
    broken: list[int] = []
    reader = csv.reader(
        io.StringIO(raw.decode("utf-8", "replace").replace("\x00", ""), newline=""), delimiter=chunk.delimiter
    )
    number = 0
    csv.field_size_limit(1 << 30)
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            broken.append(number)
            continue
        if not row:
            number -= 1
        elif len(row) != len(chunk.header):
            broken.append(number)
        else:
            rows.append([value or None for value in row])
    return pa.table(
        {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(chunk.header)}
    ), broken
