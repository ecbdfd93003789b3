"""Whether DuckDB and Spark come to the same findings, and what each costs: one log, read once, weighed on both.

Needs the extra `spark` and a Java runtime. CPU seconds of Spark count its Java process and the Python workers that run kernels.
"""

from __future__ import annotations

import hashlib
import resource
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from figures import Figures, bar

from stillwatch.core import Settings
from stillwatch.engine import TABLES, Store, Workspace
from stillwatch.pipeline import Inputs, scan
from stillwatch.pipeline.detect import detect
from stillwatch.range import write_demo

FOUND = (
    "families",
    "links",
    "actors",
    "actor_members",
    "actor_lineage",
    "actor_evidence",
    "artifacts",
    "signups",
    "topics",
    "account_evidence",
    "calibration",
)
"""Tables that detection writes; their Parquet parts must be the same byte for byte."""


def engines(exchanges: int, folder: Path, *, seed: int = 5) -> Figures:
    """A demo's day weighed on DuckDB and on Spark."""
    accounts = max(1500, exchanges // 40)
    world = write_demo(folder / "demo", seed=seed, accounts=accounts, exchanges=exchanges)
    first = Workspace(folder / "duckdb")
    inputs = Inputs(logs=[world.logs], accounts=world.accounts_file, releases=world.releases_file)
    scan(first, inputs, Settings())
    told: dict[str, Any] = {}
    for name in ("duckdb", "spark"):
        place = folder / f"on-{name}"
        shutil.copytree(first.root, place)
        for table in FOUND:
            shutil.rmtree(place / "tables" / table, ignore_errors=True)
        shutil.rmtree(place / "state" / "measured", ignore_errors=True)  # or neither would measure anything
        space = Workspace(place)
        plain = Settings()
        before = spent()
        detect(space, replace(plain, run=replace(plain.run, engine=name)))
        told[name] = {"cpu": spent() - before, "tables": {table: content(space.store, table) for table in FOUND}}
    differ = [table for table in FOUND if told["duckdb"]["tables"][table] != told["spark"]["tables"][table]]
    actors = Workspace(folder / "on-spark").store.read("actors").num_rows
    ratio = told["spark"]["cpu"] / told["duckdb"]["cpu"]
    bars = [
        bar(
            "tables of findings that differ between DuckDB and Spark", len(differ), f"of {len(FOUND)}", "0", not differ
        ),
        bar("candidate actors in them", actors, "", "no bar", None),
        bar("CPU of a detection on Spark local to one on DuckDB", round(ratio, 1), "x", "no bar", None),
    ]
    return bars, {"exchanges": exchanges, "accounts": accounts, "seed": seed, "differ": differ, "on": told}


def content(store: Store, table: str) -> str:
    """A digest of every row of a table, in the order of its key."""
    rows = store.read(table)
    ordered = rows.sort_by([(name, "ascending") for name in TABLES[table].key])
    return hashlib.sha256("\n".join(map(repr, ordered.to_pylist())).encode()).hexdigest()


def spent() -> float:
    """CPU seconds of this process, of those that ended, and of those that run below it."""
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    running = [one.cpu_times() for one in psutil.Process().children(recursive=True)]
    return sum(one.ru_utime + one.ru_stime for one in told) + sum(one.user + one.system for one in running)
