"""The figures behind docs/benchmarks/gateway.md: what the gateway costs, beside a bare relay and LiteLLM in the same run.

    python bench/gateway.py cost [--rounds N] [--count N] [--litellm COMMAND]    CPU a call, added latency
    python bench/gateway.py streams [--rounds N] [--count N]                     CPU an event, hiding against relaying, hashes
    python bench/gateway.py sdks [--sdk-python PYTHON] [--sdk-node FOLDER]       the providers' SDKs through a gateway that hides reasoning
    python bench/gateway.py stacks [--rounds N] [--count N]                      CPU of servers and clients, pair by pair (needs granian and pyreqwest)
    python bench/gateway.py own [--rounds N] [--count N]                         CPU a call of our own code, without server, client and kernel
    python bench/gateway.py clients                                              what the upstream's client must do, asked of aiohttp and pyreqwest
    python bench/gateway.py page                                                 draw the page anew, nothing is measured

Proxies run on the first core, load and the model API on the second. Rounds are interleaved: each round measures every proxy once, in
another order. CPU is that of the proxy's processes, its capture writer included, from the scheduler's accounts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from figures import ROOT, Figures, bar, keep, redraw
from gateway_load import Load, chat, cpu_seconds, fire, memory_mb, pin, request
from gateway_page import files
from gateway_stands import STACKS, Stands, free_port, running

KEYS = [f"Bearer sk-bench-{number:04d}-0123456789" for number in range(1000)]
SETTLE = 5.0
"""Seconds after a cell of the full product, so that its capture is written within the cell that caused it."""


def main() -> None:
    """Measure one part and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["cost", "streams", "sdks", "stacks", "clients", "own", "page"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=5000, help="requests a cell")
    parser.add_argument(
        "--litellm", type=Path, help="command of LiteLLM 1.80.16 or 1.106.2, in an environment of its own"
    )
    parser.add_argument(
        "--sdk-python", type=Path, help="Python of an environment with openai, anthropic and google-genai"
    )
    parser.add_argument(
        "--sdk-node", type=Path, help="folder whose node_modules has openai and @anthropic-ai/sdk (npm install)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "gateway", files)
        return
    if chosen.part == "clients":
        from gateway_clients import clients

        keep(chosen.out, "gateway", "clients", clients(), files)
        return
    if chosen.part == "own":
        from gateway_own import own

        keep(chosen.out, "gateway", "own", own(max(15, chosen.rounds), min(1000, chosen.count)), files)
        return
    pin(1)
    with tempfile.TemporaryDirectory() as folder:
        upstream = free_port()
        with (
            running([sys.executable, "bench/gateway_mock.py", str(upstream)], upstream, core=1),
            Stands(Path(folder), upstream, chosen.litellm) as stands,
        ):
            stands.ports["direct"] = upstream
            if chosen.part == "sdks":
                measured = sdks(stands, chosen.sdk_python, chosen.sdk_node)
            else:
                measured = PARTS[chosen.part](stands, chosen.rounds, chosen.count)
    keep(chosen.out, "gateway", chosen.part, measured, files)


def _cell(
    stands: Stands, name: str, sent: Any, *, count: int, connections: int, keep_bodies: bool = False
) -> tuple[float, Load]:
    """(CPU seconds of the proxy, what came back) of one cell."""
    pid = stands.pids.get(name)
    before = cpu_seconds(pid) if pid else 0.0
    load = asyncio.run(fire(stands.ports[name], sent, count=count, connections=connections, keep=keep_bodies))
    if name == "full":
        time.sleep(SETTLE)
    return (cpu_seconds(pid) - before if pid else 0.0), load


def _interleaved(names: Iterable[str], rounds: int, *, seed: int) -> Iterator[str]:
    """Every name once a round, each round in another order."""
    rng, order = random.Random(seed), list(names)
    for _ in range(rounds):
        shuffled = order.copy()
        rng.shuffle(shuffled)
        yield from shuffled


def cost(stands: Stands, rounds: int, count: int) -> Figures:
    """CPU a call of 1 KB at 64 connections and at one, and the latency that one connection sees."""
    for name in ("bare", "observe", "full", "litellm"):
        stands.start(name)
    sent = [request("/v1/chat/completions", chat(), authorization=key) for key in KEYS]
    cpu: dict[str, list[float]] = {}
    single: dict[str, list[float]] = {}
    latency: dict[str, list[list[float]]] = {}
    errors = 0
    for name in stands.pids:
        _cell(stands, name, sent, count=100, connections=8)
    for name in _interleaved([*stands.pids, "direct"], rounds, seed=1):
        # What is ten times as dear is measured on a tenth of the calls.
        calls = max(200, count // 12) if name == "litellm" else count
        if name != "direct":
            spent, load = _cell(stands, name, sent, count=calls, connections=64)
            cpu.setdefault(name, []).append(spent / calls * 1e6)
            errors += load.errors
        few = max(50, calls // 10)
        spent, load = _cell(stands, name, sent, count=few, connections=1)
        latency.setdefault(name, []).append(load.seconds)
        if name != "direct":
            single.setdefault(name, []).append(spent / few * 1e6)
        errors += load.errors
    added = {name: _added(latency["direct"], found) for name, found in latency.items() if name != "direct"}
    rows = [
        {
            "proxy": name,
            "cpu_us_64": round(statistics.median(cpu[name]), 1),
            "cpu_us_64_each": [round(one, 1) for one in cpu[name]],
            "cpu_us_1": round(statistics.median(single[name]), 1),
            "added_ms_p50": added[name][0],
            "added_ms_p99": added[name][1],
            "memory_mb": memory_mb(stands.pids[name]),
        }
        for name in stands.pids
    ]
    by = {row["proxy"]: row for row in rows}
    full = by["full"]["cpu_us_64"]
    ratio = round(by["litellm"]["cpu_us_64"] / full, 1) if "litellm" in by else None
    relay = round(full / by["bare"]["cpu_us_64"], 2)
    bars = [
        bar("CPU per 1 KB call at 64 connections, full product", full, "us", "<= 250 us", full <= 250),
        bar("The same against a bare uvicorn + aiohttp relay in the same run", relay, "x", "-", None),
        bar(
            "LiteLLM's CPU per call against ours in the same run",
            ratio,
            "x",
            ">= 30x",
            None if ratio is None else ratio >= 30,
        ),
        bar(
            "Added latency at one connection, median of paired differences",
            by["full"]["added_ms_p50"],
            "ms",
            "<= 0.5 ms",
            by["full"]["added_ms_p50"] <= 0.5,
        ),
        bar("Answers that were no 200", errors, "", "0", errors == 0),
    ]
    return bars, {"rows": rows, "rounds": rounds, "count": count, "missing": stands.missing}


def _added(direct: list[list[float]], proxied: list[list[float]]) -> tuple[float, float]:
    """(median over rounds of the difference of medians, the same of the 99th percentiles) in ms."""

    def at(values: list[float], share: float) -> float:
        return sorted(values)[min(len(values) - 1, int(len(values) * share))]

    def paired(share: float) -> float:
        return round(
            statistics.median((at(b, share) - at(a, share)) * 1e3 for a, b in zip(direct, proxied, strict=True)), 3
        )

    return paired(0.5), paired(0.99)


def streams(stands: Stands, rounds: int, count: int) -> Figures:
    """CPU an event of paced streams, what hiding costs beside relaying, and whether every stream is the one that was sent."""
    for name in ("bare", "observe", "hide"):
        stands.start(name)
    paced = request(
        "/v1/chat/completions",
        chat(stream=True),
        authorization=KEYS[0],
        x_mock_events="100",
        x_mock_pace="0.01",
        x_mock_reasoning="1",
    )
    burst = request(
        "/v1/chat/completions", chat(stream=True), authorization=KEYS[0], x_mock_events="50", x_mock_reasoning="1"
    )
    event: dict[str, list[float]] = {}
    bursts: dict[str, list[float]] = {}
    few = max(20, count // 50)
    for name in stands.pids:
        _cell(stands, name, burst, count=20, connections=4)
    for name in _interleaved(stands.pids, rounds, seed=2):
        spent, load = _cell(stands, name, paced, count=few, connections=20)
        event.setdefault(name, []).append(spent / load.events * 1e6)
        spent, load = _cell(stands, name, burst, count=few * 4, connections=16)
        bursts.setdefault(name, []).append(spent / load.answered * 1e6)
    same, compared = _fidelity(stands, few)
    rows = [
        {
            "proxy": name,
            "us_per_paced_event": round(statistics.median(event[name]), 1),
            "us_per_burst": round(statistics.median(bursts[name]), 1),
        }
        for name in stands.pids
    ]
    by = {row["proxy"]: row for row in rows}
    relayed = by["observe"]["us_per_paced_event"]
    hiding = round(by["hide"]["us_per_paced_event"] / relayed, 2)
    beside = round(relayed / by["bare"]["us_per_paced_event"], 2)
    bars = [
        bar("CPU per paced SSE event, relayed", relayed, "us", "<= 30 us", relayed <= 30),
        bar("The same against a bare uvicorn + aiohttp relay in the same run", beside, "x", "-", None),
        bar("Hiding reasoning against relaying, per paced event", hiding, "x", "<= 2x", hiding <= 2),
        bar(
            "Streams whose hash differs, direct against proxied",
            compared - same,
            f"of {compared}",
            "0",
            same == compared,
        ),
    ]
    return bars, {"rows": rows, "rounds": rounds, "count": count, "missing": stands.missing}


def stacks(stands: Stands, rounds: int, count: int) -> Figures:
    """The same gateway, without rules and capture, on each server and client: CPU a call and an event, and whether streams are the same."""
    for name in STACKS:
        stands.start(name)
    call = [request("/v1/chat/completions", chat(), authorization=key) for key in KEYS]
    whole = {"authorization": KEYS[0], "x_mock_reasoning": "1"}
    paced = request("/v1/chat/completions", chat(stream=True), x_mock_events="100", x_mock_pace="0.01", **whole)
    burst = request("/v1/chat/completions", chat(stream=True), x_mock_events="50", **whole)
    few = max(20, count // 50)
    cells = {
        "call": (call, count, 64),
        "alone": (call, max(50, count // 10), 1),
        "event": (paced, few, 20),
        "burst": (burst, few * 4, 16),
    }
    spent: dict[tuple[str, str], list[float]] = {}
    errors = 0
    for name in stands.pids:
        _cell(stands, name, call, count=100, connections=8)
    for name in _interleaved(stands.pids, rounds, seed=3):
        for kind, (sent, calls, connections) in cells.items():
            cpu, load = _cell(stands, name, sent, count=calls, connections=connections)
            spent.setdefault((name, kind), []).append(cpu / (load.events if kind == "event" else calls) * 1e6)
            errors += load.errors
    differing = compared = 0
    for name in stands.pids:
        same, of = _fidelity(stands, few, name)
        differing, compared = differing + of - same, compared + of
    rows = [
        {"proxy": name, **{kind: round(statistics.median(spent[name, kind]), 1) for kind in cells}, "memory_mb": memory_mb(stands.pids[name])}
        for name in stands.pids
    ]  # fmt: skip
    bars = [
        bar(
            "Streams whose hash differs over all servers and clients", differing, f"of {compared}", "0", differing == 0
        ),
        bar("Answers of servers and clients that were no 200", errors, "", "0", errors == 0),
    ]
    return bars, {"rows": rows, "rounds": rounds, "count": count, "missing": stands.missing}


def _fidelity(stands: Stands, count: int, name: str = "observe") -> tuple[int, int]:
    """(streams with the same hash, streams compared) over dialects, with and without reasoning."""
    same = compared = 0
    for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1beta/models/m:streamGenerateContent"):
        for reasoning in ("0", "1"):
            sent = request(
                path, chat(stream=True), authorization=KEYS[0], x_mock_events="30", x_mock_reasoning=reasoning
            )
            _, expected = _cell(stands, "direct", sent, count=1, connections=1, keep_bodies=True)
            _, got = _cell(stands, name, sent, count=count, connections=8, keep_bodies=True)
            same += sum(one == expected.digests[0] for one in got.digests)
            compared += len(got.digests)
    return same, compared


def sdks(stands: Stands, python: Path | None, node: Path | None) -> Figures:
    """Every path of every SDK, through a gateway that hides reasoning."""
    stands.start("sdks")
    if "sdks" in stands.missing:
        raise RuntimeError(stands.missing["sdks"])
    url = f"http://127.0.0.1:{stands.ports['sdks']}"
    bars: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for language, calls, where in (
        ("Python", None if python is None else [str(python), "bench/gateway_sdk_calls.py", url], ROOT),
        ("JavaScript", None if node is None else ["node", str(ROOT / "bench" / "gateway_sdk_calls.mjs"), url], node),
    ):
        if calls is None:
            stands.missing[language] = f"not measured: no environment with the {language} SDKs was named"
            continue
        said = subprocess.run(calls, cwd=where, capture_output=True, text=True, check=True, timeout=900).stdout
        own = json.loads(said.splitlines()[-1])
        passing = sum(row["outcome"] == "passes" for row in own)
        name = f"Paths of the providers' {language} SDKs that pass"
        bars.append(bar(name, passing, f"of {len(own)}", "all", passing == len(own)))
        rows += own
    return bars, {"rows": rows, "missing": stands.missing}


PARTS = {"cost": cost, "streams": streams, "stacks": stacks}


if __name__ == "__main__":
    main()
