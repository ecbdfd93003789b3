"""Tier 1: the tests of a suspect on 48 small transformers with known teachers. Every function gives bars and the raw numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from audit_cells import Cell, cells_of, clustered, rounded, whole
from audit_marks import by_marks, radioactive
from figures import Figures, bar

from stillwatch.audit import (
    accuse,
    clear,
    continuation_finding,
    continuations,
    gains,
    overlaps,
    sibling_likelihood,
)
from stillwatch.audit.deals import deal_tail, doubled_midranks, steps
from stillwatch.audit.exposure import stopped
from stillwatch.audit.sibling_overlap import overlap_finding
from stillwatch.audit.zoo import ACCOUNTS, RECIPES, Change, Zoo

LEVELS = (0.05, 0.01, 0.001)
ENOUGH = 5
"""Errors that a level must allow, and the whole zoo be there, before a bar on errors is said to hold."""

DECOYS = 9_999
FEW = 999


def by_likelihood(zoo: Zoo) -> list[Cell]:
    """S2 on every account of every suspect, with our own model as the reference."""
    ours = zoo.scored(zoo.ours)
    scored = {model.name: zoo.scored(model) for model in zoo.suspects}
    return cells_of(
        zoo, lambda model, account: sibling_likelihood(zoo.items[account], scored[model.name], reference=ours)
    )


def by_overlap(zoo: Zoo) -> list[Cell]:
    """S1 on every account of every suspect, from its likeliest answers."""
    answering = {model.name: zoo.answering(model) for model in zoo.suspects}
    return cells_of(zoo, lambda model, account: overlap_finding(overlaps(zoo.items[account], answering[model.name])))


def by_continuation(zoo: Zoo) -> list[Cell]:
    """S1b on every account of every suspect, from how it goes on from begun candidates."""
    known = {model.name: zoo.continuing(model) for model in zoo.suspects}
    return cells_of(zoo, lambda model, account: continuation_finding(continued(zoo, account, known[model.name])))


def continued(zoo: Zoo, account: int, known: Any) -> Any:
    """The likenesses of S1b for one account."""
    return continuations(zoo.items[account], known[0], cut=known[1])


def exposure(zoo: Zoo) -> tuple[Figures, dict[str, list[Cell]]]:
    """Q1: error, power by share, attribution among eight accounts, item membership, marks, savings and attacks."""
    remember(zoo)
    tests = {
        "sibling_likelihood": by_likelihood(zoo),
        "sibling_overlap": by_overlap(zoo),
        "sibling_continuation": by_continuation(zoo),
        **by_marks(zoo),
    }
    raw: dict[str, Any] = {
        "suspects": len(zoo.suspects),
        "items": len(zoo.items[0]),
        "replies": int(zoo.ours.heard["said"].size),
    }
    bars, raw["errors"] = errors(zoo, tests)
    raw["power"] = {name: power(cells) for name, cells in tests.items()}
    for part in (
        _attribution(zoo, tests),
        _membership(tests),
        radioactive(tests),
        _text_only(zoo, tests),
        _savings(tests),
        _attacks(tests),
    ):
        bars += part[0]
        raw |= part[1]
    return (bars, raw), tests


def errors(zoo: Zoo, tests: dict[str, list[Cell]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """How often p falls to each level where nothing was learned."""
    bars: list[dict[str, Any]] = []
    found = {
        name: [clustered([c for c in cells if not c.exposed], at) for at in LEVELS] for name, cells in tests.items()
    }
    for name, rates in found.items():
        for rate in rates:
            enough = rate["cells"] * rate["level"] >= ENOUGH and len(zoo.models) == len(RECIPES)
            holds = True if enough and rate["rate"] is not None and rate["rate"] <= rate["level"] else None
            if rate["rate"] is not None and rate["low"] > rate["level"]:
                holds = False
            bars.append(
                bar(
                    f"zoo, Q1 {name}: p <= alpha where nothing was learned",
                    rounded(rate["rate"]),
                    "",
                    f"<= {rate['level']}",
                    holds,
                )
            )
    return bars, found


def power(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """What is found by the share of a harvest in what a student read."""
    found = []
    plain = [c for c in cells if c.exposed and c.model.recipe.change is Change.NONE]
    for share in sorted({c.model.recipe.share for c in plain}, reverse=True):
        mine = [c for c in plain if c.model.recipe.share == share]
        told = {f"tpr_{at}": clustered(mine, at)["rate"] for at in (0.01, 1e-4)}
        found.append(
            {
                "share": share,
                "cells": len(mine),
                "models": len({c.model.name for c in mine}),
                **told,
                "median_p": float(np.median([c.p for c in mine])),
            }
        )
    return found


def _attribution(zoo: Zoo, tests: dict[str, list[Cell]]) -> Figures:
    """Three guilty accounts of eight, named by Holm at 0.01 and listed by e-BH at 0.05."""
    rows = []
    for model in (one for one in zoo.suspects if one.recipe.exposed and len(one.recipe.accounts) == 3):
        mine = [c for c in tests["sibling_likelihood"] if c.model.name == model.name]
        told, guilty = accuse([c.finding for c in mine]), {f"a{a}" for a in model.recipe.accounts}
        rows.append(
            {"model": model.name, "guilty": sorted(guilty), "named": list(told.named), "triage": list(told.triage)}
        )
    full = [c for c in tests["sibling_likelihood"] if whole(c)]
    if not rows:
        return [], {"attribution": rows}
    false = [len(set(r["triage"]) - set(r["guilty"])) / max(1, len(r["triage"])) for r in rows]
    right = [len(set(r["triage"]) & set(r["guilty"])) / len(r["guilty"]) for r in rows]
    named = [len(set(r["named"]) & set(r["guilty"])) / len(r["guilty"]) for r in rows]
    n = f"{len(rows)} models"
    return [
        bar(
            f"zoo, account attribution, 8 accounts, 3 guilty: false share of those listed, {n}",
            rounded(float(np.mean(false))),
            "",
            "<= 0.05",
            float(np.mean(false)) <= 0.05,
        ),
        bar(
            f"zoo, account attribution: share of the guilty listed (e-BH), {n}",
            rounded(float(np.mean(right))),
            "",
            ">= 0.9",
            float(np.mean(right)) >= 0.9,
        ),
        bar(
            f"zoo, account attribution: share of the guilty named (Holm at 0.01), {n}",
            rounded(float(np.mean(named))),
            "",
            ">= 0.9",
            float(np.mean(named)) >= 0.9,
        ),
        bar(
            f"zoo, S2: largest p of an account read whole, {len(zoo.items[0])} items an account, {len(full)} accounts",
            max(c.p for c in full),
            "",
            "< 1e-4",
            max(c.p for c in full) < 1e-4,
        ),
    ], {"attribution": rows}


def _membership(tests: dict[str, list[Cell]]) -> Figures:
    """How many accounts that were read whole lie above 99 of 100 that were not, by S2."""
    cells = tests["sibling_likelihood"]
    null, full = np.array([c.p for c in cells if not c.exposed]), [c for c in cells if whole(c)]
    if not full:
        return [], {}
    at = float(min(np.quantile(null, 0.01), 0.01))
    found = clustered(full, at)
    name = (
        f"zoo, membership of an account's items: TPR at 1 % FPR, {found['cells']} accounts of {found['models']} models"
    )
    return [bar(name, rounded(found["rate"]), "", ">= 0.95", found["rate"] >= 0.95)], {
        "membership": {**found, "threshold": at, "nulls": int(null.size)}
    }


def _text_only(zoo: Zoo, tests: dict[str, list[Cell]]) -> Figures:
    """Text with nothing prepared but siblings."""
    bars, raw = [], {}
    each = zoo.candidates.shape[2]
    for name, title, replies in (("sibling_overlap", "S1", 1), ("sibling_continuation", "S1b", each)):
        if any(whole(c) for c in tests[name]):
            found, raw[name] = text_alone(title, tests[name], replies=replies)
            bars += found
    return bars, {"text_only": raw}


def text_alone(title: str, cells: Sequence[Cell], *, replies: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Power of a test of text on accounts read whole, and replies until e reaches 100, at so many replies an item."""
    full = [c for c in cells if whole(c)]
    reached = [_reaches(c) for c in full]
    models = sorted({c.model.name for c in full})
    rate = {m: float(np.mean([c.p <= 0.01 for c in full if c.model.name == m])) for m in models}
    good = float(np.mean([value >= 0.9 for value in rate.values()]))
    middle = replies * float(np.median([math.inf if one is None else one for one in reached]))
    return [
        bar(
            f"zoo, text alone ({title}): share of {len(models)} students read whole with TPR >= 0.9 at p <= 0.01",
            rounded(good),
            "",
            ">= 0.5",
            good >= 0.5,
        ),
        bar(
            f"zoo, text alone ({title}): median replies to e >= 100",
            middle if math.isfinite(middle) else None,
            "",
            "<= 300",
            middle <= 300,
        ),
    ], {"rates": rate, "items": reached, "replies_an_item": replies}


def _reaches(cell: Cell) -> int | None:
    """The items until e is 100, None where it never is."""
    over = np.flatnonzero(np.array(cell.finding.running) >= 100.0)
    return int(over[0]) + 1 if over.size else None


def _savings(tests: dict[str, list[Cell]]) -> Figures:
    """Items asked until e >= 100, against the fixed number with which the exact test has the same power at p <= 0.01."""
    raw: dict[str, Any] = {}
    bars = []
    for name in ("sibling_likelihood", "sibling_overlap", "sibling_continuation"):
        cells = [c for c in tests[name] if c.exposed and c.model.recipe.change is Change.NONE and c.finding.running]
        stops = [stopped(c.finding, 0.01).evidence for c in cells]
        power = float(np.mean([(one.p_value or 1.0) <= 0.01 for one in stops])) if stops else 0.0
        if power < 0.05:
            continue
        used = float(np.mean([one.n for one in stops]))
        fixed = next(
            (
                n
                for n in range(4, max(one.n for one in stops) + 1, 2)
                if np.mean([_at_n(c, n) <= 0.01 for c in cells]) >= power
            ),
            None,
        )
        saved = None if fixed is None else 1.0 - used / fixed
        raw[name] = {"cells": len(cells), "power": power, "mean_items": used, "fixed": fixed, "saved": saved}
        bars.append(
            bar(
                f"zoo, queries saved by stopping early, {name}, power {power:.2f}",
                rounded(saved),
                "",
                ">= 0.15",
                None if saved is None else saved >= 0.15,
            )
        )
    return bars, {"savings": raw}


def _at_n(cell: Cell, n: int) -> float:
    """The exact p of the first n items."""
    values = VALUES[cell.finding.test, cell.model.name, cell.account][:n]
    return deal_tail(steps(values) if cell.finding.test == "sibling_likelihood" else doubled_midranks(values))


VALUES: dict[tuple[str, str, int], Any] = {}
"""The numbers of each candidate of each cell, for tests of the first items alone."""


def remember(zoo: Zoo) -> None:
    """Keep the numbers behind the sibling tests."""
    ours = zoo.scored(zoo.ours)
    for model in zoo.suspects:
        scored, answering, known = zoo.scored(model), zoo.answering(model), zoo.continuing(model)
        for account in range(ACCOUNTS):
            if model.recipe.exposed and account in model.recipe.accounts:
                VALUES["sibling_likelihood", model.name, account] = gains(
                    zoo.items[account], scored, reference=ours
                ).values
                VALUES["sibling_overlap", model.name, account] = overlaps(zoo.items[account], answering).values
                VALUES["sibling_continuation", model.name, account] = continued(zoo, account, known).values


def _attacks(tests: dict[str, list[Cell]]) -> Figures:
    """What is left of each test after each attack: the share of attacked accounts with p at most 0.01."""
    rows: dict[str, dict[str, float]] = {}
    for name, cells in tests.items():
        for change, left in after_attacks(cells).items():
            rows.setdefault(change, {})[name] = left
    bars = []
    for change, found in rows.items():
        best = max(found, key=lambda name: found[name])
        bars.append(
            bar(
                f"zoo, after {change}: TPR at p <= 0.01 of the best test left ({best})",
                rounded(found[best]),
                "",
                ">= 0.8",
                found[best] >= 0.8,
            )
        )
    return bars, {"attacks": rows}


def after_attacks(cells: Sequence[Cell]) -> dict[str, float]:
    """By attack, the share of attacked accounts with p at most 0.01."""
    found = {}
    for change in Change:
        mine = [c for c in cells if c.exposed and c.model.recipe.change is change and change is not Change.NONE]
        if mine:
            found[change.value] = float(np.mean([c.p <= 0.01 for c in mine]))
    return found


def cleared(zoo: Zoo) -> list[dict[str, Any]]:
    """S9: what silence is worth on models that saw nothing."""
    ours, found = zoo.scored(zoo.ours), []
    for model in (one for one in zoo.suspects if not one.recipe.exposed):
        told = clear(gains(zoo.items[0], zoo.scored(model), reference=ours))
        found.append({"model": model.name, "excluded": told.excluded, "seen": told.seen})
    return found
