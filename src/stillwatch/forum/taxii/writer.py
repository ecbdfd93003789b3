"""One thread that writes: what waits is committed together, and nobody is answered before it is on the disk."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from stillwatch.forum.taxii.database import Connection, Connector
from stillwatch.forum.taxii.wire import Refusal

__all__ = ["Readers", "Writer"]

_MOST_TOGETHER = 64
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Writer:
    """Carries out jobs in the order in which they came; each is whole or undone, whatever becomes of those beside it."""

    def __init__(self, connect: Connector) -> None:
        self._connect = connect
        self._jobs: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="hub-writer", daemon=True)
        self._thread.start()

    async def do(self, job: Callable[[Connection], _T]) -> _T:
        """Run a job inside a transaction; what it returns, once it is committed. Whoever gives up before it begins undoes it."""
        return await asyncio.wrap_future(self.submit(job))

    def submit(self, job: Callable[[Connection], _T]) -> Future[_T]:
        """The same for threads."""
        done: Future[_T] = Future()
        self._jobs.put((job, done))
        return done

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        connection: Connection | None = None
        while (waiting := self._batch()) is not None:
            batch = [one for one in waiting if one[1].set_running_or_notify_cancel()]
            if not batch:
                continue
            try:
                connection = connection or self._connect()
                self._commit(connection, batch)
            except Exception as error:
                _log.exception("writing failed; %d jobs are undone", len(batch))
                for _, done in batch:
                    if not done.done():  # those that were answered are committed
                        done.set_exception(error)
                _close(connection)
                connection = None
        _close(connection)

    def _batch(self) -> list[tuple[Callable[[Connection], Any], Future[Any]]] | None:
        job = self._jobs.get()
        if job is None:
            return None
        batch = [job]
        while len(batch) < _MOST_TOGETHER and not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    @staticmethod
    def _commit(connection: Connection, batch: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        answers: list[tuple[Future[Any], Any, Exception | None]] = []
        connection.begin()
        for job, done in batch:
            connection.do("SAVEPOINT job")
            try:
                answers.append((done, job(connection), None))
                connection.do("RELEASE SAVEPOINT job")
            except Exception as error:
                connection.do("ROLLBACK TO SAVEPOINT job")
                answers.append((done, None, error))
        connection.do("COMMIT")
        for done, answer, trouble in answers:
            if trouble is None:
                done.set_result(answer)
            else:
                done.set_exception(trouble)


class Readers:
    """A few threads that read, each with a connection of its own, so that a slow query holds up nobody."""

    def __init__(self, connect: Connector, *, threads: int = 4) -> None:
        self._connect = connect
        self._own = threading.local()
        self._opened: list[Connection] = []
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hub-reader")

    async def do(self, job: Callable[[Connection], _T]) -> _T:
        """What a job finds."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, job)

    async def apart(self, job: Callable[[], _T]) -> _T:
        """What a job that needs no database works out, off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    def close(self) -> None:
        """Finish what runs, then stop."""
        self._pool.shutdown()
        for one in self._opened:
            _close(one)

    def _run(self, job: Callable[[Connection], _T]) -> _T:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connect()
            self._opened.append(connection)
        try:
            return job(connection)
        except Refusal:
            raise
        except Exception:  # drivers have errors of their own for a connection that is gone
            _close(connection)
            self._opened.remove(connection)
            self._own.connection = None
            raise


def _close(connection: Connection | None) -> None:
    if connection is not None:
        try:
            connection.close()
        except Exception:
            _log.debug("a broken connection did not close", exc_info=True)
