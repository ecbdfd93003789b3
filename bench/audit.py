"""The figures behind docs/benchmarks/audit.md: how often the tests of a suspect model err where erring is all that they can do.

    python bench/audit.py tier0 [--nulls N] [--test NAME]     count models, N audits a test under its null (20,000)
    python bench/audit.py zoo --dir DIR                       the tests on the models of a zoo (stillwatch audit zoo --tier 1 --dir DIR)
    python bench/audit.py words --dir DIR                     of these S1c alone, next words
    python bench/audit.py resemblance --dir DIR               of these Q2 alone
    python bench/audit.py peers --dir DIR                     others' methods on the same models
    python bench/audit.py packages --dir DIR --knowlyr PYTHON --equality PYTHON    peers that ship as packages, each in its own environment
    python bench/audit.py tier2 --dir DIR [--again DIR]       a real teacher and real students, at one seed or two (stillwatch audit zoo --tier 2 --dir DIR)
    python bench/audit.py page                                draw the page anew, nothing is measured

Each null is an audit of its own: responses, siblings, keys or controls are drawn anew; a world (teacher, suspect, peer) serves 50 of them,
and intervals of rates are taken by world.
Figures go to docs/benchmarks/audit.json (`--out` names another folder); a test that is not run keeps the figures it had.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from audit_page import files
from figures import ROOT, Figures, bar, keep, redraw

from stillwatch.audit import TESTS
from stillwatch.audit.tier0 import null_draws
from stillwatch.stats import clustered_rate

LEVELS = (0.05, 0.01, 0.001)
ENOUGH = 20
"""Errors that a level must allow before a bar is said to hold: with fewer, no error at all would show nothing."""


def main() -> None:
    """Measure one test or all, and write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["tier0", "zoo", "words", "resemblance", "peers", "packages", "tier2", "page"])
    parser.add_argument("--nulls", type=int, default=20_000, help="audits a test")
    parser.add_argument("--test", choices=[*TESTS], help="this test alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--dir", type=Path, help="folder of a zoo")
    parser.add_argument("--again", type=Path, help="folder of tier 2 at another seed, beside it")
    for name in ("knowlyr", "equality"):
        parser.add_argument(f"--{name}", type=Path, help="python of the environment of that package")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "audit", files)
        return
    if chosen.part != "tier0" and chosen.dir is None:
        parser.error("--dir: name the folder of a zoo")
    if chosen.part in ("zoo", "words", "resemblance", "peers"):
        on_zoo(chosen.part, chosen.dir, chosen.out)
        return
    if chosen.part == "packages":
        from audit_packaged import packaged

        from stillwatch.audit.zoo import read_zoo

        pythons = {name: getattr(chosen, name) for name in ("knowlyr", "equality") if getattr(chosen, name)}
        keep(chosen.out, "audit", "packages", packaged(read_zoo(chosen.dir), pythons, seed=chosen.seed), files)
        return
    if chosen.part == "tier2":
        from audit_shipped import shipped

        keep(chosen.out, "audit", "tier2", shipped([chosen.dir, *([chosen.again] if chosen.again else [])]), files)
        return
    for name in [chosen.test] if chosen.test else TESTS:
        keep(chosen.out, "audit", f"tier0 {name}", tier0(name, chosen.nulls, chosen.seed), files)


def on_zoo(part: str, folder: Path, out: Path) -> None:
    """The tests, or others' methods, on whatever is made so far of a zoo; needs the extra `zoo` to read its tokens."""
    from audit_peers import by_share, peers, resemblance
    from audit_words import words
    from audit_zoo import cleared, exposure

    from stillwatch.audit.zoo import RECIPES, Role, manifest_of, read_zoo

    zoo, made = read_zoo(folder), manifest_of(folder)
    told = {"made": list(zoo.models), "manifest": made}
    compared = all(one.name in zoo.models for one in RECIPES if one.role is Role.TEACHER)
    if part == "peers":
        if not compared:
            raise SystemExit(f"{folder}: not all teachers are made yet")
        bars, raw = peers(zoo)
        keep(out, "audit", "peers", (bars, raw | {"made": list(zoo.models)}), files)
        return
    if part == "zoo":
        (bars, raw), _ = exposure(zoo)
        keep(out, "audit", "zoo exposure", (bars, raw | told | {"clearing": cleared(zoo)}), files)
    if part in ("zoo", "words"):
        keep(out, "audit", "zoo words", words(zoo), files)
    if part == "words":
        return
    if not compared:
        print("resemblance waits for all teachers")
        return
    bars, raw = resemblance(zoo)
    keep(
        out,
        "audit",
        "zoo resemblance",
        (bars, {"rules": raw, "shares": by_share(zoo), "made": list(zoo.models)}),
        files,
    )


def tier0(name: str, nulls: int, seed: int) -> Figures:
    """How often a test's p falls to each level, and its highest e-value reaches one over it."""
    begun = time.process_time()
    found = null_draws(name, nulls, np.random.default_rng([seed, list(TESTS).index(name)]))
    spent = time.process_time() - begun
    bars, rows = [], []
    for kind, values in (("p", found.p), ("e", 1.0 / np.maximum(found.e, 1e-300))):
        there = ~np.isnan(values)
        known, world = values[there], found.world[there]
        for level in LEVELS:
            rate = clustered_rate(known <= level, world)
            told = f"{TESTS[name].title}: {'p <= alpha' if kind == 'p' else 'e ever >= 1/alpha'} under the null"
            holds = False if rate.low > level else True if known.size * level >= ENOUGH else None
            bars.append(bar(told, round(rate.value, 5), "", f"<= {level}", holds))
            rows.append({"kind": kind, "level": level, "rate": rate.value, "low": rate.low, "high": rate.high})
    undecided = int(np.isnan(found.p).sum())
    counted = {"nulls": nulls, "worlds": int(np.unique(found.world).size), "undecided": undecided}
    return bars, {**counted, "seed": seed, "cpu_seconds": round(spent, 1), "rows": rows}


if __name__ == "__main__":
    main()
