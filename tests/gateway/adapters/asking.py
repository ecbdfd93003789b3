"""A webhook asked without a network: one call in, its answer out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.adapters.hosts import Hosts
from stillwatch.gateway.adapters.webhook import Webhook
from stillwatch.gateway.options import Options
from stillwatch.gateway.who import Identities
from stillwatch.policy import Asked, Gate, Ruling, Step, Used

KEY = b"k" * 32
NAMES = Pseudonymiser(KEY)


class Rules:
    """A gate that rules what it is told to, and remembers what it was asked and how often it was told of an end."""

    def __init__(self, ruling: Ruling | Exception | None = None) -> None:
        self.ruling = ruling or Ruling(step=Step.ALLOW)
        self.asked: list[Asked] = []
        self.ended = 0

    def decide(self, asked: Asked) -> Ruling:
        self.asked.append(asked)
        if isinstance(self.ruling, Exception):
            raise self.ruling
        return self.ruling

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        assert used.output_tokens is None
        self.ended += 1


def webhook(gate: Gate, *, secret: str | None = None, options: Options | None = None, **named: Any) -> Webhook:
    """The service, with the test's key."""
    return Webhook(gate, Hosts(NAMES), Identities(NAMES, **named), secret=secret, options=options)


def asked(
    service: Webhook, path: str, body: Any, headers: dict[str, str] | None = None, *, method: str = "POST"
) -> tuple[int, dict[str, str], Any]:
    """(status, headers, JSON of the body or its bytes) of one call."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path, _, query = path.partition("?")
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
    }
    asyncio.run(service(scope, receive, send))
    start, body_sent = sent
    said = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
    answer = body_sent["body"]
    assert int(said["content-length"]) == len(answer)
    return start["status"], said, json.loads(answer) if said.get("content-type") == "application/json" else answer
