"""Logging in by a provider: who is let in, and that no token, code, state or sender but the right one opens anything."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from stillwatch.console import House
from stillwatch.core import SettingsError

from .browser import Browser, house_in

pytest.importorskip("joserfc", reason="pip install stillwatch[console]")

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from .id_provider import CLIENT, SECRET, IdProvider, serving

_SETTINGS = """\
[provider]
issuer = "{issuer}"
client_id = "{client}"
secret_file = "keys/provider.secret"
address = "http://localhost"
title = "Lab SSO"
name_claim = "preferred_username"
[provider.roles]
"desk-approvers" = "approver"
"desk-analysts" = "analyst"
"""


@pytest.fixture
def provider(house: House) -> Iterator[IdProvider]:
    with serving(lambda: house.clock().timestamp()) as one:
        yield one


@pytest.fixture
def desk(house: House, provider: IdProvider) -> House:
    """The house again, with the provider set."""
    root = house.workspace.root
    (root / "console.toml").write_text(_SETTINGS.format(issuer=provider.issuer, client=CLIENT))
    secret = root / "keys" / "provider.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return house_in(root, house.clock)  # type: ignore[arg-type]


def gone(browser: Browser, onward: str = "/findings") -> str:
    """Where somebody is sent who asks to log in by the provider."""
    answer = browser.client.get(f"/login/provider?next={onward}")
    assert answer.status_code == 303
    return answer.headers["location"]


def come(browser: Browser, provider: IdProvider) -> httpx.Response:
    """Somebody's whole visit to the provider, and what the console says to it."""
    return browser.client.get(local(provider.way_back(gone(browser))))


def local(address: str) -> str:
    told = urlsplit(address)
    return f"{told.path}?{told.query}"


def test_who_the_provider_vouches_for_is_let_in_with_the_role_of_its_claim(desk: House, provider: IdProvider) -> None:
    browser = Browser(desk)
    assert "Lab SSO" in browser.see("/login")
    answer = come(browser, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings")
    assert "mary.smith" in browser.see("/me")
    assert "Your organisation vouches for you" in browser.see("/me")
    person = desk.people.named("mary.smith")
    assert person is not None
    assert (person.role, person.subject) == ("analyst", f"{provider.issuer}\nu-1")
    added = desk.book().kinds["person.added"][-1]
    assert (added.record.body, added.private["by"]) == ({"role": "analyst", "provider": True}, "mary.smith")


def test_a_role_follows_the_claim_and_is_on_record_and_no_role_ends_the_sessions(
    desk: House, provider: IdProvider
) -> None:
    first = Browser(desk)
    come(first, provider)
    provider.claims |= {"roles": ["x", "desk-analysts", "desk-approvers"], "preferred_username": "renamed"}
    come(Browser(desk), provider)
    person = desk.people.named("mary.smith")
    assert person is not None
    assert person.role == "approver", "the first that is listed counts"
    assert desk.book().kinds["person.changed"][-1].record.body == {"role": "approver", "provider": True}
    assert first.client.get("/me").status_code == 303, "a changed role ends the sessions"
    again = Browser(desk)
    come(again, provider)
    provider.claims["roles"] = []
    assert come(Browser(desk), provider).status_code == 403
    assert again.client.get("/me").status_code == 303


def test_who_is_switched_off_here_or_whose_name_is_taken_is_not_let_in(desk: House, provider: IdProvider) -> None:
    come(Browser(desk), provider)
    admin = Browser(desk, "admin")
    admin.see("/people")
    admin.send("/people/mary.smith", what="off")
    assert come(Browser(desk), provider).status_code == 403
    for field in ({"what": "role", "role": "admin"}, {"what": "password", "password": "a new password"}):
        admin.send("/people/mary.smith", status=422, **field)
    provider.claims = {**provider.claims, "sub": "u-2", "preferred_username": "viewer"}
    answer = come(Browser(desk), provider)
    assert answer.status_code == 403
    assert "somebody else has it" in answer.text
    assert desk.people.known("mary.smith", "") is None, "there is no password to try"


def _claims(**values: Any) -> Callable[[IdProvider], None]:
    def set_(provider: IdProvider) -> None:
        provider.change = lambda claims: claims.update(
            {name: value(claims) if callable(value) else value for name, value in values.items()}
        )

    return set_


def _without(name: str) -> Callable[[IdProvider], None]:
    def set_(provider: IdProvider) -> None:
        provider.change = lambda claims: claims.pop(name)

    return set_


def _signed(how: Callable[[IdProvider, dict[str, Any]], str]) -> Callable[[IdProvider], None]:
    def set_(provider: IdProvider) -> None:
        provider.sign = lambda claims: how(provider, claims)

    return set_


def _alg_none(provider: IdProvider, claims: dict[str, Any]) -> str:
    head, body = (
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in ({"alg": "none"}, claims)
    )
    return f"{head}.{body}."


def _by_the_public_key(provider: IdProvider, claims: dict[str, Any]) -> str:
    """Algorithm confusion: the provider's public key taken for a shared secret."""
    pem = OctKey.import_key(json.dumps(provider.key.as_dict(private=False)))
    token: str = jwt.encode({"alg": "HS256", "kid": "first"}, claims, pem, algorithms=["HS256"])
    return token


def _own_key(provider: IdProvider, claims: dict[str, Any]) -> str:
    """A key that the token brings along."""
    own = ECKey.generate_key("P-256", {"kid": "first"})
    return provider.signed(claims, own, jwk=own.as_dict(private=False))


HOSTILE: dict[str, Callable[[IdProvider], None]] = {
    "for somebody else": _claims(aud="another"),
    "for several, given to another": _claims(aud=[CLIENT, "another"], azp="another"),
    "for several, given to nobody": _claims(aud=[CLIENT, "another"]),
    "of a foreign issuer": _claims(iss="https://evil.example"),
    "of an issuer with a slash more": _claims(iss=lambda claims: claims["iss"] + "/"),
    "expired": _claims(exp=lambda claims: claims["iat"] - 61, iat=lambda claims: claims["iat"] - 400),
    "of the future": _claims(iat=lambda claims: claims["iat"] + 90, exp=lambda claims: claims["iat"] + 400),
    "not yet": _claims(nbf=lambda claims: claims["iat"] + 90),
    "without an end": _without("exp"),
    "with an end that is a word": _claims(exp="tomorrow"),
    "of another log-in": _claims(nonce="another"),
    "without a nonce": _without("nonce"),
    "about nobody": _claims(sub=""),
    "about a number": _claims(sub=7),
    "unsigned": _signed(_alg_none),
    "signed with the public key as a secret": _signed(_by_the_public_key),
    "signed by a key that it brings along": _signed(_own_key),
    "cut in the middle": _signed(lambda provider, claims: provider.signed(claims)[:-8]),
    "no token": _signed(lambda provider, claims: "x.y"),
    "a list for a header": _signed(lambda provider, claims: "W10.W10.W10"),
    "with a critical header nobody knows": _signed(lambda provider, claims: provider.signed(claims, crit=["x"], x=1)),
}


def test_a_token_that_is_not_right_lets_nobody_in(desk: House, provider: IdProvider) -> None:
    for how, misbehave in HOSTILE.items():
        provider.change, provider.sign = lambda claims: None, provider.signed
        misbehave(provider)
        browser = Browser(desk)
        answer = come(browser, provider)
        assert answer.status_code == 403, how
        assert "set-cookie" not in answer.headers, how
        assert browser.client.get("/me").status_code == 303, how
        assert desk.people.named("mary.smith") is None, how
    provider.change, provider.sign = lambda claims: None, provider.signed
    assert come(Browser(desk), provider).status_code == 303, "and the right one does"


def test_a_clock_may_differ_by_what_is_set(desk: House, provider: IdProvider) -> None:
    _claims(exp=lambda claims: claims["iat"] - 30, iat=lambda claims: claims["iat"] - 40)(provider)
    assert come(Browser(desk), provider).status_code == 303
    _claims(iat=lambda claims: claims["iat"] + 30)(provider)
    assert come(Browser(desk), provider).status_code == 303


def test_an_answer_is_taken_once_in_the_browser_that_left_and_in_time(desk: House, provider: IdProvider) -> None:
    provider.once = False
    browser = Browser(desk)
    back = local(provider.way_back(gone(browser)))
    assert Browser(desk).client.get(back).status_code == 400, "another browser: log-in CSRF"
    assert browser.client.get(back).status_code == 400, "the state was used up"
    back = local(provider.way_back(gone(browser)))
    assert browser.client.get(back).status_code == 303
    browser.client.cookies.delete("stillwatch")
    assert browser.client.get(back).status_code == 400, "replayed, even where the provider takes its code twice"
    back = local(provider.way_back(gone(browser)))
    desk.clock.now += dt.timedelta(minutes=11)  # type: ignore[attr-defined]
    assert browser.client.get(back).status_code == 400, "too late"


def test_a_code_of_somebody_elses_log_in_is_worth_nothing(desk: House, provider: IdProvider) -> None:
    """Code injection: the verifier and the nonce are those of another browser."""
    eve, mary = Browser(desk), Browser(desk)
    stolen = dict(parse_qsl(urlsplit(provider.way_back(gone(mary))).query))
    own = dict(parse_qsl(urlsplit(provider.way_back(gone(eve))).query))
    answer = eve.client.get("/login/back", params={**own, "code": stolen["code"]})
    assert answer.status_code == 403
    assert eve.client.get("/me").status_code == 303


def test_an_answer_from_another_sender_than_was_asked_is_refused(desk: House, provider: IdProvider) -> None:
    """Mix-up (RFC 9207): the code is not even sent on."""
    browser = Browser(desk)
    for sender in ("https://evil.example", "", None):
        own = dict(parse_qsl(urlsplit(provider.way_back(gone(browser))).query))
        own = {name: value for name, value in {**own, "iss": sender}.items() if value is not None}
        assert browser.client.get("/login/back", params=own).status_code == 403
        assert own["code"] in provider.codes


def test_a_provider_that_says_no_or_nothing_lets_nobody_in(desk: House, provider: IdProvider) -> None:
    for change in ({"error": "access_denied"}, {"code": ""}):
        browser = Browser(desk)
        own = dict(parse_qsl(urlsplit(provider.way_back(gone(browser))).query))
        assert browser.client.get("/login/back", params={**own, **change}).status_code == 403
    answers: tuple[dict[str, Any], ...] = ({}, {"id_token": 7}, {"id_token": "x" * 600_000})
    for answer in answers:
        provider.answer = lambda _, answer=answer: answer  # type: ignore[misc]
        assert come(Browser(desk), provider).status_code == 403


def test_a_new_key_is_fetched_when_it_is_met_and_no_stranger_makes_it_fetched_often(
    desk: House, provider: IdProvider
) -> None:
    clock = desk.clock
    come(Browser(desk), provider)
    assert provider.came["/keys"] == 1
    provider.key = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
    assert come(Browser(desk), provider).status_code == 403, "fetched a moment ago"
    clock.now += dt.timedelta(seconds=61)  # type: ignore[attr-defined]
    assert come(Browser(desk), provider).status_code == 303
    assert provider.came["/keys"] == 2
    HOSTILE["signed by a key that it brings along"](provider)
    for _ in range(5):
        assert come(Browser(desk), provider).status_code == 403
    assert provider.came["/keys"] == 2
    clock.now += dt.timedelta(hours=1, seconds=5)  # type: ignore[attr-defined]
    provider.key = ECKey.generate_key("P-256", {"kid": "third", "use": "sig"})
    provider.sign = provider.signed
    assert come(Browser(desk), provider).status_code == 303, "old keys are fetched anew"


def test_metadata_of_another_issuer_or_that_leads_into_the_clear_is_not_believed(
    desk: House, provider: IdProvider
) -> None:
    for said in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ):
        provider.said = said
        desk.clock.now += dt.timedelta(hours=2)  # type: ignore[attr-defined]
        browser = Browser(desk)
        answer = browser.client.get("/login/provider")
        if answer.status_code == 303:
            answer = browser.client.get(local(provider.way_back(answer.headers["location"])))
        assert answer.status_code == 403, said


def test_logging_out_here_leads_on_to_the_providers_own_log_out(desk: House, provider: IdProvider) -> None:
    browser = Browser(desk)
    come(browser, provider)
    browser.see("/me")
    page = browser.send("/logout", status=200).text
    (way,) = {one.split('"')[0].replace("&amp;", "&") for one in page.split('href="')[1:] if "/logout" in one}
    asked = dict(parse_qsl(urlsplit(way).query))
    assert way.startswith(provider.issuer + "/logout?")
    assert asked["client_id"] == CLIENT
    assert asked["post_logout_redirect_uri"] == "http://localhost/login"
    assert asked["id_token_hint"].count(".") == 2
    assert browser.client.get("/me").status_code == 303
    local_one = Browser(desk, "viewer")
    assert local_one.send("/logout").headers["location"].startswith("/login")


def test_where_passwords_are_off_only_the_provider_lets_anybody_in(desk: House, provider: IdProvider) -> None:
    path = desk.workspace.root / "console.toml"
    path.write_text("passwords = false\n" + path.read_text())
    closed = house_in(desk.workspace.root, desk.clock)  # type: ignore[arg-type]
    browser = Browser(closed)
    assert 'type="password"' not in browser.see("/login")
    answer = browser.client.post("/login", data={"name": "viewer", "password": "correct horse battery"})
    assert answer.status_code == 404
    assert come(browser, provider).status_code == 303


def test_without_a_provider_its_ways_lead_nowhere(house: House) -> None:
    assert "provider" not in Browser(house).see("/login")
    for way in ("/login/provider", "/login/back?code=x&state=y"):
        assert Browser(house).client.get(way).status_code == 404


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("passwords = false", "no provider"),
        ("databse = 'x'", "unknown"),
        ("database = 'postgresql://me:secret@db/x'", "password"),
        ('[provider]\nissuer="http://id.example"\nclient_id="x"\naddress="https://a"\nroles={a="viewer"}', "issuer"),
        ('[provider]\nissuer="https://i"\nclient_id="x"\naddress="https://a/"\nroles={a="king"}', "roles"),
        ("[provider", "TOML"),
    ],
)
def test_settings_that_are_wrong_are_told(tmp_path: Path, text: str, told: str) -> None:
    from stillwatch.console.settings import read_console

    (tmp_path / "console.toml").write_text(text)
    with pytest.raises(SettingsError, match=told):
        read_console(tmp_path)


def test_a_secret_that_others_may_read_is_refused(desk: House) -> None:
    (desk.workspace.root / "keys" / "provider.secret").chmod(0o644)
    with pytest.raises(SettingsError, match="others may read it"):
        house_in(desk.workspace.root)
