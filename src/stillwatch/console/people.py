"""Who may log in: names, roles and hashed passwords, in `desk/console.sqlite`, readable by its owner alone.

Passwords are hashed with Argon2id (RFC 9106, the library's defaults: 64 MiB, 3 passes). A wrong name costs as much time as a wrong
password. Changing a password, a role, or switching a person off ends all of that person's sessions. A password that somebody else chose
opens nothing but the page on which another is chosen.

What changes who may do what takes `recorded`: it is called before the change counts, and where it fails nothing is changed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
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
_HASHES_AT_ONCE = 2
"""Each takes 64 MiB while it is made."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")

_SCHEMA = """
create table if not exists person (
  name text primary key, role text not null, hash text not null, active integer not null, made text not null,
  given integer not null default 0
) without rowid;
create table if not exists session (
  token blob primary key, person text not null, csrf text not null, made real not null, seen real not null
) without rowid;
create table if not exists attempt (who text not null, at real not null);
create index if not exists attempt_who on attempt (who, at);
"""

_PERSON = "name, role, active, made, given"


def _nowhere() -> None:
    """Records nothing: for who changes people where no journal is kept of it, such as on the command line."""


class PersonRefused(Error):
    """A name, role or password that cannot be used, with what is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may log in. `given` says that somebody else chose their password: they choose their own before anything else."""

    name: str
    role: Role
    active: bool
    made: str
    given: bool


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
            if "given" not in {column[1] for column in database.execute("pragma table_info(person)")}:
                database.execute("alter table person add column given integer not null default 0")

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
        self._hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)

    def add(
        self,
        name: str,
        role: Role,
        password: str,
        *,
        at: str,
        given: bool = True,
        recorded: Callable[[], object] = _nowhere,
    ) -> Person:
        """Let somebody in from now on; first they choose a password of their own, unless this one is (`given=False`).

        Raises:
            PersonRefused: when the name is taken or no name, or the password is too short.
        """
        if not _NAME.fullmatch(name):
            raise PersonRefused(
                "name: expected 1 to 40 small letters, digits, dots, dashes or underscores, such as mary.smith"
            )
        row = (name, role.value, self._hash(password), at, int(given))
        with self._register.open() as database:
            try:
                database.execute(
                    "insert into person (name, role, hash, active, made, given) values (?, ?, ?, 1, ?, ?)", row
                )
            except sqlite3.IntegrityError:
                raise PersonRefused(f"name: {name} is taken") from None
            recorded()
        return Person(name=name, role=role, active=True, made=at, given=given)

    def everybody(self) -> list[Person]:
        """Everybody, by name; those who are switched off as well, as the journal speaks of them."""
        with self._register.open() as database:
            rows = database.execute(f"select {_PERSON} from person order by name").fetchall()
        return [_person(row) for row in rows]

    def named(self, name: str) -> Person | None:
        """The person of this name."""
        with self._register.open() as database:
            row = database.execute(f"select {_PERSON} from person where name = ?", (name,)).fetchone()
        return None if row is None else _person(row)

    def known(self, name: str, password: str) -> Person | None:
        """The person, if this is the password and nobody switched them off."""
        with self._register.open() as database:
            row = database.execute("select hash from person where name = ? and active = 1", (name,)).fetchone()
        hashed = self._nobody if row is None else row[0]
        try:
            with self._hashing:
                self._hasher.verify(hashed, password[:_MOST_LETTERS])
        except (VerificationError, InvalidHashError):
            return None
        if row is not None and self._hasher.check_needs_rehash(hashed):
            with self._register.open() as database:
                database.execute(
                    "update person set hash = ? where name = ?", (self._hash(password[:_MOST_LETTERS]), name)
                )
        return None if row is None else self.named(name)

    def choose_password(self, name: str, password: str) -> None:
        """Set the password that this person chose, and end their sessions.

        Raises:
            PersonRefused: when it is too short.
        """
        self._change(name, _nowhere, hash=self._hash(password), given=0)

    def give_password(self, name: str, password: str, *, recorded: Callable[[], object] = _nowhere) -> None:
        """Set a password for somebody else, who chooses their own at the next log-in; their sessions end.

        Raises:
            PersonRefused: when it is too short.
        """
        self._change(name, recorded, hash=self._hash(password), given=1)

    def change_role(self, name: str, role: Role, *, recorded: Callable[[], object] = _nowhere) -> None:
        """Give a person another role and end their sessions."""
        self._change(name, recorded, role=role.value)

    def switch(self, name: str, *, active: bool, recorded: Callable[[], object] = _nowhere) -> None:
        """Switch a person off, or on again; their sessions end."""
        self._change(name, recorded, active=int(active))

    def _change(self, name: str, recorded: Callable[[], object], **values: object) -> None:
        """Set columns of a person and end their sessions, once that is recorded."""
        columns = ", ".join(f"{column} = ?" for column in values)
        with self._register.open() as database:
            if not database.execute(f"update person set {columns} where name = ?", (*values.values(), name)).rowcount:
                raise PersonRefused(f"{name}: nobody of this name")
            database.execute("delete from session where person = ?", (name,))
            recorded()

    def _hash(self, password: str) -> str:
        """What is kept of a password.

        Raises:
            PersonRefused: when it is too short or long.
        """
        if not LEAST_LETTERS <= len(password) <= _MOST_LETTERS:
            raise PersonRefused(f"password: got {len(password)} letters, expected {LEAST_LETTERS} to {_MOST_LETTERS}")
        with self._hashing:
            return self._hasher.hash(password)


def _person(row: tuple[str, str, int, str, int]) -> Person:
    return Person(name=row[0], role=Role(row[1]), active=bool(row[2]), made=row[3], given=bool(row[4]))
