"""An upstream that is asked by pyreqwest: measured beside aiohttp, and not offered (docs/decisions/2026-11-23-pyreqwest-is-not-offered.md).

It does what its interface allows: a target that its URL parser would write otherwise is refused instead of changed, so is a request with a header
that is not UTF-8, and headers of an answer that are not ASCII are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import lru_cache
from typing import Any, Self

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import RequestError
from pyreqwest.http import Url

from stillwatch.core import Fault, SettingsError
from stillwatch.gateway.upstream import Silent, Unreachable, Upstream
from stillwatch.gateway.wire import LONGEST

__all__ = ["PyreqwestUpstream"]


class Reply:
    """An answer as the relay reads it: what it asks of aiohttp's, and no more. It is its own `content`."""

    def __init__(self, request: Any, answer: Any, silence_seconds: float) -> None:
        self._request, self._reader, self._silence = request, answer.body_reader, silence_seconds
        self._over = False
        self._kept = b""
        self.status: int = answer.status
        named = _named(answer.headers)
        self.raw_headers = [(name.encode(), value.encode()) for name, value in named]
        self.headers = dict(reversed(named))
        told = self.headers.get("content-length", "")
        self._left = int(told) if told.isdigit() and "transfer-encoding" not in self.headers else None
        self.content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.content = self

    def at_eof(self) -> bool:
        """Whether all of it was read."""
        return not self._kept and (self._over or self._left == 0)

    async def readany(self) -> bytes:
        """What has come since, or nothing at the end.

        Raises:
            Silent, Unreachable: as they say; then the client must see that the answer broke off.
        """
        if self._kept:
            kept, self._kept = self._kept, b""
            return kept
        if self.at_eof():
            return b""
        try:
            async with asyncio.timeout(self._silence):
                piece = await self._reader.read_chunk()
        except TimeoutError as error:
            raise Silent from error
        except RequestError as error:
            raise Unreachable(error.__class__.__name__) from error
        if piece is None:
            self._over = True
            return b""
        if self._left is not None:
            self._left -= len(piece)
        return bytes(piece)

    async def read(self, most: int) -> bytes:
        """The same, `most` bytes of it."""
        piece = await self.readany()
        self._kept = piece[most:]
        return piece[:most]

    def close(self) -> None:
        """End it, and with it the connection where it is not read to its end."""
        if not self.at_eof():
            self._over = True
            _later(self._request.__aexit__(None, None, None))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


_ending: set[asyncio.Task[Any]] = set()


def _later(work: Any) -> None:
    task = asyncio.ensure_future(work)
    _ending.add(task)
    task.add_done_callback(_ending.discard)


class PyreqwestUpstream(Upstream):
    """Sends requests on. Arguments and errors are those of `Upstream`, but for `ca`.

    Raises:
        SettingsError: also when `ca` is given: certificates could only be trusted beside the system's, and that is less than was asked for.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_seconds: float,
        silence_seconds: float,
        ca: str | None = None,
        kept_seconds: float = 4.0,
    ) -> None:
        super().__init__(
            url, connect_seconds=connect_seconds, silence_seconds=silence_seconds, kept_seconds=kept_seconds
        )
        if ca is not None:
            message = "pyreqwest can only trust more than the system does, not less: leave it out, or use aiohttp"
            raise SettingsError([Fault(path="upstream_ca", message=message)])
        self._silence = silence_seconds
        self._connect_seconds = connect_seconds
        self._client: Any = None
        self._target_of = lru_cache(maxsize=8192)(self._target)

    def _target(self, path: bytes, query: bytes) -> Url:
        """Where a request goes, in the very spelling in which it came.

        Raises:
            ValueError: when it would go elsewhere, or be spelled otherwise.
        """
        wanted = str(self._url(path, query))
        url = Url(wanted)
        if str(url) != wanted:
            raise ValueError("a target that would not go on as it is")
        return url

    async def start(self) -> None:
        """Open the pool; call it on the event loop."""
        self._client = _builder(self._connect_seconds, self._kept_seconds).build()

    async def stop(self) -> None:
        """Close the pool."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def send(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: list[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None,
    ) -> Any:
        """Send one request and wait for the beginning of its answer; a `Reply`."""
        request: Any = None
        try:
            url = self._target_of(path, query) if len(path) + len(query) <= LONGEST else self._target(path, query)
            built = self._client.request(method, url).headers([(name, _utf8(value)) for name, value in headers])
            async with asyncio.timeout(self._silence) as limit:
                if isinstance(body, bytes):
                    built = built.body_bytes(body)
                elif body is not None:
                    built = built.body_stream(_prolonging(body, limit, self._silence))
                request = built.streamed_read_buffer_limit(0).build_streamed()
                answer = await request.__aenter__()
            return Reply(request, answer, self._silence)
        except TimeoutError as error:
            raise Silent from error
        except (RequestError, ValueError) as error:
            raise Unreachable(error.__class__.__name__) from error


def _named(headers: Any) -> list[tuple[str, str]]:
    """(name, value) of every header that can be read."""
    try:
        return [*headers.items()]
    except ValueError:
        found = []
        for name in dict.fromkeys(headers.keys()):
            with contextlib.suppress(ValueError):
                found += [(name, value) for value in headers.getall(name)]
        return found


def _utf8(value: str) -> str:
    """A header's value, whose bytes came as Latin-1, as text that goes out in the same bytes.

    Raises:
        ValueError: when there is none.
    """
    return value if value.isascii() else value.encode("latin-1").decode("utf-8")


async def _prolonging(pieces: AsyncIterator[bytes], limit: asyncio.Timeout, seconds: float) -> AsyncIterator[bytes]:
    """A body whose pieces keep the upstream from being taken for silent while it is still listening."""
    async for piece in pieces:
        with contextlib.suppress(RuntimeError):  # the answer has begun, and this limit is over
            limit.reschedule(asyncio.get_running_loop().time() + seconds)
        yield piece


def _builder(connect_seconds: float, kept_seconds: float) -> ClientBuilder:
    """A client that follows nothing, unpacks nothing, remembers nothing and takes no proxy from the environment."""
    made = ClientBuilder().gzip(False).brotli(False).zstd(False).deflate(False).follow_redirects(False).referer(False)
    made = made.no_proxy().http1_only().http1_lower_case_headers()
    return made.connect_timeout(timedelta(seconds=connect_seconds)).pool_idle_timeout(timedelta(seconds=kept_seconds))
