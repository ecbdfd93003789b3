"""The hub's database behind one small Protocol: SQLite in a file, or PostgreSQL when several servers share one.

Both are spoken to in the same SQL with question marks for values. A write holds the one lock that there is until it is committed, so
times of addition become visible in their order and no reader ever misses one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from stillwatch.core.errors import Fault, SettingsError
from stillwatch.forum.log import LEDGER_TABLES

__all__ = ["Connection", "Connector", "connector", "make_tables"]

_LOCK = 0x5717_7A7C
_CACHE_KIB = 16_384
_BUSY_SECONDS = 30.0

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
  added {big} PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, type TEXT NOT NULL, spec TEXT NOT NULL,
  flags {big} NOT NULL, superseded {big}, owner TEXT NOT NULL, revoked {big} NOT NULL, digest {blob} NOT NULL, size {big} NOT NULL,
  body {blob} NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_version ON objects (collection, id, version);
CREATE INDEX IF NOT EXISTS objects_page ON objects (collection, added);
CREATE INDEX IF NOT EXISTS objects_type ON objects (collection, type, added);
CREATE TABLE IF NOT EXISTS statuses (
  id TEXT PRIMARY KEY, api_root TEXT NOT NULL, member TEXT NOT NULL, at {big} NOT NULL, body {blob} NOT NULL);
CREATE INDEX IF NOT EXISTS statuses_at ON statuses (at);
CREATE TABLE IF NOT EXISTS reads (
  collection TEXT NOT NULL, member TEXT NOT NULL, filters TEXT NOT NULL, after {big} NOT NULL, through {big} NOT NULL,
  begun {big} NOT NULL, ended {big} NOT NULL, PRIMARY KEY (collection, member, filters, through));
CREATE TABLE IF NOT EXISTS quotas (
  member TEXT NOT NULL, day {big} NOT NULL, kind TEXT NOT NULL, used {big} NOT NULL, PRIMARY KEY (member, day, kind));
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value {big} NOT NULL);
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value {blob} NOT NULL)"""


class Connection(Protocol):
    """An open connection; question marks stand for values."""

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        ...

    def do(self, sql: str, *values: Any) -> None:
        """Carry out a statement."""
        ...

    def each(self, sql: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Carry out a statement once for each tuple of values."""
        ...

    def begin(self) -> None:
        """Begin to write, alone."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


Connector = Callable[[], Connection]
"""Opens a connection; each thread has its own."""


def connector(database: str) -> Connector:
    """How connections to a database are opened: a path, or postgresql://user:password@host:port/name.

    Raises:
        SettingsError: for an address of another kind.
    """
    if "://" not in database:
        return lambda: _Sqlite(Path(database))
    address = urlsplit(database)
    if address.scheme not in ("postgresql", "postgres") or not address.path.strip("/"):
        raise SettingsError(
            [Fault(path="database", message="expected a file or postgresql://user:password@host:port/name")]
        )
    return lambda: _Postgres(
        address.username, address.password, address.hostname, address.port, address.path.strip("/")
    )


def make_tables(connection: Connection) -> None:
    """Make what is not there yet; of several servers that start at once, one does."""
    words = (
        {"big": "INTEGER", "blob": "BLOB"} if isinstance(connection, _Sqlite) else {"big": "BIGINT", "blob": "BYTEA"}
    )
    connection.begin()
    for one in (*_TABLES.split(";"), *LEDGER_TABLES):
        connection.do(one.format(**words))
    connection.do("COMMIT")


class _Sqlite:
    """A file in WAL mode, made for its owner alone: readers never wait for the writer, and a commit is on the disk before it returns."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._open = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for one in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = -{_CACHE_KIB}", "temp_store = MEMORY"):
            self._open.execute(f"PRAGMA {one}")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._open.execute(sql, values).fetchall()

    def do(self, sql: str, *values: Any) -> None:
        self._open.execute(sql, values)

    def each(self, sql: str, values: Sequence[tuple[Any, ...]]) -> None:
        self._open.executemany(sql, values)

    def begin(self) -> None:
        self._open.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        self._open.close()


class _Postgres:
    def __init__(self, user: str | None, password: str | None, host: str | None, port: int | None, name: str) -> None:
        from pg8000 import dbapi

        self._open = dbapi.connect(
            user=unquote(user or "stillwatch"),
            password=None if password is None else unquote(password),
            host=host or "localhost",
            port=port or 5432,
            database=name,
        )
        self._open.autocommit = True

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(one) for one in self._run(sql, values).fetchall()]

    def do(self, sql: str, *values: Any) -> None:
        self._run(sql, values)

    def each(self, sql: str, values: Sequence[tuple[Any, ...]]) -> None:
        for one in values:
            self._run(sql, one)

    def begin(self) -> None:
        self.do("BEGIN")
        self.do(f"SELECT pg_advisory_xact_lock({_LOCK})")

    def close(self) -> None:
        self._open.close()

    def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        cursor = self._open.cursor()
        cursor.execute(sql.replace("?", "%s"), values)
        return cursor
