"""Keys of the people and accounts that a journal speaks of: destroy one, and every field about that subject is unreadable for good.

A subject is a name such as `account:A-...` or `person:mary`. It has a random id, which the journal shows, and a random key, which
encrypts its fields (AES-256-GCM). Both lie in `keys/subjects.sqlite` under a keyed hash of the name: when the row is gone, neither the
fields nor the tie between name and id can be had again, while every hash of the journal stays as it was.

Misled by: copies. A backup of `keys/`, a snapshot, or a disk that writes elsewhere may still hold a destroyed key; keep `keys/` on an
encrypted disk and out of backups that outlive a request for deletion.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stillwatch.cases.canonical import canonical
from stillwatch.cases.chain import SealedField
from stillwatch.core.errors import TamperingFound

__all__ = ["Subject", "Subjects", "opened_fields", "sealed_field"]

_ONE_BY_ONE = 500
"""Keys that are looked up one by one; more are found sooner by reading all."""

_PAD = 64
"""Sealed values are filled up to a multiple of these bytes, so that a length does not give a name away."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject's random id, which records show, and the key of its fields."""

    id: str
    key: bytes


class Subjects:
    """The store of subjects' keys.

    Args:
        path: the SQLite file; made when absent, readable by its owner alone.
        key: keys the hash under which names are looked up.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._key = key[:64]

    def of(self, names: Iterable[str]) -> dict[str, Subject]:
        """The subjects of these names, made where they are new; durable on return."""
        found: dict[str, Subject] = {}
        with self._open() as keys:
            for name in dict.fromkeys(names):
                row = keys.execute("select id, key from subject where name = ?", (self._name(name),)).fetchone()
                if row is None:
                    row = (secrets.token_hex(16), secrets.token_bytes(32))
                    keys.execute("insert into subject values (?, ?, ?)", (self._name(name), *row))
                found[name] = Subject(*row)
        return found

    def known(self, name: str) -> Subject | None:
        """The subject of a name, if it has a key."""
        with self._open() as keys:
            row = keys.execute("select id, key from subject where name = ?", (self._name(name),)).fetchone()
        return None if row is None else Subject(*row)

    def destroy(self, name: str) -> bool:
        """Destroy a subject's key and the tie between its name and its id; whether there was one. Durable on return."""
        with self._open() as keys:
            (destroyed,) = keys.execute("pragma user_version").fetchone()
            keys.execute(f"pragma user_version = {(destroyed + 1) & 0x7FFF_FFFF}")
            return keys.execute("delete from subject where name = ?", (self._name(name),)).rowcount == 1

    def keys(self, ids: Collection[str] | None = None) -> dict[str, bytes]:
        """The keys of these subjects that are still there, or of all, by the subject's id."""
        with self._open() as keys:
            if ids is None or len(ids) > _ONE_BY_ONE:
                every = dict(keys.execute("select id, key from subject").fetchall())
                return every if ids is None else {one: every[one] for one in ids if one in every}
            found = (keys.execute("select id, key from subject where id = ?", (one,)).fetchone() for one in ids)
            return dict(row for row in found if row is not None)

    def stamp(self) -> tuple[int, int]:
        """What changes when a key is destroyed, or the whole store is put back from elsewhere; not when one is made."""
        with self._open() as keys:
            (destroyed,) = keys.execute("pragma user_version").fetchone()
        return self.path.stat().st_ino, destroyed

    def _name(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), digest_size=16, key=self._key, person=b"subject").digest()

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        keys = sqlite3.connect(self.path, timeout=30)
        try:
            keys.execute("pragma synchronous = full")
            keys.execute("pragma secure_delete = on")
            keys.execute(
                "create table if not exists subject (name blob primary key, id text unique, key blob) without rowid"
            )
            with keys:
                yield keys
        finally:
            keys.close()


def sealed_field(field: str, subject: Subject, value: Any, place: str) -> SealedField:
    """A value encrypted for its subject, at this place of this journal only."""
    plain = canonical(value)
    plain += b" " * (-len(plain) % _PAD)
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(subject.key).encrypt(nonce, plain, f"{place}/{field}".encode())
    return SealedField(field=field, subject=subject.id, nonce=nonce.hex(), sealed=sealed.hex())


def opened_fields(fields: Iterable[SealedField], keys: Mapping[str, bytes], place: str) -> dict[str, Any]:
    """The values of sealed fields by field; those whose subject's key is gone are left out.

    Raises:
        TamperingFound: when a field was not sealed at this place under this key.
    """
    return {one.field: _opened(one, keys[one.subject], place) for one in fields if one.subject in keys}


def _opened(one: SealedField, key: bytes, place: str) -> Any:
    try:
        plain = AESGCM(key).decrypt(
            bytes.fromhex(one.nonce), bytes.fromhex(one.sealed), f"{place}/{one.field}".encode()
        )
    except (InvalidTag, ValueError) as error:
        raise TamperingFound([f"{place}: {one.field} was not sealed here"]) from error
    return json.loads(plain)
