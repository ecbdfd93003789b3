"""Attacks that try to win. Each is run for real, beside a control that shows it would win against a weaker design.

What is left to an attacker after these is written in docs/tags.md.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
from contextlib import suppress
from pathlib import Path

import pytest

from stillwatch.forum.tags import (
    Kind,
    NotProven,
    RequestRefused,
    Support,
    TagError,
    add_member,
    board_of,
    canonical,
    committee,
    oprf,
    pin,
)
from stillwatch.forum.tags.group import ORDER, plus, scalar, times, times_base
from stillwatch.forum.tags.kinds import TAG_BYTES, input_of, key_info
from stillwatch.forum.tags.quotas import QUOTAS, AlarmKind, Quota
from stillwatch.forum.tags.tagging import begin, finish
from stillwatch.forum.tags.wire import Answer, Asked, decode_answer, encode

from .world import EPOCH, TODAY, World, world

NUMBERS = [f"+44207946{number:04d}" for number in range(0, 10_000, 53)]
"""The attacker's dictionary; the victim's numbers are in it."""
VICTIMS = NUMBERS[::40]


def seed_of(at: World, custodian: str) -> bytes:
    return bytes.fromhex(json.loads((at.folder / custodian / "keys" / f"{EPOCH}.key").read_bytes())["seed"])


def secret_of(at: World, custodian: str) -> int:
    return oprf.derive_key(seed_of(at, custodian), key_info(custodian, EPOCH, Kind.PHONE))


def tag_with(key: int, value: str) -> bytes:
    """What the function gives of a value under a key that the attacker has."""
    data = input_of(Kind.PHONE, canonical(Kind.PHONE, value))
    bare = oprf.Blinded(inputs=(data,), blinds=(1,), elements=())
    return oprf.finalise(bare, [times(scalar(key), oprf.hash_to_group(data))])[0][:TAG_BYTES]


def test_one_custodian_with_a_dictionary_and_the_whole_board_names_nobody(tmp_path: Path) -> None:
    at = world(tmp_path)
    tags = {tag.value for tag in at.tags(Kind.PHONE, VICTIMS)}
    north, south = secret_of(at, "north"), secret_of(at, "south")
    assert not {tag_with(north, value) for value in NUMBERS} & tags
    assert not {tag_with(north * north, value) for value in NUMBERS} & tags
    broken = {value for value in NUMBERS if tag_with(north + south, value) in tags}
    assert broken == set(VICTIMS), "both custodians together break every tag: the attack is a real one"


def test_a_custodian_cannot_tell_values_in_what_it_is_sent(tmp_path: Path) -> None:
    at = world(tmp_path)
    first, again = (begin(at.committee, Kind.PHONE, VICTIMS) for _ in range(2))
    seen = {*oprf.points_of(first.asked.elements), *oprf.points_of(again.asked.elements)}
    assert len(seen) == 128, "the same values in two batches share no point, nor does any filling"
    north = secret_of(at, "north")
    guesses = [oprf.hash_to_group(input_of(Kind.PHONE, value)) for value in NUMBERS]
    assert not seen & {point for guess in guesses for point in (guess, times(scalar(north), guess))}


def test_a_member_with_a_dictionary_but_no_custodian_names_nobody(tmp_path: Path) -> None:
    at = world(tmp_path)
    tags = {tag.value for tag in at.tags(Kind.PHONE, VICTIMS)}
    publics = [statement.public(Kind.PHONE) for statement in at.committee.statements]
    salts = [b"", *publics, plus(*publics), at.committee.joint(Kind.PHONE)]

    def guessed(value: str) -> set[bytes]:
        data = input_of(Kind.PHONE, value)
        return {hashlib.sha512(salt + data).digest()[:TAG_BYTES] for salt in salts} | {tag_with(1, value)}

    assert not set().union(*map(guessed, NUMBERS)) & tags
    salted = {hashlib.sha512(publics[0] + input_of(Kind.PHONE, value)).digest()[:TAG_BYTES] for value in VICTIMS}
    assert {value for value in NUMBERS if guessed(value) & salted} == set(VICTIMS), (
        "a salted hash falls to the same dictionary"
    )


def test_a_member_that_enumerates_online_is_stopped_and_seen(tmp_path: Path) -> None:
    at = world(tmp_path)
    for name in at.custodians:
        add_member(tmp_path / name / "members.json", "prober", {Kind.PHONE: Quota(day=64, epoch=192)})
    with pytest.raises(TagError, match="as when somebody counts"):
        at.tags(Kind.PHONE, [f"+44207946{n:04d}" for n in range(500)], "prober")
    learned = 0
    for day in range(10):
        at.now[0] = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC) + dt.timedelta(days=day)
        with suppress(RequestRefused):
            while True:  # its own client, which holds itself to nothing
                batch = begin(at.committee, Kind.PHONE, [f"+4420{learned + n:08d}" for n in range(64)])
                answers = [decode_answer(c.answer("prober", encode(batch.asked))) for c in at.custodians.values()]
                learned += len(finish(batch, answers))
    refused = {line.outcome for custodian in at.custodians.values() for line in custodian.ledger.lines()}
    assert refused == {"counted", "over_quota"}
    assert learned == 192
    for custodian in at.custodians.values():
        raised = {alarm.alarm for alarm in custodian.ledger.alarms() if alarm.member == "prober"}
        assert raised == {AlarmKind.NEAR_QUOTA, AlarmKind.STEADY}


def test_the_usual_quota_lets_nobody_count_through_a_country(tmp_path: Path) -> None:
    assert all(quota.epoch * 4 / 10**9 < 0.002 for kind, quota in QUOTAS.items() if kind is Kind.PHONE)
    at = world(tmp_path)
    ledger = at.custodians["north"].ledger
    for day in range(3):
        at.now[0] = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC) + dt.timedelta(days=day)
        ledger.charge("lab-one", Kind.PHONE, EPOCH, 4_096, bytes([day]) * 32, QUOTAS[Kind.PHONE])
    assert AlarmKind.COUNTS_A_BLOCK in {alarm.alarm for alarm in ledger.alarms()}


@pytest.mark.parametrize("marked", [64, 1], ids=["every point", "one point of 64"])
def test_a_custodian_that_uses_another_key_for_one_member_is_caught(tmp_path: Path, marked: int) -> None:
    at = world(tmp_path)
    batch = begin(at.committee, Kind.PHONE, VICTIMS)
    north, south = (decode_answer(c.answer("lab-one", encode(batch.asked))) for c in at.custodians.values())
    tracking = oprf.derive_key(b"t" * 32, b"tracks lab-one")
    points = oprf.points_of(batch.asked.elements)
    honest = list(oprf.points_of(south.elements))
    answer = [*oprf.evaluate(tracking, points[:marked]), *honest[marked:]]
    for proof in (
        south.proof,
        oprf.prove(tracking, points, answer),
        oprf.prove(secret_of(at, "south"), points, answer),
    ):
        with pytest.raises(NotProven, match="'south'"):
            finish(batch, [north, Answer(elements=b"".join(answer), proof=proof)])
    assert finish(batch, [north, south])


def test_a_custodian_that_commits_to_another_key_for_one_member_is_caught_by_the_digest(tmp_path: Path) -> None:
    at, shown_to_one = world(tmp_path / "all"), world(tmp_path / "one")
    pins = tmp_path / "pins.json"
    pin(pins, [at.folder / name / "keys" / f"{EPOCH}.json" for name in at.custodians], TODAY)
    with pytest.raises(TagError, match="may be tracking"):
        pin(pins, [shown_to_one.folder / "south" / "keys" / f"{EPOCH}.json"], TODAY)
    digests = {s.digest for w in (at, shown_to_one) for s in w.custodians["south"].statements()}
    assert len(digests) == 2, "whoever compares digests sees that two members were told two things"


def test_a_second_custodian_that_cancels_the_first_cannot_show_that_it_holds_its_key(tmp_path: Path) -> None:
    at = world(tmp_path)
    north, south = (custodian.statements()[0] for custodian in at.custodians.values())
    cancelling = plus(
        times_base(scalar(12_345)), times(scalar(ORDER - 1), north.public(Kind.PHONE))
    )  # with it, the sum of both keys is 12,345
    keys = [
        type(key)(kind=key.kind, public=cancelling.hex(), evaluated=key.evaluated, proof=key.proof)
        if key.kind is Kind.PHONE
        else key
        for key in south.keys
    ]
    fields = {name: getattr(south, name) for name in south.__struct_fields__}
    with pytest.raises(NotProven, match="does not show that it holds"):
        committee((north, type(south)(**{**fields, "keys": tuple(keys)})), EPOCH, today=TODAY)


def test_how_many_suspects_a_member_has_shows_only_as_a_power_of_two(tmp_path: Path) -> None:
    at = world(tmp_path)

    def sent(n: int) -> int:
        return len(encode(begin(at.committee, Kind.PHONE, NUMBERS[:n]).asked))

    assert len({sent(n) for n in (1, 2, 17, 63, 64)}) == 1
    assert len({sent(n) for n in (65, 100, 128)}) == 1
    assert sent(64) < sent(65)


def test_one_lab_cannot_make_a_rivals_customer_look_corroborated() -> None:
    victim, others = b"v" * 16, [bytes([n]) * 16 for n in range(5)]
    entries = [
        *[(victim, "lab-one")] * 50,
        *((tag, "lab-one") for tag in others),
        *((tag, "lab-two") for tag in others),
    ]
    board = board_of(Kind.EMAIL, EPOCH, [tag for tag, _ in entries], [lab for _, lab in entries])
    support = {match.tag.value: match.support for match in board.matches(board)}
    assert support.pop(victim) is Support.SEED
    assert set(support.values()) == {Support.CORROBORATED}


def test_adding_ones_own_voice_tells_nothing_that_the_board_did_not_tell() -> None:
    def seen(others: int, mine: bool) -> int:
        labs = [*(f"lab-{n}" for n in range(others)), *(["me"] if mine else [])]
        made = board_of(Kind.EMAIL, EPOCH, [b"t" * 16] * len(labs), labs)
        return int(made.support[0]) if len(made) else 0

    without = {others: seen(others, mine=False) for others in range(7)}
    both = {others: (seen(others, mine=False), seen(others, mine=True)) for others in range(7)}
    assert all((without[a] == without[b]) == (both[a] == both[b]) for a in without for b in without)


def test_tags_do_not_follow_anybody_from_kind_to_kind(tmp_path: Path) -> None:
    at = world(tmp_path)
    mail = at.tags(Kind.EMAIL, ["jane@example.org"])
    phone = at.tags(Kind.PHONE, ["+442079460018"])
    data = input_of(Kind.PHONE, "+442079460018")
    crossed = asyncio.run(_under_the_key_of(at, Kind.EMAIL, data))
    assert mail[0].value != phone[0].value != crossed, (
        "a phone evaluated under the quota of e-mail gives no phone's tag"
    )


async def _under_the_key_of(at: World, kind: Kind, data: bytes) -> bytes:
    blinded = oprf.blind([data])
    points = []
    for custodian in at.custodians.values():
        asked = encode(Asked(epoch=EPOCH, kind=kind, elements=blinded.elements[0]))
        points.append(decode_answer(custodian.answer("lab-one", asked)).elements)
    return oprf.finalise(blinded, [plus(*points)])[0][:TAG_BYTES]
