"""The figures behind docs/benchmarks/scan.md: each part measures, then writes the page and the JSON anew.

    python bench/scan.py ingest [--rows N]             rows per second of every format, two processes
    python bench/scan.py scale [--exchanges N ...]     a whole scan at each size: time by stage, memory, a plot
    python bench/scan.py profile                       where the time goes while a log is read
    python bench/scan.py demo --seeds N ...            the demo on these seeds: what was found, who was accused
    python bench/scan.py again [--kills N]             the same scan twice, and killed at random points: the same bytes
    python bench/scan.py fresh --from CLONE            make demo and make test from a clean clone, timed
    python bench/scan.py page                          the page once more, from the figures that are there
    python bench/scan.py                               all of them, one after another (most of an hour)

Figures go to docs/benchmarks/scan.json (`--out` names another folder). Parts that are not run keep the figures they had;
`scale` writes after each size, so an interrupted run keeps what it has measured.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from figures import ROOT, Figures, keep, redraw
from promises import again, demo, fresh
from scan_page import files
from speed import ingest, profile, scale


def main() -> None:
    """Run one part, or all, and write the page whenever there are new figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "part",
        nargs="?",
        default="all",
        choices=["ingest", "scale", "profile", "demo", "again", "fresh", "page", "all"],
    )
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument(
        "--exchanges", type=lambda s: int(float(s)), nargs="*", default=[1_000_000, 3_000_000, 10_000_000]
    )
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "stillwatch-bench")
    parser.add_argument("--seeds", type=int, nargs="*", default=[101, 102, 103, 104, 105])
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--kill-seed", type=int, default=1)
    parser.add_argument("--from", dest="clone", default=str(ROOT))
    parser.add_argument("--root", type=Path, help="do `fresh` in the system below this folder, by chroot")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[], Iterable[Figures]]] = {
        "ingest": lambda: [ingest(chosen.rows)],
        "scale": lambda: scale(sorted(chosen.exchanges), chosen.keep),
        "profile": lambda: [profile(1_000_000, chosen.keep)],
        "demo": lambda: [demo(chosen.seeds)],
        "again": lambda: [again(chosen.kills, chosen.kill_seed)],
        "fresh": lambda: [fresh(chosen.clone, chosen.root)],
    }
    if chosen.part == "page":
        redraw(chosen.out, "scan", files)
        return
    for part in parts if chosen.part == "all" else [chosen.part]:
        for figures in parts[part]():
            keep(chosen.out, "scan", part, figures, files)


if __name__ == "__main__":
    main()
