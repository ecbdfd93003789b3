"""The population of the test slice: who was active, and what is known and unknown of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.actors.population import held_out
from stillwatch.engine import table

from .people import population
from .worlds import BEGUN, HOUR, OPEN, PRESSES, at_hand, features, filled

NO_SIGNATURE = table("artifacts").schema.empty_table()
NO_LAUNCH = table("releases").schema.empty_table()


@given(st.sets(st.integers(0, 120), max_size=40))
def test_only_members_that_were_active_have_a_place_and_each_has_one(members: set[int]) -> None:
    people = population(np.random.default_rng(1), 12)
    accounts = np.array(sorted(members), np.int64)
    places = people.places(accounts)
    assert people.account[places].tolist() == [a for a in people.account.tolist() if a in members]


def test_shares_are_of_the_test_slice_and_unknown_stays_unknown() -> None:
    rows = features(
        account=[1, 1, 1, 2, 3, None],
        slice=[1, 1, 0, 1, 0, 1],
        turns=pa.array([1, 5, 1, None, 1, 1], pa.int32()),
        tools=pa.array([7, None, None, None, None, None], pa.int64()),
        elicitation=pa.array([PRESSES, OPEN, PRESSES, None, 0, PRESSES], pa.int32()),
    )
    facts = filled(
        "account_facts",
        {
            "account": [1, 2, 3, 4, 5],
            "org": pa.array([8, None, None, 9, 10]),
            "created": pa.array([BEGUN - 24 * HOUR, None, None, None, None]).cast(pa.timestamp("us", tz="UTC")),
            "payment": pa.array([5, None, None, 5, 5]),
        },
        5,
    )
    with at_hand(rows, facts, NO_SIGNATURE, NO_LAUNCH) as (engine, (told, known, passed, launched)):
        people = held_out(engine, told, known, passed, launched)
    assert people.account.tolist() == [1, 2]
    assert people.exchanges.tolist() == [2, 1]
    assert people.elicited.tolist() == [0.5, 0.0]
    assert people.asked.tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(people.single, [0.5, np.nan])
    np.testing.assert_array_equal(people.young, [1.0, np.nan])
    np.testing.assert_array_equal(people.shares, [1.0, np.nan])
    assert people.org.tolist() == [8, 0]
    assert people.totals == {1: (3, 1), 2: (1, 0), 3: (1, 1)}
    assert people.everyone.tolist() == [1, 2, 3]
    assert np.isnan(people.moved).all()


@pytest.mark.parametrize("orgs", [[8, 8, 8], [8, 8, 9]])
def test_one_organisation_that_pays_for_its_people_and_a_couple_with_one_card_share_nothing(orgs: list[int]) -> None:
    facts = filled("account_facts", {"account": [1, 2, 3], "org": orgs, "payment": [5, 5, 5]}, 3)
    with at_hand(features(account=[1, 2, 3], slice=[1, 1, 1]), facts, NO_SIGNATURE, NO_LAUNCH) as (
        engine,
        (told, known, passed, launched),
    ):
        assert held_out(engine, told, known, passed, launched).shares.tolist() == [0.0, 0.0, 0.0]


def test_without_any_row_nobody_is_there() -> None:
    empty = [table(name).schema.empty_table() for name in ("features", "account_facts")]
    with at_hand(*empty, NO_SIGNATURE, NO_LAUNCH) as (engine, (told, known, passed, launched)):
        people = held_out(engine, told, known, passed, launched)
    assert people.account.size == 0
    assert people.totals == {}
    assert people.places(np.array([3], np.int64)).size == 0
