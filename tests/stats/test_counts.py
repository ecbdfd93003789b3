"""Counts: excess over chance and evenness of loads, at the promised error rates."""

from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stats import binomial_excess, dispersion, hypergeometric_excess

AtMost = Callable[[int, int, float], bool]


def test_overlap_by_hand() -> None:
    found = hypergeometric_excess(2, 3, 4, 10)
    by_hand = (comb(4, 2) * comb(6, 1) + comb(4, 3)) / comb(10, 3)
    assert found.p_value == pytest.approx(by_hand)
    assert found.value == pytest.approx(2 / 1.2)


def test_random_sets_overlap_no_more_than_promised_and_a_planted_overlap_is_found(at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    overlaps = rng.hypergeometric(50, 450, 60, size=800)
    p = np.array([hypergeometric_excess(int(k), 60, 50, 500).p_value for k in overlaps], dtype=float)
    assert at_most(int((p <= 0.05).sum()), 800, 0.05)
    assert hypergeometric_excess(30, 60, 50, 500).p_value == pytest.approx(0.0, abs=1e-15)


def test_impossible_overlaps_and_empty_sets() -> None:
    with pytest.raises(ValueError, match="overlap"):
        hypergeometric_excess(5, 4, 10, 20)
    with pytest.raises(ValueError, match="total"):
        hypergeometric_excess(0, 30, 10, 20)
    assert not hypergeometric_excess(0, 0, 3, 10).decided
    assert hypergeometric_excess(10, 10, 10, 10).p_value == 1.0


def test_binomial_excess_keeps_its_size_and_says_when_it_cannot_tell(at_most: AtMost) -> None:
    rng = np.random.default_rng(2)
    p = np.array([binomial_excess(int(k), 80, 0.1).p_value for k in rng.binomial(80, 0.1, 800)], dtype=float)
    assert at_most(int((p <= 0.05).sum()), 800, 0.05)
    short = binomial_excess(3, 3, 0.5)
    assert not short.decided
    assert short.needed == 5
    assert binomial_excess(5, 5, 0.5).p_value == pytest.approx(1 / 32)
    assert not binomial_excess(0, 0, 0.5).decided


def test_poisson_loads_are_neither_even_nor_bursty(at_most: AtMost) -> None:
    rng = np.random.default_rng(3)
    found = [dispersion(rng.poisson(3, 40), rng=rng, draws=199) for _ in range(300)]
    for side in ("equalised", "bursty"):
        p = np.array([getattr(f, side).p_value for f in found], dtype=float)
        assert at_most(int((p <= 0.05).sum()), 300, 0.05)
        assert (p <= 0.05).sum() > 3
    both = np.array([f.p_two_sided for f in found], dtype=float)
    assert at_most(int((both <= 0.1).sum()), 300, 0.1)
    covered = [f.ratio.low <= 1.0 <= f.ratio.high for f in found]
    assert np.mean(covered) > 0.85


def test_a_scheduler_is_even_and_people_are_bursty() -> None:
    rng = np.random.default_rng(4)
    queue = dispersion(rng.integers(3, 6, 200), rng=rng, draws=499)
    people = dispersion(rng.poisson(rng.lognormal(1, 1, 200)), rng=rng, draws=499)
    assert queue.equalised.p_value == pytest.approx(1 / 500)
    assert queue.ratio.high < 1
    assert people.bursty.p_value == pytest.approx(1 / 500)
    assert people.ratio.low > 1


def test_few_accounts_or_few_requests_are_undecided() -> None:
    rng = np.random.default_rng(5)
    for counts in ([], [3, 3, 3], [0] * 50):
        found = dispersion(counts, rng=rng)
        assert not found.equalised.decided
        assert found.p_two_sided is None
        assert found.equalised.needed == 10
    with pytest.raises(ValueError, match="counts"):
        dispersion([1.5] * 20, rng=rng)
    with pytest.raises(ValueError, match="counts: sum"):
        dispersion([2**62] * 20, rng=rng)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=10, max_size=40))
def test_dispersion_ignores_order_and_stays_in_bounds(counts: list[int]) -> None:
    one = dispersion(counts, rng=np.random.default_rng(1), draws=49)
    other = dispersion(sorted(counts), rng=np.random.default_rng(1), draws=49)
    assert one.equalised.p_value == other.equalised.p_value
    if one.ratio.n and one.equalised.decided:
        assert 0 <= one.ratio.low <= one.ratio.value <= one.ratio.high
