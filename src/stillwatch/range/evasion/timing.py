"""When requests arrive: human hours, jitter, a slow trickle, the shape of the onset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range import facts
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.evasion.move import TIMES, refuse
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.purpose import PAID
from stillwatch.range.rhythm import PROFILES

__all__ = ["HumanHours", "Jitter", "LowAndSlow", "Onset"]


def _shifted(plan: Plan, begun: Ints) -> Plan:
    """Conversations moved to new beginnings, given row by row; the pauses in them stay, and nothing leaves the window."""
    rows = plan.rows
    lasts = rows.at - rows.begun()
    end = plan.end - 1
    _, of = np.unique(rows.talk, return_inverse=True)
    longest = np.zeros(int(of.max()) + 1 if len(of) else 0, np.int64)
    np.maximum.at(longest, of, lasts)
    start = np.maximum(plan.start, np.minimum(begun, end - longest[of]))
    return plan.but(at=np.minimum(start + lasts, end))


def _by_talk(plan: Plan, values: Ints) -> Ints:
    """The value of the first row of each conversation, for all its rows."""
    _, first, of = np.unique(plan.rows.talk, return_index=True, return_inverse=True)
    found: Ints = values[first][of]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanHours:
    """Requests at the hours at which people of the account's zone are awake, by a profile of `rhythm.PROFILES`.

    With `squeeze` the same number is asked within the waking hours and the peak rises. Without, the peak hour stays at the flat queue's
    rate and what does not fit is left out. Cost: with `squeeze` none (see `Price.peak`); without, requests a thousand stay and hours and
    accounts to an answer rise by peak over mean of the profile, counted in one zone.
    """

    profile: str = "evening"
    squeeze: bool = True
    stage: ClassVar[int] = TIMES

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise refuse("HumanHours.profile", repr(self.profile), f"one of {', '.join(PROFILES)}")

    @property
    def crowding(self) -> float:
        """Peak over mean of the profile's hours."""
        hours = PROFILES[self.profile]
        return 24.0 * max(hours) / sum(hours)

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        if plan.hours < 23.9:
            raise refuse(
                "HumanHours", f"a window of {plan.hours:.1f} hours", "at least a day: fewer hours have no day and night"
            )
        rows = plan.rows
        clock = ground.clock.times(rng, self.profile, plan.crew.zone[rows.who])
        days = max(1, int(plan.hours // 24))
        at = plan.start + (clock - plan.start) % (24 * HOUR) + rng.integers(0, days, len(rows)) * 24 * HOUR
        plan = _shifted(plan, _by_talk(plan, at))
        if self.squeeze:
            return plan
        kept = _by_talk(plan, (rng.random(len(plan)) < 1.0 / self.crowding).astype(np.int64)) > 0
        return plan.but(rows=plan.rows.take(kept))

    def cost(self, before: Price) -> Price:
        if self.squeeze:
            return before
        return replace(before, hours=before.hours * self.crowding, accounts=before.accounts * self.crowding)


@dataclass(frozen=True, kw_only=True, slots=True)
class Jitter:
    """Each conversation waits a random while, exponential with this mean in minutes.

    Cost: none in requests or accounts; answers come later by the mean, which is no more hours a thousand.
    """

    minutes: float
    stage: ClassVar[int] = TIMES

    def __post_init__(self) -> None:
        if not self.minutes > 0:
            raise refuse("Jitter.minutes", self.minutes, "over 0")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        if self.minutes > 60 * plan.hours:
            raise refuse("Jitter.minutes", self.minutes, f"at most the window's {60 * plan.hours:.0f}")
        wait = (rng.exponential(self.minutes * 60e6, len(plan))).astype(np.int64)
        begun = plan.rows.begun() - plan.start + _by_talk(plan, wait)
        return _shifted(plan, plan.start + begun % max(1, plan.end - plan.start))

    def cost(self, before: Price) -> Price:
        return before


@dataclass(frozen=True, kw_only=True, slots=True)
class LowAndSlow:
    """So many hours to a thousand requests over all accounts; what does not fit the window is left for later ones.

    Cost: hours and accounts to an answer rise as the rate falls; requests stay.
    """

    hours_per_1000: float
    stage: ClassVar[int] = TIMES

    def __post_init__(self) -> None:
        if not self.hours_per_1000 > 0:
            raise refuse("LowAndSlow.hours_per_1000", self.hours_per_1000, "over 0")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        fit = round(1000 * plan.hours / self.hours_per_1000)
        paid = plan.rows.having(*PAID)
        if fit > int(paid.sum()):
            raise refuse(
                "LowAndSlow.hours_per_1000", self.hours_per_1000,
                f"at least {1000 * plan.hours / max(1, int(paid.sum())):.3g}, the plan's own pace: this would be faster",
            )  # fmt: skip
        keep = paid.copy()
        keep[rng.permutation(np.flatnonzero(paid))[fit:]] = False
        return plan.but(rows=plan.rows.take(keep | ~paid))

    def cost(self, before: Price) -> Price:
        total = before.requests * before.answers
        pace = 1000 * (before.hours * before.answers / 1000) / total
        slower = self.hours_per_1000 / pace
        return replace(before, hours=before.hours * slower, accounts=before.accounts * slower)


@dataclass(frozen=True, kw_only=True, slots=True)
class Onset:
    """The shape of the beginning. Instant: full rate at once, from accounts opened just before. Ramp: the rate grows evenly from nothing,
    from accounts of ordinary age. Launch: a share `moved` waits for the launch of a model and goes to it within a day.

    Cost: none in requests, accounts or hours; ramp and launch raise the peak.
    """

    shape: str
    moved: float = 0.5
    stage: ClassVar[int] = TIMES

    def __post_init__(self) -> None:
        if self.shape not in ("instant", "ramp", "launch"):
            raise refuse("Onset.shape", repr(self.shape), "one of instant, ramp, launch (a day's shape is HumanHours)")
        if not 0.0 < self.moved <= 1.0:
            raise refuse("Onset.moved", self.moved, "a share over 0 and up to 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        window = plan.end - plan.start
        place = rng.random(len(plan))
        if self.shape == "launch":
            if not plan.start <= ground.launch < plan.end:
                raise refuse("Onset.shape", "launch", "a window that holds the launch")
            chosen = _by_talk(plan, (place < self.moved).astype(np.int64)) > 0
            again = ground.launch + (rng.random(len(plan)) * (plan.end - ground.launch)).astype(np.int64)
            waits = chosen & (plan.rows.begun() < ground.launch)
            plan = _shifted(plan, np.where(waits, _by_talk(plan, again), plan.rows.begun()))
            return plan.but(model=np.where(chosen & (plan.rows.at >= ground.launch), 2, plan.rows.model))
        at = (np.sqrt(place) if self.shape == "ramp" else place) * window
        plan = _shifted(plan, _by_talk(plan, plan.start + at.astype(np.int64)))
        if self.shape == "instant":
            first = np.full(len(plan.crew), plan.end)
            np.minimum.at(first, plan.rows.who, plan.rows.at)
            opened = [facts.stamp(int(t) - 900_000_000) for t in first.tolist()]
            crew = replace(plan.crew, facts={**plan.crew.facts, "created": opened})
            return plan.but(crew=crew)
        return plan

    def cost(self, before: Price) -> Price:
        return before
