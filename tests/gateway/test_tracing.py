"""Traces: a link between the caller's and the upstream's, drawn by the operator alone, and without a word of what was said."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `traces` is not installed")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from stillwatch.gateway.tracing import Tracing
from stillwatch.policy import Ruling, Step

from .serving import Scene, says, scene, streams

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
SECRET = "the prompt that nobody may read"
ASKED = {"model": "m", "messages": [{"role": "user", "content": SECRET}]}


def traced(
    answer: Any, play: Any, *, share: float = 1.0, ruling: Ruling | None = None
) -> tuple[Scene, tuple[ReadableSpan, ...]]:
    """The scene that was played, and the spans that reached the collector."""
    kept = InMemorySpanExporter()
    held: list[Scene] = []

    async def scenario() -> None:
        tracing = Tracing("http://nowhere", share=share, exporter=kept)
        async with scene(answer, ruling=ruling, tracing=tracing) as place:
            held.append(place)
            await play(place)
        await asyncio.to_thread(tracing.stop)

    asyncio.run(scenario())
    return held[0], kept.get_finished_spans()


async def one_call(place: Scene) -> None:
    await place.post("/v1/chat/completions", ASKED, traceparent=CALLER)


def test_the_upstream_s_part_hangs_on_ours_and_ours_on_the_caller_s() -> None:
    place, spans = traced(says(b"{}"), one_call)
    by = {span.name: span for span in spans}
    whole, upstream = by["POST openai_chat"], by["upstream"]
    assert whole.parent is not None
    assert f"{whole.parent.span_id:016x}" == "b7ad6b7169203331"
    assert upstream.parent is not None
    assert upstream.parent.span_id == whole.context.span_id
    told = place.model.heard[0].headers["traceparent"]
    assert told == f"00-0af7651916cd43dd8448eb211c80319c-{upstream.context.span_id:016x}-01"
    assert (whole.attributes or {})["stillwatch.step"] == "allow"


def test_no_span_holds_text_a_key_or_an_account() -> None:
    _, spans = traced(streams([b'data: {"secret": "the prompt"}\n\n']), one_call)
    said = " ".join(span.to_json() for span in spans)
    assert SECRET not in said
    assert "sk-test" not in said
    assert "the prompt" not in said
    assert re.search(r'"stillwatch.account', said) is None


def test_a_refusal_is_traced_with_its_step_and_never_reached_the_upstream() -> None:
    _, spans = traced(says(b"{}"), one_call, ruling=Ruling(step=Step.BLOCK, code="account_blocked"))
    assert [(span.name, (span.attributes or {})["stillwatch.step"]) for span in spans] == [
        ("POST openai_chat", "block")
    ]


def test_a_caller_cannot_make_us_trace_and_keeps_its_own_trace() -> None:
    sampled = CALLER[:-2] + "01"

    async def play(place: Scene) -> None:
        await place.post("/v1/chat/completions", ASKED, traceparent=sampled)

    place, spans = traced(says(b"{}"), play, share=0.0)
    assert spans == ()
    assert place.model.heard[0].headers["traceparent"] == sampled


@pytest.mark.parametrize("broken", ["", "00-0-0-0", "zz" * 40, "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "\x7f" * 500])
def test_a_parent_that_is_none_begins_a_trace_of_its_own(broken: str) -> None:
    async def play(place: Scene) -> None:
        status, _, _ = await place.post("/v1/chat/completions", ASKED, traceparent=broken.replace("\x7f", "~"))
        assert status == 200

    _, spans = traced(says(b"{}"), play)
    assert all(span.parent is None for span in spans if span.name != "upstream")
    assert len(spans) == 2


def test_a_collector_that_is_gone_holds_nobody_up() -> None:
    async def scenario() -> None:
        tracing = Tracing("http://127.0.0.1:9", share=1.0)
        async with scene(says(b"{}"), tracing=tracing) as place:
            status, _, _ = await place.post("/v1/chat/completions", ASKED)
            assert status == 200

    asyncio.run(scenario())
