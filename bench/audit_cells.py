"""Accounts of models: what a test found on each, whether there was anything to find, and rates whose unit is the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.audit.records import Finding
from stillwatch.audit.zoo import ACCOUNTS, MARKED, Change, Role, Seen, Zoo
from stillwatch.stats import bootstrap, clopper_pearson


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


def is_student(model: Seen) -> bool:
    """Whether it is a distilled student for Q2: half of what it read last, or more, came from our model."""
    return model.recipe.resembles and model.recipe.share >= 0.5


def is_independent(model: Seen) -> bool:
    """Whether it is a null of Q2: students of others, models of human text, and those with incidental text of ours."""
    return model.recipe.role is not Role.TEACHER and (not model.recipe.resembles or model.recipe.change is Change.LEAK)


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
