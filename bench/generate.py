"""How fast worlds are written: exchanges per second, CPU of a core an exchange, peak memory of a process and bytes on disk."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figures, bar

LEAST = 100_000
"""Exchanges per second on two cores that the range promises."""


def generate(options: argparse.Namespace) -> Figures:
    """Write one world and measure it. Opening the prompt pack is in it: it is once a process, whatever the size of the world."""
    from stillwatch.range.generate import write_world
    from stillwatch.range.lookalikes import LOOKALIKES
    from stillwatch.range.recipe import Part, Recipe

    parts = tuple(
        Part(role="lookalike", name=name, instance=k // len(LOOKALIKES))
        for k, name in zip(range(options.parts), sorted(LOOKALIKES) * options.parts, strict=False)
    )
    recipe = Recipe(
        seed=options.seed,
        accounts=options.accounts or 100_000,
        exchanges=options.exchanges or 10_000_000,
        days=options.days or 28,
        parts=parts,
        history=options.history,
    )
    with tempfile.TemporaryDirectory(dir=options.keep) as made:
        began = time.perf_counter()
        world = write_world(Path(made) / "world", recipe, workers=options.workers, progress=_told(began))
        seconds = time.perf_counter() - began
        bytes_on_disk = sum(path.stat().st_size for path in Path(made).rglob("*") if path.is_file())
    ours, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = sum(used.ru_utime + used.ru_stime for used in (ours, theirs))
    raw = {
        "accounts": world.accounts,
        "exchanges": world.exchanges,
        "days": options.days or 28,
        "history": options.history,
        "parts": len(parts),
        "workers": options.workers,
        "seconds": round(seconds, 1),
        "exchanges_per_second": round(world.exchanges / seconds),
        "cpu_seconds": round(cpu, 1),
        "cpu_us_per_exchange": round(cpu / world.exchanges * 1e6, 2),
        "exchanges_per_second_of_two_free_cores": round(2 * world.exchanges / cpu),
        "peak_mib_of_a_process": max(ours.ru_maxrss, theirs.ru_maxrss) >> 10,
        "bytes_on_disk": bytes_on_disk,
        "bytes_per_exchange": round(bytes_on_disk / world.exchanges, 1),
        "hash": world.hash,
    }
    speed = raw["exchanges_per_second"]
    free = raw["exchanges_per_second_of_two_free_cores"]
    raw["small"] = _hashes(options.seed, options.keep)
    hashes = len(raw["small"])
    size = f"{world.exchanges / 1e6:g} M exchanges"
    return [
        bar(f"writing a world of {size}", speed, "a second", f">= {LEAST:,}", speed >= LEAST),
        bar("the same by CPU time, were both cores free", free, "a second", f">= {LEAST:,}", free >= LEAST),
        bar("one seed written by 1, 2 and 3 processes: content hashes", hashes, "", "1", hashes == 1),
    ], raw


def _hashes(seed: int, keep: Path) -> list[str]:
    """The different content hashes of a small world of many blocks, written by one process, by two and by three."""
    from stillwatch.range.generate import write_world
    from stillwatch.range.recipe import Recipe

    recipe = Recipe(seed=seed, accounts=2000, exchanges=50_000, days=7, block=250)
    with tempfile.TemporaryDirectory(dir=keep) as made:
        return sorted({write_world(Path(made) / f"w{n}", recipe, workers=n).hash for n in (1, 2, 3)})


def _told(began: float) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        print(f"{done:,} of about {total:,} after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    return tell
