"""Tests of one candidate actor on the test slice, which was not used to find it.

Every test compares the members with random groups of accounts that were as busy (`Comparison`). The e-values hold under the
null that the members are such a random group. Two null hypotheses must both fall before a candidate is put up for
review (`judge`): that the members have nothing to do with one another, and that they ask for nothing that trains a copy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from stillwatch.actors.actor_test import ActorTest
from stillwatch.actors.behaviour_tests import BEHAVIOUR_TESTS
from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.over_time_tests import OVER_TIME_TESTS
from stillwatch.actors.population import HeldOut
from stillwatch.actors.structural_tests import STRUCTURAL_TESTS
from stillwatch.core import Support

__all__ = ["TESTS", "WEAK_ALONE", "like_a_queue", "run_tests"]

TESTS: dict[str, ActorTest] = {test.name: test for test in (*STRUCTURAL_TESTS, *BEHAVIOUR_TESTS, *OVER_TIME_TESTS)}
"""Every test by name, in the order they run."""

_MARKS = ("single_turn", "equal_loads", "distinct_prompts", "newcomers")

WEAK_ALONE = frozenset({"open_requests", "known_items", "tiling"})
"""Structural tests of what courses, tutors and evaluators do as well: counted only where the members behave like a queue."""


def run_tests(
    candidate: Candidate, population: HeldOut, rng: np.random.Generator, without: Collection[str] = frozenset()
) -> list[Result]:
    """Run every test that applies, but those that are left out."""
    wanted = [test for name, test in TESTS.items() if name not in without]
    return [result for test in wanted if (result := test.run(candidate, population, rng)) is not None]


def like_a_queue(results: Sequence[Result]) -> bool:
    """Whether the members behave as if a job queue fed them: three of four marks, and no subjects of their own.

    Their hours are not counted: a job that runs for half a day keeps a rhythm as sharp as people's.
    """
    of = {r.test: r.supports for r in results}
    marks = [of.get(test) is Support.HARVEST for test in _MARKS]
    return sum(marks) >= 3 and of.get("topic_continuity") is not Support.INNOCENT
