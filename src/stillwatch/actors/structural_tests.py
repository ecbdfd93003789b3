"""Tests of whether the members act together, and of whether they ask for what trains a copy or share instruments."""

from __future__ import annotations

import numpy as np

from stillwatch.actors.actor_test import Told, actor_test, compared
from stillwatch.actors.candidate import Candidate
from stillwatch.actors.comparison import Comparison
from stillwatch.actors.population import HeldOut
from stillwatch.actors.work_pattern import without_busiest
from stillwatch.core import Support, Vote
from stillwatch.stats import tiling as divided
from stillwatch.text import ITEM_BITS, sets

__all__ = ["STRUCTURAL_TESTS"]


@actor_test(Vote.COORDINATION)
def template_persists(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members go on sending the candidate's templates in hours that were not used to find them.

    Misled by any shared template, a public harness or a course among them: it shows a tie, not a harvest.
    """
    if "family" not in candidate.found_by:
        return None
    return compared(
        candidate,
        population,
        rng,
        scores=Comparison(candidate.carried, population.bin),
        words="of held-out exchanges carry its templates",
    )


@actor_test(Vote.STRUCTURAL)
def elicitation(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members ask for what trains a copy: written-out reasoning, grading by rubric, tasks, cleaned traces.

    Misled by evaluation suites, judges of own products and researchers, who ask the same: see the lookalikes.
    """
    return compared(
        candidate,
        population,
        rng,
        clears=True,
        scores=population.compared("elicited"),
        words="of held-out exchanges ask for reasoning, grades or training data",
    )


@actor_test(Vote.STRUCTURAL)
def open_requests(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members ask for worked reasoning or for grades far more than others do, in words that anybody might use.

    Counted only where the members behave like a queue (`like_a_queue`): courses, tutors and evaluation suites ask the same.
    """
    return compared(
        candidate,
        population,
        rng,
        scores=population.compared("asked"),
        words="of held-out exchanges ask for worked reasoning, grades or training data",
    )


@actor_test(Vote.STRUCTURAL)
def known_items(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members ask items of public question sets through, for which graded answers exist.

    Counted only where the members behave like a queue: evaluators and courses ask the same. Paraphrased items are not told.
    """
    return compared(
        candidate,
        population,
        rng,
        scores=population.compared("known_items"),
        words="of held-out exchanges hold an item of a public question set",
    )


@actor_test(Vote.STRUCTURAL)
def tiling(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members divide a public question set among themselves: hardly two of them ask the same item.

    Tested on the set that they ask most of, without the busiest hundredth of those who ask known items: an evaluator who got into the
    group asks all of a set and meets everybody. Counted only where the members behave like a queue. Misled by a course that assigns each
    student items of their own; a few items asked twice on purpose hide a queue.
    """
    asked = np.flatnonzero(candidate.item >= 0)
    if not asked.size:
        return None
    who, times = np.unique(candidate.account[asked], return_counts=True)
    asked = asked[np.isin(candidate.account[asked], who[without_busiest(times)])]
    if not asked.size:
        return None
    number, times = np.unique(candidate.item[asked] >> ITEM_BITS, return_counts=True)
    chosen = sets()[int(number[times.argmax()])]
    own = asked[candidate.item[asked] >> ITEM_BITS == chosen.number]
    found = divided(candidate.account[own], candidate.item[own], set_size=chosen.items)
    p_value = found.evidence.p_value
    shown = p_value is not None and p_value <= 0.01
    return Told(
        supports=Support.HARVEST if shown else Support.NEITHER,
        evidence=found.evidence,
        expected=1.0,
        sentence=f"{found.repeats:,} of {found.asked:,} items of {chosen.name} ({chosen.items:,} items) were asked by a second member; "
        f"{found.expected:,.0f} if each had chosen alone",
    )


@actor_test(Vote.STRUCTURAL)
def shared_instruments(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members hold payment instruments or devices of three organisations and more, far oftener than random accounts do.

    One organisation that pays for its people is no sharing, nor are two people with one card. Not run where such sharing found the
    candidate. Misled by resellers and schools whose people sign up one by one.
    """
    if candidate.found_by & {"payment", "device"}:
        return None
    return compared(
        candidate,
        population,
        rng,
        scores=population.compared("shares"),
        words="of members hold a payment instrument or device that accounts of two other organisations hold, too",
    )


@actor_test(Vote.STRUCTURAL)
def replayed_reasoning(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Told | None:
    """The members send reasoning signatures that the provider had given to accounts of other organisations.

    Only signatures that tied nobody in the discovery slice count, and only where both organisations are known. Not run where replays
    found the candidate: who replays in one slice does so in the other. Misled by a proxy or a reseller that spreads one conversation over
    accounts of several organisations, and by a published example that holds a signature.
    """
    if "artifact" in candidate.found_by or np.isnan(population.moved).all():
        return None
    return compared(
        candidate,
        population,
        rng,
        scores=population.compared("moved"),
        words="of members send reasoning signatures that accounts of other organisations were given",
    )


STRUCTURAL_TESTS = (
    template_persists,
    elicitation,
    open_requests,
    known_items,
    tiling,
    shared_instruments,
    replayed_reasoning,
)
"""In the order they run."""
