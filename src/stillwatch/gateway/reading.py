"""A request's body off the wire: within its limits, within its time, and readable whatever it was packed in."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from stillwatch.gateway.refusing import Unacceptable
from stillwatch.gateway.wire import Headers, first

__all__ = [
    "OVERSIZED",
    "Broken",
    "Crowded",
    "Gone",
    "HeadersTooLarge",
    "OddTarget",
    "Receive",
    "Room",
    "TooLarge",
    "TooSlow",
    "UnknownCoding",
    "Upload",
    "declared",
    "plain_body",
    "streamed",
    "whole_body",
]

OVERSIZED = "stillwatch.oversized"
"""Extension in the scope of a request whose headers are beyond their limit; the server counts them, the application refuses."""

Receive = Callable[[], Awaitable[Any]]

_STEP = 256 << 10
"""Bytes that a packed body is unpacked by at first."""


class TooLarge(Unacceptable):
    """A body beyond its limit."""

    status, code, closes = 413, "request_too_large", True
    message = "The request body is larger than this gateway accepts."


class HeadersTooLarge(Unacceptable):
    """Headers beyond their limit."""

    status, code, closes = 431, "headers_too_large", True
    message = "The request headers are larger than this gateway accepts."


class TooSlow(Unacceptable):
    """A body that did not arrive in time."""

    status, code, closes = 408, "request_timeout", True
    message = "The request body did not arrive in time."


class Crowded(Unacceptable):
    """No room for another body beside those under way."""

    status, code, closes = 503, "overloaded", True
    message = "Too many large requests are under way; try again in a moment."


class UnknownCoding(Unacceptable):
    """A body packed in a way that is not read here."""

    status, code = 415, "unsupported_encoding"
    message = "Send the body plain, or packed with gzip or deflate."


class Broken(Unacceptable):
    """A packed body that cannot be unpacked."""

    code = "invalid_json"
    message = "The request body is not a JSON object in UTF-8."


class OddTarget(Unacceptable):
    """A target that does not begin with a slash, so that what stands before it may be taken for a part of it."""

    code, closes = "invalid_target", True
    message = "The request target is no path."


class Gone(Exception):
    """The client left."""


class Room:
    """Bytes of bodies that may be held at once, over all requests under way."""

    __slots__ = ("_most", "taken")

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    def take(self, size: int) -> None:
        """Hold so much more.

        Raises:
            Crowded: when there is no room for it; then nothing is taken.
        """
        if self.taken + size > self._most:
            raise Crowded
        self.taken += size

    def give(self, size: int) -> None:
        """Let so much go."""
        self.taken -= size


def declared(headers: Headers) -> int | None:
    """The length that a request announces."""
    told = first(headers, b"content-length")
    return int(told) if told is not None and told.isdigit() else None


async def whole_body(receive: Receive, headers: Headers, *, limit: int, seconds: float, room: Room) -> bytes:
    """The whole body. As many bytes as it has are taken of `room`; the caller gives them back.

    Raises:
        TooLarge, TooSlow, Crowded, Gone: as they say; then nothing is held.
    """
    if (declared(headers) or 0) > limit:
        raise TooLarge
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    body: bytes = message.get("body", b"")
    if len(body) > limit:
        raise TooLarge
    room.take(len(body))
    if not message.get("more_body", False):
        return body
    pieces, size = [body], len(body)
    try:
        async with asyncio.timeout(seconds):
            while message.get("more_body", False):
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                piece = message.get("body", b"")
                if size + len(piece) > limit:
                    raise TooLarge
                room.take(len(piece))
                pieces.append(piece)
                size += len(piece)
    except TimeoutError:
        room.give(size)
        raise TooSlow from None
    except BaseException:
        room.give(size)
        raise
    return b"".join(pieces)


class Upload:
    """A body that is passed on unread, piece by piece. `fault` is what ended it early; `over` is set once nobody reads it any more.

    The HTTP client wraps what its body raises into errors of its own, so what was wrong is remembered here.
    """

    def __init__(self, receive: Receive, *, limit: int, seconds: float) -> None:
        self._pieces = streamed(receive, limit=limit, seconds=seconds)
        self.fault: Unacceptable | Gone | None = None
        self.over = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, for the HTTP client."""
        try:
            async for piece in self._pieces:
                yield piece
        except (Unacceptable, Gone) as fault:
            self.fault = fault
            raise
        finally:
            self.over.set()


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
        plain = unpacking.decompress(body, _STEP)
        if not unpacking.eof:
            _measured(unpacking, limit - len(plain))
            plain += unpacking.decompress(unpacking.unconsumed_tail)
    except zlib.error as error:
        raise Broken from error
    if len(plain) > limit:
        raise TooLarge
    if not unpacking.eof:
        raise Broken
    return plain


def _measured(unpacking: Any, most: int) -> None:
    """Unpack the rest once without keeping it: whoever sends a few bytes that would become many must not make us hold those.

    Raises:
        TooLarge: when there is more.
    """
    trial, rest, size = unpacking.copy(), unpacking.unconsumed_tail, _STEP
    while size == _STEP and not trial.eof:
        size = len(trial.decompress(rest, _STEP))
        most -= size
        if most < 0:
            raise TooLarge
        rest = trial.unconsumed_tail
