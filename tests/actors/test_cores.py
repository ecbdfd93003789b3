"""Cores: what is well tied is kept together, what is weakly tied is let go, and nobody is in two groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.actors.cores import Group, groups

LEAST = 10
Rows = list[tuple[int, int, float, int]]


def found(rows: Rows, *, least: int = LEAST, most: int = 100, strong: frozenset[int] = frozenset({0})) -> list[Group]:
    """Groups of links given as (account, thing, weight, kind); kind 0 is strong."""
    account, thing, weight, kind = (np.array([r[i] for r in rows]) for i in range(4))
    ints: list[npt.NDArray[np.int64]] = [a.astype(np.int64) for a in (account, thing, kind)]
    return groups(
        ints[0], ints[1], weight.astype(np.float64), np.isin(ints[2], list(strong)), ints[2], least=least, most=most
    )


def shared(accounts: range, thing: int, weight: float = 1.0, kind: int = 0) -> Rows:
    return [(a, thing, weight, kind) for a in accounts]


def test_a_thing_with_too_few_accounts_makes_no_group() -> None:
    assert found(shared(range(9), 1)) == []
    (one,) = found(shared(range(10), 1))
    assert one.accounts.tolist() == list(range(10))
    assert one.links.tolist() == list(range(10))


def test_nothing_gives_nothing() -> None:
    assert found([]) == []


def test_things_held_by_the_same_accounts_are_one_group() -> None:
    """Beside other groups, as chance is reckoned from all links."""
    others = [row for i in range(30) for row in shared(range(1000 + 20 * i, 1020 + 20 * i), 500 + i)]
    rows = shared(range(30), 1) + shared(range(30), 2, 0.5) + others
    first, *rest = sorted(found(rows), key=lambda g: int(g.accounts[0]))
    assert first.accounts.tolist() == list(range(30))
    assert np.unique([rows[i][1] for i in first.links]).tolist() == [1, 2]
    np.testing.assert_allclose(first.ties, 1.5)
    assert len(rest) == 30


def test_groups_that_one_busy_account_touches_stay_apart() -> None:
    rows = shared(range(20), 1) + shared(range(100, 120), 2) + [(50, 1, 1.0, 0), (50, 2, 1.0, 0)]
    sizes = sorted(g.accounts.size for g in found(rows))
    assert sizes == [20, 21]


def test_every_account_is_in_the_group_that_ties_it_most() -> None:
    rows = shared(range(40), 1) + shared(range(100, 112), 2) + [(5, 2, 0.9, 0), (101, 1, 0.2, 0)]
    big, small = sorted(found(rows), key=lambda g: -g.accounts.size)
    assert 5 in big.accounts
    assert 5 not in small.accounts
    assert 101 in small.accounts
    assert 101 not in big.accounts


def test_the_peel_keeps_the_many_and_lets_the_weakly_tied_go() -> None:
    """Neither the three that are tied by everything nor those tied by next to nothing decide who stays."""
    rows = shared(range(40), 1) + shared(range(3), 1, 5.0) + shared(range(60, 70), 1, 0.1)
    (one,) = found(rows)
    assert one.accounts.tolist() == list(range(40))
    assert (one.ties > 0).all()


def test_a_group_that_the_peel_leaves_too_small_is_no_candidate() -> None:
    assert found(shared(range(9), 1) + shared(range(20, 23), 1, 0.01)) == []


def test_places_alone_need_two_kinds() -> None:
    address, fingerprint = 1, 2
    others = [row for i in range(30) for row in shared(range(1000 + 20 * i, 1020 + 20 * i), 500 + i)]
    one_kind = shared(range(20), 1, 0.6, address) + shared(range(20), 2, 0.6, address)
    two_kinds = shared(range(20), 1, 0.6, address) + shared(range(20), 3, 0.4, fingerprint)
    held = [g for g in found(one_kind + others) if g.accounts[0] < 1000]
    assert held == []
    (one,) = [g for g in found(two_kinds + others) if g.accounts[0] < 1000]
    assert one.accounts.tolist() == list(range(20))


def test_the_heaviest_come_first_and_no_more_than_asked_for() -> None:
    rows = shared(range(12), 1) + shared(range(100, 140), 2) + shared(range(200, 220), 3)
    assert [g.accounts.size for g in found(rows)] == [40, 20, 12]
    assert [g.accounts.size for g in found(rows, most=2)] == [40, 20]
    assert found(rows, most=0) == []


def test_density_is_what_ties_for_each_account_and_thing() -> None:
    (one,) = found(shared(range(10), 1, 0.5))
    assert one.density == pytest.approx(10 * 0.5 / 11)


link = st.tuples(st.integers(0, 40), st.integers(0, 8), st.sampled_from([0.1, 0.5, 1.0]), st.just(0))


@settings(deadline=None)
@given(st.lists(link, max_size=300, unique_by=lambda r: r[:2]), st.integers(0, 1000))
def test_groups_are_disjoint_large_enough_and_do_not_hang_on_the_order_of_links(rows: Rows, seed: int) -> None:
    rows = sorted(rows)
    made = found(rows, least=4)
    everyone = [int(a) for g in made for a in g.accounts]
    assert len(set(everyone)) == len(everyone)
    for one in made:
        assert one.accounts.size >= 4
        assert (np.diff(one.accounts) > 0).all()
        assert set(one.accounts.tolist()) == {rows[i][0] for i in one.links}
        assert (one.ties >= 0.5 * np.median(one.ties) - 1e-12).all()
    order = np.random.default_rng(seed).permutation(len(rows))
    again = found([rows[i] for i in order], least=4)
    assert sorted(g.accounts.tolist() for g in again) == sorted(g.accounts.tolist() for g in made)
