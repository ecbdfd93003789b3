"""What the console stores: in a file or in a real PostgreSQL it answers alike, and tables of an earlier version are brought up to date."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.postgres import postgres

from stillwatch.console import PersonRefused, Role
from stillwatch.console.going import Going
from stillwatch.console.people import People
from stillwatch.console.register import Register, RegisterOutOfReach
from stillwatch.console.sessions import Sessions, Throttle
from stillwatch.engine import connector

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres(40_000 + os.getpid() % 20_000) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "console.sqlite") if request.param == "sqlite" else request.getfixturevalue("server")


class Watch:
    """Seconds that a test moves."""

    now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def test_people_sessions_tries_and_visits_are_kept_alike_wherever_they_are_kept(database: str) -> None:
    watch, register = Watch(), Register(database)
    people, sessions = People(register, QUICK), Sessions(register, watch)
    people.add("mary", Role.ANALYST, PASSWORD, at="2026-11-01", given=False)
    with pytest.raises(PersonRefused, match="taken"):
        people.add("mary", Role.VIEWER, PASSWORD, at="2026-11-01")
    assert people.known("mary", PASSWORD) == people.named("mary")
    assert people.known("mary", "another") is None
    joe = people.vouch("https://id\n1", "joe@lab.example", Role.VIEWER, at="2026-11-01")
    assert people.vouched("https://id\n1") == joe
    assert people.known(joe.name, "") is None
    token = sessions.begin("mary", "hint")
    found = sessions.find(token)
    assert found is not None
    assert (found.person, found.hint) == ("mary", "hint")
    assert sessions.find("another") is None
    with pytest.raises(OSError, match="full"):
        people.change_role("mary", Role.ADMIN, recorded=_fails)
    assert people.named("mary").role is Role.ANALYST, "what cannot be recorded does not happen"  # type: ignore[union-attr]
    assert sessions.find(token) is not None
    people.change_role("mary", Role.APPROVER)
    assert sessions.find(token) is None
    throttle = Throttle(register, watch)
    with ThreadPoolExecutor(8) as threads:
        let = list(threads.map(lambda _: throttle.try_("mary", "198.51.100.7"), range(14)))
    assert sum(let) == Throttle.BY_NAME, "tries that come at once are counted one by one"
    throttle.succeeded("mary", "198.51.100.7")
    assert throttle.try_("mary", "198.51.100.7")
    going = Going(register, watch)
    leaving = going.leave("/cases")
    assert going.back(leaving.state, "another browser") is None
    assert going.back(leaving.state, leaving.browser) is None
    leaving = going.leave("/cases")
    assert going.back(leaving.state, leaving.browser).onward == "/cases"  # type: ignore[union-attr]
    assert [one.name for one in People(Register(database), QUICK).everybody()] == ["joe@lab.example", "mary"]


def test_several_consoles_that_open_it_at_once_make_its_tables_once(server: str) -> None:
    connection = connector(server)()
    connection.do("drop table if exists person, session, attempt, away, register_version")
    with ThreadPoolExecutor(6) as threads:
        registers = list(threads.map(Register, [server] * 6))
    assert connection.rows("select version from register_version order by version") == [(1,), (2,), (3,)]
    connection.close()
    assert People(registers[3], QUICK).everybody() == []


def test_a_server_that_went_away_and_came_back_is_connected_to_anew(server: str) -> None:
    register = Register(server)
    other = connector(server)()
    other.do("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
    other.close()
    assert People(register, QUICK).named("nobody") is None


def test_tables_of_the_first_version_are_brought_up_to_date_with_everything_in_them(tmp_path: Path) -> None:
    path = tmp_path / "console.sqlite"
    old = sqlite3.connect(path)
    old.executescript(
        "create table person (name text primary key, role text not null, hash text not null, active integer not null,"
        " made text not null) without rowid; create table session (token blob primary key, person text not null,"
        " csrf text not null, made real not null, seen real not null) without rowid;"
        "create table attempt (who text not null, at real not null); create index attempt_who on attempt (who, at);"
    )
    old.execute("insert into person values ('mary', 'analyst', ?, 1, '2026-01-01')", (QUICK.hash(PASSWORD),))
    old.commit()
    old.close()
    for _ in range(2):
        mary = People(Register(path), QUICK).known("mary", PASSWORD)
        assert mary is not None
        assert (mary.role, mary.given, mary.subject) == (Role.ANALYST, False, None)


def test_a_database_of_a_newer_version_or_out_of_reach_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "console.sqlite"
    register = Register(path)
    with register.writing() as database:
        database.do("insert into register_version values (99)")
    with pytest.raises(RegisterOutOfReach, match="newer"):
        Register(path)
    pytest.importorskip("pg8000")
    with pytest.raises(RegisterOutOfReach, match="cannot be opened") as told:
        Register("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(told.value)


def _fails() -> None:
    raise OSError("full")
