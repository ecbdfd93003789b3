"""Lists of findings keep their share of false ones, and say what each candidate would have needed."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch.stats import (
    Discoveries,
    benjamini_hochberg,
    conformal_p,
    e_bh,
    e_needed,
    holm,
    p_needed,
    reach,
    reach_e,
    storey_bh,
)


def _false_share(selected: np.ndarray, null: np.ndarray) -> float:
    return float((selected & null).sum() / max(1, int(selected.sum())))


def test_e_bh_keeps_its_error_rate_under_strong_dependence() -> None:
    rng = np.random.default_rng(1)
    null = np.arange(60) < 50
    shares, found = [], []
    for _ in range(1500):
        common = rng.normal()
        z = 0.95 * common + np.sqrt(1 - 0.95**2) * rng.normal(size=60)
        e = np.exp(2 * z - 2)
        e[~null] = np.exp(2 * (z[~null] + 4) - 2)
        chosen = e_bh(e, q=0.1).selected
        shares.append(_false_share(chosen, null))
        found.append(chosen[~null].mean())
    assert np.mean(shares) <= 0.1
    assert np.mean(found) > 0.5


def test_bh_keeps_its_error_rate_and_any_dependence_costs_power() -> None:
    rng = np.random.default_rng(2)
    null = np.arange(100) < 80
    shares, found, careful = [], [], []
    for _ in range(800):
        p = rng.random(100)
        p[~null] = p[~null] ** 6
        chosen = benjamini_hochberg(p, q=0.1).selected
        shares.append(_false_share(chosen, null))
        found.append(chosen.sum())
        careful.append(benjamini_hochberg(p, q=0.1, any_dependence=True).selected.sum())
    assert 0.06 < np.mean(shares) <= 0.085
    assert np.mean(careful) < np.mean(found)


def _by_definition(e: np.ndarray, q: float) -> np.ndarray:
    m = e.size
    ranked = np.sort(e)[::-1]
    passing = [k for k in range(1, m + 1) if ranked[k - 1] >= m / (q * k) * (1 - 1e-12)]
    return e >= m / (q * max(passing)) * (1 - 1e-12) if passing else np.zeros(m, dtype=bool)


def _each_had_to_reach_what_it_needed(
    found: Discoveries, values: np.ndarray, shown: Callable[[np.ndarray, float], np.ndarray], *, short: float
) -> None:
    """Moved to what it needed, each is shown; moved to a little `short` of that, none that was not shown is."""
    for i in range(values.size):
        moved = values.copy()
        moved[i] = found.needed[i]
        assert shown(moved, found.q)[i]
        if not found.selected[i]:
            moved[i] = found.needed[i] * short
            assert not shown(moved, found.q)[i]


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=12), st.sampled_from([0.05, 0.1, 0.5]))
def test_needed_is_exactly_what_each_candidate_had_to_reach(values: list[float], q: float) -> None:
    e = np.array(values)
    found = e_bh(e, q=q)
    np.testing.assert_array_equal(found.selected, _by_definition(e, q))
    _each_had_to_reach_what_it_needed(found, e, _by_definition, short=0.999)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=12), st.sampled_from([0.05, 0.1, 0.5]))
def test_bh_on_p_is_e_bh_on_their_inverse(values: list[float], q: float) -> None:
    p = np.array(values)
    np.testing.assert_array_equal(benjamini_hochberg(p, q=q).selected, e_bh(1 / p, q=q).selected)


def _storey_by_definition(p: np.ndarray, q: float) -> np.ndarray:
    innocent = (1 + (p > q).sum()) / (1 - q)
    ranked = np.sort(p)
    passing = [k for k in range(1, p.size + 1) if ranked[k - 1] <= min(q, q * k / innocent) * (1 + 1e-12)]
    return p <= ranked[max(passing) - 1] if passing else np.zeros(p.size, dtype=bool)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=12), st.sampled_from([0.05, 0.1, 0.5]))
@example([0.125, 0.0625, 0.09375], 0.1)  # whoever is above q adds to no rank
def test_storey_shows_by_its_definition_and_needed_is_what_each_had_to_reach(values: list[float], q: float) -> None:
    p = np.array(values)
    found = storey_bh(p, q=q)
    np.testing.assert_array_equal(found.selected, _storey_by_definition(p, q))
    _each_had_to_reach_what_it_needed(found, p, _storey_by_definition, short=1.001)
    np.testing.assert_array_equal(found.adjusted <= q * (1 + 1e-12), found.selected)
    assert (np.diff(found.adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert (found.adjusted[p > q] == 1).all()


@pytest.mark.parametrize("strangers", [20, 21, 41, 80])
@pytest.mark.parametrize(("guilty", "innocent"), [(0, 20), (3, 17), (10, 10), (18, 2)])
def test_storey_keeps_its_error_rate_with_strangers_that_all_suspects_share(
    strangers: int, guilty: int, innocent: int, tries: Callable[..., int]
) -> None:
    """Half of the suspects each are compared with the strangers of a bin of theirs, by the better of two scores."""
    rng = np.random.default_rng([strangers, guilty])
    shares = []
    for _ in range(tries(400, whole=10_000)):
        suspects = np.arange(guilty + innocent) < guilty
        p = np.empty(suspects.size)
        for half in (0, 1):
            mine = np.arange(suspects.size) % 2 == half
            scores = rng.random((2, int(mine.sum()))) + 0.7 * suspects[mine]
            p[mine] = np.minimum(1, 2 * np.min([conformal_p(rng.random(strangers), one) for one in scores], axis=0))
        shares.append(_false_share(storey_bh(p, q=0.1).selected, ~suspects))
    spread = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) <= 0.1 + 3 * spread


def test_a_suspect_that_slept_costs_the_others_little_where_most_are_guilty() -> None:
    p = np.repeat([2 / 41, 1.0], [16, 4])
    assert storey_bh(p, q=0.05).selected.tolist() == [True] * 16 + [False] * 4
    assert not benjamini_hochberg(p, q=0.05).selected.any()
    assert not storey_bh(np.repeat([2 / 41, 1.0], [2, 18]), q=0.05).selected.any(), (
        "two of twenty are what chance brings"
    )


@given(st.lists(st.floats(0, 1), min_size=2, max_size=15))
def test_order_does_not_matter_and_adjusted_values_follow_p(values: list[float]) -> None:
    p = np.array(values)
    order = np.random.default_rng(len(values)).permutation(p.size)
    found, shuffled = benjamini_hochberg(p, q=0.1), benjamini_hochberg(p[order], q=0.1)
    np.testing.assert_array_equal(found.selected[order], shuffled.selected)
    assert (np.diff(found.adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert ((found.adjusted >= p * (1 - 1e-12)) & (found.adjusted <= 1)).all()


def test_nobody_tested_nobody_shown() -> None:
    assert benjamini_hochberg([], q=0.1).selected.size == 0
    assert storey_bh([], q=0.1).selected.size == 0
    assert e_bh([], q=0.1).m == 0


def test_infinite_evidence_is_shown_and_zero_is_not() -> None:
    assert e_bh([float("inf"), 0.0], q=0.1).selected.tolist() == [True, False]
    assert benjamini_hochberg([0.0, 1.0], q=0.1).selected.tolist() == [True, False]


def test_reach_says_whether_a_list_can_show_anyone() -> None:
    assert reach(100, 0.1, 1 / 1000).alone
    short = reach(1000, 0.1, 1 / 100)
    assert short.possible
    assert not short.alone
    assert short.rank == 100
    assert short.needed == 9999
    assert not reach(1000, 0.1, 0.2).possible
    assert reach(1000, 0.1, 1 / (short.needed + 1)).alone
    assert not reach_e(1000, 0.1, 9.0).possible
    assert e_needed(1000, 0.1, 10) == pytest.approx(1 / p_needed(1000, 0.1, 10))


def test_bad_arguments_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="q: got 0"):
        e_bh([1.0], q=0)
    with pytest.raises(ValueError, match="e: holds"):
        e_bh([float("nan")], q=0.1)
    with pytest.raises(ValueError, match="p: got"):
        benjamini_hochberg([2.0], q=0.1)
    for p, q, said in (
        ([2.0], 0.1, "p: got"),
        ([0.5], 0.0, "q: got 0"),
        ([0.5], 1.0, "q: got 1"),
        ([[0.5]], 0.1, "one value"),
    ):
        with pytest.raises(ValueError, match=said):
            storey_bh(p, q=q)
    with pytest.raises(ValueError, match="one value a candidate"):
        e_bh([[1.0]], q=0.1)


def test_holm_names_no_more_than_bonferroni_would_miss_and_no_less() -> None:
    rng = np.random.default_rng(8)
    false = 0
    for _ in range(1500):
        p = np.concatenate([rng.random(8), [1e-6, 1e-5]])
        named = holm(p, alpha=0.05).selected
        false += bool(named[:8].any())
        assert named[8:].all()
        assert bool((named >= (p <= 0.05 / 10)).all())
    assert false / 1500 < 0.07
    assert holm([], alpha=0.05).m == 0
