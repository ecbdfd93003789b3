"""Other people's gateways as they are: where one is not installed, its tests are skipped and say what they lack.

STILLWATCH_LITELLM, STILLWATCH_ENVOY and STILLWATCH_PORTKEY name a command (LiteLLM's, in an environment that has what Stillwatch needs),
a binary and a `start-server.js`; bench/gateway_adapters.py sets them.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import stillwatch

__all__ = ["CHAT", "Model", "command_of", "model", "posted", "running", "webhook_running"]

CHAT: dict[str, Any] = {"model": "mock", "messages": [{"role": "user", "content": "hello there"}]}
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
SOURCE = str(Path(stillwatch.__file__).parent.parent)


def command_of(name: str, what: str) -> str:
    """What a variable of the environment names; without it the test is skipped."""
    found = os.environ.get(name)
    if not found:
        pytest.skip(f"{what} is not installed (name it in {name}, or run bench/gateway_adapters.py)")
    return found


class Model(BaseHTTPRequestHandler):
    """A model API with visible reasoning, in chat completions and Messages."""

    heard: list[tuple[str, dict[str, str], Any]]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        body = json.loads(raw)
        self.heard.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.path.endswith("/messages"):
            return self._messages(stream=bool(body.get("stream")))
        if body.get("stream"):
            deltas = [{"role": "assistant", "reasoning_content": "THOUGHT"}, {"content": "fine "}, {"content": "day"}]
            events = [_chunk({"delta": one, "index": 0, "finish_reason": None}) for one in deltas]
            events.append(_chunk({"delta": {}, "index": 0, "finish_reason": "stop"}))
            events.append({**_chunk(None), "usage": USAGE})
            said = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events) + b"data: [DONE]\n\n"
            return self._answer(said, "text/event-stream")
        message = {"role": "assistant", "content": "fine day", "reasoning_content": "THOUGHT"}
        whole = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "mock",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": USAGE,
        }
        return self._answer(json.dumps(whole).encode(), "application/json")

    def _messages(self, *, stream: bool) -> None:
        blocks = [{"type": "thinking", "thinking": "THOUGHT", "signature": "sig"}, {"type": "text", "text": "fine day"}]
        head = {"id": "m", "type": "message", "role": "assistant", "model": "mock", "stop_sequence": None}
        usage = {"input_tokens": 7, "output_tokens": 5}
        if not stream:
            whole = {**head, "content": blocks, "stop_reason": "end_turn", "usage": usage}
            return self._answer(json.dumps(whole).encode(), "application/json")
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {**blocks[0], "thinking": "", "signature": ""},
            },
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "THOUGHT"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "fine day"}},
            {"type": "content_block_stop", "index": 1},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 5},
            },
            {"type": "message_stop"},
        ]
        said = b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)
        return self._answer(said, "text/event-stream")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _chunk(choice: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "mock",
        "choices": [choice] if choice else [],
    }


@contextlib.contextmanager
def model() -> Iterator[tuple[type[Model], int]]:
    """(what it heard, its port) of a model API."""
    kind = type("Heard", (Model,), {"heard": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kind, server.server_address[1]
    server.shutdown()
    server.server_close()


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(
    arguments: Sequence[str], port: int, folder: Path, *, patience: float = 900.0, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server until it listens; what it says lies in `said` in the folder."""
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            arguments, cwd=folder, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": SOURCE, **(env or {})}
        )
    try:
        until = time.monotonic() + patience
        while True:
            assert process.poll() is None, said.read_text("utf-8", "replace")[-3000:]
            assert time.monotonic() < until, (
                f"{arguments[0]} does not listen: {said.read_text('utf-8', 'replace')[-1000:]}"
            )
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
                break
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def webhook_running(folder: Path, policy: str, *more: str) -> Iterator[int]:
    """The port of `stillwatch gateway webhook` with a policy."""
    (folder / "policy.toml").write_text(policy)
    port, admin = free_port(), free_port()
    arguments = [
        sys.executable,
        "-c",
        "from stillwatch.cli import main; main()",
        "gateway",
        "webhook",
        "--port",
        str(port),
    ]
    arguments += ["--admin-port", str(admin), "--policy", "policy.toml", "--workspace", "ws", *more]
    with running(arguments, port, folder):
        yield port


def posted(
    port: int, path: str, body: Any, *, key: str = "sk-test-0123456789abcdef", **more: str
) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of one request."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    line.request("POST", path, json.dumps(body), headers)
    answer = line.getresponse()
    said = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    line.close()
    return said
