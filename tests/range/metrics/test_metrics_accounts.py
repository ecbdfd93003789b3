"""Account metrics against numbers worked out by hand, and their bounds against chance."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from stillwatch.core.errors import Error
from stillwatch.range.metrics.accounts import (
    FPRS,
    area,
    at_fpr,
    at_own_word,
    at_threshold,
    bootstrap_recall,
    precision_at,
    threshold_for,
)
from stillwatch.range.metrics.harm import false_accusations
from stillwatch.range.metrics.known import known


def test_recall_precision_and_false_positives_by_hand() -> None:
    score = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, math.nan]
    guilty = [True, False, True, True, False, False, False, False, False, True]
    point = at_threshold(score, guilty, 0.55)
    assert point.recall.value == 3 / 4
    assert point.false_positives.value == 1 / 6
    assert point.precision.value == 3 / 4
    assert (point.recall.n, point.false_positives.n, point.precision.n) == (4, 6, 4)
    low, high = stats.beta.ppf(0.025, 3, 2), stats.beta.ppf(0.975, 4, 1)
    assert point.recall.low == pytest.approx(low)
    assert point.recall.high == pytest.approx(high)


def test_the_threshold_lets_no_more_innocents_through_than_allowed() -> None:
    innocent = np.arange(1, 1001, dtype=float)
    for fpr, wrong in ((1e-2, 10), (1e-3, 1), (1e-4, 0)):
        assert (innocent > threshold_for(innocent, fpr)).sum() == wrong


def test_ties_are_resolved_against_the_detector() -> None:
    innocent = [0.0] * 900 + [1.0] * 100
    point = at_fpr([*innocent, 1.0, 1.0], [False] * 1000 + [True] * 2, 1e-2)
    assert point.false_positives.value == 0.0
    assert point.recall.value == 0.0, "a score that a tenth of the innocents have accuses nobody at 1 %"


def test_an_undecided_account_is_never_accused() -> None:
    point = at_fpr([math.nan] * 5 + [1.0], [True] * 5 + [False], 0.5)
    assert point.recall.value == 0.0
    assert threshold_for([math.nan, math.nan], 0.5) == -math.inf
    assert threshold_for([], 0.01) == math.inf


def test_a_rate_beyond_the_innocents_at_hand_is_marked_as_unresolved() -> None:
    score, guilty = np.arange(2000.0), np.arange(2000) >= 1900
    assert [at_fpr(score, guilty, fpr).resolved for fpr in FPRS] == [True, True, False]


def test_a_threshold_from_other_innocents_is_honest_about_the_rate() -> None:
    rng = np.random.default_rng(1)
    covered, wrong, runs, n = 0, 0.0, 300, 2000
    for _ in range(runs):
        calibration, score = rng.normal(size=n), rng.normal(size=n)
        point = at_fpr(score, np.zeros(n, bool), 1e-2, calibration=calibration)
        true_rate = stats.norm.sf(point.threshold)
        covered += point.false_positives.low <= true_rate <= point.false_positives.high
        wrong += true_rate
    assert stats.binom.cdf(covered, runs, 0.95) > 1e-3, f"{covered} of {runs} intervals held the true rate"
    assert wrong / runs <= 1e-2 * 1.1


@pytest.mark.parametrize("recall", [0.02, 0.5, 0.97])
def test_bounds_of_recall_cover_the_truth_as_often_as_they_say(recall: float) -> None:
    rng = np.random.default_rng(2)
    covered, runs = 0, 400
    for _ in range(runs):
        caught = rng.random(40) < recall
        point = at_own_word([*caught, False], [True] * 40 + [False])
        covered += point.recall.low <= recall <= point.recall.high
    assert stats.binom.cdf(covered, runs, 0.95) > 1e-3


def test_precision_depends_on_how_many_are_guilty() -> None:
    point = at_own_word([True] * 90 + [False] * 10 + [True] + [False] * 999, [True] * 100 + [False] * 1000)
    value, low, high = precision_at(point, 0.0025)
    assert value == pytest.approx(0.0025 * 0.9 / (0.0025 * 0.9 + 0.9975 * 0.001))
    assert low < value < high
    assert math.isnan(precision_at(at_own_word([False, False], [True, False]), 0.01)[0])


def test_area_counts_ties_half_and_the_undecided_last() -> None:
    assert area([1, 1], [True, False]) == 0.5
    assert area([math.nan, 0], [True, False]) == 0.0
    assert math.isnan(area([1.0], [True]))
    score, guilty = np.array([3, 1, 2, 2.0]), np.array([True, False, True, False])
    wins = [(a > b) + 0.5 * (a == b) for a in score[guilty] for b in score[~guilty]]
    assert area(score, guilty) == np.mean(wins)


def test_drawing_accounts_again_covers_and_drawing_campaigns_is_wider() -> None:
    rng = np.random.default_rng(3)
    covered, runs = 0, 60
    for _ in range(runs):
        score = np.concatenate([rng.normal(2.3263, 1, 100), rng.normal(0, 1, 2000)])
        interval = bootstrap_recall(score, np.arange(2100) < 100, 1e-2, rng=rng, draws=150)
        covered += interval.low <= 0.5 <= interval.high
    assert covered >= 0.8 * runs
    caught = np.repeat(rng.random(25) < 0.5, 20)
    score = np.concatenate([np.where(caught, 9.0, -9.0), rng.normal(size=1000)])
    guilty, unit = np.arange(1500) < 500, np.concatenate([np.repeat(np.arange(25), 20), 100 + np.arange(1000)])
    alone = bootstrap_recall(score, guilty, 1e-2, rng=rng, draws=200)
    together = bootstrap_recall(score, guilty, 1e-2, rng=rng, unit=unit, draws=200)
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert together.n == 25


def test_one_campaign_says_nothing_of_others() -> None:
    one = bootstrap_recall(
        [5, 6, 0, 1, 2], [True, True, False, False, False], 0.1, rng=np.random.default_rng(1), unit=[9, 9, 1, 2, 3]
    )
    assert (one.value, one.low, one.high, one.n) == (1.0, 0.0, 1.0, 1)


def test_truth_knows_roles_and_refuses_strangers() -> None:
    truth = known(
        pa.table(
            {
                "account": [30, 10, 20, 40],
                "role": ["actor", "benign", "lookalike", "actor"],
                "group": ["c1", "chat", "suite of a firm", "c2"],
                "lookalike": [None, None, "evaluation", None],
            }
        )
    )
    assert truth.account.tolist() == [10, 20, 30, 40]
    assert truth.guilty.tolist() == [False, False, True, True]
    assert {name: places.tolist() for name, places in truth.actors().items()} == {"c1": [2], "c2": [3]}
    assert {name: places.tolist() for name, places in truth.innocent_classes().items()} == {
        "evaluation": [1],
        "ordinary: chat": [0],
    }
    assert truth.without([20]).account.tolist() == [10, 30, 40]
    with pytest.raises(Error, match="1 accounts of the findings are not in it"):
        truth.places(np.array([10, 99]))
    with pytest.raises(Error, match="got 'villain'"):
        known(pa.table({"account": [1], "role": ["villain"], "group": ["x"]}))
    with pytest.raises(Error, match="twice"):
        known(pa.table({"account": [1, 1], "role": ["benign"] * 2, "group": ["x"] * 2}))


def test_harm_says_who_bears_the_false_accusations() -> None:
    truth = known(
        pa.table(
            {
                "account": np.arange(100),
                "role": ["actor"] * 10 + ["lookalike"] * 10 + ["benign"] * 80,
                "group": ["c1"] * 10 + ["classroom"] * 10 + ["chat"] * 80,
            }
        )
    )
    found = false_accusations(truth, accused=np.array([0, 10, 20]), clusters=[np.arange(8, 14), np.array([500, 501])])
    assert [one.name for one in found] == ["classroom", "ordinary: chat"]
    classroom, chat = found
    assert (classroom.accounts, classroom.alone, classroom.in_clusters, classroom.clusters) == (10, 1, 4, 1)
    assert classroom.rate.value == 0.4
    assert (classroom.burden, chat.burden) == (4 / 5, 1 / 5)
    assert classroom.excess == pytest.approx(0.8 * 90 / 10)
    assert (chat.alone, chat.in_clusters, chat.clusters) == (1, 0, 0)
    assert all(one.burden == 0 for one in false_accusations(truth))
