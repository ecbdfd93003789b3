"""Who would pass a check of identity: a model with stated assumptions, applied to the accounts of every benign population of the range.

No provider publishes how many genuine customers pass such a check. So the rates here are no measurement: they say what the assumptions
come to, population by population, and how far they move where the assumptions are wrong by half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figures import Figures, bar
from gateway_loop_desk import FORGED, PASSES

from stillwatch.range.demo import demo_parts
from stillwatch.range.recipe import Recipe
from stillwatch.range.world import build_world
from stillwatch.stats import clopper_pearson

__all__ = ["ANSWERS", "passing", "verify", "verify_told"]

ANSWERS = {
    "agents": 0.97, "batch": 0.97, "rag": 0.97, "support": 0.97, "translation": 0.97, "coding": 0.95, "research": 0.95, "chat": 0.88,
    "classroom": 0.75, "agent_fleet": 0.97, "evaluation": 0.97, "judge": 0.97, "template_owner": 0.97, "extension": 0.85, "casual": 0.85,
    "prompt_library": 0.88, "quick_start": 0.8, "reseller": 0.7,
}  # fmt: skip
"""Share of each population in which somebody reads the answer and acts on it within three days. Assumed: services that run in production are
watched; people who chat or try things out may simply go elsewhere; a pupil's account is a teacher's to verify; a reseller has to ask its own customer."""


def passing(population: str, verification: str | None, *, off: float = 1.0) -> float:
    """The chance that a genuine account passes: somebody must answer, and the papers must be accepted. `off` multiplies both failures."""
    answers = 1.0 - min(1.0, off * (1.0 - ANSWERS[population]))
    accepted = 1.0 - min(1.0, off * (1.0 - PASSES[verification or "none"]))
    return answers * accepted


def verify(seeds: Sequence[int], *, accounts: int, exchanges: int) -> Figures:
    """The rates by population over worlds of the range; every account of a benign population is asked once."""
    groups: dict[str, list[tuple[str, str | None]]] = {}
    passed: dict[str, int] = {}
    for seed in seeds:
        parts = demo_parts(1.0, campaigns=False)
        world = build_world(
            Recipe(seed=seed, accounts=accounts, exchanges=exchanges, days=1, parts=parts, block=accounts)
        )
        known = dict(zip(*(world.facts[name].to_pylist() for name in ("account", "verification")), strict=True))
        rng = np.random.default_rng([seed, 12])
        names = (world.truth[name].to_pylist() for name in ("account", "role", "group"))
        for account, role, group in zip(*names, strict=True):
            name = f"{'lookalike' if role == 'lookalike' else 'ordinary'}: {group}"
            groups.setdefault(name, []).append((group, known[account]))
            passed[name] = passed.get(name, 0) + bool(rng.random() < passing(group, known[account]))
    rows = []
    for name, some in sorted(groups.items()):
        low, middle, high = (float(np.mean([passing(g, v, off=off) for g, v in some])) for off in (1.5, 1.0, 0.5))
        rate = clopper_pearson(passed[name], len(some))
        rows.append(
            {"population": name, "accounts": len(some), "passed": passed[name], "low": rate.low, "high": rate.high,
             "expected": middle, "pessimistic": low, "optimistic": high}
        )  # fmt: skip
    everybody = sum(passed.values()) / sum(row["accounts"] for row in rows)
    worst = min(rows, key=lambda row: row["expected"])
    bars = [
        bar("Verification pass rate, all benign accounts, assumed", round(everybody, 3), "share", "-", None),
        bar(
            f"Verification pass rate of the population that passes least ({worst['population']}), assumed",
            round(worst["expected"], 3), "share", "-", None,
        ),
    ]  # fmt: skip
    return bars, {"rows": rows, "seeds": list(seeds), "passes": PASSES, "answers": ANSWERS, "forged": FORGED}


def verify_told(told: dict[str, Any]) -> list[str]:
    """The section of the page."""
    lines = [
        "",
        "## Who would pass a check of identity",
        "",
        (
            "No rates have been published, so these are a model's. An account passes if somebody answers in time (assumed by population: "
            + ", ".join(
                f"{name} {share:g}" for name, share in sorted(told["answers"].items(), key=lambda pair: pair[1])
            )
            + ") and the papers are accepted (assumed by what had been checked before: "
            + ", ".join(f"{name} {share:g}" for name, share in told["passes"].items())
            + f"). Every benign account of {len(told['seeds'])} worlds is asked once. In the last columns both failures are half as frequent, and half as frequent again as assumed. "
            f"Of a campaign's accounts {told['forged']:g} are taken to pass with somebody else's papers."
        ),
        "",
        "| population | asked | pass | rate, 95 % interval | failures halved | failures x 1.5 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['population']} | {row['accounts']:,} | {row['passed']:,} | {row['passed'] / row['accounts']:.1%}, {row['low']:.1%} to {row['high']:.1%} | {row['optimistic']:.1%} | {row['pessimistic']:.1%} |"
        for row in sorted(told["rows"], key=lambda row: row["expected"])
    ]
    return lines
