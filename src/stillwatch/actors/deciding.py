"""What is decided of each candidate: review, set aside or undecided, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.actors.population import HeldOut
from stillwatch.actors.tracking import Standing
from stillwatch.actors.weighing import Weighed, counted
from stillwatch.core import Decision, Vote
from stillwatch.core.settings import ActorSettings
from stillwatch.stats import e_bh

__all__ = ["Judged", "decide", "decided"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged(Weighed):
    """One candidate with everything that was found out about it, its name, and its evidence over time."""

    actor: int
    evidence: float | None
    looks: int
    threshold: float
    decision: Decision
    reason: str


def decide(
    weighed: Sequence[Weighed],
    actors: Sequence[int],
    standings: Sequence[Standing],
    others: Sequence[float],
    population: HeldOut,
    settings: ActorSettings,
) -> tuple[Judged, ...]:
    """Decide on every candidate, by e-BH over today's actors and all others that were ever tracked.

    Args:
        standings: evidence so far of each candidate.
        others: evidence of the actors that were tracked before and not seen today.
    """
    evidence = np.array([one.evidence or 0.0 for one in standings] + list(others), np.float64)
    shown = e_bh(evidence, q=settings.actor_fdr)
    out = []
    for place, (one, standing) in enumerate(zip(weighed, standings, strict=True)):
        decision, reason = decided(one, bool(shown.selected[place]), population, settings, waits=standing.waits)
        out.append(
            Judged(
                **{name: getattr(one, name) for name in Weighed.__slots__},
                actor=actors[place],
                evidence=standing.evidence,
                looks=standing.looks,
                threshold=float(shown.needed[place]),
                decision=decision,
                reason=reason,
            )
        )
    return tuple(out)


def decided(
    one: Weighed, shown: bool, population: HeldOut, settings: ActorSettings, *, waits: bool = False
) -> tuple[Decision, str]:
    """The decision on one candidate and why.

    Args:
        shown: whether its evidence passed.
        waits: whether an earlier scan of the same day was its look, so that what this one found counts later.
    """
    active = population.places(one.group.accounts).size
    if active < settings.least_members:
        needs = f"needs {settings.least_members}"
        return Decision.UNDECIDED, f"undecided: {active} members were active in the held-out hours, {needs}"
    if one.e_value is None:
        return (
            Decision.UNDECIDED,
            "undecided: places alone tie them, and nothing at hand tests whether they act together",
        )
    best = one.explanations[0]
    unchecked = [r.name.replace("_", " ") for r in one.explanations if not r.known]
    if best.fits:
        return Decision.SET_ASIDE, f"an innocent explanation fits, {best.name.replace('_', ' ')}: {best.why}"
    if waits and not shown:
        return (
            Decision.UNDECIDED,
            "undecided: an earlier scan of the same day of logs was its look; what was found since counts from the next day on",
        )
    if not shown:
        weak = [
            r for r in one.results if r.vote in (Vote.COORDINATION, Vote.STRUCTURAL) and (r.evidence.e_value or 0) < 20
        ]
        told = "; ".join(r.sentence for r in weak[:2]) or "the evidence stays below what this many candidates demand"
        return Decision.SET_ASIDE, f"not shown on held-out data: {told}"
    counts = counted(one.results)
    strong = [
        r.sentence
        for r in one.results
        if r.vote is not Vote.BEHAVIOURAL and r.test in counts and (r.evidence.e_value or 0) >= 20
    ]
    told = f"the evidence fits {one.group.accounts.size} accounts that act together and harvest: " + "; ".join(strong)
    return Decision.REVIEW, told + (f". Could not be checked: {', '.join(unchecked)}" if unchecked else "")
