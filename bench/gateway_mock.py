"""A model API that answers at once in four dialects, deterministically: what is measured is never the model.

`python bench/gateway_mock.py PORT`. Requests say what they want in `x-mock-*` headers: `events` (how many), `pace` (seconds between them),
`status`, `slow` (seconds before the answer), `reasoning` (1: with visible reasoning), `cut` (break off after so many events),
`usage` (0: a stream without usage), `tools` (1: call a tool), `once` (a name: 429 the first time it is heard). Its own counts stand at `/mock/counts`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import uvicorn

COUNTS = {"requests": 0, "finished": 0, "cancelled": 0}
HEARD = {""}
TEXT = "The quick brown fox jumps over the lazy dog. "


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _event(value: Any, name: str | None = None) -> bytes:
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + _json(value) + b"\n\n"


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
    return _json(
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
        return _event(
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
            _event(
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
    return _json(
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
    made = [_event({"type": "message_start", "message": message}, "message_start"), _event({"type": "ping"}, "ping")]
    index = 0
    if reasoning:
        made.append(
            _event(
                {
                    "type": "content_block_start",
                    "index": 0,
                    "content_block": {"type": "thinking", "thinking": "", "signature": ""},
                },
                "content_block_start",
            )
        )
        made += [
            _event(
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
            _event(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "signature_delta", "signature": "c2lnbmVk"},
                },
                "content_block_delta",
            )
        )
        made.append(_event({"type": "content_block_stop", "index": 0}, "content_block_stop"))
        index, count = 1, count - count // 2
    made.append(
        _event(
            {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}},
            "content_block_start",
        )
    )
    made += [
        _event(
            {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": "text_delta", "text": f"word {number} "},
            },
            "content_block_delta",
        )
        for number in range(count)
    ]
    made.append(_event({"type": "content_block_stop", "index": index}, "content_block_stop"))
    made.append(
        _event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": count},
            },
            "message_delta",
        )
    )
    return [*made, _event({"type": "message_stop"}, "message_stop")]


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
    return _json(_response("completed", _items(TEXT * 12, reasoning)))


def responses_events(count: int, reasoning: bool, usage: bool) -> list[bytes]:
    del usage
    number = 0

    def event(kind: str, **more: Any) -> bytes:
        nonlocal number
        number += 1
        return _event({"type": kind, "sequence_number": number, **more}, kind)

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


def _candidate(parts: list[Any], finish: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    return {**made, "finishReason": finish} if finish else made


_COUNTS = {"promptTokenCount": 150, "candidatesTokenCount": 120, "thoughtsTokenCount": 40, "totalTokenCount": 310}


def gemini_whole(reasoning: bool) -> bytes:
    parts: list[Any] = [{"text": TEXT * 12}]
    if reasoning:
        parts = [{"text": "First I think. " * 20, "thought": True}, {"text": TEXT * 12, "thoughtSignature": "c2lnbmVk"}]
    return _json(
        {
            "candidates": [_candidate(parts, "STOP")],
            "usageMetadata": _COUNTS,
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
        made.append(_event({"candidates": [_candidate([part])], "modelVersion": "mock", "responseId": "gem-mock"}))
    made.append(
        _event(
            {
                "candidates": [_candidate([{"text": ""}], "STOP")],
                "usageMetadata": _COUNTS,
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
        return [_event(one, str(one["type"])) for one in (start, block, *deltas, *ends)]
    if path.endswith("enerateContent"):
        part = {"functionCall": {"name": "weather", "args": json.loads(_ARGUMENTS)}}
        whole = {"candidates": [_candidate([part], "STOP")], "usageMetadata": _COUNTS, "modelVersion": "mock"}
        return [_event(whole)] if stream else _json(whole)
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
    return [*map(_event, (*chunks, last)), b"data: [DONE]\n\n"]


def answer(path: str, stream: bool, count: int, reasoning: bool, usage: bool = True) -> Any:
    """The body of an answer, or the list of its events; made once."""
    key = (path, stream, count, reasoning, usage)
    if key not in _MADE:
        whole, events = next((w, e) for ending, w, e in _DIALECTS if path.endswith(ending))
        _MADE[key] = events(count, reasoning, usage) if stream else whole(reasoning)
    return _MADE[key]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path == "/mock/counts":
        await _send(send, 200, [(b"content-type", b"application/json")], _json(COUNTS))
        return
    COUNTS["requests"] += 1
    wanted = {k[7:].decode(): v.decode() for k, v in scope["headers"] if k.startswith(b"x-mock-")}
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if "slow" in wanted:
        gone = asyncio.create_task(receive())
        done, _ = await asyncio.wait({gone}, timeout=float(wanted["slow"]))
        gone.cancel()
        if done:
            COUNTS["cancelled"] += 1
            return
    if path == "/mock/echo" or not path.endswith(tuple(ending for ending, _, _ in _DIALECTS)):
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in scope["headers"]],
            "bytes": len(body),
        }
        await _send(send, 200, [(b"content-type", b"application/json")], _json(told))
        return
    if wanted.get("echo"):
        await _send(send, 200, [(b"content-type", b"application/json")], body)
        return
    status = int(wanted.get("status", "200"))
    if wanted.get("once", "") not in HEARD:
        HEARD.add(wanted["once"])
        status = 429
    if status != 200:
        error = _json({"error": {"message": "mock says no", "type": "mock", "code": None}})
        await _send(
            send,
            status,
            [(b"content-type", b"application/json"), (b"x-request-id", b"req-mock"), (b"retry-after", b"1")],
            error,
        )
        return
    stream = path.endswith("streamGenerateContent") or b'"stream":true' in body.replace(b" ", b"")
    made = (
        tool_answer(path, stream)
        if wanted.get("tools")
        else answer(
            path, stream, int(wanted.get("events", "20")), wanted.get("reasoning") == "1", wanted.get("usage") != "0"
        )
    )
    if not stream:
        await _send(send, 200, [(b"content-type", b"application/json"), (b"x-request-id", b"req-mock")], made)
        COUNTS["finished"] += 1
        return
    await _stream(receive, send, made, float(wanted.get("pace", "0")), int(wanted.get("cut", "-1")))


async def _stream(receive: Any, send: Any, made: list[bytes], pace: float, cut: int) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-request-id", b"req-mock")],
        }
    )
    gone = asyncio.create_task(receive())
    for number, event in enumerate(made):
        if number == cut:
            gone.cancel()
            return
        if gone.done():
            COUNTS["cancelled"] += 1
            return
        await send({"type": "http.response.body", "body": event, "more_body": True})
        if pace:
            await asyncio.sleep(pace)
    gone.cancel()
    await send({"type": "http.response.body", "body": b""})
    COUNTS["finished"] += 1


async def _send(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
