"""Marks on the zoo: radioactivity as a plain count, decoy keys on answers, and green mass from chances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from audit_cells import Cell, cells_of
from figures import Figures, bar

from stillwatch.audit import DECOY_KEYS, GREEN_MASS, mass_lift, radioactivity
from stillwatch.audit.decoy_keys import key_scores, ranked_finding
from stillwatch.audit.marks import lift
from stillwatch.audit.records import AuditTest, Finding
from stillwatch.audit.zoo import ACCOUNTS, MARKED, Change, Seen, Zoo

DECOYS = 9_999
FEW = 999


def reference_of(zoo: Zoo, model: Seen) -> Seen:
    """A clean model that does not descend from the suspect's base: what an auditor has is another model, never the suspect's own past."""
    for name in ("human-b", "base1") if _from(model, "base0") else ("human-a", "base0"):
        if name in zoo.models and name != model.name:
            return zoo.models[name]
    return zoo.models["base0"]


def by_marks(zoo: Zoo) -> dict[str, list[Cell]]:
    """W1 and W2 on the answers, S6 on the chances, under every account's key; 9,999 decoys where a mark was learned, 999 elsewhere."""
    many, few = zoo.decoys(DECOYS), zoo.decoys(FEW)
    true = np.array([zoo.key(account) for account in range(ACCOUNTS)], dtype=np.uint64)
    ranks: dict[tuple[str, str], list[Finding]] = {}

    def ranked(test: AuditTest, model: Seen, lifting: Callable[[], Any]) -> list[Finding]:
        if (test.name, model.name) not in ranks:
            lifted = lifting()
            marked = model.recipe.exposed and MARKED & set(model.recipe.accounts)
            scores = key_scores(np.concatenate([true, many if marked else few]), *lifted, share=0.25)
            ranks[test.name, model.name] = [
                ranked_finding(
                    test,
                    lifted[2],
                    np.r_[scores[account], scores[ACCOUNTS:]],
                    suspect=model.name,
                    account=f"a{account}",
                    share=0.25,
                    unmarked=True,
                    alpha=0.01,
                )
                for account in range(ACCOUNTS)
            ]
        return ranks[test.name, model.name]

    def counted(model: Seen, account: int) -> Finding | None:
        return radioactivity(model.replies, zoo.key(account), suspect=model.name, account=f"a{account}")

    def said(model: Seen, account: int) -> Finding | None:
        return ranked(DECOY_KEYS, model, lambda: lift(model.replies, reference_of(zoo, model).replies))[account]

    def weighed(model: Seen, account: int) -> Finding | None:
        if "masses" not in model.heard:
            return None
        clean = reference_of(zoo, model).heard["masses"]
        return ranked(GREEN_MASS, model, lambda: mass_lift(model.heard["masses"], clean))[account]

    kinds = (("radioactivity", counted), ("decoy_keys", said), ("green_mass", weighed))
    return {name: cells_of(zoo, found, marked=True) for name, found in kinds}


def radioactive(tests: dict[str, list[Cell]]) -> Figures:
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


def _from(model: Seen, base: str) -> bool:
    return base in (model.recipe.base, model.name) or model.recipe.base == "marked-100"
