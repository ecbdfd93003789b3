"""Which lines of joined files one part of them reads: its own, told at a glance, and those whose owner only the whole line tells."""

from __future__ import annotations

import zlib
from array import array
from pathlib import Path

import msgspec

from .chunks import Chunk, JoinedFile
from .clean import BadField
from .log_format import SHAPE_ERRORS, Joined, LogFormat

__all__ = ["Glances", "Share", "glances_at", "owns"]

_WHOLE = -1
"""Stands for a line that every part reads whole, because a glance does not tell whose it is."""


def _mark(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "surrogatepass"))


def owns(chunk: Chunk, key: str) -> bool:
    """Whether what is joined by this key belongs to this part."""
    return chunk.parts == 1 or _mark(key) % chunk.parts == chunk.part


class Glances:
    """What is known of the lines of one group's files: a mark of each line's key, and the earliest time that these lines tell."""

    def __init__(self, joined: Joined) -> None:
        self.earliest: int | None = None
        self._joined = joined
        self._marks: dict[int, array[int]] = {}

    def of(self, source: int) -> array[int]:
        """The marks of a file's lines, as far as they are known."""
        return self._marks.setdefault(source, array("q"))

    def mark(self, line: bytes) -> int:
        """Look at a line that was not seen before."""
        joined = self._joined
        try:
            record = joined.glance(line) if joined.glance is not None else None
            if record is None:
                return _WHOLE
            ((key, _),) = joined.pieces(record)
            told = joined.moment(record) if joined.moment is not None else None
        except (BadField, msgspec.DecodeError, *SHAPE_ERRORS):
            return _WHOLE
        if told is not None and (self.earliest is None or told < self.earliest):
            self.earliest = told
        return _mark(key)


class Share:
    """The lines of one file that a part reads. A process looks at each line of a group once, however many parts it reads."""

    def __init__(self, chunk: Chunk, file: JoinedFile, glances: Glances) -> None:
        self._chunk = chunk
        self._glances = glances
        self._marks = glances.of(file.source)
        self.parted = chunk.parts > 1

    def takes(self, number: int, line: bytes) -> bool:
        """Whether this part reads a line."""
        marks = self._marks
        if number > len(marks):
            # Numbers may leap over lines that are too long, which nobody reads.
            marks.extend([_WHOLE] * (number - 1 - len(marks)))
            marks.append(self._glances.mark(line))
        mark = marks[number - 1]
        return mark == _WHOLE or mark % self._chunk.parts == self._chunk.part

    def tells(self, number: int) -> bool:
        """Whether what is wrong with a line is for this part to report: a line's owner does, and the first part for all the others."""
        known = number <= len(self._marks) and self._marks[number - 1] != _WHOLE
        return known or self._chunk.part == 0


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
