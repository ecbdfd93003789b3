"""Sources cut into units of work that any process can read alone, in any order, again, with the same result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stillwatch.core.errors import FormatError

from .log_format import FORMATS
from .open_source import compression, find_files, fingerprint, open_stream
from .options import ReadOptions
from .sniff import Layout, Sniffed, sniff

__all__ = ["Chunk", "JoinedFile", "Plan", "SourceFile", "plan"]

PART_BYTES = 64 << 20
"""Raw bytes of a group of files whose records are joined that one part of it may hold, about."""
PART_CHUNKS = 4
"""Where chunks are small, a part is at most this many times as large as a chunk, about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file that will be read: where it is, its fingerprint, what it was recognised as, its size on disk."""

    path: str
    source: int
    format: str
    layout: Layout
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedFile:
    """One file of a group whose records are joined."""

    path: str
    source: int
    layout: Layout


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """One unit of work. `id` names it by content and place; `start` and `stop` are bytes after decompression, or rows of a Parquet file.

    `too_long` lists lines that are passed over, as (line, bytes); `ended_early` marks the last chunk of a compressed file that breaks
    off; a part of joined files reads all of `files` and keeps its share of the keys.
    """

    id: str
    source: int
    path: str
    format: str
    layout: Layout
    start: int
    stop: int
    first_line: int
    weight: int
    too_long: tuple[tuple[int, int], ...] = ()
    ended_early: bool = False
    header: tuple[str, ...] = ()
    delimiter: str = ","
    files: tuple[JoinedFile, ...] = ()
    part: int = 0
    parts: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a scan will read: units of work in order, the files behind them, and what the summary has to say of files left out."""

    chunks: tuple[Chunk, ...]
    files: tuple[SourceFile, ...]
    notes: tuple[str, ...]


def plan(paths: Iterable[str | Path], options: ReadOptions | None = None) -> Plan:
    """Recognise every file and cut it into chunks. The same files give the same plan.

    A file that was named must be recognised; one that was found in a folder and is not, or is one document too large to hold, is left
    out with a note, unless no file is left at all.

    Raises:
        FormatError: naming the file and what was tried.
    """
    options = options or ReadOptions()
    named, found = find_files(paths)
    notes: list[str] = []
    unknown: list[str] = []
    seen: dict[int, Path] = {}
    recognised: list[tuple[Path, int, Sniffed]] = []
    for path in [*named, *found]:
        source = fingerprint(path)
        if source in seen and path.stat().st_size:
            notes.append(f"{path}: same content as {seen[source]}, read once")
            continue
        seen[source] = path
        try:
            sniffed = sniff(path, options)
        except FormatError as error:
            if path in named:
                raise
            unknown.append(str(error))
            continue
        if sniffed is None:
            notes.append(f"{path}: empty")
            continue
        recognised.append((path, source, sniffed))
    chunks: list[Chunk] = []
    files: list[SourceFile] = []

    def cut(path: Path, source: int, sniffed: Sniffed) -> list[Chunk]:
        try:
            return _cut(path, source, sniffed, options)
        except FormatError as error:
            if path in named:
                raise
            unknown.append(str(error))
            files[:] = [file for file in files if file.path != str(path)]
            return []

    groups: dict[tuple[str, Path], list[_Recognised]] = {}
    for path, source, sniffed in recognised:
        one = sniffed.format
        files.append(
            SourceFile(path=str(path), source=source, format=one.name, layout=sniffed.layout, bytes=path.stat().st_size)
        )
        if one.joined is not None:
            groups.setdefault((one.name, path.parent), []).append((path, source, sniffed))
        else:
            chunks += cut(path, source, sniffed)
    for (name, _), members in groups.items():
        joined = FORMATS[name].joined
        samples = [record for _, _, sniffed in members for record in sniffed.records]
        if joined is not None and joined.needed(samples):
            for together in _belonging(members, joined.group):
                chunks += _joined_parts(name, together, options)
        else:
            for path, source, sniffed in members:
                chunks += cut(path, source, sniffed)
    if unknown and not files:
        raise FormatError("\n".join(unknown))
    notes += [f"left out: {message}" for message in unknown]
    return Plan(chunks=tuple(chunks), files=tuple(files), notes=tuple(notes))


_Recognised = tuple[Path, int, Sniffed]


def _belonging(members: list[_Recognised], group: Callable[[str], str] | None) -> list[list[_Recognised]]:
    """Files of one folder that are joined, by their names where these tell, else all together."""
    if group is None:
        return [members]
    named: dict[str, list[_Recognised]] = {}
    for member in members:
        named.setdefault(group(member[0].name.partition(".")[0]), []).append(member)
    together = [files for files in named.values() if len(files) > 1]
    alone = [member for files in named.values() if len(files) == 1 for member in files]
    if len(alone) == 1 and together:
        together[0].extend(alone)
    elif alone:
        together.append(alone)
    return together


def _joined_parts(name: str, members: Sequence[_Recognised], options: ReadOptions) -> list[Chunk]:
    files = tuple(JoinedFile(path=str(path), source=source, layout=sniffed.layout) for path, source, sniffed in members)
    total = sum(path.stat().st_size for path, _, _ in members)
    parts = max(1, -(-total // min(PART_BYTES, PART_CHUNKS * options.chunk_bytes)))
    digest = hashlib.blake2b(b"".join(file.source.to_bytes(8, "little", signed=True) for file in files), digest_size=8)
    return [
        Chunk(
            id=f"{digest.hexdigest()}:{name}:{part}/{parts}",
            source=files[0].source,
            path=files[0].path,
            format=name,
            layout=files[0].layout,
            start=0,
            stop=total,
            first_line=1,
            weight=total // parts,
            files=files,
            part=part,
            parts=parts,
        )
        for part in range(parts)
    ]


def _cut(path: Path, source: int, sniffed: Sniffed, options: ReadOptions) -> list[Chunk]:
    if sniffed.layout == "parquet":
        return _cut_parquet(path, source, sniffed, options)
    if sniffed.layout == "document":
        return _one_document(path, source, sniffed, options)
    return _cut_lines(path, source, sniffed, options)


def _chunk(path: Path, source: int, sniffed: Sniffed, *, start: int, stop: int, first_line: int, weight: int) -> Chunk:
    return Chunk(
        id=f"{source & 0xFFFF_FFFF_FFFF_FFFF:016x}:{sniffed.format.name}:{start}-{stop}",
        source=source,
        path=str(path),
        format=sniffed.format.name,
        layout=sniffed.layout,
        start=start,
        stop=stop,
        first_line=first_line,
        weight=weight,
        header=sniffed.header,
        delimiter=sniffed.delimiter,
    )


def _cut_parquet(path: Path, source: int, sniffed: Sniffed, options: ReadOptions) -> list[Chunk]:
    metadata = pq.read_metadata(path)
    size = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    rows = metadata.num_rows
    per_chunk = (
        options.chunk_rows if not size else max(1, min(options.chunk_rows, rows * 4 * options.chunk_bytes // size))
    )
    chunks = []
    begun = 0
    for group in range(metadata.num_row_groups):
        count = metadata.row_group(group).num_rows
        pieces = -(-count // per_chunk)
        for piece in range(pieces):
            start, stop = begun + count * piece // pieces, begun + count * (piece + 1) // pieces
            weight = (stop - start) * path.stat().st_size // rows
            chunks.append(_chunk(path, source, sniffed, start=start, stop=stop, first_line=start + 1, weight=weight))
        begun += count
    return chunks


def _one_document(path: Path, source: int, sniffed: Sniffed, options: ReadOptions) -> list[Chunk]:
    stream = open_stream(path)
    size = 0
    try:
        while block := stream.block():
            size += len(block)
            if size > options.max_document_bytes:
                raise FormatError(
                    f"{path}: one JSON document of more than {options.max_document_bytes} bytes; write it as one object a line "
                    "(for example with `jq -c '.[]'`) so that it can be read in pieces"
                )
    finally:
        stream.close()
    chunk = _chunk(path, source, sniffed, start=0, stop=size, first_line=1, weight=path.stat().st_size)
    return [_with(chunk, too_long=(), ended_early=stream.ended_early)]


def _with(chunk: Chunk, *, too_long: tuple[tuple[int, int], ...], ended_early: bool) -> Chunk:
    values = {name: getattr(chunk, name) for name in Chunk.__slots__}
    return Chunk(**{**values, "too_long": too_long, "ended_early": ended_early})


LineEnds = Callable[[bytes], tuple[int, int, int]]
"""Of a block: how many lines end in it, where the first and the last of them end (-1: none does)."""


def _plain_ends(block: bytes) -> tuple[int, int, int]:
    return block.count(b"\n"), block.find(b"\n"), block.rfind(b"\n")


class _QuotedEnds:
    """Line ends that stand outside quotation marks; remembers whether a block ended inside."""

    def __init__(self) -> None:
        self.inside = 0

    def __call__(self, block: bytes) -> tuple[int, int, int]:
        values = np.frombuffer(block, np.uint8)
        quoted = np.bitwise_xor.accumulate((values == 34).astype(np.uint8)) ^ self.inside
        self.inside = int(quoted[-1])
        ends = np.flatnonzero((values == 10) & (quoted == 0))
        return (len(ends), int(ends[0]), int(ends[-1])) if len(ends) else (0, -1, -1)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineCuts:
    """Where a run of lines is cut: pieces as (start, stop, first line), and lines too long to be read as (line, bytes).

    `end` is where the last whole line ends and the rest, if any, begins; `line` is the number of the line that begins there.
    """

    pieces: list[tuple[int, int, int]]
    too_long: list[tuple[int, int]]
    end: int
    line: int


def cut_lines(
    blocks: Iterable[bytes], ends: LineEnds, options: ReadOptions, *, start: int = 0, first_line: int = 1
) -> LineCuts:
    """One pass over the bytes from `start`: count line ends, cut where a chunk is full, step around lines that are too long."""
    limit = options.max_line_bytes
    step = max(min(limit, options.chunk_bytes), 64)
    found: list[tuple[int, int, int]] = []
    too_long: list[tuple[int, int]] = []
    begun, begun_line = start, first_line
    line_start, line = start, first_line
    offset = start
    for data in blocks:
        for low in range(0, len(data), step):
            block = data[low : low + step]
            count, first, last = ends(block)
            if count:
                length = offset + first - line_start
                if length > limit:
                    if line_start > begun:
                        found.append((begun, line_start, begun_line))
                    too_long.append((line, length))
                    begun, begun_line = offset + first + 1, line + 1
                line += count
                line_start = offset + last + 1
                if line_start - begun >= options.chunk_bytes or line - begun_line >= options.chunk_rows:
                    found.append((begun, line_start, begun_line))
                    begun, begun_line = line_start, line
            offset += len(block)
    if line_start > begun:
        found.append((begun, line_start, begun_line))
    return LineCuts(pieces=found, too_long=too_long, end=line_start, line=line)


def line_ends(layout: Layout) -> LineEnds:
    """What finds the line ends of a layout; use a fresh one for each pass."""
    return _QuotedEnds() if layout == "csv" else _plain_ends


def _cut_lines(path: Path, source: int, sniffed: Sniffed, options: ReadOptions) -> list[Chunk]:
    """Cut a whole file; what stands behind the last line end is a line too."""
    with path.open("rb") as file:
        ratio = 1.0 if compression(file.read(8)) is None else 0.0
    stream = open_stream(path)
    try:
        cuts = cut_lines(iter(stream.block, b""), line_ends(sniffed.layout), options)
    finally:
        stream.close()
    found, too_long = list(cuts.pieces), list(cuts.too_long)
    rest = stream.offset - cuts.end
    if rest > options.max_line_bytes:
        too_long.append((cuts.line, rest))
    elif rest:
        joins = found and found[-1][1] == cuts.end and not _full(found[-1], cuts.line, options)
        begun = found.pop() if joins else (cuts.end, cuts.end, cuts.line)
        found.append((begun[0], stream.offset, begun[2]))
    if not found:
        found.append((cuts.end, cuts.end, cuts.line))
    size = path.stat().st_size
    chunks = []
    for start, stop, first_line in found:
        weight = int((stop - start) * ratio) or size // len(found)
        chunks.append(_chunk(path, source, sniffed, start=start, stop=stop, first_line=first_line, weight=weight))
    chunks[-1] = _with(chunks[-1], too_long=tuple(too_long), ended_early=stream.ended_early)
    return chunks


def _full(piece: tuple[int, int, int], next_line: int, options: ReadOptions) -> bool:
    """Whether a piece of lines takes no more."""
    start, stop, first_line = piece
    return stop - start >= options.chunk_bytes or next_line - first_line >= options.chunk_rows
