"""Where a worker listens, by either server: a port that is taken, an application that cannot begin, an end that does not wait for ever."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from stillwatch.core import Error
from stillwatch.gateway.choosing import Server, granian_server
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.serving import Admin, Listen, serve

from .serving import aiohttp, played


@dataclass
class Slow:
    """An application whose answers wait until they may `go`; `begun` counts them, `over` is whether it was told its end."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    over: bool = False

    async def until_begun(self) -> None:
        """Wait for the first request."""
        while not self.begun:
            await asyncio.sleep(0.01)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                self.over = step == "shutdown"
                await send({"type": f"lifespan.{step}.complete"})
            return
        self.begun += 1
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


@contextlib.asynccontextmanager
async def worker(app: Any, server: Server, **more: Any) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """(URL, the worker's task) of a worker that is told its end when the block is left, if it still runs."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    listen = Listen(port=0, admin_port=None, **more)
    admin = Admin(Metrics(), None, pathway="gateway")
    running = asyncio.create_task(serve(app, admin, listen, server=server, started=lambda one, _: port.set_result(one)))
    try:
        yield f"http://127.0.0.1:{await port}/", running
    finally:
        if not running.done():
            signal.raise_signal(signal.SIGTERM)
        await running


async def asked(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return str(await answer.text())


@pytest.mark.parametrize("which", ["port", "admin_port"])
def test_a_port_that_somebody_listens_on_is_told(server: Server, which: str) -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            number = taken.getsockname()[1]
            listen = Listen(drain_seconds=1, **({"port": 0, "admin_port": None} | {which: number}))
            with pytest.raises(Error, match=f"127.0.0.1:{number}: cannot listen there"):
                await serve(Slow(), Admin(Metrics(), None, pathway="gateway"), listen, server=server)

    played(scenario)


def test_what_is_under_way_ends_and_the_application_is_told_its_end(server: Server) -> None:
    async def scenario() -> None:
        app = Slow()
        async with worker(app, server, drain_seconds=20) as (url, running):
            answer = asyncio.create_task(asked(url))
            await app.until_begun()
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)  # nothing is awaited: a worker that does not wait would be gone by now
            assert not running.done()
            app.go.set()
            assert await answer == "done"
            await running
        assert app.over

    played(scenario)


def test_an_end_waits_no_longer_than_it_may(server: Server) -> None:
    async def scenario() -> None:
        app = Slow()
        async with worker(app, server, drain_seconds=1) as (url, running):
            answer = asyncio.create_task(asked(url))
            await app.until_begun()
            begun = time.monotonic()
            signal.raise_signal(signal.SIGTERM)
            await running
            assert time.monotonic() - begun < 15
            app.go.set()
            await asyncio.wait([answer], timeout=5)
            answer.cancel()

    played(scenario)


def test_beyond_the_most_connections_no_request_is_begun(server: Server) -> None:
    async def scenario() -> None:
        app = Slow()
        async with worker(app, server, drain_seconds=5, most_connections=2) as (url, _):
            answers = [asyncio.create_task(asked(url))]
            await (
                app.until_begun()
            )  # five at once may all be refused: uvicorn counts connections before it hears requests
            answers += [asyncio.create_task(asked(url)) for _ in range(4)]
            await asyncio.sleep(0.3)  # nothing is awaited: requests beyond the bound would have begun by now
            assert app.begun <= 2
            app.go.set()
            assert "done" in await asyncio.gather(*answers)

    played(scenario)


@pytest.mark.parametrize("fails", ["says so", "raises"])
def test_an_application_that_cannot_begin_is_not_served(fails: str) -> None:
    pytest.importorskip("granian", reason="the extra `granian` is not installed")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if fails == "raises":
            raise LookupError("no key")
        await send({"type": "lifespan.startup.failed"})

    async def scenario() -> None:
        made = granian_server()(app, Listen(port=0, drain_seconds=1))
        with pytest.raises(LookupError if fails == "raises" else Error, match=r"no key|failed at its startup"):
            await asyncio.wait_for(made.serve(), 10)
        assert not made.started

    played(scenario)
