"""Tests of one candidate actor on the test slice, which was not used to find it. One function a test.

Every test compares the members with random groups of accounts that were as busy (`stats.group_mean_test`). The e-values hold under the
null that the members are such a random group. Two null hypotheses must both fall before a candidate is put up for
review (`judge`): that the members have nothing to do with one another, and that they ask for nothing that trains a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.actors.population import NEW_DAYS, HeldOut
from stillwatch.core import Evidence, Support, Vote
from stillwatch.stats import group_mean_test

__all__ = ["MATERIAL", "TESTS", "ActorTest", "Candidate", "Result", "like_a_queue", "run_tests"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_DRAWS = 499
_SCHEDULED = 3.0

MATERIAL = 0.15
"""Difference in share from comparable accounts that evidence of acting together and structural evidence must exceed, however sure they
are: with thousands of accounts every small habit of a product's users becomes significant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One candidate with what its families did in the test slice.

    `carried[i]` is the share of the test-slice exchanges of population account `i` that carry the candidate's families, and
    `exclusivity` that share over all members; `uses` counts such exchanges of each active member. `single[i]` is the share without an
    earlier turn: of the members' exchanges with the families, of all exchanges of other accounts. `loads` are the members' test-slice
    exchanges. `account`, `prompt` and `cell` list the members' test-slice exchanges with the families (a deterministic sample where
    there are very many).
    """

    accounts: Ints
    found_by: frozenset[str]
    scopes: frozenset[str]
    carried: Floats
    exclusivity: float
    uses: Ints
    single: Floats
    loads: Ints
    account: Ints
    prompt: Ints
    cell: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One test's outcome, ready for the table `actor_evidence`."""

    test: str
    vote: Vote
    supports: Support
    evidence: Evidence
    expected: float | None
    low: float | None
    high: float | None
    sentence: str


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
    """Whether the members behave as if a job queue fed them: three of four marks, and no subjects of their own."""
    of = {r.test: r.supports for r in results}
    marks = [
        of.get(test) is Support.HARVEST for test in ("single_turn", "equal_loads", "distinct_prompts", "newcomers")
    ]
    return sum(marks) >= 3 and of.get("topic_continuity") is not Support.INNOCENT


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
        scores=candidate.carried,
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
        scores=population.elicited,
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
        scores=population.asked,
        words="of held-out exchanges ask for worked reasoning, grades or training data",
    )


@_test(Vote.STRUCTURAL)
def shared_instruments(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
    """The members share payment instruments or devices across organisations more than random accounts do.

    One organisation that pays for its people is no sharing. Not run where such sharing found the candidate. Misled by resellers and
    schools whose people sign up one by one.
    """
    if candidate.found_by & {"payment", "device"}:
        return None
    return _compared(
        candidate,
        population,
        rng,
        name="shared_instruments",
        vote=Vote.STRUCTURAL,
        scores=population.shares,
        words="of members share a payment instrument or device with an account of another organisation",
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
        scores=candidate.single,
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
        scores=population.young,
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
    value = _dispersion(loads)
    enough = everyone.size >= 2 * loads.size
    drawn = _drawn_dispersions(everyone, loads.size, rng) if enough else np.empty(0)
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
    account = np.unique(candidate.account, return_inverse=True)[1]
    cell = np.unique(candidate.cell, return_inverse=True)[1]
    value = _lift(account, cell)
    drawn = np.array([_lift(account, rng.permutation(cell)) for _ in range(99)])
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


def _lift(account: Ints, cell: Ints) -> float:
    """Chance that two exchanges share a cell within accounts, less the chance between accounts."""
    counts = np.unique(account * (int(cell.max()) + 1) + cell, return_counts=True)[1]
    per_account, per_cell = np.bincount(account).astype(np.float64), np.bincount(cell).astype(np.float64)
    within_pairs = float((per_account * (per_account - 1)).sum())
    between_pairs = float(account.size**2 - (per_account**2).sum())
    if within_pairs == 0 or between_pairs == 0:
        return 0.0
    within = float((counts * (counts - 1.0)).sum()) / within_pairs
    between = float((per_cell**2).sum() - (counts.astype(np.float64) ** 2).sum()) / between_pairs
    return within - between


def _compared(
    candidate: Candidate,
    population: HeldOut,
    rng: np.random.Generator,
    *,
    name: str,
    vote: Vote,
    scores: Floats,
    words: str,
) -> Result:
    """Compare the members' scores with random groups of accounts as busy and of the same product type."""
    known = ~np.isnan(scores)
    members = np.zeros(population.account.size, np.bool_)
    members[population.places(candidate.accounts)] = True
    evidence = group_mean_test(
        scores[known],
        members[known],
        bins=population.bin[known],
        rng=rng,
        draws=_DRAWS,
        by_rank=False,
    )
    chosen = scores[members & known]
    value = float(chosen.mean()) if chosen.size else float("nan")
    expected = _expected(scores, members, known, population.bin)
    half = 1.96 * float(chosen.std(ddof=1)) / chosen.size**0.5 if chosen.size > 1 else None
    shown = Evidence(
        value=value,
        n=int(chosen.size),
        p_value=evidence.p_value,
        e_value=evidence.e_value,
        null=evidence.null,
        method=evidence.method,
        needed=evidence.needed,
    )
    strong = shown.p_value is not None and shown.p_value <= 0.01
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
        evidence=shown,
        expected=expected,
        low=None if half is None else max(0.0, value - half),
        high=None if half is None else value + half,
        sentence=sentence,
    )


def _expected(scores: Floats, members: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_], bins: Ints) -> float | None:
    """Mean score of other accounts, weighted to the members' bins."""
    others = known & ~members
    count = int(bins.max()) + 1 if bins.size else 1
    wanted = np.bincount(bins[members & known], minlength=count)
    there = np.bincount(bins[others], minlength=count)
    total = np.bincount(bins[others], weights=scores[others], minlength=count)
    usable = (wanted > 0) & (there > 0)
    if not usable.any():
        return None
    return float((wanted[usable] * total[usable] / there[usable]).sum() / wanted[usable].sum())


def _dispersion(loads: Ints) -> float:
    mean = float(loads.mean())
    return float(loads.var(ddof=1)) / mean if mean > 0 else 0.0


def _drawn_dispersions(everyone: Ints, size: int, rng: np.random.Generator) -> Floats:
    """Dispersions of random groups of so many accounts. Drawn with replacement, many groups at once."""
    rows = max(1, 2_000_000 // size)
    out = []
    for start in range(0, _DRAWS, rows):
        loads = everyone[rng.integers(0, everyone.size, (min(rows, _DRAWS - start), size))]
        out.append(loads.var(axis=1, ddof=1) / np.maximum(loads.mean(axis=1), 1e-9))
    return np.concatenate(out)
