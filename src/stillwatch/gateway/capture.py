"""Exchanges handed to a writer in another process: memory is bounded, nobody waits, and what is dropped is counted.

The serving process only queues bytes. The writer (`capture_writer`) reads bodies, leaves out what may not be kept and writes Parquet.
When it falls behind, the oldest exchanges are dropped first; when it dies it is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import subprocess
import sys
from collections import deque
from pathlib import Path

import msgspec

__all__ = ["Capture", "Seen"]

_log = logging.getLogger(__name__)
_PAUSE = 0.1
_PIPE = 1 << 20
_TRIES = 5


class Seen(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One exchange as it went by. `request` and `response` are the bodies as they came; `cut` says that the latter lacks its end."""

    at: int
    path: str
    account: str | None
    org: str | None
    credential: str | None
    ip: str | None
    user_agent: str | None
    status: int
    request_id: str | None
    request: bytes
    response: bytes
    cut: bool = False
    cancelled: bool = False
    zero: bool = False
    pathway: str = "gateway"


class Capture:
    """Queue and writer of one worker.

    Args:
        inbox: folder in which the writer rolls Parquet files.
        most_bytes: what may wait in memory.
        roll_rows, roll_seconds: when a file is closed and a new one begun.

    Attributes:
        written: exchanges handed to the writer. dropped: exchanges lost because it was behind or gone.
    """

    def __init__(self, inbox: Path, *, most_bytes: int = 64 << 20, roll_rows: int = 20_000, roll_seconds: float = 60.0):
        self._command = [
            sys.executable,
            "-m",
            "stillwatch.gateway.capture_writer",
            str(inbox),
            str(roll_rows),
            str(roll_seconds),
        ]
        self._most = most_bytes
        self._waiting: deque[Seen] = deque()
        self._bytes = 0
        self._unsent = b""
        self._sending = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._writer: subprocess.Popen[bytes] | None = None
        self._tries = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listening = False
        self.written = 0
        self.dropped = 0

    def start(self) -> None:
        """Start the writer; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._spawn()

    def _spawn(self) -> None:
        self._writer = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own module
        pipe = self._pipe()
        os.set_blocking(pipe, False)
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)

    def _pipe(self) -> int:
        assert self._writer is not None  # noqa: S101 - set by _spawn
        assert self._writer.stdin is not None  # noqa: S101
        return self._writer.stdin.fileno()

    def keep(self, seen: Seen) -> None:
        """Queue one exchange; returns at once."""
        self._waiting.append(seen)
        self._bytes += len(seen.request) + len(seen.response) + 500
        while self._bytes > self._most and self._waiting:
            self._forget(self._waiting.popleft())
            self.dropped += 1
        if self._timer is None and not self._listening and self._loop is not None:
            self._timer = self._loop.call_later(_PAUSE, self._flush)

    def _forget(self, seen: Seen) -> None:
        self._bytes -= len(seen.request) + len(seen.response) + 500

    def _flush(self) -> None:
        self._quiet()
        try:
            self._write()
        except BlockingIOError:
            self._listen(True)
        except (BrokenPipeError, OSError):
            self._listen(False)
            self._again()
        else:
            self._listen(False)
            self._tries = 0

    def _quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _listen(self, wanted: bool) -> None:
        """Be called again as soon as the pipe has room."""
        if wanted != self._listening and self._loop is not None:
            self._listening = wanted
            if wanted:
                self._loop.add_writer(self._pipe(), self._flush)
            else:
                self._loop.remove_writer(self._pipe())

    def _write(self) -> None:
        pipe = self._pipe()
        while self._unsent or self._waiting:
            if not self._unsent:
                frames: list[bytes] = []
                size = 0
                while self._waiting and size < _PIPE:
                    seen = self._waiting.popleft()
                    self._forget(seen)
                    packed = self._encode(seen)
                    frames += (len(packed).to_bytes(4, "little"), packed)
                    size += len(packed)
                self._unsent, self._sending = b"".join(frames), len(frames) // 2
            while self._unsent:
                self._unsent = self._unsent[os.write(pipe, self._unsent) :]
            self.written, self._sending = self.written + self._sending, 0

    def _again(self) -> None:
        """The writer is gone: what it was being sent is lost with it, the rest goes to a new one."""
        self._unsent = b""
        self.dropped, self._sending = self.dropped + self._sending, 0
        self._tries += 1
        code = None
        if self._writer is not None:
            code = self._writer.poll()
            if self._writer.stdin is not None:
                with contextlib.suppress(OSError):
                    self._writer.stdin.close()
        _log.error(
            "the capture writer ended (status %s); %s", code, "started again" if self._tries <= _TRIES else "given up"
        )
        if self._tries <= _TRIES:
            self._spawn()
            if self._loop is not None:
                self._timer = self._loop.call_later(_PAUSE, self._flush)
            return
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """Bytes that wait in memory."""
        return self._bytes

    async def stop(self, seconds: float = 20.0) -> None:
        """Hand over what waits, and wait until the writer has written it."""
        if self._writer is None:
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (self._waiting or self._unsent) and loop.time() < until and self._tries <= _TRIES:
            self._flush()
            await asyncio.sleep(0.02)
        self._listen(False)
        self._quiet()
        self._loop = None
        self.dropped += len(self._waiting)
        writer = self._writer
        if writer.stdin is not None:
            writer.stdin.close()
        try:
            await asyncio.to_thread(writer.wait, max(1.0, until - loop.time()))
        except subprocess.TimeoutExpired:
            writer.kill()
            _log.error("the capture writer did not finish in time")
        self._writer = None
