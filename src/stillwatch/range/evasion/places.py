"""From where: banned and replaced accounts, other ways to the model, stolen keys, and pools that several operators share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.cover import conversations
from stillwatch.range.campaigns.crew import PATHWAYS, hire
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.campaigns.swap import INHERITED, swap_banned
from stillwatch.range.evasion.move import PLACES, refuse, share
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground
from stillwatch.range.purpose import Purpose

__all__ = ["Pathways", "Replacement", "share_pool"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """A share of the accounts is banned at a part `at` of the window and replaced `lag_hours` later; `keeps` of their traits are shared.

    Cost: accounts, the share more (fewer when the lag is so long that some never speak); hours to an answer, for what falls past the
    window's end is lost (counted for an even pace).
    """

    share: float = 1.0
    at: float = 0.5
    lag_hours: float = 1.0
    keeps: tuple[str, ...] = ()
    stage: ClassVar[int] = PLACES

    def __post_init__(self) -> None:
        share("Replacement.share", self.share)
        share("Replacement.at", self.at)
        if self.lag_hours < 0:
            raise refuse("Replacement.lag_hours", self.lag_hours, "0 or more")
        for trait in self.keeps:
            if trait not in INHERITED:
                raise refuse("Replacement.keeps", repr(trait), f"some of {', '.join(INHERITED)}")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        if self.lag_hours >= plan.hours * (1.0 - self.at):
            raise refuse(
                "Replacement.lag_hours", self.lag_hours,
                f"below {plan.hours * (1.0 - self.at):.3g}, the hours left after the ban: the campaign would just end",
            )  # fmt: skip
        banned = np.sort(rng.permutation(len(plan.crew))[: round(self.share * len(plan.crew))])
        at = plan.start + round(self.at * plan.hours * HOUR)
        return swap_banned(plan, rng, banned, at=at, lag_hours=self.lag_hours, keeps=self.keeps)

    def cost(self, before: Price) -> Price:
        hours = before.hours * before.answers / 1000
        kept = 1.0 - self.share * self.lag_hours / hours
        accounts = before.accounts * (1.0 + self.share)
        return replace(before.spread_over(before.answers * kept), requests=before.requests, accounts=accounts / kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pathways:
    """Other ways to the model, by shares of accounts: API, cloud, aggregator, subscription seats, stolen keys of genuine customers.

    A stolen account has its owner's benign history of `history` requests first and the campaign's requests in the last `suffix` of the
    window only. Cost: outside, one for each stolen key; requests, accounts and hours stay.
    """

    shares: dict[str, float] = field(default_factory=lambda: {"api": 1.0})
    history: int = 20
    suffix: float = 0.25
    stage: ClassVar[int] = PLACES

    def __post_init__(self) -> None:
        for name, value in self.shares.items():
            if name not in PATHWAYS:
                raise refuse("Pathways.shares", repr(name), f"some of {', '.join(PATHWAYS)}")
            share(f"Pathways.shares[{name}]", value)
        if abs(sum(self.shares.values()) - 1.0) > 1e-9:
            raise refuse("Pathways.shares", f"shares that sum to {sum(self.shares.values()):g}", "1")
        if not 0.0 < self.suffix < 1.0:
            raise refuse("Pathways.suffix", self.suffix, "a share of the window over 0 and below 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        own = replace(plan.infrastructure, pathways=tuple(self.shares.items()))
        crew = hire(own, rng, len(plan.crew), group=plan.name)
        crew = replace(crew, group=plan.crew.group)
        stolen = crew.victim > 0
        plan = plan.but(crew=crew, infrastructure=own, outside=plan.outside + int(stolen.sum()))
        if not stolen.any():
            return plan
        rows, window = plan.rows, plan.end - plan.start
        late = plan.end - round(self.suffix * window)
        at = np.where(stolen[rows.who], late + ((rows.at - plan.start) * self.suffix).astype(np.int64), rows.at)
        counts = np.where(stolen, self.history, 0)
        before = conversations(
            ground, rng, counts, zone=crew.zone, fold=plan.fold, start=plan.start, hours=(late - plan.start) / HOUR,
            purpose=Purpose.BYSTANDER,
        )  # fmt: skip
        return plan.but(rows=replace(rows, at=np.minimum(at, plan.end - 1)).join(before))

    def cost(self, before: Price) -> Price:
        keys = round(self.shares.get("stolen", 0.0) * before.accounts * before.answers / 1000)
        return replace(before, outside=before.outside + keys / before.answers)


def share_pool(plans: Sequence[Plan], rng: np.random.Generator, *, cards: float = 0.5) -> tuple[Plan, ...]:
    """Put two or three operators on one proxy network: addresses, mail domains and a share of cards come from one common stock.

    Requests, accounts and truth stay each operator's own, so that a test of attribution has something to keep apart. It costs them
    nothing more than the network costs each; there is no number for that here.

    Raises:
        Error: for fewer than two or more than three plans, or two of one name.
    """
    if not 2 <= len(plans) <= 3:
        raise refuse("share_pool.plans", len(plans), "two or three operators")
    if len({plan.name for plan in plans}) < len(plans):
        raise refuse("share_pool.plans", "two of one name", "names that differ, for the truth to tell them apart")
    share("share_pool.cards", cards)
    stock = plans[0].crew.join(plans[1].crew)
    for plan in plans[2:]:
        stock = stock.join(plan.crew)
    out = []
    for plan in plans:
        n = len(plan.crew)
        drawn, other, paid = (rng.integers(0, len(stock), n).tolist() for _ in range(3))
        pays, few = (rng.random(n) < cards).tolist(), max(1, len(stock) // 10)
        columns = dict(plan.crew.facts)
        columns["payment"] = [
            stock.facts["payment"][paid[k] % few] if pays[k] else columns["payment"][k] for k in range(n)
        ]
        columns["registration"] = [stock.facts["registration"][k] for k in other]
        crew = replace(
            plan.crew, facts=columns, ip=[stock.ip[k] for k in drawn], other_ip=[stock.other_ip[k] for k in other]
        )
        out.append(
            plan.but(
                crew=crew, note="shares its proxy network with " + ", ".join(p.name for p in plans if p is not plan)
            )
        )
    return tuple(out)
