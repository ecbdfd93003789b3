"""The plain lines of a chunk, gathered while its lines are gone through and read a block at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .clean import BadField, Reading
from .exchange import Exchange
from .exchanges import Exchanges, of_rows
from .plain import PlainLines
from .table_rows import Reject

__all__ = ["PlainRows"]

BLOCK = 256
"""Items read at once: enough to be quick, few enough that all of them lie in the processor's cache."""


class PlainRows:
    """Takes the plain lines out of a chunk and leaves all others to the tolerant reader."""

    def __init__(self, plain: PlainLines[Any, Any], reading: Reading, source: int, rejects: list[Reject]) -> None:
        self._plain = plain
        self._reading = reading
        self._source = source
        self._rejects = rejects
        self._items: list[Any] = []
        self._lines: list[int] = []
        self._read = Exchanges(0)

    def leaves(self, number: int, line: bytes) -> bool:
        """Whether a line is not plain; one that is, is taken."""
        items = self._plain.decoded(line)
        if items is None:
            return True
        self._items += items
        self._lines += [number] * len(items)
        if len(self._items) >= BLOCK:
            self._read_block()
        return False

    def with_rows(self, rows: Sequence[Exchange]) -> Exchanges:
        """All that was taken and the rows that the tolerant reader made of the other lines, in the order of their lines."""
        self._read_block()
        read = self._read
        if not rows:
            return read
        others = of_rows(rows)
        if read.count:
            read.extend(others)
            lines = read.line
            others = read.ordered(sorted(range(read.count), key=lines.__getitem__))
        return others

    def _read_block(self) -> None:
        items, lines = self._items, self._lines
        if not items:
            return
        at: list[int] = []
        good: list[int] = []
        for place, moment in enumerate(
            self._reading.times([self._plain.at(item) for item in items], self._plain.field)
        ):
            if isinstance(moment, BadField):
                self._rejects.append((self._source, lines[place], moment.field, moment.reason))
            else:
                at.append(moment)
                good.append(place)
        if len(good) < len(items):
            items, lines = [items[place] for place in good], [lines[place] for place in good]
        if items:
            block = self._plain.read(items, self._reading)
            block.at, block.line = at, lines
            self._read.extend(block)
        self._items, self._lines = [], []
