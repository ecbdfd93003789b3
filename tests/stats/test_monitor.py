"""The monitor of the null stays quiet when calibration fits, and speaks when it does not."""

from collections.abc import Callable

import numpy as np
import pytest

from stillwatch.stats import conformal_p, cross_fitted_p, null_monitor

AtMost = Callable[[int, int, float], bool]


def _p(found: object) -> float:
    value = getattr(found, "p_value")  # noqa: B009
    assert value is not None
    return float(value)


def test_fitting_calibration_seldom_raises_the_alarm_although_some_are_guilty(at_most: AtMost) -> None:
    rng = np.random.default_rng(1)
    hits = sided = 0
    for _ in range(300):
        p = rng.random(300)
        p[:30] *= 0.05
        hits += int(_p(null_monitor(p)) <= 0.05)
        sided += int(_p(null_monitor(p, too_small_only=True)) <= 0.05)
    assert at_most(hits, 300, 0.05)
    assert at_most(sided, 300, 0.05)
    assert min(hits, sided) > 4


def test_a_shared_calibration_set_is_allowed_for(at_most: AtMost) -> None:
    rng = np.random.default_rng(2)
    naive = careful = 0
    for _ in range(300):
        p = conformal_p(rng.normal(size=400), rng.normal(size=800))
        naive += int(_p(null_monitor(p)) <= 0.05)
        careful += int(_p(null_monitor(p, calibration_n=400)) <= 0.05)
    assert not at_most(naive, 300, 0.05)
    assert at_most(careful, 300, 0.055)


def test_drift_is_seen_and_conservative_p_values_may_pass() -> None:
    rng = np.random.default_rng(3)
    drifted = conformal_p(rng.normal(size=2000), rng.normal(0.3, 1, size=2000))
    assert _p(null_monitor(drifted, calibration_n=2000)) < 1e-4
    careful = rng.random(2000) ** 0.6
    assert _p(null_monitor(careful)) < 1e-4
    assert _p(null_monitor(careful, too_small_only=True)) > 0.5


def test_self_calibrated_p_values_look_fine_whatever_happens() -> None:
    rng = np.random.default_rng(4)
    own = cross_fitted_p(rng.normal(5.0, 3.0, size=1000), folds=np.arange(1000) % 5).p_values
    assert _p(null_monitor(own)) > 0.9


def test_few_p_values_are_undecided() -> None:
    assert null_monitor([]).needed == 50
    assert not null_monitor(np.full(1000, 0.01)).decided
    with pytest.raises(ValueError, match="p: got"):
        null_monitor([1.2])
    with pytest.raises(ValueError, match="floor"):
        null_monitor([0.5], floor=1.0)
