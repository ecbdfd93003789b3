"""Adding evidence over days keeps its promise where the same accounts come back; multiplying it does not."""

from __future__ import annotations

import numpy as np

from stillwatch.stats import accumulate, conformal_p, look_share, p_to_e

DAYS, N = 60, 199


def days_of_one_stranger(rng: np.random.Generator) -> np.ndarray:
    """E-values by day of one honest account against 199 others, where who is loud today is loud tomorrow."""
    temper = rng.standard_normal(N + 1)
    today = temper + 0.3 * rng.standard_normal((DAYS, N + 1))
    return np.array([float(p_to_e(conformal_p(one[1:], one[0]))) for one in today])


def test_the_sum_ever_reaches_20_in_at_most_a_twentieth_of_worlds_and_the_product_far_more_often() -> None:
    rng = np.random.default_rng(1)
    worlds = [days_of_one_stranger(rng) for _ in range(400)]
    added = np.mean([accumulate(one).max() >= 20.0 for one in worlds])
    multiplied = np.mean([np.cumprod(one).max() >= 20.0 for one in worlds])
    assert added <= 0.05
    assert multiplied > 0.1, "this is why histories are compared, and not days"


def test_the_weights_of_all_looks_sum_to_one() -> None:
    shares = look_share(np.arange(1, 2**16))
    assert np.isclose(shares.sum(), 1.0 - 1.0 / 17.0)
    assert (np.diff(shares) <= 0).all()


def test_a_later_look_never_lowers_the_sum_and_the_same_looks_in_pieces_give_the_same() -> None:
    e = np.random.default_rng(2).exponential(size=(3, 40))
    whole = accumulate(e)
    assert (np.diff(whole, axis=-1) >= 0).all()
    assert np.allclose(whole[:, 20] + e[:, 21] * look_share(22), whole[:, 21])
    assert accumulate(np.zeros((2, 0))).shape == (2, 0)
