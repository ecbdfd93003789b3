"""Novelty of vectors: strangers lie far and leave much over, and the reference itself does neither."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.stats import (
    main_directions,
    nearest_distances,
    rank_surprise,
    residual_energy,
    scaled_distances,
    spread_of,
)


def plane(rng: np.random.Generator, rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Rows that vary in two directions of six, with a little noise in all."""
    found = rng.normal(scale=0.05, size=(rows, 6))
    found[:, :2] += rng.normal(size=(rows, 2))
    return found


def test_rows_off_the_plane_have_energy_left() -> None:
    rng = np.random.default_rng(1)
    directions = main_directions(plane(rng, 500), kept=2)
    own, strange = residual_energy(plane(rng, 200), directions), plane(rng, 200)
    strange[:, 4] += 1.0
    assert residual_energy(strange, directions).min() > own.max()


def test_all_energy_is_left_where_no_direction_is_kept() -> None:
    rows = np.random.default_rng(2).normal(size=(40, 5))
    left = residual_energy(rows, main_directions(rows, kept=0))
    assert left == pytest.approx(((rows - rows.mean(axis=0)) ** 2).sum(axis=1))


def test_the_nearest_is_the_nearest_by_two_loops() -> None:
    rng = np.random.default_rng(3)
    rows, reference = (rng.normal(size=(n, 4)).astype(np.float32) for n in (1500, 30))
    rows, reference = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, reference))
    expected = [min(1.0 - float(row @ other) for other in reference) for row in rows[::100]]
    assert nearest_distances(rows, reference)[::100] == pytest.approx(expected, abs=1e-6)


def test_the_nearest_few_count_alike_and_all_where_there_are_fewer() -> None:
    rng = np.random.default_rng(4)
    rows, reference = (rng.normal(size=(n, 4)).astype(np.float32) for n in (8, 30))
    rows, reference = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, reference))
    expected = [1.0 - np.mean(sorted((float(row @ other) for other in reference), reverse=True)[:5]) for row in rows]
    assert nearest_distances(rows, reference, among=5) == pytest.approx(expected, abs=1e-6)
    assert nearest_distances(rows, reference[:3], among=5) == pytest.approx(
        1.0 - (rows @ reference[:3].T).mean(axis=1), abs=1e-6
    )


def test_scaled_distances_of_the_reference_have_its_dimension_as_mean() -> None:
    rows = np.random.default_rng(5).normal(size=(400, 5)) @ np.diag([4.0, 3.0, 2.0, 1.0, 1.0]) + 7.0
    assert scaled_distances(rows, spread_of(rows)).mean() == pytest.approx(5.0)


def test_a_direction_without_spread_counts_as_narrow_and_not_as_nothing() -> None:
    rows = np.random.default_rng(6).normal(size=(400, 2)) * [1.0, 0.0]
    spread = spread_of(rows, least=0.25)
    off = [[rows[:, 0].mean(), 1.0]]
    assert scaled_distances(off, spread) == pytest.approx([4.0 / rows[:, 0].var()])


def test_rarity_is_the_logarithm_of_a_rank_and_never_infinite() -> None:
    reference = np.arange(99.0)[:, None]
    found = rank_surprise([[-1.0], [50.0], [1e9]], reference)[:, 0]
    assert found == pytest.approx([0.0, np.log(2.0), np.log(100.0)])


def test_an_empty_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="reference"):
        nearest_distances(np.eye(2, dtype=np.float32), np.zeros((0, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="kept: got 2"):
        main_directions(np.eye(2), kept=2)
    with pytest.raises(ValueError, match="among: got 0"):
        nearest_distances(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), among=0)
    with pytest.raises(ValueError, match="least: got 0"):
        spread_of(np.eye(2), least=0.0)
