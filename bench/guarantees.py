"""Worlds of drawn scores with known truth, and how often the promises about single accounts are broken in them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from figures import Figures, bar

from stillwatch.accounts import Measured, Watch, decide, watch, weigh
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings
from stillwatch.engine import table
from stillwatch.stats import (
    benjamini_hochberg,
    budget_tails,
    certified_rate,
    conformal_p,
    e_bh,
    e_needed,
    p_to_e,
    p_to_e_mixture,
    tail_e,
    tail_power,
)

SIGNALS, CLEARED, TESTED, GUILTY = 6, 1200, 600, 30
TYPES = ("chat", "agent", "education")
SHARES = (0.62, 0.3, 0.08)
OTHERWISE = (0.3, 0.5, 0.2)
"""The mixture of types among the cleared in the last kind of world; the types differ in how loud they are."""
NOMINAL = (0.05, 0.10)
FIRST = dt.date(2026, 1, 1)
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def validity(worlds: int) -> Figures:
    """Realised false discovery rates by kind of world, and how often certificates given the calibration are broken."""
    rows: list[dict[str, Any]] = []
    kinds = (
        "cleared accounts",
        "nobody guilty",
        "guilty among the calibrating",
        "the log has drifted",
        "small odd type",
        "cleared in another mixture",
    )
    for kind in kinds:
        rng = np.random.default_rng(1)
        got = {(name, q): ([], []) for name in ("review", "block") for q in NOMINAL}
        for _ in range(worlds):
            measured, facts, guilty, cleared, singled = _world(rng, kind)
            weighed = weigh(measured, facts, DetectSettings(), cleared=cleared, singled_out=singled)
            for q in NOMINAL:
                budgets = BudgetSettings(review=q, verify=q, throttle=q, block=q)
                verdict = decide(weighed, dataclasses.replace(DetectSettings(), budgets=budgets))
                proposal = verdict.combined["proposal"].to_pylist()
                chosen = np.array([d == Decision.REVIEW for d in verdict.combined["decision"].to_pylist()])
                for name, picked in (("review", chosen), ("block", np.array([p == "block" for p in proposal]))):
                    wrong, found = got[name, q]
                    wrong.append((picked & ~guilty).sum() / max(1, picked.sum()))
                    found.append(picked[guilty & ~weighed.reference].mean() if guilty.any() else 0.0)
        for (name, q), (wrong, found) in got.items():
            rows.append(
                {
                    "world": kind,
                    "list": f"{name} ({'BH' if name == 'review' else 'e-BH'})",
                    "nominal": q,
                    "fdr": float(np.mean(wrong)),
                    "error": float(np.std(wrong) / np.sqrt(worlds)),
                    "found": float(np.mean(found)),
                }
            )
    bars = []
    for q in NOMINAL:
        worst = max((row for row in rows if row["nominal"] == q), key=lambda row: row["fdr"])
        holds = worst["fdr"] <= q + 2.5 * worst["error"]
        bars.append(
            bar(f"realised FDR at {q:.0%}, worst kind and list", round(worst["fdr"], 4), "share", f"<= {q:g}", holds)
        )
    return bars, {"worlds": worlds, "accounts": CLEARED + TESTED, "rows": rows, "certificate": _certificates()}


def _world(
    rng: np.random.Generator, kind: str
) -> tuple[list[Measured], pa.Table, Flags, pa.Array | None, pa.Array | None]:
    """Signals, facts, who is guilty, who was cleared, who was singled out."""
    size = CLEARED + TESTED
    product = rng.choice(len(TYPES), size=size, p=SHARES)
    if kind == "cleared in another mixture":
        product[:CLEARED] = rng.choice(len(TYPES), size=CLEARED, p=OTHERWISE)
    common = rng.standard_normal(size) + 0.5 * product
    values = 0.7 * common + 0.7 * rng.standard_normal((SIGNALS, size))
    guilty = np.zeros(size, dtype=np.bool_)
    singled = cleared = None
    if kind == "guilty among the calibrating":
        guilty[rng.permutation(size)[:120]] = True
        suspects = np.concatenate([np.flatnonzero(guilty)[:40], np.flatnonzero(~guilty)[:260]])
        singled = pa.array(np.sort(suspects) + 1)
    else:
        cleared = pa.array(np.arange(1, CLEARED + 1))
        if kind != "nobody guilty":
            guilty[CLEARED + rng.permutation(TESTED)[:GUILTY]] = True
    values[:4, guilty] += 6.0
    if kind == "the log has drifted":
        values[:, CLEARED:] += rng.choice([0.0, 0.3, 1.0])
    if kind == "small odd type":
        values[:, product == 2] += 3.0
    values[0] = np.exp(values[0])
    values[1] = np.round(2 * values[1])
    n = np.where(rng.random((SIGNALS, size)) < 0.8, 50, 5)
    account = np.arange(1, size + 1)
    measured = [
        Measured(
            name=f"signal_{s}",
            title=f"signal {s}",
            needs=20,
            evidence=True,
            rows=pa.table({"account": account, "value": values[s], "n": n[s]}),
        )
        for s in range(SIGNALS)
    ]
    empty = table("account_facts").schema.empty_table().to_pydict()
    told = {**{k: [None] * size for k in empty}, "account": account, "product_type": [TYPES[k] for k in product]}
    return measured, pa.table(told, schema=table("account_facts").schema), guilty, cleared, singled


def _certificates(calibrations: int = 150, n: int = 300, tested: int = 3000, level: float = 0.02) -> dict[str, Any]:
    """How often the true rate lies above its certificate; the rate is taken from many honest accounts."""
    rng = np.random.default_rng(2)
    bound = float(certified_rate(level, n=n))
    broken = np.zeros(2)
    for _ in range(calibrations):
        values = 0.7 * rng.standard_normal(n + tested) + 0.7 * rng.standard_normal((SIGNALS, n + tested))
        account = np.arange(1, n + tested + 1)
        measured = [
            Measured(
                name=f"signal_{s}",
                title="",
                needs=1,
                evidence=True,
                rows=pa.table({"account": account, "value": v, "n": np.ones(account.size, dtype=np.int64)}),
            )
            for s, v in enumerate(values)
        ]
        found = weigh(measured, None, DetectSettings(), cleared=pa.array(account[:n]))
        broken += [(p[n:] <= level).mean() > bound for p in (found.p[0], found.p_average)]
    return {
        "calibrations": calibrations,
        "n": n,
        "level": level,
        "broken_signal": float(broken[0] / calibrations),
        "broken_combined": float(broken[1] / calibrations),
    }


def days(worlds: int, *, horizon: int = 90, references: int = 400, tested: int = 200, habit: float = 0.6) -> Figures:
    """Share of honest accounts ever accused while they are watched, by evidence added and by daily e-values multiplied."""
    rng = np.random.default_rng(3)
    levels = (0.05, 0.10)
    settings = DetectSettings(budgets=BudgetSettings(review=0.5), poisoned=0.0)
    added, multiplied = (np.zeros((len(levels), worlds)) for _ in range(2))
    size = references + tested
    account, n = np.arange(1, size + 1), np.full(size, 40)
    for world in range(worlds):
        temper = np.sqrt(habit) * rng.standard_normal(size)
        state = Watch.fresh()
        best, total, product = np.zeros((3, tested))
        for day in range(horizon):
            values = temper + np.sqrt(1 - habit) * rng.standard_normal((4, size))
            measured = [
                Measured(
                    name=f"signal_{s}",
                    title="",
                    needs=20,
                    evidence=True,
                    rows=pa.table({"account": account, "value": v, "n": n}),
                )
                for s, v in enumerate(values)
            ]
            weighed = weigh(measured, None, settings, cleared=pa.array(account[:references]))
            state = watch(state, FIRST + dt.timedelta(day), weighed, settings)
            total += np.log(weighed.ranked[references:])
            product = np.maximum(product, total)
            best = np.asarray(state.histories["evidence"])[references:]
        for place, alpha in enumerate(levels):
            added[place, world] = (best >= 1 / alpha).mean()
            multiplied[place, world] = (product >= -np.log(alpha)).mean()
    rows = [
        {"alpha": a, "added": float(added[i].mean()), "multiplied": float(multiplied[i].mean())}
        for i, a in enumerate(levels)
    ]
    bars = []
    for i, a in enumerate(levels):
        error = added[i].std() / np.sqrt(worlds)
        holds = bool(added[i].mean() <= a + 2.5 * error)
        bars.append(
            bar(f"honest accounts ever accused in 90 days at {a:.0%}", rows[i]["added"], "share", f"<= {a:g}", holds)
        )
    told = {"worlds": worlds, "days": horizon, "references": references, "tested": tested, "habit": habit, "rows": rows}
    return bars, told


def power() -> Figures:
    """What each budget needs at least, and how much of the guilty each bet finds with so much calibration."""
    needs = []
    budgets = BudgetSettings()
    for m, guilty in ((5_000, 5), (50_000, 50), (50_000, 500), (1_000_000, 1_000)):
        for q in (budgets.review, budgets.verify, budgets.throttle, budgets.block):
            found = tail_power(m, q, guilty)
            needs.append(
                {
                    "m": m,
                    "guilty": guilty,
                    "q": q,
                    "e": e_needed(m, q, guilty),
                    "p": found.p if found else None,
                    "n": found.n if found else None,
                }
            )
    rng = np.random.default_rng(4)
    bets = []
    m, q = 50_000, 0.05
    for n in (2_000, 20_000, 200_000):
        for guilty in (50, 500):
            results: dict[str, list[tuple[float, float]]] = {}
            for _ in range(6):
                scores = rng.standard_normal(m)
                scores[:guilty] += 5.0
                p = conformal_p(rng.standard_normal(n), scores)
                lists = {
                    "BH (needs positive dependence)": benjamini_hochberg(p, q=q).selected,
                    "tails of the budget": e_bh(tail_e(p, budget_tails(q)), q=q).selected,
                    "kappa = 0.5": e_bh(p_to_e(p), q=q).selected,
                    "mixture over kappa": e_bh(p_to_e_mixture(p), q=q).selected,
                    "one tail, guilty share known": e_bh(tail_e(p, [q * guilty / m]), q=q).selected,
                }
                for name, chosen in lists.items():
                    results.setdefault(name, []).append((chosen[:guilty].mean(), chosen[guilty:].mean()))
            for name, got in results.items():
                found_share, false = np.mean(got, axis=0)
                bets.append({"n": n, "guilty": guilty, "bet": name, "found": found_share, "false": false})
    return [], {"needs": needs, "bets": bets}
