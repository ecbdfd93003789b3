"""Single accounts that harvest and do nothing else, among as many customers as a provider has: what is found at one false alarm in 10,000."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from figures import Figures, bar

from stillwatch.range.studies.bench import Bench
from stillwatch.range.studies.dials import KINDS, dialled
from stillwatch.range.studies.look import Blind, weigh_accounts
from stillwatch.range.studies.order import Order, Size
from stillwatch.range.studies.unsealed import cleared_accounts, unseal
from stillwatch.stats import clopper_pearson

LOADS = (20, 60, 200, 600)
"""Harvest requests of an account over the days of the world."""
ENOUGH = 60
"""From so many requests on an account counts towards the bar; the others stand in the table."""
GUILTY = 40
"""Accounts of each kind and load."""
DAYS, EACH = 2, 12
RATES = (1e-3, 1e-4, 5e-5)
NOMINAL = 5e-5
"""The threshold is the score that this share of the cleared customers exceeds: half the rate of the bar, which is held to on the others."""
DRAWS = 9999

Floats = npt.NDArray[np.float64]


def harvest(chosen: argparse.Namespace) -> Figures:
    """Splice accounts of three kinds and four loads into one world, weigh all, set thresholds on one half of the customers, count on the other."""
    order = Order(
        preset="accounts",
        seed=chosen.seed,
        out=chosen.keep / "harvest",
        size=Size(accounts=chosen.accounts, exchanges=EACH * chosen.accounts, worlds=1, days=DAYS),
        tell=lambda stage, done, total: print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True),
    )
    bench = Bench(order)
    recipe = bench.recipe(order.seed)
    told = [(kind, load) for kind in KINDS for load in LOADS]
    guilty = [bench.spliced(recipe, dialled(kind, accounts=GUILTY, each=load, days=DAYS)) for kind, load in told]
    pieces = [bench.background(recipe), *guilty]
    who = unseal(pieces)
    if len(who) != sum(part.accounts for part in pieces):
        raise SystemExit("two parts of the world share an account")
    cleared = cleared_accounts(who)
    said = weigh_accounts(
        Blind(
            features=[file for part in pieces for file in part.files],
            texts=[],
            facts=pa.concat_tables([part.facts() for part in pieces]),
            releases=pieces[0].store.read("releases"),
            scratch=order.out / "cache" / "scratch",
        ),
        order.settings,
        cleared,
    )
    assert said.scores is not None
    kinds = {name: of for part, of in zip(guilty, told, strict=True) for name in unseal([part])}
    return _figures(*said.scores, set(said.accused.tolist()), who, kinds, set(cleared.tolist()))


def _figures(
    accounts: npt.NDArray[np.int64],
    scores: Floats,
    accused: set[int],
    who: dict[int, str],
    kinds: dict[int, tuple[str, int]],
    cleared: set[int],
) -> Figures:
    score_of = dict(zip(accounts.tolist(), np.nan_to_num(scores, nan=-np.inf).tolist(), strict=True))
    innocent = [name for name in who if name not in kinds]
    judged = [name for name in innocent if name not in cleared]
    known = -np.sort(-np.array([score_of.get(name, -np.inf) for name in innocent if name in cleared]))
    limits = {rate: float(known[int(rate * known.size)]) for rate in RATES}
    rows = [
        {
            "kind": kind,
            "each": load,
            "found": {f"{rate:g}": sum(score_of.get(a, -np.inf) > limits[rate] for a in mine) for rate in RATES},
            "listed": sum(a in accused for a in mine),
            "accounts": len(mine),
        }
        for kind, load in dict.fromkeys(kinds.values())
        for mine in [[a for a, of in kinds.items() if of == (kind, load)]]
    ]
    classes = Counter(who[a] for a in judged)
    false = {rate: Counter(who[a] for a in judged if score_of.get(a, -np.inf) > limits[rate]) for rate in RATES}
    listed = Counter(who[a] for a in judged if a in accused)
    wrong = sum(false[NOMINAL].values())
    high = upper_bound(classes, false[NOMINAL])
    some = [row for row in rows if row["each"] >= ENOUGH]
    found, of = sum(row["found"][f"{NOMINAL:g}"] for row in some), sum(row["accounts"] for row in some)
    recall = clopper_pearson(found, of, level=0.9)
    among = f"among {len(judged):,} customers, lookalikes included"
    bars = [
        bar(
            f"pure harvest, {ENOUGH} requests and more an account: accounts found, {among} (one-sided 95 %: at least {100 * recall.low:.1f})",
            round(100 * recall.value, 1),
            "%",
            ">= 80",
            recall.value >= 0.8,
        ),
        bar(
            "customers beyond the same threshold, which was set on others",
            round(1e6 * wrong / len(judged), 1),
            "of a million",
            "<= 100",
            wrong <= 1e-4 * len(judged),
        ),
        bar(
            "the same, one-sided 95 % bound, whole classes of customers drawn again",
            round(1e6 * high, 1),
            "of a million",
            "stated",
            None,
        ),
        bar(
            "the list for review at the budget of the settings: guilty accounts of all loads",
            round(100 * sum(row["listed"] for row in rows) / sum(row["accounts"] for row in rows), 1),
            "%",
            "no bar",
            None,
        ),
        bar(
            "the list for review: customers on it",
            round(1e6 * sum(listed.values()) / len(judged), 1),
            "of a million",
            "no bar",
            None,
        ),
    ]
    raw = {
        "customers": len(judged),
        "cleared": len(cleared),
        "undecided": sum(score_of.get(a, -np.inf) == -np.inf for a in judged),
        "rows": rows,
        "classes": [
            {"class": name, "accounts": n, "false": {f"{r:g}": false[r][name] for r in RATES}, "listed": listed[name]}
            for name, n in sorted(classes.items())
        ],
        "rates": [f"{rate:g}" for rate in RATES],
        "nominal": f"{NOMINAL:g}",
        "days": DAYS,
    }
    return bars, raw


def upper_bound(classes: Counter[str], false: Counter[str]) -> float:
    """One-sided 95 % bound of the rate of false alarms: the larger of the exact one over accounts (Clopper and Pearson 1934) and that of
    drawing whole classes of customers again (Efron 1979), for those of one class ask from the same sources.
    """
    names = list(classes)
    sizes, hits = np.array([classes[n] for n in names], float), np.array([false[n] for n in names], float)
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    again = float(np.quantile((drawn @ hits) / (drawn @ sizes), 0.95))
    return max(again, clopper_pearson(int(hits.sum()), int(sizes.sum()), level=0.9).high)


def told_of(raw: dict[str, Any]) -> list[str]:
    """The page's section."""
    rates = raw["rates"]
    lines = [
        "",
        "## Single accounts that harvest and do nothing else",
        "",
        (
            f"One world of {raw['days']} days. {raw['cleared']:,} customers (every second one, lookalikes among them) count as cleared: they calibrate, and the thresholds are set on them. "
            f"The other {raw['customers']:,} are judged; {raw['undecided']:,} of them sent too little to be judged and stay undecided. {GUILTY} accounts of each kind and load ask from "
            "sources that nothing was developed on. Shares of accounts beyond the score that a share of the cleared exceeds."
        ),
        "",
        "| harvest | requests | " + " | ".join(f"at {float(r):.3%}" for r in rates) + " | on the list for review |",
        "|---|---|" + "---|" * (len(rates) + 1),
    ]
    for row in raw["rows"]:
        shares = [f"{row['found'][r] / row['accounts']:.0%}" for r in rates]
        lines.append(
            f"| {row['kind']} | {row['each']} | {' | '.join(shares)} | {row['listed'] / row['accounts']:.0%} |"
        )
    lines += ["", "Customers beyond the same thresholds, by class:", ""]
    lines += ["| class | judged | " + " | ".join(f"at {float(r):.3%}" for r in rates) + " | on the list for review |"]
    lines += ["|---|---|" + "---|" * (len(rates) + 1)]
    for row in raw["classes"]:
        counts = [str(row["false"][r]) for r in rates]
        lines.append(
            f"| {row['class'].replace('/', ': ')} | {row['accounts']:,} | {' | '.join(counts)} | {row['listed']} |"
        )
    return lines
