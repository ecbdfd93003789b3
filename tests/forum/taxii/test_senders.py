"""A hub knows who pushes: nobody speaks in another house's name, and nobody's object is replaced by another server's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.forum.harvest import NOW, indicator, objects, policy
from tests.forum.taxii.hub import asking, settings

from stillwatch.core import SettingsError
from stillwatch.forum import by_the_rules, seen_too, sender_of
from stillwatch.forum.taxii import Inbox, Member, accept_all, read_hub
from stillwatch.forum.taxii.envelope import Incoming, read_object
from stillwatch.forum.taxii.hub import Collection
from stillwatch.forum.taxii.inbox import Checkpoint
from stillwatch.forum.writing.objects import common_objects, member_id

CODES = {"lab-a": "0a1b2c3d", "lab-b": "4e5f6a7b"}
ANY = Collection(id="x", api_root="", title="")


def sighting(code: str) -> dict[str, Any]:
    day = NOW.date()
    return seen_too(indicator(), sender_of(policy(member=code)), accounts=41, first=day, last=day, today=day)


def test_one_member_cannot_be_three_houses(tmp_path: Path) -> None:
    with asking(settings(tmp_path), accept=by_the_rules(lambda: NOW, codes=CODES)) as ask:
        status = ask.push(*(sighting(code) for code in ("11111111", "22222222", "33333333")), as_="lab-b")
        assert (status["success_count"], status["failure_count"]) == (0, 3)
        assert status["failures"][0]["message"].startswith("sender: .created_by_ref: is another house")
        assert ask.push(sighting(CODES["lab-b"]), as_="lab-b")["success_count"] == 1
        assert ask.push(*objects())["failure_count"] == 0, "all that a case gives rise to is the member's own"


def test_a_member_may_tell_no_name_but_its_own_and_none_without_a_code() -> None:
    other = common_objects(sender_of(policy(member="11111111")))[-1]
    asked = by_the_rules(lambda: NOW, codes=CODES)
    assert [one.code for one in asked(other, member="lab-a", collection="x")] == ["sender"]
    (told,) = asked(sighting("0a1b2c3d"), member="lab-c", collection="x")
    assert "hub.toml gives this member no code" in told.message


def test_a_code_is_eight_hex_digits_and_one_members_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    members = [Member(name=name, token_sha256="a" * 64, code="0a1b2c3d") for name in ("lab-a", "lab-b")]
    members.append(Member(name="lab-c", token_sha256="b" * 64, code="ACME"))
    lines = ['title = "x"', 'url = "x"', 'origin = "x"']
    for one in members:
        lines += ["[[member]]", *(f'{key} = "{getattr(one, key)}"' for key in ("name", "token_sha256", "code"))]
    path.write_text("\n".join(lines))
    with pytest.raises(SettingsError) as refused:
        read_hub(path)
    assert {one.path for one in refused.value.faults} == {"member[].code", "member[2].code"}


def told(stix: Mapping[str, Any]) -> Incoming:
    return read_object(dict(stix), ANY, most_bytes=100_000, member="x", accept=accept_all)


def test_another_server_does_not_replace_what_a_house_told(tmp_path: Path) -> None:
    box = Inbox(tmp_path / "inbox.sqlite")
    one = indicator()
    later = {**one, "modified": "2026-11-23T00:00:00.000Z", "revoked": True}
    box.merge("hub-1", [told(one)], Checkpoint())
    box.merge("hub-0", [told({**later, "created_by_ref": member_id("11111111")})], Checkpoint())
    (held,) = box.objects()
    assert (held.stix, held.sources, held.disputed) == (one, ("hub-1",), False)
    box.merge("hub-0", [told({**later, "modified": "2026-11-24T00:00:00.000Z"})], Checkpoint())
    (held,) = box.objects()
    assert held.stix["revoked"], "the house itself may withdraw it anywhere"
    box.close()
