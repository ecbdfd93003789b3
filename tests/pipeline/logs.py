"""A small day of traffic in three formats, with one group that works off a template, for the tests of the pipeline."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core import Settings, settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, Scanned, scan

KEY = bytes(range(32))
START = dt.datetime(2026, 7, 24, 20, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 7, 26, tzinfo=dt.UTC)
SECRET = "Quetzalcoatlus"
"""A word that stands in ordinary prompts, answers and instructions, and nowhere else."""
OWNER = "margarethe.quux@customer.example"
"""A raw account name."""
SMALL = settings_from(
    {"actors": {"family_support": 5, "least_members": 5, "hub_share": 0.9}, "run": {"workers": 1, "memory_mb": 400}}
)
"""Settings under which a small day holds families and candidate actors."""
MAPPING = """
[columns]
at = "wall_clock"
account = "customer_no"
ip = "peer"
user_agent = "agent_string"
model = "engine"
prompt = "asked"
output = "answered"
output_tokens = "units_out"
request = "ticket"
retention_class = "kept"
"""
_WORDS = re.findall(
    r"[a-z]+",
    """river stone kitchen window garden letter engine mountain paper bridge winter summer market doctor teacher singer carpet
pencil orange forest harbour village castle bottle mirror blanket candle saddle ladder hammer button pocket ticket camera lantern
summarise explain translate compare describe rewrite plan choose repair measure paint carry follow answer improve check""",
)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Day:
    """Where a small day lies, and what is in it."""

    folder: Path
    logs: Path
    mapping: Path
    exchanges: int

    def inputs(self, *more: Path) -> Inputs:
        """The whole day, and more."""
        return Inputs(logs=[self.logs, *more], mapping=self.mapping)


def asked(i: int, account: str, prompt: str, **more: Any) -> dict[str, Any]:
    """One exchange in no format yet."""
    return {
        "at": START + dt.timedelta(seconds=97 * i),
        "account": account,
        "prompt": prompt,
        "output": f"{SECRET} answers {i} in some words",
        "request": f"chatcmpl-{i:06d}",
        "ip": f"198.51.{i % 7}.{i % 50}",
        "agent": "OpenAI/Python 1.99.1",
        **more,
    }


def traffic(*, customers: int = 40, workers: int = 16, each: int = 6, seed: int = 5) -> Rows:
    """Customers who ask each their own things, and workers who fill one template with problem after problem."""
    rng = np.random.default_rng(seed)
    who = [("customer", i) for i in range(customers)] + [("worker", i) for i in range(workers)]
    rows: Rows = []
    for i in range(len(who) * each):
        kind, number = who[int(rng.integers(len(who)))]
        words = " ".join(rng.choice(_WORDS, 14))
        name = OWNER if (kind, number) == ("customer", 0) else f"{kind}-{number}@customer.example"
        if kind == "worker":
            prompt = (
                "You are a patient tutor of the highest school class. Write out your complete chain of thought step by step, "
                f"and never shorten it. The problem to solve is this one: {words}"
            )
        else:
            prompt = f"{words} {SECRET}"
        rows.append(asked(i, name, prompt))
    return rows


def capture(row: dict[str, Any]) -> dict[str, Any]:
    """An exchange as an OpenAI chat capture."""
    messages = [{"role": "system", "content": f"Be brief, {SECRET}."}] if row.get("system") else []
    named = {} if row["account"] is None else {"account": row["account"]}
    kept = {"retention": row["retention"]} if "retention" in row else {}
    return {
        "started_at": row["at"].isoformat(),
        **named,
        **kept,
        "client": {"ip": row["ip"], "user_agent": row["agent"]},
        "request": {
            "path": "/v1/chat/completions",
            "headers": {},
            "body": {"model": "m-1", "messages": [*messages, {"role": "user", "content": row["prompt"]}]},
        },
        "response": {
            "status": 200,
            "body": {
                "id": row["request"],
                "choices": [{"message": {"content": row["output"]}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 20, "completion_tokens": 9},
            },
        },
    }


def spend_log(row: dict[str, Any]) -> dict[str, Any]:
    """An exchange as a row of LiteLLM's SpendLogs."""
    return {
        "request_id": row["request"],
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.001,
        "startTime": row["at"].isoformat(),
        "model": "m-1",
        "user": row["account"],
        "metadata": {"status": "success", "user_agent": row["agent"]},
        "requester_ip_address": row["ip"],
        "prompt_tokens": 20,
        "completion_tokens": 9,
        "proxy_server_request": {"model": "m-1", "messages": [{"role": "user", "content": row["prompt"]}]},
        "response": {"choices": [{"message": {"content": row["output"]}, "finish_reason": "stop"}]},
    }


def write_captures(path: Path, rows: Rows) -> Path:
    """Exchanges as a file of chat captures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(capture(row)) + "\n" for row in rows))
    return path


def write_spend_logs(path: Path, rows: Rows) -> Path:
    """Exchanges as a file of LiteLLM rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(spend_log(row)) + "\n" for row in rows))
    return path


def write_table(path: Path, rows: Rows) -> Path:
    """Exchanges as a house's own Parquet table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    theirs = {
        "wall_clock": pa.array([row["at"] for row in rows], pa.timestamp("us", tz="UTC")),
        "customer_no": pa.array([row["account"] for row in rows], pa.string()),
        "peer": [row["ip"] for row in rows],
        "agent_string": [row["agent"] for row in rows],
        "engine": ["m-1"] * len(rows),
        "asked": [row["prompt"] for row in rows],
        "answered": [row["output"] for row in rows],
        "units_out": [9] * len(rows),
        "ticket": [row["request"] for row in rows],
        "kept": [row.get("retention", "standard") for row in rows],
    }
    pq.write_table(pa.table(theirs), path)
    return path


def write_day(folder: Path, rows: Rows | None = None) -> Day:
    """The day as three captures, two files of LiteLLM rows and one mapped table in one folder."""
    given = traffic() if rows is None else rows
    pieces = [given[i::6] for i in range(6)]
    logs = folder / "logs"
    for i in range(3):
        write_captures(logs / f"api-{i}.jsonl", pieces[i])
    for i in range(3, 5):
        write_spend_logs(logs / f"proxy-{i}.jsonl", pieces[i])
    write_table(logs / "house.parquet", pieces[5])
    mapping = folder / "mapping.toml"
    mapping.write_text(MAPPING)
    return Day(folder=folder, logs=logs, mapping=mapping, exchanges=len(given))


def workspace(root: Path) -> Workspace:
    """A workspace whose key is the same in every test."""
    (root / "keys").mkdir(parents=True, mode=0o700)
    (root / "keys" / "pseudonym.key").write_text(KEY.hex())
    return Workspace(root)


def run(space: Workspace, inputs: Inputs | Sequence[Path], settings: Settings = SMALL) -> Scanned:
    """A scan in this process, at a fixed time."""
    given = inputs if isinstance(inputs, Inputs) else Inputs(logs=inputs)
    return scan(space, given, settings, now=NOW)


def hashes(root: Path, *folders: str) -> dict[str, str]:
    """Content hash of every file below some folders of a workspace."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def image(source: Path, target: Path) -> Path:
    """A copy of a workspace as a crash at this moment would leave it."""
    shutil.copytree(source, target, ignore_dangling_symlinks=True)
    return target
