"""How long the console's pages take on a large installation: CPU time of the server for each page.

    python bench/console.py [--accounts 1000000] [--flagged 98000] [--actors 2000] [--labels 300] [--write]

The workspace is made by tests/console/world.py: as many accounts with a verdict and a row for every signal, single accounts for review and
candidate actors, and a journal with labels and cases in it. Every page is asked for in this process, through the whole application, and
the time is that of the processor in all threads. Prints JSON; --write puts it and a page into docs/benchmarks/.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.console.browser import Browser, house_in  # noqa: E402
from tests.console.world import account_of, actor_of, made  # noqa: E402

from stillwatch.cases import Verdict, label  # noqa: E402
from stillwatch.console import House  # noqa: E402
from stillwatch.core import handle  # noqa: E402
from stillwatch.pipeline import case_opening  # noqa: E402

BAR = 200.0
"""Milliseconds that a page may take."""

PAGE = """\
# How long the console's pages take

Written by `python bench/console.py --write`, never by hand. {accounts:,} accounts with a verdict, each with {signals} signals;
{findings:,} findings ({actors:,} candidate actors of {members} members each, the rest single accounts); a journal of {records:,} records with
{cases:,} cases and {labels:,} labels. {cores} cores ({machine}), Python {python}. Times are of the processor, in milliseconds, of {visits} visits
to each page after a first one, each to another finding where the page is about one; the bar is {bar:g} ms.

| page | median | slowest | bytes | under the bar |
|---|---|---|---|---|
{pages}

First, once for each scan: {start:.1f} s of processor time until the first page, of which most makes a copy of the evidence in which the rows
of one account lie together ({copy:.0f} MiB on disk). Peak memory of the process, which also made the workspace: {memory:.0f} MiB.

| step, with its two looks at the whole journal | milliseconds |
|---|---|
{steps}

What this does not say: time on the network and in the browser, several people at once, and disks that are slower than this machine's cache.
Listing an account's exchanges reads all features, asking a query reads what it names, and drawing a sample reads all verdicts: these are not
pages of this table, and take as long as the data are large. Every look at a changed journal reads it from its beginning.
"""


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("accounts", 1_000_000), ("flagged", 98_000), ("actors", 2_000), ("members", 150)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--visits", type=int, default=15)
    parser.add_argument("--write", action="store_true")
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="console-bench-"))
    try:
        found = measure(folder / "w", told)
    finally:
        shutil.rmtree(folder)
    print(json.dumps(found, indent=1))
    if told.write:
        out = ROOT / "docs" / "benchmarks"
        (out / "console.json").write_text(json.dumps(found, indent=1) + "\n")
        (out / "console.md").write_text(page(found))


def measure(root: Path, told: argparse.Namespace) -> dict[str, Any]:
    """Make the installation and look at its pages."""
    sizes = {name: getattr(told, name) for name in ("accounts", "flagged", "actors", "members")}
    space = made(root, **sizes)
    house = house_in(space)
    begun = time.process_time()
    scan = house.scan()
    start = time.process_time() - begun
    assert scan is not None
    for number in range(told.labels):
        label(house.desk, _account(number), Verdict.UNSURE, by="analyst", why="looked at it for the bench")
    for number in range(told.cases):
        house.desk.open(case_opening(scan.view, _actor(3 * number)), by="analyst")
    case = next(reversed(house.book().cases))
    mary = Browser(house, "approver")
    ways = {
        "today": lambda i: "/",
        "findings": lambda i: "/findings",
        "findings, a far page": lambda i: f"/findings?page={400 + 40 * i}",
        "findings, sorted by exchanges": lambda i: "/findings?sort=exchanges&up=1",
        "findings, filtered by words": lambda i: f"/findings?q=others+of+its&page={i + 2}",
        "actor": lambda i: f"/actors/{_actor(5 * i)}",
        "actor, along a link": lambda i: f"/actors/{_actor(5 * i + 1)}?thing=payment:77",
        "account": lambda i: f"/accounts/{_account(61_001 * i % told.accounts)}",
        "cases": lambda i: "/cases",
        "case": lambda i: f"/cases/{case}",
        "calibration": lambda i: "/calibration",
        "labels": lambda i: "/said",
        "audit sample": lambda i: "/sample",
        "search by words": lambda i: f"/search?q=reasoning+{i}",
        "journal": lambda i: "/journal",
        "help": lambda i: "/help",
    }
    pages = {}
    for name, way in ways.items():
        size = len(mary.see(way(0)))
        spent = [_spent(lambda i=i, way=way: mary.see(way(i))) for i in range(1, told.visits + 1)]
        pages[name] = {"median_ms": statistics.median(spent), "slowest_ms": max(spent), "bytes": size}
    steps = {
        "label a finding": _spent(lambda: _labelled(mary)),
        "open a case": _spent(lambda: mary.send("/cases", handle=_actor(3 * told.cases))),
        "decide a case": _spent(lambda: _decided(mary, case)),
    }
    copy = sum(path.stat().st_size for path in (root / "state" / "console").glob("*.parquet"))
    return {
        **sizes,
        "findings": scan.findings.rows.num_rows,
        "signals": _signals(house),
        "labels": told.labels,
        "cases": told.cases,
        "records": len(house.book().history),
        "visits": told.visits,
        "pages": pages,
        "steps_ms": steps,
        "start_s": start,
        "copy_mib": copy / 2**20,
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in ("starlette", "jinja2", "pyarrow", "duckdb")},
        "bar_ms": BAR,
    }


def _signals(house: House) -> int:
    return len(house.workspace.store.files("account_evidence")) - 1


def _spent(look: Any) -> float:
    begun = time.process_time()
    look()
    return 1000 * (time.process_time() - begun)


def _labelled(mary: Browser) -> None:
    mary.send("/labels", handle=_account(7), verdict="false", why="an ordinary customer", back="/findings")


def _decided(mary: Browser, case: str) -> None:
    note = "nothing that fits an innocent explanation"
    mary.send(f"/cases/{case}/decide", ruling="throttle", reason="harvest_at_scale", note=note)


def _account(number: int) -> str:
    return handle("account", account_of(number))


def _actor(number: int) -> str:
    return handle("actor", actor_of(number))


def page(found: dict[str, Any]) -> str:
    """The page of the docs."""
    rows = [
        f"| {name} | {one['median_ms']:.0f} | {one['slowest_ms']:.0f} | {one['bytes']:,} | "
        f"{'yes' if one['slowest_ms'] < BAR else '**no**'} |"
        for name, one in found["pages"].items()
    ]
    steps = [f"| {name} | {spent:.0f} |" for name, spent in found["steps_ms"].items()]
    return PAGE.format(
        **{name: value for name, value in found.items() if name not in ("pages", "steps_ms")}
        | {"pages": "\n".join(rows), "steps": "\n".join(steps), "bar": BAR},
        start=found["start_s"],
        copy=found["copy_mib"],
        memory=found["memory_mib"],
    )


if __name__ == "__main__":
    main()
