"""A person's own query over the tables: one `select`, read-only, without files, network or much time.

The guard is the engine's own, not a filter of words: a fresh connection in memory, access to the outside switched off but for the Parquet
parts of the tables that may be asked, the configuration locked before the query is seen, and a single statement of the kind SELECT.
Tables with raw text are not among them. Time, memory, rows and the length of a cell are bounded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from stillwatch.core.errors import Error
from stillwatch.engine.store import Store
from stillwatch.engine.tables import TABLES

__all__ = ["ASKABLE", "Answer", "QueryRefused", "ask"]

ASKABLE = tuple(name for name in TABLES if name != "exchanges")
"""Tables that may be asked: all but the one that holds what people wrote."""

_LONGEST_CELL = 300


class QueryRefused(Error):
    """A person's query that was not run to its end, with what to change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Rows of a query as text for people; `cut` says that there were more. `seconds` is how long it ran."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: bool
    seconds: float


def ask(
    store: Store,
    query: str,
    *,
    tables: Sequence[str] = ASKABLE,
    rows: int = 500,
    seconds: float = 5.0,
    memory_mb: int = 512,
) -> Answer:
    """Run one read-only query.

    Raises:
        QueryRefused: when it is not a single select, names what it may not see, fails, or needs more time or memory than it is given.
    """
    begun = time.monotonic()
    with _connection(store, tables, memory_mb) as connection, _stopped_after(connection, seconds):
        try:
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise QueryRefused("got something else than one select: only a single select statement is run")
            cursor = connection.execute(f"select * from (\n{_bare(query)}\n) limit {rows + 1}")
            columns = tuple(one[0] for one in cursor.description)
            found = cursor.fetchall()
        except duckdb.InterruptException as error:
            raise QueryRefused(f"stopped after {seconds:g} s: ask for less at once") from error
        except duckdb.OutOfMemoryException as error:
            raise QueryRefused(f"needs more than {memory_mb} MB: ask for less at once") from error
        except duckdb.PermissionException as error:
            raise QueryRefused("refused: a query sees the tables, and neither files nor settings") from error
        except duckdb.Error as error:
            raise QueryRefused(_first_line(error)) from None
        except RuntimeError as error:  # an interrupt between two calls
            raise QueryRefused(f"stopped after {seconds:g} s: ask for less at once") from error
    return Answer(
        columns=columns,
        rows=tuple(tuple(map(_cell, row)) for row in found[:rows]),
        cut=len(found) > rows,
        seconds=time.monotonic() - begun,
    )


@contextmanager
def _connection(store: Store, tables: Sequence[str], memory_mb: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows these tables and nothing else, with its settings locked."""
    refused = [name for name in tables if name not in ASKABLE]
    if refused:
        raise ValueError(f"{', '.join(refused)}: not open to queries")
    connection = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": f"{memory_mb}MB",
            "threads": 2,
        },
    )
    try:
        parts = {name: [str(path.absolute()) for path in store.files(name)] for name in tables}
        allowed = ", ".join(_quoted(path) for paths in parts.values() for path in paths)
        connection.execute("set max_temp_directory_size = '0KB'")
        connection.execute(f"set allowed_paths = [{allowed}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        for name, paths in parts.items():
            listed = ", ".join(map(_quoted, paths))
            rows = f"read_parquet([{listed}], union_by_name = true)" if paths else _empty(name)
            connection.execute(f'create view "{name}" as select * from {rows}')
        yield connection
    finally:
        connection.close()


def _empty(name: str) -> str:
    """No rows, with the columns of a table that was never written."""
    columns = ", ".join(f'null as "{column}"' for column in TABLES[name].names())
    return f"(select {columns} where false)"


@contextmanager
def _stopped_after(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _bare(query: str) -> str:
    return query.strip().removesuffix(";")


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"


def _first_line(error: duckdb.Error) -> str:
    """What the engine says of a query that it does not understand; it quotes the query, and of the data nothing but a value at most."""
    return str(error).split("\n", 1)[0][:300]
