"""How a member reaches a custodian over HTTP: one connection kept, a bound on what is read back, the token in a header."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import msgspec

from stillwatch.forum.tags.client import Ask, Lost
from stillwatch.forum.tags.custodian import Custodian
from stillwatch.forum.tags.refusals import Refusal, RequestRefused, TagError
from stillwatch.forum.tags.wire import MEDIA_TYPE, MOST_BYTES, Refused

__all__ = ["asking", "fetch_statements", "tell_log"]

_LINES = 1_000
_LOCAL = ("localhost", "127.0.0.1", "::1")


@asynccontextmanager
async def asking(url: str, token: str, *, seconds: float = 30.0) -> AsyncIterator[Ask]:
    """A way to ask one custodian.

    Raises:
        TagError: for an address that is not HTTPS, except on this machine.
    """
    target = _address(url, "evaluate")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": MEDIA_TYPE}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), headers=headers) as session:

        async def ask(body: bytes) -> bytes:
            return await _bounded(session.post(target, data=body, allow_redirects=False))

        yield ask


async def fetch_statements(url: str, *, seconds: float = 30.0) -> bytes:
    """The statements of keys that a custodian publishes: to compare with the pinned ones, never to use unpinned."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        return await _bounded(session.get(_address(url, "keys"), allow_redirects=False))


async def tell_log(url: str, token: str, custodian: Custodian, *, seconds: float = 60.0) -> tuple[int, list[str]]:
    """Tell the forum's log everything that a custodian evaluated and has not told, and which keys it committed to.

    Returns the lines that were new to the log, and epochs of which the log knows other keys.

    Raises:
        Lost: when the hub does not answer; what it acknowledged is not told again.
        TagError: when it refuses.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    target = _address(url, "log/evaluations")
    keys = [{"epoch": one.epoch, "digest": one.digest} for one in custodian.statements()]
    first = last = -1
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), headers=headers) as session:
        while True:
            lines = custodian.ledger.numbered(last, _LINES) if last >= 0 else []
            told = {"keys": keys, "lines": [{"seq": seq, **dataclasses.asdict(line)} for seq, line in lines]}
            body = await _bounded(session.post(target, data=msgspec.json.encode(told), allow_redirects=False))
            answer = msgspec.json.decode(body, type=_Logged)
            if last >= 0 and not lines:
                return last - first, answer.changed
            first, last = (answer.last if first < 0 else first), answer.last


class _Logged(msgspec.Struct, frozen=True):
    last: int
    changed: list[str]


async def _bounded(request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> bytes:
    try:
        async with request as response:
            body = bytearray()
            async for part in response.content.iter_chunked(65_536):
                body += part
                if len(body) > MOST_BYTES:
                    raise TagError(f"got more than {MOST_BYTES} bytes")
            status = response.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise Lost(type(error).__name__) from error
    if status == 200:
        return bytes(body)
    try:
        refused = msgspec.json.decode(bytes(body), type=Refused)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        if status in (502, 503, 504):
            raise Lost(f"status {status}") from error
        raise TagError(f"got status {status} and no reason") from error
    if refused.refusal is Refusal.BUSY:
        raise Lost("busy")
    raise RequestRefused(refused.refusal, refused.message[:300])


def _address(url: str, path: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise TagError(f"{url}: got {parts.scheme or 'no scheme'}, expected https; the token must not travel in clear")
    return f"{url.rstrip('/')}/{path}"
