"""The gateway's port served by granian instead of uvicorn: its HTTP is in Rust. The same application, limits and end.

It differs in what it says of what is cut off or malformed, and never in what an upstream is sent: headers that come too slowly end the
connection without a 408, chunks or trailers that cannot be read are a 500, an absolute target is read as its path, and a length beside
chunks gives way to them (RFC 9112, section 6.3). Answers that name no `server` get its name, and kept connections are not kept longer
than headers may take.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from stillwatch.core import Error
from stillwatch.gateway import protocol
from stillwatch.gateway.options import Listen
from stillwatch.gateway.reading import OVERSIZED

__all__ = ["GranianServer"]

_AT_ONCE = 1 << 16
"""Requests under way beyond which granian would let others wait, unless the operator names fewer."""


class GranianServer:
    """One port. `serve` returns once `should_exit` was set and what was under way has ended, or `drain_seconds` are over."""

    def __init__(self, app: Any, listen: Listen) -> None:
        self._app, self._listen = app, listen
        self._ending = asyncio.Event()
        self.started = False
        self.port = 0

    @property
    def should_exit(self) -> bool:
        """Whether it is to end."""
        return self._ending.is_set()

    @should_exit.setter
    def should_exit(self, wanted: bool) -> None:
        if wanted:
            self._ending.set()

    async def serve(self) -> None:
        """Serve until it is to end.

        Raises:
            Error: when the port cannot be had.
        """
        self.port = _free(self._listen.host, self._listen.port)
        async with _alive(self._app):
            server = _server(_Measured(self._app), self._listen, self.port)
            running = asyncio.create_task(server.serve())
            ending = asyncio.create_task(self._ending.wait())
            try:
                while not server.wrks and not running.done():
                    await asyncio.sleep(0.01)
                self.started = not running.done()
                await asyncio.wait([running, ending], return_when=asyncio.FIRST_COMPLETED)
                if not running.done():
                    server.stop()
                    await asyncio.wait([running], timeout=self._listen.drain_seconds)
                if running.done():
                    running.result()
            finally:
                for task in (running, ending):
                    task.cancel()


def _server(app: Any, listen: Listen, port: int) -> Any:
    def file(name: str | None) -> Path | None:
        return None if name is None else Path(name)

    return Server(
        app,
        address=listen.host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2048,
        backpressure=listen.most_connections or _AT_ONCE,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(protocol.HEADER_SECONDS * 1000), max_buffer_size=2 * protocol.HEADER_BYTES
        ),
        log_enabled=False,
        ssl_cert=file(listen.tls_cert),
        ssl_key=file(listen.tls_key),
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_ca=file(listen.client_ca),
        ssl_client_verify=listen.client_ca is not None,
    )


class _Measured:
    """The application, told of requests whose headers are too large: granian bounds how many there are, and only roughly their size."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        size = len(scope["raw_path"]) + len(scope["query_string"])
        if size + sum(len(name) + len(value) for name, value in scope["headers"]) > protocol.HEADER_BYTES:
            scope["extensions"] = {OVERSIZED: {}}
        await self._app(scope, receive, send)


def _free(host: str, port: int) -> int:
    """The port, or a free one for 0: granian would share one that somebody listens on already.

    Raises:
        Error: when it is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise Error(f"{host}:{port}: cannot listen there") from error
        return int(trial.getsockname()[1])


@contextlib.asynccontextmanager
async def _alive(app: Any) -> AsyncIterator[None]:
    """The application between its beginning and its end, as ASGI's lifespan has it."""
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan"}, asked.get, told.put))

    async def passed(step: str) -> None:
        await asked.put({"type": f"lifespan.{step}"})
        hearing = asyncio.create_task(told.get())
        await asyncio.wait([hearing, living], return_when=asyncio.FIRST_COMPLETED)
        if not hearing.done():
            hearing.cancel()
            await living
        elif hearing.result()["type"].endswith("failed"):
            raise Error(f"the application failed at its {step}")

    await passed("startup")
    try:
        yield
    finally:
        await passed("shutdown")
        await living
