"""Whose account is ruled on is the one whose key is used: no decoy, no second key, no claimed organisation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.gateway.adapters.hosts import Hosts, Named
from stillwatch.gateway.capture import Capture
from stillwatch.gateway.who import Ambiguous, Identities, stand_in
from stillwatch.policy import Dialect

from .serving import KEY, played, says, scene

NAMES = Pseudonymiser(KEY)
MINE, THEIRS = b"Bearer sk-mine-0123456789", b"sk-theirs-0123456789"


def account(key: str) -> int:
    return NAMES.name("account", stand_in(key))


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"x-api-key", THEIRS), (b"authorization", MINE)], b""),
        ([(b"authorization", MINE), (b"authorization", MINE)], b""),
        ([(b"x-goog-api-key", THEIRS)], b"key=sk-mine"),
        ([(b"x-goog-api-key", THEIRS)], b"alt=sse&k%65y=sk-mine"),
        ([], b"key=a&key=b"),
    ],
)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_two_keys_are_one_too_many(headers: Any, query: bytes, dialect: Dialect) -> None:
    with pytest.raises(Ambiguous):
        Identities(NAMES).of(headers, query, dialect)


def test_a_key_in_the_query_is_read_as_an_upstream_reads_it() -> None:
    who, _ = Identities(NAMES).of([], b"alt=sse&k%65y=sk%2D1", Dialect.GEMINI)
    assert who.account == account("sk-1")


@pytest.mark.parametrize(
    ("path", "goes_on"),
    [("/v1/chat/completions", "authorization"), ("/v1/messages", "x-api-key")],
)
def test_a_key_shown_twice_goes_on_once_where_the_dialect_looks_for_it(path: str, goes_on: str) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            assert (await at.post(path, {}, authorization="Bearer sk-1", x_api_key="sk-1"))[0] == 200
            heard = at.model.heard[0].headers
            assert [name for name in ("authorization", "x-api-key") if name in heard] == [goes_on]
            assert at.rules.asked[0].account == account("sk-1")
            status, _, said = await at.post(path, {}, x_api_key="sk-other")
            assert status == 400
            assert b"ambiguous_credential" in said
            assert (len(at.rules.asked), len(at.model.heard)) == (1, 1)

    played(scenario)


def test_an_organisation_is_believed_from_a_trusted_front_alone() -> None:
    headers = [(b"authorization", MINE), (b"openai-organization", b"zero-inc"), (b"x-org", b"zero-inc")]
    zero = frozenset({"zero-inc"})
    stranger, _ = Identities(NAMES, zero=zero).of(headers, b"", Dialect.CHAT)
    assert (stranger.org, stranger.org_name, stranger.zero) == (None, None, False)
    fronted, _ = Identities(NAMES, zero=zero, org_header="X-Org").of(headers, b"", Dialect.CHAT)
    assert (fronted.org, fronted.zero) == (NAMES.name("org", "zero-inc"), True)


def test_a_front_that_names_the_account_may_pass_its_own_keys_on_but_not_name_two_accounts() -> None:
    named = Identities(NAMES, account_header="X-Account")
    both = [(b"authorization", MINE), (b"x-api-key", THEIRS), (b"x-account", b"acme")]
    who, spare = named.of(both, b"", Dialect.CHAT)
    assert (who.account, spare) == (NAMES.name("account", "acme"), frozenset())
    with pytest.raises(Ambiguous):
        named.of([*both, (b"x-account", b"other")], b"", Dialect.CHAT)


def test_what_strangers_make_up_does_not_fill_the_memory() -> None:
    who = Identities(NAMES)
    for number in range(20):
        who.of([(b"authorization", b"%d" % number * 1000)], b"", Dialect.CHAT)
    assert len(who._known) == 0
    who.of([(b"authorization", MINE)], b"", Dialect.CHAT)
    assert len(who._known) == 1


def test_callers_are_remembered_within_bounds_and_named_the_same_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.gateway.who._KEPT", 3)
    monkeypatch.setattr("stillwatch.gateway.adapters.hosts._KEPT", 3)
    direct, behind = Identities(NAMES), Hosts(NAMES)
    for number in [*range(10), 0]:
        who, _ = direct.of([(b"authorization", b"Bearer sk-%d" % number)], b"", Dialect.CHAT)
        assert who.account == account(f"sk-{number}")
        assert behind.of(Named(credential=stand_in(f"sk-{number}"))).account == who.account
        assert len(direct._known) <= 3
        assert len(behind._known) <= 3


def test_a_key_that_looks_like_a_digest_is_never_kept_as_it_is() -> None:
    key = "0123456789abcdef" * 4
    kept: list[Any] = []

    class Kept(Capture):
        def start(self) -> None:
            """No writer."""

        def keep(self, seen: Any) -> None:
            kept.append(seen)

    async def scenario() -> None:
        async with scene(says(b"{}"), capture=Kept(Path("unused"))) as at:
            await at.post("/v1/messages", {}, authorization=f"Bearer {key}")
        assert key not in json.dumps([str(one) for one in kept])
        assert kept[0].credential == stand_in(key) != key

    played(scenario)
