"""The figures behind docs/benchmarks/scan.md: each part measures, then writes the page and the JSON anew.

    python bench/scan.py ingest [--rows N]             rows per second of every format, two processes
    python bench/scan.py scale [--exchanges N ...]     a whole scan at each size: time by stage, memory, a plot
    python bench/scan.py demo --seeds N ...            the demo on these seeds: what was found, who was accused
    python bench/scan.py again [--kills N]             the same scan twice, and killed at random points: the same bytes
    python bench/scan.py fresh --from CLONE            make demo and make test from a clean clone, timed
    python bench/scan.py                               all of them, one after another (most of an hour)

Figures go to docs/benchmarks/scan.json (`--out` names another folder). Parts that are not run keep the figures they had.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import multiprocessing
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).resolve().parent.parent
GIB = 1 << 30
COMMIT = subprocess.run(
    ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.strip()
"""What was measured: read when the measurement begins, as others may commit meanwhile."""


def bar(name: str, value: float | None, unit: str, limit: str, holds: bool | None) -> dict[str, Any]:
    """One figure beside the bar that was set for it."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "bar": limit,
        "holds": holds,
        "command": "python " + " ".join(["bench/scan.py", *sys.argv[1:]]),
        "commit": COMMIT,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


class Watch:
    """Peak memory of this process and its children together (resident, shared pages counted in each), sampled twice a second."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        me = psutil.Process()
        family, looks = [me], 0
        while not self._stop.wait(0.5):
            total, looks = 0, looks + 1
            if looks % 8 == 1:
                family = [me, *me.children(recursive=True)]
            for one in family:
                with contextlib.suppress(psutil.Error):
                    total += one.memory_info().rss
            self.peak = max(self.peak, total)


def _store_job(job: tuple[Any, Any, str]) -> int:
    """Read one chunk and write it as a part of `exchanges`: what ingest costs on its way into a workspace."""
    from stillwatch.engine import Store, by_day
    from stillwatch.ingest import read_chunk
    from stillwatch.pipeline.stage import part_name

    chunk, (names, options), root = job
    store = Store(Path(root))
    batch = read_chunk(chunk, names, options).batch
    for day, rows in by_day(batch):
        store.write_part("exchanges", rows, made_from=chunk.id, day=day, name=part_name(chunk.id))
    return int(batch.num_rows)


def ingest(rows: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows per second of every format into a workspace, with two processes."""
    import ingest as formats
    from stillwatch.core import Pseudonymiser
    from stillwatch.ingest import ReadOptions, plan

    bars, raw = [], {}
    for name in ("parquet", "csv", "openai_batch", *formats.JSON_FORMATS):
        many = rows * 8 if name in ("parquet", "csv") else rows
        with tempfile.TemporaryDirectory() as made:
            folder, root = Path(made) / "logs", Path(made) / "workspace"
            folder.mkdir()
            formats.write(name, folder, formats.World(many))
            size = sum(path.stat().st_size for path in folder.iterdir())
            options = ReadOptions(chunk_bytes=max(1 << 20, size // 16), chunk_rows=max(1000, many // 16))
            chunks = plan([folder], options).chunks
            jobs = [(chunk, (Pseudonymiser(formats.KEY), options), str(root)) for chunk in chunks]
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                pool.map(_store_job, jobs[:2], chunksize=1)
                started = time.perf_counter()
                read = sum(pool.imap_unordered(_store_job, jobs))
                wall = time.perf_counter() - started
        assert read == many, (name, read, many)
        rate, wanted = read / wall, 100_000 if name == "parquet" else 20_000
        raw[name] = {"rows": many, "bytes_per_row": size // many, "rows_per_second": round(rate)}
        bars.append(bar(f"ingest {name}", round(rate), "exchanges/s", f">= {wanted:,}", rate >= wanted))
        print(f"{name:22} {rate:10,.0f} /s   {size // many} bytes a row", flush=True)
    return bars, raw


def scale(sizes: list[int], keep: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A whole scan at each size, by stage, with peak memory. Worlds are kept in `keep` for another run."""
    from stillwatch.core import Settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, scan
    from stillwatch.range.parquet import write_parquet

    raw: dict[str, Any] = {}
    for exchanges in sizes:
        accounts = exchanges // 50
        world = keep / f"world-{exchanges}"
        if not (world / "facts").exists():
            write_parquet(world, seed=5, accounts=accounts, exchanges=exchanges)
        workspace = keep / f"workspace-{exchanges}"
        shutil.rmtree(workspace, ignore_errors=True)
        stages: dict[str, float] = {}
        peaks: dict[str, int] = {}
        state = {"stage": "start", "since": time.perf_counter()}
        with Watch() as watch:

            def tell(stage: str, done: int, total: int) -> None:
                now = time.perf_counter()
                if stage != state["stage"]:
                    stages[str(state["stage"])] = round(now - float(state["since"]), 1)
                    peaks[str(state["stage"])] = watch.peak >> 20
                    state.update(stage=stage, since=now)

            began = time.perf_counter()
            done = scan(
                Workspace(workspace),
                Inputs(logs=[world / "logs"], accounts=world / "facts" / "accounts.csv"),
                Settings(),
                progress=tell,
            )
            seconds = time.perf_counter() - began
            stages[f"{state['stage']} and report"] = round(time.perf_counter() - float(state["since"]), 1)
        raw[str(exchanges)] = {
            "accounts": accounts,
            "exchanges": done.read.exchanges,
            "seconds": round(seconds, 1),
            "peak_mib": watch.peak >> 20,
            "peak_mib_after": peaks,
            "stages": stages,
            "actors": len(done.view.for_review),
            "bytes_on_disk": sum(p.stat().st_size for p in workspace.rglob("*") if p.is_file()),
        }
        print(json.dumps(raw[str(exchanges)]), flush=True)
        shutil.rmtree(workspace, ignore_errors=True)
    bars = []
    largest = str(max(sizes))
    one = raw[largest]
    bars.append(bar(f"whole scan of {int(largest):,} exchanges", one["seconds"], "s", "<= 900", one["seconds"] <= 900))
    bars.append(bar("peak memory of it", round(one["peak_mib"] / 1024, 2), "GiB", "<= 4", one["peak_mib"] <= 4096))
    reading = one["peak_mib_after"].get("reading", one["peak_mib"])
    bars.append(
        bar("peak memory of reading and featurising", round(reading / 1024, 2), "GiB", "<= 1.5", reading <= 1536)
    )
    if len(sizes) > 1:
        import numpy as np

        x = np.log([float(size) for size in raw])
        y = np.log([float(r["seconds"]) for r in raw.values()])
        slope = float(np.polyfit(x, y, 1)[0])
        bars.append(bar("growth: time ~ size to the power", round(slope, 3), "", "<= 1.1 (linear)", slope <= 1.1))
    return bars, raw


def demo(seeds: list[int]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The demo on seeds that nobody looked at: members' precision, recall, and who was accused."""
    from stillwatch.core import Settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, raw_names, scan
    from stillwatch.range import compare, write_demo

    raw: dict[str, Any] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as made:
            world = write_demo(Path(made), seed=seed)
            workspace = Workspace(Path(made) / "workspace")
            began = time.perf_counter()
            done = scan(
                workspace,
                Inputs(logs=[world.logs], accounts=world.accounts_file, releases=world.releases_file),
                Settings(),
            )
            seconds = time.perf_counter() - began
            found = {a.handle: [n for _, n in raw_names(workspace, [a.handle])] for a in done.view.for_review}
            accused = [n for _, n in raw_names(workspace, [a.handle for a in done.view.accounts_for_review])]
            told = compare(world.truth, found, accused)
        raw[str(seed)] = {
            "scan_seconds": round(seconds, 1),
            "rejects": done.read.rejects,
            "actors": {
                h.name: {"found": h.found, "precision": h.precision, "recall": round(h.recall, 4), "pieces": h.pieces}
                for h in told.hidden
            },
            "false_actors": len(told.false_actors),
            "lookalikes_in_findings": {
                f"{w.role}/{w.group}": w.in_actors + w.accused for w in told.wronged if w.in_actors + w.accused
            },
        }
        print(seed, json.dumps(raw[str(seed)]), flush=True)
    every = [a for r in raw.values() for a in r["actors"].values()]
    found_all = sum(a["found"] for a in every)
    precisions = [a["precision"] for a in every if a["precision"] is not None]
    wronged = sum(sum(r["lookalikes_in_findings"].values()) for r in raw.values())
    false = sum(r["false_actors"] for r in raw.values())
    return [
        bar("demo: hidden actors found", found_all, f"of {len(every)}", f"{len(every)}", found_all == len(every)),
        bar(
            "demo: least member precision",
            min(precisions, default=0.0),
            "share",
            ">= 0.95",
            min(precisions, default=0.0) >= 0.95,
        ),
        bar("demo: least member recall", min(a["recall"] for a in every), "share", "no bar", None),
        bar("demo: innocent accounts in findings", wronged, "accounts", "0 above the error budget", wronged == 0),
        bar("demo: actors that are mostly innocent", false, "actors", "0", false == 0),
    ], raw


def digest(workspace: Path) -> str:
    """One hash over every file below tables/ and reports/: names and contents."""
    total = hashlib.blake2b(digest_size=16)
    for folder in ("tables", "reports"):
        for path in sorted(p for p in (workspace / folder).rglob("*") if p.is_file()):
            total.update(str(path.relative_to(workspace)).encode())
            total.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return total.hexdigest()


def again(kills: int, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The same scan a second time, and scans killed with SIGKILL at random points and started again."""
    from stillwatch.range import write_demo

    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as made:
        world = write_demo(Path(made) / "world", seed=9)
        key = Path(made) / "whole" / "keys" / "pseudonym.key"

        def command(name: str) -> list[str]:
            program = str(Path(sys.executable).with_name("stillwatch"))
            facts = ["--accounts", str(world.accounts_file), "--releases", str(world.releases_file)]
            return [program, "scan", str(world.logs), *facts, "--workspace", name]

        def run(name: str) -> float:
            began = time.perf_counter()
            subprocess.run(command(name), cwd=made, check=True, stdout=subprocess.DEVNULL)
            return time.perf_counter() - began

        seconds = run("whole")
        whole = digest(Path(made) / "whole")
        twice = run("whole")
        same = digest(Path(made) / "whole") == whole
        print(f"first {seconds:.1f} s, second {twice:.1f} s, unchanged {same}", flush=True)
        outcomes = []
        for number in range(kills):
            name = f"killed-{number}"
            (Path(made) / name / "keys").mkdir(parents=True, mode=0o700)
            shutil.copy(key, Path(made) / name / "keys")
            after = rng.uniform(0.03, 0.95) * seconds
            process = subprocess.Popen(command(name), cwd=made, stdout=subprocess.DEVNULL, start_new_session=True)
            time.sleep(after)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            run(name)
            # The command line names the workspace's folder, so reports are compared without it.
            equal = digest_tables(Path(made) / name) == digest_tables(Path(made) / "whole")
            outcomes.append({"killed_after_s": round(after, 1), "exit": process.returncode, "identical": equal})
            print(outcomes[-1], flush=True)
            shutil.rmtree(Path(made) / name)
    identical = sum(o["identical"] for o in outcomes)
    return [
        bar("second scan of the same logs changes nothing", float(same), "", "1", same),
        bar("second scan takes", round(twice, 1), "s", "no bar", None),
        bar(
            "scans killed with SIGKILL and restarted end with identical tables",
            identical,
            f"of {kills}",
            f"{kills}",
            identical == kills,
        ),
    ], {"first_seconds": round(seconds, 1), "second_seconds": round(twice, 1), "kills": outcomes}


def digest_tables(workspace: Path) -> str:
    """One hash over the content of every table."""
    total = hashlib.blake2b(digest_size=16)
    for path in sorted(p for p in (workspace / "tables").rglob("*") if p.is_file()):
        total.update(str(path.relative_to(workspace)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def fresh(clone: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """`make demo` and `make test` from a clean clone with an empty environment of its own, set-up apart."""
    raw: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as made:
        here = Path(made) / "stillwatch"
        subprocess.run(["git", "clone", "--quiet", "--no-local", clone, str(here)], check=True)
        clean = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": made,
            "LANG": "C.UTF-8",
        }
        for target in ("demo", "test"):
            for run in ("with set-up", "set up already"):
                began = time.perf_counter()
                done = subprocess.run(
                    ["make", target], cwd=here, env={**os.environ, **clean}, capture_output=True, text=True
                )
                raw[f"{target}, {run}"] = {"seconds": round(time.perf_counter() - began, 1), "exit": done.returncode}
                raw[f"{target}, {run}"]["last"] = [line for line in done.stdout.splitlines() if line.strip()][-1:]
                print(target, run, raw[f"{target}, {run}"], flush=True)
    demo_seconds = raw["demo, set up already"]["seconds"]
    worked = all(r["exit"] == 0 for r in raw.values())
    return [
        bar(
            "make demo from a clean clone, downloads aside", demo_seconds, "s", "<= 180", demo_seconds <= 180 and worked
        ),
        bar("make demo with set-up", raw["demo, with set-up"]["seconds"], "s", "no bar", None),
        bar(
            "make test from a clean clone",
            raw["test, set up already"]["seconds"],
            "s",
            "<= 900",
            raw["test, set up already"]["seconds"] <= 900 and worked,
        ),
    ], raw


def write(out: Path, part: str, bars: list[dict[str, Any]], raw: dict[str, Any]) -> None:
    """Put a part's figures into scan.json and write scan.md from all of them."""
    path = out / "scan.json"
    old = json.loads(path.read_text()) if path.exists() else {"bars": [], "raw": {}}
    kept = [b for b in old["bars"] if b.get("part") != part]
    old["bars"] = kept + [{**b, "part": part} for b in bars]
    old["raw"][part] = raw
    old["machine"] = {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / GIB),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_at_the_end": [round(x, 1) for x in os.getloadavg()],
    }
    old["versions"] = {n: version(n) for n in ("stillwatch", "duckdb", "pyarrow", "numpy", "scipy", "msgspec")}
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(old, indent=1) + "\n")
    (out / "scan.md").write_text(page(old))
    if "scale" in old["raw"]:
        (out / "scan-scale.svg").write_text(plot(old["raw"]["scale"]))


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = [
        "# Scan: what was measured",
        "",
        "Written by `bench/scan.py`, never by hand. Machine: "
        f"{found['machine']['cores']} cores, {found['machine']['memory_gib']} GiB, Python {found['machine']['python']}; "
        + ", ".join(f"{k} {v}" for k, v in found["versions"].items())
        + ".",
        "",
        "| figure | value | bar | holds | commit | command |",
        "|---|---|---|---|---|---|",
    ]
    marks = {True: "yes", False: "**no**", None: "-"}
    lines += [
        f"| {b['name']} | {b['value']:,} {b['unit']} | {b['bar']} | {marks[b['holds']]} | {b['commit']} | `{b['command']}` |"
        for b in found["bars"]
    ]
    if "scale" in found["raw"]:
        lines += ["", "## Whole scans by size", "", "![time against size](scan-scale.svg)", ""]
        lines += [
            "| exchanges | accounts | seconds | peak memory | on disk | where the time goes |",
            "|---|---|---|---|---|---|",
        ]
        for size, r in found["raw"]["scale"].items():
            where = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in r["stages"].items())
            lines.append(
                f"| {int(size):,} | {r['accounts']:,} | {r['seconds']:,} | {r['peak_mib']:,} MiB | {r['bytes_on_disk'] / GIB:.1f} GiB | {where} |"
            )
        lines += ["", "Memory is resident memory of all processes together; pages they share are counted in each."]
    if "demo" in found["raw"]:
        lines += [
            "",
            "## The demo, seed by seed",
            "",
            "| seed | actor | found | member precision | member recall | pieces |",
            "|---|---|---|---|---|---|",
        ]
        for seed, r in found["raw"]["demo"].items():
            lines += [
                f"| {seed} | {name} | {'yes' if a['found'] else '**no**'} | {a['precision']} | {a['recall']} | {a['pieces']} |"
                for name, a in r["actors"].items()
            ]
            if r["lookalikes_in_findings"]:
                lines.append(f"| {seed} | innocent accounts in findings | {r['lookalikes_in_findings']} | | | |")
    if "again" in found["raw"]:
        lines += ["", "## Killed and started again", ""]
        lines += [
            f"- killed after {k['killed_after_s']} s: {'identical tables' if k['identical'] else '**different tables**'}"
            for k in found["raw"]["again"]["kills"]
        ]
    return "\n".join(lines) + "\n"


def plot(raw: dict[str, Any]) -> str:
    """Time against size, both axes linear, with the line through the origin that linear growth would follow."""
    points = [(int(size), float(r["seconds"])) for size, r in raw.items()]
    width, height, left, low = 560, 340, 70, 290
    right, top = max(x for x, _ in points), max(y for _, y in points) * 1.1

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x / right * (width - left - 20), low - y / top * (low - 20)

    first = points[0]
    end = at(right, min(first[1] / first[0] * right, top))
    origin = at(0, 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<line x1="{left}" y1="{low}" x2="{width - 20}" y2="{low}" stroke="#333"/><line x1="{left}" y1="20" x2="{left}" y2="{low}" stroke="#333"/>',
        f'<line x1="{origin[0]:.0f}" y1="{origin[1]:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}" stroke="#999" stroke-dasharray="4 4"/>',
    ]
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (at(*p) for p in points))
    parts.append(f'<polyline points="{path}" fill="none" stroke="#0b6e99" stroke-width="2"/>')
    for size, seconds in points:
        x, y = at(size, seconds)
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#0b6e99"/>')
        parts.append(f'<text x="{x - 6:.0f}" y="{y - 10:.0f}" text-anchor="end">{seconds:,.0f} s</text>')
        parts.append(f'<text x="{x:.0f}" y="{low + 18}" text-anchor="middle">{size / 1e6:g} M</text>')
    parts.append(
        f'<text x="{(left + width) / 2:.0f}" y="{height - 10}" text-anchor="middle">exchanges scanned (dashed: linear from the first point)</text>'
    )
    parts.append(
        f'<text x="16" y="{low / 2:.0f}" transform="rotate(-90 16 {low / 2:.0f})" text-anchor="middle">seconds, whole scan</text></svg>'
    )
    return "\n".join(parts) + "\n"


def main() -> None:
    """Run one part and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="all", choices=["ingest", "scale", "demo", "again", "fresh", "all"])
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument(
        "--exchanges", type=lambda s: int(float(s)), nargs="*", default=[1_000_000, 3_000_000, 10_000_000]
    )
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "stillwatch-bench")
    parser.add_argument("--seeds", type=int, nargs="*", default=[101, 102, 103, 104, 105])
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--kill-seed", type=int, default=1)
    parser.add_argument("--from", dest="clone", default=str(ROOT))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    parts = {
        "ingest": lambda: ingest(chosen.rows),
        "scale": lambda: scale(sorted(chosen.exchanges), chosen.keep),
        "demo": lambda: demo(chosen.seeds),
        "again": lambda: again(chosen.kills, chosen.kill_seed),
        "fresh": lambda: fresh(chosen.clone),
    }
    for part in parts if chosen.part == "all" else [chosen.part]:
        write(chosen.out, part, *parts[part]())


if __name__ == "__main__":
    main()
