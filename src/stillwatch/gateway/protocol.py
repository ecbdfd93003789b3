"""uvicorn's HTTP/1.1 protocol with a limit on headers, in bytes and in time: the parser itself knows neither."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stillwatch.gateway.reading import OVERSIZED

__all__ = ["HEADER_BYTES", "HEADER_SECONDS", "GuardedProtocol"]

HEADER_BYTES = 64 << 10
"""Bytes of headers that a request may have."""

HEADER_SECONDS = 20.0
"""How long a client may take to the end of its headers, once it has connected or begun a request."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """Ends a connection whose headers or trailers do not end, marks a request whose headers are too large, and drops trailers.

    The parser tells trailers as if they were headers (RFC 9110, section 6.5.1, forbids to treat them so): by then the request was judged
    by those that it began with.
    """

    _in_headers = True
    _begun = 0
    _since_body = 0
    _wide = False
    """Whether one read ever held more than headers may: then pipelined headers can have come unseen, and each request's are summed."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected; the time for its first headers runs."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._end, _TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client. While headers are under way they count, told or still held back by the parser."""
        if self.transport.is_closing():
            return
        if self._in_headers:
            self._begun += len(data)
        else:
            self._since_body += len(data)
        if len(data) > HEADER_BYTES:
            self._wide = True
        super().data_received(data)
        if not self._in_headers:
            if self._since_body > HEADER_BYTES:
                self._end(_TOO_LARGE)
        elif self._begun:
            if self._begun > HEADER_BYTES:
                self._end(_TOO_LARGE)
            elif self._deadline is None:
                self._deadline = self.loop.call_later(HEADER_SECONDS, self._end, _TOO_SLOW)

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._in_headers = False
        self._since_body = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if (self._wide or self._begun > HEADER_BYTES) and self._size() > HEADER_BYTES:
            self.scope["extensions"] = {OVERSIZED: {}}
        super().on_headers_complete()
        self.headers = []  # the request keeps its own list; trailers end in this one

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._since_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; the next one may begin."""
        self._in_headers = True
        self._begun = 0
        super().on_message_complete()

    def _end(self, said: bytes) -> None:
        """End the connection, and say why where that cannot be taken for a part of an answer under way."""
        if not self.transport.is_closing():
            cycle: Any = self.cycle  # None before the first request, whatever its type says
            if cycle is None or cycle.response_complete or not cycle.response_started:
                self.transport.write(said)
            self.transport.close()
