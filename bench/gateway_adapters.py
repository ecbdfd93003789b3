"""The figures behind docs/benchmarks/gateway_adapters.md: what the plug-in costs within LiteLLM, and whether the real gateways take us in.

    python bench/gateway_adapters.py cost --litellm COMMAND [--rounds N] [--count N]
    python bench/gateway_adapters.py calls --litellm COMMAND [--count N]
    python bench/gateway_adapters.py webhook [--rounds N] [--count N]
    python bench/gateway_adapters.py real [--litellm COMMAND] [--envoy BINARY] [--portkey SCRIPT]
    python bench/gateway_adapters.py page

LiteLLM's command is that of an environment with LiteLLM 1.80.16 or 1.106.2 and what Stillwatch needs; PORTKEY is `build/start-server.js` of
@portkey-ai/gateway. Proxies run on the first core, load and the model API on the second. Each round measures every proxy once, in another
order; CPU is that of the proxy's processes, the capture writer included, from the scheduler's accounts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import ROOT, Figures, bar, keep, redraw
from gateway_adapters_page import files
from gateway_load import chat, cpu_seconds, fire, pin, request
from gateway_stands import COMMAND, LITELLM, free_port, running, standing

from stillwatch.engine import Workspace

KEYS = [f"Bearer sk-bench-{number:04d}-0123456789" for number in range(200)]
PROXIES = {"none": None, "requests": "requests", "answers": "answers"}
SETTLE = 4.0
"""Seconds after a cell, so that logging and capture are done within the cell that caused them."""
ANY_KEY = """
from litellm.proxy._types import UserAPIKeyAuth, hash_token
async def auth(request, api_key):
    return UserAPIKeyAuth(api_key=hash_token(api_key))
"""
MOST = 3.0
"""Percent of extra CPU that the plug-in may take."""


def main() -> None:
    """Measure one part and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["cost", "calls", "webhook", "real", "page"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=300, help="requests a cell")
    parser.add_argument("--litellm", type=Path)
    parser.add_argument("--envoy", type=Path)
    parser.add_argument("--portkey", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "gateway_adapters", files)
        return
    if chosen.part == "real":
        keep(chosen.out, "gateway_adapters", "real", real(chosen.litellm, chosen.envoy, chosen.portkey), files)
        return
    if chosen.part == "calls":
        if chosen.litellm is None:
            parser.error("calls needs --litellm")
        keep(chosen.out, "gateway_adapters", "calls", calls(chosen.litellm, min(chosen.count, 60)), files)
        return
    pin(1)
    with tempfile.TemporaryDirectory() as folder:
        if chosen.part == "cost":
            if chosen.litellm is None:
                parser.error("cost needs --litellm")
            measured = cost(Path(folder), chosen.litellm, chosen.rounds, chosen.count)
        else:
            measured = webhook(Path(folder), chosen.rounds, chosen.count * 10)
    keep(chosen.out, "gateway_adapters", chosen.part, measured, files)


def cost(folder: Path, litellm: Path, rounds: int, count: int) -> Figures:
    """CPU a call of LiteLLM without us, with the cheap class, and with the one that can hide, in the same run."""
    upstream = free_port()
    with contextlib.ExitStack() as stack:
        stack.enter_context(running([sys.executable, "bench/gateway_mock.py", str(upstream)], upstream, core=1))
        proxies = {name: stack.enter_context(_litellm(folder, name, litellm, upstream)) for name in PROXIES}
        plain = [request("/v1/chat/completions", chat(), authorization=key) for key in KEYS]
        streams = [
            request("/v1/chat/completions", chat(stream=True), authorization=key, x_mock_events="50") for key in KEYS
        ]
        shapes = {"call": (plain, count), "stream": (streams, max(20, count // 6))}
        spent: dict[tuple[str, str], list[float]] = {}
        errors = 0
        for name in proxies:
            for sent, _ in shapes.values():
                asyncio.run(fire(proxies[name][1], sent, count=30, connections=4))
        rng = random.Random(1)
        for _ in range(rounds):
            for shape, (sent, calls) in shapes.items():
                order = list(proxies)
                rng.shuffle(order)
                for name in order:
                    pid, port = proxies[name]
                    before = cpu_seconds(pid)
                    load = asyncio.run(fire(port, sent, count=calls, connections=8))
                    time.sleep(SETTLE)
                    spent.setdefault((shape, name), []).append((cpu_seconds(pid) - before) / calls * 1e3)
                    errors += load.errors
    rows = []
    for shape in shapes:
        for name in PROXIES:
            extra = [(b / a - 1) * 100 for a, b in zip(spent[shape, "none"], spent[shape, name], strict=True)]
            rows.append(
                {
                    "shape": shape,
                    "plug_in": name,
                    "cpu_ms": round(statistics.median(spent[shape, name]), 3),
                    "extra_percent": round(statistics.median(extra), 2),
                    "extra_each": [round(one, 2) for one in extra],
                }
            )
    extra_of = {(row["shape"], row["plug_in"]): row["extra_percent"] for row in rows}
    bars = [
        bar(f"Extra CPU of LiteLLM, class `{name}`, {shape}", value, "%", f"<= {MOST:.0f} %", value <= MOST)
        for (shape, name), value in extra_of.items()
        if name != "none"
    ]
    bars.append(bar("Answers that were no 200", errors, "", "0", errors == 0))
    return bars, {"rows": rows, "rounds": rounds, "count": count}


def calls(litellm: Path, count: int) -> Figures:
    """Function calls a request in LiteLLM's process without us and with each class: a figure that no other load on the machine moves."""
    upstream = free_port()
    rows: list[dict[str, Any]] = []
    with running([sys.executable, "bench/gateway_mock.py", str(upstream)], upstream, core=1):
        for shape in ("call", "stream"):
            for name in PROXIES:
                with tempfile.TemporaryDirectory() as folder:
                    given = [
                        str(litellm.parent / "python"),
                        "bench/gateway_adapters_calls.py",
                        folder,
                        str(upstream),
                        name,
                        shape,
                        str(count),
                    ]
                    said = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=True).stdout
                rows.append({"shape": shape, "plug_in": name, **json.loads(said.splitlines()[-1])})
                assert (rows[-1]["policy"] is not None) == (name != "none"), "the plug-in was there, and only there"
    alone = {row["shape"]: row["calls"] for row in rows if row["plug_in"] == "none"}
    for row in rows:
        row["extra_percent"] = round((row["calls"] / alone[row["shape"]] - 1) * 100, 2)
    bars = [
        bar(
            f"Extra function calls in LiteLLM's process, class `{row['plug_in']}`, {row['shape']}",
            row["extra_percent"],
            "%",
            f"<= {MOST:.0f} %",
            row["extra_percent"] <= MOST,
        )
        for row in rows
        if row["plug_in"] != "none"
    ]
    return bars, {"rows": rows, "count": count}


@contextlib.contextmanager
def _litellm(folder: Path, name: str, command: Path, upstream: int) -> Any:
    """(process id, port) of LiteLLM with a class of the plug-in, or without."""
    place = folder / name
    place.mkdir()
    config = LITELLM.format(port=upstream) + "general_settings: { custom_auth: any_key.auth }\n"
    if (kind := PROXIES[name]) is not None:
        config = config.replace(
            "telemetry: false", f"telemetry: false, callbacks: stillwatch.gateway.adapters.litellm.{kind}"
        )
    (place / "config.yaml").write_text(config)
    (place / "any_key.py").write_text(ANY_KEY)
    standing(Workspace(place / "ws").root / "standing" / "standing.arrow", 100_000)
    port = free_port()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
        "STILLWATCH_WORKSPACE": str(place / "ws"),
    }
    arguments = [str(command), "--config", str(place / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
    with running([*arguments, "--num_workers", "1"], port, core=0, patience=900.0, env=env) as pid:
        yield pid, port


def webhook(folder: Path, rounds: int, count: int) -> Figures:
    """CPU a call of the webhook in each dialect, with the default policy and 100,000 accounts in standing."""
    port = free_port()
    standing(folder / "standing.arrow", 100_000)
    arguments = [
        sys.executable,
        "-c",
        COMMAND,
        "gateway",
        "webhook",
        "--port",
        str(port),
        "--admin-port",
        str(free_port()),
    ]
    arguments += ["--policy", "src/stillwatch/policy/default.toml", "--standing", str(folder / "standing.arrow")]
    messages = [{"role": "user", "content": "x" * 1024}]
    ask = {"model": "m", "messages": messages}
    bodies: dict[str, tuple[str, Any]] = {
        "litellm": (
            "/beta/litellm_basic_guardrail_api",
            {"input_type": "request", "request_data": {"user_api_key_hash": "a" * 64}, "structured_messages": messages},
        ),
        "agentgateway": ("/request", {"body": {"messages": messages}}),
        "portkey": ("/portkey", {"request": {"json": ask}, "metadata": {"_user": "u"}}),
        "kong": ("/kong", {"account": "u"}),
        "envoy": ("/envoy/v1/chat/completions", ask),
    }
    sent = {
        name: request(path, json.dumps(body).encode(), authorization=KEYS[0]) for name, (path, body) in bodies.items()
    }
    spent: dict[str, list[float]] = {}
    with running([*arguments, "--workspace", str(folder / "ws")], port, core=0, patience=300.0) as pid:
        for one in sent.values():
            asyncio.run(fire(port, one, count=50, connections=4))
        for _ in range(rounds):
            for name, one in sent.items():
                before = cpu_seconds(pid)
                asyncio.run(fire(port, one, count=count, connections=16))
                spent.setdefault(name, []).append((cpu_seconds(pid) - before) / count * 1e6)
    rows = [{"dialect": name, "cpu_us": round(statistics.median(each), 1)} for name, each in spent.items()]
    worst = max(row["cpu_us"] for row in rows)
    return [bar("CPU a call of the webhook, dearest dialect", worst, "us", "-", None)], {
        "rows": rows,
        "rounds": rounds,
        "count": count,
    }


def real(litellm: Path | None, envoy: Path | None, portkey: Path | None) -> Figures:
    """The tests that need the real gateways, each with what there is of them."""
    places = {"STILLWATCH_LITELLM": litellm, "STILLWATCH_ENVOY": envoy, "STILLWATCH_PORTKEY": portkey}
    env = {**os.environ, **{name: str(path.resolve()) for name, path in places.items() if path is not None}}
    rows, passed, failed = [], 0, 0
    for name in ("litellm", "envoy", "portkey"):
        test = f"tests/gateway/adapters/test_real_{name}.py"
        said = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", test],
            cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        for outcome, test_name in re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED)\b.*?(?:::(\S+))?$", said, re.MULTILINE):
            rows.append({"gateway": name, "test": (test_name or "all").replace("_", " "), "outcome": outcome.lower()})
            passed += outcome == "PASSED"
            failed += outcome in ("FAILED", "ERROR")
    return [
        bar(
            "Tests in the real LiteLLM, Envoy and Portkey that pass",
            passed,
            f"of {passed + failed}",
            "all",
            failed == 0,
        )
    ], {"rows": rows}


if __name__ == "__main__":
    main()
