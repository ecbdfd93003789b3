"""CPU a call of our own code alone: the gateway between a server and a client that do nothing, and the capture writer without its pipe.

Each figure is the least of many short rounds, so other work on the machine hardly moves it. What the server, the client and the kernel take
is the bare relay's figure in `bench/gateway.py cost`.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from figures import ROOT, Figures, bar
from gateway_load import chat
from gateway_stands import standing

from stillwatch.engine import Workspace
from stillwatch.gateway.capture import Seen
from stillwatch.gateway.capture_files import parquet_files
from stillwatch.gateway.capture_writer import row
from stillwatch.gateway.observe import UnsafeObserveOnly
from stillwatch.gateway.relay import Gateway
from stillwatch.gateway.who import Identities
from stillwatch.policy import open_gate

__all__ = ["own"]

KEYS = [f"Bearer sk-bench-{number:04d}-0123456789".encode() for number in range(1000)]
BODY = chat()
MESSAGE = {"role": "assistant", "content": "word " * 120}
USAGE = {"prompt_tokens": 200, "completion_tokens": 150, "total_tokens": 350}
ANSWER = json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "mock",
                     "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}], "usage": USAGE}).encode()  # fmt: skip


class _Content:
    def __init__(self) -> None:
        self._read = False

    async def readany(self) -> bytes:
        self._read = True
        return ANSWER

    def at_eof(self) -> bool:
        return self._read


class _Answer:
    status, content_type = 200, "application/json"
    headers: dict[str, str] = {}  # noqa: RUF012
    raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]  # noqa: RUF012

    def __init__(self) -> None:
        self.content = _Content()


class _Upstream:
    async def send(self, *_: Any) -> _Answer:
        return _Answer()


class _Kept:
    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def keep(self, seen: Seen) -> None:
        if len(self.seen) < 2000:
            self.seen.append(seen)


async def _ask(gateway: Any, count: int) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(_message: Any) -> None:
        pass

    for number in range(count):
        headers = [(b"host", b"bench"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
        scope = {
            "type": "http", "method": "POST", "path": "/v1/chat/completions", "raw_path": b"/v1/chat/completions", "query_string": b"",
            "headers": [*headers, (b"authorization", KEYS[number % len(KEYS)])], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        await gateway(scope, receive, send)


def own(rounds: int, count: int) -> Figures:
    """Microseconds a call of each part, the least of `rounds`."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        names = Workspace(folder / "ws").names
        standing(folder / "standing.arrow", 100_000)
        gate = open_gate(ROOT / "src" / "stillwatch" / "policy" / "default.toml", folder / "standing.arrow").gate
        kept: Any = _Kept()
        upstream: Any = _Upstream()
        gateways = {
            "gateway, no rules, no capture": Gateway(upstream, UnsafeObserveOnly(), Identities(names)),
            "gateway, default policy, 100,000 accounts in standing": Gateway(upstream, gate, Identities(names)),
            "the same, capture queued": Gateway(upstream, gate, Identities(names), capture=kept),
        }
        least = dict.fromkeys(gateways, float("inf"))

        async def asked() -> None:
            for number in range(rounds + 1):
                for name, gateway in gateways.items():
                    begun = time.process_time()
                    await _ask(gateway, count)
                    if number:
                        least[name] = min(least[name], (time.process_time() - begun) / count * 1e6)

        uvloop.run(asked())
        rows = [row(one) for one in kept.seen]
        files = parquet_files(folder)
        least["capture writer, an exchange read into a row"] = _least(
            lambda: [row(one) for one in kept.seen], len(rows)
        )
        least["capture writer, a row into a Parquet file"] = _least(lambda: files(rows), len(rows))
    found = [{"what": name, "us": round(value, 1)} for name, value in least.items()]
    total = round(sum(value for name, value in least.items() if not name.startswith("gateway")), 1)
    return [bar("CPU per 1 KB call of our own code, full product, writer included", total, "us", "-", None)], {"rows": found, "rounds": rounds, "count": count}  # fmt: skip


def _least(work: Callable[[], object], many: int, tries: int = 9) -> float:
    spent = []
    for _ in range(tries):
        begun = time.process_time()
        work()
        spent.append((time.process_time() - begun) / many * 1e6)
    return min(spent)
