"""Answers of the mock model API that call a tool, in four dialects."""

from __future__ import annotations

import json
from typing import Any

from gateway_answers import GEMINI_COUNTS, as_event, as_json, candidate

__all__ = ["tool_answer"]

_ARGUMENTS = '{"city": "<think>Rome"}'


def tool_answer(path: str, stream: bool) -> Any:
    """An answer that calls a tool whose arguments hold what looks like a tag: the body, or the list of its events."""
    halves = (_ARGUMENTS[:9], _ARGUMENTS[9:])
    if path.endswith("/messages"):
        start = {
            "type": "message_start",
            "message": {
                "id": "msg_t",
                "type": "message",
                "role": "assistant",
                "model": "mock",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 9, "output_tokens": 1},
            },
        }
        block = {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "t1", "name": "weather", "input": {}},
        }
        deltas = [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": half}}
            for half in halves
        ]
        ends = [
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "tool_use", "stop_sequence": None},
                "usage": {"output_tokens": 9},
            },
            {"type": "message_stop"},
        ]
        return [as_event(one, str(one["type"])) for one in (start, block, *deltas, *ends)]
    if path.endswith("enerateContent"):
        part = {"functionCall": {"name": "weather", "args": json.loads(_ARGUMENTS)}}
        whole = {"candidates": [candidate([part], "STOP")], "usageMetadata": GEMINI_COUNTS, "modelVersion": "mock"}
        return [as_event(whole)] if stream else as_json(whole)
    calls = [
        {"index": 0, "id": "t1", "type": "function", "function": {"name": "weather", "arguments": halves[0]}},
        {"index": 0, "function": {"arguments": halves[1]}},
    ]
    chunks = [
        {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "mock",
            "choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}],
        }
        for call in calls
    ]
    last = {**chunks[0], "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    return [*map(as_event, (*chunks, last)), b"data: [DONE]\n\n"]
