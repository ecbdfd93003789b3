"""Spread over cells: differences between groups and likeness within accounts, at the promised error rates."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stillwatch.stats import cell_difference, group_cell_difference, within_account_lift

AtMost = Callable[[int, int, float], bool]


@pytest.mark.parametrize("statistic", ["g", "chi_square"])
@pytest.mark.parametrize(("cells", "events"), [(5, 200), (60, 50)])
def test_groups_of_one_taste_seldom_differ(statistic: str, cells: int, events: int, at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    taste = rng.dirichlet(np.ones(cells))
    p = np.array(
        [
            cell_difference(
                rng.multinomial(events, taste),
                rng.multinomial(4 * events, taste),
                rng=rng,
                statistic=statistic,
                draws=99,
            ).evidence.p_value
            for _ in range(200)
        ],
        dtype=float,
    )
    assert at_most(int((p <= 0.05).sum()), 200, 0.06 if events == 200 else 0.05)
    assert (p <= 0.05).sum() > 2


def test_the_statistics_are_those_of_the_books() -> None:
    table = np.array([[30, 10, 20], [100, 120, 90]])
    for name, power in (("chi_square", "pearson"), ("g", "log-likelihood")):
        expected = stats.chi2_contingency(table, correction=False, lambda_=power)
        found = cell_difference(table[0], table[1], rng=np.random.default_rng(0), statistic=name).evidence
        assert found.p_value == pytest.approx(expected.pvalue)
        assert found.value * 2 == pytest.approx(expected.statistic)


def test_a_shifted_group_is_found_and_the_cell_named() -> None:
    rng = np.random.default_rng(2)
    found = cell_difference([5] * 20 + [40], [50] * 21, rng=rng)
    assert found.evidence.p_value is not None
    assert found.evidence.p_value < 1e-6
    assert int(found.pull.argmax()) == 20
    assert found.pull[0] < 0


def test_little_or_nothing_is_undecided() -> None:
    rng = np.random.default_rng(0)
    assert cell_difference([1, 2], [100, 100], rng=rng).evidence.needed == 20
    assert not cell_difference([], [], rng=rng).evidence.decided
    assert cell_difference([50, 0], [50, 0], rng=rng).evidence.p_value == 1.0
    with pytest.raises(ValueError, match="rest"):
        cell_difference([1], [1, 2], rng=rng)
    with pytest.raises(ValueError, match="statistic"):
        cell_difference([1], [1], rng=rng, statistic="t")


def _customers(rng: np.random.Generator, accounts: int) -> np.ndarray:
    tastes = rng.dirichlet(np.full(12, 0.3), size=accounts)
    return np.array([rng.multinomial(20, taste) for taste in tastes])


def test_groups_of_accounts_with_tastes_of_their_own_are_not_accused_as_pooled_events_would_be(at_most: AtMost) -> None:
    rng = np.random.default_rng(3)
    hits = pooled = 0
    for _ in range(60):
        counts = _customers(rng, 150)
        members = np.arange(150) < 15
        found = group_cell_difference(counts, members, rng=rng, draws=99).evidence
        events = cell_difference(counts[members].sum(axis=0), counts[~members].sum(axis=0), rng=rng).evidence
        assert found.p_value is not None
        assert events.p_value is not None
        hits += int(found.p_value <= 0.05)
        pooled += int(events.p_value <= 0.05)
    assert at_most(hits, 60, 0.05)
    assert pooled > 55


def test_a_group_with_one_subject_is_found_within_its_activity_bin() -> None:
    rng = np.random.default_rng(4)
    counts = _customers(rng, 300)
    members = np.arange(300) < 30
    counts[members, 3] += 10
    found = group_cell_difference(counts, members, bins=np.arange(300) % 3, rng=rng, draws=199)
    assert found.evidence.p_value == pytest.approx(1 / 200)
    assert int(found.pull.argmax()) == 3
    assert not group_cell_difference(counts, np.arange(300) < 2, rng=rng).evidence.decided


def test_scattered_accounts_show_no_likeness(at_most: AtMost) -> None:
    rng = np.random.default_rng(5)
    accounts = np.repeat(np.arange(60), 5)
    found = [within_account_lift(accounts, rng.integers(0, 8, 300), rng=rng, draws=99) for _ in range(150)]
    p = np.array([f.alike.p_value for f in found], dtype=float)
    assert at_most(int((p <= 0.05).sum()), 150, 0.05)
    assert np.mean([f.lift.low <= 0.0 <= f.lift.high for f in found]) > 0.9


def _sticky(rng: np.random.Generator, accounts: np.ndarray, share: float, cells: int) -> np.ndarray:
    own = rng.integers(0, cells, accounts.max() + 1)
    return np.where(rng.random(accounts.size) < share, own[accounts], rng.integers(0, cells, accounts.size))


def test_likeness_at_the_bound_is_seldom_called_scattered_and_none_often_is(at_most: AtMost) -> None:
    rng = np.random.default_rng(6)
    accounts = np.repeat(np.arange(200), 5)
    at_bound = [
        within_account_lift(accounts, _sticky(rng, accounts, 0.05**0.5, 10), rng=rng, draws=9).scattered.p_value
        for _ in range(150)
    ]
    assert at_most(int((np.array(at_bound, dtype=float) <= 0.05).sum()), 150, 0.065)
    none = [
        within_account_lift(accounts, rng.integers(0, 10, 1000), rng=rng, draws=9).scattered.p_value for _ in range(100)
    ]
    assert np.mean(np.array(none, dtype=float) <= 0.05) > 0.8


def test_the_lift_is_the_share_of_pairs_that_agree_beyond_chance() -> None:
    rng = np.random.default_rng(7)
    accounts = np.repeat(np.arange(2000), 6)
    found = within_account_lift(accounts, _sticky(rng, accounts, 0.6, 10), rng=rng, draws=9)
    assert found.lift.value == pytest.approx(0.36, abs=0.03)
    assert found.lift.low < 0.36 < found.lift.high


def test_few_accounts_or_one_cell_are_undecided() -> None:
    rng = np.random.default_rng(8)
    for accounts, cells in (([], []), ([1, 1, 2, 2], [1, 1, 2, 2]), (np.repeat(np.arange(50), 2), np.zeros(100))):
        found = within_account_lift(accounts, cells, rng=rng)
        assert not found.alike.decided
        assert not found.scattered.decided


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_names_and_row_order_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    accounts, cells = np.repeat(np.arange(25), 3), rng.integers(0, 4, 75)
    order = rng.permutation(75)
    one = within_account_lift(accounts, cells, rng=np.random.default_rng(1), draws=9)
    other = within_account_lift(accounts[order] * 7 + 5, cells[order] - 9, rng=np.random.default_rng(1), draws=9)
    assert one.lift.value == pytest.approx(other.lift.value)
    assert one.scattered.p_value == pytest.approx(other.scattered.p_value)
