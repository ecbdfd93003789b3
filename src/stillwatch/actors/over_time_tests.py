"""Tests of what the members do over the days of the log: they describe, and none decides alone."""

from __future__ import annotations

import numpy as np

from stillwatch.actors.actor_test import Told, actor_test, compared
from stillwatch.actors.candidate import Candidate
from stillwatch.actors.heads import REPLACED_WITHIN, heads, shifted_p
from stillwatch.actors.population import HeldOut
from stillwatch.actors.presence import synchrony
from stillwatch.core import Evidence, Support, Vote

__all__ = ["OVER_TIME_TESTS"]

_LEAST = 5
_LEAST_TOGETHER = 10
_LEAST_SPANS = 6
_DRAWS = 199


@actor_test(Vote.BEHAVIOURAL)
def replaced_heads(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """New members begin soon after others stop, as when banned accounts are replaced.

    Value: share of the new members that began within a day after another had stopped. Misled by shifts, terms and weekends, at which
    many people stop and others begin; an operator who waits is not seen.
    """
    at = np.flatnonzero(np.isin(population.everyone, candidate.accounts))
    exchanges = np.array([population.totals[int(a)][0] for a in population.everyone[at]], np.int64)
    found = heads(population.begun[at], population.ended[at], exchanges, until=int(population.ended.max()))
    n = int(found.fresh.sum())
    if not n:
        return None
    value = int((found.replaces >= 0).sum()) / n
    p_value, expected = shifted_p(found, rng) if n >= _LEAST else (None, None)
    half = found.half_life()
    return Told(
        supports=Support.HARVEST if p_value is not None and p_value <= 0.01 else Support.NEITHER,
        evidence=Evidence(
            value=value,
            n=n,
            p_value=p_value,
            e_value=None,
            null="new members begin whenever they do, whether or not others have just stopped",
            method="shifts of all beginnings together, 199 draws",
            needed=None if n >= _LEAST else _LEAST,
        ),
        expected=expected,
        sentence=f"{int(found.stopped.sum())} of {at.size} members stopped, {n} began after the first of them did, "
        f"{int((found.replaces >= 0).sum())} of these within {REPLACED_WITHIN // 3_600_000_000} hours after another stopped"
        + ("" if half is None else f"; half of the members stop within {half[0]:.1f} days"),
    )


@actor_test(Vote.BEHAVIOURAL)
def release_pivot(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members move to a newly launched model on its first day, far more than others do. Enthusiasts and routers do, too.

    Value: share of the members' held-out exchanges in the 24 hours after a launch that go to the launched model.
    """
    if np.isnan(population.pivoted).all():
        return None
    return compared(
        candidate,
        population,
        rng,
        scores=population.compared("pivoted"),
        words="of held-out exchanges on the first day of a launched model go to it",
    )


@actor_test(Vote.BEHAVIOURAL)
def same_hours(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members start and stop together, or take turns, as one schedule makes them. A course that meets does so, too.

    Value: how far the numbers of members at work, hour by hour, stray from those of accounts as busy and of the same product type:
    squared difference over variance, about 1 among people who come and go alone. An operator can spread the work over the day; members
    of one time zone or one firm keep hours together for an innocent reason.
    """
    members, kept = population.places(candidate.accounts), population.presence
    if members.size < _LEAST_TOGETHER or kept.at_work.shape[1] < _LEAST_SPANS:
        return None
    value, drawn = synchrony(kept, members, _DRAWS, rng)
    p_value = (1 + int((drawn >= value).sum())) / (1 + drawn.size)
    expected = float(np.median(drawn))
    return Told(
        supports=Support.HARVEST if p_value <= 0.01 and value >= 2 * expected else Support.NEITHER,
        evidence=Evidence(
            value=value,
            n=int(members.size),
            p_value=p_value,
            e_value=None,
            null="the members keep the hours of random accounts as busy and of the same product type, each for itself",
            method=f"random groups, {_DRAWS} draws",
        ),
        expected=expected,
        sentence=f"the number of members at work strays {value:.1f} times as far from that of accounts as busy as chance explains; "
        f"{expected:.1f} times in random groups",
    )


OVER_TIME_TESTS = (replaced_heads, release_pivot, same_hours)
"""In the order they run."""
