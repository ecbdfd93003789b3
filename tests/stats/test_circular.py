"""Hours: rhythm, other shapes and shown flatness, each at its promised error rate."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.stats import hour_shape

AtMost = Callable[[int, int, float], bool]
HOURS = np.arange(24)


@pytest.mark.parametrize("n", [12, 100, 3000])
def test_flat_days_are_seldom_called_rhythmic(n: int, at_most: AtMost) -> None:
    rng = np.random.default_rng(n)
    found = [hour_shape(row) for row in rng.multinomial(n, np.full(24, 1 / 24), size=600)]
    rhythm = np.array([f.rhythm.p_value for f in found], dtype=float)
    shape = np.array([f.any_shape.p_value for f in found], dtype=float)
    assert at_most(int((rhythm <= 0.05).sum()), 600, 0.052)
    assert (rhythm <= 0.05).sum() > 10
    assert at_most(int((shape <= 0.05).sum()), 600, 0.05)


@pytest.mark.parametrize("strength", [0.1, 0.3])
def test_a_daily_wave_at_the_bound_is_seldom_called_flat(strength: float, at_most: AtMost) -> None:
    rng = np.random.default_rng(7)
    wave = 1 + 2 * strength * np.cos(2 * np.pi * HOURS / 24)
    found = [hour_shape(row, bound=strength) for row in rng.multinomial(500, wave / wave.sum(), size=600)]
    p = np.array([f.flat.p_value for f in found], dtype=float)
    assert at_most(int((p <= 0.05).sum()), 600, 0.055)
    assert (p <= 0.05).sum() > 8


def test_a_flat_day_is_shown_flat_once_there_is_enough() -> None:
    rng = np.random.default_rng(8)
    shown = [hour_shape(row).flat.p_value for row in rng.multinomial(1000, np.full(24, 1 / 24), size=200)]
    assert np.mean(np.array(shown, dtype=float) <= 0.05) > 0.8
    short = hour_shape(np.full(24, 10))
    assert not short.flat.decided
    assert short.flat.needed == 400


def test_office_hours_are_rhythmic_and_two_shifts_are_seen_by_shape() -> None:
    office = hour_shape(np.where((HOURS >= 9) & (HOURS < 17), 20, 1))
    assert office.rhythm.p_value is not None
    assert office.rhythm.p_value < 1e-10
    shifts = hour_shape(np.where(HOURS % 12 < 4, 30, 0))
    assert shifts.resultant == pytest.approx(0.0, abs=1e-9)
    assert shifts.rhythm.p_value == pytest.approx(1.0)
    assert shifts.any_shape.p_value is not None
    assert shifts.any_shape.p_value < 1e-6
    assert shifts.entropy_bits < 3.1


def test_entropy_is_nearly_unbiased_where_the_plain_one_is_not() -> None:
    rng = np.random.default_rng(9)
    drawn = rng.multinomial(150, np.full(24, 1 / 24), size=500)
    shares = np.where(drawn > 0, drawn / 150, 1.0)
    plain = -(shares * np.log2(shares)).sum(axis=1).mean()
    corrected = np.mean([hour_shape(row).entropy_bits for row in drawn])
    assert abs(corrected - np.log2(24)) < 0.3 * abs(plain - np.log2(24))


def test_nothing_seen_is_undecided() -> None:
    empty = hour_shape(np.zeros(24, dtype=int))
    assert np.isnan(empty.resultant)
    assert not empty.rhythm.decided
    assert not empty.flat.decided
    assert hour_shape([0] * 23 + [9]).rhythm.needed == 10


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=24, max_size=24), st.integers(0, 23))
def test_turning_the_clock_changes_nothing(counts: list[int], turn: int) -> None:
    one, other = hour_shape(counts), hour_shape(np.roll(counts, turn))
    if one.n:
        assert 0 <= one.resultant <= 1
        assert one.resultant == pytest.approx(other.resultant, abs=1e-9)
        assert one.entropy_bits == pytest.approx(other.entropy_bits)
        assert one.any_shape.value == pytest.approx(other.any_shape.value, abs=1e-9)


def test_enormous_counts_do_not_overflow() -> None:
    found = hour_shape([2**61] * 23 + [2**62])
    assert found.rhythm.p_value == 0.0
    assert np.isfinite(found.entropy_bits)
    with pytest.raises(ValueError, match="counts"):
        hour_shape([-1] * 24)
    with pytest.raises(ValueError, match="bound"):
        hour_shape([1] * 24, bound=0)
