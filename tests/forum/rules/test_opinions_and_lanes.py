"""Opinions add up as a lattice, a house counts once, and what is not for peers goes by its own lane to those whom it names."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from tests.forum.harvest import NOW, POLICY, Object, indicator, objects, policy

from stillwatch.forum import Doubt, ForumError, corroboration, not_harvesting, seen_too, sender_of
from stillwatch.forum.lanes.embargo import Embargo, may_tell
from stillwatch.forum.lanes.government import Asked, Process, government_package
from stillwatch.forum.opinions.lattice import Stance, State, joined

TODAY = NOW.date()


def seen(member: str) -> Object:
    return seen_too(indicator(), sender_of(policy(member=member)), accounts=41, first=TODAY, last=TODAY, today=TODAY)


def doubted(member: str, doubt: Doubt = Doubt.FALSE_POSITIVE) -> Object:
    return not_harvesting(indicator(), sender_of(policy(member=member)), doubt, today=TODAY)[0]


def agrees(member: str) -> Object:
    return {**doubted(member), "opinion": "agree"}


HOUSES = ["11111111", "22222222", "33333333"]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([], State.SEED),
        ([seen("0a1b2c3d")], State.SEED),
        ([agrees(HOUSES[0])], State.SEED),
        ([seen(HOUSES[0])], State.CORROBORATED),
        ([seen(HOUSES[0]), seen(HOUSES[0])], State.CORROBORATED),
        ([seen(h) for h in HOUSES], State.ESTABLISHED),
        ([seen(HOUSES[0]), doubted(HOUSES[1])], State.DISPUTED),
        ([doubted(HOUSES[1])], State.DISPUTED),
        ([seen(HOUSES[0]), doubted(HOUSES[1], Doubt.WANT_MORE)], State.CORROBORATED),
        ([{**seen(HOUSES[0]), "revoked": True}], State.SEED),
        ([seen(HOUSES[0]), {**doubted(HOUSES[0]), "modified": "2026-11-23T00:00:00.000Z"}], State.DISPUTED),
    ],
    ids=[
        "nobody",
        "the originator",
        "agreeing",
        "one saw it",
        "twice the same",
        "three",
        "mixed",
        "against",
        "asking",
        "withdrawn",
        "changed its mind",
    ],
)
def test_a_state_follows_from_what_houses_saw_themselves(said: list[Object], state: State) -> None:
    assert corroboration(indicator(), said).state is state
    assert corroboration(indicator(), said[::-1]).state is state, "the order in which it comes makes no difference"


def test_what_somebody_outside_contests_is_disputed() -> None:
    assert corroboration(indicator(), [seen(h) for h in HOUSES], contested=True).state is State.DISPUTED


@pytest.mark.parametrize("one", list(Stance))
@pytest.mark.parametrize("other", list(Stance))
def test_joining_stances_is_a_lattice(one: Stance, other: Stance) -> None:
    assert joined(one, other) is joined(other, one)
    assert joined(one, joined(one, other)) is joined(one, other)
    for third in Stance:
        assert joined(one, joined(other, third)) is joined(joined(one, other), third)


def test_a_sighting_tells_a_decade_and_is_as_strict_as_what_it_speaks_of() -> None:
    one = seen_too(
        indicator(),
        sender_of(policy(member="11111111", tlp="clear", pap="clear")),
        accounts=4_321,
        first=TODAY,
        last=TODAY,
        today=TODAY,
    )
    assert one["count"] == 1_000
    assert one["object_marking_refs"][:2] == indicator()["object_marking_refs"][:2]


def vulnerability(**fields: Any) -> Object:
    base = {
        key: indicator()[key]
        for key in ("spec_version", "created_by_ref", "created", "modified", "object_marking_refs")
    }
    text = "Reasoning of one conversation is expanded in another."
    return {"type": "vulnerability", "id": "vulnerability--1", **base, "name": "Replay", "description": text, **fields}


def own(**changes: Any) -> Any:
    bases = {"us-peer": {**POLICY["bases"]["us-peer"], "lanes": ["peer", "embargo", "government"]}}
    return policy(bases=bases, recipients=["agency-1"], **changes)


def test_a_flaw_is_told_to_its_parties_and_to_others_when_the_clock_ends() -> None:
    embargo = Embargo.begun("V-1", frozenset({"vendor"}), reported=TODAY)
    may_tell(embargo, [vulnerability()], to="vendor", policy=own(), now=NOW)
    with pytest.raises(ForumError, match="under embargo until 2027-02-20"):
        may_tell(embargo, [vulnerability()], to="press", policy=own(), now=NOW)
    may_tell(embargo, [vulnerability()], to="press", policy=own(), now=NOW + dt.timedelta(days=90))
    with pytest.raises(ForumError, match="R15"):
        may_tell(embargo, [indicator()], to="vendor", policy=own(), now=NOW)
    with pytest.raises(ForumError, match="R3"):
        may_tell(embargo, [vulnerability(description="found by mary@example.org")], to="vendor", policy=own(), now=NOW)


def test_each_party_may_ask_for_time_once_and_not_for_ever() -> None:
    embargo = Embargo.begun("V-1", frozenset({"vendor", "cloud"}), reported=TODAY).longer("vendor", 30)
    assert (embargo.ends - TODAY).days == 120
    for party, days in (("vendor", 10), ("press", 10), ("cloud", 61)):
        with pytest.raises(ForumError):
            embargo.longer(party, days)


def test_a_package_names_its_recipient_its_process_and_its_marks() -> None:
    content = [one for one in objects() if one["type"] in ("indicator", "campaign")]
    asked = Process(asked=Asked.SUBPOENA, reference="26-cv-1", signed_off_by="counsel")
    data, digest = government_package(content, own(), recipient="agency-1", process=asked, now=NOW)
    told = json.loads(data)
    assert told["process"]["reference"] == "26-cv-1"
    assert len(told["marks"]) == 3
    assert len(digest) == 64
    with pytest.raises(ForumError, match="not among the recipients"):
        government_package(content, own(), recipient="agency-2", process=asked, now=NOW)
    with pytest.raises(ForumError, match="reference of the process"):
        government_package(
            content,
            own(),
            recipient="agency-1",
            process=Process(asked=Asked.WARRANT, reference="", signed_off_by="x"),
            now=NOW,
        )
    with pytest.raises(ForumError, match="R13"):
        government_package(content, policy(recipients=["agency-1"]), recipient="agency-1", process=asked, now=NOW)
