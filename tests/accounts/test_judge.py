"""What a verdict says, when it says nothing, and that it does not depend on what must not matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.accounts import LEAST_DECIDED, Measured, drift_p, explain, judge, null_in_words, weigh
from stillwatch.accounts.words import Basis
from stillwatch.core.records import Decision
from stillwatch.core.settings import DetectSettings
from stillwatch.engine import check, table

MakeWorld = Callable[..., Any]

SETTINGS = DetectSettings(least_stratum=50)


def one_signal(
    name: str, values: Sequence[float | None], n: Sequence[int], *, needs: int = 20, evidence: bool = True
) -> Measured:
    rows = pa.table(
        {
            "account": pa.array(range(1, len(values) + 1), pa.int64()),
            "value": pa.array(values, pa.float64()),
            "n": pa.array(n, pa.int64()),
        }
    )
    return Measured(name=name, title=name.replace("_", " "), needs=needs, evidence=evidence, rows=rows)


def three(values: Sequence[float | None], n: Sequence[int]) -> list[Measured]:
    return [one_signal(name, values, n) for name in ("one", "two", "three")]


def test_too_little_data_is_undecided_and_says_what_it_needs() -> None:
    found = judge(three([float(i) for i in range(60)], [12] + [40] * 59), None, SETTINGS)
    first = found.combined.to_pylist()[0]
    assert (first["decision"], first["reason"]) == ("undecided", "undecided, n = 12, needs 20")
    assert first["p_value"] is None
    assert first["e_value"] is None
    assert first["needed"] == 20
    row = next(found.evidence()).to_pylist()[0]
    assert (row["reason"], row["needed"], row["p_value"]) == ("undecided, n = 12, needs 20", 20, None)


def test_an_account_with_too_few_signals_is_undecided_however_loud_they_are() -> None:
    quiet = [float(i % 7) for i in range(99)]
    loud = three([*quiet, 1e9], [40] * 99 + [40])
    loud[2] = one_signal("three", [*quiet, None], [40] * 100)
    last = judge(loud, None, SETTINGS, cleared=pa.array(range(1, 99), pa.int64())).combined.to_pylist()[-1]
    assert last["decision"] == "undecided"
    assert LEAST_DECIDED == 3


def test_an_unknown_value_bets_nothing() -> None:
    values = [float(i) for i in range(100)]
    signals = [*three(values, [40] * 100), one_signal("four", [None, *values[1:]], [0] + [40] * 99)]
    found = weigh(signals, None, SETTINGS)
    assert np.isnan(found.p[3, 0])
    assert found.average[0] == pytest.approx((found.e[:3, 0].sum() + 1.0) / 4)
    names = [t["signal"][0].as_py() for t in found.evidence()]
    assert names == ["one", "two", "three", "four"]
    assert list(found.evidence())[3].num_rows == 99, "nothing observed, so no row"


def test_accounts_that_calibrate_one_another_are_ranked_and_none_is_accused() -> None:
    found = judge(three([*(float(i) for i in range(99)), 1e12], [40] * 100), None, SETTINGS)
    rows = found.combined.to_pylist()
    assert {r["decision"] for r in rows} == {"quiet", "undecided"}
    loudest = min(rows, key=lambda r: r["p_value"])
    assert loudest["account"] == 100
    assert "cannot show who is guilty: needs at least" in loudest["reason"]
    assert loudest["p_value"] == pytest.approx(1 / 90), "a tenth of 100 may be hostile"
    assert all(r["p_value"] <= 0.05 for r in rows if r["decision"] == "undecided")
    assert found.note


def test_too_few_cleared_accounts_say_how_many_would_do() -> None:
    values = [float(i % 10) for i in range(300)]
    values[299] = 1e6
    found = judge(three(values, [40] * 300), None, SETTINGS, cleared=pa.array(range(1, 101), pa.int64()))
    last = found.combined.to_pylist()[-1]
    assert last["decision"] == "undecided"
    assert "beyond all of 100 accounts" in last["reason"]
    assert "needs at least 3,999" in last["reason"], "200 tested at 5 %: 1 / (n + 1) <= 0.05 / 200"
    assert "3,999" in found.note
    many = three([*(float(i % 10) for i in range(4000)), 1e6], [40] * 4001)
    enough = judge(many, None, SETTINGS, cleared=pa.array(range(1, 4001), pa.int64()))
    assert enough.accounts(Decision.REVIEW).to_pylist() == [4001]
    assert enough.note == ""


def test_a_decision_says_in_words_what_the_account_asks_about() -> None:
    signals = three([*(float(i % 10) for i in range(4000)), 1e6], [40] * 4001)
    about = replace(one_signal("four", [0.0] * 4001, [40] * 4001), evidence=False, words=lambda one: f"topic of {one}")
    found = judge([*signals, about], None, SETTINGS, cleared=pa.array(range(1, 4001), pa.int64()))
    last = found.combined.to_pylist()[-1]
    assert last["decision"] == "review"
    assert last["reason"].endswith("; beyond others it asks about topic of 4001")
    assert "asks about" not in found.combined.to_pylist()[0]["reason"]


def test_cleared_accounts_are_never_put_up_for_review() -> None:
    values = [float(i % 10) for i in range(200)]
    values[0] = 1e9
    rows = judge(
        three(values, [40] * 200), None, SETTINGS, cleared=pa.array(range(1, 151), pa.int64())
    ).combined.to_pylist()
    assert rows[0]["decision"] == "quiet"
    assert "cleared by an analyst" in rows[0]["reason"]


def test_large_product_types_are_calibrated_alone_and_small_ones_with_everybody(world: MakeWorld) -> None:
    one = world(
        np.random.default_rng(1), honest=300, types=["chat", "chat", "chat", "agent", "agent", None], missing=0.0
    )
    found = judge(one.measured, one.facts, DetectSettings(least_stratum=80))
    rows = found.combined.to_pylist()
    assert {r["stratum"] for r in rows} == {"chat", "agent", "all"}
    by_account = {r["account"]: r for r in rows}
    assert by_account[1]["calibration_n"] == 150
    assert by_account[4]["calibration_n"] == 100
    assert by_account[6]["stratum"] == "all"
    assert by_account[6]["calibration_n"] == 300
    assert "product type agent" in by_account[4]["null"]
    alone = one.some(np.array([i % 6 in (3, 4) for i in range(300)]))
    same = judge(one.measured, one.facts, DetectSettings(least_stratum=80), accounts=alone).combined.to_pylist()
    assert [r["p_value"] for r in same] == [r["p_value"] for r in rows if r["stratum"] == "agent"], (
        "other types change nothing"
    )


def test_what_accounts_share_is_described_and_never_weighed() -> None:
    values = [float(i) for i in range(100)]
    signals = [
        *three(values, [40] * 100),
        one_signal("shared_payment", values[::-1], [1] * 100, needs=1, evidence=False),
    ]
    with_it, without = judge(signals, None, SETTINGS), judge(signals[:3], None, SETTINGS)
    assert with_it.combined.equals(without.combined)
    shared = list(with_it.evidence())[3].to_pylist()
    assert all(r["p_value"] is None and r["e_value"] is None for r in shared)
    assert "no evidence against one" in shared[0]["reason"]
    spread = [r for r in with_it.calibration.to_pylist() if r["signal"] == "shared_payment"]
    assert spread[0]["quantiles"][3] == 49.0


def test_the_order_of_rows_and_of_calls_changes_no_bit(world: MakeWorld) -> None:
    rng = np.random.default_rng(2)
    one = world(rng, honest=200, guilty=5)
    shuffled = [
        Measured(name=m.name, title=m.title, needs=m.needs, evidence=m.evidence, rows=m.rows.take(rng.permutation(205)))
        for m in one.measured
    ]
    first = judge(one.measured, one.facts, SETTINGS)
    second = judge(shuffled, one.facts.take(rng.permutation(205)), SETTINGS)
    assert pa.concat_tables(first.evidence()).equals(pa.concat_tables(second.evidence()))
    assert first.calibration.equals(second.calibration)


def test_tables_keep_their_contracts(world: MakeWorld) -> None:
    one = world(np.random.default_rng(3), honest=120, types=["chat", None])
    found = judge(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 60))
    for rows in found.evidence():
        check(rows, table("account_evidence"))
    check(found.calibration, table("calibration"))
    rows = pa.concat_tables(found.evidence())
    keys = list(zip(rows["account"].to_pylist(), rows["signal"].to_pylist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_an_empty_log_gives_empty_tables() -> None:
    found = judge(three([], []), None, SETTINGS)
    assert found.combined.num_rows == 0
    assert found.calibration["accounts"].to_pylist() == []
    assert found.note == "No account has enough data to be decided."


def test_two_rows_of_one_account_are_refused() -> None:
    twice = pa.table({"account": [1, 1], "value": [0.5, 0.6], "n": [30, 30]})
    with pytest.raises(ValueError, match="x: an account has two rows"):
        judge([Measured(name="x", title="x", needs=1, evidence=True, rows=twice)], None, SETTINGS)


def test_an_explanation_puts_the_loudest_first_beside_the_population() -> None:
    values = [i / 100 for i in range(100)]
    signals = [one_signal("prompt_breadth", values, [320] * 100), *three(values[::-1], [40] * 100)]
    signals.append(one_signal("flat_hours", values, [12] * 100, needs=48))
    found = judge(signals, None, SETTINGS)
    said = explain(100, pa.concat_tables(found.evidence()), found.calibration)
    assert said[0] == found.combined.to_pylist()[99]["reason"]
    assert said[1] == (
        "prompt breadth is 0.99 (n = 320), above 99 % of accounts of unknown product type, whose median is 0.49; p = 0.011"
    )
    assert said[-1] == "flat hours: undecided, n = 12, needs 48"
    assert explain(12345, pa.concat_tables(found.evidence()), found.calibration) == []


def test_nulls_are_said_in_words() -> None:
    assert null_in_words("prompt breadth", "chat", Basis.CLEARED) == (
        "an account of product type chat is exchangeable with the chat accounts that analysts cleared in prompt breadth"
    )
    assert (
        null_in_words("x", "all", Basis.THEMSELVES)
        == "an account is exchangeable with the other accounts of this log in x"
    )


def test_drift_is_unknown_with_few_accounts() -> None:
    assert drift_p(np.arange(10.0), np.arange(500.0), hostile_share=0.1) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(-1e300, 1e300)), min_size=1, max_size=60),
    st.integers(0, 60),
    st.floats(0.0, 0.4),
)
def test_p_values_lie_in_their_range_and_never_rise_with_the_value(
    values: list[float | None], cleared: int, contamination: float
) -> None:
    measured = three(values, [40] * len(values))
    chosen = DetectSettings(contamination=contamination, least_stratum=20)
    found = weigh(measured, None, chosen, cleared=pa.array(range(1, cleared + 1), pa.int64()))
    p = found.p[0]
    known = np.array([v is not None for v in values])
    assert (np.isnan(p) == ~known).all()
    assert ((p[known] > 0) & (p[known] <= 1)).all()
    tested = known & (~found.reference | found.reference.all())
    order = np.argsort(found.grid.values[0, tested], kind="stable")
    assert (np.diff(p[tested][order]) <= 0).all()
