"""The life of a member as docs/membership.md has it: coming in, new tokens, leaving, being put out, and what the hub knows meanwhile."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.forum.harvest import policy
from tests.forum.tags.test_carried import KEY, committee, read
from tests.forum.tags.test_carried import tags as random_tags
from tests.forum.tags.world import TODAY, world
from tests.forum.taxii.hub import SHARED, TOKENS, asking, indicator, settings

from stillwatch.core import SettingsError
from stillwatch.forum import by_the_rules, sender_of
from stillwatch.forum.tags import Kind, Role, board_of, drop_member, list_objects
from stillwatch.forum.tags.refusals import RequestRefused
from stillwatch.forum.taxii import Group, Hub, Member, read_hub
from stillwatch.forum.taxii.doorkeeper import new_token

RUNBOOK = Path(__file__).parents[2] / "docs" / "membership.md"


def with_group(hub: Hub, *names: str) -> Hub:
    return msgspec.structs.replace(hub, group=[Group(name="finders", members=list(names))])


def test_who_joins_reads_from_the_beginning_and_was_nobody_before(tmp_path: Path) -> None:
    hub = settings(tmp_path)
    with asking(hub) as ask:
        ask.push(*(indicator(number) for number in range(3)))
        assert ask.objects(as_="stranger").status == 401
    joined = Member(name="stranger", token_sha256=TOKENS["stranger"][1])
    hub = with_group(msgspec.structs.replace(hub, member=[*hub.member, joined]), "lab-a", "lab-b", "stranger")
    with asking(hub) as ask:
        assert len(ask.objects(as_="stranger").ids) == 3


def test_a_new_token_closes_the_old_one_and_what_was_shared_stays_its_owners(tmp_path: Path) -> None:
    hub = settings(tmp_path)
    with asking(hub) as ask:
        ask.push(indicator(1))
    token, digest = new_token()
    members = [msgspec.structs.replace(one, token_sha256=digest) if one.name == "lab-a" else one for one in hub.member]
    with asking(msgspec.structs.replace(hub, member=members)) as ask:
        assert ask.objects(as_="lab-a").status == 401
        path = f"/forum/collections/{SHARED}/objects/{indicator(1)['id']}/"
        assert ask("DELETE", path, as_=None, authorization=f"Bearer {token}").status == 200, (
            "objects belong to the name, not to the token"
        )


def test_who_left_is_in_no_collection_and_nobody_else_can_speak_as_that_house(tmp_path: Path) -> None:
    codes = {"lab-a": "0a1b2c3d", "lab-b": "4e5f6a7b"}
    hub = settings(tmp_path)
    later = indicator(1, "2026-11-02T00:00:00.000Z", revoked=True)
    with asking(hub) as ask:
        ask.push(indicator(1), indicator(2))
        assert len(ask.objects(as_="lab-b").ids) == 2
        ask.push(later)
    with asking(with_group(hub, "lab-b"), accept=by_the_rules(codes=codes)) as ask:
        assert ask.objects(as_="lab-a").status == 404, "as if it were not there"
        assert ask("GET", "/log/mine", query={"start": "0"}).json["events"], "its own events it may still read"
        assert ask.objects(as_="lab-b", added_after="2000-01-01T00:00:00Z").json["objects"][-1]["revoked"]
        told = ask.push(indicator(2, "2026-11-03T00:00:00.000Z"), as_="lab-b")
        assert told["failure_count"] == 1, "what it shared is nobody else's to change"


def test_a_code_is_never_given_to_a_second_house(tmp_path: Path) -> None:
    lines = ['title = "x"', 'url = "x"', 'origin = "x"']
    for name in ("gone", "new"):
        lines += ["[[member]]", f'name = "{name}"', 'code = "0a1b2c3d"', f'token_sha256 = "{"a" * 64}"']
    (tmp_path / "hub.toml").write_text("\n".join(lines))
    with pytest.raises(SettingsError):
        read_hub(tmp_path / "hub.toml")


def test_who_was_put_out_makes_no_tags_and_its_list_is_on_no_later_board(tmp_path: Path) -> None:
    at = world(tmp_path)
    assert len(at.tags(Kind.EMAIL, ["mary@example.org"], member="lab-two")) == 1
    for name in at.custodians:
        drop_member(tmp_path / name / "members.json", "lab-two")
    with pytest.raises(RequestRefused):
        at.custodians["north"].member(at.tokens["north", "lab-two"])
    senders = {code: sender_of(policy(member=code)) for code in ("11111111", "22222222")}
    lists = [one for number, sender in enumerate(senders.values())
             for one in list_objects(random_tags(70, number), Role.LIST, committee(), sender, KEY, {}, today=TODAY)]  # fmt: skip
    both = read(lists, keys=dict.fromkeys(senders, KEY.public))
    assert [one.board is not None for one in both] == [True, True]
    left = [one for one in read(lists, keys={"11111111": KEY.public}) if one.board is not None]
    (kept,) = left
    assert kept.board is not None
    assert np.array_equal(kept.board.rows(), next(one.board for one in both if one.code == "11111111").rows())  # type: ignore[union-attr]
    board = board_of(
        kept.kind, kept.epoch, [row.tobytes() for row in kept.board.rows()], ["11111111"] * len(kept.board)
    )
    assert not len(board.places(random_tags(70, 1))), "the other's tags are gone with its key"


def test_what_the_hub_knows_is_what_the_runbook_says(tmp_path: Path) -> None:
    with asking(settings(tmp_path)):
        held = sqlite3.connect(tmp_path / "hub.sqlite")
        tables = [name for (name,) in held.execute("select name from sqlite_master where type = 'table'")]
        known = {name: [row[1] for row in held.execute(f"pragma table_info({name})")] for name in tables}
        held.close()
    told = {
        found[1]: found[2].split(", ")
        for found in re.finditer(r"^\| `(\w+)` \| ([\w, ]+) \|", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    }
    assert known == told
