"""Streams with known truth: the share of false ones among those shown, over the whole stream, stays below the promise."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.stats import OnlineBudget, OnlineRule, conformal_p, online_fdr, tail_e

Q = 0.1


def false_share(selected: np.ndarray, guilty: np.ndarray) -> float:
    return float((selected & ~guilty).sum() / max(1, selected.sum()))


def likelihood_ratios(rng: np.random.Generator, guilty: np.ndarray) -> np.ndarray:
    return np.exp(3.0 * (rng.standard_normal(guilty.size) + 3.0 * guilty) - 4.5)


@pytest.mark.parametrize("rule", list(OnlineRule))
def test_independent_evidence_keeps_the_promise_and_finds_somebody(rule: OnlineRule) -> None:
    rng = np.random.default_rng(1)
    wrong, found = [], []
    for _ in range(120):
        guilty = rng.random(400) < 0.1
        selected = online_fdr(likelihood_ratios(rng, guilty), q=Q, rule=rule).selected
        wrong.append(false_share(selected, guilty))
        found.append(selected[guilty].mean())
    assert np.mean(wrong) <= Q + 2.5 * np.std(wrong) / np.sqrt(len(wrong))
    assert np.mean(found) > 0.03


def test_under_one_unlucky_calibration_for_all_e_lond_keeps_the_promise() -> None:
    rng = np.random.default_rng(2)
    wrong = []
    for _ in range(400):
        known = rng.standard_normal(99)
        p = conformal_p(known, rng.standard_normal(300))
        wrong.append(float(online_fdr(tail_e(p, [0.01]), q=Q).selected.any()))
    assert np.mean(wrong) <= Q + 2.5 * np.sqrt(Q * (1 - Q) / len(wrong))


@pytest.mark.parametrize("rule", list(OnlineRule))
def test_without_discoveries_the_budget_lasts_for_ever_and_is_never_overdrawn(rule: OnlineRule) -> None:
    budget = OnlineBudget(rule=rule, q=Q)
    levels = []
    for _ in range(5000):
        levels.append(budget.level)
        budget = budget.after(0.0)
    assert sum(levels) <= Q
    assert levels[-1] > 0.0
    assert (np.diff(levels) <= 0).all()


def test_a_budget_taken_up_again_goes_on_where_it_was() -> None:
    e = np.random.default_rng(3).exponential(size=50) * 40
    whole = online_fdr(e, q=Q, rule=OnlineRule.E_SAFFRON)
    budget = OnlineBudget(rule=OnlineRule.E_SAFFRON, q=Q)
    for one in e[:30].tolist():
        budget = budget.after(one)
    assert budget.needed == whole.needed[30]
    assert budget.shown == whole.selected[:30].sum()


def test_e_lord_and_e_saffron_earn_more_from_what_they_show_than_e_lond() -> None:
    rng = np.random.default_rng(4)
    found = dict.fromkeys(OnlineRule, 0)
    for _ in range(30):
        guilty = rng.random(1000) < 0.3
        e = likelihood_ratios(rng, guilty)
        for rule in OnlineRule:
            found[rule] += int(online_fdr(e, q=Q, rule=rule).selected.sum())
    assert found[OnlineRule.E_LOND] < found[OnlineRule.E_LORD]
    assert found[OnlineRule.E_LOND] < found[OnlineRule.E_SAFFRON]
