"""Who is let in, by which proof, and what a guess costs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from tests.forum.taxii.hub import TOKENS, Asking, asking, settings

from stillwatch.core import SettingsError
from stillwatch.forum.taxii import Hub, Member, doorkeeper, read_hub
from stillwatch.forum.taxii.doorkeeper import Doorkeeper
from stillwatch.forum.taxii.wire import Refusal

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def hub(folder: Path, **changed: object) -> Hub:
    members = [
        Member(name="lab-a", token_sha256=TOKENS["lab-a"][1], certificate="CN=lab-a,O=Lab A\\, Inc."),
        Member(name="lab-b", password=CHEAP.hash("swan: ü")),
        Member(name="lab-c", certificate="CN=lab-c"),
    ]
    return settings(folder, member=members, **changed)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asking]:
    with asking(hub(tmp_path)) as one:
        yield one


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "proof",
    [None, "", "Bearer", pytest.param("Bearer " + TOKENS["stranger"][0], id="a stranger's token"), "Bearer " + "x" * 9_000, "Basic",
     "Basic !!", "Basic " + "QQ==", "Digest x", basic("lab-a", "x"), basic("nobody", "x"), basic("lab-b", ""), "Bearer \xe9"],
)  # fmt: skip
def test_who_cannot_be_told_is_asked_to_say_who_it_is(ask: Asking, proof: str | None) -> None:
    for path in ("/taxii2/", "/nothing/", "/log/checkpoint"):
        answer = ask("GET", path, as_=None, authorization=proof)
        assert answer.status == 401
        assert "Basic" in answer.headers["www-authenticate"]
        assert answer.json["http_status"] == "401"


def test_a_token_a_password_and_a_certificate_each_open_the_door(ask: Asking) -> None:
    assert ask("GET", "/taxii2/").status == 200
    for _ in range(2):
        assert ask("GET", "/taxii2/", as_=None, authorization=basic("lab-b", "swan: ü")).status == 200
    assert ask("GET", "/taxii2/", as_=None, subject="O=Lab A\\, Inc.,CN=lab-a").status == 200
    assert ask("GET", "/taxii2/", as_=None, subject="CN=lab-x").status == 401


def test_a_proxys_word_counts_only_where_it_is_said_to(ask: Asking, tmp_path: Path) -> None:
    assert ask("GET", "/taxii2/", as_=None, x_subject="CN=lab-c").status == 401
    (tmp_path / "other").mkdir()
    trusting = hub(tmp_path / "other", unsafe_subject_header="X-Subject", unsafe_trusted_proxies=["10.0.0.1"])
    with asking(trusting) as other:
        assert other("GET", "/taxii2/", as_=None, peer="10.0.0.1", x_subject="CN=lab-c").status == 200
        assert other("GET", "/taxii2/", as_=None, peer="10.0.0.2", x_subject="CN=lab-c").status == 401
        assert other("GET", "/taxii2/", as_=None, peer="10.0.0.1", x_subject="not a name").status == 401


def test_a_right_password_opens_for_no_other_after_it(ask: Asking) -> None:
    tried = [basic("lab-b", "swan: ü"), basic("lab-b", "swan: ö"), basic("lab-b", "swan: ü ")]
    assert [ask("GET", "/taxii2/", as_=None, authorization=one).status for one in tried] == [200, 401, 401]


def test_a_name_that_nobody_has_is_checked_as_slowly_as_another(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def verify(self: PasswordHasher, hashed: str, password: str) -> bool:
        checked.append(password)
        raise VerificationError

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for name in ("lab-b", "lab-a", "nobody"):
        assert ask("GET", "/taxii2/", as_=None, authorization=basic(name, name)).status == 401
    assert ask("GET", "/taxii2/", as_=None, authorization=basic("lab-b", "x" * 5_000)).status == 401
    assert checked == ["lab-b", "lab-a", "nobody"], "and what is longer than any password is not looked at"


def test_guessers_are_remembered_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "_MOST_REMEMBERED", 3)
    door = Doorkeeper(hub(tmp_path))
    for number in range(8):
        with pytest.raises(Refusal):
            door.slow({"authorization": basic("lab-b", "x")}, peer=f"10.0.0.{number}")
    assert len(door._wrong) <= 4


def test_guessing_ends_after_ten_wrong_passwords_and_only_for_the_guesser(ask: Asking) -> None:
    guesses = [
        ask("GET", "/taxii2/", as_=None, authorization=basic("lab-b", str(n)), peer="10.0.0.9").status
        for n in range(11)
    ]
    assert guesses == [401] * 10 + [429]
    assert ask("GET", "/taxii2/", as_=None, authorization=basic("lab-b", "swan: ü"), peer="10.0.0.9").status == 429
    assert ask("GET", "/taxii2/", as_=None, authorization=basic("lab-b", "swan: ü"), peer="10.0.0.8").status == 200


GOOD = """
title = "Forum"
url = "https://hub.example"
origin = "hub.example/log"
[[member]]
name = "lab-a"
token_sha256 = "{digest}"
[[group]]
name = "finders"
members = ["lab-a"]
[[api_root]]
name = "forum"
title = "x"
[[collection]]
id = "11111111-1111-4111-8111-111111111111"
api_root = "forum"
title = "x"
read = ["@finders"]
""".format(digest="0" * 64)


def test_settings_are_read_and_paths_lie_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(GOOD, "utf-8")
    read = read_hub(path)
    assert read.database == str(tmp_path / "hub.sqlite")
    assert read.named(["@finders"]) == {"lab-a"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("title =", "titel ="), "titel"),
        (('"lab-a"\ntoken', '"Lab A"\ntoken'), "member[0].name"),
        (('token_sha256 = "' + "0" * 64 + '"', 'password = "plain"'), "argon2id"),
        (('token_sha256 = "' + "0" * 64 + '"', ""), "no way in"),
        (('members = ["lab-a"]', 'members = ["lab-z"]'), '"lab-z" is no member'),
        (("@finders", "@losers"), "@losers"),
        (('api_root = "forum"', 'api_root = "x"'), "no api_root"),
        (('name = "forum"', 'name = "log"'), "path of the hub"),
        (("11111111-1111-4111-8111-111111111111", "one"), "UUID"),
        (("title =", "max_page = 0\ntitle ="), "max_page"),
        (("title =", 'unsafe_subject_header = "x"\ntitle ='), "unsafe_trusted_proxies"),
        (("title", "title title"), "not TOML"),
    ],
)
def test_settings_that_cannot_be_used_say_where_and_why(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(GOOD.replace(*change, 1), "utf-8")
    with pytest.raises(SettingsError, match=told.replace("[", r"\[")):
        read_hub(path)
