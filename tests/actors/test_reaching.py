"""Each account that a seed grew to is tested against strangers as busy; where these are too few, it says so and burdens nobody else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from stillwatch.actors import Reached, Verdict
from stillwatch.actors.population import HeldOut
from stillwatch.actors.reaching import reached
from stillwatch.engine import table

from .people import population

Ints = npt.NDArray[np.int64]

QUIET, BUSY = 400, 20
"""Strangers in each of two bins: in the second nobody could ever be shown at five percent (2 / 21)."""


def two_bins(rng: np.random.Generator, quiet: int, busy: int) -> tuple[HeldOut, Ints]:
    """Candidates at the end of each bin, behind its strangers; and which accounts they are."""
    size = QUIET + quiet + BUSY + busy
    bins = np.repeat([0, 1], [QUIET + quiet, BUSY + busy])
    people = population(rng, size, bin=bins, elicited=rng.random(size))
    places = np.concatenate([np.arange(QUIET, QUIET + quiet), np.arange(size - busy, size)])
    return people, people.account[places]


def verdicts_of(people: HeldOut, candidates: Ints, carries: npt.NDArray[np.float64], level: float) -> list[Reached]:
    rows = [
        {
            "account": one,
            "kind": "lead",
            "object": one,
            "weight": 1.0,
            "object_accounts": 1,
            "hub": False,
            "reason": "told",
        }
        for one in candidates.tolist()
    ]
    links = table("links").schema.empty_table().from_pylist(rows, schema=table("links").schema)
    return list(reached(candidates, links, carries, people, np.empty(0, np.int64), level))


def test_who_has_too_few_strangers_is_undecided_and_does_not_hide_the_others() -> None:
    people, candidates = two_bins(np.random.default_rng(1), 3, 60)
    carries = np.where(np.isin(people.account, candidates), 1.0, 0.0)
    verdicts = {one.account: one for one in verdicts_of(people, candidates, carries, 0.05)}
    assert [verdicts[one].verdict for one in candidates[:3].tolist()] == [Verdict.SHOWN] * 3
    assert {verdicts[one].verdict for one in candidates[3:].tolist()} == {Verdict.UNDECIDED}
    assert all((verdicts[one].needed or 0) > BUSY for one in candidates[3:].tolist())


def test_of_candidates_who_do_what_strangers_do_few_are_shown_whatever_their_bins(tries: Callable[..., int]) -> None:
    """With no real one among them, every one shown is wrong: at a level of 20 % somebody is shown in one of five draws at most."""
    rounds = tries(200, whole=1000)
    wrong = 0
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        people, candidates = two_bins(rng, 10, 10)
        wrong += any(
            one.verdict is Verdict.SHOWN
            for one in verdicts_of(people, candidates, rng.random(people.account.size), 0.2)
        )
    assert wrong / rounds <= 0.2 + 3 * np.sqrt(0.2 * 0.8 / rounds)


def test_a_candidate_that_slept_does_not_hide_those_whose_strangers_just_suffice() -> None:
    """Of 20 candidates 40 strangers are as busy as 10: 2 / 41 is just below 5 %, and with m = 20 one that sleeps would hide all."""
    rng = np.random.default_rng(2)
    bins = np.repeat([0, 1], [80 + 10, 40 + 10])
    people = population(rng, bins.size, bin=bins, elicited=rng.random(bins.size))
    places = np.concatenate([np.arange(10), np.arange(bins.size - 10, bins.size)])
    candidates = people.account[places]
    carries = np.where(np.isin(people.account, candidates[1:]), 1.0, 0.0)
    verdicts = {one.account: one.verdict for one in verdicts_of(people, candidates, carries, 0.05)}
    assert verdicts[int(candidates[0])] is not Verdict.SHOWN
    assert {verdicts[one] for one in candidates[1:].tolist()} == {Verdict.SHOWN}


def test_who_is_undecided_is_told_how_many_strangers_would_show_it_alone() -> None:
    """Two loud ones have too few strangers; with as many as they are told, one of them is shown though all others sleep."""
    bins = np.repeat([0, 1], [300 + 18, BUSY + 2])

    def verdict_of_last(more: int) -> Reached:
        rng = np.random.default_rng(3)
        binned = np.concatenate([np.ones(more, np.int64), bins])
        places = more + np.concatenate([np.arange(18), bins.size - 1 - np.arange(2)])
        asks = np.where(np.isin(np.arange(binned.size), places), 0.0, rng.random(binned.size))
        people = population(rng, binned.size, bin=binned, elicited=asks)
        candidates = people.account[places]
        carries = np.where(people.account == people.account[-1], 1.0, 0.0)
        return next(v for v in verdicts_of(people, candidates, carries, 0.05) if v.account == people.account[-1])

    few = verdict_of_last(0)
    assert few.verdict is Verdict.UNDECIDED
    assert few.needed == 842, "2 * 20 / (0.05 * 0.95) accounts, itself among them"
    assert verdict_of_last(few.needed - BUSY).verdict is Verdict.SHOWN
    assert verdict_of_last(few.needed - BUSY - 1).verdict is Verdict.UNDECIDED


def test_who_has_one_stranger_is_undecided_however_quiet_it_was() -> None:
    people = population(np.random.default_rng(3), 2, bin=np.zeros(2, np.int64), elicited=np.array([0.9, 0.1]))
    (found,) = verdicts_of(people, people.account[1:], np.zeros(2), 0.05)
    assert found.verdict is Verdict.UNDECIDED
    assert (found.needed or 0) > 1
