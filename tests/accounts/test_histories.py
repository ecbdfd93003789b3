"""Looking every day: honest accounts are hardly ever accused, lasting ones are found, and a day counts once."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.accounts import Watch, decide, standings, watch, weigh
from stillwatch.core.errors import WorkspaceError
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings
from stillwatch.stats import look_share

from .days import FIRST, a_day, facts, fed, watched

LOOSE = BudgetSettings(review=0.5, verify=0.1)
"""A loose budget, whose tails 600 references can reach."""
SETTINGS = DetectSettings(least_stratum=20, budgets=LOOSE, poisoned=0.0)
REFERENCES, TESTED, DAYS = 600, 300, 12
NOBODY = pa.array([], pa.int64())


def column(of: Watch, name: str) -> np.ndarray:
    return np.asarray(of.histories[name].to_pylist(), dtype=object)


def numbers(of: Watch, name: str) -> np.ndarray:
    return np.asarray(of.histories[name], dtype=np.float64)


def shown(of: Watch) -> np.ndarray:
    """Accounts that were ever put up for review."""
    accounts: np.ndarray = np.asarray(of.histories["account"])[np.asarray(of.histories["reached"].is_valid())]
    return accounts


def test_evidence_against_an_honest_account_ever_reaches_20_at_most_once_in_twenty() -> None:
    rng = np.random.default_rng(1)
    ever = []
    for _ in range(12):
        last = watched(rng, rng.standard_normal(REFERENCES + TESTED), DAYS, SETTINGS, references=REFERENCES)[-1]
        ever.append((numbers(last, "evidence")[REFERENCES:] >= 20.0).mean())
        assert numbers(last, "score")[REFERENCES:].max() > np.log(20.0), "the product of days accuses the honest"
    assert np.mean(ever) <= 0.05 + 2.5 * np.std(ever) / np.sqrt(len(ever))


def test_among_honest_accounts_alone_worlds_in_which_anybody_is_ever_put_up_are_no_more_than_the_budget() -> None:
    """Where all are honest the share of wrong ones is 1 as soon as one is shown; accounts join while they are watched."""
    rng = np.random.default_rng(2)
    worlds, wrong = 60, 0
    for _ in range(worlds):
        temper = rng.standard_normal(260)
        came = np.where(rng.random(260) < 0.5, 0, rng.integers(0, 6, 260))
        now = Watch.fresh()
        for day in range(6):
            cleared = np.arange(1, 201)
            now = fed(now, day, a_day(rng, temper, came <= day, data=1.0), SETTINGS, cleared=cleared)
        wrong += shown(now).size > 0
    assert wrong > 0, "the budget is spent, and this world could be in error"
    assert wrong <= worlds * 0.5 + 2.5 * np.sqrt(worlds * 0.25)


def test_honest_accounts_together_gather_no_more_than_the_looks_give_away_although_early_ones_are_loud() -> None:
    """Old accounts are louder than young ones, references and others alike; the first look sees the old alone."""
    rng = np.random.default_rng(8)
    parts = []
    for _ in range(40):
        old = np.arange(400) % 2 == 0
        temper = np.where(old, 2.0, 0.0) + 0.2 * rng.standard_normal(400)
        now = Watch.fresh()
        for day in range(3):
            there = old if day == 0 else np.ones(400, dtype=np.bool_)
            now = fed(now, day, a_day(rng, temper, there, data=1.0), SETTINGS, cleared=np.arange(1, 301))
        parts.append(numbers(now, "part").sum())
    given_away = look_share([1, 2, 3]).sum()
    assert 0.1 * given_away < np.mean(parts) <= given_away + 2.5 * np.std(parts) / np.sqrt(len(parts))


def test_each_look_gives_away_its_weight_divided_by_the_accounts_looked_at_and_no_more_than_references_can_show() -> (
    None
):
    """A loud account beside 100 references of which 10 may be hostile: 91 at most, half of it at the first look."""
    rng = np.random.default_rng(11)
    settings = DetectSettings(least_stratum=20, budgets=LOOSE, poisoned=0.1)
    temper = np.concatenate([0.1 * rng.standard_normal(140), [9.0]])
    late = np.arange(141) < 120
    late[-1] = True
    first = fed(Watch.fresh(), 0, a_day(rng, temper, late, data=1.0), settings, cleared=np.arange(1, 101))
    second = fed(first, 1, a_day(rng, temper, data=1.0), settings, cleared=np.arange(1, 101))
    assert np.isclose(numbers(first, "evidence")[-1], look_share(1) * 91)
    assert np.isclose(numbers(second, "evidence")[-1], look_share([1, 2]).sum() * 91)
    assert [one.last()["unknown"]["tested"] for one in (first, second)] == [21, 41]
    assert np.isclose(numbers(second, "part")[-1], look_share(1) * 91 / 21 + look_share(2) * 91 / 41)


def test_an_account_that_is_a_little_loud_every_day_is_told_in_the_end_and_not_at_once() -> None:
    rng = np.random.default_rng(2)
    temper = np.concatenate([0.1 * rng.standard_normal(2500), np.full(20, 1.0)])
    days = watched(rng, temper, 20, SETTINGS, references=2400)
    planted = np.arange(2501, 2521)
    found = [int(np.isin(planted, shown(one)).sum()) for one in days]
    assert found[0] <= 5
    assert found[-1] >= 15
    assert found == sorted(found), "once up for review, for good"
    assert np.isin(shown(days[-1]), planted).mean() >= 0.5
    one = standings(days[-1], shown(days[-1])[:1].tolist(), LOOSE, cleared=NOBODY)[int(shown(days[-1])[0])]
    assert one.reached is not None
    assert f"up for review since {one.reached}" in one.sentence
    assert f"at look {one.reached_look}" in one.sentence
    assert "of 20 looks" in one.sentence
    assert "2,400 cleared accounts of unknown product type" in one.sentence


def test_a_day_that_was_fed_before_changes_nothing_and_a_watch_goes_on_from_its_tables() -> None:
    rng = np.random.default_rng(3)
    temper = rng.standard_normal(REFERENCES + TESTED)
    cleared = np.arange(1, REFERENCES + 1)
    days = [a_day(rng, temper) for _ in range(3)]
    now = Watch.fresh()
    for day, measured in enumerate(days[:2]):
        now = fed(now, day, measured, SETTINGS, cleared=cleared)
    assert fed(now, 1, days[2], SETTINGS, cleared=cleared) == now
    assert fed(now, 0, days[2], SETTINGS, cleared=cleared) == now
    again = fed(Watch.kept(now.histories, now.looks), 2, days[2], SETTINGS, cleared=cleared)
    assert again == fed(now, 2, days[2], SETTINGS, cleared=cleared)
    assert set(again.histories["looks"].to_pylist()) == {3}
    assert again.through == FIRST + dt.timedelta(2)


def test_a_look_that_was_written_without_its_histories_is_looked_at_again() -> None:
    rng = np.random.default_rng(4)
    one, two = watched(rng, rng.standard_normal(100), 2, SETTINGS, references=80)
    assert Watch.kept(one.histories, two.looks) == one
    assert Watch.kept(Watch.fresh().histories, one.looks) == Watch.fresh()


def test_the_first_look_waits_for_a_day_with_enough_references_and_later_ones_do_not() -> None:
    rng = np.random.default_rng(9)
    temper = rng.standard_normal(100)
    cleared = np.arange(1, 81)
    stray = np.arange(100) >= 65
    assert fed(Watch.fresh(), 0, a_day(rng, temper, stray, data=1.0), SETTINGS, cleared=cleared) == Watch.fresh()
    begun = fed(Watch.fresh(), 1, a_day(rng, temper, data=1.0), SETTINGS, cleared=cleared)
    assert fed(begun, 2, a_day(rng, temper, stray, data=1.0), SETTINGS, cleared=cleared).count == 2


def test_histories_without_their_looks_are_refused_with_what_to_do() -> None:
    rng = np.random.default_rng(10)
    now = fed(Watch.fresh(), 0, a_day(rng, rng.standard_normal(100)), SETTINGS, cleared=np.arange(1, 81))
    with pytest.raises(WorkspaceError, match=r"table looks: nothing of 2026-07-01.*remove both tables"):
        Watch.kept(now.histories, Watch.fresh().looks)


def test_without_cleared_accounts_nothing_is_fed_and_newcomers_join_later() -> None:
    rng = np.random.default_rng(4)
    temper = rng.standard_normal(REFERENCES + TESTED)
    alone = weigh(a_day(rng, temper), None, SETTINGS)
    assert watch(Watch.fresh(), FIRST, alone, SETTINGS) == Watch.fresh()
    cleared = np.arange(1, REFERENCES + 1)
    some = fed(Watch.fresh(), 0, a_day(rng, temper[:-5]), SETTINGS, cleared=cleared)
    later = fed(some, 1, a_day(rng, temper), SETTINGS, cleared=cleared)
    assert later.histories.num_rows == temper.size
    assert set(later.histories["days"].to_pylist()[-5:]) <= {0, 1}
    assert set(later.histories["first"].to_pylist()[-5:]) == {FIRST + dt.timedelta(1)}


def test_an_account_about_which_people_changed_their_mind_is_neither_tested_nor_a_reference_until_they_change_it_back() -> (
    None
):
    rng = np.random.default_rng(5)
    temper = np.concatenate([0.1 * rng.standard_normal(400), np.full(10, 3.0)])
    cleared = np.arange(1, 361)
    now = Watch.fresh()
    for day in range(3):
        now = fed(now, day, a_day(rng, temper, data=1.0), SETTINGS, cleared=cleared)
    planted = np.arange(401, 411)
    assert np.isin(planted, shown(now)).all()
    changed = np.append(cleared[1:], planted[0])
    later = fed(now, 3, a_day(rng, temper, data=1.0), SETTINGS, cleared=changed)
    assert column(later, "role")[[0, 1, 390, 400]].tolist() == ["lapsed", "reference", "tested", "spared"]
    assert later.last()["unknown"]["references"] == 359
    assert numbers(later, "evidence")[400] == numbers(now, "evidence")[400]
    assert standings(later, planted[:1].tolist(), LOOSE, cleared=NOBODY) == {}
    weighed = weigh(a_day(rng, temper, data=1.0), None, SETTINGS, cleared=pa.array(changed))
    decided = decide(weighed, SETTINGS, watched=later).accounts(Decision.REVIEW).to_pylist()
    assert planted[0] not in decided, "a person's word counts"
    assert set(planted[1:].tolist()) <= set(decided)
    back = fed(later, 4, a_day(rng, temper, data=1.0), SETTINGS, cleared=cleared)
    assert column(back, "role")[[0, 1, 390, 400]].tolist() == ["reference", "reference", "tested", "tested"]
    assert back.last()["unknown"]["references"] == 360
    assert numbers(back, "evidence")[400] > numbers(later, "evidence")[400]


def test_an_account_that_sent_nothing_for_the_window_is_not_looked_at_until_it_returns() -> None:
    rng = np.random.default_rng(6)
    settings = DetectSettings(least_stratum=20, budgets=LOOSE, window_days=2)
    temper = rng.standard_normal(120)
    cleared = np.arange(1, 101)
    gone = np.arange(120) < 115
    now = fed(Watch.fresh(), 0, a_day(rng, temper, data=1.0), settings, cleared=cleared)
    for day in (1, 2):
        now = fed(now, day, a_day(rng, temper, gone, data=1.0), settings, cleared=cleared)
    assert [row["tested"] for row in now.looks.to_pylist()] == [20, 20, 15]
    back = fed(now, 3, a_day(rng, temper), settings, cleared=cleared)
    assert back.last()["unknown"]["tested"] == 20


def test_histories_are_compared_within_their_own_product_type() -> None:
    """A type that is loud by nature, without a reference of its own, is never accused."""
    rng = np.random.default_rng(7)
    temper = np.concatenate([rng.standard_normal(400), 4.0 + rng.standard_normal(20)])
    kinds = ["chat"] * 400 + ["agent"] * 20
    now = Watch.fresh()
    for day in range(4):
        now = fed(now, day, a_day(rng, temper), SETTINGS, cleared=np.arange(1, 301), known=facts(kinds))
    assert not np.isin(np.arange(401, 421), shown(now)).any()
    assert now.last()["agent"]["references"] == 0
