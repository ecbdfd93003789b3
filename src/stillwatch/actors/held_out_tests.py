"""Tests of one candidate actor on the test slice, which was not used to find it. One function a test.

Every test compares the members with random groups of accounts that were as busy (`Comparison`). The e-values hold under the
null that the members are such a random group. Two null hypotheses must both fall before a candidate is put up for
review (`judge`): that the members have nothing to do with one another, and that they ask for nothing that trains a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.comparison import Comparison
from stillwatch.actors.population import NEW_DAYS, HeldOut
from stillwatch.actors.work_pattern import dealt_lifts, dispersion, drawn_dispersions
from stillwatch.core import Evidence, Support, Vote
from stillwatch.stats import hour_shape
from stillwatch.stats import tiling as divided
from stillwatch.text import ITEM_BITS, sets

__all__ = ["MATERIAL", "TESTS", "WEAK_ALONE", "ActorTest", "like_a_queue", "run_tests"]

_DRAWS = 499
_MARKS = ("single_turn", "equal_loads", "distinct_prompts", "newcomers", "around_the_clock")
_RHYTHM = 0.1
_SCHEDULED = 3.0

MATERIAL = 0.15
"""Difference in share from comparable accounts that evidence of acting together and structural evidence must exceed, however sure they
are: with thousands of accounts every small habit of a product's users becomes significant."""

WEAK_ALONE = frozenset({"open_requests", "known_items", "tiling"})
"""Structural tests of what courses, tutors and evaluators do as well: counted only where the members behave like a queue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorTest:
    """A registered test: its name, the vote it casts and the function that runs it (`None` when it does not apply)."""

    name: str
    vote: Vote
    title: str
    run: Callable[[Candidate, HeldOut, np.random.Generator], Result | None]


TESTS: dict[str, ActorTest] = {}
"""Every test by name, in the order they run."""

_Run = Callable[[Candidate, HeldOut, np.random.Generator], Result | None]


def _test(vote: Vote) -> Callable[[_Run], _Run]:
    def register(run: _Run) -> _Run:
        name = run.__name__
        TESTS[name] = ActorTest(name=name, vote=vote, title=(run.__doc__ or name).splitlines()[0], run=run)
        return run

    return register


def run_tests(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> list[Result]:
    """Run every test that applies."""
    return [result for test in TESTS.values() if (result := test.run(candidate, population, rng)) is not None]


def like_a_queue(results: Sequence[Result]) -> bool:
    """Whether the members behave as if a job queue fed them: three of five marks, no subjects of their own, and no daily rhythm.

    A group with too few hours at work to tell a rhythm by is no queue, whatever else holds.
    """
    of = {r.test: r for r in results}
    clock = of.get("around_the_clock")
    if clock is None or not clock.evidence.decided or clock.supports is Support.INNOCENT:
        return False
    marks = [test in of and of[test].supports is Support.HARVEST for test in _MARKS]
    return sum(marks) >= 3 and ("topic_continuity" not in of or of["topic_continuity"].supports is not Support.INNOCENT)


@_test(Vote.COORDINATION)
def template_persists(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members go on sending the candidate's templates in hours that were not used to find them.

    Misled by any shared template, a public harness or a course among them: it shows a tie, not a harvest.
    """
    if "family" not in candidate.found_by:
        return None
    return _compared(
        candidate,
        population,
        rng,
        name="template_persists",
        vote=Vote.COORDINATION,
        scores=Comparison(candidate.carried, population.bin),
        words="of held-out exchanges carry its templates",
    )


@_test(Vote.STRUCTURAL)
def elicitation(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members ask for what trains a copy: written-out reasoning, grading by rubric, tasks, cleaned traces.

    Misled by evaluation suites, judges of own products and researchers, who ask the same: see the lookalikes.
    """
    return _compared(
        candidate,
        population,
        rng,
        name="elicitation",
        vote=Vote.STRUCTURAL,
        scores=population.compared("elicited"),
        words="of held-out exchanges ask for reasoning, grades or training data",
    )


@_test(Vote.STRUCTURAL)
def open_requests(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members ask for worked reasoning or for grades far more than others do, in words that anybody might use.

    Counted only where the members behave like a queue (`like_a_queue`): courses, tutors and evaluation suites ask the same.
    """
    return _compared(
        candidate,
        population,
        rng,
        name="open_requests",
        vote=Vote.STRUCTURAL,
        scores=population.compared("asked"),
        words="of held-out exchanges ask for worked reasoning, grades or training data",
    )


@_test(Vote.STRUCTURAL)
def known_items(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members ask items of public question sets through, for which graded answers exist.

    Counted only where the members behave like a queue: evaluators and courses ask the same. Paraphrased items are not told.
    """
    return _compared(
        candidate,
        population,
        rng,
        name="known_items",
        vote=Vote.STRUCTURAL,
        scores=population.compared("known_items"),
        words="of held-out exchanges hold an item of a public question set",
    )


@_test(Vote.STRUCTURAL)
def tiling(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members divide a public question set among themselves: hardly two of them ask the same item.

    Tested on the set that they ask most of. Counted only where the members behave like a queue. Misled by a course that assigns each
    student items of their own; a few items asked twice on purpose hide a queue.
    """
    asked = np.flatnonzero(candidate.item >= 0)
    if not asked.size:
        return None
    number, times = np.unique(candidate.item[asked] >> ITEM_BITS, return_counts=True)
    chosen = sets()[int(number[times.argmax()])]
    own = asked[candidate.item[asked] >> ITEM_BITS == chosen.number]
    found = divided(candidate.account[own], candidate.item[own], set_size=chosen.items)
    p_value = found.evidence.p_value
    shown = p_value is not None and p_value <= 0.01
    return Result(
        test="tiling",
        vote=Vote.STRUCTURAL,
        supports=Support.HARVEST if shown else Support.NEITHER,
        evidence=found.evidence,
        expected=1.0,
        low=None,
        high=None,
        sentence=f"{found.repeats:,} of {found.asked:,} items of {chosen.name} ({chosen.items:,} items) were asked by a second member; "
        f"{found.expected:,.0f} if each had chosen alone",
    )


@_test(Vote.STRUCTURAL)
def shared_instruments(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members hold payment instruments or devices of three organisations and more, far oftener than random accounts do.

    One organisation that pays for its people is no sharing, nor are two people with one card: a couple. Not run where such sharing found the
    candidate. Misled by resellers and schools whose people sign up one by one.
    """
    if candidate.found_by & {"payment", "device"}:
        return None
    return _compared(
        candidate,
        population,
        rng,
        name="shared_instruments",
        vote=Vote.STRUCTURAL,
        scores=population.compared("shares"),
        words="of members hold a payment instrument or device that accounts of two other organisations hold, too",
    )


@_test(Vote.BEHAVIOURAL)
def single_turn(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members ask once and never follow up, unlike people. Pipelines do the same; an operator can forge turns."""
    return _compared(
        candidate,
        population,
        rng,
        name="single_turn",
        vote=Vote.BEHAVIOURAL,
        scores=Comparison(candidate.single, population.bin),
        words="of held-out exchanges with its templates have no earlier turn",
    )


@_test(Vote.BEHAVIOURAL)
def newcomers(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members' accounts are younger than those of others as busy: opened for the job. Courses and launches are young too."""
    if np.isnan(population.young).all():
        return None
    return _compared(
        candidate,
        population,
        rng,
        name="newcomers",
        vote=Vote.BEHAVIOURAL,
        scores=population.compared("young"),
        words=f"of members were opened within {NEW_DAYS} days before the log",
    )


@_test(Vote.BEHAVIOURAL)
def equal_loads(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members carry equal shares of the work, as a scheduler deals it; people's differ by orders of magnitude.

    Value: variance over mean of the held-out exchanges that a member spends on the candidate's templates (on anything, where no
    template holds it). A scheduler gives about 1, and hours that fall by chance on either slice up to about 2. An operator can forge it.
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
    compared = f"; {expected:.1f} in random groups of accounts" if expected is not None else ""
    return Result(
        test="equal_loads",
        vote=Vote.BEHAVIOURAL,
        supports=supports,
        evidence=evidence,
        expected=expected,
        low=None,
        high=None,
        sentence=f"variance over mean of the members' shares of the work is {value:.1f}{compared}",
    )


@_test(Vote.BEHAVIOURAL)
def around_the_clock(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members work through the night as schedulers do; people's requests follow their day, even from several time zones.

    Value: mean resultant length of the hours at which members were at work (0 flat, 1 one hour of the day), each member counted once an hour,
    over the whole days of the log. An operator can keep office hours on purpose; then requests that anybody might make say nothing
    against the members.
    """
    hours = population.whole_days
    inside = (candidate.hour >= hours.start) & (candidate.hour < hours.stop)
    at_work = np.unique(np.stack([candidate.account[inside], candidate.hour[inside]], axis=1), axis=0)[:, 1] % 24
    if at_work.size < 10:
        return None
    shape = hour_shape(np.bincount(at_work, minlength=24), bound=_RHYTHM)
    supports = Support.NEITHER
    if (shape.rhythm.p_value or 1.0) <= 0.01 and shape.resultant >= _RHYTHM:
        supports = Support.INNOCENT
    elif shape.flat.p_value is not None and shape.flat.p_value <= 0.01:
        supports = Support.HARVEST
    return Result(
        test="around_the_clock",
        vote=Vote.BEHAVIOURAL,
        supports=supports,
        evidence=shape.flat,
        expected=None,
        low=None,
        high=None,
        sentence=f"the hours at which members were at work have a resultant length of {shape.resultant:.2f} (0 is flat, {at_work.size} hours)",
    )


@_test(Vote.BEHAVIOURAL)
def distinct_prompts(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """No two members ask the same: a job queue hands out each item once. Courses and quick-starts give everybody the same.

    An account's own repetitions are not counted: best-of-n asks the same on purpose.
    """
    asked = np.unique(np.stack([candidate.account, candidate.prompt], axis=1), axis=0)
    if len(asked) < 20:
        return None
    value = np.unique(asked[:, 1]).size / len(asked)
    supports = (
        Support.INNOCENT if value < 0.6 else Support.HARVEST if value >= 0.95 and len(asked) >= 50 else Support.NEITHER
    )
    return Result(
        test="distinct_prompts",
        vote=Vote.BEHAVIOURAL,
        supports=supports,
        evidence=Evidence(
            value=value,
            n=len(asked),
            p_value=None,
            e_value=None,
            null="no test: a share that describes",
            method="share",
        ),
        expected=None,
        low=None,
        high=None,
        sentence=f"{value:.0%} of {len(asked)} prompts that members sent in its templates in held-out hours are distinct",
    )


@_test(Vote.BEHAVIOURAL)
def topic_continuity(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """Customers keep to their own subjects; a job queue deals topics out at random.

    Value: how much likelier two exchanges of one account are to share a topic cell than two of different accounts. Much of it
    speaks for many customers behind one template. Little of it proves nothing: cells are coarse and a shared scaffold fills them.
    """
    if candidate.cell.size < 40 or np.unique(candidate.account).size < 5:
        return None
    value, drawn = dealt_lifts(candidate.account, candidate.cell, 99, rng)
    p_value = (1 + int((drawn >= value).sum())) / (1 + drawn.size)
    supports = Support.INNOCENT if p_value <= 0.01 and value >= 0.05 else Support.NEITHER
    evidence = Evidence(
        value=value,
        n=int(candidate.cell.size),
        p_value=p_value,
        e_value=None,
        null="topics are dealt out to the members at random",
        method="permutation of topics, 99 draws",
    )
    return Result(
        test="topic_continuity",
        vote=Vote.BEHAVIOURAL,
        supports=supports,
        evidence=evidence,
        expected=0.0,
        low=None,
        high=None,
        sentence=f"two exchanges of one member share a topic {value:+.1%} more often than two of different members",
    )


def _compared(
    candidate: Candidate,
    population: HeldOut,
    rng: np.random.Generator,
    *,
    name: str,
    vote: Vote,
    scores: Comparison,
    words: str,
) -> Result:
    """Compare the members' scores with random groups of accounts as busy and of the same product type."""
    members = population.places(candidate.accounts)
    tested = scores.test(members, rng)
    chosen = scores.scores[scores.known(members)]
    value = float(chosen.mean()) if chosen.size else float("nan")
    expected = scores.expected(members)
    half = 1.96 * float(chosen.std(ddof=1)) / chosen.size**0.5 if chosen.size > 1 else None
    evidence = Evidence(
        value=value,
        n=int(chosen.size),
        p_value=tested.p_value,
        e_value=tested.e_value,
        null=tested.null,
        method=tested.method,
        needed=tested.needed,
    )
    strong = evidence.p_value is not None and evidence.p_value <= 0.01
    floor = 0.0 if vote is Vote.BEHAVIOURAL else MATERIAL
    material = expected is not None and value > expected + floor
    supports = Support.HARVEST if strong and material else Support.NEITHER
    if name in ("single_turn", "elicitation") and expected is not None and value < 0.5 * expected:
        supports = Support.INNOCENT
    sentence = (
        f"{value:.1%} {words}"
        + (f"; {expected:.1%} of random accounts as busy" if expected is not None else "")
        + f" ({chosen.size} members)"
        if chosen.size
        else "no member was active in the held-out hours"
    )
    return Result(
        test=name,
        vote=vote,
        supports=supports,
        evidence=evidence,
        expected=expected,
        low=None if half is None else max(0.0, value - half),
        high=None if half is None else value + half,
        sentence=sentence,
    )
