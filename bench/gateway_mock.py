"""A model API that answers at once in four dialects, deterministically: what is measured is never the model.

`python bench/gateway_mock.py PORT`. Requests say what they want in `x-mock-*` headers: `events` (how many), `pace` (seconds between them),
`status`, `slow` (seconds before the answer), `reasoning` (1: with visible reasoning), `cut` (break off after so many events),
`usage` (0: a stream without usage), `tools` (1: call a tool), `once` (a name: 429 the first time it is heard), `id`
(of a whole chat completion, in place of the one that all have). Its own counts stand at `/mock/counts`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from gateway_answers import ENDINGS, answer, as_json
from gateway_run import run
from gateway_tools import tool_answer

COUNTS = {"requests": 0, "finished": 0, "cancelled": 0}
HEARD = {""}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path == "/mock/counts":
        await _send(send, 200, [(b"content-type", b"application/json")], as_json(COUNTS))
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
    if path == "/mock/echo" or not path.endswith(ENDINGS):
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in scope["headers"]],
            "bytes": len(body),
        }
        await _send(send, 200, [(b"content-type", b"application/json")], as_json(told))
        return
    if wanted.get("echo"):
        await _send(send, 200, [(b"content-type", b"application/json")], body)
        return
    status = int(wanted.get("status", "200"))
    if wanted.get("once", "") not in HEARD:
        HEARD.add(wanted["once"])
        status = 429
    if status != 200:
        error = as_json({"error": {"message": "mock says no", "type": "mock", "code": None}})
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
        made = made.replace(b"chatcmpl-mock", wanted.get("id", "chatcmpl-mock").encode())
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
    run(app, int(sys.argv[1]), lifespan="off")
