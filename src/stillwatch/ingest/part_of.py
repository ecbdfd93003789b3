"""Which lines of joined files one part of them reads: its own, told at a glance, and those whose owner only the whole line tells."""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from .chunks import Chunk, JoinedFile
from .clean import BadField
from .log_format import SHAPE_ERRORS, Joined, LogFormat
from .open_source import compression

__all__ = ["Glances", "Share", "glances_at", "owns"]

_WHOLE = -1
"""Stands for a line that every part reads whole, because a glance does not tell whose it is."""


def _mark(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "surrogatepass"))


def owns(chunk: Chunk, key: str) -> bool:
    """Whether what is joined by this key belongs to this part."""
    return chunk.parts == 1 or _mark(key) % chunk.parts == chunk.part


class FileLines:
    """The lines of one file from its first: a mark of each one's key and its bytes with the line end; `known` when all are there."""

    def __init__(self) -> None:
        self.marks = array("q")
        self.sizes = array("q")
        self.known = False
        self.gapless = True

    def add(self, number: int, mark: int, size: int) -> None:
        """Take in a line. Numbers leap over lines that are too long, which nobody reads; then no line's place is known."""
        missing = number - 1 - len(self.marks)
        if missing:
            self.gapless = False
            self.marks.extend([_WHOLE] * missing)
        self.marks.append(mark)
        self.sizes.append(size)

    def places(self, part: int, parts: int) -> list[tuple[int, int, int]]:
        """(line number, first byte, bytes) of the lines that a part reads."""
        marks = np.frombuffer(self.marks, np.int64)
        sizes = np.frombuffer(self.sizes, np.int64)
        begins = np.cumsum(sizes) - sizes
        mine = np.flatnonzero((marks == _WHOLE) | (marks % parts == part))
        return list(zip((mine + 1).tolist(), begins[mine].tolist(), sizes[mine].tolist(), strict=True))


class Glances:
    """What is known of the lines of one group's files: a mark of each line's key, and the earliest time that these lines tell."""

    def __init__(self, joined: Joined) -> None:
        self.earliest: int | None = None
        self._joined = joined
        self._lines: dict[int, FileLines] = {}

    def of(self, source: int) -> FileLines:
        """The lines of a file, as far as they are known."""
        return self._lines.setdefault(source, FileLines())

    def mark(self, line: bytes) -> int:
        """Look at a line that was not seen before."""
        glance = self._joined.glance
        try:
            found = glance(line) if glance is not None else None
        except (BadField, msgspec.DecodeError, *SHAPE_ERRORS):
            return _WHOLE
        if found is None:
            return _WHOLE
        key, told = found
        if told is not None and (self.earliest is None or told < self.earliest):
            self.earliest = told
        return _mark(key)


class Share:
    """The lines of one file that a part reads. A process looks at each line of a group once, however many parts it reads."""

    def __init__(self, chunk: Chunk, file: JoinedFile, glances: Glances) -> None:
        self._chunk = chunk
        self._glances = glances
        self._path = Path(file.path)
        self._lines = glances.of(file.source)
        self.parted = chunk.parts > 1

    def takes(self, number: int, line: bytes) -> bool | None:
        """Whether this part reads a line; `None` where it must, because only the whole line tells whose it is."""
        if not self.parted:
            return True
        lines = self._lines
        if number <= len(lines.marks):
            mark = lines.marks[number - 1]
        else:
            mark = self._glances.mark(line)
            lines.add(number, mark, len(line) if line.endswith(b"\n") else len(line) + 1)
        return None if mark == _WHOLE else mark % self._chunk.parts == self._chunk.part

    def tells(self, number: int) -> bool:
        """Whether what is wrong with a line is for this part to report: a line's owner does, and the first part for all the others."""
        marks = self._lines.marks
        known = number <= len(marks) and marks[number - 1] != _WHOLE
        return known or self._chunk.part == 0

    def own_lines(self) -> Iterator[tuple[int, bytes]] | None:
        """The lines of this part alone, where their places are known. The first part reads all, for it tells of long lines."""
        lines = self._lines
        if not (self.parted and self._chunk.part and lines.known and lines.gapless):
            return None
        with self._path.open("rb") as file:
            packed = compression(file.read(8)) is not None
        return None if packed else self._placed()

    def _placed(self) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb", buffering=0) as file:
            for number, begin, size in self._lines.places(self._chunk.part, self._chunk.parts):
                yield number, os.pread(file.fileno(), size, begin)

    def seen_all(self) -> None:
        """Remember that every line of the file was looked at."""
        self._lines.known = self.parted


def glances_at(chunk: Chunk, one: LogFormat, joined: Joined) -> Glances:
    """What this process knows of the lines of a chunk's files from parts that it read before."""
    files = [(file.path, Path(file.path).stat()) for file in chunk.files]
    held = one.name, tuple((path, status.st_size, status.st_mtime_ns) for path, status in files)
    known = _known.get(held)
    if known is None:
        _known.clear()
        known = _known[held] = Glances(joined)
    return known


_known: dict[tuple[str, tuple[tuple[str, int, int], ...]], Glances] = {}
