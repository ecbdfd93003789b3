"""Figures: what was measured beside the bar that was set for it, where they are kept, and under which commit and machine."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
COMMIT = subprocess.run(
    ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.strip()
"""What was measured: read when the measurement begins, as others may commit meanwhile."""

Figures = tuple[list[dict[str, Any]], dict[str, Any]]
"""What a part of the measurement gives: its bars, and the raw numbers behind them."""


Page = Callable[[dict[str, Any]], dict[str, str]]
"""Files to write beside the JSON, by name, from all that it holds."""


def bar(name: str, value: float | None, unit: str, limit: str, holds: bool | None) -> dict[str, Any]:
    """One figure beside the bar that was set for it, and the command line of the script that measured it."""
    words = [re.sub(r"^/.*", "DIR", word) for word in sys.argv[1:]]
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "bar": limit,
        "holds": holds,
        "command": " ".join(["python", f"bench/{Path(sys.argv[0]).name}", *words]),
        "commit": COMMIT,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def surroundings() -> dict[str, Any]:
    """The machine and the versions that a measurement ran on."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "threads_of_a_core": _threads_of_a_core(),
            "memory_gib": round(psutil.virtual_memory().total / (1 << 30)),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load_at_the_end": [round(x, 1) for x in os.getloadavg()],
        },
        "versions": {n: version(n) for n in ("stillwatch", "duckdb", "pyarrow", "numpy", "scipy", "msgspec")},
    }


def _threads_of_a_core() -> int | None:
    """How many of the machine's cores are one core's: what they run beside each other slows all."""
    try:
        told = Path("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list").read_text()
    except OSError:
        return None
    ends = [part.split("-") for part in told.strip().split(",")]
    return sum(int(one[-1]) - int(one[0]) + 1 for one in ends)


def keep(out: Path, name: str, part: str, figures: Figures, page: Page) -> None:
    """Put a part's figures into NAME.json in place of its older ones, and write the page and its plots from all of them."""
    bars, raw = figures
    path = out / f"{name}.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    old = old if "bars" in old else {"bars": [], "raw": {}}
    kept = [b for b in old["bars"] if b.get("part") != part]
    old["bars"] = kept + [{**b, "part": part} for b in bars]
    old["raw"][part] = raw
    old |= surroundings()
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(old, indent=1) + "\n")
    redraw(out, name, page)


def redraw(out: Path, name: str, page: Page) -> None:
    """Write the page and its plots anew from NAME.json: nothing is measured."""
    for file, text in page(json.loads((out / f"{name}.json").read_text())).items():
        (out / file).write_text(text)
