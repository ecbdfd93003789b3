"""Bets on the tail are fair, reach what a budget asks for, and say how much calibration that takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.stats import benjamini_hochberg, budget_tails, conformal_p, e_bh, tail_e, tail_power


@given(n=st.integers(1, 3000), q=st.sampled_from([0.5, 0.05, 0.001]))
def test_a_bet_is_fair_for_every_size_of_calibration(n: int, q: float) -> None:
    every_p = np.arange(1, n + 2) / (n + 1)
    assert tail_e(every_p, budget_tails(q)).mean() <= 1.0 + 1e-9


@given(p=st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=60), q=st.floats(0.001, 0.5))
def test_whatever_e_bh_selects_with_it_bh_selects_too(p: list[float], q: float) -> None:
    chosen = e_bh(tail_e(p, budget_tails(q, [0.1, 0.01])), q=q).selected
    assert (benjamini_hochberg(p, q=q).selected | ~chosen).all()


@pytest.mark.parametrize(("m", "q", "together"), [(50_000, 0.05, 50), (50_000, 0.05, 500), (2_000, 0.2, 7)])
def test_with_the_calibration_it_asks_for_extreme_accounts_pass_and_with_one_less_they_do_not(
    m: int, q: float, together: int
) -> None:
    power = tail_power(m, q, together)
    assert power is not None
    for n, passes in ((power.n, True), (power.n - 1, False)):
        p = np.ones(m)
        p[:together] = conformal_p(np.zeros(n), np.ones(together))
        assert bool(e_bh(tail_e(p, budget_tails(q)), q=q).selected.any()) is passes


def test_more_guilty_accounts_than_declared_need_less_and_far_fewer_are_out_of_reach() -> None:
    needed = [tail_power(100_000, 0.05, k) for k in (30, 100, 3000)]
    assert all(needed)
    assert [one.n for one in needed if one] == sorted((one.n for one in needed if one), reverse=True)
    assert tail_power(100_000, 0.05, 1) is None
