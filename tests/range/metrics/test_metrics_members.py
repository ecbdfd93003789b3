"""Clusters against hidden actors, promises against runs, and what an attacker pays: by hand and by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from scipy import stats

from stillwatch.range.metrics.budget import kept, mean_between
from stillwatch.range.metrics.cost import (
    Prices,
    Spent,
    before_action,
    cost_multiplier,
    spent,
    yield_over_campaigns,
)
from stillwatch.range.metrics.known import Known, known
from stillwatch.range.metrics.members import compare_members, null_worlds


def truth(actors: dict[str, int], innocent: int) -> Known:
    """Accounts from 0: those of each actor in turn, then innocent ones."""
    group = [name for name, size in actors.items() for _ in range(size)]
    return known(
        pa.table(
            {
                "account": np.arange(len(group) + innocent),
                "role": ["actor"] * len(group) + ["benign"] * innocent,
                "group": group + ["chat"] * innocent,
            }
        )
    )


def test_members_by_hand() -> None:
    world = truth({"a": 10, "b": 20, "c": 5}, 100)
    clusters = [
        np.array([*range(8), 40, 41]),  # eight of a and two innocents
        np.arange(10, 16),  # six of b
        np.arange(16, 20),  # four more of b
        np.arange(50, 60),  # innocents
    ]
    found = compare_members(clusters, world)
    assert [one.recall for one in found.actors] == [0.8, 0.5, 0.0]
    a, b, c = (one.match for one in found.actors)
    assert (a.best_recall, a.best_precision, a.found, a.own) == (0.8, 0.8, True, (0,))
    assert (b.best_recall, b.best_precision, b.found, b.own) == (0.3, 1.0, False, (1, 2))
    assert (c.best, c.found, c.pieces) == (None, False, 0)
    assert math.isnan(c.best_precision)
    assert (found.recall.value, found.recall.n) == (18 / 35, 35)
    assert (found.precision.value, found.precision.n) == (18 / 30, 30)
    assert (found.clusters, found.false_clusters, found.false_share, found.accused) == (4, 1, 0.25, 12)


def test_two_actors_in_one_cluster_are_merged_and_an_account_counts_once() -> None:
    found = compare_members([np.arange(16), np.arange(4)], truth({"a": 10, "b": 6}, 10))
    a, b = (one.match for one in found.actors)
    assert a.merged
    assert a.found
    assert not b.found, "the cluster is mostly of another actor"
    assert found.actors[1].recall == 0.0
    assert found.recall.value == 10 / 16
    assert found.precision.n == 16


def test_cleared_accounts_do_not_count() -> None:
    world = truth({"a": 4}, 6).without([8, 9])
    found = compare_members([np.array([8, 9]), np.array([0, 1, 2, 3, 9])], world)
    assert (found.clusters, found.accused, found.precision.value) == (1, 0, 1.0)


def test_nothing_found_is_no_false_discovery() -> None:
    found = compare_members([], truth({"a": 4}, 6))
    assert (found.false_share, found.clusters, found.recall.value) == (0.0, 0, 0.0)
    assert math.isnan(found.precision.value)


def test_clusters_where_nobody_hides_are_counted_over_worlds() -> None:
    quiet = compare_members([], truth({}, 50))
    loud = compare_members([np.arange(10), np.arange(20, 25)], truth({}, 50))
    assert loud.false_share == 1.0
    found = null_worlds([quiet] * 9 + [loud])
    assert (found.worlds, found.any_cluster.value, found.clusters, found.accused) == (10, 0.1, 0.2, 1.5)
    assert found.any_cluster.n == 10
    with pytest.raises(ValueError, match="hidden actors"):
        null_worlds([compare_members([], truth({"a": 2}, 2))])


def test_a_budget_by_hand() -> None:
    found = kept([10, 0, 5, 5], [1, 0, 1, 0], 0.05)
    assert found.realised.value == pytest.approx((0.1 + 0.2) / 4)
    assert (found.any_false.value, found.discoveries, found.runs) == (0.5, 5.0, 4)
    assert found.broken is None, "four runs say nothing about 5 %"
    with pytest.raises(ValueError, match="between 0"):
        kept([1], [2], 0.05)
    with pytest.raises(ValueError, match="one number a run"):
        kept([1, 2], [1], 0.05)


def test_a_kept_promise_is_not_called_broken_and_a_broken_one_is() -> None:
    rng = np.random.default_rng(5)
    made = np.full(300, 20)
    called = [kept(made, rng.binomial(20, 0.05, 300), 0.05).broken for _ in range(40)]
    assert sum(bool(one) for one in called) <= 2
    assert kept(made, rng.binomial(20, 0.15, 300), 0.05).broken is True
    assert kept(np.ones(300, int), (rng.random(300) < 0.2).astype(int), 0.05).broken is True


@pytest.mark.parametrize("law", ["rare", "even", "coin"])
@pytest.mark.parametrize("n", [20, 200])
def test_bounds_of_a_mean_cover_whatever_the_law(law: str, n: int) -> None:
    rng = np.random.default_rng(6)
    draws: dict[str, Callable[[], npt.NDArray[np.float64]]] = {
        "rare": lambda: (rng.random(n) < 0.03) * rng.random(n),
        "even": lambda: rng.random(n),
        "coin": lambda: (rng.random(n) < 0.3).astype(float),
    }
    mean = {"rare": 0.015, "even": 0.5, "coin": 0.3}[law]
    runs, covered = 200, 0
    for _ in range(runs):
        interval = mean_between(draws[law]())
        assert interval.low <= interval.value <= interval.high
        covered += interval.low <= mean <= interval.high
    assert stats.binom.cdf(covered, runs, 0.95) > 1e-3


def test_bounds_of_a_mean_at_the_edges() -> None:
    assert mean_between([1.0] * 50).high == 1.0
    assert mean_between([1.0] * 50).low == pytest.approx(1 - mean_between([0.0] * 50).high)
    assert mean_between([]).high == 1.0
    assert mean_between([0.0]).high <= 1.0
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_between([1.5])


def campaign() -> pa.Table:
    """Two accounts, an exchange a second: account 1 sends prompts 0-5, account 2 prompts 4-9; prompt 9 is refused."""
    return pa.table(
        {
            "account": [1] * 6 + [2] * 6,
            "at": pa.array([100 + k for k in range(6)] * 2, pa.timestamp("s", tz="UTC")),
            "prompt_hash": [0, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9],
            "outcome": ["ok"] * 11 + ["refused"],
            "output_tokens": [10] * 11 + [None],
        }
    )


def test_the_yield_before_action_by_hand() -> None:
    free = before_action(campaign(), {})
    assert (free.obtained, free.wanted, free.share) == (9, 9, 1.0)
    assert (free.detected_us, free.detected_after, free.acted_on, free.tokens) == (None, 12, 0.0, 110)
    caught = before_action(campaign(), {2: 102 * 1_000_000})
    assert caught.obtained == 6, "account 1 keeps its six, account 2 got only prompts that account 1 got too"
    assert caught.share == 6 / 9
    assert (caught.detected_us, caught.detected_after, caught.acted_on) == (2_000_000, 4, 0.5)
    assert (caught.exchanges, caught.tokens) == (8, 80)


def test_an_action_before_the_start_leaves_nothing() -> None:
    found = before_action(campaign(), {1: 0, 2: 0})
    assert (found.obtained, found.detected_us, found.detected_after, found.acted_on) == (0, 0, 0, 1.0)


def test_dearer_is_measured_per_distinct_answer() -> None:
    prices = Prices(account=5.0, thousand_out=1.0)
    plain = spent(before_action(campaign(), {}), prices)
    assert plain.money == pytest.approx(10 + 0.11)
    watched = spent(before_action(campaign(), {2: 102 * 1_000_000}), prices)
    assert cost_multiplier(watched, plain) == pytest.approx((10.08 / 6) / (10.11 / 9))
    assert cost_multiplier(Spent(money=10, obtained=0), plain) == math.inf
    assert math.isnan(cost_multiplier(plain, Spent(money=10, obtained=0)))


def test_the_yield_over_campaigns_draws_whole_campaigns() -> None:
    rng = np.random.default_rng(1)
    assert yield_over_campaigns([0.2], rng=rng).high == 1.0
    several = yield_over_campaigns([*(k / 20 for k in range(21)), math.nan], rng=rng)
    assert (several.value, several.n) == (0.5, 21)
    assert several.low < 0.5 < several.high
