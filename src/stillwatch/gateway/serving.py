"""One worker: the gateway on its port, the pages of its operator on another, and an end that lets streams finish."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import uvicorn

from stillwatch.core import Error
from stillwatch.gateway.capture import Capture
from stillwatch.gateway.choosing import Server, granian_server
from stillwatch.gateway.coverage import coverage
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Listen
from stillwatch.gateway.protocol import GuardedProtocol

__all__ = ["Admin", "Listen", "serve"]

_log = logging.getLogger(__name__)
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""Names of `mallopt` in glibc's malloc.h."""
_LARGE = 1 << 20


class Admin:
    """The operator's pages: `/metrics`, `/health`, `/ready`, `/coverage`, `/safeguards`.

    `ready` turns false as soon as draining begins, so that a balancer sends no more; `health` stays true until the end. `age` tells how
    old the standing is now, whether or not anybody asks for anything; `safeguards` what is on here, to be compared with other hosts.
    """

    def __init__(
        self,
        metrics: Metrics,
        capture: Capture | None,
        *,
        pathway: str,
        age: Callable[[], float | None] = lambda: None,
        safeguards: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._metrics, self._capture, self._pathway, self._age = metrics, capture, pathway, age
        self._safeguards = safeguards
        self.draining = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request of the operator."""
        if scope["type"] != "http":
            return
        status, kind, body = self._page(scope["path"])
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _page(self, path: str) -> tuple[int, bytes, bytes]:
        plain, json = b"text/plain; charset=utf-8", b"application/json"
        if path == "/metrics":
            lines = [*self._metrics.lines(self._age()), *self._captured()]
            return 200, b"text/plain; version=0.0.4; charset=utf-8", ("\n".join(lines) + "\n").encode()
        if path == "/health":
            return 200, plain, b"ok\n"
        if path == "/ready":
            return (503, plain, b"draining\n") if self.draining else (200, plain, b"ready\n")
        if path == "/coverage":
            return 200, json, msgspec.json.encode(coverage(self._metrics, self._capture, self._pathway))
        if path == "/safeguards":
            return 200, json, msgspec.json.encode(self._safeguards())
        return 404, plain, b"pages: /metrics /health /ready /coverage /safeguards\n"

    def _captured(self) -> list[str]:
        if self._capture is None:
            return []
        return [
            "# HELP stillwatch_captured_total Exchanges that the capture writer has put on the disk.",
            "# TYPE stillwatch_captured_total counter",
            f"stillwatch_captured_total {self._capture.written}",
            "# HELP stillwatch_capture_dropped_total Exchanges the capture lost because it was behind or gone.",
            "# TYPE stillwatch_capture_dropped_total counter",
            f"stillwatch_capture_dropped_total {self._capture.dropped}",
            "# HELP stillwatch_capture_waiting_bytes Bytes that wait for the capture writer.",
            "# TYPE stillwatch_capture_waiting_bytes gauge",
            f"stillwatch_capture_waiting_bytes {self._capture.waiting}",
        ]


class _Server(uvicorn.Server):
    """uvicorn without its own handling of signals: the worker has two servers and one way to end."""

    @property
    def port(self) -> int:
        """Where it listens, once it has started."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: Any, host: str, port: int, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        **more,
    )


async def serve(
    app: Any,
    admin: Admin,
    listen: Listen,
    *,
    server: Server = "uvicorn",
    started: Callable[[int, int | None], None] | None = None,
    refresh: Callable[[], object] | None = None,
    refresh_seconds: float = 5.0,
) -> None:
    """Serve until SIGTERM or SIGINT, then stop taking connections and let what is under way finish, for `drain_seconds` at most.

    `refresh` is called every few seconds in a thread: it makes the policy follow its files.

    Raises:
        Error: when a port cannot be had, or the extra of the server is not installed.
    """
    main = granian_server()(app, listen) if server == "granian" else _by_uvicorn(app, listen)
    servers = [main]
    if listen.admin_port is not None:
        servers.append(_Server(_config(admin, listen.admin_host, listen.admin_port, http="httptools", lifespan="off")))

    def drain() -> None:
        admin.draining = True
        main.should_exit = True

    _steady()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, drain)
    running = [asyncio.create_task(_run(one)) for one in servers]
    following: asyncio.Task[None] | None = None
    try:
        for one, task in zip(servers, running, strict=True):
            await _until_started(one, task)
        if started is not None:
            started(main.port, servers[1].port if len(servers) > 1 else None)
        if refresh is not None:
            following = asyncio.create_task(_follow(refresh, refresh_seconds))
        await running[0]
    finally:
        if following is not None:
            following.cancel()
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*running, return_exceptions=True)


def _by_uvicorn(app: Any, listen: Listen) -> Any:
    return _Server(
        _config(
            app,
            listen.host,
            listen.port,
            http=GuardedProtocol,
            lifespan="on",
            backlog=2048,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, int(listen.drain_seconds)),
            limit_concurrency=listen.most_connections,
            ssl_certfile=listen.tls_cert,
            ssl_keyfile=listen.tls_key,
            ssl_ca_certs=listen.client_ca,
            ssl_cert_reqs=2 if listen.client_ca else 0,
        )
    )


async def _run(server: Any) -> None:
    try:
        await server.serve()
    except SystemExit as error:  # uvicorn leaves so when a port is taken
        raise Error(f"{server.config.host}:{server.config.port}: cannot listen there") from error


async def _until_started(server: Any, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            await running
            raise Error("the gateway could not start; see the log above")
        await asyncio.sleep(0.01)


async def _follow(refresh: Callable[[], object], seconds: float) -> None:
    await asyncio.to_thread(_give_back)
    while True:
        await asyncio.sleep(seconds)
        try:
            if await asyncio.to_thread(refresh) != ():
                await asyncio.to_thread(_give_back)
        except Exception:
            _log.exception("what the policy follows could not be read again")


def _steady() -> None:
    """Have every large block mapped by itself, so that it goes back when it is let go: glibc would keep the next ones on its heap."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has none, and may not need it
            adjust = ctypes.CDLL(None).mallopt
            adjust(_MMAP_THRESHOLD, _LARGE)
            adjust(_ARENA_MAX, 2)


def _give_back() -> None:
    """Give memory back that reading a standing took and needs no more: of a hundred thousand accounts 45 MB, which would stay for good."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has none, and may not need it
            ctypes.CDLL(None).malloc_trim(0)
