"""Duplicates asked on purpose, so that the queue no longer looks as if it never asked twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.evasion.move import TRAFFIC, share
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground
from stillwatch.range.purpose import Purpose

__all__ = ["OverlapInjection"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OverlapInjection:
    """A share `rate` of the harvest's requests asks for an item that was asked before, from another account where there is one.

    Cost: requests, rate / (1 - rate) more for each of the harvest; a duplicate's answer is of no use. Accounts and hours stay.
    """

    rate: float
    stage: ClassVar[int] = TRAFFIC

    def __post_init__(self) -> None:
        share("OverlapInjection.rate", self.rate, whole=False)

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        harvest = np.flatnonzero(rows.having(Purpose.HARVEST))
        more = round(len(harvest) * self.rate / (1.0 - self.rate))
        again = rows.take(rng.choice(harvest, more))
        people = len(plan.crew)
        other = (again.who + rng.integers(1, max(2, people), more)) % people
        last = np.maximum(plan.end - 1, again.at + 1)
        at = again.at + 1 + np.floor(rng.random(more) * (last - again.at)).astype(np.int64)
        again = replace(
            again,
            who=other,
            at=np.minimum(at, max(plan.end - 1, plan.start)),
            purpose=np.full(more, int(Purpose.DUPLICATE)),
            talk=np.arange(more),
            before=np.full(more, -1),
        )
        return plan.but(rows=rows.join(again), note=f"{more} duplicates over {plan.hours:.1f} hours")

    def cost(self, before: Price) -> Price:
        return replace(before, requests=before.requests + self.rate / (1.0 - self.rate))
