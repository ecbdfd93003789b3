"""What evidence about accounts costs: exchanges a second through reading, text features and signals, and bytes of state an account."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from figures import Figures, bar
from speed import apart, world_of

STATE = ("account_evidence", "histories", "links")
"""Tables with rows of an account that are carried from day to day or written for it."""


def cost(chosen: argparse.Namespace) -> Figures:
    """Scan one world in a process of its own, by stage, then the files that are kept of its accounts."""
    told: dict[str, Any] = apart(_scanned, world_of(chosen.exchanges, chosen.keep), chosen.keep / "cost-workspace")
    spent = told["stages"]["reading"] + told["stages"]["signals"]
    rate = told["exchanges"] / spent
    size = sum(told["bytes"].values()) / told["accounts"] / 1000
    bars = [
        bar(
            f"reading, all features of the text and all signals, {told['exchanges']:,} exchanges, two cores",
            round(rate),
            "exchanges/s",
            ">= 20,000",
            rate >= 20_000,
        ),
        bar(f"state of an account on the disk ({', '.join(STATE)})", round(size, 2), "kB", "<= 8", size <= 8),
    ]
    return bars, told


def _scanned(world: Path, workspace: Path) -> dict[str, Any]:
    from stillwatch.core import Settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, scan

    shutil.rmtree(workspace, ignore_errors=True)
    stages: dict[str, float] = {}
    at = {"stage": "start", "since": time.perf_counter()}

    def tell(stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if stage != at["stage"]:
            stages[str(at["stage"])] = stages.get(str(at["stage"]), 0.0) + now - float(at["since"])
            at.update(stage=stage, since=now)

    held = Workspace(workspace)
    logs = Inputs(logs=[world / "logs"], accounts=world / "facts" / "accounts.parquet")
    done = scan(held, logs, Settings(), progress=tell)
    sizes = {name: sum(file.stat().st_size for file in held.store.files(name)) for name in STATE}
    accounts = pq.read_table(world / "facts" / "accounts.parquet", columns=[]).num_rows
    shutil.rmtree(workspace, ignore_errors=True)
    return {
        "exchanges": done.read.exchanges,
        "accounts": accounts,
        "stages": {name: round(seconds, 1) for name, seconds in stages.items()},
        "bytes": sizes,
    }
