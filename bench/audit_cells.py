"""Accounts of models: what a test found on each, whether there was anything to find, and rates with an honest unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.audit.records import Finding
from stillwatch.audit.zoo import ACCOUNTS, MARKED, Change, Role, Seen, Zoo
from stillwatch.stats import clopper_pearson


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
    """The share of cells with p at most a level, with an interval from drawing both models and accounts again (the pigeonhole bootstrap).

    Cells of one model hang together, and so do those of one account: all models are held against the one draw of what it was served, and
    of its key. Where no cell or every cell falls there: exact, over models or over accounts, whichever are fewer.
    """
    names, accounts = sorted({one.model.name for one in cells}), sorted({one.account for one in cells})
    told: dict[str, Any] = {"cells": len(cells), "models": len(names), "accounts": len(accounts), "level": level}
    if not cells:
        return told | {"rate": None, "low": None, "high": None}
    hits, there = np.zeros((2, len(names), len(accounts)))
    for one in cells:
        at = names.index(one.model.name), accounts.index(one.account)
        hits[at], there[at] = one.p <= level, 1.0
    units = min(hits.shape)
    if hits.sum() in (0, len(cells)):
        exact = clopper_pearson(units if hits.sum() else 0, units)
        return told | {"rate": exact.value, "low": exact.low, "high": exact.high}
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(999):
        rows, columns = (np.bincount(rng.integers(0, n, size=n), minlength=n) for n in hits.shape)
        counted = rows @ there @ columns
        if counted:
            drawn.append(rows @ hits @ columns / counted)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return told | {"rate": float(hits.sum() / len(cells)), "low": float(low), "high": float(high)}


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
