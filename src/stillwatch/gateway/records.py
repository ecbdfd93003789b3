"""Records for a later audit, a JSON line each: queued in memory, written by a thread, a file a day, gone when their time is over."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Records"]

_log = logging.getLogger(__name__)
_PAUSE = 0.5
_encode = msgspec.json.encode


class Records:
    """One worker's records of one kind.

    Args:
        folder: where the files go, readable by their owner alone.
        kind: how their names begin.
        days: how long a file is kept; files of other workers and other starts of the same kind go too.
        most: lines that may wait in memory.

    Attributes:
        written: lines on the disk. dropped: lines lost because the disk was slow or full.
    """

    def __init__(self, folder: Path, kind: str, *, days: int, most: int = 2000) -> None:
        self._folder, self._kind, self._days, self._most = folder, kind, days, most
        self._waiting: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._swept = ""
        self.written = 0
        self.dropped = 0

    def keep(self, line: dict[str, Any]) -> None:
        """Queue one record; returns at once."""
        if len(self._waiting) >= self._most:
            self.dropped += 1
            return
        self._waiting.append(_encode(line) + b"\n")
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._later())

    async def _later(self) -> None:
        await asyncio.sleep(_PAUSE)
        while self._waiting:
            await self._flush()

    async def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        try:
            await asyncio.to_thread(self._append, lines)
            self.written += len(lines)
        except OSError as error:
            self.dropped += len(lines)
            _log.error("records cannot be written (%s)", error.strerror)

    async def stop(self) -> None:
        """Write what waits."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._flush()

    def _append(self, lines: list[bytes]) -> None:
        if not lines:
            return
        today = dt.datetime.now(dt.UTC).date()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._swept != today.isoformat():
            self._sweep(today)
            self._swept = today.isoformat()
        path = self._folder / f"{self._kind}-{today.isoformat()}-{os.getpid()}.jsonl"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())

    def _sweep(self, today: dt.date) -> None:
        for path in self._folder.glob(f"{self._kind}-*.jsonl"):
            try:
                day = dt.date.fromisoformat(path.name[len(self._kind) + 1 :][:10])
            except ValueError:
                continue
            if (today - day).days > self._days:
                path.unlink(missing_ok=True)
