"""The model API behind the gateway: one pool of kept connections, nothing followed, nothing unpacked, nothing remembered."""

from __future__ import annotations

import select
import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yarl
from multidict import CIMultiDict

from stillwatch.core import Fault, SettingsError
from stillwatch.gateway.wire import LONGEST

__all__ = ["Silent", "Unreachable", "Upstream"]


class Unreachable(Exception):
    """No connection to the upstream, or one that broke before its answer began."""


class Silent(Exception):
    """An upstream that did not answer in time."""


class _Pool(aiohttp.TCPConnector):
    """Kept connections, of which none is taken that the upstream has closed: a busy event loop learns of that later than the kernel.

    A proxy must not send a POST twice (RFC 9110, section 9.2.2), so one that was sent into such a connection is lost.
    """

    async def _get(self, key: Any, traces: Any) -> Any:
        while (found := await super()._get(key, traces)) is not None:
            if not _hung_up(found):
                return found
            found.close()
        return None


def _hung_up(connection: Any) -> bool:
    """Whether something waits to be read where nothing was asked: the end, or what nobody may send."""
    waiting = select.poll()
    waiting.register(connection.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(waiting.poll(0))


class _Request(aiohttp.ClientRequest):
    """A request with the headers that it is given, its host and its length, and no others.

    `skip_auto_headers` says the same and costs a fifteenth of a call: what is left out is worked out anew for each request.
    """

    _skip_auto_headers: CIMultiDict[None] | None = CIMultiDict({"content-type": None})

    def update_headers(self, headers: Any) -> None:
        self.headers = CIMultiDict({"Host": self.url.host_port_subcomponent or ""})
        self.headers.extend(headers)

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        """Nothing is added."""


class Upstream:
    """Sends requests on.

    Args:
        url: where paths are appended, such as `https://api.example.com`.
        connect_seconds, silence_seconds: see `Options`.
        ca: file of certificates that are trusted instead of the system's.
        kept_seconds: how long a connection without work is kept. It must be less than the upstream keeps it (uvicorn, vLLM and Node: 5 s):
            a request sent into one that is being closed is lost, and nobody may send it twice.

    Raises:
        SettingsError: when the URL cannot be used.
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
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise SettingsError(
                [Fault(path="upstream", message=f"got {url!r}, expected a URL such as https://api.example.com")]
            )
        self._base = url.rstrip("/")
        self._authority = yarl.URL(self._base, encoded=True).raw_authority
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_seconds, sock_read=silence_seconds, connect=None
        )
        self._tls: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca) if ca else True
        self._kept_seconds = kept_seconds
        self._session: aiohttp.ClientSession | None = None
        self._remembered = lru_cache(maxsize=8192)(self._url)

    def _url(self, path: bytes, query: bytes) -> yarl.URL:
        """Where a request goes: always to the upstream that was configured, whatever the client's target says.

        Raises:
            ValueError: when it would go elsewhere.
        """
        whole = self._base + path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        url = yarl.URL(whole, encoded=True)
        if url.raw_authority != self._authority:
            raise ValueError("a target that leads to another host")
        return url

    async def start(self) -> None:
        """Open the pool; call it on the event loop."""
        self._session = aiohttp.ClientSession(
            connector=_Pool(limit=0, ssl=self._tls, keepalive_timeout=self._kept_seconds, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            trust_env=False,
            request_class=_Request,
            max_line_size=32_768,
            max_field_size=65_536,
        )

    async def stop(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        path: bytes,
        query: bytes,
        headers: list[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None,
    ) -> aiohttp.ClientResponse:
        """Send one request and wait for the beginning of its answer. One of which nothing could be written is sent again, once.

        Raises:
            Unreachable, Silent: as they say; what a streamed body raises comes through as it is.
        """
        session: Any = self._session
        try:
            url = self._remembered(path, query) if len(path) + len(query) <= LONGEST else self._url(path, query)
            try:
                answer: aiohttp.ClientResponse = await session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                )
            except aiohttp.ClientOSError as error:
                # Bytes are written whole or, into a connection that is closing here already, not at all.
                if not isinstance(error.__cause__, aiohttp.ClientConnectionResetError) or not isinstance(body, bytes):
                    raise
                answer = await session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except TimeoutError as error:
            raise Silent from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Unreachable(error.__class__.__name__) from error
        return answer
