"""What we write is STIX 2.1 that others read, its ids follow from content and never from members, and no text of anybody is in it."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.forum.harvest import NOW, SCAFFOLD, SECRET, facts, indicator, objects, ours, policy, previewed

from stillwatch.cases.canonical import canonical
from stillwatch.forum import ForumError, Kind, Policy, Thing, Tlp, indicators_of, preview, read_objects, withdrawal
from stillwatch.forum.indicators import UNCORROBORATED
from stillwatch.forum.rules.closed import FIXED
from stillwatch.forum.stix.extension import schemas
from stillwatch.forum.stix.ids import ATLAS, TAG_PART, TLP_IDS
from stillwatch.forum.stix.pattern import TEMPLATE_PATTERN, Compared, pattern_of, read_pattern, wrong_value
from stillwatch.forum.stix.reading import LARGEST, MOST_OBJECTS
from stillwatch.forum.stix.shapes import SHAPES

HASHES = [f"{number:012x}" for number in range(65)]

VALIDATOR = os.environ.get("STILLWATCH_STIX_VALIDATOR") or shutil.which("stix2_validator")


def test_the_markings_of_tlp_have_the_published_ids() -> None:
    assert {tlp.value: made.partition("--")[2] for tlp, made in TLP_IDS.items()} == {
        "clear": "94868c89-83c2-464b-929b-a1a8aa3c8487",
        "green": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "amber": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "amber+strict": "939a9414-2ddd-4d32-a0cd-375ea402b003",
        "red": "e828b379-4e03-4974-9ac4-e53a884c97c1",
    }


def test_techniques_of_atlas_keep_their_published_ids_and_versions() -> None:
    made = {one["id"]: one for one in objects() if one["type"] == "attack-pattern"}
    assert made
    for technique in ATLAS.values():
        if technique.stix in made:
            assert made[technique.stix]["modified"] == technique.modified
            assert made[technique.stix]["external_references"][0]["source_name"] == "mitre-atlas"


def test_the_ids_of_a_case_do_not_follow_from_who_is_in_it() -> None:
    fewer = tuple(replace(t, members=t.members - 20, others=5 if t.others else t.others) for t in facts().things)
    assert {o["id"] for o in previewed().objects} == {o["id"] for o in previewed(accounts=7, things=fewer).objects}
    other = {o["id"] for o in previewed(case="C-0000000000002").objects if o["type"] == "indicator"}
    assert not other & {o["id"] for o in previewed().objects}, "another case has indicators of its own"


def test_the_same_case_is_the_same_bytes() -> None:
    assert previewed().data == previewed().data


def test_nothing_of_a_prompt_is_in_what_leaves() -> None:
    data = previewed().data.decode().casefold()
    assert SECRET.casefold() not in data
    for word in SCAFFOLD.casefold().replace(".", " ").split():
        if len(word) > 6:
            assert word not in data


def test_every_object_is_read_by_the_reference_library() -> None:
    stix2 = pytest.importorskip("stix2", reason="stix2 is an extra")
    parsed = stix2.parse(json.loads(previewed().data), allow_custom=True, version="2.1")
    assert len(parsed.objects) == len(previewed().objects)


@pytest.mark.slow
@pytest.mark.skipif(
    VALIDATOR is None, reason="stix2-validator 3.2.0 is not installed; STILLWATCH_STIX_VALIDATOR names it"
)
def test_every_object_is_clean_by_the_validator(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_bytes(previewed().data)
    done = subprocess.run(
        [str(VALIDATOR), "--version", "2.1", str(tmp_path / "case.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "STIX JSON: Valid" in done.stdout


def test_networks_stand_together_as_infrastructure_that_holds_no_address() -> None:
    made = previewed().objects
    (place,) = (one for one in made if one["type"] == "infrastructure")
    ties = {(o["relationship_type"], o["source_ref"], o["target_ref"]) for o in made if o["type"] == "relationship"}
    of = {one["type"]: one["id"] for one in made}
    assert ("uses", of["campaign"], place["id"]) in ties
    assert ("consists-of", place["id"], of["autonomous-system"]) in ties
    named = {source for word, source, target in ties if (word, target) == ("indicates", place["id"])}
    kinds = {next(iter(o["extensions"].values()))["kind"] for o in made if o["id"] in named}
    assert kinds == {"subnet", "asn"}
    assert "198.51" not in json.dumps(place)
    assert "2001:db8" not in json.dumps(place)
    only = previewed(things=(Thing(kind=Kind.TECHNIQUE, value="cot_writeout", members=30, others=None),))
    assert "infrastructure" not in {one["type"] for one in only.objects}, "a case without networks has none"


def test_one_house_is_never_more_than_half_sure() -> None:
    assert max(o["confidence"] for o in objects() if "confidence" in o) == UNCORROBORATED


@pytest.mark.parametrize(
    ("thing", "why"),
    [
        (Thing(kind=Kind.SUBNET, value="198.51.100.0/24", members=30, others=31), "not of the case"),
        (Thing(kind=Kind.SUBNET, value="198.51.100.0/24", members=2, others=0), "fewer than 3"),
        (Thing(kind=Kind.SUBNET, value="198.51.100.0/24", members=9, others=None), "not known who else"),
        (Thing(kind=Kind.SUBNET, value="100.64.1.0/24", members=9, others=0), "public subnet"),
        (Thing(kind=Kind.SUBNET, value="198.51.100.9/32", members=9, others=0), "household"),
        (Thing(kind=Kind.ASN, value="16509", members=900, others=0), "cloud"),
        (Thing(kind=Kind.MODEL, value="ft:m-1:acme corp", members=9, others=None), "public name"),
    ],
)
def test_what_honest_people_share_stays_at_home_with_the_reason(thing: Thing, why: str) -> None:
    made, out = indicators_of(facts(things=(thing,)), today=NOW.date())
    assert made == ()
    assert why in out[0].why


@given(st.sampled_from(list(Kind)), st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_a_value_is_refused_or_comes_back_from_its_pattern(kind: Kind, value: str) -> None:
    compared = Compared(kind=kind, value=value)
    if wrong_value(compared) is None:
        assert read_pattern(*pattern_of(compared)) == compared
    else:
        with pytest.raises(ValueError):
            pattern_of(compared)


@pytest.mark.parametrize("kind", ["subnet", "asn", "tls", "user_agent", "template", "technique", "model", "rhythm"])
def test_each_kind_has_one_comparison_that_reads_back(kind: str) -> None:
    one = indicator(kind)
    compared = read_pattern(one["pattern"], one["pattern_type"])
    assert compared is not None
    assert compared.kind == kind
    assert " AND " not in one["pattern"]
    assert one["valid_until"] > one["valid_from"]


@cache
def before() -> dict[str, dict[str, object]]:
    return {one["id"]: one for one in previewed().objects}


def later(days: int, own: Policy | None = None, **changes: object) -> list[dict[str, object]]:
    told = preview(facts(**changes), own or policy(), before(), now=NOW + dt.timedelta(days=days), signed_by="00ff00ff")
    return list(told.objects)


def test_sending_a_case_again_changes_nothing_until_something_is_new() -> None:
    told = preview(facts(), policy(), before(), now=NOW + dt.timedelta(days=1), signed_by="00ff00ff")
    assert told.fresh == frozenset()
    again = {o["id"]: o for o in later(1, accounts=50_000)}
    changed = [o for o in again.values() if before()[o["id"]] != o]  # type: ignore[index]
    assert {o["type"] for o in changed} == {"observed-data"}
    assert {o["modified"] for o in changed} == {"2026-11-23T00:00:00.000Z"}


def test_a_second_version_of_one_day_is_a_millisecond_later() -> None:
    changed = [o for o in later(0, accounts=50_000) if before()[o["id"]] != o]  # type: ignore[index]
    assert {o["modified"] for o in changed} == {"2026-11-22T00:00:00.001Z"}


def test_what_is_over_is_sent_with_new_dates() -> None:
    again = {o["id"]: o for o in later(15)}
    one = again[indicator("subnet")["id"]]
    assert one["valid_from"] == "2026-12-07T00:00:00.000Z"
    assert one["created"] == "2026-11-22T00:00:00.000Z"


def test_a_withdrawal_reaches_all_that_a_case_gave_rise_to_and_is_final() -> None:
    told = withdrawal("C-0000000000001", policy(), before(), why="innocent", now=NOW)
    assert told.linted.refusals == ()
    gone = {o["id"] for o in told.objects if o.get("revoked")}
    assert {o["id"] for o in previewed().objects if o["type"] == "indicator"} <= gone
    notes = [o for o in told.objects if o["type"] == "note"]
    assert {ref for note in notes for ref in note["object_refs"]} <= gone
    after = before() | {o["id"]: o for o in told.objects}
    again = preview(facts(), policy(), after, now=NOW + dt.timedelta(days=2), signed_by="00ff00ff")
    assert all(o.get("revoked") for o in again.objects if o["type"] == "indicator")
    with pytest.raises(ForumError, match="withdrawn already"):
        withdrawal("C-0000000000001", policy(), after, why="innocent", now=NOW)


def test_a_withdrawal_needs_no_legal_basis() -> None:
    own = policy(
        bases={
            "us-peer": {
                "law": "x",
                "lanes": ["peer"],
                "starts": dt.date(2025, 1, 1),
                "ends": dt.date(2025, 2, 1),
                "confirmed_by": "c",
            }
        }
    )
    assert withdrawal("C-0000000000001", own, before(), why="cleared", now=NOW).linted.passes


def test_an_undecided_case_is_refused_with_what_is_missing() -> None:
    told = preview(facts(reason=None, reviewer=None, decided_on=None, evidence=None), policy(), {}, now=NOW)
    assert {one.code for one in told.linted.refusals} == {"R5", "R14"}


def test_a_profile_removes_and_says_so() -> None:
    told = preview(facts(), policy(profile="eu"), {}, now=NOW, signed_by="00ff00ff")
    assert told.linted.refusals == ()
    assert {ours(o)["kind"] for o in told.objects if o["type"] == "indicator"}.isdisjoint({"subnet", "user_agent"})
    assert {one.what: one.count for one in told.left_out} == {"subnet": 2, "user_agent": 1}
    spans = [
        (dt.datetime.fromisoformat(o["valid_until"]) - dt.datetime.fromisoformat(o["valid_from"])).days
        for o in told.objects
        if o["type"] == "indicator"
    ]
    assert max(spans) == 30


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1]",
        b'{"type":"bundle"}',
        b'{"objects":[{"type":1}]}',
        b'{"type":"indicator","type":"note"}',
        b'[{"type":"x","a":NaN}]',
        b"[" * 100_000,
        b'[{"type":"x","a":' + b"[" * 40 + b"]" * 40 + b"}]",
        b"\xff\xfe",
        b'[{"type":"x","n":' + b"9" * 5000 + b"}]",
    ],
    ids=range(11),
)
def test_what_is_no_stix_is_refused_without_repeating_it(data: bytes) -> None:
    with pytest.raises(ForumError) as refused:
        read_objects(data)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"[]" + b" " * LARGEST, "bytes"), (b"[" + b'{"type":"x"},' * MOST_OBJECTS + b'{"type":"x"}]', "objects")],
    ids=["bytes", "objects"],
)
def test_more_than_is_read_at_once_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ForumError, match=f"{told}, at most"):
        read_objects(data)


def test_a_text_is_no_longer_than_its_field_takes() -> None:
    field = SHAPES[TAG_PART]["tags"]
    most = field.schema["maxLength"]
    assert list(field.wrong("A" * most)) == []
    assert list(field.wrong("A" * (most + 1))) == [("", "expected tags in base64")]


def _template(**changed: object) -> str:
    told = {"version": 1, "shape": [1], "words": 4, "hashes": ["0" * 12], "least": 0.5} | changed
    return canonical(told).decode()


def test_a_fingerprint_of_a_template_is_read_within_bounds() -> None:
    assert read_pattern(_template(shape=[1] * 32, hashes=HASHES[:64]), TEMPLATE_PATTERN) is not None
    for bad in (_template(shape=[1] * 33), _template(hashes=HASHES[:65]), _template(shape=[]), _template(hashes=[])):
        assert read_pattern(bad, TEMPLATE_PATTERN) is None
    assert read_pattern("[" * 100_000, TEMPLATE_PATTERN) is None


def test_a_pattern_that_we_would_write_otherwise_is_not_read() -> None:
    assert read_pattern("[ipv6-addr:value ISSUBSET '2001:db8:7::/48']", "stix") is not None
    assert read_pattern("[ipv4-addr:value ISSUBSET '2001:db8:7::/48']", "stix") is None


def test_a_changed_schema_needs_a_new_version_of_its_definition() -> None:
    """The digests of both definitions, as they were published with versions 1.0.0 and 1.0.1."""
    import hashlib

    told = {
        one["name"]: hashlib.sha256(canonical(one)).hexdigest()[:16]
        for one in FIXED.values()
        if one["type"] == "extension-definition"
    }
    assert told == {
        "Blinded tags": "b9e1ad5e785ff0ac",
        "Review, basis and corroboration of an indicator": "3aeba76477f3ffdd",
        "Use of a model API": "6a102e378f86f6ae",
    }
    assert "indicator-extension.json" in schemas()


@pytest.mark.parametrize("tlp", list(Tlp))
def test_every_colour_is_written_and_read_alike(tlp: Tlp) -> None:
    told = preview(facts(), policy(tlp=tlp.value), {}, now=NOW, signed_by="00ff00ff")
    assert {one.code for one in told.linted.refusals} == ({"R6"} if tlp is Tlp.RED else set())
