"""Who comes often and who comes seldom: neither is loud for that, and clearances that lapse and come back keep references references."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.accounts import Measured, Watch, decide, standings, weigh
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings
from stillwatch.stats import look_share

from .days import FIRST, Floats, a_day, facts, fed

LOOSE = BudgetSettings(review=0.5, verify=0.1)
SETTINGS = DetectSettings(least_stratum=20, budgets=LOOSE, poisoned=0.0)
REFERENCES, TESTED = 200, 100
CLEARED = np.arange(1, REFERENCES + 1)
EARLY, DAYS = 7, 20


def mostly_nothing(measured: list[Measured]) -> list[Measured]:
    """The same signals as counts of something rare: most accounts have none of it on most days."""
    return [
        dataclasses.replace(
            one,
            rows=one.rows.set_column(1, "value", pa.array(np.maximum(np.asarray(one.rows["value"]) - 2.0, 0.0))),
        )
        for one in measured
    ]


def evidence(of: Watch, account: int) -> float:
    return float(of.histories.filter(pc.equal(of.histories["account"], account))["evidence"][0].as_py())


def evidence_of_tested(of: Watch) -> Floats:
    return np.asarray(of.histories["evidence"])[np.asarray(of.histories["account"]) > REFERENCES]


@pytest.mark.parametrize(
    ("tested_come", "references_come", "habit", "rare"),
    [
        pytest.param(0.08, 1.0, 0.0, True, id="idle accounts beside daily references"),
        pytest.param(1.0, 0.6, 1.0, False, id="daily accounts beside references that come on some days"),
    ],
)
def test_honest_accounts_that_come_more_or_less_often_than_the_references_gather_no_more_than_the_looks_give_away(
    tested_come: float, references_come: float, habit: float, rare: bool
) -> None:
    rng = np.random.default_rng(21)
    come = np.where(np.arange(REFERENCES + TESTED) < REFERENCES, references_come, tested_come)
    gathered = []
    for _ in range(14):
        temper = habit * rng.standard_normal(come.size)
        now, early = Watch.fresh(), 0.0
        for day in range(DAYS):
            today = a_day(rng, temper, rng.random(come.size) < come, data=1.0)
            now = fed(now, day, mostly_nothing(today) if rare else today, SETTINGS, cleared=CLEARED)
            if day == EARLY - 1:
                early = float(evidence_of_tested(now).sum())
        gathered.append((evidence_of_tested(now).sum() - early) / TESTED)
    given_away = look_share(np.arange(EARLY + 1, DAYS + 1)).sum()
    assert np.mean(gathered) <= given_away + 2.5 * np.std(gathered) / np.sqrt(len(gathered))
    assert rare or np.mean(gathered) > 0.1 * given_away, "bets are made"


def test_an_account_without_a_day_that_counts_is_not_tested() -> None:
    rng = np.random.default_rng(22)
    today = a_day(rng, np.zeros(140), data=1.0)
    idle = [
        dataclasses.replace(one, rows=one.rows.set_column(2, "n", pa.array(np.where(np.arange(140) < 130, 40, 3))))
        for one in today
    ]
    now = fed(Watch.fresh(), 0, idle, SETTINGS, cleared=np.arange(1, 101))
    assert (now.last()["unknown"]["tested"], now.histories.num_rows) == (30, 140)


def test_a_day_beside_too_few_references_counts_for_nobody() -> None:
    rng = np.random.default_rng(23)
    temper = np.zeros(140)
    now = fed(Watch.fresh(), 0, a_day(rng, temper, data=1.0), SETTINGS, cleared=np.arange(1, 101))
    weekend = np.arange(140) >= 81
    now = fed(now, 1, a_day(rng, temper, weekend, data=1.0), SETTINGS, cleared=np.arange(1, 101))
    assert set(now.histories["days"].to_pylist()) == {1}
    now = fed(now, 2, a_day(rng, temper, np.arange(140) >= 80, data=1.0), SETTINGS, cleared=np.arange(1, 101))
    assert now.histories["days"].to_pylist() == [1] * 80 + [2] * 60


def test_a_newcomer_is_compared_with_the_latest_days_of_old_references() -> None:
    rng = np.random.default_rng(24)
    temper = np.append(0.1 * rng.standard_normal(REFERENCES + 10), 9.0)
    late = np.arange(temper.size) < temper.size - 1
    now = Watch.fresh()
    for day in range(10):
        now = fed(now, day, a_day(rng, temper, late, data=1.0), SETTINGS, cleared=CLEARED)
    now = fed(now, 10, a_day(rng, temper, data=1.0), SETTINGS, cleared=CLEARED)
    assert np.isclose(evidence(now, temper.size), look_share(11) * 200 / 4), "of lengths 1, 2, 4 and 8 it has the first"


def test_an_account_that_was_cleared_since_the_last_look_is_not_put_up_by_its_history() -> None:
    rng = np.random.default_rng(25)
    temper = np.concatenate([0.1 * rng.standard_normal(400), np.full(10, 3.0)])
    now = Watch.fresh()
    for day in range(3):
        now = fed(now, day, a_day(rng, temper, data=1.0), SETTINGS, cleared=np.arange(1, 361))
    planted = np.arange(401, 411)
    assert set(planted) <= set(standings(now, planted.tolist(), LOOSE, cleared=pa.array([], pa.int64())))
    fresh = pa.array(np.append(np.arange(1, 361), planted[0]))
    judged = decide(weigh(a_day(rng, temper, data=1.0), None, SETTINGS, cleared=fresh), SETTINGS, watched=now)
    row = next(one for one in judged.combined.to_pylist() if one["account"] == planted[0])
    assert row["decision"] == Decision.QUIET
    assert row["reason"].startswith("cleared by an analyst")
    assert set(planted[1:].tolist()) <= set(judged.accounts(Decision.REVIEW).to_pylist())
    assert set(standings(now, planted.tolist(), LOOSE, cleared=fresh)) == set(planted[1:].tolist())


def test_references_whose_clearances_lapse_for_a_while_calibrate_again() -> None:
    rng = np.random.default_rng(26)
    temper = np.append(0.1 * rng.standard_normal(REFERENCES + 10), 9.0)
    some = CLEARED[REFERENCES // 2 :]
    now, references = Watch.fresh(), []
    for day, cleared in enumerate([CLEARED, some, CLEARED, CLEARED]):
        now = fed(now, day, a_day(rng, temper, data=1.0), SETTINGS, cleared=cleared)
        references.append(now.last()["unknown"]["references"])
    assert references == [200, 100, 200, 200]
    assert np.isclose(
        evidence(now, temper.size),
        look_share([1, 3]).sum() * 200 + look_share(2) * 101 + look_share(4) * 200,
        rtol=0.01,
    )


def test_a_product_type_that_lost_its_references_starts_anew_on_the_day_that_people_name() -> None:
    """The yearly list ran out, and the new one names others; the other type never lost anybody."""
    rng = np.random.default_rng(27)
    kinds = ["chat"] * 150 + ["agent"] * 150
    temper = 0.1 * rng.standard_normal(300)
    temper[[149, 299]] = 9.0
    old, new = np.r_[1:101, 151:251], np.r_[1:101, 251:291]
    named = DetectSettings(
        least_stratum=20, budgets=LOOSE, poisoned=0.0, watch_from=(FIRST + dt.timedelta(3)).isoformat()
    )
    now, later = Watch.fresh(), Watch.fresh()
    for day in range(6):
        today = a_day(rng, temper, data=1.0)
        cleared = old if day < 2 else new
        now = fed(now, day, today, SETTINGS, cleared=cleared, known=facts(kinds))
        later = fed(later, day, today, named, cleared=cleared, known=facts(kinds))
    assert now.last()["agent"]["references"] == 0, "without a word from people the type stays without references"
    assert later.last()["agent"]["references"] == 40
    assert (later.last()["agent"]["look"], later.last()["chat"]["look"]) == (3, 6)
    assert np.isclose(evidence(later, 300), look_share([1, 2, 3]).sum() * 41)
    assert evidence(later, 150) == evidence(now, 150)
