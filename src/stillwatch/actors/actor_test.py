"""What a test of a candidate is, and the comparison with groups drawn by chance that most of them make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps

import numpy as np

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.comparison import Comparison
from stillwatch.actors.population import HeldOut
from stillwatch.core import Evidence, Support, Vote

__all__ = ["MATERIAL", "ActorTest", "Told", "actor_test", "compared"]

MATERIAL = 0.15
"""Difference in share from comparable accounts that evidence of acting together and structural evidence must exceed, however sure they
are: with thousands of accounts every small habit of a product's users becomes significant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a test says of a candidate; `expected`, `low` and `high` stand beside the value of `evidence` where they are known."""

    supports: Support
    evidence: Evidence
    sentence: str
    expected: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorTest:
    """A test: its name, the vote it casts and the function that runs it (`None` when it does not apply)."""

    name: str
    vote: Vote
    title: str
    run: Callable[[Candidate, HeldOut, np.random.Generator], Result | None]


_Test = Callable[[Candidate, HeldOut, np.random.Generator], Told | None]


def actor_test(vote: Vote) -> Callable[[_Test], ActorTest]:
    """Make a function a test: its name is the test's, and the first line of its docstring the title."""

    def named(test: _Test) -> ActorTest:
        name = test.__name__

        @wraps(test)
        def run(candidate: Candidate, population: HeldOut, rng: np.random.Generator) -> Result | None:
            told = test(candidate, population, rng)
            return (
                None
                if told is None
                else Result(test=name, vote=vote, **{f.name: getattr(told, f.name) for f in fields(told)})
            )

        return ActorTest(name=name, vote=vote, title=(test.__doc__ or name).splitlines()[0], run=run)

    return named


def compared(
    candidate: Candidate,
    population: HeldOut,
    rng: np.random.Generator,
    *,
    scores: Comparison,
    words: str,
    floor: float = MATERIAL,
    clears: bool = False,
) -> Told:
    """Compare the members' scores with random groups of accounts as busy and of the same product type.

    Args:
        scores: one score an account.
        words: what share the mean score is, for the sentence.
        floor: by how much the members' mean must exceed that of others to speak for a harvest.
        clears: whether less than half of what others show speaks for innocence.
    """
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
    material = expected is not None and value > expected + floor
    supports = Support.HARVEST if strong and material else Support.NEITHER
    if clears and evidence.p_value is not None and expected is not None and value < 0.5 * expected:
        supports = Support.INNOCENT
    sentence = (
        f"{value:.1%} {words}"
        + (f"; {expected:.1%} of random accounts as busy" if expected is not None else "")
        + f" ({chosen.size} members)"
        if chosen.size
        else "no member was active in the held-out hours"
    )
    return Told(
        supports=supports,
        evidence=evidence,
        expected=expected,
        low=None if half is None else max(0.0, value - half),
        high=None if half is None else value + half,
        sentence=sentence,
    )
