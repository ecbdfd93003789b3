"""Who may log in: names, roles and hashed passwords, in `desk/console.sqlite`, readable by its owner alone.

Passwords are hashed with Argon2id (RFC 9106, the library's defaults: 64 MiB, 3 passes). A wrong name costs as much time as a wrong
password. Changing a password, a role, or switching a person off ends all of that person's sessions.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stillwatch.console.roles import Role
from stillwatch.core import Error

__all__ = ["LEAST_LETTERS", "People", "Person", "PersonRefused", "Register"]

LEAST_LETTERS = 12
"""Letters of a password, at least. Length is asked for, not odd characters (NIST SP 800-63B)."""

_MOST_LETTERS = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")

_SCHEMA = """
create table if not exists person (
  name text primary key, role text not null, hash text not null, active integer not null, made text not null
) without rowid;
create table if not exists session (
  token blob primary key, person text not null, csrf text not null, made real not null, seen real not null
) without rowid;
create table if not exists attempt (who text not null, at real not null);
create index if not exists attempt_who on attempt (who, at);
"""


class PersonRefused(Error):
    """A name, role or password that cannot be used, with what is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may log in."""

    name: str
    role: Role
    active: bool
    made: str


class Register:
    """The console's own database: people, sessions and failed log-ins.

    Args:
        path: the SQLite file; made when absent, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._path = path
        with self.open() as database:
            database.executescript(_SCHEMA)

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction: kept when it ends well, undone when it does not."""
        database = sqlite3.connect(self._path, timeout=30)
        try:
            with database:
                yield database
        finally:
            database.close()


class People:
    """The people of one installation.

    Args:
        register: where they are kept.
        hasher: hashes passwords; the library's defaults unless a test needs less.
    """

    def __init__(self, register: Register, hasher: PasswordHasher | None = None) -> None:
        self._register = register
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    def add(self, name: str, role: Role, password: str, *, at: str) -> Person:
        """Let somebody in from now on.

        Raises:
            PersonRefused: when the name is taken or no name, or the password is too short.
        """
        if not _NAME.fullmatch(name):
            raise PersonRefused(
                "name: expected 1 to 40 small letters, digits, dots, dashes or underscores, such as mary.smith"
            )
        made = Person(name=name, role=role, active=True, made=at)
        hashed = self._hasher.hash(_long_enough(password))
        try:
            with self._register.open() as database:
                database.execute("insert into person values (?, ?, ?, 1, ?)", (name, role.value, hashed, at))
        except sqlite3.IntegrityError:
            raise PersonRefused(f"name: {name} is taken") from None
        return made

    def everybody(self) -> list[Person]:
        """Everybody, by name; those who are switched off as well, as the journal speaks of them."""
        with self._register.open() as database:
            rows = database.execute("select name, role, active, made from person order by name").fetchall()
        return [_person(row) for row in rows]

    def named(self, name: str) -> Person | None:
        """The person of this name."""
        with self._register.open() as database:
            row = database.execute("select name, role, active, made from person where name = ?", (name,)).fetchone()
        return None if row is None else _person(row)

    def known(self, name: str, password: str) -> Person | None:
        """The person, if this is the password and nobody switched them off."""
        with self._register.open() as database:
            row = database.execute("select hash from person where name = ? and active = 1", (name,)).fetchone()
        hashed = self._nobody if row is None else row[0]
        try:
            self._hasher.verify(hashed, password[:_MOST_LETTERS])
        except (VerificationError, InvalidHashError):
            return None
        if row is not None and self._hasher.check_needs_rehash(hashed):
            self._set(name, "hash", self._hasher.hash(password))
        return None if row is None else self.named(name)

    def change_password(self, name: str, password: str) -> None:
        """Set a new password and end this person's sessions.

        Raises:
            PersonRefused: when it is too short.
        """
        self._set(name, "hash", self._hasher.hash(_long_enough(password)))
        self._end_sessions(name)

    def change_role(self, name: str, role: Role) -> None:
        """Give a person another role and end their sessions."""
        self._set(name, "role", role.value)
        self._end_sessions(name)

    def switch(self, name: str, *, active: bool) -> None:
        """Switch a person off, or on again; their sessions end."""
        self._set(name, "active", int(active))
        self._end_sessions(name)

    def _set(self, name: str, column: str, value: object) -> None:
        with self._register.open() as database:
            changed = database.execute(f"update person set {column} = ? where name = ?", (value, name)).rowcount
        if not changed:
            raise PersonRefused(f"{name}: nobody of this name")

    def _end_sessions(self, name: str) -> None:
        with self._register.open() as database:
            database.execute("delete from session where person = ?", (name,))


def _person(row: tuple[str, str, int, str]) -> Person:
    return Person(name=row[0], role=Role(row[1]), active=bool(row[2]), made=row[3])


def _long_enough(password: str) -> str:
    if not LEAST_LETTERS <= len(password) <= _MOST_LETTERS:
        raise PersonRefused(f"password: got {len(password)} letters, expected {LEAST_LETTERS} to {_MOST_LETTERS}")
    return password
