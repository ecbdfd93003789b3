"""The plain lines of a chunk, gathered while its lines are gone through and read a block at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from .clean import BadField, Reading
from .exchange import Exchange
from .exchanges import Exchanges, of_rows
from .log_format import SHAPE_ERRORS
from .plain import PlainLines
from .plain_pieces import PlainPieces
from .table_rows import Reject

__all__ = ["BLOCK", "PlainRows", "read_block"]

BLOCK = 256
"""Items read at once: enough to be quick, few enough that all of them lie in the processor's cache."""


class PlainRows:
    """Takes the plain lines out of a chunk and leaves all others to the tolerant reader.

    Should reading a block stumble, its lines are given back to `tolerantly`, so that the fault of one costs that one alone.
    """

    def __init__(
        self,
        plain: PlainLines[Any, Any],
        reading: Reading,
        source: int,
        rejects: list[Reject],
        tolerantly: Callable[[bytes, int], None],
    ) -> None:
        self._plain = plain
        self._reading = reading
        self._source = source
        self._rejects = rejects
        self._tolerantly = tolerantly
        self._raw: list[tuple[bytes, int]] = []
        self._items: list[Any] = []
        self._lines: list[int] = []
        self._read = Exchanges(0)

    def leaves(self, number: int, line: bytes) -> bool:
        """Whether a line is not plain; one that is, is taken."""
        items = self._plain.decoded(line)
        if items is None:
            return True
        self._raw.append((line, number))
        self._items += items
        self._lines += [number] * len(items)
        if len(self._items) >= BLOCK:
            self._read_block()
        return False

    def finish(self) -> None:
        """Read what is left. Only then all rows are there, those of the tolerant reader too."""
        self._read_block()

    def with_rows(self, rows: Sequence[Exchange]) -> Exchanges:
        """All that was taken and the rows that the tolerant reader made of the other lines, in the order of their lines."""
        read = self._read
        if not rows:
            return read
        if not read.count:
            return of_rows(rows)
        read.extend(of_rows(rows))
        lines = read.line
        return read.ordered(sorted(range(read.count), key=lines.__getitem__))

    def _read_block(self) -> None:
        if self._items:
            told, refused = Counter(self._reading.notes), len(self._rejects)
            try:
                self._read_items(self._items, self._lines)
            except SHAPE_ERRORS:
                self._reading.notes = told
                del self._rejects[refused:]
                for line, number in self._raw:
                    self._tolerantly(line, number)
        self._items, self._lines, self._raw = [], [], []

    def _read_items(self, items: list[Any], lines: list[int]) -> None:
        block, good, faults = read_block(self._plain, items, self._reading)
        for place, fault in faults:
            self._rejects.append((self._source, lines[place], fault.field, fault.reason))
        block.line = [lines[place] for place in good]
        self._read.extend(block)


def read_block(
    plain: PlainLines[Any, Any] | PlainPieces[Any, Any], items: Sequence[Any], reading: Reading
) -> tuple[Exchanges, list[int], list[tuple[int, BadField]]]:
    """Rows of items, the places of the items that they are of, and the faults of all others with their places."""
    at: list[int] = []
    good: list[int] = []
    faults: list[tuple[int, BadField]] = []
    for place, moment in enumerate(reading.times([plain.at(item) for item in items], plain.field)):
        if isinstance(moment, BadField):
            faults.append((place, moment))
        else:
            at.append(moment)
            good.append(place)
    if not good:
        return Exchanges(0), good, faults
    block = plain.read(items if len(good) == len(items) else [items[place] for place in good], reading)
    block.at = at
    return block, good, faults
