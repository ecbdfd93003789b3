"""The monitor of days: it seldom speaks while references resemble the others, and soon and for good once they do not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from stillwatch.accounts import DRIFTED, Measured, Watch, decide, drift_evidence, drift_p, weigh
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings
from stillwatch.stats import p_to_e_mixture

from .days import FIRST, a_day, facts, fed

SETTINGS = DetectSettings(least_stratum=20, budgets=BudgetSettings(review=0.5, verify=0.1), poisoned=0.0)
REFERENCES, TESTED = 300, 150
CLEARED = np.arange(1, REFERENCES + 1)


def evidence(p: list[float]) -> float:
    total = 0.0
    for look, one in enumerate(p, 1):
        total = drift_evidence(total, one, look)
    return total


def test_while_references_resemble_the_others_the_evidence_ever_reaches_20_in_at_most_a_twentieth_of_worlds() -> None:
    """An unlucky draw of references differs every day, so that daily evidence multiplied grows without end."""
    rng = np.random.default_rng(1)
    worlds, ever, multiplied = 200, 0, 0
    for _ in range(worlds):
        ours, theirs = rng.standard_normal(REFERENCES), rng.standard_normal(TESTED)
        p = []
        for _ in range(40):
            today = [x + 0.3 * rng.standard_normal(x.size) for x in (ours, theirs)]
            p.append(drift_p(*today, hostile_share=0.0) or 0.0)
        ever += evidence(p) >= 20.0
        multiplied += np.cumprod(p_to_e_mixture(p)).max() >= 20.0
    assert ever <= worlds * 0.05 + 2.5 * np.sqrt(worlds * 0.05)
    assert multiplied > 3 * max(ever, 1), "this is why days are added"


def test_the_guarantee_is_off_from_the_day_on_which_the_others_changed_and_nobody_new_is_put_up() -> None:
    rng = np.random.default_rng(2)
    temper = 0.5 * rng.standard_normal(REFERENCES + TESTED)
    changed = temper + np.where(np.arange(temper.size) < REFERENCES, 0.0, 2.0)
    now = Watch.fresh()
    for day in range(6):
        now = fed(now, day, a_day(rng, temper if day < 3 else changed), SETTINGS, cleared=CLEARED)
    since = [row["off_since"] for row in now.looks.to_pylist()]
    assert since == [None] * 3 + [FIRST + dt.timedelta(3)] * 3
    assert now.off() == {"unknown": FIRST + dt.timedelta(3)}
    assert now.last()["unknown"]["drift_evidence"] >= 1.0 / DRIFTED
    assert max(one for one in [*now.histories["reached"].to_pylist(), FIRST] if one) < FIRST + dt.timedelta(3)
    today = weigh(a_day(rng, temper), None, SETTINGS, cleared=pa.array(CLEARED))
    judged = decide(today, SETTINGS, watched=now)
    assert len(judged.accounts(Decision.REVIEW)) == 0
    assert "no longer resemble the other accounts of unknown product type" in judged.note
    assert "Clear accounts as they are today" in judged.note


def test_one_product_type_is_off_and_the_other_goes_on() -> None:
    rng = np.random.default_rng(3)
    kinds = ["chat", "agent"] * ((REFERENCES + TESTED) // 2)
    temper = 0.5 * rng.standard_normal(REFERENCES + TESTED)
    agents = np.array([one == "agent" for one in kinds])
    temper[agents & (np.arange(temper.size) >= REFERENCES)] += 2.5
    chat = np.flatnonzero(~agents & (np.arange(temper.size) >= REFERENCES))[:12]
    temper[chat] += 4.0
    now = Watch.fresh()
    for day in range(2):
        now = fed(now, day, a_day(rng, temper, data=1.0), SETTINGS, cleared=CLEARED, known=facts(kinds))
    assert set(now.off()) == {"agent"}
    shown = np.asarray(now.histories["account"])[np.asarray(now.histories["reached"].is_valid())]
    assert np.isin(chat + 1, shown).mean() > 0.7
    assert not np.isin(np.flatnonzero(agents) + 1, shown).any()


def test_honest_accounts_whose_signals_are_mostly_equal_are_no_drift() -> None:
    """A rare count is 0 for nearly everybody: a reference ranks one place apart from a tested account of the same value."""
    rng = np.random.default_rng(9)
    everybody = np.arange(1, REFERENCES + TESTED + 1)
    now, spoke = Watch.fresh(), 0
    for day in range(12):
        rare = [rng.binomial(1, 0.03, everybody.size).astype(np.float64) for _ in range(4)]
        measured = [
            Measured(
                name=f"rare_{place}",
                title="a rare count",
                needs=1,
                evidence=True,
                rows=pa.table({"account": everybody, "value": value, "n": np.full(everybody.size, 40)}),
            )
            for place, value in enumerate(rare)
        ]
        now = fed(now, day, measured, SETTINGS, cleared=CLEARED)
        drift = weigh(measured, None, SETTINGS, cleared=pa.array(CLEARED)).drift[0]
        spoke += drift is None or drift < 0.05
    assert now.off() == {}
    assert now.last()["unknown"]["drift_looks"] == 12
    assert now.last()["unknown"]["drift_evidence"] < 20.0
    assert spoke <= 3


def test_as_many_as_may_be_guilty_are_no_drift() -> None:
    rng = np.random.default_rng(4)
    temper = 0.5 * rng.standard_normal(REFERENCES + TESTED)
    temper[-10:] += 6.0
    now = Watch.fresh()
    for day in range(5):
        now = fed(now, day, a_day(rng, temper, data=1.0), SETTINGS, cleared=CLEARED)
    assert now.off() == {}
    assert now.last()["unknown"]["drift_looks"] == 5


def test_a_day_with_too_few_accounts_adds_no_evidence_and_takes_no_look() -> None:
    rng = np.random.default_rng(5)
    now = fed(Watch.fresh(), 0, a_day(rng, rng.standard_normal(60)), SETTINGS, cleared=np.arange(1, 51))
    last = now.last()["unknown"]
    assert (last["drift_p"], last["drift_looks"], last["drift_evidence"]) == (None, 0, 0.0)
    assert drift_evidence(3.5, None, 9) == 3.5
    assert np.isfinite(drift_evidence(0.0, 0.0, 1)), "a p-value that has run out of digits is no infinity"


def test_a_product_type_that_is_off_starts_anew_on_the_day_that_people_name_with_those_cleared_by_then() -> None:
    rng = np.random.default_rng(6)
    changed = 0.5 * rng.standard_normal(REFERENCES + TESTED) + np.where(np.arange(450) < REFERENCES, 0.0, 2.0)
    changed[-16:] += 5.0
    now = Watch.fresh()
    for day in range(3):
        now = fed(now, day, a_day(rng, changed, data=1.0), SETTINGS, cleared=CLEARED)
    assert now.off() == {"unknown": FIRST}
    resumed = DetectSettings(
        least_stratum=20,
        budgets=SETTINGS.budgets,
        poisoned=0.0,
        watch_from=(FIRST + dt.timedelta(4)).isoformat(),
    )
    today = np.arange(REFERENCES + 1, REFERENCES + 121)
    still = fed(now, 3, a_day(rng, changed, data=1.0), resumed, cleared=today)
    assert np.asarray(still.histories["evidence"]).max() == 0.0, "nobody gathers evidence while it is off"
    assert still.off() == {"unknown": FIRST}, "not before that day"
    begun = still
    for day in range(4, 7):
        there = np.arange(450) >= REFERENCES
        begun = fed(begun, day, a_day(rng, changed, there, data=1.0), resumed, cleared=today)
    assert begun.off() == {}
    assert begun.last()["unknown"]["drift_looks"] == 3
    assert begun.count == 7
    shown = np.asarray(begun.histories["account"])[np.asarray(begun.histories["reached"].is_valid())]
    assert set(range(435, 451)) <= set(shown.tolist())
    assert min(one for one in begun.histories["reached"].to_pylist() if one) >= FIRST + dt.timedelta(4)
