"""The figures behind docs/benchmarks/actors.md: each part measures, then writes the page and the JSON anew.

    python bench/actors.py heads [--accounts N] [--exchanges N] [--worlds N] [--seed N]     patterns whose every account is quiet
    python bench/actors.py campaigns [--worlds N] [...]         every campaign of the record: found or not, and after how much yield
    python bench/actors.py surface [--worlds N] [...]           accounts by requests of each: what is found, and by which evidence
    python bench/actors.py ablation [--worlds N] [...]          without each link, test and innocent explanation
    python bench/actors.py graph [--accounts N] [--links N]     candidate groups from links alone: time and memory of the pass
    python bench/actors.py day [--accounts N] [--exchanges N] [--days N]     one more day over a million tracked accounts: time and memory
    python bench/actors.py page                                 the page once more, from the figures that are there

Figures go to docs/benchmarks/actors.json (`--out` names another folder); parts that are not run keep the figures they had. `--keep` holds
finished worlds between runs: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: figures are of one core

from actors_day import day
from actors_graph import graph
from actors_heads import heads
from actors_page import files
from actors_studies import ablation, campaigns, surface
from figures import ROOT, Figures, keep, redraw

PARTS: dict[str, Callable[[argparse.Namespace], Figures]] = {
    "heads": heads,
    "campaigns": campaigns,
    "surface": surface,
    "ablation": ablation,
    "graph": graph,
    "day": day,
}
"""What each part measures."""


def main() -> None:
    """Run one part and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*PARTS, "page"])
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "stillwatch-actors-bench")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=lambda s: int(float(s)), help="the preset's own, a million for graph")
    parser.add_argument("--exchanges", type=lambda s: int(float(s)), help="for worlds: the preset's own by default")
    parser.add_argument("--worlds", type=int, help="the preset's own by default")
    parser.add_argument("--links", type=lambda s: int(float(s)), default=5_500_000)
    parser.add_argument("--days", type=int, help="the preset's own, 4 for day")
    parser.set_defaults(unmimic_python=None)
    chosen = parser.parse_args()
    chosen.preset = chosen.part
    if chosen.part == "page":
        redraw(chosen.out, "actors", files)
        return
    keep(chosen.out, "actors", chosen.part, PARTS[chosen.part](chosen), files)


if __name__ == "__main__":
    main()
