"""Who comes in: guesses that are counted, visitors behind a proxy, and passwords that somebody else chose."""

from __future__ import annotations

import datetime as dt
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import ASGIApp

from stillwatch.cases import Entry
from stillwatch.console import ROUTES, House, Role, app
from stillwatch.console.people import People
from stillwatch.console.register import Register
from stillwatch.console.sessions import Throttle
from stillwatch.core import CaseError

from .browser import PASSWORD, Browser

WRONG = {"name": "viewer", "password": "none of theirs"}
RIGHT = {"name": "viewer", "password": PASSWORD}
VISITOR, ANOTHER = {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "198.51.100.2"}


def test_tries_that_come_at_once_are_counted_one_by_one(house: House) -> None:
    with ThreadPoolExecutor(16) as threads:
        let = list(threads.map(lambda _: house.throttle.try_("viewer", "198.51.100.7"), range(24)))
    assert sum(let) == Throttle.BY_NAME


def test_an_address_that_tries_too_often_waits_a_quarter_of_an_hour_and_no_longer(house: House) -> None:
    clock, tries = house.clock, house.throttle.try_
    assert all(tries(f"name{i}", "198.51.100.7") for i in range(Throttle.BY_ADDRESS))
    assert tries("another", "198.51.100.8")
    clock.now += dt.timedelta(minutes=14)  # type: ignore[attr-defined]
    assert not any(tries("another", "198.51.100.7") for _ in range(50))
    clock.now += dt.timedelta(minutes=2)  # type: ignore[attr-defined]
    assert tries("another", "198.51.100.7"), "a try that was refused prolonged nothing"


def test_who_gets_in_uses_up_no_tries(house: House) -> None:
    for _ in range(Throttle.BY_ADDRESS + 5):
        assert house.throttle.try_("viewer", "198.51.100.7")
        house.throttle.succeeded("viewer", "198.51.100.7")


@pytest.mark.parametrize("named", [True, False])
def test_visitors_are_told_apart_by_a_proxy_that_was_named_and_by_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    client = Browser(house, app=served(house, monkeypatch, ["203.0.113.9"] if named else [])).client
    monkeypatch.setattr(Throttle, "BY_ADDRESS", 2)
    for _ in range(2):
        assert client.post("/login", data=WRONG, headers=VISITOR).status_code == 401
    assert client.post("/login", data=RIGHT, headers=VISITOR).status_code == 401
    assert client.post("/login", data=RIGHT, headers=ANOTHER).status_code == (303 if named else 401)


def served(house: House, monkeypatch: pytest.MonkeyPatch, proxies: list[str]) -> ASGIApp:
    """The application as the server loads it."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: given.update(options, app=app))
    app.serve(house, bound="127.0.0.1", port=8700, proxies=proxies)
    config = uvicorn.Config(given.pop("app"), **given)
    config.load()
    return cast(ASGIApp, config.loaded_app)


def test_a_change_of_people_that_cannot_be_recorded_does_not_happen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, mary = Browser(house, "admin"), Browser(house, "analyst")
    before = rows_of(house)

    def refuses(entry: Entry) -> None:
        raise CaseError("no record can be made")

    monkeypatch.setattr(house.desk.journal, "append", refuses)
    admin.send("/people", status=422, name="new", role="approver", password=PASSWORD)
    for change in ({"what": "role", "role": "approver"}, {"what": "password", "password": "x" * 12}, {"what": "off"}):
        admin.send("/people/analyst", status=422, **change)
    assert rows_of(house) == before
    mary.see("/findings")


def rows_of(house: House) -> list[tuple[object, ...]]:
    """Everybody, as kept."""
    with sqlite3.connect(house.workspace.root / "desk" / "console.sqlite") as database:
        return database.execute("select * from person order by name").fetchall()


def test_a_password_that_somebody_else_chose_opens_nothing_until_it_is_changed(house: House) -> None:
    admin = Browser(house, "admin")
    admin.send("/people", name="new", role="approver", password=PASSWORD)
    new = Browser(house, "new")
    assert "Choose your own" in new.see("/me")
    for route in (one for one in ROUTES if Role.APPROVER in (one.roles or ()) and not one.first):
        answer = new.client.request(route.method, route.path, data={"csrf": new.token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me"), route.name
    new.send("/me/password", status=422, old=PASSWORD, new=PASSWORD)
    new.see("/findings", status=303)
    new.send("/me/password", old=PASSWORD, new="words of my own")
    again = Browser(house)
    again.send("/login", name="new", password="words of my own")
    again.see("/findings")
    admin.send("/people/new", what="password", password=PASSWORD)
    Browser(house, "new").see("/findings", status=303)


def test_people_of_an_older_register_may_still_log_in(tmp_path: Path) -> None:
    path = tmp_path / "console.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("create table person (name text primary key, role text, hash text, active integer, made text)")
        database.execute("insert into person values ('mary', 'analyst', '', 1, '2026-10-01')")
    (mary,) = People(Register(path)).everybody()
    assert (mary.name, mary.given) == ("mary", False)
