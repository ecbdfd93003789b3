"""Kept connections to the upstream: one that it has closed is never used, and a request of which nothing was written is sent again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stillwatch.gateway.upstream import Unreachable, Upstream

from .serving import aiohttp, played

PATH, SAID = b"/v1/messages", [("content-type", "application/json")]


class Once:
    """A server that answers one request a connection, says that more may come, and hangs up; `mute` ones hang up without an answer."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked = 0
        self.heard: list[bytes] = []
        self.mute = 0
        self.running = threading.Thread(target=self._serve, daemon=True)
        self.running.start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listening.accept()
            except OSError:
                return
            with one:
                self.heard.append(one.recv(65_536))
                self.asked += 1
                if self.mute:
                    self.mute -= 1
                    continue
                one.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}")
                time.sleep(0.05)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.running.join(5)


@pytest.fixture
def once() -> Iterator[Once]:
    server = Once()
    yield server
    server.close()


async def opened(url: str) -> Upstream:
    upstream = Upstream(url, connect_seconds=2, silence_seconds=2)
    await upstream.start()
    return upstream


def test_a_connection_that_was_closed_while_the_loop_was_busy_is_not_used(once: Once) -> None:
    async def scenario() -> None:
        upstream = await opened(once.url)
        for _ in range(4):
            answer = await upstream.send("POST", PATH, b"", SAID, b"{}")
            assert await answer.read() == b"{}"
            time.sleep(0.3)  # the loop must not hear that the server hangs up
        await upstream.stop()
        assert once.asked == 4

    played(scenario)


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("POST", b"{}", b"Content-Length: 2\r\n"), ("POST", None, b"Content-Length: 0\r\n"), ("GET", None, b"")],
)
def test_what_goes_on_has_the_headers_that_it_came_with_a_host_and_a_length(
    once: Once, method: str, body: bytes | None, length: bytes
) -> None:
    async def scenario() -> None:
        upstream = await opened(once.url)
        sent = [("x-twice", "1"), ("x-twice", "2"), ("accept-Language", "t\xf6")]
        await upstream.send(method, PATH, b"a=%20", sent, body)
        await upstream.stop()
        head, _, rest = once.heard[0].partition(b"\r\n\r\n")
        host = once.url.removeprefix("http://").encode()
        told = (
            b"%s /v1/messages?a=%%20 HTTP/1.1\r\nHost: %s\r\nx-twice: 1\r\nx-twice: 2\r\naccept-Language: t\xc3\xb6\r\n"
        )
        assert head + b"\r\n" == told % (method.encode(), host) + length
        assert rest == (body or b"")

    played(scenario)


def test_a_request_that_may_have_arrived_is_never_sent_twice(once: Once) -> None:
    async def scenario() -> None:
        once.mute = 1
        upstream = await opened(once.url)
        with pytest.raises(Unreachable):
            await upstream.send("POST", PATH, b"", SAID, b"{}")
        await upstream.stop()
        assert once.asked == 1

    played(scenario)


@pytest.mark.parametrize(("times", "arrives"), [(1, True), (2, False)])
def test_a_request_of_which_nothing_was_written_is_sent_again_once(once: Once, times: int, arrives: bool) -> None:
    async def scenario() -> None:
        upstream = await opened(once.url)
        session: Any = upstream._session
        request = session.request
        failed: list[int] = []

        async def closing(*words: Any, **named: Any) -> Any:
            if len(failed) < times:
                failed.append(1)
                raise aiohttp.ClientOSError("cannot write") from aiohttp.ClientConnectionResetError("closing transport")
            return await request(*words, **named)

        session.request = closing
        if arrives:
            assert (await upstream.send("POST", PATH, b"", SAID, b"{}")).status == 200
        else:
            with pytest.raises(Unreachable):
                await upstream.send("POST", PATH, b"", SAID, b"{}")
        session.request = request
        await upstream.stop()
        assert once.asked == int(arrives)

    played(scenario)
