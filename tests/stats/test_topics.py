"""Shifts, scans and excesses of topics: quiet between samples of one population, loud where they should be, alike however sums are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.stats import cell_scan, mean_shift, share_excess
from stillwatch.stats._arguments import FloatArray


def counts(rng: np.random.Generator, n: int, taste: FloatArray, rows: int) -> FloatArray:
    return rng.multinomial(n, taste, size=rows).astype(np.float64)


def shift(own: FloatArray, n: int, rest: FloatArray, m: int) -> FloatArray:
    return mean_shift(own, own, n, rest, rest, m)


def test_the_shift_equals_two_loops_over_pairs() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(9, 3))
    within = [np.mean([a @ b for i, a in enumerate(s) for j, b in enumerate(s) if i != j]) for s in (x, y)]
    expected = within[0] + within[1] - 2.0 * np.mean([a @ b for a in x for b in y])
    found = mean_shift(x.sum(0), (x * x).sum(0), 6, y.sum(0), (y * y).sum(0), 9)
    assert float(found) == pytest.approx(expected / (1 / 6 + 1 / 9))


@pytest.mark.parametrize("n", [20, 100, 1500])
def test_samples_of_one_population_have_no_shift_on_average_whatever_their_size(n: int) -> None:
    rng = np.random.default_rng(n)
    taste = rng.dirichlet(np.ones(50))
    found = shift(counts(rng, n, taste, 2000), n, counts(rng, 5000, taste, 2000), 5000)
    assert abs(found.mean()) < 4.0 * found.std() / np.sqrt(2000)
    assert found.std() == pytest.approx(np.sqrt(2.0) * (taste * taste).sum() ** 0.5, rel=0.35)


def test_a_shift_grows_with_the_sample_and_is_told_from_chance() -> None:
    rng = np.random.default_rng(3)
    taste = np.full(50, 0.02)
    other = np.where(np.arange(50) < 25, 0.03, 0.01)
    rest = counts(rng, 5000, taste, 200)
    chance = np.quantile(shift(counts(rng, 300, taste, 200), 300, rest, 5000), 0.99)
    small, large = (shift(counts(rng, n, other, 200), n, rest, 5000) for n in (100, 300))
    assert (large > chance).mean() > 0.95
    assert large.mean() > 2.0 * small.mean()


@given(st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=4, max_size=30), st.integers(2, 28))
def test_sums_of_parts_give_the_shift_of_the_whole(rows: list[list[int]], cut: int) -> None:
    x = np.array(rows, dtype=np.float64)
    whole = shift(x.sum(0), len(x), np.full(4, 50.0), 100)
    assert float(shift(x[:cut].sum(0) + x[cut:].sum(0), len(x), np.full(4, 50.0), 100)) == float(whole)


def test_a_scan_of_honest_counts_is_an_e_value() -> None:
    rng = np.random.default_rng(5)
    expected = rng.gamma(1.0, 3.0, size=200) + 0.01
    e = np.exp(cell_scan(rng.poisson(expected, size=(2000, 200)), expected).log_e)
    assert e.mean() < 1.0 + 4.0 * e.std() / np.sqrt(2000)
    assert (e >= 20.0).mean() <= 0.05


def test_a_scan_finds_three_cells_among_a_thousand_and_names_them() -> None:
    rng = np.random.default_rng(6)
    seen = rng.poisson(0.5, size=(1, 1000))
    seen[0, [7, 70, 700]] += 12
    found = cell_scan(seen, np.full(1000, 0.5))
    assert set(found.cells[0].tolist()) == {7, 70, 700}
    assert found.log_e[0] > np.log(1e6)


def test_excess_of_a_share_is_standard_under_its_null() -> None:
    rng = np.random.default_rng(7)
    found = share_excess(rng.binomial(500, 0.05, 4000), 500, rng.binomial(2000, 0.05, 4000), 2000, variance=0.05 * 0.95)
    assert abs(found.mean()) < 0.07
    assert found.std() == pytest.approx(1.0, abs=0.05)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="n: got 1"):
        shift(np.ones(3), 1, np.ones(3), 10)
    with pytest.raises(ValueError, match="rows by cells"):
        cell_scan([1, 2], [1.0, 1.0])
