"""A database of rows behind one small Protocol: SQLite in a file, or PostgreSQL when several servers share one.

Both are spoken to in the same SQL with question marks for values. A write holds the one lock that there is until it is committed, so
that what is read within it is what it changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote, urlsplit

from stillwatch.core.errors import Fault, SettingsError

__all__ = ["Connection", "Connector", "connector"]

_LOCK = 0x5717_7A7C
_CACHE_KIB = 16_384
_BUSY_SECONDS = 30.0


class Connection(Protocol):
    """An open connection; question marks stand for values. `words` are what its SQL calls long numbers, bytes and doubles."""

    @property
    def words(self) -> Mapping[str, str]:
        """Names of types: `big`, `blob`, `real`."""
        ...

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

    def columns(self, table: str) -> frozenset[str]:
        """Names of a table's columns; none where there is no such table."""
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


class _Sqlite:
    """A file in WAL mode, made for its owner alone: readers never wait for the writer, and a commit is on the disk before it returns."""

    words: ClassVar[Mapping[str, str]] = {"big": "INTEGER", "blob": "BLOB", "real": "REAL"}

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

    def columns(self, table: str) -> frozenset[str]:
        return frozenset(name for (name,) in self.rows("SELECT name FROM pragma_table_info(?)", table))

    def close(self) -> None:
        self._open.close()


class _Postgres:
    words: ClassVar[Mapping[str, str]] = {"big": "BIGINT", "blob": "BYTEA", "real": "DOUBLE PRECISION"}

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

    def columns(self, table: str) -> frozenset[str]:
        told = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
        return frozenset(name for (name,) in self.rows(told, table))

    def close(self) -> None:
        self._open.close()

    def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        cursor = self._open.cursor()
        cursor.execute(sql.replace("?", "%s"), values)
        return cursor
