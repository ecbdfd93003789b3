"""What others say goes forward too: an older word never replaces a newer one, and what no longer speaks of an indicator is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.forum.harvest import NOW, Object, indicator, objects, policy

from stillwatch.engine import Workspace
from stillwatch.forum import Doubt, not_harvesting, seen_too, sender_of, take_in

LATER, LAST = "2026-11-23T00:00:00.000Z", "2026-11-24T00:00:00.000Z"


@pytest.fixture
def house(tmp_path: Path) -> Workspace:
    """A house that knows the indicators of a case."""
    made = Workspace(tmp_path / "w")
    take(made, *objects())
    return made


def take(house: Workspace, *batch: Object) -> int:
    return take_in(house, batch, source="hub", now=NOW).opinions


def states(house: Workspace) -> dict[str, str]:
    rows = house.store.read("indicators_in", ["kind", "corroboration"]).to_pylist()
    return {row["kind"]: row["corroboration"] for row in rows if row["corroboration"] != "seed"}


def test_a_sighting_that_was_withdrawn_does_not_count_again(house: Workspace) -> None:
    day = NOW.date()
    one = seen_too(indicator(), sender_of(policy(member="11111111")), accounts=41, first=day, last=day, today=day)
    assert take(house, one) == 1
    assert states(house) == {"subnet": "corroborated"}
    gone = {**one, "modified": LATER, "revoked": True}
    assert take(house, gone) == 1
    assert take(house, one) == take(house, gone) == 0
    assert take(house, {**one, "modified": LAST}) == 0, "nothing follows a withdrawal"
    assert states(house) == {}


def test_an_opinion_speaks_only_of_what_its_last_version_names(house: Workspace) -> None:
    (one, _) = not_harvesting(indicator(), sender_of(policy(member="11111111")), Doubt.FALSE_POSITIVE, today=NOW.date())
    both = {**one, "object_refs": [indicator()["id"], indicator("asn")["id"]]}
    later = {**one, "modified": LATER, "object_refs": [indicator()["id"]]}
    take(house, both)
    assert states(house) == {"subnet": "disputed", "asn": "disputed"}
    take(house, later)
    assert states(house) == {"subnet": "disputed"}
    take(house, both)
    assert states(house) == {"subnet": "disputed"}


def test_the_order_within_a_batch_makes_no_difference(house: Workspace) -> None:
    one = indicator()
    newer, gone = {**one, "modified": LATER, "confidence": 20}, {**one, "modified": LAST, "revoked": True}
    take_in(house, [gone, newer, one], source="hub", now=NOW)
    rows = {row["id"]: row for row in house.store.read("indicators_in").to_pylist()}
    assert rows[one["id"]]["revoked"]


def test_nothing_follows_a_withdrawal_of_the_same_batch(house: Workspace) -> None:
    one = indicator()
    gone, after = {**one, "modified": LATER, "revoked": True}, {**one, "modified": LAST}
    take_in(house, [gone, after], source="hub", now=NOW)
    rows = {row["id"]: row for row in house.store.read("indicators_in").to_pylist()}
    assert rows[one["id"]]["revoked"]


def test_a_flood_is_held_to_the_houses_own_quotas(house: Workspace) -> None:
    kept = house.store.read("indicators_in", ["id"]).num_rows
    two = [indicator(), indicator("asn")]
    for own, code in ((policy(objects_a_batch=1), "R12"), (policy(objects_a_day=kept + 1), "R12")):
        told = take_in(house, two, source="hub", now=NOW, policy=own)
        assert {one.code for one in told.linted.refusals} == {code}
    assert take_in(house, two, source="another", now=NOW, policy=policy(objects_a_day=2)).linted.passes
