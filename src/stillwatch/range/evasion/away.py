"""Harvest that goes elsewhere: to another model when one is hardened, or past the provider altogether."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.evasion.move import ITEMS, PLACES, refuse, share
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import MODELS, Ground
from stillwatch.range.purpose import Purpose

__all__ = ["Displacement", "Purchase"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Displacement:
    """From a part `at` of the window on, a share of the traffic goes to another model, as when the first was hardened.

    The ground has one host, so a partner's host is not simulated. Cost: `Price.weaker`, the share of useful answers from a model below the
    one that the job asks for, which is (1 - at) x share when the other is weaker; requests, accounts and hours stay.
    """

    model: int = 0
    share: float = 1.0
    at: float = 0.5
    stage: ClassVar[int] = PLACES

    def __post_init__(self) -> None:
        if not 0 <= self.model < len(MODELS):
            raise refuse("Displacement.model", self.model, f"0 to {len(MODELS) - 1}: {', '.join(MODELS)}")
        share("Displacement.share", self.share)
        share("Displacement.at", self.at)

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        moved = (rows.at >= plan.start + round(self.at * plan.hours * HOUR)) & (rng.random(len(rows)) < self.share)
        return plan.but(model=np.where(moved, self.model, rows.model))

    def cost(self, before: Price) -> Price:
        return replace(before, weaker=max(before.weaker, (1.0 - self.at) * self.share if self.model < 1 else 0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchase:
    """A share of the harvest is bought as transcripts from a third party. At 1 nothing reaches the provider and nothing can be detected.

    Cost: outside, one for each transcript; requests to an answer fall by the share, and accounts by those that are left with nothing to ask
    (counted for equal loads).
    """

    share: float
    stage: ClassVar[int] = ITEMS

    def __post_init__(self) -> None:
        share("Purchase.share", self.share)

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        items = np.unique(rows.item[rows.having(Purpose.HARVEST)])
        bought = rng.permutation(items)[: round(self.share * len(items))]
        kept = ~(np.isin(rows.item, bought) & rows.having(Purpose.HARVEST, Purpose.DUPLICATE))
        note = "all of it is bought: there is nothing to detect" if len(bought) == len(items) else ""
        plan = plan.but(rows=rows.take(kept), bought=plan.bought + len(bought), outside=plan.outside + len(bought))
        return (plan.but(note=note) if note else plan).used()

    def cost(self, before: Price) -> Price:
        load = 1000 * before.requests / before.accounts
        return replace(
            before,
            requests=before.requests * (1.0 - self.share),
            accounts=before.accounts * (1.0 - self.share**load),
            outside=before.outside + self.share,
        )
