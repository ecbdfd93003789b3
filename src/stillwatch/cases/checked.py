"""What of a journal was checked already, kept in memory: a look costs as much as what is new, and a change of what is old is still noticed.

As long as the file is the one that was checked (device, inode, size, times of content and of status), nothing of it is read again. Where
somebody else wrote to it, the bytes that were checked are hashed once more, and only those behind them are read as records. Where these
hashes differ, everything is read from the beginning, and the fault is named by its line.

Misled by: a change within one tick of the file system's clock (a few milliseconds) after our own append, and by whoever can set a file's
status time. Both are found by the next process that reads the journal, and by `journal_faults`, which believes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.cases.chain import Record
from stillwatch.cases.head import Head
from stillwatch.cases.subjects import Subjects, opened_fields
from stillwatch.cases.walking import LINES, JournalFault, Mark, acknowledged, marked, walked
from stillwatch.core.errors import TamperingFound

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Checked", "Told", "place_of"]

_Stamp = tuple[int, int, int, int, int] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A record as it can be read today: `private` lacks the fields about subjects that were forgotten."""

    record: Record
    private: Mapping[str, Any]


def place_of(journal: str, seq: int) -> str:
    """What ties a sealed field to its record."""
    return f"{journal}/{seq}"


@dataclass(slots=True)
class _Known:
    """The part that was checked: up to which head, in which file, with which keys, and the hash of its bytes."""

    head: Head
    stamp: _Stamp
    keys: tuple[int, int]
    digest: _Hash = field(default_factory=hashlib.sha256)
    told: list[Told] = field(default_factory=list)


class Checked:
    """The checked part of one journal. Whoever calls sees to it that only one does at a time.

    Args:
        folder: of the journal.
        subjects: the keys of those whom it speaks of.
    """

    def __init__(self, folder: Path, subjects: Subjects) -> None:
        self._folder = folder
        self._subjects = subjects
        self._known: _Known | None = None
        self.generation = 0
        """Goes up when what was told before is told otherwise: what was made of it has to be made anew."""

    def told(self, head: Head) -> list[Told]:
        """Every record up to this head; the list grows, and is the caller's to read alone.

        Raises:
            TamperingFound: at the first that is not as it was written.
        """
        keys, stamp = self._subjects.stamp(), self._stamp()
        known = self._known
        if known is None or not self._goes_on(known, head, stamp):
            known = self._begun(head, keys)
        elif known.keys != keys:
            known = self._opened_anew(known, keys)
        if known.head != head:
            self._extend(known, head)
        known.stamp = stamp
        return known.told

    def wrote(self, before: Head, lines: bytes, after: Head, written: Sequence[Record]) -> None:
        """Take in what this process appended itself; where the file was not as it was checked, everything is forgotten."""
        known = self._known
        if known is None or known.head != before:
            self._known = None
            return
        known.told += self._opened(after.journal, written)
        known.digest.update(lines)
        known.head, known.stamp = after, self._stamp()

    def look_again(self, head: Head) -> None:
        """Before an append: find what somebody changed of what was checked, which our own change of the file would cover up.

        Raises:
            TamperingFound: at the first record that is not as it was written.
        """
        if self._known is not None:
            self.told(head)

    def _goes_on(self, known: _Known, head: Head, stamp: _Stamp) -> bool:
        """Whether what is there begins with what was checked."""
        if (known.head.journal, known.head.key) != (head.journal, head.key) or head.size < known.head.size:
            return False
        if known.stamp == stamp:
            return True
        return hashlib.sha256(acknowledged(self._folder, known.head)).digest() == known.digest.digest()

    def _begun(self, head: Head, keys: tuple[int, int]) -> _Known:
        self.generation += 1
        self._known = None
        known = _Known(
            head=Head(journal=head.journal, seq=0, size=0, hash=Mark().hash, key=head.key), stamp=None, keys=keys
        )
        self._extend(known, head)
        self._known = known
        return known

    def _opened_anew(self, known: _Known, keys: tuple[int, int]) -> _Known:
        """The same records, after somebody was forgotten."""
        self.generation += 1
        known.told, known.keys = self._opened(known.head.journal, [one.record for one in known.told]), keys
        return known

    def _extend(self, known: _Known, head: Head) -> None:
        start = marked(known.head)
        data = acknowledged(self._folder, head, start)
        records = []
        for one in walked(data, head, start):
            if isinstance(one, JournalFault):
                self._known = None
                raise TamperingFound([str(one)])
            records.append(one)
        known.told += self._opened(head.journal, records)
        known.digest.update(data)
        known.head = head

    def _opened(self, journal: str, records: Sequence[Record]) -> list[Told]:
        keys = self._subjects.keys({one.subject for record in records for one in record.private})
        return [Told(record=r, private=opened_fields(r.private, keys, place_of(journal, r.seq))) for r in records]

    def _stamp(self) -> _Stamp:
        try:
            told = (self._folder / LINES).stat()
        except FileNotFoundError:
            return None
        return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
