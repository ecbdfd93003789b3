"""A console that is asked for too much, for what is broken, or by half a request: it answers, and says no more than it should."""

from __future__ import annotations

import asyncio
import logging

import pytest
from starlette.requests import Request
from starlette.types import Message

from stillwatch.console import ROUTES, House, door
from stillwatch.console.roles import Role, may, route
from stillwatch.core import handle
from stillwatch.engine import Workspace
from stillwatch.pipeline import open_texts

from .browser import Browser
from .world import account_of

EXCHANGES = f"/accounts/{handle('account', account_of(0))}/exchanges"
MOST = 2


def test_pages_that_read_large_tables_are_few_at_once_and_the_others_go_on(house: House) -> None:
    mary, adam = Browser(house, "analyst"), Browser(house, "admin")
    heavy = [one for one in ROUTES if one.heavy]
    with house.heavy, house.heavy:
        for one in heavy:
            who = mary if may(Role.ANALYST, one.name) else adam
            answer = who.client.request(one.method, one.path, data={"csrf": who.token})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10"), one.name
        mary.see("/findings")
    for _ in range(MOST + 1):
        mary.send("/search/template", status=422)
    mary.see(EXCHANGES)
    assert {one.name for one in heavy} >= {
        "exchanges",
        "opened",
        "run_sql",
        "run_expand",
        "play",
        "look_with",
        "test_webhook",
    }


def test_nothing_heavy_happens_on_a_link(house: House) -> None:
    vic = Browser(house, "viewer")
    for way in ("/replay", "/inbox"):
        assert "csrf" in vic.see(f"{way}?play=yes&look=yes")
        assert vic.client.post(way).status_code == 403


def test_a_text_is_read_from_the_files_of_its_day_alone(house: House) -> None:
    store = house.workspace.store
    for name in ("features", "exchanges"):
        rows = store.read(name)
        store.put(name, rows.slice(0, 0))
        days = {"2026-09-15": rows.slice(0, 1), "2026-09-16": rows.slice(1, 1)}
        store.append(name, [store.write_part(name, one, made_from=day, day=day) for day, one in days.items()], {})
    for path in store.files("exchanges", days=["2026-09-16"]):
        path.write_bytes(b"another day's texts, which nobody asked for")
    (text,) = open_texts(Workspace(house.workspace.root), account_of(0), [1])
    assert text.prompt == "prompt plain words"


@pytest.mark.parametrize("where", ["the page", "the door"])
def test_what_nobody_foresaw_is_logged_with_its_place_and_without_its_words(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    mary = Browser(house, "analyst")

    def breaks(*_: object) -> None:
        raise ValueError("what a customer wrote")

    if where == "the page":
        monkeypatch.setitem(door.PAGES, "help", breaks)
    else:
        monkeypatch.setattr(house, "refresh", breaks)
    with caplog.at_level(logging.INFO):
        assert "the log says where" in mary.see("/help", status=500)
    assert "ValueError" in caplog.text
    assert f"{__file__}:" in caplog.text
    assert "customer" not in caplog.text


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "\x80"])
def test_a_malformed_origin_is_not_ours(house: House, origin: str) -> None:
    headers = [(b"origin", origin.encode("latin-1"))]
    assert Browser(house).client.post("/login", headers=headers).status_code == 403
    mary = Browser(house, "analyst")
    assert mary.client.post("/sql", data={"csrf": mary.token}, headers=headers).status_code == 403


def test_a_malformed_host_gets_an_answer(house: House) -> None:
    assert Browser(house).client.get("/findings", headers={"host": "[::1"}).status_code == 303


def test_a_form_that_breaks_off_is_no_form(house: House) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/login", "headers": []}
    answer = asyncio.run(door.answer(house, route("log_in_now"), Request(scope, gone)))
    assert answer.status_code == 400
