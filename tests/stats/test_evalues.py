"""E-values have mean at most 1 under their null, grow under the alternative, and merge as they promise."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from stillwatch.stats import (
    betting_e,
    e_process,
    e_to_p,
    first_alarm,
    merge_all_required,
    merge_average,
    merge_product,
    p_to_e,
    p_to_e_mixture,
    poisson_e,
)

AtMost = Callable[[int, int, float], bool]
evidence = st.lists(st.floats(0, 1e6), min_size=1, max_size=8)


@pytest.mark.parametrize("kappa", [0.1, 0.5, 0.9])
def test_a_calibrated_p_value_integrates_to_one(kappa: float) -> None:
    area, _ = integrate.quad(lambda p: float(p_to_e(p, kappa=kappa)), 0, 1)
    assert area == pytest.approx(1.0, abs=1e-6)


def test_the_mixture_is_the_average_over_kappa() -> None:
    for p in (1e-8, 1e-3, 0.3, 0.9999, 1.0):
        average, _ = integrate.quad(lambda kappa, p=p: kappa * p ** (kappa - 1), 0, 1, epsabs=1e-10)
        assert float(p_to_e_mixture(p)) == pytest.approx(average, rel=1e-6)
    assert np.isinf(p_to_e_mixture(0.0))


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.8])
@pytest.mark.parametrize("trials", [1, 10, 100])
def test_betting_has_mean_one_at_the_stated_rate_and_less_below_it(rate: float, trials: int) -> None:
    k = np.arange(trials + 1)
    e = betting_e(k, trials, rate)
    assert float(stats.binom.pmf(k, trials, rate) @ e) == pytest.approx(1.0, rel=1e-6)
    for lower in (0.2, 0.7, 0.99):
        assert float(stats.binom.pmf(k, trials, rate * lower) @ e) <= 1.0
    assert (np.diff(e) >= 0).all()


@pytest.mark.parametrize("mean", [0.01, 1.0, 40.0])
def test_poisson_betting_has_mean_one_at_the_stated_rate_and_less_below_it(mean: float) -> None:
    k = np.arange(0, 400)
    log_e = np.log(poisson_e(k, mean))
    assert 0.9 < float(np.exp(stats.poisson.logpmf(k, mean) + log_e).sum()) <= 1.0 + 1e-9
    assert float(np.exp(stats.poisson.logpmf(k, mean * 0.8) + log_e).sum()) <= 1.0


def test_betting_finds_a_doubled_rate() -> None:
    rng = np.random.default_rng(1)
    assert np.median(betting_e(rng.binomial(400, 0.2, 500), 400, 0.1)) > 1000
    assert np.median(poisson_e(rng.poisson(80, 500), 40.0)) > 1000


def test_looking_after_every_trial_keeps_the_error_rate(at_most: AtMost) -> None:
    rng = np.random.default_rng(2)
    wins = rng.random((1500, 300)) < 0.1
    running = betting_e(wins.cumsum(axis=1), np.arange(1, 301), 0.1)
    alarms = int((first_alarm(running, alpha=0.05) >= 0).sum())
    assert at_most(alarms, 1500, 0.05)
    assert alarms > 5


def test_a_process_of_fair_bets_rarely_reaches_the_level(at_most: AtMost) -> None:
    rng = np.random.default_rng(3)
    bets = np.exp(0.5 * rng.normal(size=(3000, 200)) - 0.125)
    alarms = int((first_alarm(e_process(bets), alpha=0.1) >= 0).sum())
    assert at_most(alarms, 3000, 0.1)
    assert alarms > 100


def test_a_zero_ends_a_process_and_infinity_does_not_revive_it() -> None:
    assert e_process([2.0, 0.0, float("inf")]).tolist() == [2.0, 0.0, 0.0]
    assert float(merge_product([0.0, float("inf")])) == 0.0
    assert first_alarm([[1.0, 2.0], [30.0, 1.0]], alpha=0.05).tolist() == [-1, 0]


def test_averages_hold_under_any_dependence_and_products_do_not() -> None:
    rng = np.random.default_rng(4)
    one = np.exp(rng.normal(size=50_000) - 0.5)
    same = np.stack([one, one, one], axis=1)
    assert merge_average(same).mean() < 1.05
    assert merge_product(same).mean() > 5
    independent = np.exp(0.5 * rng.normal(size=(50_000, 3)) - 0.125)
    assert merge_product(independent).mean() < 1.1


def test_all_required_holds_when_only_one_null_is_true() -> None:
    rng = np.random.default_rng(5)
    true_null = np.exp(rng.normal(size=20_000) - 0.5)
    both = np.stack([true_null, np.full(20_000, 1e6)], axis=1)
    assert merge_all_required(both).mean() < 1.05
    assert merge_average(both).mean() > 1000


@given(evidence)
def test_merging_is_bounded_by_its_parts_and_ignores_order(values: list[float]) -> None:
    average, least = float(merge_average(values)), float(merge_all_required(values))
    assert least <= average * (1 + 1e-9) + 1e-300
    assert average <= max(values) * (1 + 1e-9)
    assert float(merge_average(values[::-1])) == pytest.approx(average)
    assert 0.0 <= float(e_to_p(average)) <= 1.0


@given(st.floats(1e-300, 1), st.floats(1e-300, 1))
def test_smaller_p_values_give_larger_e_values(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert p_to_e(low) >= p_to_e(high)
    assert p_to_e_mixture(low) >= p_to_e_mixture(high) * (1 - 1e-6)


def test_weights_fixed_beforehand_are_scaled() -> None:
    assert float(merge_average([4.0, 8.0], weights=[3.0, 1.0])) == pytest.approx(5.0)
    assert float(merge_average([4.0, float("inf")], weights=[1.0, 0.0])) == 4.0
    with pytest.raises(ValueError, match="weights"):
        merge_average([1.0], weights=[0.0])


def test_bad_arguments_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="p: got"):
        p_to_e(1.5)
    with pytest.raises(ValueError, match="successes"):
        betting_e(3, 2, 0.5)
    with pytest.raises(ValueError, match="successes"):
        betting_e(1.5, 2, 0.5)
    with pytest.raises(ValueError, match="rate"):
        betting_e(1, 2, 0.0)
    with pytest.raises(ValueError, match="expected"):
        poisson_e(1, 0.0)
    with pytest.raises(ValueError, match="count"):
        poisson_e(2.0**63, 1.0)
    with pytest.raises(ValueError, match="e: "):
        merge_average([])
    with pytest.raises(ValueError, match="e: "):
        merge_product([-1.0])


def test_huge_counts_neither_overflow_nor_become_not_a_number() -> None:
    e = betting_e([0, 10**12, 2 * 10**11], 10**12, 0.2)
    assert not np.isnan(e).any()
    assert e[0] == 0.0
    assert e[1] > 1e290
    assert np.isfinite(e).all()
    assert not np.isnan(poisson_e([0, 10**9], 1e6)).any()
