"""Tiling: a divided set is found, independent users of any common taste are not."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stats import repeats_bound, tiling, tiling_needs

AtMost = Callable[[int, int, float], bool]


def _zipf(size: int, power: float) -> np.ndarray:
    weights = 1.0 / np.arange(1, size + 1) ** power
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize("power", [0.0, 0.3, 0.8])
def test_independent_users_are_never_accused_more_than_promised(power: float, at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    accounts = np.repeat(np.arange(60), 5)
    taste = _zipf(3000, power)
    hits, evidence = 0, 0.0
    for _ in range(100):
        found = tiling(accounts, rng.choice(3000, size=300, p=taste), set_size=3000).evidence
        assert found.p_value is not None
        assert found.e_value is not None
        hits += int(found.p_value <= 0.05)
        evidence += found.e_value
    assert at_most(hits, 100, 0.05)
    assert evidence / 100 < 1.1


def test_unequal_loads_on_a_small_set_are_not_accused_although_the_even_taste_is_not_the_worst() -> None:
    loads = np.array([5, 1])
    for theta in np.linspace(0.01, 0.99, 99):
        chances: dict[int, float] = {}
        for first in product([0, 1], repeat=5):
            for second in (0, 1):
                chance = theta ** (sum(first) + second) * (1 - theta) ** (6 - sum(first) - second)
                shared = int(second in first)
                chances[shared] = chances.get(shared, 0.0) + chance
        assert chances.get(0, 0.0) <= repeats_bound(0, loads, set_size=2) + 1e-9


def test_the_bound_is_above_the_exact_birthday_chance_and_near_it() -> None:
    for accounts, size in ((20, 400), (60, 2000), (100, 2000)):
        exact = float(np.prod(1 - np.arange(accounts) / size))
        bound = repeats_bound(0, np.ones(accounts, dtype=int), set_size=size)
        assert exact <= bound <= exact * 1.6


def test_a_job_queue_is_found_and_re_asking_hides_it() -> None:
    rng = np.random.default_rng(2)
    accounts = np.repeat(np.arange(400), 4)
    dealt = rng.permutation(20_000)[:1600]
    found = tiling(accounts, dealt, set_size=20_000)
    assert found.repeats == 0
    assert found.evidence.p_value is not None
    assert found.evidence.p_value < 1e-20
    assert found.evidence.e_value is not None
    assert found.evidence.e_value > 1e15
    again = dealt.copy()
    again[:160] = dealt[-160:]
    hidden = tiling(accounts, again, set_size=20_000)
    assert hidden.evidence.p_value is not None
    assert hidden.evidence.p_value > 1e-3
    again[15:160] = dealt[15:160]
    few = tiling(accounts, again, set_size=20_000)
    assert 10 <= few.repeats <= 15
    assert few.evidence.p_value is not None
    assert few.evidence.p_value < 1e-10


def test_retries_by_one_account_change_nothing() -> None:
    accounts, items = np.repeat(np.arange(300), 4), np.arange(1200)
    once = tiling(accounts, items, set_size=20_000)
    twice = tiling(np.tile(accounts, 2), np.tile(items, 2), set_size=20_000)
    assert once == twice


def test_too_few_asks_are_undecided_and_about_the_number_needed_decides() -> None:
    few = tiling(np.arange(50), np.arange(50), set_size=43_000, alpha=1e-4)
    assert not few.evidence.decided
    needed = few.evidence.needed
    assert needed is not None
    assert needed == tiling_needs(set_size=43_000, accounts=50, alpha=1e-4)
    many = np.arange(int(needed * 1.03))
    assert tiling(many % 50, many, set_size=43_000, alpha=1e-4).evidence.decided
    for accounts, items in (([], []), ([1, 1], [2, 3])):
        assert not tiling(accounts, items, set_size=100).evidence.decided


def test_collisions_count_pairs_and_repeats_count_later_askers() -> None:
    found = tiling(["a", "b", "c", "a", "b"], ["x", "x", "x", "y", "z"], set_size=10)
    assert (found.asked, found.accounts, found.repeats, found.collisions) == (5, 3, 2, 3)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=2, max_size=20), st.integers(2, 5000), st.integers(0, 20))
def test_the_bound_is_a_chance_and_grows_with_repeats(loads: list[int], size: int, shared: int) -> None:
    less, more = (repeats_bound(k, loads, set_size=size) for k in (shared, shared + 1))
    assert 0 <= less <= more * (1 + 1e-9) <= 1 + 1e-8
    assert repeats_bound(shared, loads[::-1], set_size=size) == pytest.approx(less)


def test_a_set_smaller_than_what_was_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="set_size"):
        tiling([1, 2], [1, 2], set_size=1)
    with pytest.raises(ValueError, match="items"):
        tiling([1, 2], [1], set_size=10)
    with pytest.raises(ValueError, match="loads"):
        repeats_bound(0, [-1], set_size=10)
