"""Heads of an actor: who stopped, who took over, and how long a head lasts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.actors.heads import Heads, heads, shifted_p
from stillwatch.actors.over_time_tests import replaced_heads
from stillwatch.core import Support

from .people import DAYS, HOUR, candidate, population

DAY = 24 * HOUR


def alive(spans: list[tuple[float, float]], *, until: float, exchanges: int = 20) -> Heads:
    """Heads by the days at which they began and ended."""
    days = np.array(spans, np.float64).reshape(-1, 2)
    begun, ended = (days * DAY).astype(np.int64).T
    return heads(begun, ended, np.full(len(spans), exchanges), until=int(until * DAY))


def banned_and_replaced(
    rng: np.random.Generator, *, chains: int = 12, wait: float = 1 / 24, span: float = 30.0
) -> Heads:
    """Chains of heads: each lasts some days, and another takes over after a wait, in days."""
    spans = []
    for _ in range(chains):
        at = float(rng.random())
        while at < span:
            end = at + float(rng.exponential(5)) + 0.2
            spans.append((at, min(end, span)))
            at = end + wait
    return alive(spans, until=span)


def test_a_silent_account_has_stopped_and_a_slow_one_has_not() -> None:
    found = alive([(0, 3), (0, 9.9), (0, 8)], until=10)
    assert found.stopped.tolist() == [True, False, True]
    slow = alive([(0, 3), (0, 8)], until=10, exchanges=5)
    assert slow.stopped.tolist() == [True, False], "gaps of two days: two days of silence are usual"


def test_each_stopped_head_is_replaced_once_and_only_within_a_day() -> None:
    found = alive([(0, 3), (0, 5), (3.1, 9.9), (3.2, 9.9), (7, 9.9)], until=10)
    assert found.fresh.tolist() == [False, False, True, True, True]
    assert found.replaces.tolist() == [-1, -1, 0, -1, -1]
    assert (found.gaps / DAY).tolist() == pytest.approx([0.1])


def test_half_life_is_found_among_heads_that_still_work() -> None:
    rng = np.random.default_rng(2)
    life = rng.exponential(4, 400)
    begun = rng.random(400) * 10
    found = alive([(b, min(b + one, 12)) for b, one in zip(begun, life, strict=True)], until=12)
    value, low, high = found.half_life() or (0.0, 0.0, 0.0)
    assert low <= 4 * np.log(2) <= high
    assert low < value < high


def test_half_life_is_unknown_while_fewer_than_half_have_stopped() -> None:
    assert alive([(0, 3), (0, 9.9), (0, 9.9)], until=10).half_life() is None
    assert alive([(0, 9.9), (0, 9.9)], until=10).half_life() is None


def test_replacement_within_an_hour_is_no_chance_and_beginning_at_any_time_is() -> None:
    rng = np.random.default_rng(3)
    close, expected = shifted_p(banned_and_replaced(rng), rng)
    assert close <= 0.01
    assert expected < 1
    chance = [
        shifted_p(
            alive([*((0, e) for e in rng.random(12) * 20), *((b, 29.9) for b in 1 + rng.random(12) * 28)], until=30),
            rng,
        )[0]
        for _ in range(60)
    ]
    assert np.mean(np.array(chance) <= 0.1) <= 0.25


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=1, max_size=20))
def test_whatever_the_spans_nobody_replaces_itself_or_one_that_still_works(spans: list[tuple[float, float]]) -> None:
    found = alive([(min(s), max(s)) for s in spans], until=10)
    taken = found.replaces[found.replaces >= 0]
    assert np.unique(taken).size == taken.size
    assert found.stopped[taken].all()
    assert (found.gaps >= 0).all()


def test_the_test_describes_and_says_how_long_heads_last() -> None:
    rng = np.random.default_rng(4)
    found = banned_and_replaced(rng)
    size = found.begun.size
    people = population(rng, size, begun=found.begun, ended=found.ended)
    people.totals.update({int(a): (40, 20) for a in people.account})
    told = replaced_heads.run(candidate(rng, people, np.arange(size)), people, rng)
    assert told is not None
    assert told.supports is Support.HARVEST
    assert told.evidence.e_value is None, "it describes: an e-value would let it decide"
    assert "half of the members stop within" in told.sentence


def test_without_anybody_who_stopped_there_is_nothing_to_tell() -> None:
    rng = np.random.default_rng(4)
    people = population(rng, 60, ended=np.full(60, DAYS.stop * HOUR))
    assert replaced_heads.run(candidate(rng, people, np.arange(20)), people, rng) is None
