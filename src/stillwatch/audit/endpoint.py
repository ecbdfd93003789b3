"""An OpenAI-compatible address that is asked with patience: it waits when told to, tries again what may come back, and shows no key."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from stillwatch.core import Error

__all__ = ["Endpoint", "Heard", "NoAnswer"]

_LOCAL = ("localhost", "127.0.0.1", "::1")
_AGAIN = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
_CLOSED = frozenset((301, 302, 303, 307, 308, 401, 402, 403, 404, 405))
_MOST_BYTES, _LONGEST_WAIT, _LONGEST_PATIENCE = 32 << 20, 120.0, 86_400.0


class NoAnswer(Error):
    """The address gave nothing that can be used, however often it was asked; what it sent is kept in the journal alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came back: the status, 0 where the line broke, and the body as text, in which the key is blacked out."""

    status: int
    body: str

    @property
    def well(self) -> bool:
        """Whether it is an answer."""
        return self.status == 200

    @property
    def again(self) -> bool:
        """Whether what comes back may be better another time."""
        return not self.status or self.status in _AGAIN


@dataclass(kw_only=True)
class Endpoint:
    """Where a suspect is asked. `base` ends before `/chat/completions`, for instance `https://host/v1`.

    `seconds` is the patience with one attempt from beginning to end, `attempts` how often one thing is asked at most. The key comes from an
    environment variable, goes out in a header and is shown nowhere. Nobody is followed to another address.

    Raises:
        Error: an address that is none, that has a password in it, or that would send a key in the clear; a key that no header can hold.
    """

    base: str
    key: str | None = field(default=None, repr=False)
    seconds: float = 120.0
    attempts: int = 6
    wait: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        parts = _parts_of(self.base)
        if self.key and not (self.key.isascii() and self.key.isprintable()):
            raise Error("key: expected printable characters of ASCII, as a header takes no others")
        if self.key and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise Error("address: plain HTTP shows the key to the network; expected https")
        if self.attempts < 1 or not 0.0 < self.seconds <= _LONGEST_PATIENCE:
            raise Error(
                f"attempts, seconds: expected one attempt or more, and some time of at most {_LONGEST_PATIENCE:g} s"
            )
        self._parts = parts
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] | None = None

    def ask(self, path: str, body: bytes, heard: Callable[[Heard], None]) -> Heard:
        """The answer to one request. `heard` is given every attempt before the next one, and may raise to end the asking.

        Raises:
            NoAnswer: this was refused, or every attempt failed.
            Error: anything would be refused.
        """
        told = Heard(status=0, body="")
        for attempt in range(self.attempts):
            told, after = self._once(path, body)
            heard(told)
            if told.well:
                return told
            if told.status in _CLOSED:
                raise Error(
                    f"{self._parts.hostname}: status {told.status}; the key, the address or the model is not right"
                )
            if not told.again:
                break
            if attempt + 1 < self.attempts:
                self.wait(min(_LONGEST_WAIT, after if after is not None else float(2**attempt)))
        why = f"status {told.status}" if told.status else f"no whole answer within {self.seconds:g} s, or a broken line"
        raise NoAnswer(f"{self._parts.hostname}: {why}, asked {attempt + 1} times")

    def _once(self, path: str, body: bytes) -> tuple[Heard, float | None]:
        """One attempt, and the seconds that the server asks to be left alone."""
        headers = {"content-type": "application/json", "accept": "application/json", "user-agent": "stillwatch"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        ends = time.monotonic() + self.seconds
        line = self._line()
        late = threading.Timer(self.seconds, _cut, [line])
        late.daemon = True
        late.start()
        try:
            line.request("POST", f"{self._parts.path}{path}", body=body, headers=headers)
            answer = line.getresponse()
            raw = _read(answer, ends)
            told = Heard(status=answer.status, body=self._blacked(raw.decode("utf-8", "replace")))
            self._put_back(line)
            return told, _asked_to_wait(answer.headers.get("retry-after"))
        except (OSError, http.client.HTTPException):
            line.close()
            return Heard(status=0, body=""), None
        finally:
            late.cancel()

    @contextlib.contextmanager
    def lines_kept(self) -> Iterator[None]:
        """Connections are used again inside, by whichever thread, and closed at the end; outside each serves one attempt."""
        self._idle = []
        try:
            yield
        finally:
            left, self._idle = self._idle, None
            for line in left:
                line.close()

    def _line(self) -> http.client.HTTPConnection:
        """A connection that nobody uses."""
        if self._idle:
            with contextlib.suppress(IndexError):  # another thread was quicker
                return self._idle.pop()
        host, port = self._parts.hostname or "", self._parts.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=self.seconds)
        return http.client.HTTPSConnection(host, port, timeout=self.seconds, context=self._tls)

    def _put_back(self, line: http.client.HTTPConnection) -> None:
        if self._idle is None:
            line.close()
        else:
            self._idle.append(line)

    def _blacked(self, text: str) -> str:
        return text.replace(self.key, "[key]") if self.key else text

    @classmethod
    def keyed_by(cls, base: str, variable: str | None, *, seconds: float = 120.0, attempts: int = 6) -> Endpoint:
        """An address with the key that an environment variable holds.

        Raises:
            Error: the variable is not set.
        """
        key = None if variable is None else os.environ.get(variable, "").strip()
        if key == "":
            raise Error(f"{variable}: the environment holds no key of this name")
        return cls(base=base, key=key, seconds=seconds, attempts=attempts)


def _parts_of(base: str) -> SplitResult:
    """The parts of an address.

    Raises:
        Error: it is none, or has a password in it.
    """
    try:
        parts = urlsplit(base.rstrip("/"))
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    spoken = base.isascii() and base.isprintable() and " " not in base
    if not whole or not spoken or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise Error("address: expected one such as https://host/v1")
    if parts.username or parts.password:
        raise Error("address: expected one without a password in it")
    return parts


def _cut(line: http.client.HTTPConnection) -> None:
    """End a connection under whoever reads from it: a head that drips, or never ends, is not waited for."""
    with contextlib.suppress(OSError):  # closed meanwhile
        if line.sock is not None:
            socket.socket.shutdown(
                line.sock, socket.SHUT_RDWR
            )  # TLS too: its own would take the session away under a reader


def _read(answer: http.client.HTTPResponse, ends: float) -> bytes:
    """A whole body, in time and of bearable length; a server that drips is as good as silent.

    Raises:
        OSError: it is late or too long; http.client.HTTPException when it is cut short.
    """
    parts, many = [], 0
    while True:
        part = answer.read1(1 << 16)
        parts.append(part)
        many += len(part)
        if many > _MOST_BYTES or time.monotonic() > ends:
            raise TimeoutError
        if not part:
            break
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _asked_to_wait(told: str | None) -> float | None:
    """The seconds of a Retry-After header, which gives a number or a date.

    >>> _asked_to_wait("3"), _asked_to_wait(None), _asked_to_wait("soon")
    (3.0, None, None)
    """
    if told is None:
        return None
    if told.isascii() and told.isdigit() and len(told) < 8:
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
