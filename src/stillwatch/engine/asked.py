"""The inside of a guarded query: a process of its own that answers once, under limits that the system keeps, and is ended from outside.

A function of the engine that never returns cannot be stopped from within, and what Python copies is not under the engine's memory limit:
so the process has little room and little processor time of its own, writes no file, and whoever waits for it ends it when its time is up.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb

from stillwatch.engine.tables import TABLES

__all__ = ["READY", "Question", "answer_once"]

READY = b"ready"
"""What the process says before it begins: from here on its time counts."""

_LONGEST_CELL = 300
_THREADS = 2
_ROOM_MB = 512
"""Beside the engine's own memory: stacks, and rows on their way to text."""
_SPARE_SECONDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A query, the files of each table that it may see, and what it is given: rows, seconds, and megabytes."""

    query: str
    files: Mapping[str, Sequence[str]]
    rows: int
    seconds: float
    memory_mb: int


def answer_once(line: Connection, question: Question) -> None:
    """Say that it begins, then the answer as JSON: `columns`, `rows` of text and whether they were `cut`; or `refused`, with the reason."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(question)
    line.send_bytes(READY)
    line.send_bytes(json.dumps(_answer(question)).encode())


def _answer(question: Question) -> dict[str, Any]:
    try:
        with _connection(question) as connection:
            return _asked(connection, question)
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"refused": f"needs more than {question.memory_mb} MB: ask for less at once"}
    except duckdb.PermissionException:
        return {"refused": "refused: a query sees the tables, and neither files nor settings"}
    except duckdb.IOException:
        return {"refused": "a table was replaced while the query began: ask again"}
    except duckdb.Error as error:
        return {"refused": _first_line(error)}
    except (OverflowError, ValueError):
        return {"refused": "a value of the answer is out of range: cast it to text"}


def _asked(connection: duckdb.DuckDBPyConnection, question: Question) -> dict[str, Any]:
    statements = connection.extract_statements(question.query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        return {"refused": "got something else than one select: only a single select statement is run"}
    cursor = connection.execute(f"select * from (\n{_bare(question.query)}\n) limit {question.rows + 1}")
    columns = [one[0] for one in cursor.description]
    rows: list[list[str]] = []
    while row := cursor.fetchone():
        rows.append([_cell(value) for value in row])
    return {"columns": columns, "rows": rows[: question.rows], "cut": len(rows) > question.rows}


@contextlib.contextmanager
def _connection(question: Question) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows these tables and nothing else, with its settings locked."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": f"{question.memory_mb}MB",
            "threads": _THREADS,
        },
    )
    try:
        allowed = ", ".join(_quoted(path) for paths in question.files.values() for path in paths)
        connection.execute("set max_temp_directory_size = '0KB'")
        connection.execute(f"set allowed_paths = [{allowed}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        for name, paths in question.files.items():
            listed = ", ".join(map(_quoted, paths))
            rows = f"read_parquet([{listed}], union_by_name = true)" if paths else _empty(name)
            connection.execute(f'create view "{name}" as select * from {rows}')
        yield connection
    finally:
        connection.close()


def _limit(question: Question) -> None:
    """Room and processor time for one query and no more, should nobody be left to end it; and no file is written."""
    _at_most(resource.RLIMIT_CPU, math.ceil(question.seconds * _THREADS) + _SPARE_SECONDS)
    _at_most(resource.RLIMIT_FSIZE, 0)
    _at_most(resource.RLIMIT_CORE, 0)
    with contextlib.suppress(FileNotFoundError):  # only Linux tells how much is taken already
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _at_most(resource.RLIMIT_AS, taken + (question.memory_mb + _ROOM_MB) * 1024 * 1024)


def _at_most(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (limit, limit))


def _empty(name: str) -> str:
    """No rows, with the columns of a table that was never written."""
    columns = ", ".join(f'null as "{column}"' for column in TABLES[name].names())
    return f"(select {columns} where false)"


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
