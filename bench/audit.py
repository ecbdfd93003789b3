"""The figures behind docs/benchmarks/audit.md: how often the tests of a suspect model err where erring is all that they can do.

    python bench/audit.py tier0 [--nulls N] [--test NAME]     count models, N audits a test under its null (20,000)
    python bench/audit.py page                                draw the page anew, nothing is measured

Each null is an audit of its own: responses, siblings, keys or controls are drawn anew; a world (teacher, suspect, peer) serves 50 of them.
Figures go to docs/benchmarks/audit.json (`--out` names another folder); a test that is not run keeps the figures it had.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bars import bars_of
from figures import ROOT, Figures, bar, keep, redraw

from stillwatch.audit import TESTS
from stillwatch.audit.tier0 import null_draws
from stillwatch.stats import clopper_pearson

LEVELS = (0.05, 0.01, 0.001)


def main() -> None:
    """Measure one test or all, and write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["tier0", "page"])
    parser.add_argument("--nulls", type=int, default=20_000, help="audits a test")
    parser.add_argument("--test", choices=[*TESTS], help="this test alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "audit", files)
        return
    for name in [chosen.test] if chosen.test else TESTS:
        keep(chosen.out, "audit", f"tier0 {name}", tier0(name, chosen.nulls, chosen.seed), files)


def tier0(name: str, nulls: int, seed: int) -> Figures:
    """How often a test's p falls to each level, and its highest e-value reaches one over it."""
    begun = time.process_time()
    found = null_draws(name, nulls, np.random.default_rng([seed, list(TESTS).index(name)]))
    spent = time.process_time() - begun
    bars, rows = [], []
    for kind, values in (("p", found.p), ("e", 1.0 / np.maximum(found.e, 1e-300))):
        known = values[~np.isnan(values)]
        for level in LEVELS:
            rate = clopper_pearson(int((known <= level).sum()), known.size)
            told = f"{TESTS[name].title}: {'p <= alpha' if kind == 'p' else 'e ever >= 1/alpha'} under the null"
            bars.append(bar(told, round(rate.value, 5), "", f"<= {level}", rate.low <= level))
            rows.append({"kind": kind, "level": level, "rate": rate.value, "low": rate.low, "high": rate.high})
    undecided = int(np.isnan(found.p).sum())
    return bars, {"nulls": nulls, "seed": seed, "undecided": undecided, "cpu_seconds": round(spent, 1), "rows": rows}


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    return {"audit.md": page(found)}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = ["# Audit: what was measured", "", *bars_of(found, "bench/audit.py"), *_errors(found["raw"])]
    return "\n".join(lines) + "\n"


def _errors(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Tier 0: how often a test errs", "")
    yield (
        "Count models of word pairs. For tests of exposure the suspect is a student of the same teacher, trained on its responses to somebody "
        "else; for resemblance our model is one of twenty by one author; for clearing a fifth of the answers is marked. Rates with their "
        "95 % Clopper-Pearson interval, over audits; a bar holds unless the whole interval lies above it. These models prove validity and "
        "nothing about power: what a large model remembers of one response, they cannot show."
    )
    yield from (
        "",
        "| test | audits | undecided | kind | level | rate | interval | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    )
    for part, told in raw.items():
        for row in told["rows"]:
            interval = f"{row['low']:.5f} to {row['high']:.5f}"
            counted = f"{told['nulls']:,} | {told['undecided']} | {row['kind']} | {row['level']}"
            yield f"| {part.removeprefix('tier0 ')} | {counted} | {row['rate']:.5f} | {interval} | {told['cpu_seconds']} |"


if __name__ == "__main__":
    main()
