"""What a day of a large provider costs, and an hour of it: `hundred` and `hour` of bench/operate.py.

`hundred`: a world of accounts that come back every day is written, scanned and dropped day by day in one workspace, `stillwatch tidy` letting go of
days that are older than `--kept`. After each day the figures are on the disk below `--keep`, so the same command goes on where it was cut off,
and `--minutes` ends it after a day when they are over. Writing the logs is not in the times; reading, detecting, reporting and tidying are.

`hour`: a day is scanned up to its last hour, then that hour comes, and what the watch's round costs is set beside the cost of the whole day at once.
CPU seconds and peak memory, each in a process of its own that reads by itself, as CPU of reading workers is not told to who started them;
then the same hour behind a history twice as long, with and without the settings that look at the last day alone. Each step is kept below
`--keep` once it is done, so the same command goes on where it was cut off.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from figures import Figures, bar
from speed import Watch

from stillwatch.core import Settings
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, Schedule, Watcher, scan, tidy
from stillwatch.range import Recipe
from stillwatch.range.demo import demo_parts
from stillwatch.range.facts import DAY_OF_WORLD
from stillwatch.range.pack import find_prompts
from stillwatch.range.recipe import Shard
from stillwatch.range.shards import Job, write_shards

_Made = TypeVar("_Made")
_SEED = 5
_FIXED = 5.0
"""Seconds that an hour may cost beyond its share of the day."""


def hundred(asked: argparse.Namespace) -> Figures:
    """A world day by day: as many days as fit into `--minutes`, on from where the last call ended."""
    exchanges, days = asked.exchanges or 100_000_000, asked.days
    accounts = asked.accounts or exchanges // 100
    place = asked.keep / f"hundred-{exchanges}-{accounts}-{days}-{asked.kept}"
    place.mkdir(parents=True, exist_ok=True)
    recipe = _recipe(exchanges, accounts, days)
    late = time.monotonic() + 60 * asked.minutes
    told = _told(place)
    while len(told) < days and time.monotonic() < late:
        day = len(told)
        written = _apart(_write_day, place, recipe, day)
        told.append({"written": written, **_apart(_scan_day, place, day, asked.kept)})
        (place / "days.tmp").write_text(json.dumps(told, indent=1))
        (place / "days.tmp").replace(place / "days.json")
        _empty(place / "world" / "logs")
        print(json.dumps(told[-1]), flush=True)
    return _hundred_bars(exchanges, accounts, days, told, asked)


def hour(asked: argparse.Namespace) -> Figures:
    """The last hour of a day behind the rest of it, and behind twice as much; on from where the last call was cut off."""
    exchanges = asked.exchanges or 1_000_000
    place = asked.keep / f"hour-{exchanges}"
    place.mkdir(parents=True, exist_ok=True)
    recipe = _recipe(2 * exchanges, max(1000, exchanges // 50), 2)
    for day in (0, 1):
        _once(place, f"day-{day}-written", _write_hours, place, recipe, day)
    days = [sorted((place / f"day-{day}").glob("hour-*.parquet")) for day in (0, 1)]
    facts = place / "world" / "facts" / "accounts.parquet"
    *rest, last = days[1]
    whole = _once(place, "whole", _round, place / "whole", days[1], [], facts)
    one = _once(place, "one", _round, place / "one", rest, [last], facts)
    two = _once(place, "two", _round, place / "two", [*days[0], *rest], [last], facts)
    near = [
        _once(place, f"{name}-in-a-window", _round, place / f"{name}-in-a-window", before, [last], facts, 1)
        for name, before in (("one", rest), ("two", [*days[0], *rest]))
    ]
    share = one["fresh"] / whole["before"]["fresh"]
    rates = [max(0.0, hour["cpu"] - _FIXED) / (whole["before"]["cpu"] * share) for hour in (one, two, near[1])]
    memory = [other["peak_mib"] / max(first["peak_mib"], 1) for first, other in ((one, two), near)]
    alike = "CPU of an hour beyond 5 s, to its share of a day at once"
    held = "peak memory of that hour behind two days to behind one"
    window = "where the last day is looked at (actors.window_days, detect.window_days)"
    bars = [
        bar(alike, round(rates[0], 2), "x", "<= 1.2", rates[0] <= 1.2),
        bar(f"{alike}, behind two days", round(rates[1], 2), "x", "no bar", None),
        bar(f"{alike}, behind two days, {window}", round(rates[2], 2), "x", "no bar", None),
        bar(held, round(memory[0], 2), "x", "<= 1.1", memory[0] <= 1.1),
        bar(f"{held}, {window}", round(memory[1], 2), "x", "<= 1.1", memory[1] <= 1.1),
        bar("CPU of the hour", round(one["cpu"], 1), "s", "no bar", None),
        bar("CPU of the whole day", round(whole["before"]["cpu"], 1), "s", "no bar", None),
    ]
    shutil.rmtree(place, ignore_errors=True)
    return bars, {"exchanges": exchanges, "share": share, "whole": whole, "one": one, "two": two, "near": near}


def _once(place: Path, name: str, work: Callable[..., _Made], *given: object) -> _Made:
    """What some work gives, done in a process of its own and kept: who begins anew goes on behind it."""
    kept = place / f"{name}.json"
    if kept.exists():
        found: _Made = json.loads(kept.read_text())
        return found
    made = _apart(work, *given)
    (place / "kept.tmp").write_text(json.dumps(made))
    (place / "kept.tmp").replace(kept)
    print(f"{name}: {json.dumps(made)}", flush=True)
    return made


def _write_hours(place: Path, recipe: Recipe, day: int) -> int:
    """One day of a world, a file an hour; how many exchanges."""
    rows = _write_day(place, recipe, day)
    _hours(place / "world" / "logs", place / f"day-{day}")
    return rows


def _recipe(exchanges: int, accounts: int, days: int) -> Recipe:
    return Recipe(
        seed=_SEED,
        accounts=accounts,
        exchanges=exchanges,
        days=days,
        parts=demo_parts(1.0),
        history=True,
        prompt_bytes=1024,
    )


def _write_day(place: Path, recipe: Recipe, day: int) -> int:
    """Write the logs of one day of a world, each block's accounts by themselves, two at once; how many exchanges."""
    world = place / "world"
    for name in ("logs", "facts", "truth", "done"):
        (world / name).mkdir(parents=True, exist_ok=True)
    _empty(world / "logs")
    prompts = find_prompts(None).resolve()
    jobs = [
        Job(
            recipe=recipe,
            block=block,
            shards=[Shard(number=day * recipe.blocks + block, block=block, first_day=day, days=1)],
            folder=world,
            prompts=prompts,
        )
        for block in range(recipe.blocks)
    ]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        rows = sum(one.rows for made in pool.map(write_shards, jobs) for one in made)
    if day == 0:
        parts = [pq.read_table(path) for path in sorted((world / "facts").glob("block-*.parquet"))]
        pq.write_table(pa.concat_tables(parts).sort_by("account"), world / "facts" / "accounts.parquet")
    return rows


def _scan_day(place: Path, day: int, kept: int) -> dict[str, Any]:
    """Scan the day that lies there into the workspace, then let go of what is too old."""
    world, space = place / "world", Workspace(place / "workspace")
    settings = Settings()
    settings = replace(settings, keep=replace(settings.keep, days=kept))
    now = DAY_OF_WORLD + dt.timedelta(days=day + 1)
    stages: dict[str, float] = {}
    state = {"stage": "start", "since": time.perf_counter()}

    def tell(stage: str, done: int, total: int) -> None:
        if stage != state["stage"]:
            passed = time.perf_counter()
            stages[str(state["stage"])] = round(passed - float(state["since"]), 1)
            state.update(stage=stage, since=passed)

    cpu = _cpu()
    with Watch() as watch:
        began = time.perf_counter()
        inputs = Inputs(logs=[world / "logs"], accounts=world / "facts" / "accounts.parquet")
        done = scan(space, inputs, settings, progress=tell, now=now)
        stages[f"{state['stage']} and report"] = round(time.perf_counter() - float(state["since"]), 1)
        tidying = time.perf_counter()
        tidy(space, settings, by="benchmark", now=now)
        ended = time.perf_counter()
    return {
        "day": day,
        "exchanges": done.read.exchanges,
        "again": done.read.exchanges - done.read.fresh,
        "kept": space.store.manifest("features").rows,
        "seconds": round(ended - began, 2),
        "tidying": round(ended - tidying, 2),
        "cpu": round(_cpu() - cpu, 2),
        "stages": stages,
        "peak_mib": watch.peak >> 20,
        "actors": len(done.view.for_review),
        "accounts": done.view.run.accounts,
        "state": _state(space.root),
        "bytes_on_disk": sum(path.stat().st_size for path in space.root.rglob("*") if path.is_file()),
    }


def _hundred_bars(
    exchanges: int, accounts: int, days: int, told: list[dict[str, Any]], asked: argparse.Namespace
) -> Figures:
    known = _raw(asked.out).get("sizes", {})
    known[str(exchanges)] = {"accounts": accounts, "days": days, "kept": asked.kept, "done": told}
    sizes = {
        int(size): sum(one["seconds"] for one in run["done"])
        for size, run in known.items()
        if len(run["done"]) == run["days"]
    }
    read, written = (sum(one[name] for one in told) for name in ("exchanges", "written"))
    whole = [
        one for one in told if not one["again"]
    ]  # of a day that was cut off and gone on with only the rest was timed
    seconds = sum(one["seconds"] for one in whole)
    peak = max((one["peak_mib"] for one in told), default=0)
    rate = sum(one["exchanges"] for one in whole) / seconds if seconds else 0.0
    size = f"{exchanges:,} exchanges of {accounts:,} accounts, day by day"
    bars = [
        bar(f"{size}: days done", len(told), f"of {days}", str(days), len(told) == days),
        bar(f"{size}: exchanges read", read, f"of {written:,}", "all", read == written),
        bar(f"{size}: exchanges a second, all told", round(rate), "", ">= 15,000", rate >= 15_000),
        bar(f"{size}: peak memory", round(peak / 1024, 2), "GiB", "<= 8", peak <= 8192),
    ]
    if told:
        each = told[-1]["state"] / max(told[-1]["accounts"], 1)
        bars.append(bar(f"{size}: state an account", round(each), "bytes", "no bar", None))
        bars.append(
            bar("that state for 10 million accounts", round(each * 1e7 / 2**30, 1), "GiB", "no bar (on paper)", None)
        )
    if len(sizes) > 1 and max(sizes) >= 10 * min(sizes):
        slope = float(np.polyfit(np.log(list(sizes)), np.log(list(sizes.values())), 1)[0])
        span = f"{min(sizes):,} to {max(sizes):,}"
        bars.append(bar(f"time ~ size to the power, {span}", round(slope, 3), "", "<= 1.05", slope <= 1.05))
    return bars, {"sizes": known}


def _state(root: Path) -> int:
    """Bytes of what is kept of accounts, links, families and actors: all tables but those that hold a row an exchange, and `state/`."""
    apart = ("exchanges", "features", "rejects")
    tables = [path for path in (root / "tables").iterdir() if path.name not in apart]
    return sum(one.stat().st_size for place in [*tables, root / "state"] for one in place.rglob("*") if one.is_file())


def _raw(out: Path) -> dict[str, Any]:
    path = out / "operate.json"
    found: dict[str, Any] = json.loads(path.read_text())["raw"].get("hundred", {}) if path.exists() else {}
    return found


def _told(place: Path) -> list[dict[str, Any]]:
    """The days that are done; a day that was cut off is done again over the same logs, which counts nothing twice."""
    path = place / "days.json"
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def _hours(logs: Path, out: Path) -> list[Path]:
    """A day's logs by hour, a file each."""
    rows = pa.concat_tables([pq.read_table(path) for path in sorted(logs.glob("*.parquet"))])
    hours = pc.hour(rows.column("at"))
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for one in sorted(pc.unique(hours).to_pylist()):
        made.append(out / f"hour-{one:02d}.parquet")
        pq.write_table(rows.filter(pc.equal(hours, one)), made[-1], compression="zstd", compression_level=1)
    return made


def _round(root: Path, before: list[Path], after: list[Path], facts: Path, window: int = 0) -> dict[str, Any]:
    """What a round of a watch costs when some logs come behind others, all of it in this process: CPU of workers that ended is nobody's.

    Args:
        window: days that accounts and actors are looked at; 0 as the settings have it by default.
    """
    inbox = root.with_name(f"{root.name}-inbox")
    for left in (root, inbox):
        shutil.rmtree(left, ignore_errors=True)
    inbox.mkdir(parents=True)
    inputs = Inputs(logs=[inbox], accounts=facts)
    settings = Settings()
    settings = replace(settings, run=replace(settings.run, workers=1))
    if window:
        actors, detect = (replace(one, window_days=window) for one in (settings.actors, settings.detect))
        settings = replace(settings, actors=actors, detect=detect)
    schedule = Schedule(every=0.0, rows=1, settle=0.0)
    now = DAY_OF_WORLD + dt.timedelta(days=3)
    watcher = Watcher(Workspace(root), inputs, settings, schedule, wall=lambda: now)
    for path in before:
        shutil.copy(path, inbox / f"{path.parent.name}-{path.name}")
    first = _measured(watcher.round)
    if not after:
        return {"before": first}
    for path in after:
        shutil.copy(path, inbox / f"{path.parent.name}-{path.name}")
    watcher._found_at = None  # due at once: half of the time is not waited for
    return {"before": first, **_measured(watcher.round)}


def _measured(work: Callable[[], Any]) -> dict[str, Any]:
    cpu = _cpu()
    with Watch() as watch:
        began = time.perf_counter()
        done = work()
        seconds = time.perf_counter() - began
    return {
        "cpu": round(_cpu() - cpu, 2),
        "seconds": round(seconds, 2),
        "peak_mib": watch.peak >> 20,
        "fresh": done.fresh,
        "detected": done.scanned is not None,
    }


def _cpu() -> float:
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in told)


def _empty(folder: Path) -> None:
    for path in folder.glob("*"):
        path.unlink()


def _apart(work: Callable[..., _Made], *given: object) -> _Made:
    """What some work gives, done by a process of its own: what the one before held is no memory of it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(work, *given).result()
