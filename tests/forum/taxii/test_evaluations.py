"""What custodians evaluate stands in the forum's log: each line once, whoever calls too often, with gaps and changed keys to be seen."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from tests.forum.tags.world import world
from tests.forum.taxii.hub import SIGNER, TOKENS, Asking, asking, settings
from tests.forum.taxii.running import running

from stillwatch.forum.log import Ledger, NoteKey, audit, months
from stillwatch.forum.tags import Kind, TagError
from stillwatch.forum.tags.remote import tell_log
from stillwatch.forum.taxii import Hub, Member
from stillwatch.forum.taxii.database import connector

DIGEST = "ab" * 32


def with_custodian(folder: Path) -> Hub:
    """Lab c of the tests' hub is a custodian."""
    members = [Member(name=n, token_sha256=TOKENS[n][1], custodian=n == "lab-c") for n in ("lab-a", "lab-b", "lab-c")]
    return settings(folder, member=members)


def line(seq: int, **changed: Any) -> dict[str, Any]:
    plain = {"seq": seq, "at": "2026-11-22T12:00Z", "member": "lab-a", "kind": "email", "epoch": "2026-11-22", "n": 64}
    return plain | {"outcome": "counted"} | changed


def tell(ask: Asking, *lines: dict[str, Any], as_: str = "lab-c", keys: Any = ()) -> tuple[int, Any]:
    answer = ask("POST", "/log/evaluations", as_=as_, body={"keys": list(keys), "lines": list(lines)})
    return answer.status, answer.json


def facts(folder: Path) -> list[dict[str, Any]]:
    connection = connector(str(folder / "hub.sqlite"))()
    found = [one.facts for one in Ledger(connection).events()]
    connection.close()
    return [one for one in found if one is not None]


def test_each_line_is_logged_once_and_a_gap_is_seen(tmp_path: Path) -> None:
    with asking(with_custodian(tmp_path)) as ask:
        assert tell(ask, line(1), line(2)) == (200, {"last": 2, "changed": []})
        assert tell(ask, line(1), line(2), line(3)) == (200, {"last": 3, "changed": []})
        assert tell(ask, line(6, outcome="over_quota", member="lab-b")) == (200, {"last": 6, "changed": []})
    told = facts(tmp_path)
    assert [one["kind"] for one in told] == ["evaluation"] * 3 + ["gap", "evaluation"]
    assert (told[3]["first"], told[3]["last"]) == (4, 5)
    assert (told[4]["member"], told[4]["custodian"], told[4]["outcome"]) == ("lab-b", "lab-c", "over_quota")
    assert told[0]["n"] == 64


def test_an_epochs_keys_are_told_once_and_a_change_is_refused_and_kept(tmp_path: Path) -> None:
    with asking(with_custodian(tmp_path)) as ask:
        for _ in range(2):
            assert tell(ask, keys=[{"epoch": "2026-11-22", "digest": DIGEST}]) == (200, {"last": 0, "changed": []})
        other = [{"epoch": "2026-11-22", "digest": "cd" * 32}]
        assert tell(ask, keys=other)[1]["changed"] == ["2026-11-22"]
        known = ask("GET", "/log/keys", as_="lab-b").json
        assert known == {"keys": [{"custodian": "lab-c", "epoch": "2026-11-22", "digest": DIGEST}]}
    assert [one["kind"] for one in facts(tmp_path)] == ["keys", "keys_changed"]


@pytest.mark.parametrize(
    "bad",
    [
        {"n": -1},
        {"kind": "salary"},
        {"member": "Mary Smith"},
        {"outcome": "jane@example.org"},
        {"at": "2026-11-22T12:00:01Z"},
        {"point": "00" * 32},
        {"seq": 0},
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_a_line_holds_nothing_but_what_a_line_holds(tmp_path: Path, bad: dict[str, Any]) -> None:
    with asking(with_custodian(tmp_path)) as ask:
        assert tell(ask, line(1) | bad)[0] == 422
        assert tell(ask, line(2), line(1))[0] == 422
        assert ask("POST", "/log/evaluations", as_="lab-c", body=b"[" * 5000).status == 422
        assert tell(ask, line(1), as_="lab-a")[0] == 403, "members do not speak for custodians"
    assert facts(tmp_path) == []


def test_a_custodian_at_work_tells_a_real_hub_and_the_audit_holds(tmp_path: Path) -> None:
    at = world(tmp_path / "tags")
    hub = with_custodian(tmp_path)
    token = TOKENS["lab-c"][0]
    with running(hub) as port:
        url = f"http://127.0.0.1:{port}"
        assert asyncio.run(tell_log(url, token, at.custodians["north"])) == (0, [])
        at.tags(Kind.EMAIL, ["mary@example.org", "joe@example.org"])
        assert asyncio.run(tell_log(url, token, at.custodians["north"])) == (1, [])
        assert asyncio.run(tell_log(url, token, at.custodians["north"])) == (0, [])
        at.now[0] += dt.timedelta(days=30)
        at.custodians["north"].ledger.forget(at.now[0].date())
        at.tags(Kind.EMAIL, ["eve@example.org"])
        assert asyncio.run(tell_log(url, token, at.custodians["north"])) == (1, []), (
            "numbers go on after lines were dropped"
        )
        with pytest.raises(TagError, match="401"):
            asyncio.run(tell_log(url, "wrong", at.custodians["north"]))
    told = facts(tmp_path)
    assert [one["kind"] for one in told] == ["keys", "evaluation", "evaluation"]
    assert (told[1]["member"], told[1]["of"], told[1]["n"]) == ("lab-one", "email", 64)
    assert "example.org" not in str(told)
    connection = connector(str(tmp_path / "hub.sqlite"))()
    events = list(Ledger(connection).events())
    connection.close()
    assert audit(events, [], [NoteKey(name="hub.example/log", key=SIGNER.public)], origin="hub.example/log").size == 3
    (month,) = months(events)
    assert month.members["lab-one", "evaluation"] == 2, "counsel's month counts by member what it had evaluated"
