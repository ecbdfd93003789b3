"""Tests of how the members behave: they describe, an operator can forge them, and none decides alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.actors.actor_test import Told, actor_test, compared
from stillwatch.actors.candidate import Candidate
from stillwatch.actors.comparison import Comparison
from stillwatch.actors.population import NEW_DAYS, HeldOut
from stillwatch.actors.work_pattern import dealt_lifts, dispersion, drawn_dispersions
from stillwatch.core import Evidence, Support, Vote
from stillwatch.stats import hour_shape

__all__ = ["BEHAVIOUR_TESTS"]

Ints = npt.NDArray[np.int64]

_DRAWS = 499
_DEALT = 20_000
"""Exchanges whose topics are dealt out again; dealing more costs much and shows nothing new."""
_SCHEDULED = 2.0
_RHYTHM = 0.1
"""Mean resultant length of hours below which they count as flat."""


@actor_test(Vote.BEHAVIOURAL)
def single_turn(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members ask once and never follow up, unlike people. Pipelines do the same; an operator can forge turns."""
    return compared(
        candidate,
        population,
        rng,
        floor=0.0,
        clears=True,
        scores=Comparison(candidate.single, population.bin),
        words="of held-out exchanges with its templates have no earlier turn",
    )


@actor_test(Vote.BEHAVIOURAL)
def newcomers(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members' accounts are younger than those of others as busy: opened for the job. Courses and launches are young too."""
    if np.isnan(population.young).all():
        return None
    return compared(
        candidate,
        population,
        rng,
        floor=0.0,
        scores=population.compared("young"),
        words=f"of members were opened within {NEW_DAYS} days before the log",
    )


@actor_test(Vote.BEHAVIOURAL)
def equal_loads(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members carry equal shares of the work, as a scheduler deals it; people's differ by orders of magnitude.

    Value: variance over mean of the held-out exchanges that a member spends on the candidate's templates (on anything, where no
    template holds it), the busiest hundredth left out: few strangers must not speak for a group. A scheduler gives about 1, and hours
    that fall by chance on either slice up to about 2. An operator can forge it.
    """
    loads = candidate.uses if "family" in candidate.found_by else candidate.loads
    if loads.size < 10 or not loads.any():
        return None
    everyone = population.loads
    value = dispersion(loads)
    enough = everyone.size >= 2 * loads.size
    drawn = drawn_dispersions(everyone, loads.size, _DRAWS, rng) if enough else np.empty(0)
    # A part of a load is more even than the whole: thinning by q takes a ratio D to 1 - q + q D.
    part = min(1.0, float(loads.mean()) / max(float(everyone.mean()), 1e-9)) if enough else 1.0
    drawn = 1 - part + part * drawn
    p_value = (1 + int((drawn <= value).sum())) / (1 + drawn.size) if enough else None
    expected = float(np.median(drawn)) if enough else None
    evidence = Evidence(
        value=value,
        n=int(loads.size),
        p_value=p_value,
        e_value=None,
        null="the members' shares differ as much as equal parts of random accounts' loads",
        method=f"random groups, {drawn.size} draws",
        needed=None if enough else 2 * int(loads.size),
    )
    supports = Support.NEITHER
    if p_value is not None and p_value <= 0.01 and value <= _SCHEDULED:
        supports = Support.HARVEST
    elif value > 20:
        supports = Support.INNOCENT
    beside = f"; {expected:.1f} in random groups of accounts" if expected is not None else ""
    return Told(
        supports=supports,
        evidence=evidence,
        expected=expected,
        sentence=f"variance over mean of the members' shares of the work is {value:.1f}{beside}",
    )


@actor_test(Vote.BEHAVIOURAL)
def around_the_clock(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members work through the night as schedulers do; people's requests follow their day, even from several time zones.

    Value: mean resultant length of the hours at which members were at work (0 flat, 1 one hour of the day), each member counted
    once an hour, over the whole days of the log. It describes and counts for nothing: an operator can keep office hours
    on purpose, and a job that runs for half a day keeps a rhythm as sharp as people's.
    """
    hours = population.whole_days
    inside = (candidate.hour >= hours.start) & (candidate.hour < hours.stop)
    at_work = _each_once(candidate.account[inside], candidate.hour[inside])[1] % 24
    if at_work.size < 10:
        return None
    shape = hour_shape(np.bincount(at_work, minlength=24), bound=_RHYTHM)
    supports = Support.NEITHER
    if (shape.rhythm.p_value or 1.0) <= 0.01 and shape.resultant >= _RHYTHM:
        supports = Support.INNOCENT
    elif shape.flat.p_value is not None and shape.flat.p_value <= 0.01:
        supports = Support.HARVEST
    return Told(
        supports=supports,
        evidence=shape.flat,
        sentence=f"the {at_work.size:,} hours at which members were at work have a resultant length of {shape.resultant:.2f} (0 is flat)",
    )


@actor_test(Vote.BEHAVIOURAL)
def distinct_prompts(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """No two members ask the same: a job queue hands out each item once. Courses and quick-starts give everybody the same.

    An account's own repetitions are not counted: best-of-n asks the same on purpose.
    """
    asked = _each_once(candidate.account, candidate.prompt)[1]
    if asked.size < 20:
        return None
    value = np.unique(asked).size / asked.size
    supports = (
        Support.INNOCENT if value < 0.6 else Support.HARVEST if value >= 0.95 and asked.size >= 50 else Support.NEITHER
    )
    return Told(
        supports=supports,
        evidence=Evidence(
            value=value,
            n=asked.size,
            p_value=None,
            e_value=None,
            null="no test: a share that describes",
            method="share",
        ),
        sentence=f"{value:.0%} of {asked.size} prompts that members sent in its templates in held-out hours are distinct",
    )


@actor_test(Vote.BEHAVIOURAL)
def topic_continuity(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """Customers keep to their own subjects; a job queue deals topics out at random.

    Value: how much likelier two exchanges of one account are to share a topic cell than two of different accounts, every account
    weighing the same. Much of it speaks for many customers behind one template. Little of it proves nothing: cells are coarse and a
    shared scaffold fills them. Where there are very many exchanges, the first of them in the order of their ids, which is no order,
    stand for all.
    """
    if candidate.cell.size < 40 or np.unique(candidate.account).size < 5:
        return None
    value, drawn = dealt_lifts(candidate.account[:_DEALT], candidate.cell[:_DEALT], 99, rng)
    p_value = (1 + int((drawn >= value).sum())) / (1 + drawn.size)
    supports = Support.INNOCENT if p_value <= 0.01 and value >= 0.05 else Support.NEITHER
    evidence = Evidence(
        value=value,
        n=min(candidate.cell.size, _DEALT),
        p_value=p_value,
        e_value=None,
        null="topics are dealt out to the members at random",
        method="permutation of topics, 99 draws",
    )
    return Told(
        supports=supports,
        evidence=evidence,
        expected=0.0,
        sentence=f"two exchanges of one member share a topic {value:+.1%} more often than two of different members",
    )


def _each_once(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The distinct pairs, in order."""
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    first = np.append(True, (one[1:] != one[:-1]) | (other[1:] != other[:-1]))[: one.size]
    return one[first], other[first]


BEHAVIOUR_TESTS = (single_turn, newcomers, equal_loads, around_the_clock, distinct_prompts, topic_continuity)
"""In the order they run."""
