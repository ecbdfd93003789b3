"""Who saw, decided and exported what: an append-only file in which nothing can be changed, moved or taken out unseen.

    desk/journal.jsonl     one record a line, each naming the hash of the one before (`chain`)
    desk/journal.head      how far it is acknowledged: records, bytes and the last hash, signed by the collector
    desk/unacknowledged/   what a crash left behind the head, set aside; `.recorded` once a record names it
    keys/journal.name       the random name of the journal, so that another one in its place, or none, is noticed

Append writes the lines, flushes them, and only then replaces the head, flushed too: that is the moment of acknowledgement. A kill at
any point leaves the old head or the new one; bytes behind the head were never acknowledged, are set aside by the next writer, and that
is itself recorded. A record that is acknowledged is on the disk.

A journal is begun once, with the first case. Where there was one and it is gone, nothing begins another.

Misled by: whoever holds the collector's key can write another journal; whoever puts back an older journal with its older head goes
unseen here, and so does whoever deletes journal, head, name, subjects and sealed files together. Sealed files that left the house name
the head of their day, and so bear witness against all three.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from stillwatch.cases.chain import Record, line_of, linked
from stillwatch.cases.checked import Checked, Told, place_of
from stillwatch.cases.head import Head, head_bytes, read_head
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.cases.subjects import Subjects, sealed_field
from stillwatch.cases.walking import LINES, JournalFault, acknowledged, walked
from stillwatch.core.errors import CaseError, TamperingFound
from stillwatch.engine import durable_write, full_disk_is_an_error

__all__ = ["Append", "Entry", "Journal", "JournalFault", "Private", "Told", "journal_faults"]

_HEAD = "journal.head"
SET_ASIDE = "journal.set_aside"
"""Kind of the record that says what was found behind the head."""
_RECORDED = ".recorded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Private:
    """A personal field of a record before it is sealed: about whom (`account:A-...`, `person:mary`), and what."""

    field: str
    subject: str
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What somebody wants recorded; `by` is a person's name, which is sealed as a personal field too."""

    kind: str
    by: str
    case: str | None = None
    body: dict[str, Any]
    private: tuple[Private, ...] = ()


Append: TypeAlias = Callable[[Sequence[Entry]], tuple[Record, ...]]
"""Records entries; on return they are on the disk."""


class Journal:
    """One installation's journal.

    Args:
        folder: where it lies; made when absent.
        signer: the collector's key.
        subjects: the keys of those whom it speaks of.
        clock: says the time, aware.
        traces: what is there only when a journal is, besides the keys of subjects and the journal's name beside them.
    """

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        subjects: Subjects,
        clock: Callable[[], dt.datetime],
        *,
        traces: Sequence[Path] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.subjects = subjects
        self._signer = signer
        self._clock = clock
        self._name = subjects.path.with_name("journal.name")
        self._checked = Checked(folder, subjects)
        self._looking = threading.Lock()
        self._traces = (subjects.path, self._name, *traces)

    def begin(self) -> None:
        """Begin the journal where there never was one; one that is there goes on.

        Raises:
            TamperingFound: when there was one and it is gone.
        """
        if self._there():
            return
        with self._locked():
            if not self._begun():
                name = secrets.token_hex(16)
                self._put(Head(journal=name, seq=0, size=0, hash="0" * 64, key=self._signer.public.id))
                durable_write(self._name, name.encode(), mode=0o600)

    def begun(self) -> bool:
        """Whether there is a journal; False only where nothing says that there ever was one.

        Raises:
            TamperingFound: when there was one and it is gone.
        """
        if self._there():
            return True
        with self._locked():  # who begins it writes the head before its traces, and both under this lock
            return self._begun()

    def head(self) -> Head:
        """How far it is acknowledged.

        Raises:
            TamperingFound: when it has no head, is another journal than it was, or the head is not what the collector signed.
        """
        try:
            head = read_head(self.folder / _HEAD, *self._signer.vouching())
        except TamperingFound:  # unless the key was replaced between the two looks
            head = read_head(self.folder / _HEAD, *self._signer.vouching())
        if self._name.exists() and self._name.read_text() != head.journal:
            raise TamperingFound([f"{self.folder}: is another journal than the one that {self._name} names"])
        return head

    def records(self) -> Iterator[Record]:
        """Every acknowledged record in order, each checked.

        Raises:
            TamperingFound: at the first that is not as it was written.
        """
        return (told.record for told in self.history())

    def history(self) -> list[Told]:
        """Every acknowledged record in order, with the personal fields that can still be read.

        Raises:
            TamperingFound: at the first that is not as it was written.
        """
        return self.since(0, -1)[1]

    def since(self, count: int, generation: int) -> tuple[int, list[Told]]:
        """What came after the first `count` records, and the generation; everything where what was told then is told otherwise now.

        Costs as much as what is new (`checked`). Of a journal that nobody began it is generation 0, and nothing.

        Raises:
            TamperingFound: at the first that is not as it was written.
        """
        if not self.begun():
            return 0, []
        with self._looking:
            told = self._checked.told(self.head())
            same = generation == self._checked.generation
            return self._checked.generation, told[count if same else 0 :]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Append]:
        """Be the only writer: what is read and what is then appended belong together. Yields the function that appends.

        What a crash left behind the head is set aside first, and that is recorded.

        Raises:
            CaseError: when no journal was begun.
            TamperingFound: when it is not as it was written, or gone.
        """
        if not self.begun():
            raise CaseError(f"{self.folder}: no case was opened here yet; the first one begins the journal")
        with self._locked():
            if not self._name.exists():
                durable_write(self._name, self.head().journal.encode(), mode=0o600)
            self._set_aside()
            yield self._append

    @contextlib.contextmanager
    def unbegun(self) -> Iterator[bool]:
        """Keep everybody from beginning the journal meanwhile; whether there is none to begin with."""
        with self._locked():
            yield not self._begun()

    def hand_over(self, signer: Signer) -> None:
        """Let another key vouch for the journal as it stands. Only within `writing`, by whoever then puts that key in its place."""
        self._put(self.head(), signer)

    def append(self, entry: Entry) -> Record:
        """Record one entry; on return it is on the disk."""
        with self.writing() as append:
            return append([entry])[0]

    def _append(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        head = self.head()
        names = [name for e in entries for name in (_person(e.by), *(p.subject for p in e.private))]
        subjects = self.subjects.of(names)
        made: list[Record] = []
        last = head.hash
        for seq, entry in enumerate(entries, head.seq + 1):
            place = place_of(head.journal, seq)
            private = (*entry.private, Private(field="by", subject=_person(entry.by), value=entry.by))
            record = Record(
                seq=seq,
                at=self._clock().astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
                kind=entry.kind,
                case=entry.case,
                by=subjects[_person(entry.by)].id,
                body=entry.body,
                private=tuple(sealed_field(p.field, subjects[p.subject], p.value, place) for p in private),
            )
            made.append(linked(record, last))
            last = made[-1].hash
        lines = b"".join(map(line_of, made))
        key = self._signer.public.id
        after = replace(head, key=key, seq=head.seq + len(made), size=head.size + len(lines), hash=last)
        with self._looking:
            self._checked.look_again(head)
            self._write(lines)
            self._put(after)
            self._checked.wrote(head, lines, after, made)
        return tuple(made)

    def _write(self, lines: bytes) -> None:
        path = self.folder / LINES
        with full_disk_is_an_error(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())

    def _put(self, head: Head, signer: Signer | None = None) -> None:
        by = signer or self._signer
        durable_write(self.folder / _HEAD, head_bytes(replace(head, key=by.public.id), by), mode=0o600)

    def _there(self) -> bool:
        return any((self.folder / name).exists() for name in (_HEAD, LINES))

    def _begun(self) -> bool:
        if self._there():
            return True
        left = [str(path) for path in self._traces if path.exists()]
        if left:
            raise TamperingFound(
                [f"{self.folder}: the journal is gone: {', '.join(left)} would not be there without; put it back"]
            )
        return False

    def _set_aside(self) -> None:
        """Take what a crash left behind the head out of the journal, and record each piece that no record names.

        A kill between the two leaves a piece without a record; the next writer finds it by its name and records it then.
        """
        head = self.head()
        path, aside = self.folder / LINES, self.folder / "unacknowledged"
        size = path.stat().st_size if path.exists() else 0
        if size < head.size:
            raise TamperingFound([f"{path}: ends after {size} bytes, but {head.size} are acknowledged"])
        if size > head.size:
            with path.open("rb+") as file:
                file.seek(head.size)
                left = file.read()
                aside.mkdir(exist_ok=True, mode=0o700)
                durable_write(aside / f"{head.size}-{hashlib.sha256(left).hexdigest()}", left, mode=0o600)
                file.truncate(head.size)
                file.flush()
                os.fsync(file.fileno())
        pieces = sorted(one for one in aside.glob("[0-9]*") if one.suffix != _RECORDED)
        if not pieces:
            return
        told = {record.body.get("piece") for record in self.records() if record.kind == SET_ASIDE}
        entries = [
            Entry(kind=SET_ASIDE, by="stillwatch", body={"piece": one.name, "bytes": one.stat().st_size})
            for one in pieces
            if one.name not in told
        ]
        if entries:
            self._append(entries)
        for one in pieces:
            one.rename(one.with_name(one.name + _RECORDED))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "journal.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def journal_faults(folder: Path, *keys: PublicKey) -> list[JournalFault]:
    """Everything wrong with a journal, in order; nothing when it is whole. Needs the collector's public key alone (see `vouching`)."""
    try:
        head = read_head(folder / _HEAD, *keys)
    except TamperingFound as error:
        return [JournalFault(line=0, offset=0, message=str(error))]
    return [one for one in walked(acknowledged(folder, head), head) if isinstance(one, JournalFault)]


def _person(name: str) -> str:
    return f"person:{name}"
