"""A person's own query over the tables: one `select`, read-only, without files, network or much time.

The guard is the engine's own, not a filter of words: a fresh connection in memory, access to the outside switched off but for the Parquet
parts of the tables that may be asked, the configuration locked before the query is seen, and a single statement of the kind SELECT.
Tables with raw text are not among them. Time, memory, rows and the length of a cell are bounded: the query runs in a process of its own
(`engine.asked`) that is ended when its time is up, whatever it is at.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from stillwatch.core.errors import Error
from stillwatch.engine.asked import READY, Question, answer_once
from stillwatch.engine.store import Store
from stillwatch.engine.tables import TABLES

__all__ = ["ASKABLE", "Answer", "QueryRefused", "ask"]

ASKABLE = tuple(name for name in TABLES if name != "exchanges")
"""Tables that may be asked: all but the one that holds what people wrote."""

_STARTS_WITHIN = 60.0
_MOST_BYTES = 64 * 1024 * 1024
_PROCESSES = threading.Lock()
"""Python's list of its own children is not made for several threads at once."""


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
    """Run one read-only query over the tables as they are committed now.

    Raises:
        QueryRefused: when it is not a single select, names what it may not see, fails, or needs more time or memory than it is given.
    """
    refused = [name for name in tables if name not in ASKABLE]
    if refused:
        raise ValueError(f"{', '.join(refused)}: not open to queries")
    now = Store(store.root)  # others may have committed since the caller's was read
    files = {name: [str(path.absolute()) for path in now.files(name)] for name in tables}
    question = Question(query=query, files=files, rows=rows, seconds=seconds, memory_mb=memory_mb)
    with _process(question) as line:
        if not line.poll(_STARTS_WITHIN) or _heard(line) != READY:
            raise QueryRefused("the query could not be started: ask again")
        begun = time.monotonic()
        if not line.poll(seconds):
            raise QueryRefused(f"stopped after {seconds:g} s: ask for less at once")
        told = _told(_heard(line), memory_mb)
    return Answer(
        columns=tuple(told["columns"]),
        rows=tuple(map(tuple, told["rows"])),
        cut=told["cut"],
        seconds=time.monotonic() - begun,
    )


@contextmanager
def _process(question: Question) -> Iterator[Connection]:
    """A process at work on the question, and the line to it; it is ended on leaving."""
    context = multiprocessing.get_context("forkserver")
    outside, inside = context.Pipe()
    process = context.Process(target=answer_once, args=(inside, question), daemon=True)
    with outside:
        with inside, _PROCESSES:
            context.set_forkserver_preload(["__main__", answer_once.__module__])
            process.start()
        try:
            yield outside
        finally:
            process.kill()
            with _PROCESSES:
                process.join()
                process.close()


def _heard(line: Connection) -> bytes:
    """What the process says next; nothing where it ended without a word, or says more than anybody reads."""
    try:
        return line.recv_bytes(_MOST_BYTES)
    except (EOFError, OSError):
        return b""


def _told(said: bytes, memory_mb: int) -> dict[str, Any]:
    if not said:  # ended by the system, at the limit of its room
        raise QueryRefused(f"needs more than {memory_mb} MB: ask for less at once")
    told: dict[str, Any] = json.loads(said)
    if "refused" in told:
        raise QueryRefused(told["refused"])
    return told
