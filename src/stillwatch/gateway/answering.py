"""An answer on its way to the client: bytes as they came, or with what is to be hidden taken out, and what it cost beside it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from stillwatch.gateway.counting import HEAD, TAIL
from stillwatch.gateway.hiding import EventTooLong, Seal, StreamHider, Unhideable, hidden
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.wire import Headers, answer_headers
from stillwatch.policy import Dialect, Hide, Ruling

if TYPE_CHECKING:
    import aiohttp

    from stillwatch.gateway.metrics import Metrics

__all__ = ["Tee", "Withheld", "relay", "relay_hidden"]


class Withheld(Exception):
    """An answer that is not passed on because what must be hidden in it cannot be found."""


class Tee:
    """What is kept of an answer that goes by: its text up to a limit, its end for the usage, its size and its events."""

    __slots__ = ("_kept", "_last", "_most", "_size", "events", "stream")

    def __init__(self, most: int, *, stream: bool) -> None:
        self._most = most
        self._kept: list[bytes] = []
        self._size = 0
        self._last = b""
        self.stream = stream
        self.events = 0

    def add(self, piece: bytes) -> None:
        """Take note of one piece."""
        if self._size < self._most:
            self._kept.append(piece)
        else:
            self._last = (self._last + piece)[-TAIL:]
        self._size += len(piece)
        if self.stream:
            self.events += piece.count(b"data:")

    @property
    def cut(self) -> bool:
        """Whether the text lacks its end."""
        return bool(self._last)

    def body(self) -> bytes:
        """The answer, up to the limit."""
        if len(self._kept) > 1:
            self._kept = [b"".join(self._kept)]
        return self._kept[0] if self._kept else b""

    def ends(self) -> tuple[bytes, bytes]:
        """The first and the last bytes, where providers say what an answer cost."""
        body = self.body()
        return body[:HEAD], (body[-TAIL:] + self._last)[-TAIL:] if self._last else body[-TAIL:]


async def relay(answer: aiohttp.ClientResponse, send: Any, tee: Tee, extra: Headers) -> None:
    """Pass an answer on byte by byte, as fast as the client takes it and no faster."""
    headers = answer_headers(answer.raw_headers, changed=False)
    headers += extra
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    content = answer.content
    while True:
        piece = await content.readany()
        last = content.at_eof()
        if piece:
            tee.add(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": not last})
        if last:
            return


async def relay_hidden(
    answer: aiohttp.ClientResponse,
    send: Any,
    tee: Tee,
    extra: Headers,
    *,
    dialect: Dialect,
    ruling: Ruling,
    options: Options,
    metrics: Metrics,
    seal: Seal | None = None,
) -> None:
    """Pass an answer on without what the ruling hides. The tee sees what the upstream said.

    Raises:
        Withheld: before the first byte, when the answer cannot be read.
    """
    logprobs = ruling.clamp is not None and ruling.clamp.drop_logprobs
    kind = answer.content_type
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if kind != "text/event-stream":
        await _whole(answer, send, tee, extra, dialect, ruling.hide, logprobs, coding, options, metrics, seal)
        return
    unpack = _unpacking(coding)
    headers = answer_headers(answer.raw_headers, changed=True)
    headers += extra
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    hiding = StreamHider(dialect, ruling.hide, logprobs=logprobs, seal=seal)
    content = answer.content
    try:
        while not content.at_eof():
            piece = await content.readany()
            if unpack is not None:
                piece = unpack.decompress(piece)
            tee.add(piece)
            if passed := hiding.feed(piece):
                await send({"type": "http.response.body", "body": passed, "more_body": True})
    except (EventTooLong, zlib.error):
        metrics.stages[("hide", "closed")] += 1
        return
    finally:
        if hiding.unreadable:
            metrics.stages[("hide", "closed")] += hiding.unreadable
    await send({"type": "http.response.body", "body": hiding.finish(), "more_body": False})


def _unpacking(coding: str) -> Any:
    """What unpacks an answer that came packed although none was asked for; `None` for a plain one."""
    if coding in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    raise Withheld


async def _whole(
    answer: aiohttp.ClientResponse,
    send: Any,
    tee: Tee,
    extra: Headers,
    dialect: Dialect,
    how: Hide,
    logprobs: bool,
    coding: str,
    options: Options,
    metrics: Metrics,
    seal: Seal | None,
) -> None:
    unpack = _unpacking(coding)
    pieces: list[bytes] = []
    size = 0
    while not answer.content.at_eof():
        piece = await answer.content.readany()
        if unpack is not None:
            piece = unpack.decompress(piece, options.max_answer - size + 1)
        pieces.append(piece)
        size += len(piece)
        if size > options.max_answer:
            raise Withheld
    body = b"".join(pieces)
    tee.add(body)
    try:
        passed = hidden(dialect, body, how, logprobs=logprobs, seal=seal) if body else body
    except Unhideable:
        # An error page holds no reasoning; of an answer nobody can tell.
        if answer.status < 400 and options.hide is Fail.CLOSED:
            raise Withheld from None
        metrics.stages[("hide", "open")] += answer.status < 400
        passed = body
    headers = answer_headers(answer.raw_headers, changed=True)
    headers += [(b"content-length", str(len(passed)).encode()), *extra]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": passed, "more_body": False})
