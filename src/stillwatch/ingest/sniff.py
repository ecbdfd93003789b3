"""A file's format told by its content, or a clear account of what was tried."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from stillwatch.core.errors import FormatError

from .column_map import automatic, load
from .log_format import FORMATS, LogFormat, Record
from .open_source import Stream, open_stream
from .options import ReadOptions
from .records import Fault, document_records, holds_records, is_lines, line_records

__all__ = ["Layout", "Sniffed", "sniff"]

Layout = Literal["lines", "document", "csv", "parquet"]
HEAD_BYTES = 4 << 20
HEAD_RECORDS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Sniffed:
    """What a file is: its format, how it is laid out, a CSV file's header and delimiter, and the records looked at."""

    format: LogFormat
    layout: Layout
    header: tuple[str, ...] = ()
    delimiter: str = ","
    records: tuple[Record, ...] = ()


def sniff(path: Path, options: ReadOptions) -> Sniffed | None:
    """Tell a file's format; `None` when the file is empty.

    Raises:
        FormatError: when no format fits, or two fit equally well; it says what was tried.
    """
    if options.force is not None and options.force not in FORMATS:
        raise FormatError(f"{options.force}: no such log format; known are {', '.join(sorted(FORMATS))}")
    stream = open_stream(path)
    try:
        head, whole = _head(stream)
        if not head.strip(b" \t\r\n\x00"):
            if stream.ended_early:
                raise FormatError(f"{path}: the compressed file ends before its first byte")
            return None
        if head.startswith(b"PAR1"):
            return _parquet(path, options)
        layout, records, tried = _json_records(head, whole, stream, options)
    finally:
        stream.close()
    if not records and layout != "document":
        as_csv = _csv(path, head, options)
        if as_csv is not None:
            return as_csv
    if options.force is not None:
        return Sniffed(format=FORMATS[options.force], layout=layout, records=tuple(records))
    if not records:
        raise FormatError(
            f"{path}: the log format cannot be told: {tried}; no Parquet file, no CSV file with a known column for the time"
        )
    return Sniffed(format=_best(path, records, options), layout=layout, records=tuple(records))


def _head(stream: Stream) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    size = 0
    while size < HEAD_BYTES:
        block = stream.block()
        if not block:
            return b"".join(pieces), True
        pieces.append(block)
        size += len(block)
    return b"".join(pieces), False


def _json_records(head: bytes, whole: bool, stream: Stream, options: ReadOptions) -> tuple[Layout, list[Record], str]:
    if not whole and b"\n" not in head:
        head, whole, passed = _past_first_line(head, stream, options)
        if passed:
            return "lines", _sampled(line_records(_whole_lines(head, whole), 2)), "the first lines are no JSON objects"
    start = head.lstrip(b" \t\r\n\x00\xef\xbb\xbf")[:1]
    if start not in (b"{", b"["):
        later = _sampled(line_records(_whole_lines(head, whole), 2))
        return "lines", later, "its first lines are no JSON objects"
    single = whole and head.strip(b" \t\r\n\x00").count(b"\n") == 0
    if single and start == b"{" and not holds_records(head):
        return "lines", _sampled(line_records(head, 1)), "its one line is no JSON object"
    if is_lines(head) and not single:
        return "lines", _sampled(line_records(_whole_lines(head, whole), 1)), "the first lines are no JSON objects"
    by_lines = [] if single or start == b"[" else _sampled(line_records(_whole_lines(head, whole), 1))
    if len(by_lines) >= 2 and len(by_lines) * 4 >= head.count(b"\n"):
        return "lines", by_lines, ""
    return "document", _sampled(document_records(head)), "it is one JSON document without records that are objects"


def _past_first_line(head: bytes, stream: Stream, options: ReadOptions) -> tuple[bytes, bool, bool]:
    """Read on to the end of a long first line; one that is too long for a line is passed over unless the file is one document."""
    pieces = [head]
    size = len(head)
    document = head.lstrip()[:1] == b"[" or holds_records(head)
    limit = options.max_document_bytes if document else max(options.max_line_bytes, len(head))
    while True:
        block = stream.block()
        if not block:
            return b"".join(pieces), True, False
        end = block.find(b"\n")
        if size <= limit:
            pieces.append(block)
        size += len(block)
        if end >= 0:
            if size - len(block) + end > limit:
                rest, ended = _head(stream)
                return block[end + 1 :] + rest, ended, True
            return b"".join(pieces), False, False


def _whole_lines(head: bytes, whole: bool) -> bytes:
    return head if whole else head[: head.rfind(b"\n") + 1]


def _sampled(entries: object) -> list[Record]:
    found: list[Record] = []
    for _, record, _ in entries:  # type: ignore[attr-defined]
        if not isinstance(record, Fault):
            found.append(record)
            if len(found) >= HEAD_RECORDS:
                break
    return found


def _best(path: Path, records: list[Record], options: ReadOptions) -> LogFormat:
    if options.mapping is not None:
        time = load(options.mapping).columns["at"]
        if any(time.split(".")[0] in record or time in record for record in records):
            return FORMATS["columns"]
    scores = {name: sum(one.sniff(record) for record in records) / len(records) for name, one in FORMATS.items()}
    top = max(scores.values())
    best = [name for name, score in scores.items() if score == top]
    if top > 0 and len(best) == 1:
        return FORMATS[best[0]]
    if top > 0:
        raise FormatError(
            f"{path}: the log format cannot be told: {' and '.join(best)} fit equally well; say which with --format"
        )
    tried = "; ".join(f"{name}: no {one.wants}" for name, one in FORMATS.items())
    raise FormatError(f"{path}: the log format cannot be told from its first {len(records)} records. Tried {tried}")


def _parquet(path: Path, options: ReadOptions) -> Sniffed:
    if options.force not in (None, "columns"):
        raise FormatError(
            f"{path}: is a Parquet file, which {options.force} never is; leave --format out or say columns"
        )
    try:
        names = pq.read_schema(path).names
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: starts as a Parquet file, but its end is missing or damaged") from error
    if options.mapping is None and "at" not in automatic(names).columns:
        raise FormatError(
            f"{path}: no column that is surely the request's time among {', '.join(names)}; name it in a mapping file"
        )
    if options.mapping is not None:
        missing = load(options.mapping).columns["at"]
        if missing not in names:
            raise FormatError(
                f"{path}: the mapping's column for the time, {missing!r}, is not among {', '.join(names)}"
            )
    return Sniffed(format=FORMATS["columns"], layout="parquet", header=tuple(names))


def _csv(path: Path, head: bytes, options: ReadOptions) -> Sniffed | None:
    first = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace")
    if options.force not in (None, "columns") or not first:
        return None
    wanted = load(options.mapping).columns["at"] if options.mapping is not None else None
    for delimiter in (",", "\t", ";", "|"):
        try:
            header = next(csv.reader([first], delimiter=delimiter))
        except (csv.Error, StopIteration):
            continue
        names = tuple(name.strip() for name in header)
        if len(names) < 2 or len(set(names)) != len(names):
            continue
        if wanted in names if wanted is not None else "at" in automatic(names).columns:
            return Sniffed(format=FORMATS["columns"], layout="csv", header=names, delimiter=delimiter)
    return None
