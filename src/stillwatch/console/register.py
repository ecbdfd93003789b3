"""The console's own database: people, sessions, tries to log in, and visits to a log-in provider that have not come back.

A file, `desk/console.sqlite`, readable by its owner alone; or PostgreSQL, where several consoles serve one installation. Its tables are
brought up to date step by step when it is opened, each step in a transaction of its own; one made by a newer Stillwatch is left alone.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from stillwatch.core import Error
from stillwatch.engine import Connection, connector

__all__ = ["Register", "RegisterOutOfReach"]

_IDLE = 8
"""Connections that are kept open for the next visit."""


class RegisterOutOfReach(Error):
    """The database cannot be reached, or is not one that this version can use."""


def _first(database: Connection) -> None:
    """People who log in with a password, sessions, and tries."""
    for one in (
        (
            "create table if not exists person"
            " (name text primary key, role text not null, hash text not null, active integer not null, made text not null)"
        ),
        (
            "create table if not exists session (token {blob} primary key, person text not null, csrf text not null,"
            " made {real} not null, seen {real} not null)"
        ),
        "create table if not exists attempt (who text not null, at {real} not null)",
        "create index if not exists attempt_who on attempt (who, at)",
    ):
        database.do(one.format(**database.words))


def _given(database: Connection) -> None:
    """Passwords that somebody else chose."""
    if "given" not in database.columns("person"):
        database.do("alter table person add column given integer not null default 0")


def _provider(database: Connection) -> None:
    """People whom a provider vouches for, what ends their session there, and who is on the way to it."""
    database.do("alter table person add column subject text")
    database.do("create unique index person_subject on person (subject)")
    database.do("alter table session add column hint text")
    database.do(
        "create table away (state {blob} primary key, browser {blob} not null, nonce text not null,"
        " verifier text not null, onward text not null, made {real} not null)".format(**database.words)
    )


_STEPS: tuple[Callable[[Connection], None], ...] = (_first, _given, _provider)
"""What brings the tables from each version to the next. A step that was published is never changed."""


class Register:
    """The database of one installation's console.

    Args:
        database: a path, or postgresql://user:password@host:port/name.

    Raises:
        RegisterOutOfReach: when it cannot be opened, or a newer version made it.
    """

    def __init__(self, database: str | Path) -> None:
        if "://" not in str(database):
            Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connect = connector(str(database))
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)
        while self._stepped():
            pass

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to look things up with."""
        connection = self._taken()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._given_back(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, alone: kept when it ends well, undone when it does not."""
        with self.reading() as connection:
            connection.begin()
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(Exception):  # of a server that went away nothing is kept either
                    connection.do("ROLLBACK")
                raise
            connection.do("COMMIT")

    def _stepped(self) -> bool:
        """Take one step towards today's tables; whether there was one to take."""
        with self.writing() as database:
            database.do("create table if not exists register_version (version integer primary key)")
            version = database.rows("select coalesce(max(version), 0) from register_version")[0][0]
            if version > len(_STEPS):
                raise RegisterOutOfReach("the console's database was made by a newer Stillwatch; use that one")
            if version == len(_STEPS):
                return False
            _STEPS[version](database)
            database.do("insert into register_version values (?)", version + 1)
        return True

    def _taken(self) -> Connection:
        """A connection that answers: one that was idle, or a new one."""
        while True:
            with self._lock:
                idle = self._idle.pop() if self._idle else None
            if idle is None:
                break
            try:
                idle.rows("select 1")
            except Exception:  # whatever the driver calls a server that went away
                _close_all([idle])
            else:
                return idle
        try:
            return self._connect()
        except Error:
            raise
        except Exception as error:
            raise RegisterOutOfReach(f"the console's database cannot be opened: {type(error).__name__}") from error

    def _given_back(self, connection: Connection) -> None:
        with self._lock:
            if len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()


def _close_all(connections: list[Connection]) -> None:
    while connections:
        with contextlib.suppress(Exception):  # of a server that went away
            connections.pop().close()
