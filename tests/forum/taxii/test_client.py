"""Pulls that go on where they were broken off, pushes that send nothing twice, and servers that mean harm."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.forum.taxii.hub import SHARED, TAXII, TOKENS, asking, indicator, settings
from tests.forum.taxii.running import Told, running, scripted

from stillwatch.forum.taxii import Credentials, Inbox, Pulled, Remote, RemoteError, accept_all, pull, push

TYPED = {"content-type": TAXII}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    box = Inbox(tmp_path / "inbox.sqlite")
    yield box
    box.close()


def remote(port: int, member: str = "lab-b", **more: Any) -> Remote:
    waits: list[float] = more.pop("waits", [])
    address = f"http://127.0.0.1:{port}/forum/collections/{SHARED}/"
    return Remote(address, Credentials(token=TOKENS[member][0]), wait=waits.append, **({"seconds": 5.0} | more))


def pulled(port: int, inbox: Inbox, **more: Any) -> Pulled:
    one = remote(port, **{name: more.pop(name) for name in ("seconds", "most_bytes", "tries", "waits") if name in more})
    try:
        return pull(one, inbox, accept=accept_all, **more)
    finally:
        one.close()


def page(*objects: Any, more: bool = False, **told: Any) -> bytes:
    return json.dumps({"objects": objects, "more": more, **told}).encode()


def test_a_pull_brings_every_version_once_and_the_next_only_what_is_new(tmp_path: Path, inbox: Inbox) -> None:
    hub = settings(tmp_path)
    with asking(hub) as ask:
        ask.push(*(indicator(number) for number in range(25)), indicator(3, "2026-11-04T00:00:00.000Z"))
    with running(hub) as port:
        assert pulled(port, inbox, limit=10) == Pulled(pages=3, new=26)
        assert pulled(port, inbox, limit=10) == Pulled(pages=1, known=1)
        own = remote(port, "lab-a")
        push(own, inbox, [indicator(40)])
        own.close()
        assert pulled(port, inbox, limit=10).new == 1
    newest = {one.stix["id"]: one.stix["modified"] for one in inbox.objects(batch=7)}
    assert len(newest) == 26
    assert newest[indicator(3)["id"]] == "2026-11-04T00:00:00.000Z"


def test_a_walk_that_was_broken_off_goes_on_where_it_was(tmp_path: Path, inbox: Inbox) -> None:
    hub = settings(tmp_path)
    with asking(hub) as ask:
        ask.push(*(indicator(number) for number in range(25)))
    with running(hub) as port:
        assert pulled(port, inbox, limit=10, most_objects=10) == Pulled(pages=1, new=10, complete=False)
        assert pulled(port, inbox, limit=10) == Pulled(pages=2, new=15)


def test_a_forgotten_mark_costs_only_what_was_not_reached(inbox: Inbox) -> None:
    asked: list[dict[str, list[str]]] = []

    def answer(method: str, path: str, body: bytes) -> Told:
        query = parse_qs(urlsplit(path).query)
        asked.append(query)
        if "next" in query:
            return 400, TYPED, b'{"title":"no"}'
        headers = TYPED | {"x-taxii-date-added-last": f"2026-11-0{len(asked)}T00:00:00.000000Z"}
        return 200, headers, page(indicator(len(asked)), more=len(asked) == 1, next="gone")

    with scripted(answer) as port:
        assert pulled(port, inbox).new == 2
    assert [one.get("added_after") for one in asked] == [None, None, ["2026-10-31T23:59:59.999999Z"]]


def test_objects_that_share_a_time_are_not_lost(inbox: Inbox) -> None:
    """A server with whole seconds adds a second object within the second that we saw."""
    held = [indicator(1)]

    def answer(method: str, path: str, body: bytes) -> Told:
        after = parse_qs(urlsplit(path).query).get("added_after", [""])[0]
        headers = TYPED | {"x-taxii-date-added-last": "2026-11-01T00:00:05Z"}
        return 200, headers, page(*held) if after < "2026-11-01T00:00:05.000000Z" else b"{}"

    with scripted(answer) as port:
        assert pulled(port, inbox).new == 1
        held.append(indicator(2))
        assert pulled(port, inbox).new == 1


def test_a_server_that_tells_one_version_in_two_ways_is_not_believed_twice(inbox: Inbox) -> None:
    names = iter(["first", "second"])
    with scripted(lambda *_: (200, TYPED, page(indicator(1, name=next(names))))) as port:
        assert pulled(port, inbox).new == 1
        assert pulled(port, inbox).refused == 1
    (held,) = inbox.objects()
    assert held.stix["name"] == "first"


def test_two_servers_that_differ_make_an_object_disputed(inbox: Inbox) -> None:
    for name in ("one", "two"):
        with scripted(lambda *_, name=name: (200, TYPED, page(indicator(1, name=name), indicator(2)))) as port:
            pulled(port, inbox)
    first, second = inbox.objects()
    assert (first.disputed, second.disputed, len(second.sources)) == (True, False, 2)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda *_: (200, TYPED, page(indicator(1), more=True, next="again")), "in circles"),
        (lambda *_: (200, TYPED, page(more=True, next="x")), "gives nothing"),
        (lambda *_: (200, TYPED, page(indicator(1), more=True)), "neither where"),
        (lambda *_: (200, TYPED, b"[]"), "not TAXII"),
        (lambda *_: (200, TYPED, b"[" * 100_000), "not TAXII"),
        (lambda *_: (200, TYPED, b'{"objects":{}}'), "not TAXII"),
        (lambda *_: (200, TYPED, b"\xff"), "not TAXII"),
        (lambda *_: (200, {"content-type": "text/html"}, b"<html>"), "text/html"),
        (lambda *_: (200, TYPED | {"x-taxii-date-added-last": "soon"}, page(indicator(1))), "x-taxii-date-added-last"),
        (lambda *_: (200, TYPED, b" " * 3_000_000), "larger than"),
        (lambda *_: (302, {"location": "http://evil.example/"}, b""), "evil.example"),
        (lambda *_: (307, {"location": "//169.254.169.254/latest/"}, b""), "169.254.169.254"),
        (lambda method, path, body: (308, {"location": path}, b""), "again and again"),
        (lambda *_: (403, TYPED, b'{"title":"x","description":"not\\u001b[31m you"}'), "403: not [31m you"),
        (lambda *_: (500, TYPED, b"[" * 9_999), "answered 500"),
        (lambda *_: None, "127.0.0.1"),
        (lambda *_: (200, TYPED | {"content-length": "-5"}, b"{}"), "longer than"),
    ],
)  # fmt: skip
def test_a_hostile_server_gets_an_error_and_nothing_else(
    answer: Callable[..., Told | None], told: str, inbox: Inbox
) -> None:
    with scripted(answer) as port, pytest.raises(RemoteError) as raised:
        pulled(port, inbox, most_bytes=2_000_000, tries=2, seconds=2.0)
    message = str(raised.value)
    assert told in message.replace("  ", " ")
    assert "\x1b" not in message
    assert TOKENS["lab-b"][0] not in message


def test_a_redirect_within_the_server_is_followed(inbox: Inbox) -> None:
    def answer(method: str, path: str, body: bytes) -> Told:
        if path.startswith("/moved"):
            return 200, TYPED, page(indicator(1))
        return 308, {"location": f"/moved{path}"}, b""

    with scripted(answer) as port:
        assert pulled(port, inbox).new == 1


def test_a_server_that_drips_is_cut_off(inbox: Inbox) -> None:
    headers = TYPED | {"content-length": "1000000"}
    with scripted(lambda *_: (200, headers, b"{")) as port, pytest.raises(RemoteError):
        pulled(port, inbox, tries=1, seconds=0.3)


def test_bad_objects_spoil_no_good_ones(inbox: Inbox) -> None:
    bad: list[Any] = [7, None, [], {"id": 1}, indicator(1) | {"modified": "x"}, {"id": "a" * 99_999}]
    body = page(*bad, indicator(2)).replace(
        b'{"objects": [', b'{"objects": [{"deep": ' + b"[" * 800 + b"]" * 800 + b"}, "
    )
    with scripted(lambda *_: (200, TYPED, body)) as port:
        assert pulled(port, inbox) == Pulled(pages=1, new=1, refused=7)


def test_trouble_is_waited_out_as_the_server_asks_and_longer_each_time(inbox: Inbox) -> None:
    answers = iter([(503, {"retry-after": "7"}, b""), (429, {}, b""), (502, {}, b""), (200, TYPED, page(indicator(1)))])
    waits: list[float] = []
    with scripted(lambda *_: next(answers)) as port:
        assert pulled(port, inbox, waits=waits).new == 1
    assert waits[0] == 7.0
    assert 1.0 <= waits[1] <= 2.0 < waits[2] + 0.01 <= 4.01


def test_the_rules_stand_at_the_receivers_door_too(inbox: Inbox) -> None:
    from tests.forum.taxii.test_pushing import no_names

    with scripted(lambda *_: (200, TYPED, page(indicator(1, name="x"), indicator(2)))) as port:
        one = remote(port)
        assert pull(one, inbox, accept=no_names).refused == 1
        one.close()
    assert [held.stix["id"] for held in inbox.objects()] == [indicator(2)["id"]]


def test_a_push_sends_only_what_was_not_acknowledged(tmp_path: Path, inbox: Inbox) -> None:
    with running(settings(tmp_path)) as port:
        one = remote(port, "lab-a")
        objects = [indicator(number) for number in range(12)]
        first = push(one, inbox, [*objects, {"id": "nonsense"}], batch=5)
        assert (first.sent, first.accepted, len(first.failed)) == (13, 12, 1)
        second = push(one, inbox, [*objects, indicator(1, "2026-11-05T00:00:00.000Z")], batch=5)
        assert (second.sent, second.skipped, second.accepted) == (1, 12, 1)
        third = push(one, inbox, objects)
        one.close()
    assert (third.sent, third.skipped) == (0, 12)


def test_a_push_waits_for_a_server_that_works_later(inbox: Inbox) -> None:
    done = {
        "id": "s",
        "status": "complete",
        "total_count": 1,
        "success_count": 1,
        "failure_count": 0,
        "pending_count": 0,
    }
    states: Iterator[Mapping[str, Any]] = iter([done | {"status": "pending"}, done | {"status": "pending"}, done])

    def answer(method: str, path: str, body: bytes) -> Told:
        if path == "/forum/":
            return 200, TYPED, b'{"max_content_length": 500}'
        return (202 if method == "POST" else 200), TYPED, json.dumps(next(states)).encode()

    with scripted(answer) as port:
        one = remote(port)
        waits: list[float] = []
        assert push(one, inbox, [indicator(1)], wait=waits.append).accepted == 1
        one.close()
    assert len(waits) == 2


@pytest.mark.parametrize(
    "address",
    [
        "http://hub.example/forum/collections/x/",
        "https://hub.example/",
        "ftp://hub.example/a/collections/x/",
        "https://u:p@hub.example/a/collections/x/",
    ],
)
def test_an_address_that_gives_something_away_or_means_nothing_is_refused(address: str) -> None:
    with pytest.raises(RemoteError):
        Remote(address)
