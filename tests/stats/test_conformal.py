"""Conformal evidence keeps its promise on accounts of known honesty."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stats import assign_folds, benjamini_hochberg, conformal_e, conformal_p, cross_fitted_p, e_bh

AtMost = Callable[[int, int, float], bool]
scores_of = st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=30)


def test_honest_accounts_get_small_p_values_no_more_often_than_promised(at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    drawn = rng.lognormal(size=(4000, 100))
    p = np.array([conformal_p(row[1:], row[:1])[0] for row in drawn])
    for level in (0.01, 0.05, 0.2, 0.5):
        assert at_most(int((p <= level).sum()), 4000, level)
    assert (p <= 0.05).mean() > 0.03


def test_ties_count_against_us(at_most: AtMost) -> None:
    rng = np.random.default_rng(2)
    drawn = rng.integers(0, 3, size=(3000, 40))
    p = np.array([conformal_p(row[1:], row[:1])[0] for row in drawn])
    assert at_most(int((p <= 0.3).sum()), 3000, 0.3)
    assert conformal_p([2.0] * 9, [2.0]).tolist() == [1.0]


def test_without_calibration_nobody_is_unusual() -> None:
    assert conformal_p([], [1.0, 5.0]).tolist() == [1.0, 1.0]
    assert conformal_e([], [1.0, 5.0]).tolist() == [1.0, 1.0]
    assert conformal_p([1.0], []).size == 0


def test_smaller_can_be_worse() -> None:
    assert conformal_p([1, 2, 3], [0.5], larger_is_worse=False).tolist() == [0.25]


@pytest.mark.parametrize("place", ["low", "high", "mixed"])
def test_hostile_calibration_accounts_cannot_break_the_bound_wherever_they_lie(place: str, at_most: AtMost) -> None:
    rng = np.random.default_rng(3)
    hits, hits_e, worlds = 0, 0.0, 3000
    for _ in range(worlds):
        honest = rng.exponential(size=81)
        hostile = {"low": np.zeros(20), "high": np.full(20, 99.0), "mixed": rng.uniform(0, 4, 20)}[place]
        calibration = np.concatenate([honest[1:], hostile])
        hits += int(conformal_p(calibration, honest[:1], hostile=20)[0] <= 0.05)
        hits_e += float(conformal_e(calibration, honest[:1], hostile=20)[0])
    assert at_most(hits, worlds, 0.05)
    assert hits_e / worlds <= 1.1


def test_conformal_e_has_mean_one_and_rewards_the_far_tail() -> None:
    rng = np.random.default_rng(4)
    drawn = np.exp(1.5 * rng.normal(size=(8_000, 50)))
    total = drawn.sum(axis=1)
    e = np.array([conformal_e(row[1:], row[:1])[0] for row in drawn])
    assert abs(e.mean() - 1.0) < 5 * e.std() / np.sqrt(e.size)
    np.testing.assert_allclose(e, 50 * drawn[:, 0] / total)
    far = conformal_e(np.exp(3 * rng.normal(size=2000)), np.exp(3 * np.array([6.0])))
    assert far[0] > 200


@given(scores_of, scores_of, st.integers(0, 40))
def test_p_values_are_bounded_and_fall_as_scores_rise(calibration: list[float], scores: list[float], bad: int) -> None:
    tested = np.sort(np.array(scores))
    p = conformal_p(calibration, tested, hostile=bad)
    assert ((p > 0) & (p <= 1)).all()
    assert (np.diff(p) <= 0).all()
    assert (p >= conformal_p(calibration, tested)).all()
    np.testing.assert_array_equal(p, conformal_p(calibration[::-1], tested, hostile=bad))


@given(st.lists(st.floats(0, 1e9), max_size=20), st.lists(st.floats(0, 1e9), max_size=20))
def test_conformal_e_stays_between_nothing_and_n_plus_one(calibration: list[float], scores: list[float]) -> None:
    e = conformal_e(calibration, scores)
    assert ((e >= 0) & (e <= (len(calibration) + 1) * (1 + 1e-9))).all()


@pytest.mark.parametrize("bad", [[float("nan")], [1.0, float("nan")]])
def test_not_a_number_is_refused_by_name(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="calibration"):
        conformal_p(bad, [1.0])
    with pytest.raises(ValueError, match="scores"):
        conformal_e([1.0], bad)
    with pytest.raises(ValueError, match="scores"):
        cross_fitted_p(bad, folds=[0] * len(bad))


def test_groups_are_never_split_between_folds_and_folds_are_even() -> None:
    rng = np.random.default_rng(5)
    groups = np.concatenate([np.repeat(np.arange(30), 10), np.arange(100, 800)])
    folds = assign_folds(1000, folds=5, rng=rng, groups=groups)
    for group in range(30):
        assert np.unique(folds[groups == group]).size == 1
    assert np.bincount(folds, minlength=5).tolist() == [200] * 5
    assert np.bincount(assign_folds(7, folds=3, rng=rng), minlength=3).max() == 3
    assert assign_folds(0, folds=3, rng=rng).size == 0


def _world(rng: np.random.Generator, honest: int, hostile: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    scores = np.concatenate([rng.normal(size=honest), rng.normal(shift, 0.5, size=hostile)])
    return scores, np.arange(honest + hostile) >= honest


@pytest.mark.parametrize("shift", [-4.0, 0.0, 4.0])
@pytest.mark.parametrize("trim", [0.0, 0.1])
def test_the_default_holds_for_any_contamination_up_to_the_bound(shift: float, trim: float, at_most: AtMost) -> None:
    rng = np.random.default_rng(6)
    hits = worlds = 0
    for _ in range(250):
        scores, hostile = _world(rng, 180, 20, shift)
        folds = assign_folds(200, folds=5, rng=rng)
        found = cross_fitted_p(scores, folds=folds, trim=trim, contamination=0.15, least=1)
        one = int(rng.integers(0, 180))
        hits += int(found.p_values[one] <= 0.05)
        worlds += 1
        assert not hostile[one]
    assert at_most(hits, worlds, 0.05)


def test_trimming_without_slack_is_right_when_the_trimmed_are_hostile(at_most: AtMost) -> None:
    rng = np.random.default_rng(7)
    hits, power = 0, 0.0
    for _ in range(300):
        scores, hostile = _world(rng, 180, 20, 9.0)
        folds = np.arange(200) % 5
        found = cross_fitted_p(scores, folds=folds, trim=0.1, honest_share=0.0, least=1)
        hits += int(found.p_values[int(rng.integers(0, 180))] <= 0.05)
        power += float((found.p_values[hostile] <= 0.01).mean())
    assert at_most(hits, 300, 0.05)
    assert power / 300 > 0.95


def test_trimming_without_slack_breaks_in_a_clean_world_and_says_by_how_much(at_most: AtMost) -> None:
    rng = np.random.default_rng(8)
    wrong, default, accused = 0, 0, 0
    for _ in range(300):
        scores = rng.normal(size=500)
        folds = np.arange(500) % 5
        naive = cross_fitted_p(scores, folds=folds, trim=0.1, honest_share=0.0)
        safe = cross_fitted_p(scores, folds=folds, trim=0.1)
        one = int(rng.integers(0, 500))
        wrong += int(naive.p_values[one] <= 0.05)
        default += int(safe.p_values[one] <= 0.05)
        accused += int(benjamini_hochberg(naive.p_values, q=0.1).selected.sum())
    excess = naive.strata[0].excess
    assert not at_most(wrong, 300, 0.05)
    assert at_most(wrong, 300, 0.05 + excess)
    assert 0.09 < excess < 0.13
    assert at_most(default, 300, 0.05)
    assert accused / 300 > 40


def test_accounts_that_calibrate_themselves_cannot_all_be_found() -> None:
    rng = np.random.default_rng(9)
    scores, hostile = _world(rng, 1800, 200, 9.0)
    folds = assign_folds(2000, folds=5, rng=rng)
    found = cross_fitted_p(scores, folds=folds, trim=0.1)
    assert benjamini_hochberg(found.p_values, q=0.1).selected.sum() == 0
    calibrated = np.exp(np.minimum(scores, 9.0))
    e = np.array([conformal_e(calibrated[folds != folds[i]], calibrated[i : i + 1])[0] for i in range(0, 2000, 10)])
    assert not e_bh(e, q=0.1).selected.any()
    assert hostile[np.argsort(found.p_values)[:100]].all()


def test_setting_aside_by_other_evidence_restores_power_and_keeps_the_promise(at_most: AtMost) -> None:
    rng = np.random.default_rng(10)
    hits = 0
    for _ in range(200):
        scores, hostile = _world(rng, 900, 100, 9.0)
        suspected = hostile | (np.arange(1000) < 50)
        found = cross_fitted_p(scores, folds=np.arange(1000) % 5, set_aside=suspected)
        hits += int(found.p_values[int(rng.integers(0, 50))] <= 0.05)
        assert benjamini_hochberg(found.p_values, q=0.1).selected[hostile].all()
    assert at_most(hits, 200, 0.05)


def test_small_strata_are_compared_with_everyone_and_say_so() -> None:
    rng = np.random.default_rng(11)
    strata = np.array(["chat"] * 400 + ["batch"] * 30)
    found = cross_fitted_p(rng.normal(size=430), folds=np.arange(430) % 5, strata=strata, least=100)
    by_name = {stratum.stratum: stratum for stratum in found.strata}
    assert by_name["batch"].pooled
    assert not by_name["chat"].pooled
    assert by_name["batch"].calibration_n == 344
    assert by_name["chat"].calibration_n == 320
    assert found.pooled.sum() == 30
    assert by_name["chat"].smallest_p == pytest.approx(1 / 321)
    assert found.p_values.min() >= 1 / 345


@settings(max_examples=60)
@given(st.lists(st.floats(-100, 100), min_size=4, max_size=40), st.floats(0, 0.5), st.integers(0, 2**31))
def test_p_values_are_never_below_those_of_the_honest_accounts_alone(
    values: list[float], trim: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = np.array(values)
    folds = np.arange(scores.size) % 2
    bound = 0.3
    found = cross_fitted_p(scores, folds=folds, trim=trim, contamination=bound, least=1)
    for fold in (0, 1):
        others = scores[folds != fold]
        hostile = rng.permutation(others.size)[: int(np.ceil(bound * others.size))]
        honest = np.delete(others, hostile)
        assert (found.p_values[folds == fold] >= conformal_p(honest, scores[folds == fold]) - 1e-12).all()
    assert ((found.p_values > 0) & (found.p_values <= 1)).all()
    back = cross_fitted_p(scores[::-1], folds=folds[::-1], trim=trim, contamination=bound, least=1)
    np.testing.assert_array_equal(back.p_values[::-1], found.p_values)


def test_shapes_and_shares_are_checked_by_name() -> None:
    with pytest.raises(ValueError, match="folds"):
        cross_fitted_p([1.0, 2.0], folds=[0])
    with pytest.raises(ValueError, match="trim"):
        cross_fitted_p([1.0], folds=[0], trim=1.0)
    with pytest.raises(ValueError, match="strata"):
        cross_fitted_p([1.0], folds=[0], strata=["a", "b"])
    with pytest.raises(ValueError, match="set_aside"):
        cross_fitted_p([1.0], folds=[0], set_aside=[1])
    assert cross_fitted_p([], folds=[]).strata == ()
