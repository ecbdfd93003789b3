"""Harvest hidden in other traffic: sent for show, or genuine customers' behind the same key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.cover import conversations
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.evasion.move import TRAFFIC, refuse
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground
from stillwatch.range.purpose import Purpose

__all__ = ["Dilute", "ResellerMix"]


def _beside(plan: Plan, ground: Ground, rng: np.random.Generator, ratio: float, purpose: Purpose, profile: str) -> Plan:
    """Add `ratio` other requests to each of the plan's, account by account, rounded up or down by chance."""
    exact = plan.loads() * ratio
    counts = np.floor(exact + rng.random(len(exact))).astype(np.int64)
    other = conversations(
        ground, rng, counts, zone=plan.crew.zone, fold=plan.fold, start=plan.start, hours=plan.hours, purpose=purpose, profile=profile
    )  # fmt: skip
    return plan.but(rows=plan.rows.join(other))


@dataclass(frozen=True, kw_only=True, slots=True)
class Dilute:
    """Camouflage: only a `fraction` of each account's traffic is the campaign's, the rest is what ordinary people ask, at human hours.

    Cost: requests, one over the fraction times as many, all paid; accounts and hours stay.
    """

    fraction: float
    stage: ClassVar[int] = TRAFFIC

    def __post_init__(self) -> None:
        if not 0.0 < self.fraction <= 1.0:
            raise refuse("Dilute.fraction", self.fraction, "over 0 and up to 1: at 0 nothing is harvested")
        if self.fraction < 0.001:
            raise refuse("Dilute.fraction", self.fraction, "at least 0.001: below, a thousand requests buy no answer")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        return _beside(plan, ground, rng, (1.0 - self.fraction) / self.fraction, Purpose.COVER, "evening")

    def cost(self, before: Price) -> Price:
        return replace(before, requests=before.requests / self.fraction)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResellerMix:
    """Real customers behind the same keys: a share `genuine` of each account's traffic is theirs, and they pay for it.

    Cost: none in requests, accounts or hours; it needs customers, which has no number here.
    """

    genuine: float
    stage: ClassVar[int] = TRAFFIC

    def __post_init__(self) -> None:
        if not 0.0 <= self.genuine <= 0.999:
            raise refuse("ResellerMix.genuine", self.genuine, "a share from 0 to 0.999: at 1 there is no campaign")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        return _beside(plan, ground, rng, self.genuine / (1.0 - self.genuine), Purpose.BYSTANDER, "service")

    def cost(self, before: Price) -> Price:
        return before
