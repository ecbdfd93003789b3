"""One more day over a tracked graph: actors sought and tested in that day alone, those of earlier days known again by what is kept of them."""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from figures import Figures, bar

from stillwatch import actors
from stillwatch.core import PRESSING, Settings
from stillwatch.engine import DuckEngine, table

Ints = npt.NDArray[np.int64]

_BEGUN = 1_760_054_400_000_000
_DAY, _HOUR = 86_400_000_000, 3_600_000_000
_OPERATORS, _HEADS = 20, 250
_TEMPLATES, _LONG = 60, 8
"""Templates that customers share, and shingles of each."""
_SALT = 0x5EED
_PIECE = 200_000


def day(chosen: argparse.Namespace) -> Figures:
    """Time and memory of the last day alone and of all days at once, and which operators keep their names."""
    accounts, each = chosen.accounts or 1_000_000, chosen.exchanges or 1_200_000
    days, folder = chosen.days or 4, chosen.keep / "day"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(chosen.seed)
    heads = rng.choice(accounts, (_OPERATORS, _HEADS), replace=False)
    names = rng.integers(-(1 << 62), 1 << 62, accounts)
    facts = _facts(names, rng)
    files = [_written(folder / f"day-{number}.parquet", number, names, heads, each, rng) for number in range(days)]
    one_by_one = Settings(actors=replace(Settings().actors, window_days=1))
    looks, told, links = None, [], 0
    for number, file in enumerate(files):
        found, seconds = _found([file], facts, folder, one_by_one, looks)
        told.append(
            {"day": number + 1, "seconds": seconds, "looked at": len(found.judged), "links": found.links.num_rows}
        )
        looks, links = found.looks, max(links, found.links.num_rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    named = _kept(looks, names[heads], days)
    whole, whole_seconds = _found(files, facts, folder, Settings(), None)
    seconds = told[-1]["seconds"]
    size = f"{accounts:,} accounts, {each:,} exchanges a day"
    bars = [
        bar(f"incremental day: {size}", round(seconds, 1), "s", "<= 60", seconds <= 60),
        bar(f"incremental day: peak memory, {size}", round(peak, 2), "GiB", "no bar", None),
        bar(f"incremental day: operators of {_OPERATORS} under one name on all {days} days", named, "", "no bar", None),
        bar(f"all {days} days at once, {whole.links.num_rows:,} links", round(whole_seconds, 1), "s", "no bar", None),
    ]
    return bars, {
        "accounts": accounts,
        "exchanges": each,
        "days": told,
        "whole_seconds": whole_seconds,
        "links": links,
        "peak_gib": peak,
    }


def _found(
    files: list[Path], facts: pa.Table, folder: Path, settings: Settings, looks: pa.Table | None
) -> tuple[actors.Found, float]:
    """One pass over some days, and the seconds that it took."""
    begun = time.perf_counter()
    with DuckEngine(memory_mb=settings.run.memory_mb, scratch=folder) as engine:
        features, known = engine.scan_files(files), engine.from_arrow(facts)
        found = actors.find(engine, features, known, settings=settings, salt=_SALT, before=looks)
        return found, time.perf_counter() - begun


def _kept(looks: pa.Table | None, heads: Ints, days: int) -> int:
    """How many operators have one actor that was looked at on every day, and whose remembered accounts are mostly theirs."""
    if looks is None:
        return 0
    rows = looks.to_pylist()
    times: dict[int, int] = {}
    for row in rows:
        times[row["actor"]] = times.get(row["actor"], 0) + 1
    last = max(row["day"] for row in rows)
    kept = [np.array(row["founders"]) for row in rows if row["day"] == last and times[row["actor"]] == days]
    return sum(any(np.isin(own, one).mean() >= 0.8 <= np.isin(one, own).mean() for one in kept) for own in heads)


def _facts(names: Ints, rng: np.random.Generator) -> pa.Table:
    """Account facts: a card in twenty and a device in ten are shared by two, and mail patterns by many."""
    size = names.size
    own = rng.integers(-(1 << 62), 1 << 62, (3, size))
    given = {
        "account": names,
        "org": own[2],
        "created": _BEGUN - rng.integers(1, 900, size) * _DAY,
        "payment": np.where(rng.random(size) < 0.05, own[0][rng.integers(0, size, size)], own[0]),
        "device": np.where(rng.random(size) < 0.1, own[1][rng.integers(0, size, size)], own[1]),
        "registration": (rng.pareto(0.8, size) * 100).astype(np.int64),
    }
    return _filled("account_facts", given, size)


def _written(path: Path, number: int, names: Ints, heads: Ints, exchanges: int, rng: np.random.Generator) -> Path:
    """The features of one day in a file: customers, and operators of whose accounts each sends three requests."""
    working = np.repeat(heads.ravel(), 3)
    with pq.ParquetWriter(path, table("features").schema) as file:
        for begin in range(0, exchanges, _PIECE):
            size = min(_PIECE, exchanges - begin)
            who = np.minimum((rng.pareto(1.5, size) * names.size / 6).astype(np.int64) % names.size, names.size - 1)
            template = np.minimum(rng.zipf(1.5, size) - 1, 4 * _TEMPLATES - 1)
            file.write_table(_rows(number, names, who, np.where(template < _TEMPLATES, template, -1), rng))
        own = _TEMPLATES + np.repeat(np.arange(_OPERATORS), 3 * _HEADS)
        file.write_table(_rows(number, names, working, own, rng))
    return path


def _rows(number: int, names: Ints, who: Ints, template: Ints, rng: np.random.Generator) -> pa.Table:
    """Exchanges of one day; templates from `_TEMPLATES` on are operators', and press."""
    size = who.size
    hour = rng.integers(0, 24, size)
    shared = np.random.default_rng(7).integers(-(1 << 62), 1 << 62, (_TEMPLATES + _OPERATORS, _LONG))
    own = rng.integers(-(1 << 62), 1 << 62, (size, 4))
    anchors = np.sort(np.concatenate([own, shared[np.maximum(template, 0)]], axis=1), axis=1)
    there = np.isin(anchors, shared) <= (template >= 0)[:, None]
    offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32)
    pressing = (template >= _TEMPLATES) & (rng.random(size) < 0.5)
    given = {
        "exchange_id": rng.integers(-(1 << 62), 1 << 62, size),
        "at": _BEGUN + number * _DAY + hour * _HOUR + rng.integers(0, _HOUR, size),
        "account": names[who],
        "slice": (names[who] ^ (hour * 0x9E3779B9)) >> 20 & 1,
        "turns": np.where(rng.random(size) < 0.6, 1, 4),
        "subnet": who // 3 + rng.integers(0, 2, size) * 10_000_000,
        "ip": who * 2 + rng.integers(0, 2, size),
        "output_tokens": rng.integers(20, 900, size),
        "prompt_hash": rng.integers(-(1 << 62), 1 << 62, size),
        "anchors": pa.ListArray.from_arrays(pa.array(offsets), pa.array(anchors[there], pa.int64())),
        "cell": rng.integers(0, 256, size),
        "elicitation": np.where(pressing, PRESSING & -PRESSING, 0),
    }
    return _filled("features", given, size)


def _filled(name: str, given: dict[str, object], rows: int) -> pa.Table:
    """Rows of a table, unknown where nothing is given."""
    schema = table(name).schema
    return pa.table(
        [pa.nulls(rows, f.type) if f.name not in given else pa.array(given[f.name]).cast(f.type) for f in schema],
        schema=schema,
    )
