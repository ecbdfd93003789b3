"""An answer on its way to the client: bytes as they came, or with what is to be hidden taken out, and what it cost beside it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.gateway.hiding import EventTooLong, StreamHider, Unhideable, hidden
from stillwatch.gateway.holding import Guard, Holding, Leaked
from stillwatch.gateway.judging import Passing
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.tee import Tee
from stillwatch.gateway.wire import Headers, answer_headers
from stillwatch.policy import Dialect, Hide

if TYPE_CHECKING:
    import aiohttp

    from stillwatch.gateway.metrics import Metrics

__all__ = ["Ended", "Hiding", "Leaked", "Withheld", "hides", "relay", "relay_hidden"]

_decode = msgspec.json.Decoder().decode

_STEP = 256 << 10
"""Bytes that a packed answer is unpacked by."""


class Withheld(Exception):
    """An answer that is not passed on because what must be hidden in it cannot be found."""


class Ended(Exception):
    """A stream that leaked and was ended in its dialect's shape; the upstream may still be talking."""


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


class Hiding:
    """One answer on its way out, without what the ruling hides: a stream leaves event by event, anything else at its end.

    The gateway and the middleware share it. The tee sees what the model said.

    Raises:
        Withheld: when the answer is packed in a way that is not read here.
    """

    def __init__(
        self,
        one: Passing,
        *,
        kind: str,
        coding: str,
        options: Options,
        metrics: Metrics,
        guard: Guard | None = None,
    ) -> None:
        ruling = one.ruling
        self.hold: Holding | None = None
        if ruling.hold is not None:
            self.hold = Holding(ruling.hold, ruling.hide, one.route.answers, guard or Guard())
        logprobs = ruling.clamp is not None and ruling.clamp.drop_logprobs
        self._one, self._options, self._metrics, self._logprobs = one, options, metrics, logprobs
        self._unpack = _unpacking(coding.strip().lower())
        self._stream: StreamHider | None = None
        if kind.partition(";")[0].strip().lower() == "text/event-stream":
            self._stream = StreamHider(one.route.answers, ruling.hide, logprobs=logprobs, seal=one.seal, hold=self.hold)
        self._held: list[bytes] = []
        self._size = 0

    @property
    def streams(self) -> bool:
        """Whether the answer leaves event by event."""
        return self._stream is not None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What may leave now.

        Raises:
            Withheld: when the answer cannot be read any further, or is larger than what is held.
        """
        for plain in (piece,) if self._unpack is None else _unpacked(self._unpack, piece):
            self._one.tee.add(plain)
            if self._stream is not None:
                yield self._passed(self._stream, plain)
                continue
            self._held.append(plain)
            self._size += len(plain)
            if self._size > self._options.max_answer:
                raise Withheld

    def _passed(self, stream: StreamHider, plain: bytes) -> bytes:
        try:
            passed = stream.feed(plain)
        except EventTooLong as error:
            raise Withheld from error
        if stream.unreadable:
            self._metrics.stages[("hide", "closed")] += stream.unreadable
            stream.unreadable = 0
        return passed

    async def finish(self) -> bytes:
        """What leaves at the end.

        Raises:
            Withheld: when the whole answer cannot be read.
            Leaked: when it says what it must not.
        """
        if self._stream is not None:
            rest = self._stream.finish()
            return rest if self.hold is None else await self.hold.release()
        body = b"".join(self._held)
        self._held.clear()
        one = self._one
        if self.hold is not None and body and one.status < 400:
            await self._looked_at(self.hold, body)
        try:
            how = one.ruling.hide
            return hidden(one.route.answers, body, how, logprobs=self._logprobs, seal=one.seal) if body else body
        except Unhideable:
            # An error page holds no reasoning; of an answer nobody can tell.
            if one.status < 400 and self._options.hide is Fail.CLOSED:
                raise Withheld from None
            self._metrics.stages[("hide", Fail.OPEN.value)] += one.status < 400
            return body

    async def _looked_at(self, hold: Holding, body: bytes) -> None:
        try:
            hold.hear(_decode(body))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            if self._options.hide is Fail.CLOSED:
                raise Withheld from None
            return
        await hold.check()


def hides(one: Passing) -> bool:
    """Whether something must be taken out of the answer to a request, sealed in it, or looked for in it."""
    if one.route.answers is Dialect.OTHER:
        return False
    ruling = one.ruling
    return (
        ruling.hide is not Hide.NOTHING
        or one.seal is not None
        or ruling.hold is not None
        or (ruling.clamp is not None and ruling.clamp.drop_logprobs)
    )


async def relay_hidden(answer: aiohttp.ClientResponse, send: Any, extra: Headers, hiding: Hiding) -> None:
    """Pass an answer on without what the ruling hides.

    Raises:
        Withheld: when the answer cannot be read; nothing was sent unless it is a stream that has begun.
        Leaked: when a whole answer says what it must not; nothing was sent.
        Ended: when a stream did, and was ended.
    """
    start = {"type": "http.response.start", "status": answer.status}
    headers = answer_headers(answer.raw_headers, changed=True)
    headers += extra
    if hiding.streams:
        await send({**start, "headers": headers})
    content = answer.content
    hold = hiding.hold if hiding.streams else None
    try:
        while not content.at_eof():
            for passed in hiding.feed(await _next(content, hold)):
                if passed:
                    await send({"type": "http.response.body", "body": passed, "more_body": True})
            if hold is not None and hold.patience == 0.0:
                await send({"type": "http.response.body", "body": await hold.release(), "more_body": True})
        rest = await hiding.finish()
    except Leaked as leak:
        if hold is None:
            raise
        await send({"type": "http.response.body", "body": hold.ended(), "more_body": False})
        raise Ended from leak
    if not hiding.streams:
        headers.append((b"content-length", str(len(rest)).encode()))
        await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": rest, "more_body": False})


async def _next(content: aiohttp.StreamReader, hold: Holding | None) -> bytes:
    """The next piece, or nothing when what is on hold has waited long enough."""
    if hold is None or hold.patience is None:
        return await content.readany()
    try:
        async with asyncio.timeout(hold.patience) as limit:
            return await content.readany()
    except TimeoutError:
        if not limit.expired():
            raise
        return b""


def _unpacking(coding: str) -> Any:
    """What unpacks an answer that came packed although none was asked for; `None` for a plain one."""
    if coding in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    raise Withheld


def _unpacked(unpack: Any, piece: bytes) -> Iterator[bytes]:
    """A piece unpacked in steps of bounded size, however much it would unpack to."""
    while True:
        try:
            plain = unpack.decompress(piece, _STEP)
        except zlib.error as error:
            raise Withheld from error
        yield plain
        piece = unpack.unconsumed_tail
        if not piece and len(plain) < _STEP:
            return
