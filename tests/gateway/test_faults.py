"""The fault matrix: what goes wrong on either side, and the documented behaviour in each case."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.gateway import protocol
from stillwatch.gateway.logs import FactsOnly
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.reading import Broken, TooLarge, plain_body
from stillwatch.gateway.upstream import Upstream
from stillwatch.policy import Clamp, Hide, Ruling, Step

from .serving import aiohttp, played, says, scene, streams

pytestmark = pytest.mark.usefixtures("server")

CHAT = "/v1/chat/completions"
HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)
EVENT = b'data: {"choices":[{"index":0,"delta":{"reasoning_content":"SECRET","content":"a"}}]}\n\n'


def test_an_upstream_that_is_not_there_is_a_502_in_the_dialect() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def scenario() -> None:
            async with scene(says(b"{}")) as at:
                await at.gateway._upstream.stop()
                at.gateway._upstream = Upstream(nobody, connect_seconds=1, silence_seconds=1)
                await at.gateway._upstream.start()
                status, _, body = await at.post("/v1/messages", {})
                assert (status, json.loads(body)["error"]["details"]["code"]) == (502, "upstream_unreachable")
                assert at.rules.used[0].finished is False

        played(scenario)


@pytest.mark.parametrize(("kept", "connections"), [(0.05, 3), (60.0, 1)])
def test_a_connection_without_work_is_given_up_before_the_upstream_gives_it_up(kept: float, connections: int) -> None:
    ports: set[int] = set()

    async def model(scope: Any, receive: Any, send: Any) -> None:
        ports.add(scope["client"][1])
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def scenario() -> None:
        async with scene(says(b""), application=model) as at:
            upstream = at.gateway._upstream
            await upstream.stop()
            upstream._kept_seconds = kept
            await upstream.start()
            for _ in range(3):
                assert (await at.post(CHAT, {}))[0] == 200
                await asyncio.sleep(0.2)
            assert len(ports) == connections

    played(scenario)


def test_an_upstream_that_says_nothing_is_a_504() -> None:
    async def silent(heard: Any, _send: Any) -> None:
        await heard.gone.wait()

    async def scenario() -> None:
        async with scene(silent, options=Options(silence_seconds=0.2)) as at:
            status, _, body = await at.post(CHAT, {})
            assert (status, json.loads(body)["error"]["code"]) == (504, "upstream_timeout")
            await asyncio.wait_for(at.model.heard[0].gone.wait(), 2)

    played(scenario)


@pytest.mark.parametrize("ruling", [Ruling(step=Step.ALLOW), HIDE])
def test_a_stream_that_breaks_off_upstream_breaks_off_for_the_client(ruling: Ruling) -> None:
    async def scenario() -> None:
        async with scene(streams([b'data: {"a":1}\n\n'], broken=True), ruling=ruling) as at:
            with pytest.raises(aiohttp.ClientPayloadError):
                await at.post(CHAT, {"stream": True})
            assert at.gateway.metrics.stages[("upstream", "broken")] == 1
            assert at.rules.used[0].finished is False

    played(scenario)


def test_a_slow_client_holds_the_upstream_back_and_memory_stays_small() -> None:
    piece, pieces = b"x" * 65_536, 400
    sent = 0

    async def much(_heard: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for _ in range(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": b""})

    async def scenario() -> None:
        async with scene(much) as at:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port, limit=4096)
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            await reader.readline()
            tracemalloc.start()
            before = 0
            while not sent or sent != before:
                before = sent
                await asyncio.sleep(0.1)
            held, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert sent < pieces * 0.9, "the upstream ran ahead of the client"
            assert held < 4 << 20, "what the client does not take piles up"
            total = 0
            while total < len(piece) * pieces:
                total += len(await reader.read(1 << 20))
            writer.close()

    played(scenario)


def test_a_prompt_of_400_kb_passes_and_a_body_beyond_the_limit_does_not() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), options=Options(max_body=1 << 20)) as at:
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 400_000}]}).encode()
            assert (await at.post(CHAT, body))[0] == 200
            assert at.model.heard[0].body == body
            declared = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"
            assert b" 413 " in await at.raw(declared)
            chunked = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert b" 413 " in await at.raw(chunked + (b"80000\r\n" + b"x" * 0x80000 + b"\r\n") * 4)
            assert len(at.model.heard) == 1

    played(scenario)


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), options=Options(body_seconds=0.2)) as at:
            got = await at.raw(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
            assert b" 408 " in got
            assert at.model.heard == []

    played(scenario)


def test_headers_that_never_end_are_cut_off(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    too_slow = b" 408 " if server == "uvicorn" else b""
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.3)

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            many = b"".join(b"x-%d: %s\r\n" % (n, b"y" * 1000) for n in range(200))
            assert b" 431 " in await at.raw(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
            one = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-bomb: " + b"y" * 2_000_000
            assert b" 431 " in await at.raw(one)
            for slow in (b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-slow: ", b""):
                begun = time.monotonic()
                said = await at.raw(slow, wait=5)
                assert too_slow in said
                assert bool(said) is (server == "uvicorn")
                assert time.monotonic() - begun < 4, "it is the gateway that ended the connection"
            assert at.model.heard == []
            assert (await at.post(CHAT, {}))[0] == 200, "everybody else is served"

    played(scenario)


SMUGGLED = {
    "both lengths": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    b"GET /admin HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}GET /a ",
    "odd chunking": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "space before colon": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "bad chunk size": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "folded header": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nA: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    "trailer with a space": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA b: c\r\n\r\n",
    "target of another host": b"POST *@127.0.0.1/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "nul in header": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\nContent-Length: 2\r\n\r\n{}",
}


GRANIAN_SAYS = {
    ("both lengths", b"/v1/files"): (b"200",),  # the chunks hold, and the connection ends: RFC 9112, section 6.3
    **{
        (name, path): (b"500",)
        for name in ("bad chunk size", "trailer with a space")
        for path in (b"/v1/messages", b"/v1/files")
    },
}
"""Where granian says something else than 400, which it says of headers alone."""


@pytest.mark.parametrize("path", [b"/v1/messages", b"/v1/files"])
@pytest.mark.parametrize("attempt", SMUGGLED)
def test_no_request_hides_within_another(attempt: str, path: bytes, server: str) -> None:
    allowed = (b"400",) if server == "uvicorn" else GRANIAN_SAYS.get((attempt, path), (b"400",))

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            got = await at.raw(SMUGGLED[attempt].replace(b"/v1/messages", path), wait=3)
            assert got[9:12] in allowed
            assert got.count(b"HTTP/1.1 ") == 1
            await asyncio.sleep(0.02)  # nothing is awaited: what hid would come now
            if got[9:12] != b"200":
                assert at.model.heard == []
            else:
                (one,) = at.model.heard
                assert (one.body, "content-length" in one.headers) == (b"", False), "its chunks say where it ends"

    played(scenario)


def test_a_packed_request_is_read_within_its_limit() -> None:
    body = json.dumps({"n": 4, "model": "m"}).encode()
    packed = gzip.compress(body)
    bomb = gzip.compress(b" " * (64 << 20))

    async def scenario() -> None:
        async with scene(says(b"{}"), options=Options(max_body=1 << 20)) as at:
            assert (await at.post(CHAT, packed, content_encoding="gzip"))[0] == 200
            assert at.rules.asked[0].n == 4
            assert at.model.heard[0].body == packed
            assert (await at.post(CHAT, bomb, content_encoding="gzip"))[0] == 413
            assert (await at.post(CHAT, b"no gzip", content_encoding="gzip"))[0] == 400
            assert (await at.post(CHAT, packed[:-9], content_encoding="gzip"))[0] == 400
            assert (await at.post(CHAT, body, content_encoding="zstd"))[0] == 415
            assert len(at.model.heard) == 1

    played(scenario)


def test_a_bomb_is_never_held_and_what_unpacks_within_the_limit_is_whole() -> None:
    packed = [(b"content-encoding", b"gzip")]
    plain, bomb = bytes(range(256)) * 12_000, gzip.compress(b"0" * (40 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            plain_body(bomb, packed, limit=32 << 20)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
    assert plain_body(gzip.compress(plain), packed, limit=len(plain)) == plain
    with pytest.raises(TooLarge):
        plain_body(gzip.compress(plain), packed, limit=len(plain) - 1)
    with pytest.raises(Broken):
        plain_body(gzip.compress(plain)[:-9], packed, limit=1 << 30)


@given(size=st.integers(0, 3 << 20), odd=st.integers(1, 255), limit=st.integers(0, 3 << 20))
@settings(max_examples=40, deadline=None)
def test_a_packed_body_is_whole_or_too_large_whatever_its_size(size: int, odd: int, limit: int) -> None:
    plain = (bytes([odd]) * 999 + b"x") * (size // 1000)
    if len(plain) > limit:
        with pytest.raises(TooLarge):
            plain_body(zlib.compress(plain), [(b"content-encoding", b"deflate")], limit=limit)
    else:
        assert plain_body(zlib.compress(plain), [(b"content-encoding", b"deflate")], limit=limit) == plain


def test_a_packed_request_that_is_clamped_goes_on_plain() -> None:
    ruling = Ruling(step=Step.CLAMP, code="clamped", clamp=Clamp(n=1))

    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            await at.post(CHAT, zlib.compress(b'{"n":4}'), content_encoding="deflate")
            assert at.model.heard[0].json == {"n": 1}
            assert "content-encoding" not in at.model.heard[0].headers

    played(scenario)


def test_reasoning_is_hidden_in_streams_and_whole_answers_on_the_wire() -> None:
    async def scenario() -> None:
        async with scene(streams([EVENT[:20], EVENT[20:], b"data: [DONE]\n\n"]), ruling=HIDE) as at:
            _, headers, body = await at.post(CHAT, {"stream": True})
            assert body == b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n'
            assert headers["x-stillwatch-step"] == "hide_reasoning"
            at.model.answer = says(b'{"choices":[{"message":{"reasoning":"SECRET","content":"a"}}]}', etag="x")
            _, headers, body = await at.post(CHAT, {})
            assert body == b'{"choices":[{"message":{"content":"a"}}]}'
            assert "etag" not in headers

    played(scenario)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_packed_answer_gives_nothing_away(coding: str, kind: str) -> None:
    plain = EVENT if kind == "text/event-stream" else b'{"choices":[{"message":{"reasoning":"SECRET","content":"a"}}]}'
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": lambda body: body}[coding](plain)

    async def scenario() -> None:
        async with scene(says(packed, kind=kind, content_encoding=coding), ruling=HIDE) as at:
            status, headers, body = await at.post(CHAT, {})
            assert b"SECRET" not in body
            assert status == (502 if coding == "br" else 200)
            assert "content-encoding" not in headers

    played(scenario)


@pytest.mark.parametrize(("way", "status"), [(Fail.CLOSED, 502), (Fail.OPEN, 200)])
def test_an_answer_that_cannot_be_read_is_withheld_or_passed_as_chosen(way: Fail, status: int) -> None:
    async def scenario() -> None:
        async with scene(says(b"<html>"), ruling=HIDE, options=Options(hide=way)) as at:
            assert (await at.post(CHAT, {}))[0] == status
            at.model.answer = says(b"<html>", status=503)
            got, _, body = await at.post(CHAT, {})
            assert (got, body) == (503, b"<html>"), "an error page holds no reasoning"

    played(scenario)


def test_answers_without_end_are_not_held_without_end() -> None:
    async def scenario() -> None:
        async with scene(says(b'"' + b"x" * 100_000 + b'"'), ruling=HIDE, options=Options(max_answer=50_000)) as at:
            assert (await at.post(CHAT, {}))[0] == 502

    played(scenario)


def test_what_is_logged_of_an_error_is_where_it_was_raised_not_what_it_says() -> None:
    try:
        raise ValueError("sk-secret and a prompt")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "the policy could not decide", (), (type(error), error, error.__traceback__)
        )
    line = FactsOnly().format(record)
    assert "sk-secret" not in line
    assert json.loads(line)["error"] == "ValueError"
    assert "test_faults" in json.loads(line)["raised_at"]


def test_a_pipelined_request_waits_its_turn() -> None:
    one = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            got = await at.raw(one * 3, wait=0.5)
            assert got.count(b"HTTP/1.1 200") == 3
            assert len(at.model.heard) == 3

    played(scenario)
