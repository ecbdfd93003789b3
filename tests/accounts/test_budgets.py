"""Each action has a budget of its own: what passes the harder one passed the milder, and what cannot fire says what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.accounts import HARDER, judge
from stillwatch.accounts.budgets import spend
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings

MakeWorld = Callable[..., Any]


def test_a_harder_action_needs_stronger_evidence_and_whoever_passes_it_passes_the_milder() -> None:
    p = np.concatenate([np.full(30, 1e-7), np.full(30, 2e-4), np.linspace(0.01, 1, 940)])
    spent, hardest = spend(p, np.zeros(1000, dtype=np.bool_), 10**7, BudgetSettings())
    assert [one.action for one in spent] == list(HARDER)
    assert [HARDER[h] for h in np.unique(hardest[:30])] == ["block"]
    assert (hardest[30:60] < HARDER.index("block")).all()
    assert (hardest[60:] == -1).all()
    assert [one.found for one in spent] == sorted((one.found for one in spent), reverse=True)


def test_a_budget_that_could_not_fire_says_how_many_accounts_must_calibrate() -> None:
    p = np.concatenate([np.full(50, 1 / 2001), np.linspace(0.01, 1, 49_950)])
    spent, hardest = spend(p, p < 0.001, 2000, BudgetSettings(verify=0.05))
    verify = spent[0]
    assert not verify.can_fire
    assert (hardest == -1).all()
    assert verify.calibrators == 199_999
    assert verify.note == (
        "Undecided: with 50 of 50,000 accounts beyond all that calibrate, it needs 199,999 calibration accounts."
    )


def test_a_loud_account_is_proposed_for_the_hardest_action_that_its_evidence_carries(world: MakeWorld) -> None:
    one = world(np.random.default_rng(1), honest=6000, guilty=60, missing=0.0)
    cleared = one.some(~one.guilty & (np.cumsum(~one.guilty) <= 5500))
    found = judge(one.measured, None, DetectSettings(), cleared=cleared)
    rows = found.combined.to_pylist()
    guilty = set(one.some(one.guilty).to_pylist())
    proposed = {row["account"]: row["proposal"] for row in rows if row["proposal"]}
    assert proposed.keys() == {row["account"] for row in rows if row["decision"] == Decision.REVIEW}
    assert len(guilty & proposed.keys()) >= 50
    assert set(proposed.values()) <= {"review", *HARDER}
    assert any("strong enough to" in row["reason"] for row in rows if row["proposal"] in HARDER)


@pytest.mark.parametrize("basis", ["themselves", "nobody"])
def test_where_nobody_can_be_put_up_for_review_nobody_is_proposed_for_more(world: MakeWorld, basis: str) -> None:
    one = world(np.random.default_rng(2), honest=300, guilty=10)
    found = judge(
        one.measured, None, DetectSettings(), cleared=None if basis == "themselves" else pa.array([], pa.int64())
    )
    assert found.spent == ()
    assert found.combined["proposal"].null_count == 310


def test_a_small_odd_product_type_is_not_accused_for_being_odd(world: MakeWorld) -> None:
    rng = np.random.default_rng(3)
    kinds = ["chat"] * 19 + ["agent"]
    for _ in range(5):
        odd = np.where(np.arange(3000) % 20 == 19, 50.0, 0.0)
        one = world(rng, honest=3000, types=kinds, shift=odd)
        found = judge(one.measured, one.facts, DetectSettings(), cleared=one.accounts.slice(0, 2000))
        assert not set(found.accounts(Decision.REVIEW).to_pylist()) & set(range(20, 3001, 20))
        stuck = [row for row in found.combined.to_pylist() if row["account"] % 20 == 0 and row["account"] > 2000]
        assert np.mean([(row["p_value"] or 1.0) <= 0.05 for row in stuck]) <= 0.2
