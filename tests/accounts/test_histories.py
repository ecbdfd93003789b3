"""Looking every day: honest accounts are hardly ever accused, lasting ones are found, and a day counts once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.accounts import Measured, watch, weigh
from stillwatch.core.settings import BudgetSettings, DetectSettings

SETTINGS = DetectSettings(least_stratum=20)
BUDGETS = BudgetSettings(review=0.5, verify=0.1)
"""A loose budget, whose tails 300 references can reach."""

REFERENCES, TESTED, DAYS = 600, 300, 12


def a_day(rng: np.random.Generator, temper: np.ndarray) -> list[Measured]:
    """Four signals of accounts that are as loud as they always are, give or take."""
    account = np.arange(1, temper.size + 1)
    n = np.where(rng.random(temper.size) < 0.8, 40, 3)
    return [
        Measured(
            name=f"signal_{s}",
            title=f"signal {s}",
            needs=20,
            evidence=True,
            rows=pa.table({"account": account, "value": temper + rng.standard_normal(temper.size), "n": n}),
        )
        for s in range(4)
    ]


def watched(
    rng: np.random.Generator, temper: np.ndarray, days: int = DAYS, references: int = REFERENCES
) -> list[pa.Table]:
    cleared = pa.array(np.arange(1, references + 1))
    out: list[pa.Table] = []
    for day in range(days):
        weighed = weigh(a_day(rng, temper), None, SETTINGS, cleared=cleared)
        out.append(watch(out[-1] if out else None, day, weighed, BUDGETS))
    return out


def test_evidence_against_an_honest_account_ever_reaches_20_at_most_once_in_twenty() -> None:
    rng = np.random.default_rng(1)
    ever = []
    for _ in range(12):
        last = watched(rng, rng.standard_normal(REFERENCES + TESTED))[-1]
        evidence = np.asarray(last["evidence"])[REFERENCES:]
        ever.append((evidence >= 20.0).mean())
        assert np.asarray(last["score"])[REFERENCES:].max() > np.log(20.0), "the product of days accuses the honest"
    assert np.mean(ever) <= 0.05 + 2.5 * np.std(ever) / np.sqrt(len(ever))


def test_an_account_that_is_a_little_loud_every_day_is_told_in_the_end_and_not_at_once() -> None:
    rng = np.random.default_rng(2)
    temper = np.concatenate([0.1 * rng.standard_normal(2500), np.full(20, 1.0)])
    days = watched(rng, temper, 20, references=2400)
    found = [int((np.asarray(one["evidence"])[-20:] >= 20.0).sum()) for one in days]
    assert found[0] <= 5
    assert found[-1] >= 15


def test_a_day_that_was_fed_before_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    temper = rng.standard_normal(REFERENCES + TESTED)
    first, second = watched(rng, temper, 2)
    again = weigh(a_day(rng, temper), None, SETTINGS, cleared=pa.array(np.arange(1, REFERENCES + 1)))
    assert watch(second, 1, again, BUDGETS) == second
    assert watch(second, 0, again, BUDGETS) == second
    assert first["looks"].to_pylist() == [1] * first.num_rows
    assert second["looks"].to_pylist() == [2] * second.num_rows


def test_without_cleared_accounts_nothing_is_fed_and_newcomers_join_later() -> None:
    rng = np.random.default_rng(4)
    temper = rng.standard_normal(REFERENCES + TESTED)
    alone = weigh(a_day(rng, temper), None, SETTINGS)
    assert watch(None, 1, alone, BUDGETS).num_rows == 0
    cleared = pa.array(np.arange(1, REFERENCES + 1))
    some = weigh(a_day(rng, temper[:-5]), None, SETTINGS, cleared=cleared)
    everybody = weigh(a_day(rng, temper), None, SETTINGS, cleared=cleared)
    later = watch(watch(None, 1, some, BUDGETS), 2, everybody, BUDGETS)
    assert later.num_rows == temper.size
    assert set(later["days"].to_pylist()[-5:]) <= {0, 1}
