"""What hostile callers and answers try: other hosts, trailers, things that never end, and things that are far larger than they look."""

from __future__ import annotations

import asyncio
import functools
import gzip
import json
from typing import Any

import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.gateway import answering, reading, wire
from stillwatch.gateway.hiding import StreamHider
from stillwatch.gateway.options import Options
from stillwatch.gateway.upstream import Unreachable, Upstream
from stillwatch.gateway.who import stand_in
from stillwatch.gateway.wire import route_of
from stillwatch.policy import Hide, Ruling, Step

from .serving import KEY, aiohttp, played, says, scene, streams

pytestmark = pytest.mark.usefixtures("server")

CHAT = "/v1/chat/completions"
HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)
TARGETS = ["*@127.0.0.1/latest", "*", "*.example.com/v1/models", "*:9/v1/chat/completions"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_target_leads_to_another_host(target: str, method: str) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            got = await at.raw(
                f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}".encode(), wait=2
            )
            assert got.startswith(b"HTTP/1.1 400 ")
            assert (at.model.heard, at.rules.asked) == ([], [])

    played(scenario)


def test_even_a_target_that_slips_through_goes_to_the_upstream_or_nowhere() -> None:
    async def scenario() -> None:
        upstream = Upstream("http://upstream:8000", connect_seconds=1, silence_seconds=1)
        await upstream.start()
        with pytest.raises(Unreachable, match="ValueError"):
            await upstream.send("GET", b"*@127.0.0.1/", b"", [], None)
        await upstream.stop()

    played(scenario)


@pytest.mark.parametrize("path", [CHAT, "/v1/files"])
def test_a_trailer_is_no_header(path: str) -> None:
    sent = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nx-api-key: sk-first\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n"
        "Authorization: Bearer sk-blocked\r\nX-Stillwatch-Mark: forged\r\n\r\n"
    ).encode()

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            assert b" 200 " in await at.raw(sent, wait=1)
            assert at.rules.asked[0].account == Pseudonymiser(KEY).name("account", stand_in("sk-first"))
            assert not {"authorization", "x-stillwatch-mark"} & at.model.heard[0].headers.keys()

    played(scenario)


def test_trailers_and_targets_that_do_not_end_are_cut_off(server: str) -> None:
    cut_off = b" 431 " if server == "uvicorn" else b" 500 "
    begun = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"

    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            for bomb in (b"x-bomb: " + b"y" * 600_000, b"x-bomb: yyyyyyyyy\r\n" * 40_000):
                assert cut_off in await at.raw(begun + bomb, wait=3)
            target = b"POST /v1/messages?" + b"y" * 60_000 + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nx-more: "
            target += b"z" * 8_000 + b"\r\n\r\n{}"
            assert b" 431 " in await at.raw(target, wait=3)
            assert at.model.heard == []

    played(scenario)


def test_paths_that_strangers_make_up_are_not_remembered() -> None:
    before = wire._remembered.cache_info().currsize
    for number in range(20):
        assert route_of("POST", f"/{number}{'x' * 600}/v1/messages").streams is False
    assert wire._remembered.cache_info().currsize == before


def test_an_upload_beyond_its_limit_is_a_413_whether_or_not_it_says_so() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), options=Options(max_upload=100_000)) as at:
            declared = b"PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
            assert b" 413 " in await at.raw(declared)
            chunked = b"PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert b" 413 " in await at.raw(chunked + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 8)
            assert at.model.heard == []
            assert at.gateway.metrics.stages == {}, "the upstream is not to blame"

    played(scenario)


def test_an_answer_that_begins_before_the_upload_has_ended_loses_no_piece_of_it() -> None:
    whole = bytearray()

    async def eager(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        more = True
        while more:
            message = await receive()
            whole.extend(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": b"ended"})

    async def scenario() -> None:
        async with scene(says(b""), application=eager) as at:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(b"PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n")
            for number in range(5):
                if number == 1:
                    await reader.readuntil(b"begun ")
                writer.write(b"%d" % number * 100)
                await asyncio.sleep(0.02)
            async with asyncio.timeout(5):
                await reader.readuntil(b"ended")
            writer.close()
        assert bytes(whole) == b"".join(b"%d" % number * 100 for number in range(5))

    played(scenario)


def test_bodies_under_way_are_held_within_one_bound_for_all() -> None:
    leave = asyncio.Event()

    async def slow(heard: Any, send: Any) -> None:
        await leave.wait()
        await says(b"{}")(heard, send)

    body = json.dumps({"x": "y" * 60_000}).encode()

    async def scenario() -> None:
        async with scene(slow, options=Options(max_held=100_000)) as at:
            first = asyncio.create_task(at.post(CHAT, body))
            while not at.model.heard:
                await asyncio.sleep(0.005)
            status, headers, _ = await at.post(CHAT, body)
            assert (status, headers["retry-after"]) == (503, "1")
            leave.set()
            assert (await first)[0] == 200
            assert (await at.post(CHAT, body))[0] == 200, "what was held is let go"
            assert at.gateway._judging._room.taken == 0

    played(scenario)


def test_what_a_body_took_is_given_back_when_it_never_ends() -> None:
    async def receive() -> Any:
        return next(messages)

    room = reading.Room(1000)
    messages = iter([{"type": "http.request", "body": b"x" * 400, "more_body": True}, {"type": "http.disconnect"}])
    with pytest.raises(reading.Gone):
        asyncio.run(reading.whole_body(receive, [], limit=1000, seconds=1, room=room))
    assert room.taken == 0


def test_a_bomb_in_a_packed_answer_is_unpacked_in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    event = b'data: {"choices":[{"index":0,"delta":{"reasoning":"' + b"x" * 10_000 + b'","content":"a"}}]}\n\n'
    bomb = gzip.compress(event * 1500, 1)
    sizes: list[int] = []

    class Watched(StreamHider):
        def feed(self, piece: bytes) -> bytes:
            sizes.append(len(piece))
            return super().feed(piece)

    monkeypatch.setattr(answering, "StreamHider", Watched)

    async def scenario() -> None:
        async with scene(says(bomb, kind="text/event-stream", content_encoding="gzip"), ruling=HIDE) as at:
            _, _, body = await at.post(CHAT, {"stream": True})
            assert body.count(b"data:") == 1500
            assert b"xxx" not in body
            assert sum(sizes) == len(event) * 1500
            assert max(sizes) <= 256 << 10

    played(scenario)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_stream_with_an_event_without_end_breaks_off_and_counts_as_unfinished(
    monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    monkeypatch.setattr(answering, "StreamHider", functools.partial(StreamHider, longest=100_000))
    plain = b'data: {"choices":[]}\n\ndata: ' + b"x" * 400_000
    sent = says(gzip.compress(plain), kind="text/event-stream", content_encoding="gzip") if coding else streams([plain])

    async def scenario() -> None:
        async with scene(sent, ruling=HIDE) as at:
            with pytest.raises(aiohttp.ClientPayloadError):
                await at.post(CHAT, {"stream": True})
            assert at.rules.used[0].finished is False
            assert at.gateway.metrics.stages[("hide", "closed")] == 1

    played(scenario)
