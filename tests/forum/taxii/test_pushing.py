"""What a push may hold, what becomes of each object, and what is remembered of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.forum.taxii.hub import SHARED, TAXII, Asking, asking, indicator, settings

from stillwatch.forum.taxii import Collection, accept_all
from stillwatch.forum.taxii.envelope import read_object

ANY = Collection(id="x", api_root="", title="")
OBJECTS = f"/forum/collections/{SHARED}/objects/"


def test_a_push_is_answered_with_counts_that_add_up_and_kept_for_its_member(ask: Asking) -> None:
    status = ask.push(indicator(1), indicator(2), {"type": "indicator", "id": "nonsense"})
    counts = [status[name] for name in ("total_count", "success_count", "failure_count", "pending_count")]
    assert counts == [3, 2, 1, 0]
    assert (len(status["successes"]), len(status["failures"])) == (2, 1)
    path = f"/forum/status/{status['id']}/"
    assert ask("GET", path).json == status
    assert ask("GET", path, as_="lab-b").status == 404


def test_the_same_again_is_a_success_and_no_second_object(ask: Asking) -> None:
    ask.push(indicator(1))
    assert ask.push(indicator(1), indicator(1))["success_count"] == 2
    assert ask.push(indicator(1), as_="lab-b")["success_count"] == 1
    assert len(ask.objects(match_version="all").ids) == 1


@pytest.mark.parametrize(
    ("second", "as_", "code"),
    [
        (indicator(1, name="another"), "lab-a", "collision"),
        (indicator(1, "2026-11-02T00:00:00.000Z"), "lab-b", "not_yours"),
        (indicator(1, "2026-11-01T00:00:00Z", revoked=True), "lab-b", "collision"),
    ],
)
def test_nobody_changes_a_version_or_follows_anothers(ask: Asking, second: dict[str, Any], as_: str, code: str) -> None:
    ask.push(indicator(1))
    (failure,) = ask.push(second, as_=as_)["failures"]
    assert failure["message"].startswith(code)
    assert [one["modified"] for one in ask.objects(match_version="all").json["objects"]] == ["2026-11-01T00:00:00.000Z"]


def test_nothing_follows_a_retraction_and_it_stays_to_be_fetched(ask: Asking) -> None:
    ask.push(indicator(1), indicator(1, "2026-11-02T00:00:00.000Z", revoked=True))
    (failure,) = ask.push(indicator(1, "2026-11-03T00:00:00.000Z"))["failures"]
    assert failure["message"].startswith("revoked")
    assert ask.objects().json["objects"][0]["revoked"] is True


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "JSON"),
        (b"{", 400, "JSON"),
        (b"\xff\xfe", 400, "JSON"),
        (b"[" * 100_000, 400, "JSON"),
        (b'{"objects":' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400, "JSON"),
        (b"[]", 422, "envelope"),
        (b"null", 422, "envelope"),
        (b'{"objects": 3}', 422, "envelope"),
        (b"{}", 422, "envelope"),
        (json.dumps({"type": "bundle", "id": "bundle--1", "objects": []}).encode(), 422, "bundle"),
        (json.dumps(indicator(1)).encode(), 422, "envelope"),
    ],
)
def test_what_is_no_envelope_is_refused_as_a_whole(ask: Asking, body: bytes, status: int, told: str) -> None:
    answer = ask("POST", OBJECTS, body=body)
    assert answer.status == status
    assert told in answer.json["description"]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "text",
        [],
        {},
        {"id": 7},
        {"id": "indicator--1"},
        indicator(1) | {"id": indicator(1)["id"].upper()},
        indicator(1) | {"type": "malware"},
        indicator(1) | {"id": "x" * 10_000},
        indicator(1) | {"type": "a" * 251, "id": "a" * 251 + indicator(1)["id"][9:]},
        indicator(1) | {"spec_version": "3.0"},
        indicator(1) | {"spec_version": 2.1},
        indicator(1) | {"modified": "soon"},
        indicator(1) | {"modified": 5},
        indicator(1) | {"modified": "2026-02-30T00:00:00Z"},
        indicator(1) | {"modified": "2026-11-02T00:00:00+01:00"},
        indicator(1) | {"modified": "2020-01-01T00:00:00Z"},
        indicator(1) | {"revoked": "yes"},
        indicator(1) | {"description": "x" * 300_000},
        {name: value for name, value in indicator(1).items() if name != "created"},
        {name: value for name, value in indicator(1).items() if name != "spec_version"},
    ],
)
def test_a_bad_object_fails_alone(ask: Asking, bad: Any) -> None:
    status = ask.push(bad, indicator(2))
    assert (status["success_count"], status["failure_count"]) == (1, 1)
    assert len(status["failures"][0]["id"]) < 200
    assert ask.objects().ids == [indicator(2)["id"]]


def test_an_object_nested_deeper_than_anything_honest_fails_alone(ask: Asking) -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    status = ask.push(indicator(1, x_deep=deep), indicator(2, x_flat=[[1]] * 200))
    assert status["failures"][0]["message"].startswith("too_deep")
    assert status["success_count"] == 1


def test_what_is_served_is_what_the_rules_read(ask: Asking) -> None:
    """Of a doubled key the rules would read one value and a receiver perhaps the other."""
    doubled = json.dumps(indicator(1))[:-1] + ', "name": "harmless", "name": "as read"}'
    answer = ask("POST", OBJECTS, body=b'{"objects":[' + doubled.encode() + b"]}")
    assert answer.status == 202
    assert b"harmless" not in ask.objects().body
    assert ask.objects().json["objects"][0]["name"] == "as read"


@pytest.mark.parametrize(
    "kind",
    ["application/json", None, "text/plain", "application/taxii+json;version=2.0", "application/stix+json;version=2.1"],
)
def test_a_body_of_another_kind_is_refused(ask: Asking, kind: str | None) -> None:
    answer = ask("POST", OBJECTS, body={"objects": []}, content_type=kind)
    assert answer.status == 415
    assert answer.headers["content-type"] == TAXII


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(tmp_path: Path) -> None:
    with asking(settings(tmp_path, max_content_length=1_000)) as ask:
        assert ask("GET", "/forum/").json["max_content_length"] == 1_000
        large = {"objects": [indicator(1, description="x" * 2_000)]}
        assert ask("POST", OBJECTS, body=large).status == 413
        assert ask("POST", OBJECTS, body=b"{}", content_length="2000").status == 413
        assert ask("POST", OBJECTS, body=b"{}", content_length="many").status == 400


async def _gone() -> Any:
    return {"type": "http.disconnect"}


async def _never() -> Any:
    await asyncio.sleep(30)


def test_a_push_whose_client_went_away_before_its_end_is_not_kept(ask: Asking) -> None:
    answer = ask("POST", OBJECTS, body={"objects": [indicator(1)]}, then=_gone)
    assert (answer.status, "went away" in answer.json["description"]) == (400, True)
    assert ask.objects().ids == []


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    with asking(settings(tmp_path, body_seconds=0.05)) as ask:
        assert ask("POST", OBJECTS, body=b"{", then=_never).status == 408


def test_text_that_is_no_unicode_fails_alone() -> None:
    told = read_object(indicator(1, name="\ud800"), ANY, most_bytes=1_000, member="lab-a", accept=accept_all)
    assert told.fault == "malformed: has a number or text that JSON cannot carry safely"


def test_more_requests_at_once_than_the_hub_takes_are_sent_away(tmp_path: Path) -> None:
    with asking(settings(tmp_path, max_at_once=1)) as ask:
        seen: list[int] = []

        async def meanwhile() -> Any:
            scope = {"type": "http", "method": "GET", "path": "/taxii2/", "query_string": b"", "headers": []}
            seen.append((await ask.answered(scope, b"")).status)
            return await _gone()

        assert ask("POST", OBJECTS, body=b"{", then=meanwhile).status == 400
        assert seen == [503]
        assert ask("GET", "/taxii2/").status == 200


@dataclass(frozen=True)
class No:
    code: str
    message: str


def no_names(stix: Mapping[str, Any], /, *, member: str, collection: str) -> Sequence[No]:
    return [No("R2", f"name: {member} may not say this"), No("R3", "nor this")] if "name" in stix else []


def test_the_sharing_rules_refuse_an_object_with_their_codes_and_it_is_logged(tmp_path: Path) -> None:
    with asking(settings(tmp_path), accept=no_names) as ask:
        status = ask.push(indicator(1, name="GPU"), indicator(2))
        assert status["failures"][0]["message"] == "R2: name: lab-a may not say this; R3: nor this"
        assert ask.objects().ids == [indicator(2)["id"]]
        events = [json.loads(one["event"]) for one in ask("GET", "/log/mine", query={"start": "0"}).json["events"]]
        assert [one["kind"] for one in events] == ["refusal", "write", "read"]
        assert events[0]["code"] == "R2,R3"
        assert "GPU" not in str(events)


def long_winded(stix: Mapping[str, Any], /, *, member: str, collection: str) -> Sequence[No]:
    return [No("R1", "x" * 100)] * 1_000


def test_a_refusal_is_told_within_bounds_however_much_is_wrong(tmp_path: Path) -> None:
    with asking(settings(tmp_path), accept=long_winded) as ask:
        (failure,) = ask.push(indicator(1))["failures"]
        assert len(failure["message"]) == 2_000


def test_a_quota_ends_the_day(tmp_path: Path) -> None:
    from tests.forum.taxii.hub import TOKENS

    from stillwatch.forum.taxii import Member

    few = [
        Member(name="lab-a", token_sha256=TOKENS["lab-a"][1], objects_per_day=3, reads_per_day=2),
        settings(tmp_path).member[1],
    ]
    hub = settings(tmp_path, member=few)
    hub = settings(tmp_path, member=few, collection=hub.collection[:1])
    with asking(hub) as ask:
        ask.push(indicator(1), indicator(2))
        refused = ask("POST", OBJECTS, body={"objects": [indicator(3), indicator(4)]})
        assert (refused.status, refused.json["error_code"]) == (429, "quota")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert ask.push(indicator(3))["success_count"] == 1
        assert [ask.objects().status for _ in range(3)] == [200, 200, 429]
        assert ask.objects(as_="lab-b").status == 200


def test_an_erasure_takes_the_versions_that_it_names_and_is_its_owners_alone(ask: Asking) -> None:
    ask.push(indicator(1), indicator(1, "2026-11-02T00:00:00.000Z"))
    path = f"{OBJECTS}{indicator(1)['id']}/"
    assert ask("DELETE", path, as_="lab-b").status == 403
    assert ask("DELETE", path, query={"match[version]": "last"}).status == 200
    assert [one["modified"] for one in ask.objects().json["objects"]] == ["2026-11-01T00:00:00.000Z"]
    assert ask("DELETE", path).status == 200
    assert ask("GET", path).status == 404
    kinds = [json.loads(one["event"])["kind"] for one in ask("GET", "/log/mine", query={"start": "0"}).json["events"]]
    assert kinds.count("erasure") == 2


def test_an_originator_learns_who_has_its_object_and_who_fetched_the_retraction(ask: Asking) -> None:
    ask.push(indicator(1), indicator(2))
    path = f"{OBJECTS}{indicator(1)['id']}/holders/"
    assert ask("GET", path).json == {"holders": []}
    page = ask.objects(as_="lab-b", limit="1")
    ask.objects(as_="lab-b", next=page.json["next"])
    (holder,) = ask("GET", path).json["holders"]
    assert (holder["member"], "told_of_retraction" in holder) == ("lab-b", False)
    ask.push(indicator(1, "2026-11-02T00:00:00.000Z", revoked=True))
    assert ask("GET", path).json["holders"] == [holder]
    ask.objects(as_="lab-b", match_type="malware")
    assert ask("GET", path).json["holders"] == [holder]
    ask.objects(as_="lab-b", added_after=page.headers["x-taxii-date-added-last"])
    assert "told_of_retraction" in ask("GET", path).json["holders"][0]
    assert ask("GET", path, as_="lab-b").status == 404


def test_who_only_looked_at_the_manifest_holds_nothing(ask: Asking) -> None:
    ask.push(indicator(1))
    ask("GET", f"/forum/collections/{SHARED}/manifest/", as_="lab-b")
    ask.objects(as_="lab-b", match_id=indicator(2)["id"])
    assert ask("GET", f"{OBJECTS}{indicator(1)['id']}/holders/").json == {"holders": []}


def test_times_of_addition_grow_even_when_the_clock_stands_or_goes_back(tmp_path: Path) -> None:
    moments = iter([9_000_000, 9_000_000, 9_000_000, 1_000_000, 1_000_000])
    with asking(settings(tmp_path), clock=lambda: next(moments, 1_000_000)) as ask:
        ask.push(indicator(1), indicator(2))
        ask.push(indicator(3))
        dates = [one["date_added"] for one in ask("GET", f"/forum/collections/{SHARED}/manifest/").json["objects"]]
    assert len(dates) == 3
    assert dates == sorted(set(dates))
    assert dates[0] >= "1970-01-01T00:00:09"
