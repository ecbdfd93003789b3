"""Opinions add up as a lattice, a house counts once, and what is not for peers goes by its own lane to those whom it names."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cases.desk import desk, opening
from tests.forum.harvest import NOW, POLICY, Object, indicator, objects, policy

from stillwatch.cases import Confidence, Desk, Ground, Reason, Ruling, forget
from stillwatch.forum import Doubt, ForumError, corroboration, lint, not_harvesting, outgoing, seen_too, sender_of
from stillwatch.forum.lanes.attribution import attribution
from stillwatch.forum.lanes.embargo import Embargo, may_tell
from stillwatch.forum.lanes.government import Asked, Process, government_package
from stillwatch.forum.opinions.lattice import Stance, State, joined
from stillwatch.forum.stix.bundles import bundle

TODAY = NOW.date()
VALIDATOR = os.environ.get("STILLWATCH_STIX_VALIDATOR") or shutil.which("stix2_validator")


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


def attributing(tmp_path: Path) -> tuple[Desk, str]:
    at = desk(tmp_path)
    case = at.open(replace(opening()), by="mary").id
    at.decide(
        case,
        Ruling.ATTRIBUTE,
        Reason.COORDINATED_ACCOUNTS,
        by="mary",
        note="all",
        organisation="Example Ltd",
        confidence=Confidence.LOW,
    )
    return at, case


def test_an_organisation_is_named_to_a_government_by_two_people_and_a_published_source_alone(tmp_path: Path) -> None:
    at, case = attributing(tmp_path)
    content = [one for one in objects() if one["type"] in ("indicator", "campaign", "intrusion-set")]
    sender, published = sender_of(own()), "https://example.org/report"
    with pytest.raises(ForumError, match="no decision in force"):
        attribution(content, at.case(case), sender, source=published, today=TODAY)
    at.approve(case, by="joe", note="checked")
    for source in ("", "our own finding", "http://example.org", "https://", "https:///report", "https://["):
        with pytest.raises(ForumError, match="published source"):
            attribution(content, at.case(case), sender, source=source, today=TODAY)
    with pytest.raises(ForumError, match="no cluster"):
        attribution(content[:1], at.case(case), sender, source=published, today=TODAY)
    actor, tie = attribution(content, at.case(case), sender, source=published, today=TODAY)
    assert (actor["name"], actor["confidence"]) == ("Example Ltd", 15)
    assert actor["external_references"][0]["url"] == published
    assert "allegation" in actor["description"]
    cluster = next(one["id"] for one in content if one["type"] == "intrusion-set")
    assert (tie["relationship_type"], tie["source_ref"], tie["target_ref"]) == ("attributed-to", cluster, actor["id"])
    asked = Process(asked=Asked.SUBPOENA, reference="26-cv-1", signed_off_by="counsel")
    data, _ = government_package([*content, actor, tie], own(), recipient="agency-1", process=asked, now=NOW)
    assert b"Example Ltd" in data
    refused = lint([*objects(), actor, tie], outgoing(own(), now=NOW, before={})).refusals
    assert {"R1", "R15"} <= {one.code for one in refused if one.object == actor["id"]}, "no peer is told a name"
    at.reopen(case, by="mary", why="doubts")
    with pytest.raises(ForumError, match="no decision in force"):
        attribution(content, at.case(case), sender, source=published, today=TODAY)


def test_an_organisation_that_was_forgotten_is_named_to_nobody(tmp_path: Path) -> None:
    at, case = attributing(tmp_path)
    at.approve(case, by="joe", note="checked")
    forget(at, "organisation:Example Ltd", by="mary", why=Ground.ERASURE_REQUEST)
    with pytest.raises(ForumError, match="forgotten"):
        attribution(objects(), at.case(case), sender_of(own()), source="https://example.org/report", today=TODAY)


@pytest.mark.slow
@pytest.mark.skipif(VALIDATOR is None, reason="stix2-validator 3.2.0 is not installed")
def test_a_named_organisation_is_clean_by_the_validator(tmp_path: Path) -> None:
    at, case = attributing(tmp_path)
    at.approve(case, by="joe", note="checked")
    content = objects()
    made = attribution(content, at.case(case), sender_of(own()), source="https://example.org/report", today=TODAY)
    (tmp_path / "named.json").write_text(json.dumps(bundle([*content, *made])))
    done = subprocess.run(
        [str(VALIDATOR), "--version", "2.1", str(tmp_path / "named.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
