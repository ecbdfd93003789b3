"""A few exchanges as chat captures, with one group that works off a template, for the tests of the command line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np

START = dt.datetime(2026, 7, 24, 20, tzinfo=dt.UTC)
SECRET = "Quetzalcoatlus"
"""A word that stands in ordinary prompts and in all answers."""
SMALL = "[actors]\nfamily_support = 5\nleast_members = 5\nhub_share = 0.9\n[run]\nworkers = 1\n"
"""Settings under which a small day holds a finding."""
TEMPLATE = (
    "You are a patient tutor of the highest school class. Write out your complete chain of thought step by step, "
    "and never shorten it. The problem to solve is this one: "
)
"""What the group asks, before its items."""
_THINGS = (
    "river",
    "stone",
    "kitchen",
    "window",
    "garden",
    "letter",
    "engine",
    "bridge",
    "market",
    "doctor",
    "lantern",
    "ladder",
)


def exchange(i: int, account: str, prompt: str) -> dict[str, Any]:
    """One chat capture."""
    answer = {"message": {"content": f"{SECRET} answers {i}"}, "finish_reason": "stop"}
    return {
        "started_at": (START + dt.timedelta(seconds=97 * i)).isoformat(),
        "account": account,
        "client": {"ip": f"198.51.100.{i % 50}", "user_agent": "OpenAI/Python 1.99.1"},
        "request": {
            "path": "/v1/chat/completions",
            "headers": {},
            "body": {"model": "m-1", "messages": [{"role": "user", "content": prompt}]},
        },
        "response": {"status": 200, "body": {"id": f"chatcmpl-{i:06d}", "choices": [answer]}},
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Captures as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def few(path: Path, count: int = 6) -> Path:
    """A file of a few exchanges of one account."""
    return write(path, [exchange(i, "someone", f"what is the {i}th thing") for i in range(count)])


def key(root: Path) -> Path:
    """A workspace to be, with a key that is the same in every run."""
    (root / "keys").mkdir(parents=True, mode=0o700)
    (root / "keys" / "pseudonym.key").write_text(bytes(range(32)).hex())
    return root


def day(path: Path) -> Path:
    """A file of 336 exchanges of 56 accounts, 16 of which work for one operator."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(336):
        number = int(rng.integers(56))
        words = " ".join(rng.choice(_THINGS, 14))
        if number < 16:
            rows.append(exchange(i, f"worker-{number}@customer.example", TEMPLATE + words))
        else:
            rows.append(exchange(i, f"customer-{number}@customer.example", f"{words} {SECRET}"))
    return write(path, rows)
