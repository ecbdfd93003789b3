"""A request's body off the wire: within its limits, within its time, and readable whatever it was packed in."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from stillwatch.gateway.wire import Headers, first

__all__ = [
    "OVERSIZED",
    "Broken",
    "Gone",
    "HeadersTooLarge",
    "Receive",
    "TooLarge",
    "TooSlow",
    "UnknownCoding",
    "declared",
    "plain_body",
    "streamed",
    "whole_body",
]

OVERSIZED = "stillwatch.oversized"
"""Extension in the scope of a request whose headers are beyond their limit; the server counts them, the application refuses."""

Receive = Callable[[], Awaitable[Any]]


class TooLarge(Exception):
    """A body beyond its limit."""


class HeadersTooLarge(Exception):
    """Headers beyond their limit."""


class TooSlow(Exception):
    """A body that did not arrive in time."""


class Gone(Exception):
    """The client left."""


class UnknownCoding(Exception):
    """A body packed in a way that is not read here."""


class Broken(Exception):
    """A packed body that cannot be unpacked."""


def declared(headers: Headers) -> int | None:
    """The length that a request announces."""
    told = first(headers, b"content-length")
    return int(told) if told is not None and told.isdigit() else None


async def whole_body(receive: Receive, headers: Headers, *, limit: int, seconds: float) -> bytes:
    """The whole body.

    Raises:
        TooLarge, TooSlow, Gone: as they say.
    """
    if (declared(headers) or 0) > limit:
        raise TooLarge
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise TooLarge
        return body
    pieces, size = [body], len(body)
    try:
        async with asyncio.timeout(seconds):
            while message.get("more_body", False):
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > limit:
                    raise TooLarge
    except TimeoutError:
        raise TooSlow from None
    return b"".join(pieces)


async def streamed(receive: Receive, *, limit: int, seconds: float) -> AsyncIterator[bytes]:
    """The body piece by piece, each within `seconds`.

    Raises:
        TooLarge, TooSlow, Gone: as they say.
    """
    size = 0
    while True:
        try:
            message = await asyncio.wait_for(receive(), seconds)
        except TimeoutError:
            raise TooSlow from None
        if message["type"] != "http.request":
            raise Gone
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise TooLarge
        if piece:
            yield piece
        if not message.get("more_body", False):
            return


def plain_body(body: bytes, headers: Headers, *, limit: int) -> bytes:
    """The body unpacked, never beyond `limit` bytes however much it would unpack to.

    Raises:
        TooLarge, UnknownCoding, Broken: as they say.
    """
    coding = first(headers, b"content-encoding")
    if coding is None or coding.strip().lower() in (b"", b"identity"):
        return body
    if coding.strip().lower() not in (b"gzip", b"x-gzip", b"deflate"):
        raise UnknownCoding
    try:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
        plain = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise Broken from error
    if len(plain) > limit:
        raise TooLarge
    if not unpacking.eof:
        raise Broken
    return plain
