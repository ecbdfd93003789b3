"""Who may log in: names, roles, and hashed passwords or the word of a log-in provider.

Passwords are hashed with Argon2id (RFC 9106, the library's defaults: 64 MiB, 3 passes). A wrong name costs as much time as a wrong
password. Changing a password, a role, or switching a person off ends all of that person's sessions. A password that somebody else chose
opens nothing but the page on which another is chosen.

What changes who may do what takes `recorded`: it is called before the change counts, and where it fails nothing is changed.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stillwatch.console.register import Register
from stillwatch.console.roles import Role
from stillwatch.core import Error

__all__ = ["LEAST_LETTERS", "People", "Person", "PersonRefused"]

LEAST_LETTERS = 12
"""Letters of a password, at least. Length is asked for, not odd characters (NIST SP 800-63B)."""

_MOST_LETTERS = 200
_HASHES_AT_ONCE = 2
"""Each takes 64 MiB while it is made."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")

_VOUCHED_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")
"""A provider's name for a person may be an address of mail."""

_PERSON = "name, role, active, made, given, subject"


def _nowhere() -> None:
    """Records nothing: for who changes people where no journal is kept of it, such as on the command line."""


class PersonRefused(Error):
    """A name, role or password that cannot be used, with what is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may log in. `given` says that somebody else chose their password: they choose their own before anything else.

    `subject` is who they are to the log-in provider, where one vouches for them: they have no password, and their role is its word.
    """

    name: str
    role: Role
    active: bool
    made: str
    given: bool
    subject: str | None = None


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
        row = (name, role.value, self._hash(password), at, int(given), None)
        self._insert(row, recorded)
        return Person(name=name, role=role, active=True, made=at, given=given)

    def vouch(
        self, subject: str, name: str, role: Role, *, at: str, recorded: Callable[[], object] = _nowhere
    ) -> Person:
        """Let somebody in for whom a provider vouches. They have no password.

        Raises:
            PersonRefused: when the name is no name, or somebody else's.
        """
        if not _VOUCHED_NAME.fullmatch(name):
            raise PersonRefused("name: the provider's name for this person is none that the console can use")
        self._insert((name, role.value, "", at, 0, subject), recorded)
        return Person(name=name, role=role, active=True, made=at, given=False, subject=subject)

    def vouched(self, subject: str) -> Person | None:
        """Whom a provider knows under this subject."""
        with self._register.reading() as database:
            rows = database.rows(f"select {_PERSON} from person where subject = ?", subject)
        return _person(rows[0]) if rows else None

    def _insert(self, row: tuple[object, ...], recorded: Callable[[], object]) -> None:
        with self._register.writing() as database:
            if database.rows("select 1 from person where name = ?", row[0]):
                raise PersonRefused(f"name: {row[0]} is taken")
            columns = "name, role, hash, made, given, subject, active"
            database.do(f"insert into person ({columns}) values (?, ?, ?, ?, ?, ?, 1)", *row)
            recorded()

    def everybody(self) -> list[Person]:
        """Everybody, by name; those who are switched off as well, as the journal speaks of them."""
        with self._register.reading() as database:
            return [_person(row) for row in database.rows(f"select {_PERSON} from person order by name")]

    def named(self, name: str) -> Person | None:
        """The person of this name."""
        with self._register.reading() as database:
            rows = database.rows(f"select {_PERSON} from person where name = ?", name)
        return _person(rows[0]) if rows else None

    def known(self, name: str, password: str) -> Person | None:
        """The person, if this is the password and nobody switched them off."""
        with self._register.reading() as database:
            rows = database.rows("select hash from person where name = ? and active = 1 and hash <> ''", name)
        hashed = rows[0][0] if rows else self._nobody
        try:
            with self._hashing:
                self._hasher.verify(hashed, password[:_MOST_LETTERS])
        except (VerificationError, InvalidHashError):
            return None
        if rows and self._hasher.check_needs_rehash(hashed):
            anew = self._hash(password[:_MOST_LETTERS])
            with self._register.writing() as database:
                database.do("update person set hash = ? where name = ?", anew, name)
        return self.named(name) if rows else None

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

    def end_sessions(self, name: str) -> None:
        """End all sessions of a person."""
        with self._register.writing() as database:
            database.do("delete from session where person = ?", name)

    def _change(self, name: str, recorded: Callable[[], object], **values: object) -> None:
        """Set columns of a person and end their sessions, once that is recorded."""
        columns = ", ".join(f"{column} = ?" for column in values)
        with self._register.writing() as database:
            if not database.rows("select 1 from person where name = ?", name):
                raise PersonRefused(f"{name}: nobody of this name")
            database.do(f"update person set {columns} where name = ?", *values.values(), name)
            database.do("delete from session where person = ?", name)
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


def _person(row: tuple[Any, ...]) -> Person:
    name, role, active, made, given, subject = row
    return Person(name=name, role=Role(role), active=bool(active), made=made, given=bool(given), subject=subject)
