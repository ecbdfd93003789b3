"""A model API that plays a part, and a gateway before it, both on ports of their own in the test's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the extra `gateway` is not installed")
aiohttp = pytest.importorskip("aiohttp", reason="the extra `gateway` is not installed")

from stillwatch.core import Pseudonymiser  # noqa: E402
from stillwatch.gateway.choosing import granian_server  # noqa: E402
from stillwatch.gateway.options import Options  # noqa: E402
from stillwatch.gateway.protocol import GuardedProtocol  # noqa: E402
from stillwatch.gateway.relay import Gateway  # noqa: E402
from stillwatch.gateway.serving import Listen  # noqa: E402
from stillwatch.gateway.upstream import Upstream  # noqa: E402
from stillwatch.gateway.who import Identities  # noqa: E402
from stillwatch.policy import Asked, Ruling, Step, Used  # noqa: E402

KEY = b"k" * 32
Answer = Callable[["Heard", Any], Awaitable[None]]


@dataclass
class Heard:
    """One request as the model API got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Model:
    """A model API: `answer` gives the next answers, `heard` is what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: list[Heard] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        target = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        heard = Heard(scope["method"], target, headers, body)
        self.heard.append(heard)

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            heard.gone.set()

        watching = asyncio.create_task(watch())
        try:
            await self.answer(heard, send)
        finally:
            await asyncio.sleep(0)
            if not heard.gone.is_set():
                watching.cancel()


def says(body: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    """An answer that is always the same."""

    async def answer(_heard: Heard, send: Any) -> None:
        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        named += [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": body})

    return answer


def streams(pieces: list[bytes], *, pace: float = 0.0, broken: bool = False) -> Answer:
    """A stream of events in the pieces given."""

    async def answer(heard: Heard, send: Any) -> None:
        kind = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        for piece in pieces:
            if heard.gone.is_set():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pace)
        if not broken:
            await send({"type": "http.response.body", "body": b""})

    return answer


class Rules:
    """A gate that rules what it is told to, and remembers what it was asked and what was used."""

    def __init__(self, ruling: Ruling | None = None) -> None:
        self.ruling = ruling or Ruling(step=Step.ALLOW)
        self.asked: list[Asked] = []
        self.used: list[Used] = []

    def decide(self, asked: Asked) -> Ruling:
        self.asked.append(asked)
        return self.ruling

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        assert any(asked is one for one in self.asked)
        assert ruling is self.ruling
        self.used.append(used)


class _Server(uvicorn.Server):  # type: ignore[name-defined,misc]
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def listening(app: Any, *, http: Any = "httptools", lifespan: str = "off") -> AsyncIterator[int]:
    """Serve an application; gives its port."""
    config = uvicorn.Config(
        app, port=0, http=http, ws="none", lifespan=lifespan, log_level="critical", access_log=False,
        server_header=False, date_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server could not start"
        await asyncio.sleep(0.001)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


STACK = {"server": "uvicorn"}
"""What serves the gateway of a `scene`; the fixture `server` changes it."""


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve a gateway by the server that was chosen; gives its port."""
    if STACK["server"] == "uvicorn":
        async with listening(app, http=GuardedProtocol, lifespan="on") as port:
            yield port
        return
    server = granian_server()(app, Listen(port=0, drain_seconds=1))
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server could not start"
        await asyncio.sleep(0.001)
    try:
        yield server.port
    finally:
        server.should_exit = True
        await running


@dataclass
class Scene:
    """A model API, the gate and the gateway between them; `url` is where clients go."""

    model: Model
    rules: Rules
    gateway: Gateway
    port: int
    session: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any, bytes]:
        """(status, headers, body) of one request with a JSON body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"authorization": "Bearer sk-test-0123456789abcdef", "content-type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(self.url + path, data=raw, headers=named) as answer:
            return answer.status, answer.headers, await answer.read()

    async def raw(self, sent: bytes, *, wait: float = 2.0) -> bytes:
        """What comes back over a bare connection until it closes, or for `wait` seconds."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        got = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(wait):
                while piece := await reader.read(65536):
                    got += piece
        writer.close()
        return got


@contextlib.asynccontextmanager
async def scene(
    answer: Answer,
    *,
    ruling: Ruling | None = None,
    rules: Any = None,
    options: Options | None = None,
    capture: Any = None,
    zero: frozenset[str] = frozenset(),
    application: Any = None,
    parts: dict[str, Any] | None = None,
    tracing: Any = None,
    **named: Any,
) -> AsyncIterator[Scene]:
    """Everything set up and taken down again; an `application` of its own may stand in the model API's place.

    `parts` are further parts of the gateway, such as its `guard`.
    """
    model, gate = Model(answer), rules or Rules(ruling)
    options = options or Options()
    async with listening(application or model) as behind:
        upstream = Upstream(f"http://127.0.0.1:{behind}", connect_seconds=2.0, silence_seconds=options.silence_seconds)
        who = Identities(Pseudonymiser(KEY), zero=zero, **named)
        gateway = Gateway(upstream, gate, who, options=options, capture=capture, tracing=tracing, **(parts or {}))
        async with serving(gateway) as port, aiohttp.ClientSession() as session:
            yield Scene(model, gate, gateway, port, session)


def played(scenario: Callable[[], Awaitable[None]], *, seconds: float = 30) -> None:
    """Run one scenario to its end."""

    async def within() -> None:
        async with asyncio.timeout(seconds):
            await scenario()

    asyncio.run(within())
