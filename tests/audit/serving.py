"""A suspect behind a real address: a server that speaks chats and completions, and can be busy, slow, cut short or strict on command."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

KEY = "sk-very-secret-7"


class Model:
    """What the server says, what it was asked, and the troubles that it makes first: a status, "slow", "drip" or "cut"."""

    def __init__(self, answer: Callable[[str], str], log: Callable[[str, int], float] = lambda word, at: -1.0) -> None:
        self.answer, self.log = answer, log
        self.troubles: list[str | int] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.echoes = True

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        request = json.loads(body)
        self.asked.append({"path": scope["path"], **request})
        self.keys.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, int):
            await _reply(send, trouble, {"error": f"no, {self.keys[-1]}"}, self.headers)
        elif trouble == "cut":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"900")]})
            await send({"type": "http.response.body", "body": b'{"choices"', "more_body": True})
            raise ConnectionResetError
        elif trouble == "drip":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(100):
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
                await asyncio.sleep(0.1)
        elif trouble == "nonsense":
            await _reply(send, 200, {"hello": "there"}, [])
        else:
            if trouble == "slow":
                await asyncio.sleep(5.0)
            await _reply(send, 200, self.said(scope["path"], request), [])

    def said(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        usage = {"total_tokens": 10}
        if path == "/v1/chat/completions":
            text = self.answer(request["messages"][-1]["content"])
            return {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}
        if not request.get("echo"):
            return {"choices": [{"text": self.answer(request["prompt"])}], "usage": usage}
        if not self.echoes:
            return {"choices": [{"text": "x", "logprobs": None}], "usage": usage}
        text = request["prompt"]
        logs: dict[str, list[Any]] = {name: [] for name in ("tokens", "token_logprobs", "text_offset", "top_logprobs")}
        at = 0
        for word in [*_pieces(text), " and"]:
            log = None if at == 0 else self.log(word, at)
            for name, value in (
                ("tokens", word),
                ("token_logprobs", log),
                ("text_offset", at),
                ("top_logprobs", None if at == 0 else {word: log, " Zebra": math.log(0.25), "ing": -1.0}),
            ):
                logs[name].append(value)
            at += len(word)
        return {"choices": [{"text": text + " and", "logprobs": logs}], "usage": usage}


def _pieces(text: str) -> list[str]:
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


async def _reply(send: Any, status: int, said: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json"), *headers]}
    )
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


@contextmanager
def served_at(model: Model) -> Iterator[str]:
    """The address of a server of this model, on a port of its own."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        config = uvicorn.Config(model, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{line.getsockname()[1]}/v1"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)
