"""How fast and in how much memory: every format read into a workspace, and whole scans by size."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
from figures import Figures, bar

_Made = TypeVar("_Made")


def ingest(rows: int) -> Figures:
    """Rows per second of every format into a workspace, with two processes."""
    from made_captures import KEY, World
    from made_logs import JSON_FORMATS, write

    from stillwatch.core import Pseudonymiser
    from stillwatch.ingest import ReadOptions, plan

    bars, raw = [], {}
    for name in ("parquet", "csv", "openai_batch", *JSON_FORMATS):
        many = rows * 8 if name in ("parquet", "csv") else rows
        with tempfile.TemporaryDirectory() as made:
            folder, root = Path(made) / "logs", Path(made) / "workspace"
            folder.mkdir()
            write(name, folder, World(many))
            size = sum(path.stat().st_size for path in folder.iterdir())
            options = ReadOptions(chunk_bytes=max(1 << 20, size // 16), chunk_rows=max(1000, many // 16))
            chunks = plan([folder], options).chunks
            jobs = [(chunk, (Pseudonymiser(KEY), options), str(root)) for chunk in chunks]
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


def profile(exchanges: int, keep: Path) -> Figures:
    """Microseconds of one core an exchange, by step of reading a log, in one process."""
    from stillwatch.core import Pseudonymiser
    from stillwatch.engine import Store, by_day
    from stillwatch.ingest import ReadOptions, plan, read_chunk
    from stillwatch.pipeline.stage import featurise, part_name

    options = ReadOptions(chunk_bytes=40_000_000, chunk_rows=24_000)
    chunks = plan([world_of(exchanges, keep) / "logs"], options).chunks[:12]
    names = Pseudonymiser(b"benchmark key, not a secret one!")
    spent: dict[str, float] = {}
    rows = 0

    def timed(step: str, began: float) -> None:
        spent[step] = spent.get(step, 0.0) + time.process_time() - began

    with tempfile.TemporaryDirectory() as made:
        store = Store(Path(made))
        for place, chunk in enumerate(chunks):
            if place == 1:  # the first one pays for imports and tables
                spent, rows = {}, 0
            began = time.process_time()
            batch = read_chunk(chunk, names, options).batch
            timed("reading Parquet, pseudonyms", began)
            rows += batch.num_rows
            for day, own in by_day(batch):
                began = time.process_time()
                features = featurise(own, names)
                timed("features of the text", began)
                for table, made_rows in (("exchanges", own), ("features", features)):
                    began = time.process_time()
                    store.write_part(table, made_rows, made_from=chunk.id, day=day, name=part_name(chunk.id))
                    timed(f"writing {table}", began)
    per_row = {step: round(seconds / rows * 1e6, 1) for step, seconds in spent.items()}
    return [], {"microseconds_of_a_core_an_exchange": per_row, "exchanges": rows}


def scale(sizes: list[int], keep: Path) -> Iterator[Figures]:
    """A whole scan at each size, by stage, with peak memory; after each, the figures of all sizes so far.

    Worlds are kept in `keep` for another run. Each scan runs in a process of its own: what the one before held is no memory of it.
    """
    raw: dict[str, Any] = {}
    for exchanges in sizes:
        raw[str(exchanges)] = apart(_whole_scan, world_of(exchanges, keep), exchanges, keep)
        print(json.dumps(raw[str(exchanges)]), flush=True)
        yield _scale_bars(raw), raw


def apart(work: Callable[..., _Made], *given: object) -> _Made:
    """What some work gives, done by a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as own:
        return own.submit(work, *given).result()


def _whole_scan(world: Path, exchanges: int, keep: Path) -> dict[str, Any]:
    from stillwatch.core import Settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, scan

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
            Inputs(logs=[world / "logs"], accounts=world / "facts" / "accounts.parquet"),
            Settings(),
            progress=tell,
        )
        seconds = time.perf_counter() - began
        stages[f"{state['stage']} and report"] = round(time.perf_counter() - float(state["since"]), 1)
    on_disk = sum(p.stat().st_size for p in workspace.rglob("*") if p.is_file())
    shutil.rmtree(workspace, ignore_errors=True)
    return {
        "accounts": exchanges // 50,
        "exchanges": done.read.exchanges,
        "seconds": round(seconds, 1),
        "peak_mib": watch.peak >> 20,
        "peak_mib_after": peaks,
        "stages": stages,
        "actors": len(done.view.for_review),
        "bytes_on_disk": on_disk,
    }


def world_of(exchanges: int, keep: Path) -> Path:
    """The folder of a world, written unless it is there."""
    world = keep / f"world-{exchanges}"
    apart(_write_world, world, exchanges)
    return world


def _write_world(world: Path, exchanges: int) -> None:
    """A day of traffic as Parquet logs, fifty exchanges an ordinary account, prompts of about a kilobyte, with the demo's lookalikes and actors."""
    from stillwatch.range import Recipe, write_world
    from stillwatch.range.demo import demo_parts

    recipe = Recipe(
        seed=5,
        accounts=exchanges // 50,
        exchanges=exchanges,
        days=1,
        parts=demo_parts(1.0),
        history=True,
        prompt_bytes=1024,
    )
    write_world(world, recipe)


def _scale_bars(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The bars for the largest size so far, and how time grows with size once there are two."""
    largest = max(raw, key=int)
    one = raw[largest]
    reading = one["peak_mib_after"].get("reading", one["peak_mib"])
    bars = [
        bar(f"whole scan of {int(largest):,} exchanges", one["seconds"], "s", "<= 900", one["seconds"] <= 900),
        bar("peak memory of it", round(one["peak_mib"] / 1024, 2), "GiB", "<= 4", one["peak_mib"] <= 4096),
        bar("peak memory of reading and featurising", round(reading / 1024, 2), "GiB", "<= 1.5", reading <= 1536),
    ]
    if len(raw) > 1:
        x = np.log([float(size) for size in raw])
        y = np.log([float(r["seconds"]) for r in raw.values()])
        slope = float(np.polyfit(x, y, 1)[0])
        bars.append(bar("growth: time ~ size to the power", round(slope, 3), "", "<= 1.1 (linear)", slope <= 1.1))
    return bars


class Watch:
    """Peak memory of this process and its children together (proportional set size: a shared page counts once), sampled once a second."""

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
        while not self._stop.wait(1.0):
            total, looks = 0, looks + 1
            if looks % 4 == 1:
                family = [me, *me.children(recursive=True)]
            for one in family:
                with contextlib.suppress(psutil.Error):
                    total += one.memory_full_info().pss
            self.peak = max(self.peak, total)
