"""What other people's products send, as their bug reports show it, in the order in which they send it."""

from __future__ import annotations

from tests.forum.taxii.hub import SHARED, TAXII, Asking, indicator

COLLECTIONS = "/forum/collections/"
OBJECTS = f"{COLLECTIONS}{SHARED}/objects/"


def test_opencti_polls_with_a_browsers_accept_a_date_and_its_last_mark(ask: Asking) -> None:
    ask.push(*(indicator(number) for number in range(5)))
    browser = "application/json, text/plain, */*"
    first = ask("GET", OBJECTS, accept=browser, query={"added_after": "1970-01-01T00:00:00.000Z", "limit": "2"})
    assert first.status == 200
    walked, page = list(first.ids), first
    while page.json["more"]:
        since = page.headers["x-taxii-date-added-last"]
        page = ask(
            "GET", OBJECTS, accept=browser, query={"added_after": since, "next": page.json["next"], "limit": "2"}
        )
        walked += page.ids
    assert walked == [indicator(number)["id"] for number in range(5)]


def test_elastic_sends_a_content_type_with_a_get_and_templates_its_date(ask: Asking) -> None:
    ask.push(indicator(1))
    for query in (
        {"added_after": "2020-01-01T00:00:00Z"},
        {"added_after": "2020-01-01T00:00:00.000000Z", "match[type]": "indicator"},
    ):
        assert ask("GET", OBJECTS, content_type="application/json", query=query).ids == [indicator(1)["id"]]


def test_sentinel_begins_at_the_root_and_insists_on_its_version(ask: Asking) -> None:
    ask.push(indicator(1))
    root = ask("GET", "/forum/", accept="application/taxii+json;version=2.1")
    assert root.json["versions"] == [TAXII]
    assert ask("GET", f"{COLLECTIONS}{SHARED}/").json["can_read"] is True
    assert ask("GET", OBJECTS, query={"match[type]": "indicator", "added_after": "2026-01-01T00:00:00.000Z"}).ids == [
        indicator(1)["id"]
    ]


def test_minemeld_polls_by_the_last_date_and_comes_to_an_end(ask: Asking) -> None:
    """It pages by dates alone: with two objects under one date it would go in circles or skip."""
    ask.push(*(indicator(number, "2026-11-01T00:00:00.000Z") for number in range(9)))
    walked: list[str] = []
    after = "1970-01-01T00:00:00Z"
    for _ in range(9):
        page = ask("GET", OBJECTS, query={"added_after": after, "limit": "4"})
        if not page.ids:
            break
        walked += page.ids
        after = page.headers["x-taxii-date-added-last"]
    assert walked == [indicator(number)["id"] for number in range(9)]
    assert ask("GET", OBJECTS, query={"added_after": after}).json == {}
