"""However the network cuts what goes by, the result is the same: requests, streams, whole answers, counts and captures."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.gateway.capture_writer import Rolling, frames
from stillwatch.gateway.counting import used_in
from stillwatch.gateway.tee import Tee
from stillwatch.policy import Hide, Ruling, Step

from .serving import played, scene, streams

pytestmark = pytest.mark.usefixtures("server")

HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)
STREAM = b"".join(
    b"data: " + json.dumps(one, ensure_ascii=False).encode() + b"\n\n"
    for one in (
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"index": 0, "delta": {"reasoning_content": "SECRET señor"}}]},
        {"choices": [{"index": 0, "delta": {"content": "<think>SECRET"}}]},
        {"choices": [{"index": 0, "delta": {"content": "</think>日本語 😀"}}]},
        {"choices": [], "usage": {"prompt_tokens": 31, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 3}}},
    )
) + b"data: [DONE]\n\n"  # fmt: skip
BODY = json.dumps(
    {"model": "m", "n": 2, "messages": [{"role": "user", "content": "¿qué?"}]}, ensure_ascii=False
).encode()


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    at = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]


def seeded(data: bytes, seed: int) -> list[bytes]:
    rng = np.random.default_rng(seed)
    places = rng.integers(0, len(data), rng.integers(1, 12)).tolist()
    return [one for one in cut(data, places) if one]


@pytest.mark.parametrize("packing", ["plain", "gzip", "chunked"])
def test_a_request_is_the_same_request(packing: str) -> None:
    body = gzip.compress(BODY, mtime=0) if packing == "gzip" else BODY
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-split-0123456789\r\nConnection: close\r\n"
    if packing == "chunked":
        middle = len(body) // 2
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:middle], body[middle:], b""))
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    else:
        coding = b"Content-Encoding: gzip\r\n" if packing == "gzip" else b""
        raw = head + coding + b"Content-Length: %d\r\n\r\n" % len(body) + body

    async def scenario() -> None:
        async with scene(streams([STREAM])) as at:
            for seed in range(6):
                reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
                for piece in seeded(raw, seed):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.002)
                assert b" 200 " in await reader.readline()
                writer.close()
            assert {heard.body for heard in at.model.heard} == {body}
            asked = {(one.account, one.n, one.model, one.turns) for one in at.rules.asked}
            assert len(at.rules.asked) == 6
            assert len(asked) == 1

    played(scenario)


@pytest.mark.parametrize("ruling", [Ruling(step=Step.ALLOW), HIDE])
def test_a_stream_is_the_same_stream_and_costs_the_same(ruling: Ruling) -> None:
    async def scenario() -> None:
        said, used = set(), set()
        for seed in range(6):
            async with scene(streams(seeded(STREAM, seed), pace=0.002), ruling=ruling) as at:
                said.add((await at.post("/v1/chat/completions", {"stream": True}))[2])
                used.add(
                    (at.rules.used[0].input_tokens, at.rules.used[0].output_tokens, at.rules.used[0].reasoning_tokens)
                )
        assert len(said) == 1
        assert used == {(31, 7, 3)}
        (one,) = said
        assert (one == STREAM) is (ruling is not HIDE)
        assert (b"SECRET" in one) is (ruling is not HIDE)

    played(scenario)


@given(st.lists(st.integers(0, 10_000), max_size=20), st.integers(0, 400))
@settings(deadline=None)
def test_what_is_kept_of_an_answer_counts_the_same(places: list[int], most: int) -> None:
    def told(pieces: list[bytes], kept: int) -> Any:
        tee = Tee(kept, stream=True)
        for piece in pieces:
            tee.add(piece)
        used = used_in(tee, at=0.0, finished=True)
        return tee.tail(), used.output_tokens, used.reasoning_tokens

    assert told(cut(STREAM, places), 1 << 20) == told([STREAM], 1 << 20)
    # What is cut off depends on where a piece ends, the end and its usage never.
    assert told(cut(STREAM, places), most)[0][-200:] == STREAM[-200:]
    assert told(cut(STREAM, places), most)[1] == 7


@given(st.lists(st.binary(max_size=300), max_size=12), st.lists(st.integers(0, 5_000), max_size=12))
@settings(deadline=None, max_examples=50)
def test_frames_reach_the_capture_writer_whole(sent: list[bytes], places: list[int]) -> None:
    data = b"".join(len(one).to_bytes(4, "little") + one for one in sent)
    out, into = os.pipe()
    try:
        for piece in cut(data, places):
            os.write(into, piece)
        os.close(into)
        rolling = Rolling(Path("unused"), rows=10, seconds=60)
        assert list(frames(out, rolling)) == sent
    finally:
        os.close(out)
