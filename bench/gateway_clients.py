"""What a client that asks the upstream must do, asked of aiohttp and of pyreqwest alike: each row is a question with its answer by client.

The upstream is a few lines that say bytes by hand, so that nothing but the client is in question.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from typing import Any

from figures import Figures, bar
from gateway_stack import upstream_by

from stillwatch.gateway.upstream import Silent, Unreachable, Upstream

__all__ = ["CLIENTS", "clients"]

CLIENTS = ("aiohttp", "pyreqwest")
WAIT = 3.0
"""Seconds within which an upstream must learn that nobody waits for it any more."""
ASKED = ("POST", b"/v1/messages", b"", [("content-type", "application/json")], b"{}")
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nx-note: caf\xc3\xa9\r\ncontent-length: 2\r\n\r\n{}"
TARGETS = (b"/v1/chat/completions", b"/v1/./models", b"/v1//models", b"/v1/a%2Fb", b"/v1/files?name='x'", b"/v1/%7Eme")


class Upstreams:
    """A server that plays a part: what it read of each connection, and whether the other side has left."""

    def __init__(self, part: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
        self.part, self.heads = part, list[bytes]()
        self.gone = asyncio.Event()
        self.written = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            if b"content-length: 2" in self.heads[-1].lower():
                await reader.readexactly(2)
            await self.part(writer)
            await reader.read()
        self.gone.set()
        writer.close()


@contextlib.asynccontextmanager
async def before(client: str, part: Any, *, silence: float = 60.0) -> AsyncIterator[tuple[Upstream, Upstreams]]:
    """(the client's pool, the upstream that plays a part)."""
    played = Upstreams(part)
    server = await asyncio.start_server(played.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    asking = upstream_by(client, url, connect_seconds=2.0, silence_seconds=silence)
    await asking.start()
    try:
        yield asking, played
    finally:
        await asking.stop()
        server.close()


async def _says(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    for piece in pieces:
        writer.write(piece)
    await writer.drain()


async def _learns(played: Upstreams) -> bool:
    try:
        await asyncio.wait_for(played.gone.wait(), WAIT)
    except TimeoutError:
        return False
    return True


async def leaves_before_the_answer(client: str) -> bool:
    """A caller who leaves before the answer begins: the upstream learns of it."""
    async with before(client, lambda writer: _says(writer)) as (asking, played):
        task = asyncio.create_task(asking.send(*ASKED))
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.wait([task])
        return await _learns(played)


async def is_given_up_as_silent(client: str) -> bool:
    """An upstream that says nothing: it is given up, and learns of it."""
    async with before(client, lambda writer: _says(writer), silence=0.3) as (asking, played):
        with contextlib.suppress(Silent):
            await asking.send(*ASKED)
            return False
        return await _learns(played)


async def leaves_within_a_stream(client: str) -> bool:
    """A caller who leaves within a stream: the upstream learns of it."""
    async with before(client, lambda writer: _says(writer, STREAM, b"5\r\nhello\r\n")) as (asking, played):
        answer = await asking.send(*ASKED)
        await answer.content.readany()
        answer.close()
        return await _learns(played)


async def holds_a_fast_upstream_back(client: str) -> bool:
    """An upstream of 256 MB that nobody reads: less than 32 MB of it is taken."""
    taken = 0

    async def pours(writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        writer.write(STREAM)
        for _ in range(4096):
            writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            await writer.drain()
            taken += 65_536

    async with before(client, pours) as (asking, _):
        answer = await asking.send(*ASKED)
        await asyncio.sleep(1.5)
        answer.close()
        return taken < 32 << 20


async def sees_that_a_stream_broke_off(client: str) -> bool:
    """A stream that breaks off is no stream that ended."""

    async def breaks(writer: asyncio.StreamWriter) -> None:
        await _says(writer, STREAM, b"5\r\nhello\r\n")
        writer.close()

    async with before(client, breaks) as (asking, _):
        answer = await asking.send(*ASKED)
        try:
            while not answer.content.at_eof():
                await answer.content.readany()
        except Exception:
            return True
        return False


async def headers_of_answers_pass(client: str) -> bool:
    """A header of an answer with letters beyond ASCII arrives as it was sent."""
    async with before(client, lambda writer: _says(writer, WHOLE)) as (asking, _):
        answer = await asking.send(*ASKED)
        return (b"x-note", b"caf\xc3\xa9") in [(name.lower(), value) for name, value in answer.raw_headers]


async def targets_pass(client: str) -> bool:
    """Targets go on in the spelling in which they came."""
    passed = 0
    for target in TARGETS:
        path, _, query = target.partition(b"?")
        async with before(client, lambda writer: _says(writer, WHOLE)) as (asking, played):
            with contextlib.suppress(Unreachable):
                await asking.send("GET", path, query, [], None)
                passed += played.heads[0].split(b" ")[1] == target
    return passed == len(TARGETS)


async def nothing_is_added(client: str) -> bool:
    """A request without `accept` and `user-agent` goes on without them."""
    async with before(client, lambda writer: _says(writer, WHOLE)) as (asking, played):
        await asking.send(*ASKED)
        sent = played.heads[0].lower()
        return b"\r\naccept:" not in sent and b"\r\nuser-agent:" not in sent


QUESTIONS = (
    leaves_before_the_answer,
    is_given_up_as_silent,
    leaves_within_a_stream,
    holds_a_fast_upstream_back,
    sees_that_a_stream_broke_off,
    headers_of_answers_pass,
    targets_pass,
    nothing_is_added,
)


def clients() -> Figures:
    """Every question, asked of every client."""
    rows = [{"question": str(one.__doc__), **{name: asyncio.run(one(name)) for name in CLIENTS}} for one in QUESTIONS]
    bars = [
        bar(
            f"What an upstream's client must do, done by {name}",
            sum(bool(row[name]) for row in rows),
            f"of {len(rows)}",
            "all" if name == "aiohttp" else "-",
            all(row[name] for row in rows) if name == "aiohttp" else None,
        )
        for name in CLIENTS
    ]
    return bars, {"rows": rows, "versions": {name: version(name) for name in CLIENTS}}
