"""Hostile requests get an answer, never a failure, and nothing that was acknowledged is lost; bench/forum_fuzz.py sends many more."""

from __future__ import annotations

import random
from pathlib import Path

from tests.forum.taxii.fuzz import requests
from tests.forum.taxii.hub import asking, settings

from stillwatch.forum import by_the_rules
from stillwatch.forum.taxii import Member
from stillwatch.forum.taxii.database import connector


def test_no_request_makes_the_hub_fail_or_forget(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    many = [
        Member(name=one.name, token_sha256=one.token_sha256, objects_per_day=10**9, reads_per_day=10**9)
        for one in plain.member
    ]
    acknowledged: set[str] = set()
    with asking(settings(tmp_path, member=many)) as ask:
        for answer, ids in requests(random.Random(9), ask, 1000):
            assert answer.status < 500, answer.body
            acknowledged.update(ids)
    held = connector(str(tmp_path / "hub.sqlite"))()
    there = {name for (name,) in held.rows("SELECT id FROM objects")}
    held.close()
    assert len(acknowledged) > 20
    assert acknowledged <= there


def test_no_request_makes_the_rules_fail(tmp_path: Path) -> None:
    refused = 0
    with asking(settings(tmp_path), accept=by_the_rules()) as ask:
        for answer, _ in requests(random.Random(10), ask, 200):
            assert answer.status < 500, answer.body
            assert b"no rule can read it" not in answer.body
            refused += answer.body.count(b"R1: ")
    assert refused > 20
