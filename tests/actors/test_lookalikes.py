"""Innocent explanations: each fits the population it is named after, and none fits a planted harvest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.held_out_tests import run_tests
from stillwatch.actors.lookalikes import LOOKALIKES, Explanation, explanations
from stillwatch.actors.population import HeldOut
from stillwatch.core import Support

from .people import asking, candidate, population

N = 40
Case = tuple[Candidate, HeldOut]


def drawn(seed: int = 1) -> tuple[np.random.Generator, HeldOut, Candidate]:
    rng = np.random.default_rng(seed)
    people = population(rng, 500)
    return rng, people, candidate(rng, people, rng.choice(people.account.size, N, replace=False))


def of_members(people: HeldOut, own: Candidate, **values: object) -> HeldOut:
    """The population with other facts or shares for the members."""
    moved = {}
    for name, value in values.items():
        column = getattr(people, name).copy()
        column[people.places(own.accounts)] = value
        moved[name] = column
    return replace(people, **moved)


def harvest() -> Case:
    """New accounts with nothing in common on paper: one template, equal loads, single turns, no subjects, pressing requests."""
    rng, people, own = drawn()
    people = of_members(people, own, elicited=0.6, asked=0.7, single=1.0, young=1.0, tools=0.0)
    uses = rng.poisson(9, N)
    who = np.repeat(own.accounts, uses)
    carried = own.carried.copy()
    carried[people.places(own.accounts)] = 0.95
    own = replace(own, carried=carried, exclusivity=0.95, uses=uses, single=people.single)
    own = asking(own, who, rng)
    return own, people


def one_organisation() -> Case:
    own, people = harvest()
    return own, of_members(people, own, org=77)


def declared_purpose() -> Case:
    own, people = harvest()
    return own, of_members(people, own, programme="evaluation")


def classroom() -> Case:
    own, people = harvest()
    return own, of_members(people, own, signup="education", elicited=0.0)


def public_harness() -> Case:
    own, people = harvest()
    rng = np.random.default_rng(3)
    uses = np.maximum(rng.lognormal(2.5, 1.2, N), 1).astype(np.int64)
    who = np.repeat(np.arange(N), uses)
    people = of_members(people, own, tools=0.9, elicited=0.0, single=0.1)
    own = replace(own, scopes=frozenset({"system"}), uses=uses, single=people.single)
    return asking(own, own.accounts[who], rng, cell=who % 11), people


def prompt_library() -> Case:
    own, people = harvest()
    uses = np.random.default_rng(3).integers(1, 4, N)
    return replace(own, uses=uses, exclusivity=0.1), of_members(people, own, elicited=0.0)


def everyday_tool() -> Case:
    own, people = harvest()
    return own, of_members(people, own, young=0.0, elicited=0.0)


def repeated_suite() -> Case:
    own, people = harvest()
    return replace(own, prompt=own.prompt % 8), people


def shared_library() -> Case:
    own, people = harvest()
    place = np.searchsorted(own.accounts, own.account)
    return replace(own, cell=place % 11), of_members(people, own, young=0.0, shares=0.0)


def conversation_proxy() -> Case:
    own, people = harvest()
    return replace(own, found_by=frozenset({"artifact"})), of_members(people, own, continued=1.0, elicited=0.0)


CASES: dict[str, Callable[[], Case]] = {
    f.__name__: f
    for f in (
        one_organisation,
        declared_purpose,
        classroom,
        public_harness,
        prompt_library,
        everyday_tool,
        repeated_suite,
        shared_library,
        conversation_proxy,
    )
}


def considered(case: Case) -> tuple[list[Explanation], list[Result]]:
    own, people = case
    results = run_tests(own, people, np.random.default_rng(1))
    return explanations(own, people, {r.test: r for r in results}), results


def test_every_explanation_has_a_case_here() -> None:
    assert set(CASES) == set(LOOKALIKES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_explanation_fits_the_population_that_it_is_named_after(name: str) -> None:
    told, _ = considered(CASES[name]())
    fitting = {e.name for e in told if e.fits}
    assert name in fitting
    assert told[0].fits


def test_no_explanation_fits_a_planted_harvest() -> None:
    told, results = considered(harvest())
    assert {r.test: r.supports for r in results}["elicitation"] is Support.HARVEST
    assert not any(e.fits for e in told)
    assert all(e.why for e in told)
    assert len(told) == len(LOOKALIKES)


def test_those_that_fit_come_first_and_the_best_of_them_before_the_others() -> None:
    own, people = one_organisation()
    told, _ = considered((own, of_members(people, own, programme="evaluation")))
    keys = [(not e.fits, -e.score, e.name) for e in told]
    assert keys == sorted(keys)
    assert [e.name for e in told if e.fits] == ["declared_purpose", "one_organisation"]


def test_pressing_requests_are_not_explained_by_school_or_by_long_standing() -> None:
    own, people = harvest()
    dressed = of_members(people, own, signup="education", young=0.0)
    told = {e.name: e for e in considered((own, dressed))[0]}
    assert not told["classroom"].fits
    assert "coursework does not ask" in told["classroom"].why
    assert not told["everyday_tool"].fits
    assert "they press for training value" in told["everyday_tool"].why


def test_unknown_facts_explain_nothing() -> None:
    own, people = harvest()
    unknown = of_members(people, own, org=0, programme=None, signup=None, young=np.nan)
    told = {e.name: e for e in considered((own, unknown))[0]}
    assert not any(e.fits for e in told.values())
    for name in ("everyday_tool", "shared_library", "one_organisation", "classroom"):
        assert not told[name].known
        assert told[name].why.startswith("could not be checked: ")


def test_members_who_were_all_idle_are_explained_by_nothing_that_needs_them() -> None:
    own, people = harvest()
    idle = replace(
        own,
        accounts=own.accounts + 1,
        uses=own.uses[:0],
        **dict.fromkeys(("account", "prompt", "cell", "item", "hour"), own.account[:0]),  # type: ignore[arg-type]
    )
    told = {e.name: e for e in considered((idle, people))[0]}
    for name in (
        "one_organisation",
        "declared_purpose",
        "classroom",
        "everyday_tool",
        "public_harness",
        "repeated_suite",
    ):
        assert not told[name].fits, name
