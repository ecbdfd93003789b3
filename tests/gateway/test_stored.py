"""Answers that were stored and are fetched again lose what the ruling hides, as they did the first time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.gateway.coverage import coverage
from stillwatch.policy import Dialect, Hide, Ruling, Step

from .serving import played, says, scene, streams

pytestmark = pytest.mark.usefixtures("server")

HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)
ITEM = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "SECRET"}], "encrypted_content": "kept"}
CHOICE = {"message": {"role": "assistant", "content": "kept", "reasoning_content": "SECRET"}}
FETCHED: list[tuple[str, str, Any, Dialect]] = [
    ("GET", "/v1/responses/resp_1", {"output": [ITEM]}, Dialect.RESPONSES),
    ("POST", "/v1/responses/resp_1/cancel", {"output": [ITEM]}, Dialect.RESPONSES),
    ("GET", "/v1/responses/resp_1/input_items?limit=9", {"data": [ITEM]}, Dialect.RESPONSES),
    ("GET", "/v1/conversations/c/items", {"data": [ITEM]}, Dialect.RESPONSES),
    ("GET", "/v1/conversations/c/items/i", ITEM, Dialect.RESPONSES),
    ("GET", "/v1/Chat//completions/c", {"choices": [CHOICE]}, Dialect.CHAT),
    ("GET", "/v1/chat/completions", {"data": [{"choices": [CHOICE]}]}, Dialect.CHAT),
    ("GET", "/v1/chat/completions/c/messages", {"data": [CHOICE["message"]]}, Dialect.CHAT),
]


@pytest.mark.parametrize(("method", "path", "stored", "dialect"), FETCHED)
def test_what_is_hidden_at_first_is_hidden_when_it_is_fetched_again(
    method: str, path: str, stored: Any, dialect: Dialect
) -> None:
    async def scenario() -> None:
        async with scene(says(json.dumps(stored).encode()), ruling=HIDE) as at:
            async with at.session.request(method, at.url + path) as answer:
                body = await answer.read()
            assert answer.status == 200
            assert b"SECRET" not in body
            assert b"kept" in body
            assert (at.rules.asked[0].dialect, at.rules.asked[0].reasoning) == (dialect, True)
            assert at.model.heard[0].headers["accept-encoding"] == "identity"
            told = {one["pathway"]: one for one in coverage(at.gateway.metrics, None, "gateway")["uncovered"]}
            assert told["stored_answers"]["calls_passed_through"] == 1

    played(scenario)


def test_a_stored_stream_is_hidden_as_it_comes() -> None:
    delta = {"type": "response.reasoning_text.delta", "item_id": "i", "delta": "SECRET"}
    event = b"event: x\ndata: " + json.dumps(delta).encode() + b"\n\n"

    async def scenario() -> None:
        async with (
            scene(streams([event[:30], event[30:]]), ruling=HIDE) as at,
            at.session.get(at.url + "/v1/responses/resp_1?stream=true&starting_after=0") as answer,
        ):
            body = await answer.read()
            assert b"response.reasoning_text.delta" in body
            assert b"SECRET" not in body

    played(scenario)


def test_files_with_such_names_pass_as_they_are() -> None:
    async def scenario() -> None:
        async with scene(says(b"SECRET"), ruling=HIDE) as at:
            for path in ("/v1/files/responses/content", "/v1/batches/chat/completions", "/v1/threads/t/responses"):
                async with at.session.get(at.url + path) as answer:
                    assert (answer.status, await answer.read()) == (200, b"SECRET")

    played(scenario)
