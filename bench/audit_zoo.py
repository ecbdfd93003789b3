"""Tier 1: the tests of a suspect on 48 small transformers with known teachers. Every function gives bars and the raw numbers behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from figures import Figures, bar

from stillwatch.audit import (
    accuse,
    clear,
    gains,
    green_mass,
    mass_lift,
    overlaps,
    radioactivity,
    sibling_likelihood,
)
from stillwatch.audit.deals import deal_tail, doubled_midranks, steps
from stillwatch.audit.decoy_keys import decoy_keys
from stillwatch.audit.exposure import stopped
from stillwatch.audit.records import Finding
from stillwatch.audit.sibling_overlap import overlap_finding
from stillwatch.audit.zoo import ACCOUNTS, MARKED, Change, Role, Seen, Zoo
from stillwatch.stats import bootstrap, clopper_pearson

LEVELS = (0.05, 0.01, 0.001)
DECOYS = 9_999
FEW = 999


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One account of one model: whether that model learned from it, and what a test found."""

    model: Seen
    account: int
    exposed: bool
    finding: Finding

    @property
    def p(self) -> float:
        """Its p; 1 where the test did not decide."""
        return 1.0 if self.finding.evidence.p_value is None else self.finding.evidence.p_value


def cells_of(zoo: Zoo, found: Callable[[Seen, int], Finding | None], *, marked: bool = False) -> list[Cell]:
    """A finding for each account of each suspect; with `marked` only harvests under a key count as exposure."""
    cells = []
    for model in zoo.suspects:
        for account in range(ACCOUNTS):
            finding = found(model, account)
            if finding is not None:
                exposed = model.recipe.exposed and account in model.recipe.accounts
                cells.append(
                    Cell(
                        model=model,
                        account=account,
                        exposed=exposed and (account in MARKED or not marked),
                        finding=finding,
                    )
                )
    return cells


def clustered(cells: Sequence[Cell], level: float, seed: int = 1) -> dict[str, Any]:
    """The share of cells with p at most a level, with an interval from drawing whole models again (exact over models where none or all)."""
    names = sorted({one.model.name for one in cells})
    counts = np.array(
        [[sum(c.p <= level for c in cells if c.model.name == n), sum(c.model.name == n for c in cells)] for n in names]
    )
    told: dict[str, Any] = {"cells": len(cells), "models": len(names), "level": level}
    if not len(cells):
        return told | {"rate": None, "low": None, "high": None}
    if counts[:, 0].sum() in (0, counts[:, 1].sum()):
        by_model = clopper_pearson(len(names) if counts[:, 0].sum() else 0, len(names))
        return told | {"rate": by_model.value, "low": by_model.low, "high": by_model.high}
    drawn = bootstrap(counts, lambda x: float(x[:, 0].sum() / x[:, 1].sum()), rng=np.random.default_rng(seed))
    return told | {"rate": drawn.value, "low": drawn.low, "high": drawn.high}


def whole(cell: Cell) -> bool:
    """A student that read all of an account's responses as they were."""
    return cell.exposed and cell.model.recipe.share >= 1.0 and cell.model.recipe.change is Change.NONE


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


def reference_of(zoo: Zoo, model: Seen) -> Seen:
    """A clean model that does not descend from the suspect's base: what an auditor has is another model, never the suspect's own past."""
    for name in ("human-b", "base1") if _from(model, "base0") else ("human-a", "base0"):
        if name in zoo.models and name != model.name:
            return zoo.models[name]
    return zoo.models["base0"]


def by_marks(zoo: Zoo) -> dict[str, list[Cell]]:
    """W1 and W2 on the answers, S6 on the chances, under every account's key; 9,999 decoys where there was a mark, 999 elsewhere."""
    many, few = zoo.decoys(DECOYS), zoo.decoys(FEW)

    def drawn(model: Seen, account: int) -> Any:
        return many if model.recipe.exposed and account in MARKED and account in model.recipe.accounts else few

    def counted(model: Seen, account: int) -> Finding | None:
        return radioactivity(model.replies, zoo.key(account), suspect=model.name, account=f"a{account}")

    def ranked(model: Seen, account: int) -> Finding | None:
        clean = reference_of(zoo, model).replies
        told = {"suspect": model.name, "account": f"a{account}", "unmarked_prompts": True}
        return decoy_keys(model.replies, zoo.key(account), drawn(model, account), reference=clean, **told)

    lifted: dict[str, Any] = {}

    def weighed(model: Seen, account: int) -> Finding | None:
        if "masses" not in model.heard:
            return None
        if model.name not in lifted:
            lifted[model.name] = mass_lift(model.heard["masses"], reference_of(zoo, model).heard["masses"])
        told = {"suspect": model.name, "account": f"a{account}", "unmarked_text": True}
        return green_mass(lifted[model.name], zoo.key(account), drawn(model, account), **told)

    kinds = (("radioactivity", counted), ("decoy_keys", ranked), ("green_mass", weighed))
    return {name: cells_of(zoo, found, marked=True) for name, found in kinds}


def exposure(zoo: Zoo) -> tuple[Figures, dict[str, list[Cell]]]:
    """Q1: error, power by share, attribution among eight accounts, item membership, marks, savings and attacks."""
    tests = {"sibling_likelihood": by_likelihood(zoo), "sibling_overlap": by_overlap(zoo), **by_marks(zoo)}
    bars, raw = (
        [],
        {"suspects": len(zoo.suspects), "items": len(zoo.items[0]), "replies": int(zoo.ours.heard["said"].size)},
    )
    raw["errors"] = {
        name: [clustered([c for c in cells if not c.exposed], at) for at in LEVELS] for name, cells in tests.items()
    }
    for name, rates in raw["errors"].items():
        for rate in rates:
            holds = (
                None
                if rate["rate"] is None
                else False
                if rate["low"] > rate["level"]
                else True
                if rate["rate"] <= rate["level"]
                else None
            )
            bars.append(
                bar(
                    f"zoo, Q1 {name}: p <= alpha where nothing was learned",
                    _round(rate["rate"]),
                    "",
                    f"<= {rate['level']}",
                    holds,
                )
            )
    raw["power"] = {name: _power(cells) for name, cells in tests.items()}
    for part in (
        _attribution(zoo, tests),
        _membership(tests),
        _radioactive(tests),
        _text_only(zoo, tests),
        _savings(tests),
        _attacks(tests),
    ):
        bars += part[0]
        raw |= part[1]
    return (bars, raw), tests


def _power(cells: Sequence[Cell]) -> list[dict[str, Any]]:
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
            _round(float(np.mean(false))),
            "",
            "<= 0.05",
            float(np.mean(false)) <= 0.05,
        ),
        bar(
            f"zoo, account attribution: share of the guilty listed (e-BH), {n}",
            _round(float(np.mean(right))),
            "",
            ">= 0.9",
            float(np.mean(right)) >= 0.9,
        ),
        bar(
            f"zoo, account attribution: share of the guilty named (Holm at 0.01), {n}",
            _round(float(np.mean(named))),
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
    return [bar(name, _round(found["rate"]), "", ">= 0.95", found["rate"] >= 0.95)], {
        "membership": {**found, "threshold": at, "nulls": int(null.size)}
    }


def _radioactive(tests: dict[str, list[Cell]]) -> Figures:
    """A marked share of 5 %: p by 1/e beyond the decoys' floor, pooled over the four accounts' keys by the average of e-values."""
    bars = []
    raw: dict[str, Any] = {"radioactive": []}
    for name, title, limit in (
        ("green_mass", "with logprobs (S6)", 1e-8),
        ("decoy_keys", "from text (W2)", 1e-4),
        ("radioactivity", "from text, as published (W1)", 1e-4),
    ):
        for share in (1.0, 0.05):
            mine = [
                c
                for c in tests[name]
                if c.exposed
                and c.model.recipe.change is Change.NONE
                and abs(c.model.recipe.share - share) < 1e-9
                and len(c.model.recipe.accounts) == 4
            ]
            for model in sorted({c.model.name for c in mine}):
                e = float(np.mean([c.finding.evidence.e_value or 0.0 for c in mine if c.model.name == model]))
                floor = [c.p for c in mine if c.model.name == model]
                raw["radioactive"].append(
                    {
                        "test": name,
                        "share": share,
                        "model": model,
                        "one_over_e": min(1.0, 1.0 / max(e, 1e-300)),
                        "p": floor,
                        "value": [c.finding.evidence.value for c in mine if c.model.name == model],
                    }
                )
        five = [r["one_over_e"] for r in raw["radioactive"] if r["test"] == name and r["share"] == 0.05]
        if five:
            bars.append(
                bar(
                    f"zoo, radioactivity at 5 %, {title}: larger 1/e of {len(five)} models",
                    float(f"{max(five):.3g}"),
                    "",
                    f"< {limit:g}",
                    max(five) < limit,
                )
            )
    floors = [min(r["p"]) for r in raw["radioactive"] if r["test"] == "decoy_keys" and r["share"] == 0.05]
    if floors:
        bars.append(
            bar(
                f"zoo, decoy-key p at 5 %, {DECOYS:,} keys: least p of an account in the worse model",
                max(floors),
                "",
                "<= 0.0001",
                max(floors) <= 1e-4,
            )
        )
    return bars, raw


def _text_only(zoo: Zoo, tests: dict[str, list[Cell]]) -> Figures:
    """S1 with nothing prepared: power on accounts read whole, and replies until e reaches 100."""
    full = [c for c in tests["sibling_overlap"] if whole(c)]
    if not full:
        return [], {}
    reached = [
        int(np.argmax(np.array(c.finding.running) >= 100.0)) + 1
        if max(c.finding.running, default=0.0) >= 100.0
        else None
        for c in full
    ]
    models = sorted({c.model.name for c in full})
    rate = {m: float(np.mean([c.p <= 0.01 for c in full if c.model.name == m])) for m in models}
    good = float(np.mean([value >= 0.9 for value in rate.values()]))
    known = [one if one is not None else 10**6 for one in reached]
    middle = float(np.median(known))
    return [
        bar(
            f"zoo, text alone (S1): share of {len(models)} students read whole with TPR >= 0.9 at p <= 0.01",
            _round(good),
            "",
            ">= 0.5",
            good >= 0.5,
        ),
        bar(
            "zoo, text alone (S1): median replies to e >= 100",
            None if middle >= 10**6 else middle,
            "",
            "<= 300",
            middle <= 300,
        ),
    ], {"text_only": {"rates": rate, "replies": reached}}


def _savings(tests: dict[str, list[Cell]]) -> Figures:
    """Items asked until e >= 100, against the fixed number with which the exact test has the same power at p <= 0.01."""
    raw: dict[str, Any] = {}
    bars = []
    for name in ("sibling_likelihood", "sibling_overlap"):
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
                _round(saved),
                "",
                ">= 0.15",
                None if saved is None else saved >= 0.15,
            )
        )
    return bars, {"savings": raw}


def _at_n(cell: Cell, n: int) -> float:
    """The exact p of the first n items."""
    values = VALUES[cell.finding.test, cell.model.name, cell.account][:n]
    return deal_tail(doubled_midranks(values) if cell.finding.test == "sibling_overlap" else steps(values))


VALUES: dict[tuple[str, str, int], Any] = {}
"""The numbers of each candidate of each cell, for tests of the first items alone."""


def remember(zoo: Zoo) -> None:
    """Keep the numbers behind the sibling tests."""
    ours = zoo.scored(zoo.ours)
    for model in zoo.suspects:
        scored, answering = zoo.scored(model), zoo.answering(model)
        for account in range(ACCOUNTS):
            if model.recipe.exposed and account in model.recipe.accounts:
                VALUES["sibling_likelihood", model.name, account] = gains(
                    zoo.items[account], scored, reference=ours
                ).values
                VALUES["sibling_overlap", model.name, account] = overlaps(zoo.items[account], answering).values


def _attacks(tests: dict[str, list[Cell]]) -> Figures:
    """What is left of each test after each attack: the share of attacked accounts with p at most 0.01."""
    rows: dict[str, dict[str, float]] = {}
    for name, cells in tests.items():
        for change in Change:
            mine = [c for c in cells if c.exposed and c.model.recipe.change is change and change is not Change.NONE]
            if mine:
                rows.setdefault(change.value, {})[name] = float(np.mean([c.p <= 0.01 for c in mine]))
    bars = []
    for change, found in rows.items():
        best = max(found, key=lambda name: found[name])
        bars.append(
            bar(
                f"zoo, after {change}: TPR at p <= 0.01 of the best test left ({best})",
                _round(found[best]),
                "",
                ">= 0.8",
                found[best] >= 0.8,
            )
        )
    return bars, {"attacks": rows}


def cleared(zoo: Zoo) -> list[dict[str, Any]]:
    """S9: what silence is worth on models that saw nothing."""
    ours, found = zoo.scored(zoo.ours), []
    for model in (one for one in zoo.suspects if not one.recipe.exposed):
        told = clear(gains(zoo.items[0], zoo.scored(model), reference=ours))
        found.append({"model": model.name, "excluded": told.excluded, "seen": told.seen})
    return found


def is_student(model: Seen) -> bool:
    """Whether it is a distilled student for Q2: half of what it read last, or more, came from our model."""
    return model.recipe.resembles and model.recipe.share >= 0.5


def is_independent(model: Seen) -> bool:
    """Whether it is a null of Q2: students of others, models of human text, and those with incidental text of ours."""
    return model.recipe.role is not Role.TEACHER and (not model.recipe.resembles or model.recipe.change is Change.LEAK)


def _from(model: Seen, base: str) -> bool:
    return base in (model.recipe.base, model.name) or model.recipe.base == "marked-100"


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
