"""Pages, filters, headers and errors as the TAXII 2.1 standard has them, and the mistakes that clients make."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.forum.taxii.hub import DROP, SECRET, SHARED, TAXII, Asking, asking, indicator, settings

OBJECTS = f"/forum/collections/{SHARED}/objects/"


def test_discovery_names_the_roots_and_a_root_names_its_version(ask: Asking) -> None:
    assert ask("GET", "/taxii2/").json == {
        "title": "Forum",
        "default": "https://hub.example/forum/",
        "api_roots": ["https://hub.example/forum/"],
    }
    assert ask("GET", "/forum/").json == {
        "title": "Distillation",
        "versions": [TAXII],
        "max_content_length": 10_000_000,
    }


def test_a_member_sees_its_own_collections_and_no_trace_of_others(ask: Asking) -> None:
    mine = ask("GET", "/forum/collections/").json["collections"]
    assert [(one["id"], one["can_read"], one["can_write"]) for one in mine] == [
        (SHARED, True, True),
        (DROP, True, False),
    ]
    hidden = ask("GET", f"/forum/collections/{SECRET}/")
    absent = ask("GET", "/forum/collections/99999999-1111-4111-8111-111111111111/")
    assert hidden.status == absent.status == 404
    told = [{name: text for name, text in one.json.items() if name != "error_id"} for one in (hidden, absent)]
    assert told[0] == told[1]


def test_what_a_member_may_see_and_not_do_is_forbidden(ask: Asking) -> None:
    assert ask("GET", f"/forum/collections/{DROP}/objects/", as_="lab-c").status == 403
    assert ask("POST", f"/forum/collections/{DROP}/objects/", body={"objects": []}).status == 403
    assert ask("DELETE", f"/forum/collections/{DROP}/objects/{indicator()['id']}/", as_="lab-c").status == 403


def test_an_alias_and_an_address_without_its_last_slash_serve_the_same(ask: Asking) -> None:
    ask.push(indicator(1))
    assert ask("GET", "/forum/collections/shared/objects").ids == ask.objects().ids != []


def test_every_object_has_a_time_of_its_own_and_pages_follow_it(ask: Asking) -> None:
    ask.push(*(indicator(number) for number in range(7)))
    entries = ask("GET", f"/forum/collections/{SHARED}/manifest/").json["objects"]
    dates = [one["date_added"] for one in entries]
    assert dates == sorted(set(dates))
    assert len(dates) == 7
    first = ask.objects(limit="3")
    assert first.json["more"] is True
    assert (first.headers["x-taxii-date-added-first"], first.headers["x-taxii-date-added-last"]) == (dates[0], dates[2])
    rest = ask.objects(limit="9", next=first.json["next"])
    assert first.ids + rest.ids == [one["id"] for one in entries]
    assert rest.json["more"] is False
    assert "next" not in rest.json
    assert ask.objects(added_after=dates[2]).ids == rest.ids


def test_a_page_that_ends_with_the_last_object_promises_no_more(ask: Asking) -> None:
    ask.push(*(indicator(number) for number in range(250)))
    assert ask.objects(limit="250").json["more"] is False
    assert ask.objects(limit="249").json["more"] is True


def test_pages_stay_whole_while_objects_come_and_go(ask: Asking) -> None:
    ask.push(*(indicator(number) for number in range(6)))
    first = ask.objects(limit="2")
    ask("DELETE", OBJECTS + first.ids[0] + "/")
    ask.push(indicator(3, "2026-11-05T00:00:00.000Z"), indicator(9))
    rest = ask.objects(next=first.json["next"])
    assert set(first.ids[1:] + rest.ids) == {indicator(number)["id"] for number in (1, 2, 3, 4, 5, 9)}
    assert len(rest.ids) == 5


def test_an_old_mark_beside_a_new_date_skips_nothing(ask: Asking) -> None:
    """OpenCTI sends both."""
    ask.push(*(indicator(number) for number in range(4)))
    old = ask.objects(limit="1").json["next"]
    last = ask.objects().headers["x-taxii-date-added-last"]
    ask.push(indicator(8), indicator(9))
    assert ask.objects(next=old, added_after=last).ids == [indicator(8)["id"], indicator(9)["id"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["2026-11-03T00:00:00.000Z"]),
        ({"match_version": "last"}, ["2026-11-03T00:00:00.000Z"]),
        ({"match_version": "first"}, ["2026-11-01T00:00:00.000Z"]),
        ({"match_version": "first,last"}, ["2026-11-01T00:00:00.000Z", "2026-11-03T00:00:00.000Z"]),
        ({"match_version": "2026-11-02T00:00:00Z"}, ["2026-11-02T00:00:00.000Z"]),
        ({"match_version": "all"}, [f"2026-11-0{day}T00:00:00.000Z" for day in (1, 2, 3)]),
        ({"match_spec_version": "2.0"}, []),
        ({"match_spec_version": "2.0,2.1"}, ["2026-11-03T00:00:00.000Z"]),
        ({"match_spec_version": "3.0"}, []),
        ({"match_type": "malware,indicator"}, ["2026-11-03T00:00:00.000Z"]),
        ({"match_type": "malware"}, []),
        ({"match_id": indicator(1)["id"]}, ["2026-11-03T00:00:00.000Z"]),
        ({"match_id": indicator(2)["id"]}, []),
    ],
)
def test_filters_choose_versions_kinds_and_ids(ask: Asking, filters: dict[str, str], found: list[str]) -> None:
    for day in (1, 3, 2):
        ask.push(indicator(1, f"2026-11-0{day}T00:00:00.000Z"))
    answer = ask.objects(**filters)
    assert sorted(one["modified"] for one in answer.json.get("objects", [])) == found
    assert answer.status == 200
    assert (answer.json == {}) == (not found)


def test_of_two_kinds_of_stix_the_newest_is_served_unless_asked_otherwise(tmp_path: Path) -> None:
    hub = settings(tmp_path)
    both = [
        type(one)(**{name: getattr(one, name) for name in one.__struct_fields__} | {"spec_versions": ("2.0", "2.1")})
        for one in hub.collection
    ]
    with asking(settings(tmp_path, collection=both)) as ask:
        old = {
            name: value for name, value in indicator(1, "2026-11-09T00:00:00.000Z").items() if name != "spec_version"
        }
        ask.push(indicator(1), old)
        versions = {
            spec: [one["modified"] for one in ask.objects(match_spec_version=spec).json["objects"]]
            for spec in ("2.0", "2.1", "2.0,2.1")
        }
        assert versions == {
            "2.0": ["2026-11-09T00:00:00.000Z"],
            "2.1": ["2026-11-01T00:00:00.000Z"],
            "2.0,2.1": ["2026-11-09T00:00:00.000Z"],
        }
        assert [one["modified"] for one in ask.objects().json["objects"]] == versions["2.1"]
        kinds = ask(
            "GET",
            f"/forum/collections/{SHARED}/manifest/",
            query={"match[version]": "all", "match[spec_version]": "2.0"},
        ).json
        assert [one["media_type"] for one in kinds["objects"]] == ["application/stix+json;version=2.0"]


def test_versions_of_an_object_have_pages_too(ask: Asking) -> None:
    for day in (1, 2, 3):
        ask.push(indicator(1, f"2026-11-0{day}T00:00:00.000Z"))
    path = f"{OBJECTS}{indicator(1)['id']}/versions/"
    first = ask("GET", path, query={"limit": "2"})
    assert first.json["versions"] == ["2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00.000Z"]
    assert ask("GET", path, query={"next": first.json["next"]}).json["versions"] == ["2026-11-03T00:00:00.000Z"]
    assert "x-taxii-date-added-first" in first.headers


def test_an_observable_without_dates_has_the_time_of_its_addition_as_version(ask: Asking) -> None:
    plain = {"type": "ipv4-addr", "id": "ipv4-addr--11111111-1111-5111-8111-111111111111", "value": "192.0.2.1"}
    status = ask.push(plain)
    again = ask.push(plain)
    (entry,) = ask("GET", f"/forum/collections/{SHARED}/manifest/").json["objects"]
    assert status["successes"] == again["successes"]
    assert entry["version"].rstrip("Z").rstrip("0") == entry["date_added"].rstrip("Z").rstrip("0")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("added_after=yesterday", "added_after"),
        ("added_after=2026-13-01T00:00:00Z", "added_after"),
        ("added_after=2026-11-01", "added_after"),
        ("next=abc", "next"),
        ("next=%00%FF", "query string"),
        ("colour=é", "query string"),
        ("match[version]=newest", "match[version]"),
        ("match[colour]=red", "match[colour]"),
        ("match[type]=", "match[...]"),
        ("match[id]=a|b", "match[...]"),
        ("match[id]=" + ",".join(map(str, range(300))), "at most 200"),
        ("&".join(f"a{number}=1" for number in range(60)), "50 parameters"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused_by_name(ask: Asking, query: str, told: str) -> None:
    answer = ask("GET", OBJECTS, query=query)
    assert answer.status == 400
    assert told in answer.json["description"]


def test_a_page_is_no_longer_than_the_hub_allows_whatever_is_asked(tmp_path: Path) -> None:
    with asking(settings(tmp_path, max_page=2)) as ask:
        ask.push(*(indicator(number) for number in range(3)))
        page = ask.objects(limit="100")
        assert (len(page.ids), page.json["more"]) == (2, True)


def test_a_mark_is_good_for_its_own_filters_and_collection_alone(ask: Asking) -> None:
    ask.push(*(indicator(number) for number in range(3)))
    mark = ask.objects(limit="1").json["next"]
    assert ask.objects(next=mark, match_type="malware").status == 400
    assert (
        ask("GET", f"/forum/collections/{SHARED}/manifest/", query={"next": mark}).json["error_code"] == "unknown_next"
    )


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (TAXII, 200),
        ("application/taxii+json; version=2.1", 200),
        ('application/taxii+json;version="2.1"', 200),
        ("application/taxii+json", 200),
        ("application/vnd.oasis.stix+json, application/taxii+json", 200),
        ("application/json, text/plain, */*", 200),
        (None, 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/json", 406),
        ("*/*;q=0", 406),
        ("q=;;;,,,", 406),
    ],
)
def test_what_a_client_accepts_decides(ask: Asking, accept: str | None, status: int) -> None:
    answer = ask("GET", "/taxii2/", accept=accept)
    assert answer.status == status
    assert answer.headers["content-type"] == TAXII


def test_a_content_type_on_a_request_without_content_is_ignored(ask: Asking) -> None:
    """Elastic sends one."""
    assert ask("GET", OBJECTS, content_type="application/json").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/", 404),
        ("GET", "/forum/nothing/", 404),
        ("GET", f"{OBJECTS}indicator--nothing/", 404),
        ("GET", f"{OBJECTS}indicator--nothing/versions/", 404),
        ("GET", "/forum/status/nothing/", 404),
        ("DELETE", f"{OBJECTS}indicator--nothing/", 404),
        ("PUT", OBJECTS, 405),
        ("POST", "/taxii2/", 405),
        ("DELETE", f"/forum/collections/{SHARED}/", 405),
        ("GET", "/forum/collections/" + "x/" * 50, 404),
    ],
)
def test_every_error_is_a_taxii_error(ask: Asking, method: str, path: str, status: int) -> None:
    answer = ask(method, path)
    assert answer.status == status
    assert answer.headers["content-type"] == TAXII
    assert answer.json["http_status"] == str(status)
    assert answer.json["title"]
    if status == 405:
        assert answer.headers["allow"]


def test_a_page_ends_before_it_grows_too_large(tmp_path: Path) -> None:
    with asking(settings(tmp_path, max_page_bytes=5_000)) as ask:
        ask.push(*(indicator(number, description="x" * 2_000) for number in range(5)))
        walked: list[str] = []
        mark: dict[str, str] = {}
        for _ in range(5):
            page = ask.objects(**mark)
            assert len(page.body) < 6_000
            walked += page.ids
            if not page.json["more"]:
                break
            mark = {"next": page.json["next"]}
        assert walked == [indicator(number)["id"] for number in range(5)]
