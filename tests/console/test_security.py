"""The console against people who may not, forms from elsewhere, planted sessions, guessed passwords and hostile text."""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import pytest
from tests.cases.exhibits import AUDITOR, file

from stillwatch.cases import journal_faults, propose, sealed_files
from stillwatch.console import ROUTES, House, Role, Route
from stillwatch.core import handle
from stillwatch.pipeline import deliveries

from .baseline import baseline_faults, given, role_faults
from .browser import PASSWORD, Browser
from .hostile import HOSTILE, faults_of
from .world import account_of, actor_of, indicators_in

ACTOR, ACCOUNT = handle("actor", actor_of(0)), handle("account", account_of(0))
SINGLE = handle("account", account_of(4))
ASKED = quote(HOSTILE)


def _case(house: House, about: str = ACTOR) -> str:
    """A case about the first actor or somebody else, sealed once."""
    mary = Browser(house, "analyst")
    path = mary.sent_on_to("/cases", handle=about)
    mary.send(f"{path}/seal", note="for counsel")
    return path.removeprefix("/cases/")


def _path(route: Route, case: str) -> str:
    told = given(case, "auto.css" if route.name == "asset" else "none.tar")
    if route.name == "actor":
        told["handle"] = ACTOR
    return re.sub(r"{(\w+)}", lambda m: told[m[1]], route.path)


def test_every_route_lets_in_the_roles_of_the_table_and_nobody_else(house: House) -> None:
    tried, faults = role_faults(house, given(_case(house)))
    assert faults == []
    assert tried > 300


def test_a_scanner_finds_nothing_to_say(house: House) -> None:
    looked, faults = baseline_faults(house, given(_case(house), "auto.css"))
    assert faults == []
    assert looked > 300


@pytest.mark.parametrize("bad", ["9" * 40, "\x00\ud7ff\u202e'\"<", "x" * 4500])
def test_no_form_and_no_path_breaks_a_page_whatever_is_written_in_it(house: House, bad: str) -> None:
    case = _case(house)
    joe, admin = Browser(house, "approver"), Browser(house, "admin")
    pages = (path.read_text(encoding="utf-8") for path in files("stillwatch.console").joinpath("templates").iterdir())
    fields = {name for page in pages for name in re.findall(r'name="([\w-]+)"', page)} - {"csrf"}
    assert {"handle", "verdict", "days", "query", "seed", "exchange", "what"} <= fields
    for route in (one for one in ROUTES if one.method == "POST" and one.name != "log_out"):
        browser = admin if Role.APPROVER not in (route.roles or Role) else joe
        form = {"csrf": browser.token, **dict.fromkeys(fields, bad)}
        assert browser.client.post(_path(route, case), data=form).status_code < 500, route.name
    for route in (one for one in ROUTES if "{" in one.path):
        way = re.sub(r"{\w+}", quote(bad[:300]), route.path)
        assert joe.client.request(route.method, way, data={"csrf": joe.token}).status_code < 500, route.name


def test_a_stranger_is_sent_to_log_in_from_every_page_and_changes_nothing(house: House) -> None:
    case = _case(house)
    before = house.desk.journal.head()
    stranger = Browser(house)
    for route in (one for one in ROUTES if one.roles is not None):
        way = _path(route, case)
        answer = stranger.client.get(way) if route.method == "GET" else stranger.client.post(way)
        assert answer.status_code == 303, route.name
        assert answer.headers["location"].startswith("/login"), route.name
    assert house.desk.journal.head() == before


def test_a_form_without_the_sessions_token_or_from_elsewhere_does_nothing(house: House) -> None:
    mary, joe = Browser(house, "analyst"), Browser(house, "approver")
    fields = {"handle": ACTOR}
    for token in ("", "x", joe.token):
        assert mary.client.post("/cases", data={"csrf": token, **fields}).status_code == 403
    for header in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        sent = mary.client.post("/cases", data={"csrf": mary.token, **fields}, headers=header)
        assert sent.status_code == 403, header
    assert not house.book().cases
    assert (
        mary.client.post("/cases", data={"csrf": mary.token, **fields}, headers={"origin": "http://localhost"})
        .headers["location"]
        .startswith("/cases/")
    )


def test_logging_in_from_another_site_is_refused(house: House) -> None:
    form = {"name": "viewer", "password": PASSWORD}
    answer = Browser(house).client.post("/login", data=form, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_session_planted_before_log_in_is_worth_nothing_after_it(house: House) -> None:
    eve = Browser(house, "viewer")
    planted = eve.client.cookies["stillwatch"]
    victim = Browser(house)
    form = {"name": "analyst", "password": PASSWORD, "csrf": eve.token}
    answer = victim.client.post("/login", data=form, headers={"cookie": f"stillwatch={planted}"})
    assert answer.status_code == 303
    assert planted not in answer.headers["set-cookie"]
    assert eve.client.get("/me").status_code == 303, "the planted session ended"
    made_up = Browser(house)
    made_up.client.cookies.set("stillwatch", "a" * 43)
    assert made_up.client.get("/me").status_code == 303


def test_a_session_ends_when_idle_at_its_age_at_log_out_and_when_its_person_is_switched_off(house: House) -> None:
    clock = house.clock
    mary = Browser(house, "analyst")
    clock.now += dt.timedelta(minutes=31)  # type: ignore[attr-defined]
    assert mary.client.get("/me").status_code == 303
    mary = Browser(house, "analyst")
    for _ in range(24):
        clock.now += dt.timedelta(minutes=25)  # type: ignore[attr-defined]
        last = mary.client.get("/me").status_code
    assert last == 303, "busy, but older than ten hours"
    mary = Browser(house, "analyst")
    cookie = mary.client.cookies["stillwatch"]
    mary.send("/logout")
    mary.client.cookies.set("stillwatch", cookie)
    assert mary.client.get("/me").status_code == 303
    mary, admin = Browser(house, "analyst"), Browser(house, "admin")
    admin.send("/people/analyst", what="off")
    assert mary.client.get("/me").status_code == 303
    assert Browser(house).client.post("/login", data={"name": "analyst", "password": PASSWORD}).status_code == 401


def test_cookies_are_kept_from_scripts_and_stored_as_hashes_only(house: House) -> None:
    answer = Browser(house).client.post("/login", data={"name": "viewer", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    files = sorted((house.workspace.root / "desk").glob("console.sqlite*"))
    stored = b"".join(path.read_bytes() for path in files)
    assert cookie.split("=")[1].split(";")[0].encode() not in stored
    assert PASSWORD.encode() not in stored
    assert [path.stat().st_mode & 0o077 for path in files] == [0] * len(files)


def test_guessing_a_password_is_slowed_down_and_told_as_a_wrong_one(house: House) -> None:
    guesser = Browser(house)
    said = {guesser.send("/login", status=401, name="viewer", password=f"wrong {i}").text for i in range(9)}
    right = guesser.send("/login", status=401, name="viewer", password=PASSWORD).text
    assert {right} == said, "whoever guesses cannot tell a closed name from a wrong password"
    assert guesser.send("/login", status=401, name="nobody", password="x").text == right
    house.clock.now += dt.timedelta(minutes=16)  # type: ignore[attr-defined]
    guesser.send("/login", name="viewer", password=PASSWORD)


@pytest.mark.parametrize(
    "way", ["//evil.example", "https://evil.example/x", "/\\evil.example", "javascript:alert(1)", "/%0d%0aX: y/../"]
)
def test_no_address_leads_out_of_the_console(house: House, way: str) -> None:
    answer = Browser(house).client.post("/login", data={"name": "viewer", "password": PASSWORD, "next": way})
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))
    mary = Browser(house, "analyst")
    back = mary.send("/labels", handle=ACTOR, verdict="unsure", why="looked", back=way).headers["location"]
    assert back.startswith("/")
    assert "evil" not in back


def test_a_request_for_another_host_or_with_too_much_is_refused(house: House) -> None:
    client = Browser(house, "viewer").client
    assert client.get("/me", headers={"host": "evil.example"}).status_code == 421
    assert client.post("/login", content=b"a" * 300_000).status_code == 413
    assert client.post("/login", content=b"\xff\xfe=1").status_code == 400
    assert client.post("/login", data={f"f{i}": "x" for i in range(500)}).status_code == 400
    assert client.post("/login", files={"name": b"x"}).status_code == 400


def test_every_answer_forbids_what_a_hole_would_need(house: House) -> None:
    client = Browser(house, "viewer").client
    for way in ("/", "/login", "/nothing", "/static/auto.css", "/cases/none", "/people"):
        headers = client.get(way).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert way.startswith("/static") or headers["cache-control"] == "no-store"


def _unheard(*_: object, **__: object) -> Any:
    raise ConnectionRefusedError


def test_hostile_text_is_dead_on_every_page_there_is(hostile_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "post", _unheard)
    mary, joe, admin = (Browser(hostile_house, name) for name in ("analyst", "approver", "admin"))
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/statements", part="observed", confidence="low", sentence=HOSTILE, ground=HOSTILE)
    mary.send(f"{case}/claims", claim="contract", note=HOSTILE)
    mary.send("/labels", handle=ACTOR, verdict="true", why=HOSTILE, back="/")
    mary.send("/pauses", handle=SINGLE, days="3", why=HOSTILE, back="/")
    mary.send("/sample", n="3")
    mary.send(
        "/purposes",
        purpose="research",
        handles=ACCOUNT,
        declarer=HOSTILE,
        since="2026-11-01",
        until="2026-12-01",
        why=HOSTILE,
    )
    number = case.removeprefix("/cases/")
    folder = hostile_house.workspace.root / "keys" / "auditors"
    folder.mkdir()
    (folder / "ann.pub.pem").write_bytes(AUDITOR.public.pem())
    plain = "".join(letter for letter in HOSTILE if letter.isprintable())
    mary.send(f"{case}/exhibits", exhibit=file(ACCOUNT, text=plain).decode(), note=HOSTILE)
    some = hostile_house.book().cases[number].members[:1]
    propose(hostile_house.desk, number, step="split", about=ACTOR, by="stillwatch", why=HOSTILE, members=some)
    hook = {"name": "soc", "url": "https://93.184.216.34/" + quote(HOSTILE), "kind": "finding.actor", "note": HOSTILE}
    admin.send("/webhooks", status=200, form="flat", **hook)
    named: dict[str, Any] = {"organisation": HOSTILE, "confidence": "low"}
    mary.send(f"{case}/decide", ruling="attribute", reason="concealed_operator", note=HOSTILE, **named)
    mary.send(f"{case}/seal", note=HOSTILE)
    (sealed,) = re.findall(r'href="(/cases/[^"]+\.tar)"', mary.see(case))
    mary.send(f"{case}/exports", name=sealed.rsplit("/", 1)[1], recipient=HOSTILE, note=HOSTILE)
    opened = mary.sent_on_to(f"/accounts/{ACCOUNT}/exchanges", exchange=handle("exchange", 1), why=HOSTILE)
    mary.send(f"{case}/bystanders", note=HOSTILE)
    mary.send(f"{case}/bystanders/1/told", whom=HOSTILE, why=HOSTILE)
    values = [mary.send(f"{case}/bystanders/1", status=200, why=HOSTILE).text]
    assert "&lt;script&gt;alert(5)" in values[0], "the value itself is shown, escaped"
    indicators_in(hostile_house, value=HOSTILE, sender=HOSTILE)
    hostile_house.publish()
    (hostile_house.workspace.root / "policy.toml").write_text(f"form = 1\n[[rules]]\nid = {json.dumps(HOSTILE)}\n")
    shown = {
        "log_in": [Browser(hostile_house).see(f"/login?next={ASKED}")],
        "people": [admin.see("/people")],
        "webhooks": [admin.see("/webhooks"), admin.send("/webhooks/soc/test", status=200).text],
        "journal": [joe.see("/journal"), joe.see(f"/journal?by={ASKED}&kind={ASKED}")],
    }
    ways = {
        "go_to_provider": [f"/login/provider?next={ASKED}"],
        "come_back": [f"/login/back?state={ASKED}&code={ASKED}&iss={ASKED}"],
        "me": ["/me"],
        "help": ["/help"],
        "home": ["/"],
        "findings": ["/findings?decision=any", f"/findings?q={ASKED}&state={ASKED}"],
        "actor": [f"/actors/{ACTOR}", f"/actors/{ACTOR}?thing=payment:77"],
        "account": [f"/accounts/{ACCOUNT}", f"/accounts/{SINGLE}"],
        "exchanges": [f"/accounts/{ACCOUNT}/exchanges"],
        "opened": [opened],
        "said": ["/said"],
        "purposes": ["/purposes", f"/purposes?for={ASKED}"],
        "sample": ["/sample"],
        "cases": ["/cases"],
        "case": [case],
        "sealed": [sealed],
        "bystanders": [f"{case}/bystanders"],
        "bystander": [f"{case}/bystanders/1"],
        "calibration": ["/calibration"],
        "search": [f"/search?q={ASKED}", "/search?q=worked"],
        "sql": ["/sql"],
        "expand": [f"/expand?seed={ASKED}"],
        "replay": ["/replay"],
        "inbox": ["/inbox"],
    }
    shown |= {
        name: [mary.see(way, 404 if way.startswith("/login/") else 200) for way in several]
        for name, several in ways.items()
    }
    queries = (f"select '{ACCOUNT}<script>alert(1)</script>' as \"<img src=x onerror=1>\"", "select <script>")
    shown |= {
        "open_bystander": values,
        "run_sql": [mary.send("/sql", status=200, query=query).text for query in queries],
        "find_template": [mary.send("/search/template", status=200, prompt=HOSTILE * 20).text],
        "run_expand": [
            mary.send("/expand", status=200, seed=ACCOUNT).text,
            mary.send("/expand", status=422, seed=HOSTILE, why=HOSTILE).text,
        ],
        "play": [mary.send("/replay", status=200).text],
        "look_with": [mary.send("/inbox", status=200).text],
    }
    asked = {one.name for one in ROUTES if one.method == "GET"} - {"health", "asset"}
    assert asked - set(shown) == set(), "a page that nobody looked at with hostile text in it"
    for name, page in ((name, page) for name, pages in shown.items() for page in pages):
        assert faults_of(page) == [], name
        assert "\x1b" not in page, name
        assert "\u202e" not in page, name
    dead = {name for name, pages in shown.items() if any("&lt;script&gt;" in page for page in pages)}
    told = {
        "findings",
        "actor",
        "account",
        "opened",
        "said",
        "purposes",
        "case",
        "bystander",
        "open_bystander",
        "search",
        "expand",
        "journal",
        "inbox",
        "look_with",
    }
    assert dead >= {*told, "run_sql"}, "the text was there, escaped"


def test_what_it_takes_to_find_a_fault_is_found() -> None:
    for bad in (
        "<script>1</script>",
        "<p onclick=x>",
        "<a href='javascript:x'>",
        "<a href='//evil'>",
        "<img src='http://x'>",
    ):
        assert faults_of(bad), bad


def test_texts_are_read_with_a_reason_by_who_opened_them_for_a_while(house: House) -> None:
    mary, joe = Browser(house, "analyst"), Browser(house, "approver")
    page = mary.see(f"/accounts/{ACCOUNT}/exchanges")
    assert "prompt plain words" not in page, "no text before a reason"
    ways = {"exchange": [handle("exchange", 1), handle("exchange", 2)]}
    mary.send(f"/accounts/{ACCOUNT}/exchanges", status=422, why="", **ways)
    mary.send(
        f"/accounts/{ACCOUNT}/exchanges",
        status=422,
        why="to see whether",
        exchange=[handle("exchange", i) for i in range(1, 13)],
    )
    opened = mary.sent_on_to(f"/accounts/{ACCOUNT}/exchanges", why="to see whether it is a harness", **ways)
    assert "prompt plain words" in mary.see(opened)
    joe.see(opened, status=404)
    Browser(house, "analyst").see(opened, status=404)
    last = house.book().history[-1]
    assert last.record.kind == "prompt.opened"
    assert last.private["note"] == "to see whether it is a harness"
    assert last.record.body["exchanges"] == ways["exchange"]
    house.clock.now += dt.timedelta(minutes=16)  # type: ignore[attr-defined]
    mary.see(opened, status=404)


def test_a_reason_opens_no_text_of_another_account(house: House) -> None:
    mary = Browser(house, "analyst")
    opened = mary.sent_on_to(f"/accounts/{SINGLE}/exchanges", why="a good long reason", exchange=handle("exchange", 1))
    assert "prompt plain words" not in mary.see(opened, status=422)


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fkeys%2Fcollector.pem", "%2e%2e%2fkeys", "collector.pem", "..\\keys", "none.tar"]
)
def test_no_path_leads_to_a_file_that_is_not_a_sealed_one_of_the_case(house: House, name: str) -> None:
    case = _case(house)
    mary = Browser(house, "analyst")
    answer = mary.client.get(f"/cases/{case}/files/{name}")
    assert answer.status_code in (404, 400)
    assert "PRIVATE" not in answer.text
    mary.send(f"/cases/{case}/exports", status=422, name="../../keys/collector.pem", recipient="x", note="y")
    assert mary.client.get(f"/static/{name}").status_code == 404


def test_a_sealed_file_is_reached_through_its_own_case_alone(house: House) -> None:
    mary = Browser(house, "analyst")
    case, other = _case(house), _case(house, SINGLE)
    (name,) = sealed_files(house.desk, other)
    mary.see(f"/cases/{other}/files/{name}")
    assert mary.client.get(f"/cases/{case}/files/{name}").status_code == 404
    mary.send(f"/cases/{case}/exports", status=422, name=name, recipient="counsel", note="proceeding")
    mary.send(f"/cases/{other}/exports", name=name, recipient="counsel", note="proceeding")
    (seq,) = [told.record.seq for told in house.book().history if told.record.kind == "case.export_asked"]
    Browser(house, "approver").send(f"/cases/{case}/exports/{seq}", status=422, note="of the other case")


def test_a_file_leaves_by_two_hands(house: House) -> None:
    case = _case(house)
    joe = Browser(house, "approver")
    (name,) = re.findall(rf"({case}-\w+\.tar)\"", joe.see(f"/cases/{case}"))
    joe.send(f"/cases/{case}/exports", name=name, recipient="counsel", note="proceeding")
    (seq,) = [told.record.seq for told in house.book().history if told.record.kind == "case.export_asked"]
    assert "two hands" in joe.send(f"/cases/{case}/exports/{seq}", status=422, note="me again").text
    Browser(house, "analyst").send(f"/cases/{case}/exports/{seq}", status=403, note="not mine")
    house.people.add("second", Role.APPROVER, PASSWORD, at="2026-11-01", given=False)
    ann = Browser(house, "second")
    left = ann.send(f"/cases/{case}/exports/{seq}", status=200, note="checked the recipient")
    assert left.content == (house.desk.sealed / name).read_bytes()
    assert left.headers["content-disposition"].startswith("attachment")
    ann.send(f"/cases/{case}/exports/{seq}", status=422, note="twice")
    assert journal_faults(house.desk.journal.folder, house.desk.signer.public) == []


def test_nobody_raises_their_own_role(house: House) -> None:
    admin = Browser(house, "admin")
    admin.send("/people/admin", status=422, what="role", role="approver")
    admin.send("/people", status=422, name="x y", role="viewer", password=PASSWORD)
    admin.send("/people", status=422, name="short", role="viewer", password="short")
    admin.send("/people", name="new", role="viewer", password=PASSWORD)
    assert house.people.known("new", PASSWORD) is not None
    kinds = [told.record.kind for told in house.book().history]
    assert kinds == ["person.added"]


def test_the_journal_page_says_where_it_was_changed(house: House) -> None:
    _case(house)
    auditor = Browser(house, "auditor")
    assert "the chain is whole" in auditor.see("/journal")
    path = house.desk.journal.folder / "journal.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    answer = auditor.client.get("/journal")
    assert "journal.jsonl:" in answer.text
    assert "chain is whole" not in answer.text
    approver = Browser(house, "approver")
    assert approver.client.get("/").status_code == 409
    assert "journal.jsonl:" in approver.see("/journal")
