"""Intervals cover the truth as often as they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.stats import bootstrap, clopper_pearson, clustered_rate, dkw, wilson


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5])
@pytest.mark.parametrize("trials", [5, 40])
def test_clopper_pearson_covers_at_every_rate(rate: float, trials: int) -> None:
    covered = sum(
        float(stats.binom.pmf(k, trials, rate))
        for k in range(trials + 1)
        if clopper_pearson(k, trials).low <= rate <= clopper_pearson(k, trials).high
    )
    assert covered >= 0.95


def test_wilson_is_shorter_and_covers_on_average() -> None:
    rates = np.linspace(0.05, 0.95, 91)
    k = np.arange(51)
    found = [wilson(int(hits), 50) for hits in k]
    low, high = np.array([f.low for f in found]), np.array([f.high for f in found])
    inside = (low <= rates[:, None]) & (rates[:, None] <= high)
    covered = (stats.binom.pmf(k, 50, rates[:, None]) * inside).sum(axis=1)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)
    assert wilson(10, 50).high - wilson(10, 50).low < clopper_pearson(10, 50).high - clopper_pearson(10, 50).low


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.5, 0.999))
def test_rates_lie_in_their_intervals_and_more_certainty_is_wider(hits: int, more: int, level: float) -> None:
    for method in (clopper_pearson, wilson):
        found = method(hits, hits + more, level=level)
        wider = method(hits, hits + more, level=(1 + level) / 2)
        assert 0 <= wider.low <= found.low + 1e-12
        assert found.high <= wider.high + 1e-12 <= 1 + 1e-9
        if hits + more:
            assert found.low <= found.value + 1e-12
            assert found.value <= found.high + 1e-12


def test_no_trials_is_unknown_and_not_zero() -> None:
    for method in (clopper_pearson, wilson):
        nothing = method(0, 0)
        assert math.isnan(nothing.value)
        assert (nothing.low, nothing.high, nothing.n) == (0.0, 1.0, 0)


@pytest.mark.parametrize(("rate", "alike"), [(0.01, 0.0), (0.01, 0.05), (0.05, 0.2), (0.01, 0.999)])
def test_a_rate_by_cluster_covers_however_much_trials_of_a_cluster_hang_together(rate: float, alike: float) -> None:
    rng = np.random.default_rng(7)
    size, many, runs = 25, 80, 400
    cluster = np.repeat(np.arange(many), size)
    covered = plain = 0
    for _ in range(runs):
        rates = np.full(many, rate)
        if alike:
            rates = rng.beta(rate * (1 / alike - 1), (1 - rate) * (1 / alike - 1), size=many)
        hits = rng.random(many * size) < np.repeat(rates, size)
        found, as_if_apart = clustered_rate(hits, cluster), clopper_pearson(int(hits.sum()), hits.size)
        covered += found.low <= rate <= found.high
        plain += as_if_apart.low <= rate <= as_if_apart.high
    assert covered >= 0.92 * runs
    if alike >= 0.2:
        assert plain <= 0.7 * runs


def test_a_rate_by_cluster_is_the_plain_one_where_each_trial_is_a_cluster_and_no_shorter_where_not() -> None:
    hits = np.arange(60) % 7 == 0
    apart, plain = clustered_rate(hits, np.arange(60)), clopper_pearson(int(hits.sum()), 60)
    assert (apart.low, apart.high) == pytest.approx((plain.low, plain.high))
    spread = clustered_rate(hits, np.arange(60) % 7 // 4)
    assert spread.low <= plain.low < plain.high <= spread.high
    for even in (np.arange(60) % 6 == 0, (np.arange(60) % 6 == 0) | (np.arange(60) == 59)):
        told, alone = clustered_rate(even, np.arange(60) // 12), clopper_pearson(int(even.sum()), 60)
        assert (told.low, told.high) == pytest.approx((alone.low, alone.high))
    none = clustered_rate(np.zeros(60, dtype=bool), np.arange(60) // 10)
    assert (none.low, none.high) == (0.0, clopper_pearson(0, 6).high)
    all_of_one = clustered_rate(hits, np.zeros(60, dtype=int))
    assert (all_of_one.value, all_of_one.low, all_of_one.high) == (plain.value, 0.0, 1.0)
    nothing = clustered_rate(np.zeros(0, dtype=bool), [])
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n) == (0.0, 1.0, 0)
    with pytest.raises(ValueError, match="cluster: "):
        clustered_rate(hits, np.arange(59))
    for level in (0.0, 1.0):
        with pytest.raises(ValueError, match="level: got"):
            clustered_rate(hits, np.arange(60), level=level)


def test_a_rate_of_four_clusters_is_told_as_by_hand() -> None:
    hits = np.concatenate([np.arange(10) < one for one in (1, 2, 3, 4)])
    found = clustered_rate(hits, np.repeat(["a", "b", "c", "d"], 10))
    as_many = 0.25 * 0.75 / 39 / (4 / 3 * 5 / 40**2) * 40 * (2.02269 / 3.18245) ** 2
    assert as_many == pytest.approx(18.645, abs=1e-3)
    assert found.low == pytest.approx(stats.beta.ppf(0.025, as_many / 4, as_many * 3 / 4 + 1), abs=1e-5)
    assert found.high == pytest.approx(stats.beta.ppf(0.975, as_many / 4 + 1, as_many * 3 / 4), abs=1e-5)


def test_the_bootstrap_covers_a_mean_of_units() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(150):
        found = bootstrap(rng.exponential(size=60), lambda x: float(x.mean()), rng=rng, draws=149)
        covered += int(found.low <= 1.0 <= found.high)
    assert stats.binom.cdf(covered, 150, 0.89) > 1e-4
    assert stats.binom.sf(covered - 1, 150, 0.97) > 1e-4


def test_one_unit_bounds_nothing() -> None:
    rng = np.random.default_rng(1)
    one = bootstrap([3.0], lambda x: float(x.mean()), rng=rng)
    assert (one.value, one.low, one.high) == (3.0, -math.inf, math.inf)
    assert math.isnan(bootstrap(np.zeros(0), lambda x: float(x.mean()), rng=rng).value)


def test_the_band_holds_everywhere_at_once() -> None:
    rng = np.random.default_rng(2)
    width = dkw(100, level=0.9)
    grid = np.arange(1, 101) / 100
    drawn = np.sort(rng.random((2000, 100)), axis=1)
    distance = np.maximum(grid - drawn, drawn - grid + 0.01).max(axis=1)
    outside = int((distance > width).sum())
    assert stats.binom.sf(outside - 1, 2000, 0.1) > 1e-5
    assert outside > 100


def test_bad_arguments_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="trials"):
        clopper_pearson(0, -1)
    with pytest.raises(ValueError, match="level"):
        dkw(5, level=1.0)
    with pytest.raises(ValueError, match="units"):
        bootstrap([float("nan"), 1.0], lambda x: 0.0, rng=np.random.default_rng(0))
