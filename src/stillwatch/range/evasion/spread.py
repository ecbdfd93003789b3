"""How requests are dealt to accounts: many accounts, a cap on each, unequal loads, short lives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range import facts
from stillwatch.range.campaigns.crew import hire
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.campaigns.swap import INHERITED, recruit
from stillwatch.range.evasion.move import ACCOUNTS, refuse
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground, Ints

__all__ = ["Cap", "Churn", "LognormalLoads", "Split", "deal"]


def deal(plan: Plan, rng: np.random.Generator, size: int) -> Plan:
    """Deal the plan's conversations round and round to `size` accounts, hiring or dismissing as needed; times stay as they are."""
    rows = plan.rows
    crew = plan.crew
    if size > len(crew):
        crew = crew.join(hire(plan.infrastructure, rng, size - len(crew), group=plan.name))
    elif size < len(crew):
        crew = crew.take(np.sort(rng.choice(len(crew), size, replace=False)))
    talks, of = np.unique(rows.talk, return_inverse=True)
    first = np.zeros(len(talks), np.int64)
    first[of] = rows.begun()
    turn = np.empty(len(talks), np.int64)
    turn[np.argsort(first, kind="stable")] = np.arange(len(talks))
    return plan.but(crew=crew, who=rng.permutation(size)[turn % size][of].astype(np.int64))


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Round-robin split over a number of accounts at an unchanged total.

    Cost: accounts only, as many as are asked for; requests and hours stay.
    """

    accounts: int
    stage: ClassVar[int] = ACCOUNTS

    def __post_init__(self) -> None:
        if self.accounts < 1:
            raise refuse("Split.accounts", self.accounts, "at least 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        talks = len(np.unique(plan.rows.talk))
        if self.accounts > talks:
            raise refuse(
                "Split.accounts",
                self.accounts,
                f"at most {talks}, one for each request: an account without one is none",
            )
        return deal(plan, rng, self.accounts)

    def cost(self, before: Price) -> Price:
        return replace(before, accounts=1000 * self.accounts / before.answers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """At most so many requests an account, at an unchanged total.

    Cost: accounts, the total of requests over the cap, rounded up; requests and hours stay.
    """

    requests: int
    stage: ClassVar[int] = ACCOUNTS

    def __post_init__(self) -> None:
        if self.requests < 1:
            raise refuse("Cap.requests", self.requests, "at least 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        return deal(plan, rng, -(-len(plan) // self.requests))

    def cost(self, before: Price) -> Price:
        total = round(before.requests * before.answers)
        return replace(before, accounts=1000 * -(-total // self.requests) / before.answers)


@dataclass(frozen=True, kw_only=True, slots=True)
class LognormalLoads:
    """Loads as unequal as those of people: the same total over the same accounts, by weights of a lognormal with this sigma.

    Every account keeps one request at least. Cost: none in requests, accounts or hours; the busiest account shows more (`Price.busiest`).
    """

    sigma: float
    stage: ClassVar[int] = ACCOUNTS

    def __post_init__(self) -> None:
        if not 0 < self.sigma <= 4:
            raise refuse("LognormalLoads.sigma", self.sigma, "over 0 and up to 4: beyond, one account holds nearly all")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        people = len(plan.crew)
        talks, of = np.unique(plan.rows.talk, return_inverse=True)
        weight = rng.lognormal(0.0, self.sigma, people)
        rest = rng.choice(people, max(0, len(talks) - people), p=weight / weight.sum())
        owner = rng.permutation(np.concatenate([np.arange(people)[: len(talks)], rest]))
        return plan.but(who=owner[of].astype(np.int64)).used()

    def cost(self, before: Price) -> Price:
        return before


@dataclass(frozen=True, kw_only=True, slots=True)
class Churn:
    """Accounts live for so many requests and are then replaced; `keeps` of an account's traits pass to the next.

    Cost: accounts, for each account its load over the lifetime, rounded up (counted at equal loads); requests and hours stay.
    """

    lifetime: int
    keeps: tuple[str, ...] = ()
    stage: ClassVar[int] = ACCOUNTS

    def __post_init__(self) -> None:
        if self.lifetime < 1:
            raise refuse("Churn.lifetime", self.lifetime, "at least 1 request")
        for trait in self.keeps:
            if trait not in INHERITED:
                raise refuse("Churn.keeps", repr(trait), f"some of {', '.join(INHERITED)}")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        life = _rank_within(rows.who, rows.begun(), rows.talk) // self.lifetime
        born, of = np.unique(rows.who * (int(life.max()) + 1) + life, return_inverse=True)
        owner, age = born // (int(life.max()) + 1), born % (int(life.max()) + 1)
        new = recruit(plan, rng, owner, keeps=self.keeps)
        first = np.full(len(born), np.iinfo(np.int64).max)
        np.minimum.at(first, of, rows.at)
        later = np.flatnonzero(age > 0)
        crew = plan.crew.take(owner[age == 0])
        for k in later.tolist():
            new.facts["created"][k] = facts.stamp(int(first[k]) - 600_000_000)
        place = np.empty(len(born), np.int64)
        place[age == 0] = np.arange(int((age == 0).sum()))
        place[later] = int((age == 0).sum()) + np.arange(len(later))
        return plan.but(crew=crew.join(new.take(later)), who=place[of].astype(np.int64))

    def cost(self, before: Price) -> Price:
        load = max(1, round(1000 * before.requests / before.accounts))
        return replace(before, accounts=before.accounts * -(-load // self.lifetime))


def _rank_within(who: Ints, at: Ints, talk: Ints) -> Ints:
    """The place of each row among those of its account, in order of time; rows of a conversation stay together on its first row's place."""
    order = np.lexsort((np.arange(len(who)), talk, at, who))
    starts = np.flatnonzero(np.diff(who[order], prepend=-1))
    place = np.arange(len(who)) - np.repeat(starts, np.diff(np.append(starts, len(who))))
    rank = np.empty(len(who), np.int64)
    rank[order] = place
    _, of = np.unique(talk, return_inverse=True)
    lowest = np.full(int(of.max()) + 1 if len(of) else 0, np.iinfo(np.int64).max)
    np.minimum.at(lowest, of, rank)
    return lowest[of]
