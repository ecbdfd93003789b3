"""Exchanges handed to a writer in another process: memory is bounded, nobody waits, and what is dropped is counted.

The serving process only queues bytes. The writer (`capture_writer`) reads bodies, leaves out what may not be kept and writes Parquet,
or OpenTelemetry spans.
When it falls behind, the oldest exchanges are dropped first; when it dies it is started again. It says how many exchanges it has put on
the disk: those alone count as written, and what it took with it counts as dropped.
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
from urllib.parse import urlsplit

import msgspec

from stillwatch.core import Fault, SettingsError

__all__ = ["LOST", "Capture", "Seen", "checked_url"]

_log = logging.getLogger(__name__)
_PAUSE = 0.1
_PIPE = 1 << 20
_TRIES = 5
"""Writers that may die one after another without having written anything; then no other is started."""
_WORD = 4
"""Bytes of one acknowledgement: how many exchanges are on the disk, or with the collector, now that were not before."""
LOST = 1 << 31
"""Marks an acknowledgement of exchanges that nobody will ever take."""


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
        otlp: where exchanges go as OpenTelemetry spans instead: a collector's URL, or a folder of files.
        most_bytes: what may wait in memory.
        roll_rows, roll_seconds: when a file is closed and a new one begun.

    Attributes:
        written: exchanges that are on the disk. dropped: exchanges lost because the writer was behind or gone.
    """

    def __init__(
        self,
        inbox: Path,
        *,
        otlp: str | None = None,
        most_bytes: int = 64 << 20,
        roll_rows: int = 20_000,
        roll_seconds: float = 60.0,
    ) -> None:
        self._command = [
            sys.executable,
            "-m",
            "stillwatch.gateway.capture_writer",
            otlp or str(inbox),
            str(roll_rows),
            str(roll_seconds),
            *(["otlp"] if otlp else []),
        ]
        self._most = most_bytes
        self._waiting: deque[Seen] = deque()
        self._bytes = 0
        self._unsent = b""
        self._unwritten = 0
        self._told = b""
        self._encode = msgspec.msgpack.Encoder().encode
        self._writer: subprocess.Popen[bytes] | None = None
        self._pipe = self._said = -1
        self._tries = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listening = False
        self._given_up = False
        self.written = 0
        self.dropped = 0

    def start(self) -> None:
        """Start the writer; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._spawn()

    def _spawn(self) -> None:
        self._writer = subprocess.Popen(  # noqa: S603 - our own module
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._writer.stdin is not None  # noqa: S101 - asked for above
        assert self._writer.stdout is not None  # noqa: S101
        self._pipe, self._said = self._writer.stdin.fileno(), self._writer.stdout.fileno()
        os.set_blocking(self._pipe, False)
        os.set_blocking(self._said, False)
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE)
        if self._loop is not None:
            self._loop.add_reader(self._said, self._hear)

    def _hear(self) -> None:
        """Take in what the writer says; the end of it is the writer's."""
        if not self._heard():
            self._again()

    def _heard(self) -> bool:
        """Count what was acknowledged; false where the writer is gone."""
        while True:
            try:
                piece = os.read(self._said, 4096)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not piece:
                return False
            self._told += piece
            whole = len(self._told) // _WORD * _WORD
            for at in range(0, whole, _WORD):
                told = int.from_bytes(self._told[at : at + _WORD], "little")
                count = min(told & ~LOST, self._unwritten)
                if told & LOST:
                    self.dropped += count
                else:
                    self.written += count
                self._unwritten -= count
                self._tries = 0
            self._told = self._told[whole:]

    def keep(self, seen: Seen) -> None:
        """Queue one exchange; returns at once."""
        if self._given_up:
            self.dropped += 1
            return
        self._waiting.append(seen)
        self._bytes += _size(seen)
        while self._bytes > self._most and self._waiting:
            self._bytes -= _size(self._waiting.popleft())
            self.dropped += 1
        if self._timer is None and not self._listening and self._loop is not None:
            self._timer = self._loop.call_later(_PAUSE, self._flush)

    def _flush(self) -> None:
        if self._writer is None:
            return
        self._quiet()
        try:
            self._write()
        except BlockingIOError:
            self._listen(True)
        except OSError:
            self._again()
        else:
            self._listen(False)

    def _quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _listen(self, wanted: bool) -> None:
        """Be called again as soon as the pipe has room."""
        if wanted != self._listening and self._loop is not None:
            self._listening = wanted
            if wanted:
                self._loop.add_writer(self._pipe, self._flush)
            else:
                self._loop.remove_writer(self._pipe)

    def _write(self) -> None:
        while self._unsent or self._waiting:
            if not self._unsent:
                frames: list[bytes] = []
                size = 0
                while self._waiting and size < _PIPE:
                    seen = self._waiting.popleft()
                    self._bytes -= _size(seen)
                    packed = self._encode(seen)
                    frames += (len(packed).to_bytes(4, "little"), packed)
                    size += len(packed)
                self._unsent = b"".join(frames)
                self._unwritten += len(frames) // 2
            while self._unsent:
                self._unsent = self._unsent[os.write(self._pipe, self._unsent) :]

    def _again(self) -> None:
        """The writer is gone: what it had not written is lost with it, the rest goes to a new one."""
        code = self._let_go()
        self._tries += 1
        again = self._tries <= _TRIES and self._loop is not None
        _log.error("the capture writer ended (status %s); %s", code, "started again" if again else "given up")
        if again and self._loop is not None:
            self._quiet()
            self._timer = self._loop.call_later(_PAUSE * 2 ** (self._tries - 1), self._afresh)
            return
        self._given_up = True
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._bytes = 0

    def _afresh(self) -> None:
        self._quiet()
        self._spawn()
        self._flush()

    def _let_go(self) -> int | None:
        """Take leave of a writer that has ended: what it acknowledged is written, what else it was given is lost. Its exit status."""
        writer = self._writer
        if writer is None:
            return None
        self._heard()
        self._listen(False)
        if self._loop is not None:
            self._loop.remove_reader(self._said)
        for end in (writer.stdin, writer.stdout):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()
        self._writer = None
        self._unsent = self._told = b""
        self.dropped, self._unwritten = self.dropped + self._unwritten, 0
        if writer.poll() is None:
            writer.kill()
        return writer.wait()

    @property
    def waiting(self) -> int:
        """Bytes that wait in memory."""
        return self._bytes

    async def stop(self, seconds: float = 20.0) -> None:
        """Hand over what waits, and wait until the writer has written it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (self._waiting or self._unsent) and loop.time() < until and not self._given_up:
            self._flush()
            await asyncio.sleep(0.02)
        self._quiet()
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        writer = self._writer
        if writer is None:
            return
        self._listen(False)
        loop.remove_reader(self._said)
        self._loop = None
        if writer.stdin is not None:
            writer.stdin.close()
        try:
            await asyncio.to_thread(writer.wait, max(1.0, until - loop.time()))
        except subprocess.TimeoutExpired:
            _log.error("the capture writer did not finish in time")
        self._let_go()


def checked_url(url: str) -> str:
    """A collector's address.

    Raises:
        SettingsError: when it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingsError([Fault(path="otlp", message=f"got {url!r}, expected a URL such as https://collector:4318")])
    return url.rstrip("/")


def _size(seen: Seen) -> int:
    """Bytes that an exchange takes while it waits; whatever a caller can make long is counted."""
    return len(seen.request) + len(seen.response) + len(seen.path) + len(seen.user_agent or "") + 2048
