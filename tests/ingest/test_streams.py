"""Streams and bodies: joined however they were kept, and what broke off is kept as cancelled."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.dialect import fill
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.log_format import FORMATS
from stillwatch.ingest.sse import open_body

from .test_any_json import ODD, places
from .traffic import NOW, capture

CHAT = [
    {
        "id": "c1",
        "model": "m",
        "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": ""}},
            {"index": 1, "delta": {"content": "B"}},
        ],
    },
    {"id": "c1", "choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]},
    {"id": "c1", "choices": [{"index": 0, "delta": {"content": "He"}}]},
    {"id": "c1", "choices": [{"index": 0, "delta": {"content": "llo"}}]},
    {"id": "c1", "choices": [{"index": 1, "delta": {"content": "ye"}}]},
    {
        "id": "c1",
        "choices": [
            {"index": 0, "delta": {}, "finish_reason": "stop"},
            {"index": 1, "delta": {}, "finish_reason": "stop"},
        ],
    },
    {"id": "c1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
]
ANTHROPIC = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "model": "m",
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "SIG"}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "He"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "llo"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]
RESPONSES = [
    {"type": "response.created", "response": {"id": "resp_1", "model": "m", "status": "in_progress"}},
    {"type": "response.reasoning_summary_text.delta", "item_id": "rs", "delta": "hm"},
    {"type": "response.output_text.delta", "item_id": "a", "delta": "He"},
    {"type": "response.output_text.delta", "item_id": "a", "delta": "llo"},
    {
        "type": "response.completed",
        "response": {
            "id": "resp_1",
            "model": "m",
            "status": "completed",
            "usage": {"input_tokens": 3, "output_tokens": 4},
            "output": [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "SIG"},
                {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
            ],
        },
    },
]
GEMINI = [
    {"responseId": "r1", "candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]},
    {"responseId": "r1", "candidates": [{"content": {"parts": [{"text": "He", "thoughtSignature": "SIG"}]}}]},
    {
        "candidates": [{"content": {"parts": [{"text": "llo"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3},
    },
]


def sse(events: list[Any]) -> str:
    return "".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def filled(dialect: str, response: Any) -> Exchange:
    x = Exchange(http_status=200)
    assert fill(x, {"stream": True}, response, name=dialect) == dialect
    return x


@pytest.mark.parametrize(
    ("dialect", "events", "outputs"),
    [
        ("openai_chat", CHAT, "Hello\fBye"),
        ("anthropic_messages", ANTHROPIC, "Hello"),
        ("openai_responses", RESPONSES, "Hello"),
        ("gemini_generate", GEMINI, "Hello"),
    ],
)
def test_a_stream_is_one_answer_however_it_was_kept(dialect: str, events: list[Any], outputs: str) -> None:
    text = sse(events)
    kept = [
        text,
        text.replace("\n", "\r\n"),
        [text[i : i + 37] for i in range(0, len(text), 37)],
        base64.b64encode(text.encode()).decode(),
        events,
    ]
    for body in kept:
        x = filled(dialect, body)
        assert (x.output, x.reasoning, x.outcome) == (outputs, "hm", "ok")
        assert x.input_tokens in (3, 7)


@pytest.mark.parametrize(
    ("dialect", "events"),
    [
        ("openai_chat", CHAT),
        ("anthropic_messages", ANTHROPIC),
        ("openai_responses", RESPONSES),
        ("gemini_generate", GEMINI),
    ],
)
def test_a_stream_that_breaks_off_is_kept_as_cancelled(dialect: str, events: list[Any]) -> None:
    text = sse(events)
    for cut in range(len(text) // 3, len(text) - 400 if len(text) > 900 else len(text) // 2, 11):
        x = filled(dialect, text[:cut])
        assert x.outcome == "cancelled"
        assert (x.output or "").replace("\f", "") in ("", "B", "HeB", "HelloB", "HelloBye", "He", "Hello")


def test_anthropic_counts_cached_input_as_input_and_takes_the_last_output_count() -> None:
    x = filled("anthropic_messages", ANTHROPIC)
    assert (x.input_tokens, x.cached_tokens, x.output_tokens, x.reasoning_artifacts) == (7, 2, 9, ["SIG"])


def test_tool_calls_streamed_in_pieces_are_one_call() -> None:
    events = [
        {
            "id": "c",
            "choices": [
                {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "find", "arguments": ""}}]}}
            ],
        },
        {
            "id": "c",
            "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"q":'}}]}}],
        },
        {
            "id": "c",
            "choices": [
                {
                    "index": 0,
                    "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
                    "finish_reason": "tool_calls",
                }
            ],
        },
    ]
    x = filled("openai_chat", sse(events))
    assert (x.output, x.stop_reason, x.outcome) == ('find({"q":1})', "tool_calls", "ok")


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai_chat", {"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]}),
        ("openai_chat", {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}),
        ("anthropic_messages", {"content": [], "stop_reason": "refusal", "stop_details": {"category": "bio"}}),
        ("gemini_generate", {"promptFeedback": {"blockReason": "SAFETY"}}),
        ("gemini_generate", {"candidates": [{"finishReason": "SAFETY"}]}),
        (
            "openai_responses",
            {
                "status": "completed",
                "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}],
            },
        ),
        ("bedrock_converse", {"stopReason": "guardrail_intervened", "output": {}}),
    ],
)
def test_a_refusal_is_told_from_an_answer(dialect: str, body: dict[str, Any]) -> None:
    assert filled(dialect, body).outcome == "refused"


def test_an_error_status_outranks_everything_and_a_client_that_left_is_cancelled() -> None:
    one = FORMATS["openai_chat"]
    reading = Reading(now=NOW)
    outcomes = [next(iter(one.read(capture(0, status=status), reading))).outcome for status in (200, 429, 500, 499)]
    assert outcomes == ["ok", "error", "error", "cancelled"]


def test_one_file_of_captures_may_hold_every_dialect() -> None:
    reading = Reading(now=NOW)
    paths = {
        "/v1/messages": "anthropic_messages",
        "/v1/responses": "openai_responses",
        "/openai/deployments/d/chat/completions?api-version=1": "openai_chat",
        "/v1beta/models/gemini-x:streamGenerateContent?alt=sse": "gemini_generate",
    }
    for path, dialect in paths.items():
        record = capture(0)
        record["request"]["path"] = path
        x = next(iter(FORMATS["openai_chat"].read(record, reading)))
        assert x.format == dialect
    other = capture(0)
    other["request"]["path"] = "/v1/models"
    assert list(FORMATS["openai_chat"].read(other, reading)) == []
    assert reading.notes == {"requests that ask for no model's answer, passed over": 1}


def test_a_body_that_is_no_body_is_broken_not_a_crash() -> None:
    for value in (None, 5, "plain words", "{half", "[1, 2", '"text"', [], [1, 2]):
        opened = open_body(value)
        assert opened.whole is None
        assert not opened.events


@pytest.mark.parametrize(
    ("dialect", "events"),
    [
        ("openai_chat", CHAT),
        ("anthropic_messages", ANTHROPIC),
        ("openai_responses", RESPONSES),
        ("gemini_generate", GEMINI),
    ],
)
def test_every_field_of_a_stream_may_hold_a_value_of_any_kind(dialect: str, events: list[Any]) -> None:
    for path in places(events):
        if not path:
            continue
        changed = copy.deepcopy(events)
        holder: Any = changed
        for key in path[:-1]:
            holder = holder[key]
        for value in ODD:
            holder[path[-1]] = copy.deepcopy(value)
            try:
                fill(Exchange(http_status=200), {"stream": True}, changed, name=dialect)
            except BadField:
                continue
            except Exception as error:
                pytest.fail(f"{'.'.join(map(str, path))} = {value!r}: {error!r}")
