"""Measure the range: `python bench/range.py generate [--exchanges N] [--accounts N] [--days N] [--history] [--parts N] [--keep DIR]`.

`generate` writes a world with two processes and tells exchanges per second, CPU a core and exchange, peak memory of a process and bytes on disk.
Time spent on opening the prompt pack is told apart: it is once a process, whatever the size of the world.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def generate(options: argparse.Namespace) -> dict[str, object]:
    """Write one world and measure it."""
    from stillwatch.range.generate import write_world
    from stillwatch.range.lookalikes import LOOKALIKES
    from stillwatch.range.recipe import Part, Recipe

    parts = tuple(
        Part(role="lookalike", name=name, instance=k // len(LOOKALIKES))
        for k, name in zip(range(options.parts), sorted(LOOKALIKES) * options.parts, strict=False)
    )
    recipe = Recipe(
        seed=options.seed,
        accounts=options.accounts,
        exchanges=options.exchanges,
        days=options.days,
        parts=parts,
        history=options.history,
    )
    with tempfile.TemporaryDirectory(dir=options.keep) as made:
        began = time.perf_counter()
        world = write_world(Path(made) / "world", recipe, workers=options.workers, progress=_told(began))
        seconds = time.perf_counter() - began
        bytes_on_disk = sum(path.stat().st_size for path in Path(made).rglob("*") if path.is_file())
        if options.keep:
            shutil.move(Path(made) / "world", Path(options.keep) / f"world-{options.seed}-{options.exchanges}")
    ours, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = sum(used.ru_utime + used.ru_stime for used in (ours, theirs))
    return {
        "accounts": world.accounts,
        "exchanges": world.exchanges,
        "days": options.days,
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


def _told(began: float) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        print(f"{done:,} of about {total:,} after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    return tell


def main() -> None:
    """Run one measurement and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=("generate",))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--exchanges", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument(
        "--parts", type=int, default=0, help="lookalikes beside the ordinary customers, each class in turn"
    )
    parser.add_argument("--history", action="store_true", help="write the earlier turns out again")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", help="folder to keep the world in")
    print(json.dumps(generate(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
