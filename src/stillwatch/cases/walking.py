"""Along the lines of a journal from one record to another: each record in order, or what is wrong with the line it should stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillwatch.cases.chain import Record, read_line
from stillwatch.cases.head import Head

__all__ = ["LINES", "JournalFault", "Mark", "acknowledged", "marked", "walked"]

LINES = "journal.jsonl"
"""Name of the file of records."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalFault:
    """One thing wrong with a journal: its line (from 1; 0 for the head), where the line begins, and what is wrong."""

    line: int
    offset: int
    message: str

    def __str__(self) -> str:
        where = f"journal.jsonl:{self.line} (byte {self.offset})" if self.line else "journal.head"
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between two records: how many are before it, in how many bytes, and the hash of the last."""

    seq: int = 0
    size: int = 0
    hash: str = "0" * 64


_BEGINNING = Mark()


def marked(head: Head) -> Mark:
    """The place behind the last acknowledged record."""
    return Mark(head.seq, head.size, head.hash)


def acknowledged(folder: Path, head: Head, start: Mark | None = None) -> bytes:
    """The acknowledged bytes of a journal behind a place, or as many of them as there are."""
    begins = 0 if start is None else start.size
    try:
        with (folder / LINES).open("rb") as file:
            file.seek(begins)
            return file.read(head.size - begins)
    except FileNotFoundError:
        return b""


def walked(data: bytes, head: Head, start: Mark = _BEGINNING) -> Iterator[Record | JournalFault]:
    """The records of these bytes, which begin at a place that was checked, up to the head; a fault where one is not as it was written."""
    seq, last, offset, number = start.seq, start.hash, start.size, start.seq
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n") if data else (), start.seq + 1):
        try:
            record = read_line(line)
        except ValueError as error:
            yield JournalFault(line=number, offset=offset, message=str(error))
            seq, last = seq + 1, ""
        else:
            if record.seq != seq + 1 and last:
                yield JournalFault(line=number, offset=offset, message=f"got record {record.seq}, expected {seq + 1}")
            elif last and record.prev != last:
                yield JournalFault(
                    line=number, offset=offset, message="the record before it is another than was written"
                )
            else:
                yield record
            seq, last = record.seq, record.hash
        offset += len(line) + 1
    if start.size + len(data) < head.size:
        message = f"ends after {start.size + len(data)} bytes, but {head.size} are acknowledged"
        yield JournalFault(line=number, offset=offset, message=message)
    elif (seq, last) != (head.seq, head.hash):
        yield JournalFault(line=number, offset=offset, message=f"is not record {head.seq} as the collector signed it")
