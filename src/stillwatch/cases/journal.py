"""Who saw, decided and exported what: an append-only file in which nothing can be changed, moved or taken out unseen.

    desk/journal.jsonl     one record a line, each naming the hash of the one before (`chain`)
    desk/journal.head      how far it is acknowledged: records, bytes and the last hash, signed by the collector
    desk/unacknowledged/   what a crash left behind the head, set aside

Append writes the lines, flushes them, and only then replaces the head, flushed too: that is the moment of acknowledgement. A kill at
any point leaves the old head or the new one; bytes behind the head were never acknowledged, are set aside by the next writer, and that
is itself recorded. A record that is acknowledged is on the disk.

Misled by: whoever holds the collector's key can write another journal, and whoever puts back an older journal with its older head goes
unseen here. Sealed files name the head of their day, and so bear witness against both.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.cases.canonical import canonical
from stillwatch.cases.chain import Record, line_of, linked, read_line
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.cases.subjects import Subjects, opened_fields, sealed_field
from stillwatch.core.errors import TamperingFound
from stillwatch.engine import durable_write, full_disk_is_an_error

__all__ = ["Entry", "Head", "Journal", "JournalFault", "Private", "Told", "journal_faults"]

_DOMAIN = b"stillwatch journal head 1\n"
SET_ASIDE = "journal.set_aside"
"""Kind of the record that says what was found behind the head."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A record as it can be read today: `private` lacks the fields about subjects that were forgotten."""

    record: Record
    private: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How far a journal is acknowledged: `seq` records in `size` bytes, the last with this hash. `journal` is its random name."""

    journal: str
    seq: int
    size: int
    hash: str
    key: str
    signature: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalFault:
    """One thing wrong with a journal: its line (from 1; 0 for the head), where the line begins, and what is wrong."""

    line: int
    offset: int
    message: str

    def __str__(self) -> str:
        where = f"journal.jsonl:{self.line} (byte {self.offset})" if self.line else "journal.head"
        return f"{where}: {self.message}"


class Journal:
    """One installation's journal.

    Args:
        folder: where it lies; made when absent.
        signer: the collector's key.
        subjects: the keys of those whom it speaks of.
        clock: says the time, aware.
    """

    def __init__(self, folder: Path, signer: Signer, subjects: Subjects, clock: Callable[[], dt.datetime]) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.subjects = subjects
        self._signer = signer
        self._clock = clock

    def head(self) -> Head:
        """How far it is acknowledged; an empty journal has a head too, which is made here.

        Raises:
            TamperingFound: when the head is not what the collector signed.
        """
        path = self.folder / "journal.head"
        if not path.exists() and not (self.folder / "journal.jsonl").exists():
            with self._locked():
                if not path.exists():
                    name = secrets.token_hex(16)
                    self._put(Head(journal=name, seq=0, size=0, hash="0" * 64, key=self._signer.public.id))
        return _read_head(self.folder, self._signer.public)

    def records(self) -> Iterator[Record]:
        """Every acknowledged record in order, each checked.

        Raises:
            TamperingFound: at the first that is not as it was written.
        """
        for one in _walk(self.folder, self.head()):
            if isinstance(one, JournalFault):
                raise TamperingFound([str(one)])
            yield one

    def history(self) -> list[Told]:
        """Every acknowledged record in order, with the personal fields that can still be read.

        Raises:
            TamperingFound: at the first that is not as it was written.
        """
        name, keys = self.head().journal, self.subjects.keys()
        return [Told(record=r, private=opened_fields(r.private, keys, _place(name, r.seq))) for r in self.records()]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Callable[[Sequence[Entry]], tuple[Record, ...]]]:
        """Be the only writer: what is read and what is then appended belong together. Yields the function that appends.

        What a crash left behind the head is set aside first, and that is recorded.
        """
        self.head()
        with self._locked():
            self._set_aside()
            yield self._append

    def append(self, entry: Entry) -> Record:
        """Record one entry; on return it is on the disk."""
        with self.writing() as append:
            return append([entry])[0]

    def _append(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        head = _read_head(self.folder, self._signer.public)
        names = [name for e in entries for name in (_person(e.by), *(p.subject for p in e.private))]
        subjects = self.subjects.of(names)
        made: list[Record] = []
        last = head.hash
        for seq, entry in enumerate(entries, head.seq + 1):
            place = _place(head.journal, seq)
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
        path = self.folder / "journal.jsonl"
        with full_disk_is_an_error(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        self._put(replace(head, seq=head.seq + len(made), size=head.size + len(lines), hash=last))
        return tuple(made)

    def _put(self, head: Head) -> None:
        signed = replace(head, signature=self._signer.sign(_unsigned(head)).hex())
        durable_write(self.folder / "journal.head", canonical(msgspec.to_builtins(signed)), mode=0o600)

    def _set_aside(self) -> None:
        head = _read_head(self.folder, self._signer.public)
        path = self.folder / "journal.jsonl"
        size = path.stat().st_size if path.exists() else 0
        if size < head.size:
            raise TamperingFound([f"{path}: ends after {size} bytes, but {head.size} are acknowledged"])
        if size == head.size:
            return
        with path.open("rb+") as file:
            file.seek(head.size)
            left = file.read()
            digest = hashlib.sha256(left).hexdigest()
            aside = self.folder / "unacknowledged"
            aside.mkdir(exist_ok=True, mode=0o700)
            durable_write(aside / f"{head.size}-{digest[:16]}", left, mode=0o600)
            file.truncate(head.size)
            file.flush()
            os.fsync(file.fileno())
        self._append([Entry(kind=SET_ASIDE, by="stillwatch", body={"bytes": len(left), "sha256": digest})])

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "journal.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def journal_faults(folder: Path, public: PublicKey) -> list[JournalFault]:
    """Everything wrong with a journal, in order; nothing when it is whole. Needs the collector's public key alone."""
    try:
        head = _read_head(folder, public)
    except TamperingFound as error:
        return [JournalFault(line=0, offset=0, message=str(error))]
    return [one for one in _walk(folder, head) if isinstance(one, JournalFault)]


def _walk(folder: Path, head: Head) -> Iterator[Record | JournalFault]:
    """The acknowledged records in order, and a fault at each place where one is not as it was written."""
    path = folder / "journal.jsonl"
    data = path.read_bytes()[: head.size] if path.exists() else b""
    seq, last, offset, number = 0, "0" * 64, 0, 0
    for number, line in enumerate(data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n"), 1):
        if not data:
            break
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
    if len(data) < head.size:
        message = f"ends after {len(data)} bytes, but {head.size} are acknowledged"
        yield JournalFault(line=number, offset=offset, message=message)
    elif (seq, last) != (head.seq, head.hash):
        yield JournalFault(line=number, offset=offset, message=f"is not record {head.seq} as the collector signed it")


def _read_head(folder: Path, public: PublicKey) -> Head:
    path = folder / "journal.head"
    try:
        data = path.read_bytes()
        head = msgspec.json.decode(data, type=Head)
        whole = canonical(msgspec.to_builtins(head)) == data
        signature = bytes.fromhex(head.signature)
        whole = whole and signature.hex() == head.signature  # the same signature in capitals is another file
        whole = whole and head.key == public.id and public.signed(_unsigned(head), signature)
    except FileNotFoundError as error:
        raise TamperingFound([f"{path}: missing, so nothing says how far the journal is acknowledged"]) from error
    except (msgspec.DecodeError, ValueError):
        whole = False
    if not whole:
        raise TamperingFound([f"{path}: not what the collector's key {public.id[:16]} signed"])
    return head


def _unsigned(head: Head) -> bytes:
    told = msgspec.to_builtins(head)
    del told["signature"]
    return _DOMAIN + canonical(told)


def _place(journal: str, seq: int) -> str:
    return f"{journal}/{seq}"


def _person(name: str) -> str:
    return f"person:{name}"
