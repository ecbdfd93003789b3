"""What the mock model API answers in four dialects: whole bodies, streams of events, and calls of a tool. The same every time."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["ENDINGS", "GEMINI_COUNTS", "answer", "as_event", "as_json", "candidate"]

TEXT = "The quick brown fox jumps over the lazy dog. "


def as_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def as_event(value: Any, name: str | None = None) -> bytes:
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + as_json(value) + b"\n\n"


def chat_whole(reasoning: bool) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": TEXT * 12}
    if reasoning:
        message["reasoning_content"] = "First I think. " * 20
    usage = {
        "prompt_tokens": 150,
        "completion_tokens": 120,
        "total_tokens": 270,
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return as_json(
        {
            "id": "chatcmpl-mock",
            "object": "chat.completion",
            "created": 1,
            "model": "mock",
            "choices": [choice],
            "usage": usage,
        }
    )


def chat_events(count: int, reasoning: bool, usage: bool) -> list[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return as_event(
            {
                "id": "chatcmpl-mock",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "mock",
                "choices": [choice],
            }
        )

    made = [chunk({"role": "assistant", "content": ""})]
    for number in range(count):
        hidden = reasoning and number < count // 2
        made.append(chunk({"reasoning_content": f"think {number} "} if hidden else {"content": f"word {number} "}))
    made.append(chunk({}, "stop"))
    if usage:
        counts = {"prompt_tokens": 150, "completion_tokens": count, "total_tokens": 150 + count}
        made.append(
            as_event(
                {
                    "id": "chatcmpl-mock",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": "mock",
                    "choices": [],
                    "usage": counts,
                }
            )
        )
    return [*made, b"data: [DONE]\n\n"]


def messages_whole(reasoning: bool) -> bytes:
    content: list[dict[str, Any]] = [{"type": "text", "text": TEXT * 12}]
    if reasoning:
        content.insert(0, {"type": "thinking", "thinking": "First I think. " * 20, "signature": "c2lnbmVk"})
    usage = {"input_tokens": 150, "output_tokens": 120}
    return as_json(
        {
            "id": "msg_mock",
            "type": "message",
            "role": "assistant",
            "model": "mock",
            "content": content,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }
    )


def messages_events(count: int, reasoning: bool, usage: bool) -> list[bytes]:
    del usage
    message = {
        "id": "msg_mock",
        "type": "message",
        "role": "assistant",
        "model": "mock",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 150, "output_tokens": 1},
    }
    made = [
        as_event({"type": "message_start", "message": message}, "message_start"),
        as_event({"type": "ping"}, "ping"),
    ]
    index = 0
    if reasoning:
        made.append(
            as_event(
                {
                    "type": "content_block_start",
                    "index": 0,
                    "content_block": {"type": "thinking", "thinking": "", "signature": ""},
                },
                "content_block_start",
            )
        )
        made += [
            as_event(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "thinking_delta", "thinking": f"think {number} "},
                },
                "content_block_delta",
            )
            for number in range(count // 2)
        ]
        made.append(
            as_event(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "signature_delta", "signature": "c2lnbmVk"},
                },
                "content_block_delta",
            )
        )
        made.append(as_event({"type": "content_block_stop", "index": 0}, "content_block_stop"))
        index, count = 1, count - count // 2
    made.append(
        as_event(
            {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}},
            "content_block_start",
        )
    )
    made += [
        as_event(
            {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": "text_delta", "text": f"word {number} "},
            },
            "content_block_delta",
        )
        for number in range(count)
    ]
    made.append(as_event({"type": "content_block_stop", "index": index}, "content_block_stop"))
    made.append(
        as_event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": count},
            },
            "message_delta",
        )
    )
    return [*made, as_event({"type": "message_stop"}, "message_stop")]


def _response(status: str, output: list[Any]) -> dict[str, Any]:
    return {"id": "resp_mock", "object": "response", "created_at": 1, "status": status, "model": "mock", "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            "usage": {"input_tokens": 150, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 120, "output_tokens_details": {"reasoning_tokens": 40}, "total_tokens": 270} if status == "completed" else None}  # fmt: skip


def _items(text: str, reasoning: bool) -> list[Any]:
    made: list[Any] = [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
        }
    ]
    if reasoning:
        made.insert(
            0,
            {
                "id": "rs_1",
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "think in short"}],
                "encrypted_content": "c2VjcmV0",
            },
        )
    return made


def responses_whole(reasoning: bool) -> bytes:
    return as_json(_response("completed", _items(TEXT * 12, reasoning)))


def responses_events(count: int, reasoning: bool, usage: bool) -> list[bytes]:
    del usage
    number = 0

    def event(kind: str, **more: Any) -> bytes:
        nonlocal number
        number += 1
        return as_event({"type": kind, "sequence_number": number, **more}, kind)

    made = [event("response.created", response=_response("in_progress", []))]
    at = 0
    if reasoning:
        thinking = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "c2VjcmV0"}
        made.append(event("response.output_item.added", output_index=0, item=thinking))
        made.append(
            event(
                "response.reasoning_summary_part.added",
                item_id="rs_1",
                output_index=0,
                summary_index=0,
                part={"type": "summary_text", "text": ""},
            )
        )
        made.append(
            event(
                "response.reasoning_summary_text.delta",
                item_id="rs_1",
                output_index=0,
                summary_index=0,
                delta="think in short",
            )
        )
        made.append(
            event(
                "response.reasoning_summary_text.done",
                item_id="rs_1",
                output_index=0,
                summary_index=0,
                text="think in short",
            )
        )
        made.append(event("response.output_item.done", output_index=0, item=_items("", True)[0]))
        at = 1
    text = "".join(f"word {n} " for n in range(count))
    empty = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    made.append(event("response.output_item.added", output_index=at, item=empty))
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    made.append(event("response.content_part.added", item_id="msg_1", output_index=at, content_index=0, part=part))
    made += [
        event(
            "response.output_text.delta",
            item_id="msg_1",
            output_index=at,
            content_index=0,
            delta=f"word {n} ",
            logprobs=[],
        )
        for n in range(count)
    ]
    made.append(
        event("response.output_text.done", item_id="msg_1", output_index=at, content_index=0, text=text, logprobs=[])
    )
    made.append(
        event(
            "response.content_part.done", item_id="msg_1", output_index=at, content_index=0, part={**part, "text": text}
        )
    )
    made.append(event("response.output_item.done", output_index=at, item=_items(text, False)[0]))
    return [*made, event("response.completed", response=_response("completed", _items(text, reasoning)))]


def candidate(parts: list[Any], finish: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    return {**made, "finishReason": finish} if finish else made


GEMINI_COUNTS = {"promptTokenCount": 150, "candidatesTokenCount": 120, "thoughtsTokenCount": 40, "totalTokenCount": 310}


def gemini_whole(reasoning: bool) -> bytes:
    parts: list[Any] = [{"text": TEXT * 12}]
    if reasoning:
        parts = [{"text": "First I think. " * 20, "thought": True}, {"text": TEXT * 12, "thoughtSignature": "c2lnbmVk"}]
    return as_json(
        {
            "candidates": [candidate(parts, "STOP")],
            "usageMetadata": GEMINI_COUNTS,
            "modelVersion": "mock",
            "responseId": "gem-mock",
        }
    )


def gemini_events(count: int, reasoning: bool, usage: bool) -> list[bytes]:
    del usage
    made = []
    for number in range(count):
        hidden = reasoning and number < count // 2
        part = {"text": f"think {number} ", "thought": True} if hidden else {"text": f"word {number} "}
        made.append(as_event({"candidates": [candidate([part])], "modelVersion": "mock", "responseId": "gem-mock"}))
    made.append(
        as_event(
            {
                "candidates": [candidate([{"text": ""}], "STOP")],
                "usageMetadata": GEMINI_COUNTS,
                "modelVersion": "mock",
                "responseId": "gem-mock",
            }
        )
    )
    return made


_DIALECTS = (
    ("/completions", chat_whole, chat_events),
    ("/messages", messages_whole, messages_events),
    ("/responses", responses_whole, responses_events),
    ("enerateContent", gemini_whole, gemini_events),
)
_MADE: dict[Any, Any] = {}


def answer(path: str, stream: bool, count: int, reasoning: bool, usage: bool = True) -> Any:
    """The body of an answer, or the list of its events; made once."""
    key = (path, stream, count, reasoning, usage)
    if key not in _MADE:
        whole, events = next((w, e) for ending, w, e in _DIALECTS if path.endswith(ending))
        _MADE[key] = events(count, reasoning, usage) if stream else whole(reasoning)
    return _MADE[key]


ENDINGS = tuple(ending for ending, _, _ in _DIALECTS)
"""How the paths end that are answered."""
