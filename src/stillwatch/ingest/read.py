"""One chunk to one batch: the only step that turns raw logs into rows, and the same in every process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.tables import table

from . import arrow_columns
from .batch import VaultPair, to_batch
from .chunks import Chunk
from .clean import Reading
from .collecting import no_search_for_cycles
from .exchange import Exchange
from .exchanges import of_rows
from .joined_rows import read_joined
from .log_format import FORMATS, Record
from .one_by_one import exchanges_of
from .one_by_one import keep as keep_found
from .open_source import read_range
from .options import ReadOptions
from .plain_rows import PlainRows
from .records import Fault, document_records, line_records
from .table_rows import Reject

__all__ = ["ChunkResult", "Reject", "exchanges_of", "read_chunk"]

REJECTS: pa.Schema = table("rejects").schema


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkResult:
    """What a chunk held: exchanges, rejects, (kind, pseudonym, raw name) for the vault, and counted notes for the summary."""

    batch: pa.RecordBatch
    rejects: pa.RecordBatch
    vault: list[VaultPair]
    notes: dict[str, int] = field(default_factory=dict)


def read_chunk(chunk: Chunk, names: Pseudonymiser, options: ReadOptions | None = None) -> ChunkResult:
    """Read one chunk. Depends on nothing but its arguments and the file's bytes; may be called in any process.

    Raises:
        OSError: when the file is gone or cannot be read.
    """
    options = options or ReadOptions()
    with no_search_for_cycles():
        return _read(chunk, names, options)


def _read(chunk: Chunk, names: Pseudonymiser, options: ReadOptions) -> ChunkResult:
    reading = Reading(now=options.now, mapping=options.mapping)
    limit = options.max_line_bytes
    rejects: list[Reject] = [
        (chunk.source, line, "row", f"got a line of {size} bytes, expected at most {limit}")
        for line, size in chunk.too_long
    ]
    if chunk.layout in ("parquet", "csv") and not chunk.files:
        batch, vault = arrow_columns.read_table(chunk, names, options, reading, rejects)
        return _result(chunk, batch, vault, rejects, reading)
    one = FORMATS[chunk.format]
    rows: list[Exchange] = []

    def keep(found: Iterable[tuple[int, Record | Fault, bool]]) -> None:
        for line, record, repaired in found:
            if repaired:
                reading.notes["lines with invalid UTF-8, replaced"] += 1
            if isinstance(record, Fault):
                rejects.append((chunk.source, line, "row", record.reason))
            else:
                keep_found(exchanges_of(one, record, reading, line, chunk.source), line, chunk.source, rows, rejects)

    plain = None
    if one.plain is not None:
        plain = PlainRows(
            one.plain, reading, chunk.source, rejects, lambda line, number: keep(line_records(line, number))
        )
    if chunk.files and one.joined is not None:
        read = read_joined(chunk, one, one.joined, reading, rejects, options)
    else:
        keep(_records(chunk, rejects, plain))
        if plain is not None:
            plain.finish()
        read = of_rows(rows) if plain is None else plain.with_rows(rows)
    if options.default_account is not None:
        read.account = [account or options.default_account for account in read.account]
    batch, vault = to_batch(read, names, source=chunk.source, log_format=one.name)
    return _result(chunk, batch, vault, rejects, reading)


def _result(
    chunk: Chunk, batch: pa.RecordBatch, vault: list[VaultPair], rejects: list[Reject], reading: Reading
) -> ChunkResult:
    unattributed = batch.column("account").null_count
    if unattributed:
        reading.notes["exchanges without an account"] += unattributed
    return ChunkResult(
        batch=batch, rejects=_reject_batch(chunk, rejects), vault=vault, notes=dict(sorted(reading.notes.items()))
    )


def _records(
    chunk: Chunk, rejects: list[Reject], plain: PlainRows | None
) -> Iterator[tuple[int, Record | Fault, bool]]:
    data, ended = read_range(Path(chunk.path), chunk.start, chunk.stop)
    if chunk.layout == "document":
        yield from document_records(data)
        return
    if ended or chunk.ended_early:
        whole, _, rest = data.rpartition(b"\n")
        line = chunk.first_line + data.count(b"\n")
        if chunk.ended_early:
            rejects.append((chunk.source, line, "row", "the compressed file ends early; what stood before was read"))
            data = whole if rest or whole else b""
    yield from line_records(data, chunk.first_line, None if plain is None else plain.leaves)


def _reject_batch(chunk: Chunk, rejects: list[Reject]) -> pa.RecordBatch:
    """Rejects as the contract wants them; several faults of one field on one line become one row that counts them."""
    paths = {file.source: file.path for file in chunk.files} or {chunk.source: chunk.path}
    kept: dict[tuple[int, int, str], tuple[str, int]] = {}
    for source, line, name, reason in rejects:
        first, more = kept.get((source, line, name), (reason, -1))
        kept[source, line, name] = (first, more + 1)
    columns: dict[str, list[Any]] = {name: [] for name in REJECTS.names}
    for (source, line, name), (reason, more) in sorted(kept.items(), key=lambda entry: entry[0]):
        columns["source"].append(source)
        columns["path"].append(paths.get(source, chunk.path).encode("utf-8", "replace").decode())
        columns["line"].append(line)
        columns["format"].append(chunk.format)
        columns["field"].append(name)
        columns["reason"].append(reason + (f" (and {more} more on this line)" if more else ""))
    return pa.RecordBatch.from_arrays([pa.array(columns[f.name], f.type) for f in REJECTS], schema=REJECTS)
