"""The true false-positive rate stays below its certificate as often as promised, for one level and for all at once."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.stats import certified_rate, certified_rate_everywhere

LEVELS = np.array([0.001, 0.005, 0.02, 0.1, 0.3])


def true_rates(rng: np.random.Generator, n: int, hostile: int, levels: np.ndarray) -> np.ndarray:
    """Rates at which a uniform score passes `p <= level`, for one calibration whose hostile accounts lie below everybody."""
    known = np.sort(np.concatenate([rng.random(n - hostile), np.full(hostile, -1.0)]))
    beyond = np.floor(levels * (n - hostile + 1) + 1e-9).astype(int)
    return np.where(beyond > 0, 1.0 - known[n - np.maximum(beyond, 1)], 0.0)


@pytest.mark.parametrize("hostile", [0, 50])
def test_a_fixed_level_keeps_its_certificate_in_95_of_100_calibrations(hostile: int) -> None:
    rng = np.random.default_rng(1)
    bound = certified_rate(LEVELS, n=1000, hostile=hostile)
    broken = np.mean([true_rates(rng, 1000, hostile, LEVELS) > bound for _ in range(4000)], axis=0)
    assert (broken <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)).all(), broken
    if not hostile:
        assert broken.max() >= 0.04, "an exact bound is also broken that often"


def test_the_bound_for_all_levels_is_seldom_broken_anywhere() -> None:
    rng = np.random.default_rng(2)
    levels = np.arange(1, 1001) / 1001
    bound = certified_rate_everywhere(levels, n=1000)
    broken = [bool((true_rates(rng, 1000, 0, levels) > bound).any()) for _ in range(2000)]
    assert np.mean(broken) <= 0.05
    assert (bound >= certified_rate(levels, n=1000)).all()
    assert (np.diff(bound) >= 0).all()


def test_a_level_below_every_p_value_is_never_reached_and_no_honest_account_certifies_nothing() -> None:
    assert certified_rate(0.0009, n=1000) == 0.0
    assert certified_rate(1.0, n=20, hostile=20) == 1.0
    assert certified_rate(1.0, n=0) == 1.0
    assert certified_rate_everywhere([0.5, 1.0], n=0).tolist() == [0.0, 1.0]
