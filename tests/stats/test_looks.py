"""Adding evidence over days keeps its promise where the same accounts come back; multiplying it does not."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.stats import accumulate, conformal_p, look_share, p_to_e, reachable, shown_so_far, tail_e

DAYS, N = 60, 199


def days_of_one_stranger(rng: np.random.Generator) -> np.ndarray:
    """E-values by day of one honest account against 199 others, where who is loud today is loud tomorrow."""
    temper = rng.standard_normal(N + 1)
    today = temper + 0.3 * rng.standard_normal((DAYS, N + 1))
    return np.array([float(p_to_e(conformal_p(one[1:], one[0]))) for one in today])


def test_the_sum_ever_reaches_20_in_at_most_a_twentieth_of_worlds_and_the_product_far_more_often() -> None:
    rng = np.random.default_rng(1)
    worlds = [days_of_one_stranger(rng) for _ in range(400)]
    added = np.mean([accumulate(one).max() >= 20.0 for one in worlds])
    multiplied = np.mean([np.cumprod(one).max() >= 20.0 for one in worlds])
    assert added <= 0.05
    assert multiplied > 0.1, "this is why histories are compared, and not days"


def test_the_weights_of_all_looks_sum_to_one() -> None:
    shares = look_share(np.arange(1, 2**16))
    assert np.isclose(shares.sum(), 1.0 - 1.0 / 17.0)
    assert (np.diff(shares) <= 0).all()


def test_a_later_look_never_lowers_the_sum_and_the_same_looks_in_pieces_give_the_same() -> None:
    e = np.random.default_rng(2).exponential(size=(3, 40))
    whole = accumulate(e)
    assert (np.diff(whole, axis=-1) >= 0).all()
    assert np.allclose(whole[:, 20] + e[:, 21] * look_share(22), whole[:, 21])
    assert accumulate(np.zeros((2, 0))).shape == (2, 0)


def joining(rng: np.random.Generator, days: int = 12) -> np.ndarray:
    """Parts that honest accounts gather while they join, each as loud as it always is."""
    temper, others = rng.standard_normal(60), rng.standard_normal(N)
    came = np.where(np.arange(60) < 10, 0, rng.integers(0, days, 60))
    parts = np.zeros(60)
    for day in range(days):
        there = came <= day
        today = others + 0.3 * rng.standard_normal(N)
        p = conformal_p(today, temper[there] + 0.3 * rng.standard_normal(there.sum()))
        parts[there] += look_share(day + 1) * tail_e(p, reachable((0.001,), 1.0 / (N + 1))) / there.sum()
    return parts


def test_of_honest_accounts_that_join_while_they_are_watched_any_is_ever_shown_in_at_most_the_share_of_worlds() -> None:
    rng = np.random.default_rng(3)
    worlds = [joining(rng) for _ in range(400)]
    gathered = np.array([one.sum() for one in worlds])
    assert gathered.mean() <= look_share(np.arange(1, 13)).sum() + 2.5 * gathered.std() / np.sqrt(gathered.size)
    ever = np.mean([shown_so_far(one, q=0.3).any() for one in worlds])
    assert 0.0 < ever <= 0.3 + 2.5 * np.sqrt(0.3 * 0.7 / 400)


def test_accounts_once_shown_stay_shown_whoever_joins() -> None:
    rng = np.random.default_rng(4)
    parts = np.zeros(0)
    shown = np.zeros(0, dtype=bool)
    for _ in range(30):
        parts = np.concatenate([parts + rng.exponential(0.3, parts.size), np.zeros(3)])
        now = shown_so_far(parts, q=0.2)
        assert now[: shown.size][shown].all()
        shown = now
    assert shown.any()
    assert not shown.all()


def test_shown_so_far_refuses_what_is_no_list_of_parts_and_shows_nobody_of_nobody() -> None:
    assert shown_so_far([], q=0.1).tolist() == []
    with pytest.raises(ValueError, match="expected one value an account"):
        shown_so_far([[1.0]], q=0.1)
    with pytest.raises(ValueError, match="parts"):
        shown_so_far([-1.0], q=0.1)
    with pytest.raises(ValueError, match="q: got"):
        shown_so_far([1.0], q=1.5)


def test_stakes_lie_on_tails_that_can_be_reached_alone() -> None:
    assert reachable((0.0005, 0.00005), 1 / 2001) == (0.0005,)
    assert reachable((0.0005, 0.00005), 1 / 20_001) == (0.0005, 0.00005)
    assert reachable((0.0005,), 1 / 2000) == (0.0005,), "rounding takes no tail away"
    with pytest.raises(ValueError, match="smallest"):
        reachable((0.1,), 0.0)
