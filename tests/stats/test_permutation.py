"""Permutation tests have the promised size, find planted groups, and agree with full enumeration in small cases."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stats import group_mean_test, permutation_p, sequential_permutation

AtMost = Callable[[int, int, float], bool]


def test_a_permutation_p_value_is_never_zero_and_counts_ties() -> None:
    assert permutation_p(9.0, [1.0, 2.0, 3.0]) == 0.25
    assert permutation_p(1.0, [1.0, 1.0, 1.0]) == 1.0
    assert permutation_p(0.0, [1.0, 2.0], larger_is_worse=False) == pytest.approx(1 / 3)
    assert permutation_p(1.0, []) == 1.0


def test_stopping_early_keeps_the_error_rate_and_saves_draws(at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    found = [
        sequential_permutation(
            float(rng.normal()), lambda g, k: g.normal(size=k), rng=rng, null="same", stop_after=10, most=999, batch=50
        )
        for _ in range(1500)
    ]
    p = np.array([f.p_value for f in found], dtype=float)
    for level in (0.02, 0.1, 0.4):
        assert at_most(int((p <= level).sum()), 1500, level)
    assert (p <= 0.1).mean() > 0.07
    assert np.median([f.n for f in found]) < 50


def test_a_planted_value_uses_every_draw() -> None:
    found = sequential_permutation(9.0, lambda g, k: g.normal(size=k), rng=np.random.default_rng(2), null="same")
    assert found.n == 9999
    assert found.p_value == 1e-4


def test_small_cases_count_every_deal() -> None:
    scores = np.array([5.0, 1.0, 4.0, 2.0, 8.0, 7.0, 3.0])
    members = np.array([True, False, False, False, True, False, False])
    found = group_mean_test(scores, members, rng=np.random.default_rng(0), by_rank=False, least=2)
    sums = [scores[list(pair)].sum() for pair in combinations(range(7), 2)]
    assert found.p_value == pytest.approx(np.mean(np.array(sums) >= 13.0 - 1e-9))
    assert found.method.endswith("all deals")


def test_small_cases_with_bins_count_every_deal_within_bins() -> None:
    scores = np.array([1.0, 2.0, 3.0, 10.0, 20.0, 30.0])
    members = np.array([False, False, True, False, False, True])
    found = group_mean_test(scores, members, bins=[0, 0, 0, 1, 1, 1], rng=np.random.default_rng(0), least=2)
    assert found.p_value == pytest.approx(1 / 9)


@pytest.mark.parametrize("size", [6, 60])
def test_random_groups_of_busy_accounts_are_not_accused(size: int, at_most: AtMost) -> None:
    rng = np.random.default_rng(3)
    hits, strong, worlds = 0, 0, 200
    for _ in range(worlds):
        bins = rng.integers(0, 4, 400)
        scores = bins * 3.0 + rng.standard_t(3, size=400)
        members = np.zeros(400, dtype=bool)
        members[rng.choice(np.flatnonzero(bins >= 2), size=size, replace=False)] = True
        found = group_mean_test(scores, members, bins=bins, rng=rng, draws=99)
        assert found.p_value is not None
        assert found.e_value is not None
        hits += int(found.p_value <= 0.05)
        strong += int(found.e_value >= 10)
    assert at_most(hits, worlds, 0.05)
    assert hits >= 2
    assert at_most(strong, worlds, 0.1)


def test_the_e_value_has_mean_at_most_one_over_all_deals() -> None:
    scores = np.array([0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 30.0])
    for by_rank in (True, False):
        total = 0.0
        deals = list(combinations(range(7), 3))
        for deal in deals:
            members = np.isin(np.arange(7), deal)
            e = group_mean_test(scores, members, rng=np.random.default_rng(0), by_rank=by_rank, least=3).e_value
            assert e is not None
            total += e
        assert total / len(deals) <= 1.0 + 1e-9


def test_a_group_that_scores_a_little_higher_is_found_beyond_the_floor_of_re_deals() -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(size=5000)
    members = np.arange(5000) < 100
    scores[members] += 1.0
    found = group_mean_test(scores, members, rng=rng, draws=999)
    assert found.p_value == pytest.approx(1e-3)
    assert found.e_value is not None
    assert found.e_value > 1e8


def test_too_few_members_are_undecided() -> None:
    few = group_mean_test(np.arange(10.0), np.arange(10) < 2, rng=np.random.default_rng(0))
    assert not few.decided
    assert (few.n, few.needed) == (2, 5)
    everyone = group_mean_test(np.arange(10.0), np.ones(10, dtype=bool), rng=np.random.default_rng(0))
    assert not everyone.decided
    nobody = group_mean_test(np.zeros(0), np.zeros(0, dtype=bool), rng=np.random.default_rng(0))
    assert not nobody.decided


def test_all_ties_prove_nothing() -> None:
    found = group_mean_test(np.ones(50), np.arange(50) < 10, rng=np.random.default_rng(0), draws=99)
    assert found.p_value == 1.0
    assert found.e_value == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(5, 30))
def test_raising_members_never_raises_the_p_value_much(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=60)
    members = np.arange(60) < size
    low = group_mean_test(scores, members, rng=np.random.default_rng(1), draws=99)
    high = group_mean_test(scores + 2.0 * members, members, rng=np.random.default_rng(1), draws=99)
    assert low.p_value is not None
    assert high.p_value is not None
    assert high.p_value <= low.p_value
    assert 0 < high.p_value <= 1


def test_bad_arguments_are_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="members"):
        group_mean_test([1.0, 2.0], [1, 0], rng=rng)
    with pytest.raises(ValueError, match="scores"):
        group_mean_test([float("nan")], [True], rng=rng)
    with pytest.raises(ValueError, match="draw: gave"):
        sequential_permutation(0.0, lambda g, k: [0.0], rng=rng, null="x", batch=3)
