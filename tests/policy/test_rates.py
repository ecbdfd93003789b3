"""The rates are exact: never more than burst and rate allow in any stretch of time, and what an exact reference lets through."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.policy.rates import Buckets, Rate, Running

_RATES = st.builds(Rate, amount=st.integers(1, 10_000), window=st.integers(1, 100_000), burst=st.integers(1, 1_000))
_ARRIVALS = st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1, 50)), min_size=1, max_size=30)


def reference(rate: Rate, arrivals: list[tuple[int, int]]) -> list[bool]:
    """A bucket that is refilled in fractions: what passes, and nothing is ever rounded."""
    level, last, passed = Fraction(0), 0, []
    for now, cost in arrivals:
        level = max(Fraction(0), level - Fraction((now - last) * rate.amount, rate.window * 1_000_000))
        last = now
        fits = level + cost <= rate.burst
        level += cost if fits else 0
        passed.append(fits)
    return passed


def in_order(gaps: list[tuple[int, int]], burst: int) -> list[tuple[int, int]]:
    now, out = 10**15, []
    for gap, cost in gaps:
        now += gap
        out.append((now, min(cost, burst)))
    return out


@settings(max_examples=50)
@given(rate=_RATES, gaps=_ARRIVALS)
def test_it_lets_through_exactly_what_a_bucket_in_fractions_lets_through(
    rate: Rate, gaps: list[tuple[int, int]]
) -> None:
    arrivals = in_order(gaps, rate.burst)
    buckets = Buckets(rate)
    assert [buckets.take("a", now, cost) == 0 for now, cost in arrivals] == reference(rate, arrivals)


@settings(max_examples=40)
@given(rate=_RATES, gaps=_ARRIVALS)
def test_no_stretch_of_time_sees_more_than_burst_and_rate(rate: Rate, gaps: list[tuple[int, int]]) -> None:
    arrivals = in_order(gaps, rate.burst)
    buckets = Buckets(rate)
    passed = [(now, cost) for now, cost in arrivals if buckets.take("a", now, cost) == 0]
    for first in range(len(passed)):
        total = 0
        for now, cost in passed[first:]:
            total += cost
            allowed = rate.burst + Fraction((now - passed[first][0]) * rate.amount, rate.window * 1_000_000)
            assert total <= allowed


@settings(max_examples=40)
@given(rate=_RATES, gaps=_ARRIVALS)
def test_who_waits_as_long_as_told_passes_and_a_microsecond_earlier_does_not(
    rate: Rate, gaps: list[tuple[int, int]]
) -> None:
    buckets = Buckets(rate)
    for now, cost in in_order(gaps, rate.burst):
        wait = buckets.take("a", now, cost)
        if wait:
            assert buckets.take("a", now + wait - 1, cost) > 0
            assert buckets.take("a", now + wait, cost) == 0
            return


@settings(max_examples=30)
@given(rate=_RATES, costs=st.lists(st.integers(1, 40), min_size=1, max_size=20), now=st.integers(10**15, 2 * 10**15))
def test_what_is_taken_back_at_once_leaves_no_trace(rate: Rate, costs: list[int], now: int) -> None:
    used, clean = Buckets(rate), Buckets(rate)
    for cost in costs:
        used.charge("a", now, cost)
        used.charge("a", now, -cost)
    assert len(used) == 0
    assert used.take("a", now, 1) == clean.take("a", now, 1)


def test_as_many_as_the_burst_pass_at_once_and_not_one_more() -> None:
    buckets = Buckets(Rate(amount=3, window=7, burst=5))
    assert [buckets.take("a", 10**15, 1) == 0 for _ in range(6)] == [True] * 5 + [False]


def test_a_debt_is_paid_back_before_anything_more_passes() -> None:
    buckets = Buckets(Rate(amount=10, window=1, burst=10))
    buckets.charge("a", 0, 30)
    assert buckets.take("a", 0, 1) == 2_100_000
    assert buckets.take("a", 2_100_000, 1) == 0


def test_a_million_names_cost_no_more_memory_than_some() -> None:
    buckets = Buckets(Rate(amount=1, window=3600, burst=1), most=1000)
    for name in range(20_000):
        assert buckets.take(name, 0, 1) == 0
        assert len(buckets) <= 1001
    assert buckets.take(19_999, 0, 1) > 0


def test_as_many_run_as_may_and_a_lost_report_locks_nobody_out() -> None:
    running = Running(2, lease=10)
    assert [running.start("a", 0) for _ in range(3)] == [True, True, False]
    running.end("a")
    assert running.start("a", 0)
    assert not running.start("a", 10_000_000)
    assert running.start("a", 10_000_001)
    running.end("a")
    assert len(running) == 0
