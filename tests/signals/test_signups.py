"""Sign-ups described from account facts alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import check, table
from stillwatch.signals import fact, signups, tables

DAY = 24


def scored(*facts: Any) -> dict[int, dict[str, Any]]:
    found = signups(tables(facts)["account_facts"])
    check(found, table("signups"))
    return {row["account"]: row for row in found.to_pylist()}


def background(size: int = 400, *, days: int = 40, patterns: int = 20) -> list[Any]:
    """Sign-ups of many days, each pattern as often as any other."""
    rng = np.random.default_rng(1)
    return [
        fact(
            account=10_000 + i,
            created_hours=-DAY * int(rng.integers(2, days)),
            registration=int(rng.integers(patterns)),
        )
        for i in range(size)
    ]


def batch(size: int, pattern: int) -> list[Any]:
    return [fact(account=100 + i, created_hours=1 + i / 100, registration=pattern) for i in range(size)]


def test_a_batch_of_one_new_pattern_stands_out_and_a_few_strangers_do_not() -> None:
    found = scored(*background(), *batch(60, 777))
    assert found[100]["batch"] > 0.8
    assert found[100]["like"] == 59
    usual = [row["batch"] for account, row in found.items() if account >= 10_000]
    assert np.quantile(usual, 0.95) < 0.2


def test_a_busy_day_of_everybody_is_no_batch() -> None:
    crowd = [fact(account=100 + i, created_hours=1, registration=i % 20) for i in range(200)]
    found = scored(*background(), *crowd)
    assert found[100]["like"] == 9
    assert found[100]["expected"] > 5
    assert found[100]["batch"] < 0.25


def test_two_colleagues_are_no_batch() -> None:
    assert scored(*background(), *batch(2, 777))[100]["batch"] < 0.1


def test_the_limits_hold_the_score_whatever_is_unknown() -> None:
    for row in scored(
        *background(50),
        fact(),
        fact(account=2, mail_kind="disposable", card_kind="virtual", verification="none"),
        fact(account=3, mail_kind="public"),
    ).values():
        assert 0 <= row["low"] <= row["high"] <= 1
        if row["score"] is not None and row["facts"] == 5:
            assert row["low"] <= row["score"] <= row["high"]


def test_what_is_not_on_record_is_unknown_and_no_good_sign() -> None:
    row = scored(fact())[1]
    assert row["score"] is None
    assert (row["low"], row["high"], row["facts"]) == (0.0, 1.0, 0)
    known = scored(fact(mail_kind="disposable", card_kind="credit", verification="email", signup_path="web"))[1]
    assert known["batch"] is None, "nobody else signed up"
    assert (known["score"], known["facts"]) == (0.25, 4)
    assert (known["low"], known["high"]) == pytest.approx((0.2, 0.4))


@pytest.mark.parametrize(
    ("path", "verification", "expected"),
    [
        ("education", "none", 1.0),
        ("research", "email", 1.0),
        ("startup", "organisation", 0.0),
        ("web", "none", 0.0),
        ("web", None, 0.0),
        ("education", None, None),
        (None, "none", None),
    ],
)
def test_a_programme_is_checked_or_not_or_nobody_knows(path: Any, verification: Any, expected: float | None) -> None:
    assert scored(fact(signup_path=path, verification=verification))[1]["unchecked_programme"] == expected


def test_the_interval_narrows_as_the_batch_grows() -> None:
    widths = []
    for size in (5, 50, 200):
        row = scored(*background(), *batch(size, 777))[100]
        widths.append(row["high"] - row["low"])
    assert widths == sorted(widths, reverse=True)


def test_rows_follow_accounts_and_order_is_irrelevant() -> None:
    facts = tables([*background(), *batch(20, 777)])["account_facts"]
    whole = signups(facts)
    assert whole.column("account").to_pylist() == sorted(facts.column("account").to_pylist())
    assert signups(facts.take(pa.array(np.random.default_rng(2).permutation(facts.num_rows)))).equals(whole)
    assert signups(facts.slice(0, 0)).num_rows == 0
