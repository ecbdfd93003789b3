"""Somebody's TAXII 2.1 collection, asked with suspicion: bounded in time and size, patient with trouble, and never led to another host."""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

import msgspec

from stillwatch.core.errors import Error
from stillwatch.forum.taxii.wire import MEDIA, is_taxii

__all__ = ["Credentials", "Envelope", "Remote", "RemoteError", "Reply", "Status"]

_AGAIN = frozenset({429, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 307, 308})
_LONGEST_WAIT = 60.0
_LOCAL = ("localhost", "127.0.0.1", "::1")
_PART = 65_536
_PLACE = re.compile(r"(?P<root>/.*)collections/(?P<name>[^/]+)/?")


_T = TypeVar("_T")


class RemoteError(Error):
    """A server that could not be asked, or whose answer cannot be used. `status` is 0 when there was no answer."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """How we show who we are; any of the three, or none."""

    token: str = ""
    user: str = ""
    password: str = ""
    certificate: Path | None = None
    key: Path | None = None

    def header(self) -> dict[str, str]:
        """The Authorization header, if there is one."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}


class Envelope(msgspec.Struct, frozen=True):
    """A page; each object is still its bytes, so that a bad one spoils no other."""

    more: bool = False
    next: str | None = None
    objects: list[msgspec.Raw] = []


class Status(msgspec.Struct, frozen=True):
    """What became of a push."""

    id: str
    status: str
    total_count: int = 0
    success_count: int = 0
    failure_count: int = 0
    pending_count: int = 0
    failures: list[dict[str, Any]] = []


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer with its body, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Remote:
    """One collection, by its address: https://host/{api root}/collections/{id}/.

    Plain HTTP is for this machine alone, unless `unsafe_http`. `most_bytes` bounds a page, `seconds` a whole answer.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials | None = None,
        *,
        authorities: Path | None = None,
        unsafe_http: bool = False,
        most_bytes: int = 64_000_000,
        seconds: float = 60.0,
        tries: int = 5,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(address)
        found = _PLACE.fullmatch(parts.path)
        if parts.scheme not in ("https", "http") or not parts.hostname or found is None:
            raise RemoteError(f"{address}: expected an address such as https://host/api-root/collections/id/")
        if parts.scheme == "http" and parts.hostname not in _LOCAL and not unsafe_http:
            raise RemoteError(f"{address}: plain HTTP shows everything to the network; expected https")
        if parts.username or parts.password:
            raise RemoteError("expected an address without a password in it")
        self._address, self._origin = parts, (parts.scheme, parts.hostname, parts.port)
        self._root, self._path = found["root"], f"{found['root']}collections/{found['name']}/"
        self.source = f"{parts.scheme}://{parts.netloc}{self._path}"
        given = credentials or Credentials()
        self._headers = {"Accept": MEDIA, "User-Agent": "stillwatch"} | given.header()
        self._tls = _tls(given, authorities) if parts.scheme == "https" else None
        self._most, self._seconds, self._tries, self._wait = most_bytes, seconds, tries, wait
        self._open: http.client.HTTPConnection | None = None

    def page(self, query: Mapping[str, str]) -> tuple[Envelope, Mapping[str, str]]:
        """A page of objects with its headers.

        Raises:
            RemoteError: when there is none.
        """
        reply = self._ask("GET", f"{self._path}objects/?{urlencode(query)}")
        return _read(reply, Envelope), reply.headers

    def push(self, body: bytes) -> Status:
        """Send an envelope; sending the same again does no harm.

        Raises:
            RemoteError: when it was refused as a whole.
        """
        return _read(self._ask("POST", f"{self._path}objects/", body), Status)

    def status(self, name: str) -> Status:
        """What became of a push."""
        return _read(self._ask("GET", f"{self._root}status/{quote(name, safe='')}/"), Status)

    def most_push_bytes(self) -> int:
        """The largest body that the server takes, as its API root says; bounded by what we would send."""
        told = _read(self._ask("GET", self._root), _Root).max_content_length
        return max(1, min(told, 8_000_000))

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Ask until there is an answer, with longer and longer waits between."""
        for attempt in range(self._tries):
            try:
                reply = self._followed(method, path, body)
                if reply.status not in _AGAIN:
                    return _good(reply)
                pause, trouble = _retry_after(reply), _refusal(reply)
            except TimeoutError:
                self.close()
                pause, trouble = None, RemoteError(f"{self._address.hostname}: took longer than {self._seconds:g} s")
            except (OSError, http.client.HTTPException) as error:
                self.close()
                pause, trouble = None, RemoteError(f"{self._address.hostname}: {type(error).__name__}")
            if attempt == self._tries - 1:
                raise trouble
            backed_off = min(_LONGEST_WAIT, 2.0**attempt) * (0.5 + secrets.randbelow(1000) / 2000)
            self._wait(backed_off if pause is None else min(_LONGEST_WAIT, pause))
        raise AssertionError

    def _followed(self, method: str, path: str, body: bytes | None) -> Reply:
        for _ in range(3):
            reply = self._once(method, path, body)
            if reply.status not in _REDIRECTS:
                return reply
            target = urlsplit(
                urljoin(f"{self._address.scheme}://{self._address.netloc}{path}", reply.headers.get("location", ""))
            )
            if (target.scheme, target.hostname, target.port) != self._origin or method != "GET":
                raise RemoteError(
                    f"redirected to {target.hostname}, which was not asked for; nothing was sent there",
                    status=reply.status,
                )
            path = target.path + (f"?{target.query}" if target.query else "")
        raise RemoteError("redirected again and again", status=reply.status)

    def _once(self, method: str, path: str, body: bytes | None) -> Reply:
        connection = self._open = self._open or self._connection()
        if connection.sock is None:
            connection.connect()
        late = threading.Event()
        cut = threading.Timer(self._seconds, _cut, (connection.sock, late))
        cut.start()
        try:
            headers = self._headers | ({} if body is None else {"Content-Type": MEDIA})
            connection.request(method, path, body, headers)
            with connection.getresponse() as answer:
                data = self._bounded(answer)
                if late.is_set():
                    raise TimeoutError
                told = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(status=answer.status, headers=told, body=data)
        finally:
            cut.cancel()

    def _bounded(self, answer: http.client.HTTPResponse) -> bytes:
        parts, size = [], 0
        while part := answer.read(_PART):
            size += len(part)
            if size > self._most:
                self.close()
                raise RemoteError(f"the answer is larger than {self._most} bytes", status=answer.status)
            parts.append(part)
        return b"".join(parts)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=self._seconds)
        return http.client.HTTPSConnection(host, port, timeout=self._seconds, context=self._tls)


class _Root(msgspec.Struct, frozen=True):
    max_content_length: int = 1_000_000


def _tls(given: Credentials, authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if given.certificate is not None:
        context.load_cert_chain(given.certificate, given.key)
    return context


def _cut(sock: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _good(reply: Reply) -> Reply:
    if reply.status not in (200, 202):
        raise _refusal(reply)
    if not is_taxii(reply.headers.get("content-type")):
        raise RemoteError(
            f"got {reply.headers.get('content-type', 'no type')[:80]!r}, expected {MEDIA}", status=reply.status
        )
    return reply


def _refusal(reply: Reply) -> RemoteError:
    """What the server said, in one line without control characters: it is a stranger's text."""
    try:
        told = msgspec.json.decode(reply.body[:10_000], type=dict[str, Any])
        text = str(told.get("description") or told.get("title") or "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = ""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)[:200]
    return RemoteError(f"the server answered {reply.status}{': ' if plain else ''}{plain}", status=reply.status)


def _retry_after(reply: Reply) -> float | None:
    told = reply.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() and len(told) < 7 else None


def _read(reply: Reply, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteError(f"the answer is not TAXII: {str(error)[:200]}", status=reply.status) from error
