"""One chunk to one batch: the only step that turns raw logs into rows, and the same in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.tables import table

from . import arrow_columns
from .batch import VaultPair, to_batch
from .chunks import Chunk, JoinedFile
from .clean import BadField, Reading
from .collecting import no_search_for_cycles
from .exchange import Exchange
from .exchanges import of_rows
from .log_format import FORMATS, SHAPE_ERRORS, LogFormat, Piece, Record
from .open_source import open_stream, read_range
from .options import ReadOptions
from .part_of import Share, glances_at, owns
from .plain_rows import PlainRows
from .records import Fault, document_records, line_records
from .table_rows import Reject

__all__ = ["ChunkResult", "Reject", "exchanges_of", "read_chunk"]

_Given = TypeVar("_Given")

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
                _keep(exchanges_of(one, record, reading, line, chunk.source), line, chunk.source, rows, rejects)

    plain = None
    if one.plain is not None:
        plain = PlainRows(
            one.plain, reading, chunk.source, rejects, lambda line, number: keep(line_records(line, number))
        )
    if chunk.files:
        _collect_joined(chunk, one, reading, rows, rejects, options)
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


def exchanges_of(
    one: LogFormat, record: Record, reading: Reading, line: int = 1, source: int = 0
) -> list[Exchange | BadField]:
    """Everything one record holds: exchanges, and a fault for each that cannot be read."""
    if one.joined is None:
        return _read_out(one, one.read, record, reading)
    pieces: dict[str, list[Piece]] = {}
    try:
        for key, value in one.joined.pieces(record):
            pieces.setdefault(key, []).append(Piece(value, line, source))
    except BadField as fault:
        return [fault]
    except SHAPE_ERRORS as error:
        return [BadField("row", _misshapen(one, error))]
    return [x for group in pieces.values() for x in _read_out(one, one.joined.assemble, group, reading)]


def _misshapen(one: LogFormat, error: Exception) -> str:
    return f"got a record whose shape {one.name} does not have ({type(error).__name__})"


def _read_out(
    one: LogFormat, reader: Callable[[_Given, Reading], Iterable[Exchange]], given: _Given, reading: Reading
) -> list[Exchange | BadField]:
    """What a reader gives for a record, or for the pieces of one key; what it gave before a fault stays."""
    found: list[Exchange | BadField] = []
    try:
        for x in reader(given, reading):
            found.append(x)  # noqa: PERF402 - one by one, so that what came before a fault is kept
    except BadField as fault:
        found.append(fault)
    except SHAPE_ERRORS as error:
        found.append(BadField("row", _misshapen(one, error)))
    return found


def _keep(
    found: Iterable[Exchange | BadField], line: int, source: int, rows: list[Exchange], rejects: list[Reject]
) -> None:
    for x in found:
        if isinstance(x, BadField):
            rejects.append((source, line, x.field, x.reason))
            continue
        if not x.line:
            x.line = line
        if x.source is None:
            x.source = source
        rows.append(x)


def _collect_joined(
    chunk: Chunk, one: LogFormat, reading: Reading, rows: list[Exchange], rejects: list[Reject], options: ReadOptions
) -> None:
    if one.joined is None:
        return
    groups: dict[str, list[Piece]] = {}
    glances = glances_at(chunk, one, one.joined)
    for file in chunk.files:
        share = Share(chunk, file, glances)
        for line, record, repaired in _joined_records(file, share, options, rejects if chunk.part == 0 else []):
            if repaired and share.tells(line):
                reading.notes["lines with invalid UTF-8, replaced"] += 1
            if isinstance(record, Fault):
                if share.tells(line):
                    rejects.append((file.source, line, "row", record.reason))
                continue
            try:
                told = one.joined.moment(record) if one.joined.moment is not None else None
                if told is not None and (reading.earliest is None or told < reading.earliest):
                    reading.earliest = told
                for key, value in one.joined.pieces(record):
                    if owns(chunk, key):
                        groups.setdefault(key, []).append(Piece(value, line, file.source))
            except BadField as fault:
                if share.tells(line):
                    rejects.append((file.source, line, fault.field, fault.reason))
            except SHAPE_ERRORS as error:
                if share.tells(line):
                    rejects.append((file.source, line, "row", _misshapen(one, error)))
    if glances.earliest is not None and (reading.earliest is None or glances.earliest < reading.earliest):
        reading.earliest = glances.earliest
    for group in groups.values():
        found = _read_out(one, one.joined.assemble, group, reading)
        _keep(found, group[0].line, group[0].source, rows, rejects)


def _joined_records(
    file: JoinedFile, share: Share, options: ReadOptions, rejects: list[Reject]
) -> Iterator[tuple[int, Record | Fault, bool]]:
    source = file.source
    wanted = share.takes if share.parted else None
    own = share.own_lines()
    if own is not None:
        for number, alone in own:
            yield from line_records(alone, number)
        return
    stream = open_stream(Path(file.path))
    try:
        if file.layout == "document":
            pieces: list[bytes] = []
            size = 0
            while block := stream.block():
                pieces.append(block)
                size += len(block)
                if size > (limit := options.max_document_bytes):
                    rejects.append((source, 1, "row", f"got one JSON document of more than {limit} bytes"))
                    return
            yield from document_records(b"".join(pieces))
            return
        held = b""
        line = 1
        passing = 0
        while block := stream.block():
            head, newline, tail = block.rpartition(b"\n")
            if not newline:
                passing, held = (passing + len(block), b"") if passing else (0, held + block)
                if len(held) > options.max_line_bytes:
                    passing, held = len(held), b""
                continue
            if passing:
                first, _, head = head.partition(b"\n")
                size = passing + len(first)
                rejects.append(
                    (source, line, "row", f"got a line of {size} bytes, expected at most {options.max_line_bytes}")
                )
                passing, line = 0, line + 1
                data = head
            else:
                data = held + head
            yield from line_records(data, line, wanted)
            line += data.count(b"\n") + 1
            held = tail
        if stream.ended_early:
            rejects.append((source, line, "row", "the compressed file ends early; what stood before was read"))
        elif passing:
            rejects.append(
                (source, line, "row", f"got a line of {passing} bytes, expected at most {options.max_line_bytes}")
            )
        elif held:
            yield from line_records(held, line, wanted)
        share.seen_all()
    finally:
        stream.close()


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
