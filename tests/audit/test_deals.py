"""The exact tail of dealing is the one that full enumeration gives, and the running evidence is fair in every deal."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.audit.deals import SMALLEST, deal_distribution, deal_process, deal_tail, doubled_midranks, steps

items = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5]), min_size=2, max_size=4).map(lambda one: np.array(one)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(items)
def test_the_tail_is_that_of_every_deal_with_ties(values: list[np.ndarray]) -> None:
    for levels in (doubled_midranks(values), steps(values)):
        sums = np.array([sum(deal) for deal in product(*[row.tolist() for row in levels])])
        observed = sum(int(row[0]) for row in levels)
        assert deal_tail(levels) == pytest.approx((sums >= observed).mean())
        assert deal_tail(levels, lower=True) == pytest.approx((sums <= observed).mean())


@settings(max_examples=40, deadline=None)
@given(items)
def test_the_evidence_is_one_on_average_over_every_deal(values: list[np.ndarray]) -> None:
    found = []
    for deal in product(*[range(row.size) for row in values]):
        dealt = [np.roll(row, -at) for row, at in zip(values, deal, strict=True)]
        found.append(deal_process(dealt, scales=[1.0] * len(values))[-1])
    assert np.mean(found) == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(items, st.randoms())
def test_which_candidate_was_served_does_not_move_the_levels_of_an_item(values: list[np.ndarray], lots: object) -> None:
    turned = [np.roll(row, 1) for row in values]
    for kind in (doubled_midranks, steps):
        assert [sorted(row.tolist()) for row in kind(values)] == [sorted(row.tolist()) for row in kind(turned)]


def test_marked_items_are_first_for_sure() -> None:
    levels = [np.array([0, 1, 2, 3])] * 2
    assert deal_distribution(levels, marked=1.0).tolist() == [0, 0, 0, 0, 0, 0, 1]
    assert deal_distribution(levels, marked=0.5)[-1] == pytest.approx((0.5 + 0.125) ** 2)
    assert deal_distribution(levels).sum() == pytest.approx(1.0)


def test_a_tail_beyond_what_floats_hold_is_told_as_the_smallest() -> None:
    levels = [np.array([3, 2, 1, 0])] * 900
    assert deal_tail(levels) == SMALLEST
    assert deal_tail(levels[:200]) == pytest.approx(0.25**200, rel=1e-9)


def test_an_item_without_differences_says_nothing() -> None:
    same = [np.array([0.4, 0.4, 0.4])] * 10
    assert deal_tail(doubled_midranks(same)) == pytest.approx(1.0)
    assert deal_process(same, scales=[1.0] * 10)[-1] == pytest.approx(1.0)


def test_an_item_without_a_scale_is_no_bet() -> None:
    values = [np.array([9.0, 0.0])] * 2
    assert deal_process(values, scales=[0.0, 1.0])[0] == 1.0
