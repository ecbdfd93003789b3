"""Worlds with known truth: the promised error rates hold, and loud accounts are found where the promise allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stillwatch.accounts import judge, weigh
from stillwatch.core.records import Decision
from stillwatch.core.settings import DetectSettings

MakeWorld = Callable[..., Any]

SETTINGS = DetectSettings(least_stratum=20)


def test_honest_accounts_alone_are_flagged_in_at_most_the_promised_share_of_worlds(world: MakeWorld) -> None:
    rng = np.random.default_rng(1)
    worlds, flagged = 100, 0
    for _ in range(worlds):
        one = world(rng, honest=700)
        cleared = one.accounts.slice(0, 600)
        flagged += len(judge(one.measured, one.facts, SETTINGS, cleared=cleared).accounts(Decision.REVIEW)) > 0
    assert flagged <= 0.05 * worlds + 2.5 * np.sqrt(worlds * 0.05 * 0.95)


@pytest.mark.parametrize(("n", "worlds"), [(19, 300), (99, 100)])
def test_the_combined_p_value_keeps_its_promise_down_to_the_smallest_it_can_give(
    world: MakeWorld, n: int, worlds: int
) -> None:
    rng = np.random.default_rng(2)
    at_floor = 0
    for _ in range(worlds):
        one = world(rng, honest=n + 1, missing=0.0)
        found = weigh(one.measured, None, SETTINGS, cleared=one.accounts.slice(0, n))
        at_floor += bool(found.p_average[n] <= 1.0 / (n + 1) + 1e-12)
    rate = 1.0 / (n + 1)
    assert at_floor <= worlds * rate + 3 * np.sqrt(worlds * rate)


@pytest.mark.parametrize("place", ["beyond everybody", "below everybody", "among the honest"])
def test_up_to_the_printed_bound_guilty_accounts_in_the_calibration_break_nothing(world: MakeWorld, place: str) -> None:
    rng = np.random.default_rng(3)
    lift = {"beyond everybody": 6.0, "below everybody": -60.0, "among the honest": 0.0}[place]
    levels = np.array([0.01, 0.02, 0.05, 0.2, 0.5])
    hits, total = np.zeros(levels.size), 0
    for _ in range(40):
        one = world(rng, honest=360, guilty=36, lift=lift, loud_signals=8)
        singled = np.zeros(396, dtype=np.bool_)
        singled[np.flatnonzero(~one.guilty)[:40]] = True
        found = weigh(one.measured, one.facts, SETTINGS, singled_out=one.some(singled))
        bound = [r["contamination_bound"] for r in found.calibration.to_pylist() if r["signal"] == "combined"]
        assert bound[0] >= 36 / 356 - 0.01
        p = found.p_average[singled & found.eligible]
        hits += (p[:, None] <= levels).sum(axis=0)
        total += p.size
    assert (hits / total <= levels + 4 * np.sqrt(levels / total)).all(), hits / total


def test_among_themselves_honest_p_values_are_valid_and_nobody_is_put_up_for_review(world: MakeWorld) -> None:
    rng = np.random.default_rng(4)
    levels = np.array([0.01, 0.05, 0.2])
    hits, total = np.zeros(levels.size), 0
    for _ in range(30):
        one = world(rng, honest=270, guilty=30)
        found = judge(one.measured, one.facts, SETTINGS)
        honest = ~one.guilty & found.weighed.eligible
        p = found.weighed.p_average[honest]
        hits += (p[:, None] <= levels).sum(axis=0)
        total += p.size
        assert len(found.accounts(Decision.REVIEW)) == 0
        assert found.threshold_p is None
        assert "cleared accounts" in found.note
    assert (hits / total <= levels + 4 * np.sqrt(levels / total)).all(), hits / total


def test_a_few_loud_accounts_are_found_against_cleared_ones_and_honest_ones_seldom_with_them(world: MakeWorld) -> None:
    rng = np.random.default_rng(5)
    found_share, false_share = [], []
    for _ in range(20):
        one = world(rng, honest=2100, guilty=5)
        cleared = one.some(~one.guilty & (np.cumsum(~one.guilty) <= 2000))
        chosen = judge(one.measured, one.facts, SETTINGS, cleared=cleared).accounts(Decision.REVIEW)
        guilty = np.isin(np.asarray(chosen), np.asarray(one.some(one.guilty)))
        found_share.append(guilty.sum() / 5)
        false_share.append((~guilty).sum() / max(1, len(chosen)))
    assert np.mean(found_share) >= 0.9
    assert np.mean(false_share) <= 0.05 + 2.5 * np.std(false_share) / np.sqrt(20)


def test_accounts_singled_out_by_other_evidence_are_found_in_contaminated_logs(world: MakeWorld) -> None:
    rng = np.random.default_rng(6)
    found_share, false_share = [], []
    for _ in range(30):
        one = world(rng, honest=900, guilty=40)
        suspects = one.guilty.copy()
        suspects[np.flatnonzero(one.guilty)[:10]] = False
        suspects[np.flatnonzero(~one.guilty)[:30]] = True
        chosen = judge(one.measured, one.facts, SETTINGS, singled_out=one.some(suspects)).accounts(Decision.REVIEW)
        guilty = np.isin(np.asarray(chosen), np.asarray(one.some(one.guilty)))
        found_share.append(guilty.sum() / 30)
        false_share.append((~guilty).sum() / max(1, len(chosen)))
    assert np.mean(found_share) >= 0.5, "ten guilty accounts hide in the calibration"
    assert np.mean(false_share) <= 0.05 + 2.5 * np.std(false_share) / np.sqrt(30)


def test_the_average_is_an_e_value(world: MakeWorld) -> None:
    rng = np.random.default_rng(7)
    means = []
    for _ in range(40):
        one = world(rng, honest=400)
        means.append(
            np.nanmean(weigh(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 300)).average[300:])
        )
    assert np.mean(means) <= 1.0 + 3 * np.std(means) / np.sqrt(40)


def test_a_shifted_world_stops_the_verdicts_and_an_unshifted_one_does_not(world: MakeWorld) -> None:
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(20):
        one = world(rng, honest=900)
        alarms += (
            "no longer resemble" in judge(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 500)).note
        )
    assert alarms == 0
    later = np.where(np.arange(900) >= 500, 2.0, 0.0)
    one = world(rng, honest=900, shift=later)
    verdict = judge(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 500))
    assert "no longer resemble" in verdict.note
    assert len(verdict.accounts(Decision.REVIEW)) == 0, "a change of the log is nobody's guilt"
    combined = [r for r in verdict.calibration.to_pylist() if r["signal"] == "combined"]
    assert combined[0]["uniformity"] < 0.001
