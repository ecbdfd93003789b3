"""Cleared accounts of which some are hostile: p-values hold up to the share that is printed, and no reference is trimmed for being loud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.accounts import Watch, judge, weigh
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings

from .days import a_day, fed

MakeWorld = Callable[..., Any]
LEVELS = np.array([0.01, 0.02, 0.05, 0.2])
CLEARED, TESTED, HOSTILE = 300, 60, 15
ALLOWED = HOSTILE / CLEARED


def rates(world: MakeWorld, settings: DetectSettings, lift: float, *, trimmed: int = 0, hostile: int = HOSTILE) -> Any:
    """How often honest accounts pass each level beside references of which some are hostile; the loudest references left out, if told."""
    rng = np.random.default_rng(1)
    hits, total = np.zeros(LEVELS.size), 0
    for _ in range(40):
        one = world(rng, honest=CLEARED + TESTED - hostile, guilty=hostile, lift=lift, loud_signals=8, missing=0.0)
        honest = np.flatnonzero(~one.guilty)
        tested = np.zeros(CLEARED + TESTED, dtype=np.bool_)
        tested[honest[:TESTED]] = True
        cleared = ~tested
        if trimmed:
            loud = weigh(one.measured, None, settings, cleared=one.some(cleared)).average
            cleared[np.flatnonzero(cleared)[np.argsort(-loud[cleared], kind="stable")[:trimmed]]] = False
        p = weigh(one.measured, None, settings, cleared=one.some(cleared)).p_average[tested]
        hits += (p[:, None] <= LEVELS).sum(axis=0)
        total += p.size
    return hits / total, total


@pytest.mark.parametrize(("lift", "place"), [(6.0, "beyond everybody"), (-60.0, "below everybody")])
def test_up_to_the_share_that_may_be_hostile_p_values_hold_wherever_the_hostile_lie(
    world: MakeWorld, lift: float, place: str
) -> None:
    settings = DetectSettings(least_stratum=20, poisoned=ALLOWED)
    rate, total = rates(world, settings, lift)
    assert (rate <= LEVELS + 4 * np.sqrt(LEVELS / total)).all(), (place, rate)


def test_leaving_out_the_loudest_references_breaks_the_promise_where_they_are_honest(world: MakeWorld) -> None:
    """Why nothing is trimmed by its score: what is trimmed is presumed hostile, and the presumption comes back as a finding."""
    settings = DetectSettings(least_stratum=20, poisoned=0.0)
    rate, total = rates(world, settings, 0.0, trimmed=HOSTILE, hostile=0)
    assert rate[0] > 2 * LEVELS[0] + 4 * np.sqrt(LEVELS[0] / total), rate
    kept, total = rates(world, settings, 0.0, hostile=0)
    assert (kept <= LEVELS + 4 * np.sqrt(LEVELS / total)).all(), kept


def test_the_bound_that_is_printed_is_the_one_that_holds(world: MakeWorld) -> None:
    one = world(np.random.default_rng(2), honest=360, missing=0.0)
    settings = DetectSettings(least_stratum=20, poisoned=0.02)
    found = weigh(one.measured, None, settings, cleared=one.accounts.slice(0, 300))
    rows = [row for row in found.calibration.to_pylist() if row["calibration_n"] == 300]
    assert {row["contamination_bound"] for row in rows} == {6 / 300}
    assert {row["trimmed"] for row in rows} == {0}
    assert {round(1 / row["smallest_p"]) for row in rows} == {300 - 6 + 1}
    assert found.p_average[300:].min() >= 1 / 295


def test_the_loudest_of_the_cleared_are_named_for_another_look_and_without_them_the_guilty_are_found(
    world: MakeWorld,
) -> None:
    """A hostile account that was cleared hides its like. A person takes it out; the program does not."""
    one = world(np.random.default_rng(3), honest=2000, guilty=20, lift=12.0, loud_signals=8, missing=0.0)
    settings = DetectSettings(least_stratum=20, poisoned=0.005)
    guilty = np.flatnonzero(one.guilty)
    cleared = np.zeros(2020, dtype=np.bool_)
    cleared[np.flatnonzero(~one.guilty)[:1800]] = True
    cleared[guilty[:8]] = True
    judged = judge(one.measured, None, settings, cleared=one.some(cleared))
    again = [row["account"] for row in judged.combined.to_pylist() if "look at it again" in row["reason"]]
    assert set(guilty[:8] + 1) <= set(again)
    assert len(again) == 10, "as many as may be hostile"
    assert len(judged.accounts(Decision.REVIEW)) == 0
    cleared[guilty[:8]] = False
    clean = judge(one.measured, None, settings, cleared=one.some(cleared)).accounts(Decision.REVIEW)
    assert set(guilty + 1) <= set(clean.to_pylist())


def test_histories_withstand_the_same_share_and_say_how_many_that_is() -> None:
    rng = np.random.default_rng(4)
    settings = DetectSettings(least_stratum=20, budgets=BudgetSettings(review=0.5, verify=0.1), poisoned=0.1)
    worlds, wrong = 40, 0
    for _ in range(worlds):
        temper = rng.standard_normal(260)
        temper[:20] = -9.0
        now = Watch.fresh()
        for day in range(4):
            now = fed(now, day, a_day(rng, temper, data=1.0), settings, cleared=np.arange(1, 201))
        wrong += now.histories["reached"].null_count < now.histories.num_rows
    assert wrong <= worlds * 0.5 + 2.5 * np.sqrt(worlds * 0.25)
    last = now.last()["unknown"]
    assert (last["references"], last["hostile"]) == (200, 20)
    assert pa.types.is_integer(now.looks["hostile"].type)
