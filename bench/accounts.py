"""The figures behind docs/benchmarks/accounts.md: whether the promises made about single accounts hold, and what they cost.

    python bench/accounts.py validity [--worlds N]     realised error rates in worlds of drawn scores, over at least 200 of each kind
    python bench/accounts.py days [--worlds N]         90 days of honest accounts with lasting habits: how many are ever accused
    python bench/accounts.py power                     what each budget needs, and which bet finds most
    python bench/accounts.py harvest [--accounts N]    single accounts that do nothing but harvest, among customers of the range (half an hour)
    python bench/accounts.py windows                   the window protocol beside its bars, from accounts-windows.json
    python bench/accounts.py cost [--exchanges N]      what evidence about accounts takes: seconds, bytes (minutes)
    python bench/accounts.py page                      the page once more, from the figures that are there
    python bench/accounts.py                           the first three (some minutes)

The first three draw scores with known truth, not traffic: they test the statistics, not the signals. Figures go to
docs/benchmarks/accounts.json (`--out` names another folder); parts that are not run keep the figures they had. `--keep` holds the world of
`harvest` between runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from accounts_cost import cost
from bars import bars_of
from figures import ROOT, Figures, keep, redraw
from guarantees import days, power, validity
from harvest import harvest, told_of
from topics import windows


def main() -> None:
    """Run one part, or all, and write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    drawn = ["validity", "days", "power"]
    parser.add_argument("part", nargs="?", default="all", choices=[*drawn, "harvest", "windows", "cost", "page", "all"])
    parser.add_argument("--worlds", type=int, help="worlds of each kind (200 for validity, 25 for days)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--accounts", type=int, default=400_000, help="customers for harvest, half of them cleared")
    parser.add_argument("--exchanges", type=int, default=1_000_000, help="for cost")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "accounts")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "accounts", files)
        return
    parts: dict[str, Callable[[], Figures]] = {
        "validity": lambda: validity(chosen.worlds or 200),
        "days": lambda: days(chosen.worlds or 25),
        "power": power,
        "harvest": lambda: harvest(chosen),
        "windows": windows,
        "cost": lambda: cost(chosen),
    }
    for part in drawn if chosen.part == "all" else [chosen.part]:
        keep(chosen.out, "accounts", part, parts[part](), files)


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    return {"accounts.md": page(found)}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    raw = found["raw"]
    lines = ["# Accounts: what was measured", "", *bars_of(found, "bench/accounts.py")]
    if "harvest" in raw:
        lines += told_of(raw["harvest"])
    if "validity" in raw:
        lines += _validity(raw["validity"])
    if "days" in raw:
        lines += _days(raw["days"])
    if "power" in raw:
        lines += _power(raw["power"])
    return "\n".join(lines) + "\n"


def _validity(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Error rates in worlds with known truth", "")
    yield (
        f"{raw['worlds']} worlds of each kind, {raw['accounts']:,} accounts, six correlated signals (some heavy-tailed, some in steps, a "
        "fifth missing), product types of unequal size. Realised FDR is the mean share of honest accounts among those selected; in "
        "brackets the standard error over worlds. Where none of the guilty is found, the row says little: so few references let the list never fire."
    )
    yield from ("", "| world | list | nominal | realised FDR | guilty found |", "|---|---|---|---|---|")
    for row in raw["rows"]:
        yield f"| {row['world']} | {row['list']} | {row['nominal']:g} | {row['fdr']:.4f} ({row['error']:.4f}) | {row['found']:.3f} |"
    yield ""
    yield (
        "In every kind, one product type is too small to be calibrated alone, and louder than the others, in the last kind but one by far. Its accounts are compared "
        "with everybody and among themselves, and the larger p-value counts: compared with everybody alone, its honest accounts fill the list."
    )
    told = raw["certificate"]
    yield ""
    yield (
        f"Certificates given the calibration ({told['calibrations']} calibrations of {told['n']} accounts, p <= {told['level']:g}, 95 %): the true rate was above the bound in "
        f"{told['broken_signal']:.3f} of calibrations for one signal, where it is proved, and in {told['broken_combined']:.3f} for the combined p-value, where it is not."
    )


def _days(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Watched for 90 days", "")
    yield (
        f"{raw['worlds']} worlds of {raw['days']} days, {raw['references']} references and {raw['tested']} honest accounts each. Every account is as loud as it always is, give or take a day's noise; "
        f"habits make up {raw['habit']:.0%} of the variance. Share of honest accounts that were ever accused:"
    )
    yield from ("", "| level | evidence added over looks | daily e-values multiplied |", "|---|---|---|")
    for row in raw["rows"]:
        yield f"| {row['alpha']:g} | {row['added']:.4f} | {row['multiplied']:.4f} |"
    yield ""
    yield "The product is what a betting martingale would do if days were independent. Accounts have habits, so it accuses the honest; it is not used."


def _power(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## What each budget needs", "")
    yield "Least evidence and calibration with which e-BH can select the guilty when all of them lie beyond every calibration account. Below it the answer is undecided."
    yield from (
        "",
        "| tested | guilty | budget | e needed | p needed | calibration accounts |",
        "|---|---|---|---|---|---|",
    )
    for row in raw["needs"]:
        needs = (
            f"{row['e']:,.0f} | {row['p']:.2g} | {row['n']:,}"
            if row["n"]
            else f"{row['e']:,.0f} | - | never with these bets"
        )
        yield f"| {row['m']:,} | {row['guilty']:,} | {row['q']:g} | {needs} |"
    yield from ("", "## Which bet finds most", "")
    yield "Share of guilty accounts selected at 5 % (one signal, honest scores normal, guilty ones shifted by 5), and the false-positive rate beside it."
    yield from (
        "",
        "| calibration | guilty of 50,000 | bet | found | honest accounts selected |",
        "|---|---|---|---|---|",
    )
    for row in raw["bets"]:
        yield f"| {row['n']:,} | {row['guilty']} | {row['bet']} | {row['found']:.3f} | {row['false']:.2g} |"


if __name__ == "__main__":
    main()
