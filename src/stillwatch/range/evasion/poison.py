"""Calibration poisoning: accounts that harvest a little in the time from which the detector learns what is ordinary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.cover import conversations
from stillwatch.range.campaigns.crew import hire
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.evasion.move import PLACES, refuse
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground
from stillwatch.range.purpose import Purpose

__all__ = ["CalibrationPoisoning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationPoisoning:
    """Sleepers make up a share `contamination` of the calibration's accounts, of which `population` are honest.

    In the first `early` of the window each sends `each` requests, `hot` of them in the campaign's own wording; the campaign itself
    is pressed into the rest of the window. Cost: accounts, contamination / (1 - contamination) x population; requests, `each` for each of
    them. What sleepers harvest counts as useless, for it is asked again later. The group in the truth is the campaign's with /sleepers.
    """

    contamination: float
    population: int
    each: int = 8
    hot: float = 0.5
    early: float = 0.5
    stage: ClassVar[int] = PLACES

    def __post_init__(self) -> None:
        if not 0.0 < self.contamination < 0.5:
            raise refuse(
                "CalibrationPoisoning.contamination",
                self.contamination,
                "over 0 and below 0.5: at half it is no contamination",
            )
        if self.population < 1 or self.each < 1:
            raise refuse("CalibrationPoisoning.population, each", (self.population, self.each), "at least 1 each")
        for name, value in (("hot", self.hot), ("early", self.early)):
            if not 0.0 < value < 1.0:
                raise refuse(f"CalibrationPoisoning.{name}", value, "a share over 0 and below 1")

    @property
    def sleepers(self) -> int:
        """Accounts that sleep."""
        return max(1, round(self.contamination / (1.0 - self.contamination) * self.population))

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        window = plan.end - plan.start
        border = plan.start + round(self.early * window)
        rows = plan.rows
        squeezed = border + ((rows.at - plan.start) * (1.0 - self.early)).astype(np.int64)
        rows = replace(rows, at=squeezed)
        size, first = self.sleepers, len(plan.crew)
        hot = max(1, round(self.hot * self.each))
        model = np.flatnonzero(rows.having(Purpose.HARVEST))
        copied = rows.take(rng.choice(model, hot * size))
        n = len(copied)
        copied = replace(
            copied,
            who=first + np.repeat(np.arange(size), hot),
            at=plan.start + rng.integers(0, max(1, border - plan.start), n),
            purpose=np.full(n, int(Purpose.POISON)),
            talk=np.arange(n),
            before=np.full(n, -1),
        )
        crew = hire(plan.infrastructure, rng, size, group=f"{plan.name}/sleepers")
        rows = rows.join(copied)
        if self.each > hot:
            hours = (border - plan.start) / HOUR
            other = conversations(
                ground, rng, np.full(size, self.each - hot), zone=crew.zone, fold=plan.fold, start=plan.start, hours=hours
            )  # fmt: skip
            rows = rows.join(replace(other, who=other.who + first))
        return plan.but(crew=plan.crew.join(crew), rows=rows)

    def cost(self, before: Price) -> Price:
        spent = self.sleepers * self.each
        return replace(
            before,
            requests=before.requests + spent / before.answers,
            accounts=before.accounts + 1000 * self.sleepers / before.answers,
        )
