"""The loop's door held against the real gateway: the same requests over HTTP, and again at the moments that the gateway had noted."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pyarrow as pa
import uvicorn
from figures import ROOT, Figures, bar
from gateway_loop_door import OPTIONS, PATH, Call, Door, headers_of, identities
from gateway_loop_world import Campaign, Traffic

from stillwatch.engine import Workspace, table
from stillwatch.gateway.protocol import GuardedProtocol
from stillwatch.gateway.relay import Gateway
from stillwatch.gateway.upstream import Upstream
from stillwatch.ingest import account_id
from stillwatch.policy import Asked, Ruling, Standing, Used, open_gate, write_standing

__all__ = ["agree"]

MOST = 1200
POLICY = ROOT / "src" / "stillwatch" / "policy" / "default.toml"


class _Noting:
    """A gate that notes when it was asked and when a request had ended."""

    def __init__(self, gate: Any) -> None:
        self._gate = gate
        self.asked: list[float] = []
        self.ended: dict[float, float] = {}

    def decide(self, asked: Asked) -> Ruling:
        self.asked.append(asked.at)
        ruling: Ruling = self._gate.decide(asked)
        return ruling

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        self.ended[asked.at] = used.at
        self._gate.settle(asked, ruling, used)


class _Model:
    """A model API that gives the answer of the request's number, and keeps what it was asked."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls
        self.heard: dict[int, bytes] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        number = int(dict(scope["headers"])[b"x-loop"])
        self.heard[number] = body
        call = self._calls[number]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(call.answer)).encode())]
        await send({"type": "http.response.start", "status": call.status, "headers": headers})
        await send({"type": "http.response.body", "body": call.answer})


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def _listening(app: Any, lifespan: str) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, http=GuardedProtocol, ws="none", lifespan=lifespan, log_level="critical", access_log=False,
                            server_header=False, date_header=False)  # fmt: skip
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


def agree(seeds: list[int]) -> Figures:
    """Differences between the two; statuses that were met."""
    seed = seeds[0]
    traffic = Traffic(seed, Campaign(name="scaffold"), accounts=400, exchanges=4000, crew=40, most=2000)
    there = [call for _, call in traffic.until(2**40)]
    calls = [_asking(number, call) for number, call in enumerate(there[:: max(1, len(there) // MOST)])]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        standing = root / "standing.arrow"
        workspace = Workspace(root / "ws")
        _stand(standing, workspace, traffic)
        noting = _Noting(open_gate(POLICY, standing).gate)
        model = _Model(calls)
        real = asyncio.run(_over_http(workspace, noting, model, calls))
        door = Door(workspace, POLICY, standing)
        differ: list[str] = []
        for number, (call, at) in enumerate(zip(calls, noting.asked, strict=True)):
            met = door.serve(replace(call, at=at, ended=noting.ended.get(at, at)))
            status, said = real[number]
            if (status, said) != (met.status, _ours(met.said)):
                differ.append(f"{number}: {status} {said} over HTTP, {met.status} {_ours(met.said)} at the door")
            if model.heard.get(number) != met.sent:
                differ.append(f"{number}: another body reached the model")
    print("\n".join(differ[:5]))
    statuses = Counter(f"{status} {said.get('x-stillwatch-step', 'untouched')}" for status, said in real)
    bars = [
        bar(
            "Requests on which the loop's door and the gateway over HTTP differ",
            len(differ),
            f"of {len(calls):,}",
            "0",
            not differ,
        )
    ]
    return bars, {
        "requests": len(calls),
        "seed": seed,
        "statuses": dict(sorted(statuses.items())),
        "differences": len(differ),
    }


def _asking(number: int, call: Call) -> Call:
    """Every third request asks for what a clamp takes away."""
    if number % 3:
        return call
    more = {"n": 3, "logprobs": True, "top_logprobs": 5, **({"logit_bias": {"1": 5}} if number % 2 else {})}
    return replace(call, body=json.dumps({**json.loads(call.body), **more}).encode())


def _stand(path: Path, workspace: Workspace, traffic: Traffic) -> None:
    """A standing of every kind: the campaign throttled as one actor, of customers some clamped, some to be verified or blocked."""
    now, rows = time.time(), []
    for number, name in enumerate(traffic.names):
        account = workspace.names.name("account", account_id(name))
        guilty = traffic.truth[name][0] == "actor"
        row: dict[str, Any] = {
            "account": account,
            "proposed": "throttle" if guilty else "allow",
            "kinds": 2,
            "evidence": 45,
            "seen": dt.datetime.fromtimestamp(now, dt.UTC),
            "ticket": account,
        }
        row |= {"actor": 77, "actor_accounts": 40} if guilty else {}
        row |= {
            5: {"proposed": "clamp"},
            6: {"decided": "verify", "appeal": "C-0000000000001/1"},
            7: {"decided": "block"},
        }.get(number % 20, {})
        rows.append(row)
    schema = table("standing").schema
    rows.sort(key=lambda row: row["account"])
    columns = [
        pa.array([row.get(one.name, [] if pa.types.is_list(one.type) else None) for row in rows], one.type)
        for one in schema
    ]
    write_standing(path, Standing(rows=pa.Table.from_arrays(columns, schema=schema), serial=1, made=now))


def _ours(headers: Any) -> dict[str, str]:
    return {
        k.lower(): v for k, v in headers.items() if k.lower().startswith("x-stillwatch-") or k.lower() == "retry-after"
    }


async def _over_http(
    workspace: Workspace, gate: Any, model: _Model, calls: list[Call]
) -> list[tuple[int, dict[str, str]]]:
    met = []
    async with _listening(model, "off") as behind:
        upstream = Upstream(f"http://127.0.0.1:{behind}", connect_seconds=30, silence_seconds=60)
        gateway = Gateway(upstream, gate, identities(workspace), options=OPTIONS)
        async with _listening(gateway, "on") as port, aiohttp.ClientSession() as session:
            for number, call in enumerate(calls):
                headers = {name.decode(): value.decode() for name, value in headers_of(call)} | {"x-loop": str(number)}
                async with session.post(f"http://127.0.0.1:{port}{PATH}", data=call.body, headers=headers) as answer:
                    await answer.read()
                    met.append((answer.status, _ours(answer.headers)))
    return met
