"""uvicorn's HTTP/1.1 protocol with a limit on headers, in bytes and in time: the parser itself knows neither."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEADER_BYTES", "HEADER_SECONDS", "GuardedProtocol"]

HEADER_BYTES = 64 << 10
"""Bytes of request line and headers together; an answer of 431 beyond."""

HEADER_SECONDS = 20.0
"""How long a client may take from its first byte of a request to the end of the headers."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """Ends a connection whose headers are too large or too slow."""

    _in_headers = True
    _seen = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected; the time for its first headers runs."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._end, _TOO_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._settled()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_headers = True
        self._seen = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the request line."""
        self._seen += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; those beyond the limit are not kept."""
        self._seen += len(name) + len(value) + 4
        if self._seen <= HEADER_BYTES:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._in_headers = False
        if self._deadline is not None:
            self._settled()
        if self._seen > HEADER_BYTES:
            self._end(_TOO_LARGE)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of the body; of a request that was refused, nothing."""
        if self._seen <= HEADER_BYTES:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._seen <= HEADER_BYTES:
            super().on_message_complete()
        self._in_headers = True
        self._seen = 0

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.transport.is_closing():
            return
        if self._in_headers:
            # The parser holds an unfinished header back, so what it has not told yet counts by the piece.
            self._unfinished(len(data))
        super().data_received(data)

    _pieces = 0

    def _unfinished(self, size: int) -> None:
        self._pieces = size if not self._pieces else self._pieces + size
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._end, _TOO_SLOW)
        if self._pieces > HEADER_BYTES + 262_144:
            self._end(_TOO_LARGE)

    def _settled(self) -> None:
        self._pieces = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self, said: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(said)
            self.transport.close()
