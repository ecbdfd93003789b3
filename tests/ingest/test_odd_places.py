"""Values of the wrong kind in places that the samples do not fill: the record is read, without what was odd in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.ingest import FORMATS, ReadOptions, _chat, _converse, _openinference, _otlp, azure_apim_llm
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.read import exchanges_of

from .traffic import NOW, capture, lines, read

ODD: tuple[Any, ...] = ("text", 7, ["list"], True)


def only(name: str, record: dict[str, Any]) -> Exchange:
    """The one exchange that a record holds."""
    (found,) = exchanges_of(FORMATS[name], record, Reading())
    assert isinstance(found, Exchange), found
    return found


@pytest.mark.parametrize("odd", ODD)
def test_a_tool_call_may_be_anything(odd: Any) -> None:
    calls = [odd, {"function": odd}, {"function": {"name": "look", "arguments": "{}"}}]
    asked = [{"role": "user", "content": "prompt"}, {"role": "assistant", "content": None, "tool_calls": calls}]
    assert only("openai_chat", capture(body={"model": "m", "messages": asked})).prompt == "prompt"
    whole, _ = _chat.join([{"choices": [{"delta": {"tool_calls": [odd, {"index": 0, "function": odd}]}}]}])
    assert whole["choices"][0]["message"]["role"] == "assistant"


@pytest.mark.parametrize("odd", ODD)
def test_an_event_of_a_converse_stream_may_be_anything(odd: Any) -> None:
    events = [
        {"contentBlockStart": odd},
        {"contentBlockStart": {"start": odd}},
        {"contentBlockDelta": odd},
        {"contentBlockDelta": {"delta": odd}},
        {"contentBlockDelta": {"delta": {"text": "answer"}}},
        {"metadata": odd},
        {"metadata": {"usage": odd}},
        {"messageStop": odd},
    ]
    whole, _ = _converse.join(events)
    assert "answer" in str(whole["output"])


@pytest.mark.parametrize("odd", [7, ["list"], True])
def test_a_message_of_an_azure_log_may_be_anything(odd: Any) -> None:
    x = Exchange()
    choices = [odd, {"message": odd}, {"delta": odd}, {"message": {"content": "answer"}, "finish_reason": "stop"}]
    azure_apim_llm._answer(x, [odd, {"choices": choices}], [])
    assert (x.output, x.stop_reason) == ("answer", "stop")


@pytest.mark.parametrize("odd", ODD)
def test_properties_of_a_helicone_request_may_be_anything(odd: Any) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "prompt"}]}
    record = {
        "request_created_at": "2025-10-01T10:00:00Z",
        "request_path": "/v1/chat/completions",
        "request_body": body,
        "request_properties": odd,
        "properties": odd,
    }
    assert only("helicone", record).prompt == "prompt"


@pytest.mark.parametrize("odd", ODD)
def test_a_langfuse_event_without_a_body_names_what_it_lacks(odd: Any) -> None:
    record = {"type": "generation-create", "id": "e", "body": odd}
    assert FORMATS["langfuse"].sniff(record) == 0
    found = exchanges_of(FORMATS["langfuse"], record, Reading())
    assert [one.field != "row" for one in found if isinstance(one, BadField)] == [True]


@pytest.mark.parametrize("odd", ["text", 7, True])
def test_messages_of_a_stored_completion_may_be_anything(odd: Any) -> None:
    choices = [{"message": {"content": "answer"}, "finish_reason": "stop"}]
    record = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_759_000_000,
        "choices": choices,
        "messages": odd,
    }
    assert only("openai_stored", record).output == "answer"


@pytest.mark.parametrize("odd", ODD)
def test_the_context_of_a_flat_span_may_be_anything(odd: Any) -> None:
    key, span = _otlp._flat({"context": odd, "trace_id": "t", "span_id": "s", "attributes": {}, "resource": odd})
    assert key == "t:s"
    assert span.resource == {}


@pytest.mark.parametrize("odd", ODD)
def test_parts_of_an_openinference_message_may_be_anything(odd: Any) -> None:
    calls = [odd, {"tool_call": odd}, {"tool_call": {"function": odd}}]
    message = {"role": "assistant", "contents": [odd, {"message_content": odd}], "tool_calls": calls}
    assert _openinference._message({"message": message}, [], [])[0] == "assistant"
    assert _openinference._message({"message": odd}, [], []) == ("user", None)


def test_a_joined_document_that_is_too_large_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    def page(first: int, count: int) -> str:
        choices = [{"message": {"content": "answer"}, "finish_reason": "stop"}]
        held = [
            {"id": f"chatcmpl-{i}", "object": "chat.completion", "created": 1_759_000_000 + i, "choices": choices}
            for i in range(first, first + count)
        ]
        messages = [{"id": f"chatcmpl-{i}-0", "role": "user", "content": "prompt"} for i in range(first, first + count)]
        return lines([{"object": "list", "data": [*held, *messages]}]).decode().replace("}, ", "},\n ")

    (tmp_path / "page-1.json").write_text(page(0, 2))
    (tmp_path / "page-2.json").write_text(page(2, 200))
    rows, rejects, _ = read(tmp_path, ReadOptions(now=NOW, max_document_bytes=4000, force="openai_stored"))
    assert len(rows) == 2
    assert [(one["path"].rpartition("/")[2], one["reason"]) for one in rejects] == [
        ("page-2.json", "got one JSON document of more than 4000 bytes")
    ]
