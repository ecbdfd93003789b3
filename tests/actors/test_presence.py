"""Hours kept together are told from hours that everybody keeps, whoever draws the groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse, stats

from stillwatch.actors.over_time_tests import same_hours
from stillwatch.actors.population import HeldOut
from stillwatch.actors.presence import presence, synchrony
from stillwatch.core import Support

from .people import candidate, population
from .worlds import BEGUN, HOUR, at_hand, features


def with_hours(people: HeldOut, at: np.ndarray, hours: list[int], share: float) -> HeldOut:
    """The same people, but those at some places are at work in these hours alone, in each with this chance."""
    rng = np.random.default_rng(4)
    active = people.presence.at_work.toarray()
    active[at] = 0
    active[np.ix_(at, np.array(hours))] = rng.random((at.size, len(hours))) < share
    return replace(people, presence=replace(people.presence, at_work=sparse.csr_matrix(active)))


def test_groups_drawn_by_chance_are_found_together_no_oftener_than_the_p_value_says() -> None:
    people = population(np.random.default_rng(1), 2_000)
    p_values = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        value, drawn = synchrony(people.presence, np.sort(rng.choice(2_000, 40, replace=False)), 99, rng)
        p_values.append((1 + int((drawn >= value).sum())) / 100)
    for level in (0.05, 0.2, 0.5):
        assert stats.binom.sf(sum(p <= level for p in p_values) - 1, 150, level) > 1e-4
    assert np.mean(p_values) < 0.65  # and not by never being small


@pytest.mark.parametrize(
    ("hours", "share"),
    [([3, 4, 27, 28], 0.5), (list(range(24)), 0.3), ([9, 10], 1.0)],
    ids=["nights", "a day", "two hours"],
)
def test_members_that_start_and_stop_together_are_loud(hours: list[int], share: float) -> None:
    rng = np.random.default_rng(2)
    at = np.sort(rng.choice(600, 30, replace=False))
    people = with_hours(population(rng), at, hours, share)
    told = same_hours.run(candidate(rng, people, at), people, rng)
    assert told is not None
    assert told.supports is Support.HARVEST
    assert told.evidence.p_value is not None
    assert told.evidence.p_value <= 0.01
    assert told.evidence.value > 2 * (told.expected or 0)


def test_hours_that_everybody_keeps_speak_for_nothing() -> None:
    rng = np.random.default_rng(3)
    everyone = np.arange(600)
    people = with_hours(population(rng), everyone, [9, 10, 33, 34], 0.4)
    told = same_hours.run(candidate(rng, people, rng.choice(600, 40, replace=False)), people, rng)
    assert told is not None
    assert told.supports is Support.NEITHER


def test_few_members_or_few_hours_give_no_answer() -> None:
    rng = np.random.default_rng(5)
    people = population(rng)
    assert same_hours.run(candidate(rng, people, np.arange(9)), people, rng) is None
    short = replace(people, presence=replace(people.presence, at_work=people.presence.at_work[:, :5]))
    assert same_hours.run(candidate(rng, people, np.arange(40)), short, rng) is None


def test_presence_is_what_the_test_slice_holds_hour_by_hour() -> None:
    rows = features(account=[1, 1, 2, 1, 2, 1], slice=[1, 1, 1, 1, 1, 0], at=[0, 0, 1, 5, 5, 2])
    with at_hand(rows) as (engine, (relation,)):
        kept = presence(engine, relation, np.array([1, 2]), np.array([0, 0]), begun=BEGUN, ended=BEGUN + 5 * HOUR)
    assert kept.at_work.toarray().tolist() == [[1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 1]]
    assert kept.hours == 1.0


def test_months_are_cut_into_no_more_spans_than_four_days_of_hours() -> None:
    months = 45 * 24
    with at_hand(features(account=[1, 1], slice=[1, 1], at=[0, months])) as (engine, (relation,)):
        kept = presence(engine, relation, np.array([1]), np.array([0]), begun=BEGUN, ended=BEGUN + months * HOUR)
    assert kept.at_work.shape == (1, 96)
    assert np.flatnonzero(kept.at_work.toarray()[0]).tolist() == [0, 95]
