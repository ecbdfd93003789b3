"""The proxies that are compared, each a process of its own on one core, and the model API behind them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from figures import ROOT
from gateway_load import pin

from stillwatch.engine import table
from stillwatch.policy import Standing, write_standing

HIDE = """
name = "hide"
[people]
throttle = [{ requests = 30, window = "1m" }]
[[rules]]
name = "hide"
match = { dialect = ["openai_chat", "openai_responses", "anthropic_messages", "gemini_generate"] }
step = "hide_reasoning"
hide = "remove"
[[tests]]
says = "it hides"
asked = {}
expect = { step = "hide_reasoning" }
"""
SDKS = HIDE.replace(
    "[[tests]]",
    """[[rules]]
name = "withdrawn"
match = { model = ["blocked"] }
step = "block"
unsafe_without_person = true
[[tests]]""",
    1,
)
COMMAND = "from stillwatch.cli import main; main()"
LITELLM = """
model_list:
  - model_name: mock
    litellm_params: {{ model: openai/mock, api_base: "http://127.0.0.1:{port}/v1", api_key: sk-mock }}
litellm_settings: {{ telemetry: false }}
general_settings: {{ dangerously_permit_weak_or_unset_master_key: true }}
"""
"""LiteLLM at its cheapest: no key is looked up, nothing is logged."""


STACKS = ("uvicorn-aiohttp", "granian-aiohttp", "uvicorn-pyreqwest", "granian-pyreqwest")
"""Pairs of server and client, as `bench/gateway_stack.py` puts a gateway on them."""


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(
    arguments: list[str],
    port: int,
    *,
    core: int,
    yielding: bool = True,
    patience: float = 90.0,
    env: dict[str, str] | None = None,
) -> Iterator[int]:
    """Run a server until it listens; gives its process id. One that is not `yielding` has the priority of whoever starts it."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            preexec_fn=lambda: pin(core, yielding=yielding),
            stdout=said,
            stderr=said,
            env=env,
        )
        try:
            until = time.monotonic() + patience
            while True:
                if process.poll() is not None or time.monotonic() > until:
                    said.seek(0)
                    raise RuntimeError(
                        f"{arguments[:4]} did not start: {said.read()[-2000:].decode('utf-8', 'replace')}"
                    )
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                    break
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def standing(path: Path, accounts: int) -> None:
    """A standing of so many accounts, nearly all of them without any step."""
    rng = np.random.default_rng(1)
    ids = np.unique(rng.integers(-(2**63), 2**63 - 1, accounts, dtype=np.int64))
    count = len(ids)
    proposed = np.where(rng.random(count) < 0.02, "observe", "allow")
    given = {"account": ids, "proposed": proposed, "kinds": np.ones(count, np.int32), "ticket": ids}
    columns = []
    for one in table("standing").schema:
        if one.name in given:
            columns.append(pa.array(given[one.name], one.type))
        elif pa.types.is_list(one.type):
            columns.append(pa.array([[]] * count, one.type))
        else:
            columns.append(pa.nulls(count, one.type))
    write_standing(
        path, Standing(rows=pa.Table.from_arrays(columns, schema=table("standing").schema), serial=1, made=time.time())
    )


class Stands:
    """Starts proxies by name: `bare`, `observe` (no policy, no capture), `full` (policy, standing, capture), `hide`, `sdks` (hides, and blocks a model), `litellm`, and pairs of server and client."""

    def __init__(self, folder: Path, upstream: int, litellm: Path | None) -> None:
        self._folder, self._upstream, self._litellm = folder, upstream, litellm
        self._stack = contextlib.ExitStack()
        self.pids: dict[str, int] = {}
        self.ports: dict[str, int] = {}
        self.missing: dict[str, str] = {}

    def __enter__(self) -> Stands:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, name: str) -> None:
        """Start one; one that cannot be started is noted in `missing`."""
        port = free_port()
        if name == "litellm" and (self._litellm is None or not self._litellm.exists()):
            self.missing[name] = "not installed (name its command with --litellm)"
            return
        try:
            self.pids[name] = self._stack.enter_context(
                running(self._arguments(name, port), port, core=0, patience=600.0)
            )
        except RuntimeError as error:
            self.missing[name] = (
                str(error).strip().rsplit("\n", 1)[-1][:200]
            )  # what it said last; the lines before name this machine's folders
            return
        self.ports[name] = port

    def _arguments(self, name: str, port: int) -> list[str]:
        upstream = f"http://127.0.0.1:{self._upstream}"
        if name in STACKS:
            return [sys.executable, "bench/gateway_stack.py", str(port), upstream, *name.split("-")]
        if name == "bare":
            return [sys.executable, "bench/gateway_bare.py", str(port), upstream]
        if name == "litellm":
            config = self._folder / "litellm.yaml"
            config.write_text(LITELLM.format(port=self._upstream))
            return [
                str(self._litellm),
                "--config",
                str(config),
                "--port",
                str(port),
                "--host",
                "127.0.0.1",
                "--num_workers",
                "1",
            ]
        workspace = self._folder / name
        chosen = ["--unsafe-observe-only", "--no-capture"]
        if name == "full":
            standing(workspace / "standing.arrow", 100_000)
            chosen = [
                "--policy",
                "src/stillwatch/policy/default.toml",
                "--standing",
                str(workspace / "standing.arrow"),
                "--roll-seconds",
                "2",
            ]
        if name in ("hide", "sdks"):
            policy = self._folder / f"{name}.toml"
            policy.write_text(HIDE if name == "hide" else SDKS)
            chosen = ["--policy", str(policy), "--no-capture"]
        return [
            sys.executable,
            "-c",
            COMMAND,
            "gateway",
            "--upstream",
            upstream,
            "--workspace",
            str(workspace / "ws"),
            "--port",
            str(port),
            "--admin-port",
            str(free_port()),
            *chosen,
        ]
