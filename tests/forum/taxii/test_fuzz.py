"""Hostile requests get an answer, never a failure, and nothing that was acknowledged is lost; bench/forum_fuzz.py sends many more."""

from __future__ import annotations

import random
from pathlib import Path

from tests.forum.taxii.fuzz import Kept, fresh, lost, requests
from tests.forum.taxii.hub import asking, settings

from stillwatch.forum import by_the_rules
from stillwatch.forum.taxii import Member


def test_no_request_makes_the_hub_fail_or_forget(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    many = [
        Member(name=one.name, token_sha256=one.token_sha256, objects_per_day=10**9, reads_per_day=10**9)
        for one in plain.member
    ]
    acknowledged: set[Kept] = set()
    numbers: list[int] = []
    with asking(settings(tmp_path, member=many)) as ask:
        for one in requests(random.Random(9), ask, 1000):
            assert one.answer.status < 500, one.answer.body
            acknowledged.update(one.acknowledged)
            numbers += [] if one.number is None else [one.number]
        assert lost(ask, acknowledged, numbers) == []
    assert len(numbers) > 70
    assert len(acknowledged) > len(numbers) + 20


def test_what_is_lost_or_changed_is_noticed(tmp_path: Path) -> None:
    with asking(settings(tmp_path)) as ask:
        ask.push(fresh(1), fresh(2) | {"name": "another"})
        sent = [fresh(number) for number in (1, 2, 3)]
        acknowledged = {(one["id"], one["modified"]) for one in sent}
        assert lost(ask, acknowledged, [1, 2]) == [(one["id"], one["modified"]) for one in sent[1:]]


def test_no_request_makes_the_rules_fail(tmp_path: Path) -> None:
    refused = 0
    with asking(settings(tmp_path), accept=by_the_rules()) as ask:
        for one in requests(random.Random(10), ask, 200):
            assert one.answer.status < 500, one.answer.body
            assert b"no rule can read it" not in one.answer.body
            refused += one.answer.body.count(b"R1: ")
    assert refused > 20
