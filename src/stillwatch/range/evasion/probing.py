"""Attackers that measure: known-answer tests for degraded answers, and a search for the threshold with the provider's reaction as
feedback."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.campaigns.families import FAMILIES, NUMBERS, write
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.evasion.move import TRAFFIC, refuse, share
from stillwatch.range.evasion.price import Price, price
from stillwatch.range.ground import Ground
from stillwatch.range.purpose import PAID

__all__ = ["Feedback", "KnownAnswerTests", "Probed", "Trial", "halving", "probe_threshold"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownAnswerTests:
    """A share of all paid requests are questions with known answers, sent at even times, to tell degraded answers from an outage.

    Cost: requests, one over (1 - share) times as many. Accounts and hours stay.
    """

    share: float = 0.01
    stage: ClassVar[int] = TRAFFIC

    def __post_init__(self) -> None:
        share("KnownAnswerTests.share", self.share, whole=False)

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        paid = int(plan.rows.having(*PAID).sum())
        size = round(paid * self.share / (1.0 - self.share))
        number = NUMBERS["known"]
        rows = write(FAMILIES[number], ground, rng, size, plan.fold, number, plan.rows.text[:0])
        window = max(1, plan.end - plan.start)
        at = plan.start + (np.arange(size) * window) // max(1, size)
        who = rng.permutation(len(plan.crew))[np.arange(size) % len(plan.crew)]
        return plan.but(rows=plan.rows.join(replace(rows, at=at, who=who)))

    def cost(self, before: Price) -> Price:
        return replace(before, requests=before.requests / (1.0 - self.share))


class Feedback(Protocol):
    """What an operator sees of the provider's decisions: which of the plan's accounts were stopped.

    A study answers it by sending the plan into a world, scanning it and comparing; with delayed or batched actions it answers what the
    operator would see by then, so that their worth can be measured.
    """

    def stopped(self, plan: Plan) -> NDArray[np.bool_]:
        """One entry for each account of the plan: whether it was acted on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One try of the search: the knob's value, the share of accounts stopped, and what was spent on it."""

    knob: float
    stopped: float
    requests: int
    accounts: int
    answers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """What a search found: the boldest value at which few enough accounts were stopped (None if there is none), every try, and the plan.

    Cost: `requests` and `accounts` were spent on tries, accounts counting only those that were stopped; `answers` were harvested on the
    way.
    """

    knob: float | None
    plan: Plan | None
    trials: tuple[Trial, ...]

    @property
    def requests(self) -> int:
        """Requests spent on all tries."""
        return sum(t.requests for t in self.trials)

    @property
    def accounts(self) -> int:
        """Accounts lost in all tries."""
        return sum(round(t.stopped * t.accounts) for t in self.trials)

    @property
    def answers(self) -> int:
        """Useful answers harvested in all tries."""
        return sum(t.answers for t in self.trials)


def halving(low: float, high: float, tries: int) -> Generator[float, bool, None]:
    """Values to try between `low` (cautious) and `high` (bold); `send` says of each whether it went unpunished, then bolder ones follow.

    The range is halved on a logarithmic scale, as a query search against a filter does (OARS halves likewise).

    >>> search = halving(1, 256, 3)
    >>> [round(next(search)), round(search.send(True)), round(search.send(False))]
    [16, 64, 32]
    """
    if not 0 < low < high:
        raise refuse("probe_threshold.low, high", (low, high), "0 < low < high")
    if tries < 1:
        raise refuse("probe_threshold.tries", tries, "at least 1")
    bottom, top = np.log(low), np.log(high)
    for _ in range(tries):
        middle = (bottom + top) / 2
        fine = yield float(np.exp(middle))
        bottom, top = (middle, top) if fine else (bottom, middle)


def probe_threshold(
    make: Callable[[float, np.random.Generator], Plan],
    feedback: Feedback,
    rng: np.random.Generator,
    *,
    low: float,
    high: float,
    tolerated: float = 0.05,
    tries: int = 8,
) -> Probed:
    """Search for the boldest knob between `low` (cautious) and `high` (bold) at which at most `tolerated` of the accounts are stopped.

    `make` builds a plan for a value, with new accounts each time. The range is halved `tries` times (`halving`); each try is really sent
    and is paid for.
    """
    share("probe_threshold.tolerated", tolerated)
    search = halving(low, high, tries)
    knob = next(search)
    trials: list[Trial] = []
    best: tuple[float, Plan] | None = None
    for stream in rng.spawn(tries):
        plan = make(knob, stream)
        lost = feedback.stopped(plan)
        if len(lost) != len(plan.crew):
            raise refuse(
                "Feedback.stopped", f"{len(lost)} entries", f"{len(plan.crew)}, one for each account of the plan"
            )
        spent = price(plan)
        rate = float(lost.mean()) if len(lost) else 0.0
        requests = int(plan.rows.having(*PAID).sum())
        trials.append(Trial(knob=knob, stopped=rate, requests=requests, accounts=len(plan.crew), answers=spent.answers))
        if rate <= tolerated:
            best = knob, plan
        if len(trials) < tries:
            knob = search.send(rate <= tolerated)
    return Probed(knob=best[0] if best else None, plan=best[1] if best else None, trials=tuple(trials))
