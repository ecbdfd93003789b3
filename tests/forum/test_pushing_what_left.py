"""Only what was decided and recorded here is pushed, as it left; and what is withdrawn can be pushed when nothing else can."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from tests.forum.harvest import NOW, Object, indicator, policy, previewed

from stillwatch.cases import Desk
from stillwatch.engine import TABLES, Workspace
from stillwatch.forum import (
    Policy,
    against_pushing,
    left_before,
    record_push,
    record_said,
    said,
    seen_too,
    sender_of,
    share,
    with_launched,
    withdrawal,
)


@pytest.fixture
def house(tmp_path: Path) -> Workspace:
    """A house out of which one case went today."""
    made = Workspace(tmp_path / "w")
    desk = Desk(made)
    desk.journal.begin()
    share(made, desk, previewed(), by="joe", to="peers", now=NOW)
    return made


def against(house: Workspace, *files: Sequence[Object], own: Policy | None = None, now: dt.datetime = NOW) -> set[str]:
    return {f"{one.code} {one.why}" for one in against_pushing(house, files, own or policy(), now=now)}


def test_what_left_is_pushed_and_counted_once(house: Workspace) -> None:
    whole = previewed().objects
    assert against(house, whole) == set()
    assert against(house, whole, own=policy(objects_a_day=len(whole))) == set(), "it has been counted when it left"
    short = {f"R12 more than {len(whole) - 1} objects in one day"}
    assert against(house, whole, own=policy(objects_a_day=len(whole) - 1)) == short
    assert against(house, whole, own=policy(objects_a_batch=5)) == {f"R12 {len(whole)} objects at once, at most 5"}


def test_what_no_decision_stands_behind_is_not_pushed(house: Workspace) -> None:
    one = indicator()
    made = {**one, "id": f"indicator--{uuid.UUID(int=(4 << 76) + (1 << 63))}"}
    assert against(house, [made]) == {"R11 has not left by a decision that is recorded here"}
    assert against(house, [{**one, "confidence": one["confidence"] - 5}]) >= {"R11 is not what left last"}
    observable = next(o for o in previewed().objects if o["type"] == "autonomous-system")
    assert against(house, [{**observable, "number": 64501}]) == {"R11 is not what left last"}


def test_a_withdrawal_goes_out_without_a_basis_and_beyond_the_quotas(house: Workspace) -> None:
    later = NOW + dt.timedelta(days=200)
    own = policy(objects_a_batch=5, objects_a_day=5, profile="eu", tlp="clear", pap="clear")
    gone = withdrawal("C-0000000000001", own, left_before(house), why="innocent", now=later)
    assert gone.linted.passes, gone.linted.refusals
    assert against(house, gone.objects, own=own, now=later) >= {"R11 is not what left last"}, "it was not recorded"
    share(house, Desk(house), gone, by="joe", to="peers", now=later)
    assert against(house, gone.objects, own=own, now=later) == set()
    found = against(house, [*gone.objects, *previewed().objects], own=own, now=later)
    assert {one[:3] for one in found} >= {"R11", "R12", "R13"}, "what is sent beside it is not spared"


def test_what_is_said_of_others_is_pushed_once_it_is_recorded(house: Workspace) -> None:
    own, day = policy(member="11111111"), NOW.date()
    about = indicator()
    about["id"] = about["id"][:-1] + "0"
    sighting = seen_too(about, sender_of(own), accounts=41, first=day, last=day, today=day)
    whole, _ = said([sighting], own, left_before(house), now=NOW)
    assert against(house, whole, own=own) == {"R11 has not left by a decision that is recorded here"}
    record_said(house, Desk(house), whole, about=about["id"], sha256="a" * 64, by="joe", now=NOW)
    assert against(house, whole, own=own) == set()
    again, _ = said([{**sighting, "count": 100}], own, left_before(house), now=NOW)
    assert again[-1]["modified"] > sighting["modified"], "another word of the same day is a later version"


def test_the_journal_says_what_is_pushed_where(house: Workspace) -> None:
    record_push(Desk(house), ["a" * 64], to="https://hub.example/x/", by="joe", ruled=True)
    told = list(Desk(house).journal.history())[-1]
    assert told.record.kind == "forum.pushed"
    assert told.record.body == {"to": "https://hub.example/x/", "sha256": ["a" * 64], "ruled": True}
    assert "joe" not in str(told.record), "who did it is sealed, as everywhere in the journal"


def test_models_that_were_launched_are_public(house: Workspace) -> None:
    at = NOW.replace(hour=0, minute=0)
    rows = pa.Table.from_pylist([{"model": "m-2", "at": at}], schema=TABLES["releases"].schema)
    with house.writing():
        house.store.put("releases", rows)
    assert with_launched(house, policy()).public_models == ("m-1", "m-2")
