"""The figures behind docs/benchmarks/range.md: each part measures, then writes the page, its plots and the JSON anew.

    python bench/range.py limit --data DIR       where every method ends: attackers who ask what customers ask
    python bench/range.py windows --data DIR     the window protocol on the pairs at hand, every method; goes on where it was stopped
    python bench/range.py windows                its tables once more, from the cells that are stored
    python bench/range.py windows --data DIR --ablate     the variants that explain gaps (needs the package wordllama)
    python bench/range.py realism --data DIR     a world beside traces, corpora of chats, and reports on shared addresses
    python bench/range.py generate [--exchanges N] [--accounts N] [--days N] [--parts N] [--history]     how fast worlds are written
    python bench/range.py study PRESET [--worlds N] [--accounts N] [--exchanges N] [--days N] [--unmimic-python PATH]     a preset's figures
    python bench/range.py rounds [--minutes N] [--unmimic-python PATH]     every study at the page's sizes, more worlds each round; goes on where it stopped
    python bench/range.py page                   the page once more, from the figures that are there

DIR holds what is not in the repository: `windows`, `prompts` and `traces`. Figures go to docs/benchmarks/range.json (`--out` names another
folder); parts that are not run keep the figures they had. `--keep` holds worlds and finished pieces between runs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: figures are of one core

from figures import ROOT, Figures, keep, redraw
from generate import generate
from limits import limit
from range_page import files
from range_rounds import rounds
from range_studies import STUDIES, study
from realism import realism
from windows_report import windows

from stillwatch.range.windows import SEEDS, SIZES


def main() -> None:
    """Run one part and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["generate", "realism", "windows", "limit", "study", "rounds", "page"])
    parser.add_argument("preset", nargs="?", choices=STUDIES, help="for study: which")
    parser.add_argument("--data", type=Path, help="folder of data sets that are not in the repository")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "stillwatch-range-bench")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, help="by default 100,000 for generate, the preset's own for study")
    parser.add_argument("--exchanges", type=lambda s: int(float(s)), help="by default 10 million, or the preset's own")
    parser.add_argument("--days", type=int, help="by default 28, or the preset's own")
    parser.add_argument("--worlds", type=int, help="for study: how many, by default the preset's own")
    parser.add_argument("--minutes", type=float, default=60.0, help="for rounds: begin no world after so many")
    parser.add_argument(
        "--unmimic-python", type=Path, help="for study and rounds: interpreter of an environment that has unmimic"
    )
    parser.add_argument("--parts", type=int, default=0, help="lookalikes beside ordinary customers, each class in turn")
    parser.add_argument("--history", action="store_true", help="write the earlier turns out again")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "range", files)
        return
    if (chosen.part == "study") != (chosen.preset is not None):
        parser.error(f"study wants one of {', '.join(STUDIES)}, and no other part wants any")
    if chosen.data is None and chosen.part in ("realism", "limit"):
        parser.error(f"{chosen.part} reads data sets that are not in the repository; name their folder with --data DIR")
    chosen.keep.mkdir(parents=True, exist_ok=True)
    if chosen.part == "rounds":
        rounds(chosen, lambda part, figures: keep(chosen.out, "range", part, figures, files))
        return
    parts: dict[str, Callable[[], Figures]] = {
        "generate": lambda: generate(chosen),
        "realism": lambda: realism(chosen.data, chosen.keep),
        "windows": lambda: windows(
            chosen.data, chosen.keep, chosen.out, seeds=chosen.seeds, sizes=chosen.sizes, ablate=chosen.ablate
        ),
        "limit": lambda: limit(chosen.data, chosen.keep),
        "study": lambda: study(chosen),
    }
    name = f"study {chosen.preset}" if chosen.part == "study" else chosen.part
    keep(chosen.out, "range", name, parts[chosen.part](), files)


if __name__ == "__main__":
    main()
